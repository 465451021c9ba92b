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

GAMMAS = (0, 1, 2, 3, 5, 8, 12)  # few, since each is recorded by itself; between two of them little is lost

_PRIOR, _PRIOR_WEIGHT = 0.85, 3.0  # acceptance taken for granted, as so many judged ids: high, so that it is tried
_MEMORY = 64.0  # judged ids a position remembers; what is older fades
_OBLIVION = 0.99  # of what is remembered, what a plain round leaves: a drafter that failed is tried again some day
_ADVANTAGE = 1.03  # what another gamma must promise over the present one
_ALLOWANCE, _RATE = 3.0, 0.01  # losses that may be risked: forwards of the target, and a share of them all
_BANK = 10.0  # forwards of the target: what gains count for against later losses
_SAMPLES = 15  # of each time
_BEGINNING = 3  # plain rounds that are measured before anything is drafted
_PRICE = 40.0  # forwards of the target that recording a gamma takes, about
_UNTRIED = 2  # ids drafted at the most before a draft was measured
_FORGETTING = 16  # plain rounds, after which the oldest sample goes
_WIDER = 0.02  # what each further id adds to a forward of the target, until that is measured


class Schedule(Protocol):
    """What the loop asks before and tells after each round."""

    def next(self, most: int) -> int:
        """How many ids to draft, 0 to `most`."""

    def record(self, drafted: int, accepted: int, seconds: tuple[float, float] | None) -> None:
        """Hears what came of a round.

        Args:
            drafted: how many ids were judged.
            accepted: how many of them stand.
            seconds: what drafting and verifying took; None where it was not as it will be again.
        """


class Planned:
    """Numbers that were given, one a round, the last for all that follow."""

    def __init__(self, gammas: Sequence[int]) -> None:
        self._gammas = deque(gammas)

    def next(self, most: int) -> int:
        """As `Schedule` says."""
        gamma = self._gammas.popleft() if len(self._gammas) > 1 else self._gammas[0]
        return min(gamma, most)

    def record(self, drafted: int, accepted: int, seconds: tuple[float, float] | None) -> None:
        """Nothing is learned."""


class Costs:
    """What a draft and a verification take, in forwards of the target over one id.

    Until they are measured they follow from the weights that a forward streams. Of what was measured the least counts:
    whatever else the machine does can only make a round longer.

    Attributes:
        gained: what speculation has saved so far, in forwards of the target.
    """

    def __init__(self, ratio: float, *, measure: bool) -> None:
        """Begins with c as the weights have it; measured times replace it, unless runs are to repeat exactly."""
        self._weights, self._measure = ratio, measure
        self._verify: dict[int, deque[float]] = {}
        self._draft: dict[int, deque[float]] = {}
        self._plain_rounds = 0
        self.gained = 0.0

    @property
    def known(self) -> bool:
        """Whether plain decoding was measured, if anything is."""
        return not self._measure or len(self._verify.get(0, ())) >= _BEGINNING

    @property
    def tried(self) -> bool:
        """Whether drafting was measured, if anything is."""
        return not self._measure or bool(self._draft)

    def open_to(self, count: int) -> bool:
        """Whether a gamma may be tried: one larger than any in use is recorded first, which those must have earned."""
        tried = [one for one in self._verify if one]
        return not self._measure or count <= max(tried, default=0) or self.gained >= _PRICE * len(tried)

    def draft(self, count: int) -> float:
        """Of drafting `count` ids."""
        plain = self._plain()
        if not plain or not self._draft:
            return count * self._weights
        known = self._least(self._draft, count)
        if known is not None:
            return known / plain
        longest = max(self._draft)
        return min(self._draft[longest]) * count / longest / plain

    def verify(self, count: int) -> float:
        """Of judging `count` ids."""
        plain = self._plain()
        if not plain or not count:
            return 1 + _WIDER * count
        known = self._least(self._verify, count)
        if known is not None:
            return known / plain
        widest = max(self._verify)
        return max(1.0, min(self._verify[widest]) / plain) + _WIDER * (count - widest)

    def record(self, drafted: int, draft: float, verify: float) -> None:
        """Hears the seconds of a round."""
        if not self._measure:
            return
        self._verify.setdefault(drafted, deque(maxlen=_SAMPLES)).append(verify)
        if drafted:
            self._draft.setdefault(drafted, deque(maxlen=_SAMPLES)).append(draft)
        else:
            self._forget()

    def _plain(self) -> float | None:
        """Seconds of a forward of the target over one id, or of the narrowest that was measured."""
        return min(self._verify[min(self._verify)]) if self._verify else None

    @staticmethod
    def _least(times: dict[int, deque[float]], count: int) -> float | None:
        """The least of what as many ids took, or more: fewer never take longer. None where no so many were measured."""
        return min((min(taken) for measured, taken in times.items() if measured >= count), default=None)

    def _forget(self) -> None:
        """What keeps the run from drafting is not measured again, so it is believed a little less from time to time."""
        self._plain_rounds += 1
        if self._plain_rounds % _FORGETTING == 0:
            for times in (self._verify, self._draft):
                for count in [count for count in times if count]:
                    times[count].popleft()
                    if not times[count]:
                        del times[count]


