"""Models on the Hugging Face Hub, as its client reaches them.

The client answers from a stale cache without a word when the Hub is out of reach, and does not retry every call. So
the commit is resolved here, once, and fails closed; files are then fetched by that commit through the ordinary cache.
"""

from __future__ import annotations

import math
import random
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import huggingface_hub
from huggingface_hub import constants
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import (
    build_hf_headers,
    get_session,
    hf_raise_for_status,
    httpx,
    parse_ratelimit_headers,
    tqdm,
)
from huggingface_hub.utils import logging as hub_logging

from .cached import Cache, CachedRepository, header_of_cached, listed_size, read_cached
from .deadline import Deadline, until_done
from .errors import UnreachableError
from .hub_errors import BusyError, NotTheHubError, sentence
from .record import Records
from .ref import Kind, ModelRef, is_name
from .snapshot import Entry, Snapshot
from .weights import Header, read_header

_TRIES = 4
_RETRIED = frozenset({408, 429, 500, 502, 503, 504})
_REQUEST_SECONDS = 10.0
_LONGEST_PAUSE = 300.0  # the window in which the Hub counts requests
_DOWNLOADS = 4  # of weights, side by side; each file is fetched in parallel parts where the Hub offers that
_COMMIT = re.compile(r"[0-9a-f]{40}")
_T = TypeVar("_T")
_ours = threading.local()
_opening = threading.Lock()  # older clients open a session for each thread that asks for the first one

# The client's warnings would mix into what the command line says. Whoever asked for more gets it.
if hub_logging.get_verbosity() == hub_logging.WARNING:
    hub_logging.set_verbosity(hub_logging.ERROR)


def offline_by_environment() -> bool:
    """Whether `HF_HUB_OFFLINE` (or `TRANSFORMERS_OFFLINE`) asks to use the cache alone."""
    return bool(constants.HF_HUB_OFFLINE)


def cache() -> Cache:
    """What this machine keeps: the client's cache, and our records beside it."""
    return Cache(Path(constants.HF_HUB_CACHE), Records(Path(constants.HF_HOME) / "specdec-check"))


def cached(ref: ModelRef, *, on_purpose: bool) -> CachedRepository:
    """A repository as this machine's cache holds it; the network is left alone."""
    return CachedRepository(ref, cache(), on_purpose=on_purpose)


def remember(snapshot: Snapshot) -> None:
    """Keeps what a later run without the Hub will need of a snapshot."""
    cache().records.save(snapshot)


def materialise(repository: str, commit: str, paths: Sequence[str], *, offline: bool = False) -> Path:
    """Gets files of a commit, weights among them, into the ordinary cache; for those there already it asks nothing.

    The client shows its progress where standard error is a terminal. Nothing but an interrupt bounds the time, since
    weights take as long as they take.

    Args:
        repository: its name on the Hub.
        commit: 40 hexadecimal digits.
        paths: of the files that are needed.
        offline: fail where a file is not cached.

    Returns:
        The folder that shows the files by their paths.

    Raises:
        CheckError: if a file cannot be had.
    """
    ref, here = ModelRef(f"{repository}@{commit}", Kind.HUB, repository, commit), cache()
    missing = [path for path in paths if here.file(repository, commit, path) is None]
    if missing and (offline or offline_by_environment()):
        raise UnreachableError(
            f"{ref.original}: {missing[0]} is not in the cache: run once without --offline (or without"
            " HF_HUB_OFFLINE).",
            model=ref.original,
        )
    download = partial(huggingface_hub.hf_hub_download, repository, revision=commit)
    pool = ThreadPoolExecutor(_DOWNLOADS)
    try:
        jobs = [pool.submit(_ask, partial(download, path), ref, Deadline(math.inf)) for path in missing]
        until_done(jobs)
        for job in jobs:
            job.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # without waiting: an interrupt must not sit out a download
    return here.snapshot(repository, commit)


