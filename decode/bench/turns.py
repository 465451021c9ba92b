"""Engines that take turns: warm-up, the search for each one's best, and the repetitions that count."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from .agreement import Agreement
from .engines import Wish
from .plan import Conditions, Setting, always, settings
from .process import Worker, WorkerError

_TRIALS = 2
_WARM = 1.25  # times as fast as the run before: then it is still warming up
_WARMUPS = range(2, 7)  # how many runs it may take
_TRIAL_SHARE = 0.5  # of the time, after which no further candidate is tried
_PATIENCE = 60.0  # seconds that any answer may take, even past the time limit
_SUMS = (
    "tokens rounds seconds first_seconds target_forwards drafter_forwards judged accepted draft_seconds drafted"
    " verify_seconds verified"
).split()
Tell = Callable[[str], None]
Sample = dict[str, Any]


@dataclass(slots=True)
class Entry:
    """A setting, and what was measured of it.

    Attributes:
        setting: what.
        samples: one for each repetition: the repetition's number, and sums over its prompts of what `Timed` holds.
        best: whether it is its engine's best, by the trials.
        why: what kept it from being measured; None where nothing did.
        trial: its tokens per second in the faster trial; None where it was not tried.
    """

    setting: Setting
    samples: list[Sample] = field(default_factory=list)
    best: bool = False
    why: str | None = None
    trial: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """For the result."""
        return {
            **self.setting.to_dict(),
            "label": self.setting.label,
            "best": self.best,
            "why": self.why,
            "trial_tokens_per_second": self.trial,
            "samples": self.samples,
        }


class Clock:
    """What is left of the time that a measurement may take."""

    def __init__(self, seconds: float) -> None:
        self._start = time.monotonic()
        self._seconds = seconds

    def left(self, share: float = 1.0) -> float:
        """Seconds until a share of the time is spent; negative after it."""
        return self._start + share * self._seconds - time.monotonic()


class Turns:
    """Runs of several engines on the same prompts.

    Args:
        conditions: what holds for all.
        wish: what each is asked for.
        prompts: as ids.
        agreement: takes the outputs of greedy runs.
        notes: takes what was left out, as sentences.
        clock: of the whole measurement.
        tell: is told what is going on.
    """

    def __init__(
        self,
        conditions: Conditions,
        wish: Wish,
        prompts: list[list[int]],
        agreement: Agreement,
        notes: list[str],
        clock: Clock,
        tell: Tell,
    ) -> None:
        self._conditions, self._wish, self._prompts = conditions, wish, prompts
        self._agreement, self._notes, self._clock, self._tell = agreement, notes, clock, tell

    def measure(self, workers: Sequence[Worker], compiled: bool, begin: float, end: float) -> list[Entry]:
        """Measures all settings of these engines.

        Args:
            workers: loaded engines.
            compiled: whether transformers is to be compiled too.
            begin: the share of the time that is spent by others before.
            end: the share of the time that is spent when these must be done.
        """
        gammas = self._conditions.gammas
        todo = [
            (worker, Entry(setting))
            for worker in workers
            for setting in settings(worker.engine, gammas, compiled=compiled)
        ]
        self._try(todo, begin + (end - begin) * _TRIAL_SHARE)
        _choose([entry for _, entry in todo])
        chosen = [
            (worker, entry)
            for worker, entry in todo
            if entry.why is None and (entry.best or always(entry.setting, gammas))
        ]
        self._repeat(chosen, end)
        return [entry for _, entry in todo]

    def _try(self, todo: list[tuple[Worker, Entry]], until: float) -> None:
        """Warms every setting up, and times those among which the best is sought, in turn as well."""
        tried = []
        for worker, entry in todo:
            if self._clock.left(until) < 0 and not always(entry.setting, self._conditions.gammas):
                continue
            tried.append((worker, entry))
            self._tell(f"warming up {worker.engine}, {entry.setting.label}")
            self._warm(worker, entry, until)
        if skipped := len(todo) - len(tried):
            self._notes.append(f"{skipped} candidates for an engine's best were not tried: the time was over.")
        for trial in range(1, 1 + _TRIALS):
            for worker, entry in tried:
                needed = trial == 1 and always(entry.setting, self._conditions.gammas)
                if entry.setting.mode == "speculative" and (needed or self._clock.left(until) > 0):
                    self._tell(f"trying {worker.engine}, {entry.setting.label}")
                    sample = self._run(worker, entry, trial)
                    entry.trial = max(filter(None, (entry.trial, rate(sample))), default=None)

    def _warm(self, worker: Worker, entry: Entry, until: float) -> None:
        """Runs until a run is hardly faster than the one before: engines compile and record as they go."""
        before: float | None = None
        for number in range(1, _WARMUPS.stop):
            now = rate(self._run(worker, entry, 0))
            settled = number >= _WARMUPS.start and before is not None and now is not None and now < _WARM * before
            if now is None or settled or self._clock.left(until) < 0:
                return
            before = now

    def _repeat(self, chosen: list[tuple[Worker, Entry]], end: float) -> None:
        """Repetition after repetition, each of every setting, in an order that rotates."""
        runs, longest = self._conditions.runs, 0.0
        for repetition in range(runs):
            begun = time.monotonic()
            if repetition and self._clock.left(end) < longest:
                self._notes.append(
                    f"{runs - repetition} of {runs} repetitions were left out: the {self._conditions.minutes:g} minutes"
                    " were over."
                )
                return
            self._tell(f"repetition {repetition + 1} of {runs}")
            turn = repetition % len(chosen) if chosen else 0
            for worker, entry in chosen[turn:] + chosen[:turn]:
                if (sample := self._run(worker, entry, repetition)) is not None:
                    entry.samples.append({"repetition": repetition} | sample)
            longest = max(longest, time.monotonic() - begun)

    def _run(self, worker: Worker, entry: Entry, repetition: int) -> Sample | None:
        """One run of one setting; None where it could not be had, and then the entry says why."""
        if entry.why is not None or not worker.alive:
            entry.why = entry.why or "its process had ended"
            return None
        wish = replace(self._wish, seed=self._wish.seed + repetition)
        patience = max(_PATIENCE, self._clock.left())
        try:
            texts = worker.ask(
                "decode", patience, setting=entry.setting.to_dict(), prompts=self._prompts, wish=asdict(wish)
            )
        except WorkerError as error:
            entry.why = str(error)
            return None
        if wish.temperature == 0:
            self._agreement.book(entry.setting, [text["ids"] for text in texts])
        return {name: _sum([text[name] for text in texts]) for name in _SUMS}


def rate(sample: Sample | None) -> float | None:
    """Tokens per second of one run; None where nothing was left to time."""
    return sample["tokens"] / sample["seconds"] if sample is not None and sample["seconds"] > 0 else None


def _choose(entries: list[Entry]) -> None:
    """Marks the fastest of every engine's trials."""
    for engine in {entry.setting.engine for entry in entries}:
        tried = [one for one in entries if one.setting.engine == engine and one.trial is not None and one.why is None]
        if tried:
            max(tried, key=lambda one: one.trial or 0.0).best = True


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
