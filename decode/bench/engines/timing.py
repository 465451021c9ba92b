"""What one decoded text took: a time stamp for every commit, and the rule by which the prefill is left out."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class Timed:
    """One text, timed.

    Decoding is timed from the first commit after which both models have read the prompt to the last. What that first
    commit held is counted on neither side: an engine that drafts before it verifies the prompt commits several ids at
    once, and gets them for nothing, as it gets both prefills.

    Attributes:
        ids: all that was decoded.
        tokens: ids that were committed in the timed part.
        rounds: commits in the timed part.
        seconds: of the timed part.
        first_seconds: from the call to its beginning: prefills, and whatever else the engine sets up.
        target_forwards: in the timed part; None where it cannot be told.
        drafter_forwards: the same of the drafter.
        judged: drafted ids that the target judged in the whole text; None where it cannot be told.
        accepted: those of them that stood.
        draft_seconds: drafting in the whole text; None where it is not timed apart.
        drafted: ids drafted in that time.
        verify_seconds: the target's forwards after the prefill, in the whole text; None where not timed apart.
        verified: how many there were.
    """

    ids: tuple[int, ...]
    tokens: int
    rounds: int
    seconds: float
    first_seconds: float
    target_forwards: int | None = None
    drafter_forwards: int | None = None
    judged: int | None = None
    accepted: int | None = None
    draft_seconds: float | None = None
    drafted: int | None = None
    verify_seconds: float | None = None
    verified: int | None = None


class Stamps:
    """The times at which an engine's commits reached the host."""

    def __init__(self, device: torch.device) -> None:
        synchronize(device)
        self._counts: list[int] = []
        self._times: list[float] = []
        self._start = time.perf_counter()

    def commit(self, count: int) -> None:
        """So many ids are on the host now."""
        self._times.append(time.perf_counter())
        self._counts.append(count)

    def span(self, first: int = 0) -> tuple[int, int, float, float]:
        """Tokens, rounds and seconds after a commit, and the seconds up to it.

        Args:
            first: the number of the commit at which decoding begins; the last one where there are fewer.
        """
        first = min(first, len(self._times) - 1)
        begun = self._times[first]
        rest = self._counts[first + 1 :]
        return sum(rest), len(rest), self._times[-1] - begun, begun - self._start


def synchronize(device: torch.device) -> None:
    """Waits until the device has done all that was asked of it."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
