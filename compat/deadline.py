"""A bound on how long a source may keep us, whatever it does."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future, wait
from typing import Any, TypeVar

_BLINK = 0.1
_T = TypeVar("_T")


def until_done(jobs: Collection[Future[Any]]) -> None:
    """Waits for jobs so that an interrupt ends the wait at once.

    In short turns, since a signal wakes the main thread only if the system hands it to that one of all threads.
    """
    while wait(jobs, timeout=_BLINK).not_done:
        pass


class DeadlinePassedError(Exception):
    """The time allowed is spent; the message says how much that was."""


class Deadline:
    """A moment after which nobody waits any more.

    Args:
        seconds: from now; infinite where a person watches and may interrupt.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, never negative."""
        return max(0.0, self._end - time.monotonic())

    def run(self, call: Callable[[], _T]) -> _T:
        """The result of a call that may block for longer than is left.

        The call runs in a daemon thread, since a blocked socket read or a library's own sleep cannot be interrupted;
        past the deadline the thread is abandoned and ends with the process.

        Raises:
            DeadlinePassedError: if the call is not done in time. What the call raises comes through.
        """
        if math.isinf(self.seconds):
            return call()
        if not self.left:
            raise DeadlinePassedError(f"{self.seconds:g} s")
        outcome: list[_T] = []
        failure: list[BaseException] = []

        def work() -> None:
            try:
                outcome.append(call())
            except BaseException as error:  # noqa: BLE001 - carried to the caller, who decides
                failure.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(min(self.left, threading.TIMEOUT_MAX))
        if failure:
            raise failure[0]
        if not outcome:
            raise DeadlinePassedError(f"{self.seconds:g} s")
        return outcome[0]
