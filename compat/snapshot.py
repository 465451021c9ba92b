"""One model's published files at one moment: everything that is read, and nothing read after it.

A `Repository` is where files come from (the Hub, a folder); `take` decides which of them matter and reads those.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor, wait
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from .errors import MalformedError, about
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
    }
)
_INDEX_LIMIT = 64 * MIB
_INCOMPLETE = (
    f"{INDEX} names {{}}, which the repository does not have: the upload is incomplete; publish the missing file or"
    " choose another revision."
)
# What loaders read beside those that decide here: tokenizers in other formats, and weights where no safer ones are.
_TOKENIZERS = frozenset(
    "tokenizer.json tokenizer.model spiece.model vocab.json vocab.txt merges.txt tekken.json tiktoken.model".split()
)
_PICKLED = re.compile(r"pytorch_model(-\d+-of-\d+)?\.bin(\.index\.json)?")
Advance = Callable[[int], None]


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


class Repository(Protocol):
    """Where a model's files come from. Every method raises `CheckError` with a sentence."""

    ref: ModelRef
    repository: str
    commit: str | None
    notes: tuple[str, ...]

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Every file that the repository lists, by path."""

    def read(self, path: str, limit: int) -> bytes:
        """The whole of a small file; an error when it is longer than `limit` bytes."""

    def header(self, path: str) -> Header:
        """The header of a safetensors file, without its tensors."""


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
        withheld: path → why the Hub would not give a deciding file that it lists, as a clause ("is gated: …").
        twins: path → the repository whose equal file was read instead, by the digests that the Hub lists for both.
        notes: what a reader of the report should know about where this came from, such as an offline cache.
    """

    ref: ModelRef
    repository: str
    commit: str | None
    entries: Mapping[str, Entry] = field(repr=False)
    contents: Mapping[str, bytes] = field(repr=False)
    headers: Mapping[str, Header] = field(repr=False)
    notes: tuple[str, ...] = ()
    withheld: Mapping[str, str] = field(default_factory=dict)
    twins: Mapping[str, str] = field(default_factory=dict)

    def digests(self) -> dict[str, str]:
        """Path → sha256 of every deciding file; of a weight file, of its header alone (`path#header`)."""
        files = {path: hashlib.sha256(data).hexdigest() for path, data in self.contents.items()}
        headers = {f"{path}#header": header.sha256 for path, header in self.headers.items()}
        return dict(sorted((files | headers).items()))


def deciding(listed: Collection[str]) -> dict[str, int]:
    """Those of the listed files whose whole content decides, and the most that is read of each, in bytes."""
    limits = {path: limit for path, limit in DECIDING.items() if path in listed}
    if chosen := formats.choose(listed):
        limits |= dict.fromkeys(chosen[1], chosen[0].limit)
    return limits


def take(repository: Repository, pool: Executor, advance: Advance = lambda _: None) -> Snapshot:
    """Reads a model: the deciding files side by side, then the headers that the weights' index points to.

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
    limits = deciding(listed)
    if SINGLE not in listed and INDEX in listed:
        limits[INDEX] = _INDEX_LIMIT

    def read(path: str) -> tuple[str, bytes]:
        data = repository.read(path, limits[path])
        advance(1)
        return path, data

    def header(path: str) -> tuple[str, Header]:
        if path not in listed:
            raise MalformedError(_INCOMPLETE.format(shortened(path)))
        found = repository.header(path)
        advance(1)
        return path, found

    # Waited for before any error is raised, so that no job is left behind.
    jobs = [pool.submit(read, path) for path in limits]
    heads = [pool.submit(header, SINGLE)] if SINGLE in listed else []
    wait(jobs)
    wait(heads)
    contents = dict(job.result() for job in jobs)
    if INDEX in contents:
        heads = [pool.submit(header, path) for path in shards_of_interest(contents[INDEX])]
        wait(heads)
    headers = dict(job.result() for job in heads)
    return Snapshot(
        repository.ref,
        repository.repository,
        repository.commit,
        MappingProxyType(dict(listed)),
        MappingProxyType(dict(sorted(contents.items()))),
        MappingProxyType(dict(sorted(headers.items()))),
        repository.notes,
    )


def loader_files(snapshot: Snapshot) -> tuple[str, ...]:
    """The files that a loader needs to run a model: its weights, in the one format that it would choose, and the rest.

    Raises:
        MalformedError: if the weights' index cannot be read, or names a file that the repository does not have.
    """
    listed = snapshot.entries
    beside = {path for path in listed if path in DECIDING or path in _TOKENIZERS}
    if SINGLE in listed:
        return tuple(sorted({*beside, SINGLE}))
    if INDEX not in snapshot.contents:
        return tuple(sorted({*beside, *(path for path in listed if _PICKLED.fullmatch(path))}))
    with about(snapshot.ref.original):
        shards = set(weight_map(snapshot.contents[INDEX]).values())
        if missing := sorted(shards - set(listed)):
            raise MalformedError(_INCOMPLETE.format(shortened(missing[0])))
    return tuple(sorted({*beside, INDEX, *shards}))
