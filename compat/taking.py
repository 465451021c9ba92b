"""Reading a model: which of its files are read, in which order, side by side.

A `Repository` is where files come from (the Hub, a folder); `take` decides which of them matter and reads those.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor, Future, wait
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from . import gguf_files
from .errors import Denial, WithheldError, about
from .files import MIB, deciding, listed_shards
from .gguf import Gguf
from .ref import ModelRef
from .snapshot import Entry, Snapshot
from .weights import INDEX, SINGLE, Header

_INDEX_LIMIT = 64 * MIB
_SHARD = re.compile(r"model-\d+-of-\d+\.safetensors")
Advance = Callable[[int], None]
_T = TypeVar("_T")


class Repository(Protocol):
    """Where a model's files come from. Every method raises `CheckError` with a sentence."""

    ref: ModelRef
    repository: str
    commit: str | None
    notes: tuple[str, ...]

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Every file that the repository lists, by path."""

    @property
    def shared(self) -> Mapping[str, str]:
        """Path → the repository whose equal file was read instead, of the files read so far."""

    def read(self, path: str, limit: int) -> bytes:
        """The whole of a small file; an error when it is longer than `limit` bytes, `WithheldError` if it is."""

    def header(self, path: str) -> Header:
        """The header of a safetensors file, without its tensors; `WithheldError` where it is withheld."""

    def gguf(self, path: str) -> Gguf:
        """The head of a GGUF file, without its tensors; `WithheldError` where it is withheld."""


def take(repository: Repository, pool: Executor, advance: Advance = lambda _: None) -> Snapshot:
    """Reads a model: the deciding files and the likely headers side by side, then what else the weights' index names.

    What the Hub withholds is no error: the rest is read, and says what it can.

    Args:
        repository: where from.
        pool: runs the reads; one pool serves both models of a pair.
        advance: told the number of files settled, as they are.

    Raises:
        CheckError: if a file cannot be read, or cannot be what its name says.
    """
    with about(repository.ref.original):
        return _take(repository, pool, advance)


def _take(repository: Repository, pool: Executor, advance: Advance) -> Snapshot:
    listed = repository.entries
    if parts := gguf_files.choose(repository.ref, listed):
        return _take_gguf(repository, parts, pool, advance)
    limits = deciding(listed)
    if SINGLE not in listed and INDEX in listed:
        limits[INDEX] = _INDEX_LIMIT

    def read(path: str) -> bytes:
        data = repository.read(path, limits[path])
        advance(1)
        return data

    def header(path: str) -> Header:
        found = repository.header(path)
        advance(1)
        return found

    jobs = {path: pool.submit(read, path) for path in limits}
    heads = {path: pool.submit(header, path) for path in _likely_headers(listed)}
    try:
        wanted = _wanted_headers(jobs, listed)
        heads |= {path: pool.submit(header, path) for path in wanted if path not in heads}
    finally:
        started: list[Future[Any]] = [*jobs.values(), *heads.values()]
        wait(started)  # before any error is raised, so that no job is left behind
    withheld: dict[str, Denial] = {}
    contents = _given(jobs, withheld)
    headers = _given({path: heads[path] for path in wanted}, withheld)
    return Snapshot(
        repository.ref,
        repository.repository,
        repository.commit,
        MappingProxyType(dict(listed)),
        contents,
        headers,
        repository.notes,
        withheld,
        shared=dict(repository.shared),
    )


def _take_gguf(repository: Repository, parts: tuple[str, ...], pool: Executor, advance: Advance) -> Snapshot:
    """Reads the heads of all parts side by side."""

    def head(path: str) -> Gguf:
        found = repository.gguf(path)
        advance(1)
        return found

    jobs = {path: pool.submit(head, path) for path in parts}
    wait(jobs.values())
    withheld: dict[str, Denial] = {}
    heads = _given(jobs, withheld)
    return Snapshot(
        repository.ref,
        repository.repository,
        repository.commit,
        MappingProxyType(dict(repository.entries)),
        MappingProxyType({}),
        MappingProxyType({}),
        repository.notes,
        withheld,
        gguf=heads,
    )


def _likely_headers(listed: Collection[str]) -> list[str]:
    """Where head and embedding lie, as far as that can be told before the index is read: in the first and last shard.

    A guess that holds saves waiting for the index; one that does not costs a request that nobody waits for.
    """
    if SINGLE in listed:
        return [SINGLE]
    shards = sorted(path for path in listed if _SHARD.fullmatch(path)) if INDEX in listed else []
    return list(dict.fromkeys([*shards[:1], *shards[-1:]]))


def _wanted_headers(jobs: Mapping[str, Future[bytes]], listed: Collection[str]) -> list[str]:
    if INDEX not in jobs:
        return [SINGLE] if SINGLE in listed else []
    try:
        return listed_shards(jobs[INDEX].result(), listed)
    except WithheldError:
        return []


def _given(jobs: Mapping[str, Future[_T]], withheld: dict[str, Denial]) -> Mapping[str, _T]:
    """What the jobs gave, by path; why the Hub withholds the rest goes where that is kept."""
    found: dict[str, _T] = {}
    for path, job in sorted(jobs.items()):
        try:
            found[path] = job.result()
        except WithheldError as error:
            withheld[path] = error.denial
    return MappingProxyType(found)
