"""One model's published files at one moment: everything that is read, and nothing read after it.

A `Repository` is where files come from (the Hub, a folder); `take` decides which of them matter and reads those.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from . import gguf_files
from .errors import Denial, MalformedError, WithheldError, about
from .gguf import Gguf
from .ref import ModelRef
from .tokenizer import formats
from .visible import shortened
from .weights import INDEX, SINGLE, Header, shards_of_interest, weight_map

MIB = 1024 * 1024
# The files whose content decides beside those of the tokenizer, and the most that is read of each.
DECIDING: Mapping[str, int] = MappingProxyType(
    {
        "config.json": 4 * MIB,
        "generation_config.json": 1 * MIB,
        "tokenizer_config.json": 16 * MIB,
        "special_tokens_map.json": 1 * MIB,
        "added_tokens.json": 16 * MIB,
        "chat_template.jinja": 4 * MIB,
        "chat_template.json": 4 * MIB,
    }
)
_INDEX_LIMIT = 64 * MIB
_INCOMPLETE = (
    f"{INDEX} names {{}}, which the repository does not have: the upload is incomplete; publish the missing file or"
    " choose another revision."
)
# What loaders read beside those that decide here: tokenizers in other formats, and weights where no safer ones are.
_TOKENIZERS = re.compile(
    r"tokenizer\.json|tokenizer\.model(\.v\d+)?|spiece\.model|vocab\.(json|txt)|merges\.txt|tekken\.json|.+\.tiktoken"
    r"|tiktoken\.model"
)
_PICKLED = re.compile(r"pytorch_model(-\d+-of-\d+)?\.bin(\.index\.json)?")
_SHARD = re.compile(r"model-\d+-of-\d+\.safetensors")
Advance = Callable[[int], None]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as the repository lists it.

    Attributes:
        path: inside the repository.
        size: in bytes, where known.
        git_blob: git's id of the content (40 hexadecimal digits); for an LFS file that of its pointer.
        sha256: of the content, where the repository keeps it (LFS files).

    Raises:
        ValueError: if no file can be listed so: the values come from outside, whatever their types say here.
    """

    path: str
    size: int | None = None
    git_blob: str | None = None
    sha256: str | None = None

    def __post_init__(self) -> None:
        """Holds the values to what they are said to be."""
        if not isinstance(self.path, str) or {"", ".", ".."} & {*self.path.split("/")}:
            raise ValueError(f"no file has the path {self.path!r}")
        if not all(digest is None or isinstance(digest, str) for digest in (self.git_blob, self.sha256)):
            raise ValueError(f"no file has the digests {self.git_blob!r} and {self.sha256!r}")
        if self.size is not None and (not isinstance(self.size, int) or self.size < 0):
            raise ValueError(f"no file has the size {self.size!r}")

    @property
    def digest(self) -> str | None:
        """What proves a file of the same digest equal; of an LFS file never git's, which is that of its pointer."""
        return self.sha256 or self.git_blob


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


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was read of one model.

    Attributes:
        ref: what the user wrote.
        repository: what that turned out to be: the Hub's own name for it where an alias was written.
        commit: the Hub commit, 40 hexadecimal digits; None for a folder.
        entries: every file listed.
        contents: path → bytes of the deciding files that exist, and of the weights' index if there is one.
        headers: path → header of the weight files that hold the output head or the embedding.
        gguf: path → head of the GGUF files that are the model, the part with the metadata first; of a model in GGUF
            nothing else is read, since nothing else is loaded.
        withheld: path → why the Hub would not give a deciding file that it lists, which then is in none of these.
        twins: path → the repository whose equal file was read instead of a withheld one, proved by its listed digest.
        alike: those withheld files whose listed digest is that of a file withheld of the other model of the pair.
        shared: path → the repository whose equal file was read although this one's could have been.
        notes: what a reader of the report should know about where this came from, such as an offline cache.
    """

    ref: ModelRef
    repository: str
    commit: str | None
    entries: Mapping[str, Entry] = field(repr=False)
    contents: Mapping[str, bytes] = field(repr=False)
    headers: Mapping[str, Header] = field(repr=False)
    notes: tuple[str, ...] = ()
    withheld: Mapping[str, Denial] = field(default_factory=dict)
    twins: Mapping[str, str] = field(default_factory=dict)
    alike: tuple[str, ...] = ()
    shared: Mapping[str, str] = field(default_factory=dict)
    gguf: Mapping[str, Gguf] = field(default_factory=dict, repr=False)

    def digests(self) -> dict[str, str]:
        """Path → sha256 of every deciding file; of a weight file, of its header alone (`path#header`)."""
        files = {path: hashlib.sha256(data).hexdigest() for path, data in self.contents.items()}
        heads: dict[str, Header | Gguf] = {**self.headers, **self.gguf}
        headers = {f"{path}#header": head.sha256 for path, head in heads.items()}
        return dict(sorted((files | headers).items()))


def deciding(listed: Collection[str]) -> dict[str, int]:
    """Those of the listed files whose whole content decides, and the most that is read of each, in bytes."""
    limits = {path: limit for path, limit in DECIDING.items() if path in listed}
    if chosen := formats.choose(listed):
        limits |= dict.fromkeys(chosen[1], chosen[0].limit)
    return limits


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


def listed_shards(index: bytes, listed: Collection[str]) -> list[str]:
    """The shards that hold the output head and the embedding.

    Raises:
        MalformedError: if the index cannot be read, or names a file that the repository does not have.
    """
    shards = shards_of_interest(index)
    for path in shards:
        if path not in listed:
            raise MalformedError(_INCOMPLETE.format(shortened(path)))
    return shards


def _given(jobs: Mapping[str, Future[_T]], withheld: dict[str, Denial]) -> Mapping[str, _T]:
    """What the jobs gave, by path; why the Hub withholds the rest goes where that is kept."""
    found: dict[str, _T] = {}
    for path, job in sorted(jobs.items()):
        try:
            found[path] = job.result()
        except WithheldError as error:
            withheld[path] = error.denial
    return MappingProxyType(found)


def loader_files(snapshot: Snapshot) -> tuple[str, ...]:
    """The files that a loader needs to run a model: its weights, in the one format that it would choose, and the rest.

    Raises:
        MalformedError: if the weights' index cannot be read, or names a file that the repository does not have.
    """
    if snapshot.gguf:
        return tuple(snapshot.gguf)
    listed = snapshot.entries
    beside = {path for path in listed if path in DECIDING or _TOKENIZERS.fullmatch(path)}
    if SINGLE in listed:
        return tuple(sorted({*beside, SINGLE}))
    if INDEX not in snapshot.contents:
        return tuple(sorted({*beside, *(path for path in listed if _PICKLED.fullmatch(path))}))
    with about(snapshot.ref.original):
        shards = set(weight_map(snapshot.contents[INDEX]).values())
        if missing := sorted(shards - set(listed)):
            raise MalformedError(_INCOMPLETE.format(shortened(missing[0])))
    return tuple(sorted({*beside, INDEX, *shards}))