class HubRepository:
    """A repository on the Hub at one commit, resolved when this is made.

    Args:
        ref: what was written.
        seconds: the longest that the Hub may keep us.
    """

    def __init__(self, ref: ModelRef, seconds: float) -> None:
        self.ref = ref
        self.notes: tuple[str, ...] = ()
        self._deadline = Deadline(seconds)
        self.repository, self._pinned, entries = self._ask(lambda: _listing(ref))
        self.commit: str | None = self._pinned
        self.entries: Mapping[str, Entry] = MappingProxyType(entries)

    def read(self, path: str, limit: int) -> bytes:
        """The bytes of a file, through the client's cache; held against the digest that the Hub lists."""
        entry, model = self.entries[path], self.ref.original
        listed_size(entry, limit, model)  # before anything is fetched
        file = self._ask(
            lambda: huggingface_hub.hf_hub_download(
                self.repository, path, revision=self._pinned, etag_timeout=_REQUEST_SECONDS, tqdm_class=_NoBar
            )
        )
        return read_cached(Path(file), entry, limit, model)

    def header(self, path: str) -> Header:
        """The header of a weight file: from the cached file if there is one, else by range request."""
        entry = self.entries[path]
        if file := cache().file(self.repository, self._pinned, path):
            return header_of_cached(file, entry, self.ref.original)
        return read_header(lambda start, end: self._ask(lambda: self._range(path, start, end)), entry.size, path)

    def _range(self, path: str, start: int, end: int) -> bytes:
        """Bytes [start, end) of a file. A server that ignores ranges is read no further than `end` either.

        The session drops the token when it is sent on to another host.
        """
        if end <= start:
            return b""
        url = huggingface_hub.hf_hub_url(self.repository, path, revision=self._pinned)
        # identity: a compressed answer would make the range one of compressed bytes.
        headers = {**build_hf_headers(), "Range": f"bytes={start}-{end - 1}", "Accept-Encoding": "identity"}
        with get_session().stream(
            "GET", url, headers=headers, timeout=_REQUEST_SECONDS, follow_redirects=True
        ) as response:
            hf_raise_for_status(response)
            skip = 0 if response.status_code == 206 else start
            found = bytearray()
            for chunk in response.iter_bytes():
                found += chunk
                if len(found) >= skip + end - start:
                    break
        return bytes(found[skip : skip + end - start])

    def _ask(self, call: Callable[[], _T]) -> _T:
        return _ask(call, self.ref, self._deadline)


class _NoBar(tqdm):
    """A progress bar that is never seen: while a pair is checked, progress is the command line's business."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - whatever the client passes
        super().__init__(*args, **kwargs | {"disable": True})  # type: ignore[no-untyped-call]


def _listing(ref: ModelRef) -> tuple[str, str, dict[str, Entry]]:
    """A repository's present name, the commit that was meant, and the files there."""
    try:
        info = huggingface_hub.HfApi().model_info(
            ref.name, revision=ref.revision, files_metadata=True, timeout=_REQUEST_SECONDS
        )
        repository, commit = info.id, str(info.sha)
        entries = {
            file.rfilename: Entry(file.rfilename, file.size, file.blob_id, file.lfs.sha256 if file.lfs else None)
            for file in info.siblings or ()
        }
    except (HfHubHTTPError, UnicodeEncodeError):  # an answer that says what it is, and a token of odd characters
        raise
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise NotTheHubError from error
    # A mirror that ignores which commit was asked for is none either.
    if not is_name(repository) or not _COMMIT.fullmatch(commit) or (ref.pinned and commit != ref.revision):
        raise NotTheHubError
    return repository, commit, entries


def _ask(call: Callable[[], _T], ref: ModelRef, deadline: Deadline) -> _T:
    """Asks with bounded retries; every way in which it can fail becomes a sentence."""
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
    """Calls the client such that an answer which a later attempt may change comes back as a `BusyError`.

    By itself the client tries some calls again and others not, and waits for as long as it is told to.
    """
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
