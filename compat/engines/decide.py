"""How a profile comes to its judgement: a step judges a pair, or leaves it to the next one; the first word counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..evidence import Unknown
from ..relation import Pair, Relation
from .change import Change
from .outcome import Judgement, Outcome

_ANOTHER_DRAFTER = "take a drafter"
OWN_TOKENS = f"{_ANOTHER_DRAFTER} with the target's own tokens"


@dataclass(frozen=True, slots=True)
class Mendable:
    """A judgement, and what would be done about it: worth telling where the pair runs afterwards."""

    judged: Judgement
    change: Change


Step = Callable[[Pair], Judgement | Mendable | None]


def decide(pair: Pair, *steps: Step) -> Judgement:
    """The first judgement that a step makes; the last step always makes one.

    Its fix is complete: what is to be done after the first change is told along with it. Where plain tokens differ,
    nothing that is done to the two makes them a pair, so nothing is told.
    """
    found = next(said for step in steps if (said := step(pair)) is not None)
    judged = replace(found.judged, fix=_mended(pair, found.change, steps)) if isinstance(found, Mendable) else found
    return replace(judged, fix=None) if tokens_differ(pair) else judged


def _mended(pair: Pair, first: Change, steps: tuple[Step, ...]) -> str | None:
    """The change and what is to be done after it; None where the pair is not known to run then."""
    after = decide(changed := first.made(pair), *steps)
    if after.outcome.usable:
        return first.told
    if after.fix is None or (after.outcome is Outcome.UNKNOWN and not _mendable(changed, steps)):
        return None
    if after.fix.startswith(_ANOTHER_DRAFTER):
        return after.fix
    return f"{first.told}, {'' if ', and ' in after.fix else 'and '}{after.fix}"


def _mendable(pair: Pair, steps: tuple[Step, ...]) -> bool:
    """Whether the fix of a judgement is a change; of an unknown outcome it may be mere advice."""
    return isinstance(next(said for step in steps if (said := step(pair)) is not None), Mendable)


def tokens_differ(pair: Pair) -> bool:
    """Whether plain tokens differ."""
    found = pair.comparison
    return not isinstance(found, Unknown) and found.relation in (Relation.OVERLAP, Relation.DISJOINT)
