"""The ways in which a pair can go in a runtime."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ..relation import Pair


class Outcome(StrEnum):
    """What happens, from best to worst; `unknown` where a fact is missing."""

    RUNS = "runs"
    DEGRADES = "degrades"  # correct, but slower
    REFUSES = "refuses"
    CRASHES = "crashes"
    WRONG_OUTPUT = "wrong-output"
    UNKNOWN = "unknown"

    @property
    def usable(self) -> bool:
        """Whether the pair runs correctly."""
        return self in (Outcome.RUNS, Outcome.DEGRADES)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a runtime does with a pair.

    Attributes:
        outcome: what happens.
        reason: why, as a clause that follows the runtime's name.
        fix: what to do where it does not run; None where nothing is needed.
    """

    outcome: Outcome
    reason: str
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Engine:
    """A runtime, and the pure function that tells what it does."""

    name: str
    judge: Callable[[Pair], Judgement]
