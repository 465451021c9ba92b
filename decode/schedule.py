"""How many ids to draft: as many as pay, by what drafts cost and how many of them are accepted.

A round of gamma drafts commits 1 + a_1 + a_1 a_2 + ... ids in the mean, a_i being the acceptance at position i, and
takes the time of gamma forwards of the drafter and of one of the target over gamma + 1 ids (Leviathan et al., 2023,
theorem 3.8, with acceptance and costs by position). Where nothing pays, gamma is 0. Trying out is paid from a budget,
so that a useless drafter costs next to nothing.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .costs import Costs, Seconds

GAMMAS = (0, 1, 2, 3, 5, 8, 12)  # few, since each is recorded by itself; between two of them little is lost

_PRIOR, _PRIOR_WEIGHT = 0.85, 3.0  # acceptance taken for granted, as so many judged ids: high, so that it is tried
_MEMORY = 64.0  # judged ids a position remembers; what is older fades
_OBLIVION = 0.99  # of what is remembered, what a plain round leaves: a drafter that failed is tried again some day
_ADVANTAGE = 1.03  # what another gamma must promise over the present one
_WORTH = 1.15  # pace from which on drafting is worth it: costs are known to a tenth or so, and losing is worse
_ALLOWANCE, _RATE = 3.0, 0.01  # losses that may be risked: forwards of the target, and a share of them all
_BANK = 10.0  # forwards of the target: what gains count for against later losses
_UNTRIED = 2  # ids drafted at the most before a draft was measured
_EVIDENCE = 3.0  # judged ids that speak louder than the prior


class Schedule(Protocol):
    """What the loop asks before and tells after each round."""

    def next(self, most: int) -> int:
        """How many ids to draft, 0 to `most`."""

    def record(self, drafted: int, accepted: int, seconds: Seconds) -> None:
        """Hears what came of a round.

        Args:
            drafted: how many ids were judged.
            accepted: how many of them stand.
            seconds: what drafting and verifying took.
        """


class Planned:
    """Numbers that were given, one a round, the last for all that follow."""

    def __init__(self, gammas: Sequence[int]) -> None:
        self._gammas = deque(gammas)

    def next(self, most: int) -> int:
        """As `Schedule` says."""
        gamma = self._gammas.popleft() if len(self._gammas) > 1 else self._gammas[0]
        return min(gamma, most)

    def record(self, drafted: int, accepted: int, seconds: Seconds) -> None:
        """Nothing is learned."""


class Adaptive:
    """Chooses gamma round by round, in one run after another. Its costs are in forwards of the target over one id.

    Attributes:
        lost: what speculation has cost so far beyond plain decoding of the same ids; negative where it gained.
    """

    def __init__(self, costs: Costs) -> None:
        self._costs = costs
        self._judged = [0.0] * max(GAMMAS)
        self._accepted = [0.0] * max(GAMMAS)
        self._gamma = 0
        self._committed = 0
        self._behind: int | None = None  # rounds since the drafter last read the text; None before it first did
        self._drafting = 0  # rounds since the last plain one
        self.lost = 0.0

    def begin(self) -> None:
        """A text begins. What was measured before is not right beside what will be; what was learned holds."""
        self._costs.begin()
        self._behind = None

    def next(self, most: int) -> int:
        """As `Schedule` says."""
        if not self._costs.known:
            return 0
        most = most if self._costs.tried else min(most, _UNTRIED)
        pace = self._paces(most)
        open_to = [gamma for gamma in pace if self._costs.open_to(gamma)]
        best = max(open_to, key=lambda gamma: pace[gamma])
        now = self._gamma if self._gamma in open_to else 0
        chosen = best if pace[best] > _ADVANTAGE * pace[now] or not self._affords(now) else now
        if not self._affords(chosen):
            chosen = max(filter(self._affords, open_to), key=lambda gamma: pace[gamma])
        self._look_further(pace, chosen, first=len(open_to) == 1)
        self._gamma = chosen
        return 0 if self._costs.wanting(pace[chosen], self._drafting) else chosen

    def record(self, drafted: int, accepted: int, seconds: Seconds) -> None:
        """As `Schedule` says."""
        self._costs.record(drafted, seconds)
        self._committed += accepted + 1
        if not drafted:
            self._behind = None if self._behind is None else self._behind + 1
            self._drafting = 0
            for counts in (self._judged, self._accepted):
                counts[:] = [_OBLIVION * count for count in counts]
            return
        self.lost = max(-_BANK, self.lost + self._time(drafted) + self._late() - accepted - 1)
        self._behind = 0
        self._drafting += 1
        for position in range(min(accepted + 1, drafted)):
            fading = 1 - 1 / _MEMORY
            self._judged[position] = fading * self._judged[position] + 1
            self._accepted[position] = fading * self._accepted[position] + (position < accepted)

    def _look_further(self, pace: dict[int, float], chosen: int, *, first: bool) -> None:
        """Counts what is missed while the best gamma of all is not recorded yet."""
        best = max(pace, key=lambda gamma: pace[gamma])
        if not self._costs.open_to(best) and (first or self._judged[0] >= _EVIDENCE):
            self._costs.promise(best, self._time(chosen) * (1 - pace[chosen] / pace[best]))

    def _paces(self, most: int) -> dict[int, float]:
        """Ids per forward's time that each gamma promises; of plain decoding, what a gamma must promise to be used."""
        pace = {0: _WORTH}
        ids, chain, estimate = 1.0, 1.0, _PRIOR
        for position, (judged, accepted) in enumerate(zip(self._judged, self._accepted, strict=True)):
            # A position that was judged seldom is taken to be like the one before it.
            estimate = (accepted + _PRIOR_WEIGHT * estimate) / (judged + _PRIOR_WEIGHT)
            chain *= estimate
            ids += chain
            gamma = position + 1
            if gamma <= most and gamma in GAMMAS:
                pace[gamma] = ids / self._time(gamma)
        return pace

    def _time(self, gamma: int) -> float:
        return self._costs.draft(gamma) + self._costs.verify(gamma) if gamma else 1.0

    def _late(self) -> float:
        """What the next draft costs beyond others: the drafter must read what was decoded without it.

        What one plain round adds it reads along, and the first time it reads the prompt, as any decoding does.
        """
        return self._costs.read() if self._behind is not None and self._behind > 1 else 0.0

    def _affords(self, gamma: int) -> bool:
        """Whether the worst outcome, one id, would stay within what may be lost."""
        risk = self._time(gamma) + self._late() - 1
        return not gamma or self.lost + risk <= _ALLOWANCE + _RATE * self._committed
