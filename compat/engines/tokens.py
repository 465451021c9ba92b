"""What it costs where ids do not carry the same token, in runtimes that hand them over all the same."""

from __future__ import annotations

from ..evidence import Unknown
from ..relation import Comparison, Pair, Relation
from .decide import OWN_TOKENS
from .outcome import Judgement, Outcome

_HALF = 0.5


def other_tokens(pair: Pair) -> Judgement | None:
    """Ids that do not carry the same token: exact verification in id space pays with acceptance, never with the output.

    For pairs all of whose ids are in range on both sides.
    """
    found = pair.comparison
    if isinstance(found, Unknown) or (why := _cost(found)) is None:
        return None
    return Judgement(Outcome.DEGRADES, f"never compares tokens: {why}", OWN_TOKENS)


def _cost(found: Comparison) -> str | None:
    both, many = found.same + len(found.differ), len(found.differ)
    match found.relation:
        case Relation.OVERLAP | Relation.DISJOINT:
            few = "next to no draft is accepted" if found.share < _HALF else "drafts of these are rejected"
            return (
                f"{many} of {both} shared ids {'carry other tokens' if many > 1 else 'carries another token'}, so {few}"
            )
        case Relation.SPECIALS_DIFFER:
            return f"drafts are rejected around the {counted(many, 'control token')} that {differ(many)}"
        case Relation.EXTENDS:
            more = len(found.target_only) + len(found.drafter_only)
            return f"drafts are rejected around the {counted(more, 'token')} that one model alone names"
        case _:
            return None


def counted(number: int, noun: str) -> str:
    """So many of a thing, to follow "the"."""
    return noun if number == 1 else f"{number} {noun}s"


def differ(number: int) -> str:
    """The verb for so many of a thing."""
    return "differs" if number == 1 else "differ"
