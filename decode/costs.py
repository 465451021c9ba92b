"""What drafting and judging take on this machine, in forwards of the target over one id.

Machines are shared: for seconds at a time everything may take twice as long. So times are only compared with those
right beside them: a verification with the plain round before or behind it, a draft with its own verification.
"""

from __future__ import annotations

import statistics
from collections import deque
from typing import NamedTuple

_SAMPLES = 15  # that are remembered of each kind
_BEGINNING = 3  # plain rounds that are measured before anything is drafted, and comparisons that make one sure
_COMPARING = ((1.5, 256), (0.0, 64))  # a pace that drafts give, and rounds after which a plain one is due
_FORGETTING = 64  # rounds, after which the oldest sample of what was not done in the last one goes
_PRICE = 40.0  # plain rounds that a recording takes, until that is measured
_WIDER = 0.02  # what each further id adds to a forward of the target, until that is measured
_OUTLIERS = 5  # drafts, of which one may be much too long for reasons of the machine's


class Seconds(NamedTuple):
    """Of one round.

    Attributes:
        draft: seconds.
        verify: seconds.
        steady: whether they are as they will be again; a recording, say, is made but once.
    """

    draft: float
    verify: float
    steady: bool = True


class Costs:
    """Learns from every round. Until something is measured, costs follow from the weights that forwards stream."""

    def __init__(self, ratio: float, *, measure: bool) -> None:
        """Begins with c as the weights have it; measured times replace it, unless runs are to repeat exactly."""
        self._ratio, self._measure = ratio, measure
        self._plain_rounds = 0  # that were measured
        self._wider: dict[int, deque[float]] = {}  # verifications, in plain rounds beside them
        self._drafts: deque[tuple[int, float]] = deque(maxlen=_SAMPLES)  # how many ids; time, in their verifications
        self._before: tuple[int, Seconds] | None = None
        self._recording: list[float] = []  # seconds of the plain rounds that led to a recording
        self._price = _PRICE  # of a recording, in plain rounds
        self._open = {0}
        self._promised = 0.0
        self._rounds = 0

    @property
    def known(self) -> bool:
        """Whether plain decoding was measured, if anything is."""
        return not self._measure or self._plain_rounds >= _BEGINNING

    @property
    def tried(self) -> bool:
        """Whether drafting was measured, if anything is."""
        return not self._measure or bool(self._drafts)

    def begin(self) -> None:
        """A run begins: what was measured before is not right beside what will be."""
        self._before = None

    def wanting(self, pace: float, rounds: int) -> bool:
        """Whether a plain round should be measured now, where little is gained more often.

        Args:
            pace: what drafting promises.
            rounds: how many have drafted since the last plain one.
        """
        if not self._measure or self._before is None or not self._before[0]:
            return False
        sure = len(self._wider.get(self._before[0], ())) >= _BEGINNING
        after = next(after for least, after in _COMPARING if pace >= least)
        return rounds >= (after if sure else 1)

    def open_to(self, count: int) -> bool:
        """Whether a number of ids may be drafted: the first draft of as many has recordings made, which take time."""
        return not self._measure or count in self._open

    def promise(self, count: int, saved: float) -> None:
        """Hears what drafting `count` ids would have saved in this round; once that paid the recordings, it may be.

        The first number is on credit: without it nothing is known of the drafter, and short texts would see none.
        """
        self._promised += saved
        if len(self._open) == 1 or self._promised >= self._price:
            self._open.add(count)
            self._promised = 0.0

    def draft(self, count: int) -> float:
        """Of drafting `count` ids."""
        if not self._drafts:
            return count * self._ratio
        each = sorted(time * self.verify(drafted) / drafted for drafted, time in self._drafts)
        usual = each[:-1] if len(each) >= _OUTLIERS else each
        return count * sum(usual) / len(usual)

    def verify(self, count: int) -> float:
        """Of judging `count` ids."""
        if count in self._wider:
            return max(1.0, statistics.median(self._wider[count]))
        # Fewer never take longer than more.
        wider = [self.verify(measured) for measured in self._wider if measured > count]
        narrower = max((measured for measured in self._wider if measured < count), default=0)
        guess = (self.verify(narrower) if narrower else 1.0) + _WIDER * (count - narrower)
        return min([guess, *wider])

    def record(self, drafted: int, seconds: Seconds) -> None:
        """Hears what a round took."""
        if not self._measure:
            return
        if not drafted:
            self._note_recording(seconds)
        before, self._before = self._before, (drafted, seconds)
        if not seconds.steady or not seconds.verify:  # a device's clock may not know yet
            self._before = None
            return
        self._open.add(drafted)
        if drafted:
            self._drafts.append((drafted, seconds.draft / seconds.verify))
        else:
            self._plain_rounds += 1
        if before is not None and bool(before[0]) != bool(drafted):
            count, wide, plain = max((*before, seconds), (drafted, seconds, before[1]), key=lambda one: one[0])
            self._wider.setdefault(count, deque(maxlen=_SAMPLES)).append(wide.verify / plain.verify)
        self._forget(drafted)

    def _note_recording(self, seconds: Seconds) -> None:
        """Of the plain rounds that led to a recording: what another will take is much the same."""
        if not seconds.steady:
            self._recording.append(seconds.verify)
        elif self._recording and seconds.verify:
            self._price = max(0.0, sum(self._recording) / seconds.verify - len(self._recording))
            self._recording.clear()

    def _forget(self, drafted: int) -> None:
        """What keeps a number of ids from being drafted is not measured again, so it is believed for a while only."""
        self._rounds += 1
        if self._rounds % _FORGETTING:
            return
        if self._drafts and not drafted:
            self._drafts.popleft()
        for count in [count for count in self._wider if count != drafted]:
            self._wider[count].popleft()
            if not self._wider[count]:
                del self._wider[count]
