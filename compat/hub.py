"""Models on the Hugging Face Hub, as its client reaches them.

The client answers from a stale cache without a word when the Hub is out of reach, and does not retry every call. So
the commit is resolved here, once, and fails closed; files are then fetched by that commit through the ordinary cache.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import huggingface_hub
from huggingface_hub import constants
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status, httpx, tqdm
from huggingface_hub.utils import logging as hub_logging

from .cached import (
    Cache,
    CachedRepository,
    gguf_of_cached,
    header_of_cached,
    is_listed,
    listed_size,
    read_cached,
    read_here,
)
from .deadline import Deadline, until_done
from .errors import CheckError, MalformedError, UnreachableError, WithheldError
from .gguf import Gguf, read_gguf
from .hub_asking import ask
from .hub_errors import NotTheHubError, denial
from .record import Records
from .ref import Kind, ModelRef, is_name
from .snapshot import Entry, Snapshot
from .twins import Reads
from .weights import INDEX, Header, read_header

_REQUEST_SECONDS = 10.0
_DOWNLOADS = 4  # of weights, side by side; each file is fetched in parallel parts where the Hub offers that
_COMMIT = re.compile(r"[0-9a-f]{40}")
_T = TypeVar("_T")

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
        jobs = [pool.submit(ask, partial(download, path), ref, Deadline(math.inf)) for path in missing]
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
        reads: what is being read for the pair that this model is one of.
    """

    def __init__(self, ref: ModelRef, seconds: float, reads: Reads) -> None:
        self.ref = ref
        self.notes: tuple[str, ...] = ()
        self.shared: dict[str, str] = {}
        self._reads = reads
        self._places: dict[str, str] = {}  # where the Hub sent us on to, by path
        self._deadline = Deadline(seconds)
        self.repository, self._pinned, entries = self._ask(lambda: _listing(ref))
        self.commit: str | None = self._pinned
        self.entries: Mapping[str, Entry] = MappingProxyType(entries)

    def read(self, path: str, limit: int) -> bytes:
        """The bytes of a file, held against the digest that the Hub lists; fetched once for all that are equal."""
        entry = self.entries[path]
        listed_size(entry, limit, self.ref.original)  # before anything is fetched
        return self._reads.once(
            entry, lambda: self._read(entry, limit), lambda: self._is_kept(entry), self._deadline.left
        )

    def _read(self, entry: Entry, limit: int) -> bytes:
        model, here = self.ref.original, cache()
        file = here.snapshot(self.repository, self._pinned) / entry.path
        if found := read_here(here, file, entry, limit, model):
            if found.twin not in (None, self.repository):
                self.shared[entry.path] = found.twin
            return found.data
        if entry.path == INDEX:
            return self._read_index(entry)
        fetched = self._ask_for(
            entry.path,
            lambda: huggingface_hub.hf_hub_download(
                self.repository, entry.path, revision=self._pinned, etag_timeout=_REQUEST_SECONDS, tqdm_class=_NoBar
            ),
        )
        return read_cached(Path(fetched), entry, limit, model)

    def _read_index(self, entry: Entry) -> bytes:
        """The index in one request where the client takes two: the headers that it names wait for it."""
        data = self._ask_for(entry.path, lambda: self._range(entry.path, 0, entry.size or 0))
        if not is_listed(data, entry):
            raise MalformedError(
                f"{self.ref.original}: {entry.path} did not come as the Hub lists it: try again, and check whether a"
                " proxy changes what passes.",
                model=self.ref.original,
            )
        if entry.digest:
            cache().records.keep(self.repository, entry.digest, data)
        return data

    def _is_kept(self, entry: Entry) -> bool:
        """Whether a file that was just read for the other model of the pair will be found for this one too."""
        here = cache()
        if here.file(self.repository, self._pinned, entry.path):
            return True
        for twin, _ in here.equals(entry.digest):
            if twin != self.repository:
                self.shared[entry.path] = twin
            return True
        return False

    def header(self, path: str) -> Header:
        """The header of a weight file: from the cached file if there is one, else by range request."""
        entry = self.entries[path]
        if file := cache().file(self.repository, self._pinned, path):
            return header_of_cached(file, entry, self.ref.original)
        return read_header(
            lambda start, end: self._ask_for(path, lambda: self._range(path, start, end)), entry.size, path
        )

    def gguf(self, path: str) -> Gguf:
        """The head of a GGUF file: from the cached file or what was kept of it, else by range requests."""
        entry, here = self.entries[path], cache()
        if file := here.file(self.repository, self._pinned, path):
            return gguf_of_cached(file, entry, self.ref.original)
        if kept := here.records.head(self.repository, self._pinned, path):
            return read_gguf(lambda start, end: kept[start:end], entry.size, path)
        found = read_gguf(
            lambda start, end: self._ask_for(path, lambda: self._range(path, start, end)), entry.size, path
        )
        here.records.keep_head(self.repository, self._pinned, path, found.data)
        return found

    def _range(self, path: str, start: int, end: int) -> bytes:
        """Bytes [start, end) of a file. A server that ignores ranges is read no further than `end` either.

        The session drops the token when it is sent on to another host.
        """
        if end <= start:
            return b""
        if place := self._places.pop(path, None):  # saves asking the Hub again, which knows better if it fails
            with suppress(HfHubHTTPError, httpx.TransportError):
                return self._stream(path, place, build_hf_headers(token=False), start, end)
        url = huggingface_hub.hf_hub_url(self.repository, path, revision=self._pinned)
        return self._stream(path, url, build_hf_headers(), start, end)

    def _stream(self, path: str, url: str, headers: dict[str, str], start: int, end: int) -> bytes:
        # identity: a compressed answer would make the range one of compressed bytes.
        headers |= {"Range": f"bytes={start}-{end - 1}", "Accept-Encoding": "identity"}
        with get_session().stream(
            "GET", url, headers=headers, timeout=_REQUEST_SECONDS, follow_redirects=True
        ) as response:
            hf_raise_for_status(response)
            if response.history:
                self._places[path] = str(response.url)
            skip = 0 if response.status_code == 206 else start
            found = bytearray()
            for chunk in response.iter_bytes():
                found += chunk
                if len(found) >= skip + end - start:
                    break
        return bytes(found[skip : skip + end - start])

    def _ask_for(self, path: str, call: Callable[[], _T]) -> _T:
        """Asks for a file.

        Raises:
            WithheldError: if this run may not read it.
            CheckError: if it cannot be had.
        """
        try:
            return self._ask(call)
        except CheckError as error:
            if denied := denial(error.__cause__, self.repository):
                raise WithheldError(self.ref.original, path, denied) from error
            raise

    def _ask(self, call: Callable[[], _T]) -> _T:
        return ask(call, self.ref, self._deadline)


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
