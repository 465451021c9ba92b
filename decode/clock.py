"""Seconds by phase."""

from __future__ import annotations

import time
from collections import deque

import torch

_RECENT = 10  # phases that the last one of a kind is among: two rounds of five, where one was launched ahead


class Clock:
    """Adds up what each phase took, by the host's clock."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = {}
        self._last: dict[str, float] = {}
        self._since = 0.0

    def start(self) -> None:
        """Time from now to the next `lap` counts."""
        self._since = time.perf_counter()

    def lap(self, phase: str) -> None:
        """Books the time since the last `start` or `lap` on a phase."""
        now = time.perf_counter()
        self._book(phase, now - self._since)
        self._since = now

    def last(self, phase: str) -> float:
        """What a phase took when it was last over; 0 where it never was."""
        return self._last.get(phase, 0.0)

    def seconds(self) -> dict[str, float]:
        """Sums by phase."""
        return dict(self._sums)

    def _book(self, phase: str, seconds: float) -> None:
        self._sums[phase] = self._sums.get(phase, 0.0) + seconds
        self._last[phase] = seconds


class CudaClock(Clock):
    """The same by events on a CUDA device, whose host only enqueues; nothing waits until the sums are read."""

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self._device = device
        self._spans: deque[tuple[str, torch.cuda.Event, torch.cuda.Event]] = deque()
        self._mark = self._event()

    def start(self) -> None:
        """Time from now to the next `lap` counts."""
        self._mark = self._event()

    def lap(self, phase: str) -> None:
        """Books the time since the last `start` or `lap` on a phase."""
        mark = self._event()
        self._spans.append((phase, self._mark, mark))
        self._mark = mark
        while len(self._spans) > _RECENT and self._spans[0][2].query():  # type: ignore[no-untyped-call]
            self._book_first()

    def last(self, phase: str) -> float:
        """As `Clock` says; nothing is waited for."""
        for name, start, end in reversed(self._spans):
            if name == phase and end.query():  # type: ignore[no-untyped-call]
                milliseconds: float = start.elapsed_time(end)
                return milliseconds / 1000
        return 0.0

    def seconds(self) -> dict[str, float]:
        """Sums by phase; waits for the device."""
        torch.cuda.synchronize(self._device)
        while self._spans:
            self._book_first()
        return super().seconds()

    def _book_first(self) -> None:
        phase, start, end = self._spans.popleft()
        self._book(phase, start.elapsed_time(end) / 1000)

    def _event(self) -> torch.cuda.Event:
        event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        event.record(torch.cuda.current_stream(self._device))
        return event


def clock_for(device: torch.device) -> Clock:
    """The clock that tells the truth on a device."""
    return CudaClock(device) if device.type == "cuda" else Clock()
