"""SD1xx: which tokens the ids stand for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from ..evidence import Unknown
from ..facts import Fingerprint
from ..finding import Finding, ModelRule, PairRule, Severity, Subject, known
from ..relation import Pair, Relation
from ..tokenizer.vocabulary import Vocabulary
from .shown import MANY, examples, more, percent, token_text

_FLOOR = 0.5  # of the target's tokens; real families that extend each other share all but a few


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
        moved=found.moved,
        same_mass=percent(found.same_mass),
        shared_mass=percent(found.shared_mass),
        examples=examples(found.differ, pair),
    )


TOKENS_DIFFER = PairRule(
    code="SD101",
    name="tokens-differ",
    worst=Severity.ERROR,
    needs=("vocabulary",),
    message=(
        "Of {both} ids that both models name, {same} stand for the same token ({same_mass} of the target's text, by a"
        " Zipf estimate from the ranks of its tokens) and {differ} do not; {shared_tokens} byte strings exist on both"
        " sides ({shared_mass} of its text), {moved} of them at other ids. For example {examples}."
    ),
    why=(
        "The drafter proposes ids. Where an id means another text to the target, the proposal is noise: the target"
        " rejects nearly all of it. Exact verification keeps the output right, so nothing crashes and nobody notices,"
        " but every round pays for drafts that are thrown away. Engines that translate between vocabularies can"
        " accept no more than the part of text that is made of shared byte strings (Timor et al., 2025)."
    ),
    fix=(
        "Choose a drafter of the target's own family, one that was trained with the same tokenizer: no flag makes"
        " these tokens equal."
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
    fix="Nothing beyond SD101; that an engine starts with this pair is no good sign.",
    check=_same_width,
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
                Severity.WARNING,
                subject,
                count=len(numbers),
                ids=list(numbers),
                tokens=shown,
                more=more(numbers, MANY),
                same=found.same,
            )


def _named(numbers: tuple[int, ...], vocabulary: Vocabulary) -> list[dict[str, Any]]:
    return [{"id": number, "token": token_text(vocabulary.token(number))} for number in numbers[:MANY]]


EXTENDS = PairRule(
    code="SD104",
    name="tokens-on-one-side-only",
    worst=Severity.WARNING,
    needs=("vocabulary",),
    message="All {same} ids that both models name agree; named by the {subject} alone: {count} ({tokens}{more}).",
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
    if found.relation in (Relation.OVERLAP, Relation.DISJOINT):
        return
    ours, theirs = known(pair.target.vocabulary).tokens, known(pair.drafter.vocabulary).tokens
    reach = _reach(pair.target)
    both = min(reach, _reach(pair.drafter))
    named, same = len(ours[:reach]) - ours[:reach].count(None), found.same
    if both < min(len(ours), len(theirs)):  # rare, and looking at each token is not cheap
        same = sum(a is not None and a == b for a, b in zip(ours[:both], theirs, strict=False))
    if same < named * _FLOOR:
        yield rule.finds(Severity.ERROR, Subject.PAIR, same=same, named=named)


def _reach(facts: Fingerprint) -> int:
    """How many ids a model can be fed and emit: its rows, or no bound where these are not known."""
    return sys.maxsize if isinstance(facts.rows, Unknown) else min(facts.rows.head, facts.rows.embedding)


LITTLE = PairRule(
    code="SD105",
    name="too-little-in-common",
    worst=Severity.ERROR,
    needs=("vocabulary",),
    message="Of the {named} tokens that the target names and has rows for, the drafter can propose {same}.",
    why=(
        "What the drafter may propose bounds the acceptance from above. Where that is less than half of the target's"
        " vocabulary, nearly every round is wasted: the two tokenizers merely do not contradict each other, the drafter"
        " has no rows for most of them, or most tokens were added to each model by itself, which is no control token's"
        " part."
    ),
    fix="Choose a drafter of the target's own family, one that was trained with the same tokenizer.",
    check=_little,
)


def _shifted(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    found = known(pair.comparison)
    if found.offset is not None:
        yield rule.finds(
            Severity.ERROR,
            Subject.PAIR,
            offset=f"{found.offset:+d}",
            shared_tokens=found.shared_tokens,
            same=found.same,
        )


SHIFTED = PairRule(
    code="SD106",
    name="ids-are-shifted",
    worst=Severity.ERROR,
    needs=("vocabulary",),
    message="Nearly all tokens are the same and stand elsewhere: the drafter's ids are the target's {offset}.",
    why=(
        "A constant shift is a sign of a conversion that put control tokens before or behind the others, or of a later"
        " release of the family that did: the tokenizers agree on text and on no id."
    ),
    fix="Convert the models with one tool, or take both from one release.",
    check=_shifted,
)


def _other_format(rule: ModelRule, facts: Fingerprint, subject: Subject) -> Iterator[Finding]:
    file = known(facts.vocabulary).file
    if file != "tokenizer.json" and not file.endswith(".gguf"):
        yield rule.finds(Severity.NOTE, subject, file=file)


OTHER_FORMAT = ModelRule(
    code="SD109",
    name="tokenizer-in-another-format",
    worst=Severity.NOTE,
    needs=("vocabulary",),
    message="The {subject} publishes no tokenizer.json; its tokens were read from {file}.",
    why=(
        "Engines that need tokenizer.json convert other formats when they load, each in its own way: what was compared"
        " is what the file says, which a conversion may change."
    ),
    fix="Publish the tokenizer.json that the vendor's own conversion gives, and check again.",
    check=_other_format,
)


RULES = (TOKENS_DIFFER, SAME_WIDTH, EXTENDS, LITTLE, SHIFTED, OTHER_FORMAT)
