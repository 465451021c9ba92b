"""The ways in which a pair can go in a runtime, and what a runtime is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ..options import Options as Options
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
        fix: the flags and changes of files that make it run, all of them, as clauses; None where nothing is needed or
            helps. Where the outcome is unknown, what to look at next.
        message: the runtime's own error message for this pair, where it has one.
    """

    outcome: Outcome
    reason: str
    fix: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Engine:
    """A runtime, and the pure function that tells what it does.

    Attributes:
        name: as in `--engine`.
        version: of the runtime whose source the profile was read from.
        judge: the function of a pair as it is planned.
        options: names of the options that it has, of those that not every runtime has.
    """

    name: str
    version: str
    judge: Callable[[Pair], Judgement]
    options: frozenset[str] = frozenset()