class Adaptive:
    """Chooses gamma round by round. All of its costs are in forwards of the target over one id.

    Attributes:
        lost: what speculation has cost so far beyond plain decoding of the same ids; negative where it gained.
    """

    def __init__(self, costs: Costs) -> None:
        self._costs = costs
        self._judged = [0.0] * max(GAMMAS)
        self._accepted = [0.0] * max(GAMMAS)
        self._gamma = 0
        self._committed = 0
        self._behind = 0  # rounds since the drafter last read the text
        self.lost = 0.0

    def next(self, most: int) -> int:
        """As `Schedule` says."""
        if not self._costs.known:
            return 0
        most = most if self._costs.tried else min(most, _UNTRIED)
        pace = {gamma: self._pace(gamma) for gamma in GAMMAS if gamma <= most and self._costs.open_to(gamma)}
        best = max(pace, key=lambda gamma: pace[gamma])
        now = self._gamma if self._gamma in pace else 0
        chosen = best if pace[best] > _ADVANTAGE * pace[now] or not self._affords(now) else now
        while chosen and not self._affords(chosen):
            chosen = max(gamma for gamma in pace if gamma < chosen)
        self._gamma = chosen
        return chosen

    def record(self, drafted: int, accepted: int, seconds: tuple[float, float] | None) -> None:
        """As `Schedule` says."""
        if seconds is not None:
            self._costs.record(drafted, *seconds)
        self._committed += accepted + 1
        if not drafted:
            self._behind += 1
            for counts in (self._judged, self._accepted):
                counts[:] = [_OBLIVION * count for count in counts]
            return
        lost = self._time(drafted) - accepted - 1
        self.lost = max(-_BANK, self.lost + lost)
        self._costs.gained -= lost
        self._behind = 0
        for position in range(min(accepted + 1, drafted)):
            fading = 1 - 1 / _MEMORY
            self._judged[position] = fading * self._judged[position] + 1
            self._accepted[position] = fading * self._accepted[position] + (position < accepted)

    def _pace(self, gamma: int) -> float:
        """Ids per forward's time that a gamma promises."""
        ids, chain, estimate = 1.0, 1.0, _PRIOR
        for position in range(gamma):
            # A position that was judged seldom is taken to be like the one before it.
            accepted = self._accepted[position] + _PRIOR_WEIGHT * estimate
            estimate = accepted / (self._judged[position] + _PRIOR_WEIGHT)
            chain *= estimate
            ids += chain
        return ids / self._time(gamma)

    def _time(self, gamma: int) -> float:
        if not gamma:
            return self._costs.verify(0)
        late = self._costs.draft(1) if self._behind else 0.0  # it must read what was decoded without it
        return self._costs.draft(gamma) + late + self._costs.verify(gamma)

    def _affords(self, gamma: int) -> bool:
        """Whether the worst outcome, one id, would stay within what may be lost."""
        risk = self._time(gamma) - 1
        return not gamma or self.lost + risk <= _ALLOWANCE + _RATE * self._committed
