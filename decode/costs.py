"""What drafting and judging take on this machine, in forwards of the target over one id.

Machines are shared: for seconds at a time everything may take twice as long. So times are only compared with those
right beside them: a verification with the plain rounds before or behind it, a draft with its own verification. Plain
rounds right behind a draft are slower than their likes, since the drafter has taken the caches, and do not count.
"""

from __future__ import annotations

import statistics
from collections import deque
from typing import NamedTuple

_SAMPLES = 15  # that are remembered of each kind
_BEGINNING = 3  # plain rounds that are measured before anything is drafted, and comparisons that make one sure
_COMPARING = ((1.5, 256), (0.0, 64))  # a pace that drafts give, and rounds after which plain ones are due
_UNSURE = 16  # likewise after drafts of a number that was not compared often enough yet, while others were
_SETTLED = 4  # plain rounds in a row, of which the last is nearly like those that would follow
_FORGETTING = 64  # rounds, after which the oldest sample of what was not done in the last one goes
_PRICE = 40.0  # plain rounds that a recording takes, until that is measured
_WIDER = 0.02  # what each further id adds to a forward of the target, until that is measured
_READS = 5  # of which the one in the middle is believed
_OUTLIERS = 5  # drafts, of which one may be much too long for reasons of the machine's


class Seconds(NamedTuple):
    """Of one round.

    Attributes:
        draft: seconds.
        verify: seconds.
        steady: whether they are as they will be again; a recording, say, is made but once.
        read: seconds in which the drafter read what was decoded without it, before it drafted.
    """

    draft: float
    verify: float
    steady: bool = True
    read: float = 0.0


class Costs:
    """Learns from every round. Until something is measured, costs follow from the weights that forwards stream."""

    def __init__(self, ratio: float, *, measure: bool) -> None:
        """Begins with c as the weights have it; measured times replace it, unless runs are to repeat exactly."""
        self._ratio, self._measure = ratio, measure
        self._plain_rounds = 0  # that were measured
        self._wider: dict[int, deque[float]] = {}  # verifications, in plain rounds beside them
        self._drafts: deque[tuple[int, float]] = deque(maxlen=_SAMPLES)  # how many ids; time, in their verifications
        self._row: deque[Seconds] = deque(maxlen=_SETTLED)  # the last plain rounds, if none that drafts came between
        self._reads: deque[float] = deque(maxlen=_READS)  # in plain rounds
        self._drafted: tuple[int, Seconds] | None = None  # the round before them, until it is compared
        self._recording: list[float] = []  # seconds of the plain rounds that led to a recording
        self._verify: dict[int, float] = {}  # what `verify` says, as long as nothing new is known
        self._draft: float | None = None  # of one id, likewise
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
        self._row.clear()
        self._drafted = None

    def wanting(self, pace: float, rounds: int) -> bool:
        """Whether a plain round should be measured now, where little is gained more often.

        Args:
            pace: what drafting promises.
            rounds: how many have drafted since the last plain one.
        """
        if not self._measure or self._drafted is None:
            return False
        if self._row:  # one is not enough
            return True
        if sum(map(len, self._wider.values())) < _BEGINNING:
            return True
        after = next(after for least, after in _COMPARING if pace >= least)
        sure = len(self._wider.get(self._drafted[0], ())) >= _BEGINNING
        return rounds >= (after if sure else _UNSURE)

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
        if self._draft is None:
            self._draft = self._drafting()
        return count * self._draft

    def read(self) -> float:
        """Of reading what was decoded without the drafter."""
        return statistics.median(self._reads) if self._reads else self.draft(1)

    def verify(self, count: int) -> float:
        """Of judging `count` ids."""
        if count not in self._verify:
            self._verify[count] = self._verifying(count)
        return self._verify[count]

    def _drafting(self) -> float:
        if not self._drafts:
            return self._ratio
        each = sorted(time * self.verify(drafted) / drafted for drafted, time in self._drafts)
        usual = each[:-1] if len(each) >= _OUTLIERS else each
        return sum(usual) / len(usual)

    def _verifying(self, count: int) -> float:
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
        elif seconds.read and self._row:
            self._reads.append(seconds.read / self._row[-1].verify)
        if not seconds.steady or not seconds.verify:  # a device's clock may not know yet
            self.begin()
            return
        self._open.add(drafted)
        if drafted:
            self._drafts.append((drafted, seconds.draft / seconds.verify))
            self._draft = None
            if len(self._row) == _SETTLED:
                self._compare(drafted, seconds, self._row[-1])
            self._row.clear()
            self._drafted = drafted, seconds
        else:
            self._plain_rounds += 1
            self._row.append(seconds)
            if self._drafted is not None and len(self._row) == _SETTLED:
                self._compare(*self._drafted, seconds)
                self._drafted = None
        self._forget(drafted)

    def _compare(self, drafted: int, wide: Seconds, plain: Seconds) -> None:
        self._wider.setdefault(drafted, deque(maxlen=_SAMPLES)).append(wide.verify / plain.verify)
        self._verify.clear()
        self._draft = None

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
        self._verify.clear()
        self._draft = None
