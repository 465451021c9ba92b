"""Equal files of two models: proved by the digests that the Hub lists, and fetched once.

Equal digests prove equal files. Unequal ones prove nothing: of a file in LFS the Hub lists the sha256, of any other
git's own digest.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar

from .errors import about
from .files import listed_shards
from .snapshot import Entry, Snapshot
from .weights import INDEX

_T = TypeVar("_T")


class Reads:
    """The files that are being read for one pair, by digest: whoever comes second gets the first one's bytes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, Future[bytes]] = {}

    def once(self, entry: Entry, read: Callable[[], bytes], kept: Callable[[], bool], seconds: float) -> bytes:
        """The bytes of a file.

        Args:
            entry: the file, as it is listed.
            read: reads it, by whatever way.
            kept: whether a later run would find its bytes on this machine; asked where they were read for another.
            seconds: the longest that it waits for another's reading.

        Raises:
            CheckError: what `read` raises. Where another's reading fails, this one has its own.
        """
        digest = entry.digest
        if digest is None:
            return read()
        with self._lock:
            job = self._jobs.get(digest)
            mine: Future[bytes] | None = None if job else self._jobs.setdefault(digest, Future())
        if mine is None:
            if job and self._is_done(job, seconds) and kept():
                return job.result()
            return read()
        try:
            data = read()
        except BaseException as error:
            mine.set_exception(error)
            raise
        mine.set_result(data)
        return data

    @staticmethod
    def _is_done(job: Future[bytes], seconds: float) -> bool:
        """Waits for another's reading, whose failure is the other's to tell."""
        try:
            return job.exception(min(seconds, threading.TIMEOUT_MAX)) is None
        except TimeoutError:
            return False


def settle(target: Snapshot, drafter: Snapshot) -> tuple[Snapshot, Snapshot]:
    """Fills in what the Hub withholds of one model and gives of the other, and notes what it withholds of both."""
    ours, theirs = _filled(target, drafter), _filled(drafter, target)
    return _with_alike(ours, theirs), _with_alike(theirs, ours)


def _filled(snapshot: Snapshot, other: Snapshot) -> Snapshot:
    if not snapshot.withheld:
        return snapshot
    contents = dict(snapshot.contents)
    read = _by_digest(other)
    for path in snapshot.withheld:
        if (data := read.get(snapshot.entries[path].digest)) is not None:
            contents[path] = data
    lacking = {path: why for path, why in snapshot.withheld.items() if path not in contents}
    if INDEX in contents and INDEX in snapshot.withheld:  # only now it is known which headers matter
        with about(snapshot.ref.original):
            shards = listed_shards(contents[INDEX], snapshot.entries)
        lacking |= {path: snapshot.withheld[INDEX] for path in shards if path not in snapshot.headers}
    headers = _equal_heads(snapshot, lacking, other, other.headers)
    gguf = _equal_heads(snapshot, lacking, other, other.gguf)
    proved = {path for path in (*snapshot.withheld, *lacking) if path in contents or path in headers or path in gguf}
    return replace(
        snapshot,
        contents=MappingProxyType(dict(sorted(contents.items()))),
        headers=MappingProxyType(dict(sorted({**snapshot.headers, **headers}.items()))),
        gguf=MappingProxyType(dict(sorted({**snapshot.gguf, **gguf}.items()))),
        withheld={path: denial for path, denial in lacking.items() if path not in proved},
        twins=dict(snapshot.shared) | dict.fromkeys(sorted(proved), other.repository),
    )


def _by_digest(snapshot: Snapshot) -> Mapping[str | None, bytes]:
    """Digest, of either kind → content that was read."""
    found: dict[str | None, bytes] = {}
    for data in snapshot.contents.values():
        found |= {sha256(data): data, git_blob(data): data}
    return found


def _equal_heads(
    snapshot: Snapshot, lacking: Collection[str], other: Snapshot, heads: Mapping[str, _T]
) -> dict[str, _T]:
    """Heads of weight files that nobody reads whole: both listings must give the same digest."""
    listed = {other.entries[path].digest: head for path, head in heads.items()}
    listed.pop(None, None)
    equal = ((path, listed.get(snapshot.entries[path].digest)) for path in lacking)
    return {path: head for path, head in equal if head is not None}


def _with_alike(snapshot: Snapshot, other: Snapshot) -> Snapshot:
    theirs = {other.entries[path].digest for path in other.withheld} - {None}
    alike = (path for path in snapshot.withheld if snapshot.entries[path].digest in theirs)
    return replace(snapshot, alike=tuple(sorted(alike)))


def sha256(data: bytes) -> str:
    """The digest of a file that is kept in LFS."""
    return hashlib.sha256(data).hexdigest()


def git_blob(data: bytes) -> str:
    """Git's own name for a content, not a use of SHA-1 against an adversary."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
