"""Nobody waits past a deadline."""

from __future__ import annotations

import math
import threading
import time

import pytest

from specdec_check.compat.deadline import Deadline, DeadlinePassedError


@pytest.mark.parametrize("seconds", [5.0, 1e300, math.inf])
def test_what_is_done_in_time_is_done(seconds):
    assert Deadline(seconds).run(lambda: 7) == 7
    with pytest.raises(KeyError):
        Deadline(seconds).run(lambda: {}["missing"])


def test_what_is_not_is_left_behind():
    release, start = threading.Event(), time.monotonic()
    try:
        with pytest.raises(DeadlinePassedError, match=r"^0\.2 s$"):
            Deadline(0.2).run(release.wait)
        assert 0.2 <= time.monotonic() - start < 2
        left = [thread for thread in threading.enumerate() if thread.name.endswith("(work)")]
        assert left
        assert all(thread.daemon for thread in left)  # so that it ends with the process
    finally:
        release.set()


@pytest.mark.parametrize("seconds", [0.0, -1.0, math.nan])
def test_nothing_is_begun_when_no_time_is_left(seconds):
    begun: list[int] = []

    with pytest.raises(DeadlinePassedError):
        Deadline(seconds).run(lambda: begun.append(1))

    assert not begun


def test_time_passes_between_calls():
    deadline = Deadline(0.3)
    deadline.run(lambda: time.sleep(0.2))

    assert 0 < deadline.left < 0.15
