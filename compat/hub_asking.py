"""Asking the Hub: every request has bounded retries, and every way in which it can fail becomes a sentence.

The client tries some calls again and others not, and waits for as long as it is told to; so it is done here for all.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from huggingface_hub.utils import get_session, httpx, parse_ratelimit_headers

from .deadline import Deadline
from .hub_errors import BusyError, sentence
from .ref import ModelRef

_TRIES = 4
_RETRIED = frozenset({408, 429, 500, 502, 503, 504})
_LONGEST_PAUSE = 300.0  # the window in which the Hub counts requests
_T = TypeVar("_T")
_ours = threading.local()
_opening = threading.Lock()  # older clients open a session for each thread that asks for the first one


def ask(call: Callable[[], _T], ref: ModelRef, deadline: Deadline) -> _T:
    """Asks the Hub about a model.

    Raises:
        CheckError: if no attempt within the deadline gave an answer.
    """
    for attempt in range(_TRIES):
        try:
            return deadline.run(partial(_alert, call))
        except Exception as error:  # what the client may raise has no base of its own
            pause = _pause(error, attempt)
            if pause is None or attempt == _TRIES - 1 or pause > min(deadline.left, _LONGEST_PAUSE):
                raise sentence(error, ref) from error
            time.sleep(pause)
    raise AssertionError("the last attempt returns or raises")


def _alert(call: Callable[[], _T]) -> _T:
    """Calls the client such that an answer which a later attempt may change comes back as a `BusyError`."""
    with _opening:
        hooks = get_session().event_hooks["response"]
        if _raise_busy not in hooks:
            hooks.append(_raise_busy)
    _ours.asking = True
    try:
        return call()
    finally:
        _ours.asking = False


def _raise_busy(response: httpx.Response) -> None:
    # The session is shared with whoever else uses the client in this process, and theirs is left alone.
    if getattr(_ours, "asking", False) and response.status_code in _RETRIED:
        raise BusyError(response.status_code, _asked_pause(response.headers))


def _asked_pause(headers: httpx.Headers) -> float:
    """Seconds that the Hub asks us to wait, by either of its headers; 0 where it asks for none."""
    if (limit := parse_ratelimit_headers(headers)) and limit.remaining == 0:
        return float(limit.reset_in_seconds)
    asked = headers.get("Retry-After", "").strip()
    return float(asked) if asked.isdecimal() else 0.0


def _pause(error: Exception, attempt: int) -> float | None:
    """Seconds to wait before the next attempt; None where another attempt cannot help."""
    backoff: float = 0.5 * 2**attempt * (1 + random.random() / 4)  # noqa: S311 - spreads clients, guards nothing
    if isinstance(error, BusyError):
        return max(backoff, error.pause)
    # The client closes the session that all threads share when one of them cannot connect: a RuntimeError to others.
    retried = isinstance(error, httpx.TransportError | RuntimeError)
    return backoff if retried and not isinstance(error, httpx.UnsupportedProtocol) else None
