"""SD107: how the two tokenizers encode one text, where they name the same tokens."""

from __future__ import annotations

from collections.abc import Iterator

from ..behaviour import Example
from ..finding import Finding, PairRule, Severity, Subject, known
from ..relation import Pair

_IDS = 6


def _encodes_differently(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    found = known(pair.behaviour)
    if found is not None and found.examples:
        yield rule.finds(
            Severity.WARNING,
            Subject.PAIR,
            probes=found.probes,
            probes_differ=len(found.probes_differ),
            names=list(found.probes_differ),
            tokens=found.tokens,
            tokens_differ=found.tokens_differ,
            explained=found.explained,
            examples=[_shown(example) for example in found.examples],
        )


def _shown(example: Example) -> dict[str, object]:
    """An example with the ids from the first one that differs on, as many as fit into a line."""
    ours, theirs = example.target, example.drafter
    both = zip(ours, theirs, strict=False)
    start = next((place for place, (a, b) in enumerate(both) if a != b), min(len(ours), len(theirs)))
    return {
        "probe": example.name,
        "text": example.text,
        "from": start,
        "target": list(ours[start : start + _IDS]),
        "drafter": list(theirs[start : start + _IDS]),
    }


ENCODES_DIFFERENTLY = PairRule(
    code="SD107",
    name="encodes-differently",
    worst=Severity.WARNING,
    needs=("vocabulary",),
    message=(
        "Equal texts become different ids: {probes_differ} of {probes} probes and {tokens_differ} of {tokens} plain"
        " tokens' own texts, such as {examples}."
    ),
    why=(
        "The ids mean the same to both, but one tokenizer cuts a text where the other does not: another pre-tokenizer,"
        " other merges, other flags of added tokens. Verification in id space never tokenises drafts, so the output"
        " stays right; the drafter was trained on other cuts than the target's and is accepted less often around them."
        " An engine that hands drafts over as text and encodes them anew (universal assisted generation) misaligns."
    ),
    fix="Nothing, if the drafter still pays. To be rid of it, publish one tokenizer.json with both models.",
    check=_encodes_differently,
    behaviour=True,
)

RULES = (ENCODES_DIFFERENTLY,)
