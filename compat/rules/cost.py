"""SD5xx: whether the drafter can pay for itself."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts import Evidence
from ..finding import Finding, PairRule, Severity, Subject, known
from ..relation import Pair


def _not_smaller(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    target, drafter = known(pair.target.weights), known(pair.drafter.weights)
    if target.parameters and drafter.parameters:
        unit, ours, theirs = "parameters", target.parameters, drafter.parameters
    else:
        unit, ours, theirs = "bytes of weights", target.size, drafter.size
    if theirs >= ours:
        yield rule.finds(Severity.WARNING, Subject.DRAFTER, Evidence.HEADER, target=ours, drafter=theirs, unit=unit)


NOT_SMALLER = PairRule(
    code="SD501",
    name="drafter-not-smaller",
    worst=Severity.WARNING,
    needs=("weights",),
    message="The drafter has {drafter} {unit}, no fewer than the target's {target}.",
    why=(
        "With c the drafter's step time over the target's and α the acceptance, a round gains only where α > c"
        " (Leviathan et al., 2023, corollary 3.9). A drafter as large as its target has c of 1 or more."
    ),
    fix="Swap the two if they are the wrong way round; otherwise take a smaller drafter.",
    check=_not_smaller,
)

RULES = (NOT_SMALLER,)
