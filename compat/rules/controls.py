"""SD1xx: control tokens, which carry the chat format and the end of a turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..finding import Finding, PairRule, Severity, Subject, known
from ..relation import Pair, Relation
from .shown import FEW, MANY, examples, more, token_text


def _specials_differ(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    found = known(pair.comparison)
    if found.relation is not Relation.SPECIALS_DIFFER:
        return
    kinds = Counter(_kind_of_difference(number, pair) for number in found.differ)
    yield rule.finds(
        Severity.ERROR,
        Subject.PAIR,
        differ=len(found.differ),
        same=found.same,
        kinds=", ".join(f"{count} {kind}" for kind, count in kinds.most_common()),
        ids=list(found.differ),
        examples=examples(tuple(sorted(found.differ, key=lambda number: _free(number, pair))), pair, MANY),
        more=more(found.differ, MANY),
    )


def _kind_of_difference(number: int, pair: Pair) -> str:
    return ("with two names", "named on one side and reserved on the other", "reserved on both sides")[
        _free(number, pair)
    ]


def _free(number: int, pair: Pair) -> int:
    """On how many sides an id is kept free for later use."""
    return known(pair.target.vocabulary).is_reserved(number) + known(pair.drafter.vocabulary).is_reserved(number)


SPECIALS_DIFFER = PairRule(
    code="SD103",
    name="control-tokens-differ",
    worst=Severity.ERROR,
    needs=("vocabulary",),
    message=(
        "All plain tokens agree ({same} ids agree in all); control tokens differ on {differ} ({kinds}):"
        " {examples}{more}."
    ),
    why=(
        "Control tokens carry the chat format, tool calls and the end of a turn. The drafter reads the target's"
        " control tokens as other ones, so its drafts are rejected around them; an engine that compares tokens"
        " refuses the pair outright. A name against a reserved place is harmless while the name is not in use."
    ),
    fix="Take a drafter that was tuned with the target's own control tokens.",
    check=_specials_differ,
)


def _flags(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    ours, theirs = known(pair.target.vocabulary), known(pair.drafter.vocabulary)
    if ours.file != theirs.file:
        return  # formats disagree on the flags of one and the same model
    both = [number for number in ours.special ^ theirs.special if ours.token(number) == theirs.token(number)]
    if both:
        shown = [
            {"id": number, "token": token_text(ours.token(number)), "special": number in ours.special}
            for number in sorted(both)[:FEW]
        ]
        yield rule.finds(Severity.NOTE, Subject.PAIR, count=len(both), tokens=shown, more=more(both, FEW))


FLAGS = PairRule(
    code="SD108",
    name="special-flags-differ",
    worst=Severity.NOTE,
    needs=("vocabulary",),
    message="Tokens that are special to one tokenizer and plain to the other: {count} ({tokens}{more}).",
    why="The flag decides whether a token is left out of decoded text, which changes what is printed, never an id.",
    fix="Nothing for decoding. Compare the two tokenizer configs if printed text surprises.",
    check=_flags,
)


def _misread(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    found = known(pair.comparison)
    if found.relation is not Relation.SPECIALS_DIFFER:
        return
    ours, theirs = known(pair.target.vocabulary), known(pair.drafter.vocabulary)
    used_as = {
        "end of text": known(pair.target.eos).ids,
        "begin of text": known(pair.target.bos).ids,
        "chat template": known(pair.target.template_ids),
    }
    for number in found.differ:
        if roles := [role for role, ids in used_as.items() if number in ids]:
            yield rule.finds(
                Severity.WARNING,
                Subject.PAIR,
                id=number,
                token=token_text(ours.token(number)),
                roles=" and ".join(roles),
                read_as=token_text(theirs.token(number)),
            )


MISREAD = PairRule(
    code="SD110",
    name="control-token-misread",
    worst=Severity.WARNING,
    needs=("vocabulary", "eos", "bos", "template_ids"),
    message="The target's '{token}' (id {id}, {roles}) reads to the drafter as '{read_as}': drafts are rejected there.",
    why=(
        "The id is in use: the target emits or is fed it in every conversation, and the drafter was trained to take it"
        " for another token."
    ),
    fix="Take a drafter that was tuned with the target's own control tokens.",
    check=_misread,
)

RULES = (SPECIALS_DIFFER, FLAGS, MISREAD)
