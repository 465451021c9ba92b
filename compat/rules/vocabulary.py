"""SD1xx: which tokens the ids stand for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..finding import Finding, PairRule, Severity, Subject, known
from ..relation import Pair, Relation
from ..tokenizer.vocabulary import Vocabulary

_SHOWN = 5
_FLOOR = 0.5  # of the target's tokens; real families that extend each other share all but a few


def token_text(token: bytes | None) -> str | None:
    """A token's bytes as text; bytes that are no UTF-8 as hexadecimal escapes."""
    return None if token is None else token.decode("utf-8", "backslashreplace")


def examples(numbers: tuple[int, ...], pair: Pair, most: int = _SHOWN) -> list[dict[str, Any]]:
    """The first ids of a list, with the token that each side has there."""
    ours, theirs = known(pair.target.vocabulary), known(pair.drafter.vocabulary)
    return [
        {"id": number, "target": token_text(ours.token(number)), "drafter": token_text(theirs.token(number))}
        for number in numbers[:most]
    ]


def _tokens_differ(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    found = known(pair.comparison)
    if found.relation not in (Relation.OVERLAP, Relation.DISJOINT):
        return
    yield rule.finds(
        Severity.ERROR,
        Subject.PAIR,
        differ=len(found.differ),
        both=len(found.differ) + found.same,
        same=found.same,
        share=round(found.share, 4),
        shared_tokens=found.shared_tokens,
        examples=examples(found.differ, pair),
    )


TOKENS_DIFFER = PairRule(
    code="SD101",
    name="tokens-differ",
    worst=Severity.ERROR,
    needs=("vocabulary",),
    message=(
        "Of {both} ids that both models name, {same} stand for the same token and {differ} do not"
        " ({shared_tokens} byte strings exist on both sides at some id): {examples}."
    ),
    why=(
        "The drafter proposes ids. Where an id means another text to the target, the proposal is noise: the target"
        " rejects nearly all of it. Exact verification keeps the output right, so nothing crashes and nobody notices,"
        " but every round pays for drafts that are thrown away."
    ),
    fix=(
        "Choose a drafter of the target's own family, one that was trained with the same tokenizer. No flag repairs"
        " this pair for the bundled decoder."
    ),
    check=_tokens_differ,
)


def _same_width(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    found, target, drafter = known(pair.comparison), known(pair.target.rows), known(pair.drafter.rows)
    if found.relation in (Relation.OVERLAP, Relation.DISJOINT) and target.head == drafter.head:
        yield rule.finds(Severity.ERROR, Subject.PAIR, rows=target.head, same=found.same)


SAME_WIDTH = PairRule(
    code="SD102",
    name="equal-width-hides-other-tokens",
    worst=Severity.ERROR,
    needs=("vocabulary", "rows"),
    message="Both models' logits are {rows} wide and their tokens differ ({same} ids agree): no size check sees it.",
    why=(
        "Engines that compare one integer (vLLM, SGLang, transformers, mlx-lm, TensorRT-LLM) take this pair for a good"
        " one and run it with next to no acceptance."
    ),
    fix="Do not take it for a good sign when an engine starts with this pair.",
    check=_same_width,
)


def _specials_differ(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    found = known(pair.comparison)
    if found.relation is Relation.SPECIALS_DIFFER:
        many = len(found.differ)
        shown = examples(found.differ, pair, most=12)
        yield rule.finds(
            Severity.ERROR, Subject.PAIR, differ=many, same=found.same, ids=list(found.differ), examples=shown
        )


SPECIALS_DIFFER = PairRule(
    code="SD103",
    name="control-tokens-differ",
    worst=Severity.ERROR,
    needs=("vocabulary",),
    message="All plain tokens agree ({same} ids agree in all); control tokens differ on {differ}: {examples}.",
    why=(
        "Control tokens carry the chat format, tool calls and the end of a turn. The drafter reads the target's"
        " control tokens as other ones, so its drafts are rejected around them; an engine that compares tokens"
        " refuses the pair outright."
    ),
    fix="Take a drafter that was tuned with the target's own chat format, or re-map the drafter's control tokens.",
    check=_specials_differ,
)


def _extends(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    found = known(pair.comparison)
    if found.relation is not Relation.EXTENDS:
        return
    for subject, numbers in ((Subject.TARGET, found.target_only), (Subject.DRAFTER, found.drafter_only)):
        if numbers:
            vocabulary = known(pair.target.vocabulary if subject is Subject.TARGET else pair.drafter.vocabulary)
            shown = _named(numbers, vocabulary)
            yield rule.finds(
                Severity.WARNING, subject, count=len(numbers), ids=list(numbers), tokens=shown, same=found.same
            )


def _named(numbers: tuple[int, ...], vocabulary: Vocabulary) -> list[dict[str, Any]]:
    return [{"id": number, "token": token_text(vocabulary.token(number))} for number in numbers[:12]]


EXTENDS = PairRule(
    code="SD104",
    name="tokens-on-one-side-only",
    worst=Severity.WARNING,
    needs=("vocabulary",),
    message="All {same} ids that both models name agree; named by the {subject} alone: {count} ({tokens}).",
    why=(
        "What only the target names is never drafted, and reads as untrained or unknown to the drafter; what only the"
        " drafter names can never be accepted. Both cost acceptance where those tokens occur, never correctness: the"
        " bundled decoder keeps the drafter from proposing them and feeds a stand-in for ids that it cannot embed."
    ),
    fix="Nothing, if those tokens are rare in your traffic. Otherwise take a drafter of the target's own release.",
    check=_extends,
)


def _little(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    found = known(pair.comparison)
    named = found.same + len(found.target_only)
    if found.relation is Relation.EXTENDS and found.same < named * _FLOOR:
        yield rule.finds(Severity.ERROR, Subject.PAIR, same=found.same, named=named)


LITTLE = PairRule(
    code="SD105",
    name="too-little-in-common",
    worst=Severity.ERROR,
    needs=("vocabulary",),
    message="Of the {named} tokens that the target names, the drafter can propose {same}.",
    why=(
        "What the drafter may propose bounds the acceptance from above. Where that is less than half of the target's"
        " vocabulary, the two tokenizers merely do not contradict each other, and nearly every round is wasted."
    ),
    fix="Choose a drafter of the target's own family, one that was trained with the same tokenizer.",
    check=_little,
)

RULES = (TOKENS_DIFFER, SAME_WIDTH, SPECIALS_DIFFER, EXTENDS, LITTLE)
