"""Models as this machine keeps them: the Hub client's cache of files, and beside it the records of earlier runs.

Nothing here touches the network.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from .errors import CheckError, MalformedError, UnreachableError, WithheldError
from .gguf import Gguf, read_gguf
from .record import Records
from .ref import ModelRef
from .snapshot import Entry
from .weights import Header, read_header

_COMMIT = re.compile(r"[0-9a-f]{40}")
_DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_ONLINE = "run once without --offline (or without HF_HUB_OFFLINE)"


@dataclass(frozen=True, slots=True)
class Cache:
    """What one machine keeps of the Hub.

    Attributes:
        folder: the client's own cache, laid out as https://huggingface.co/docs/huggingface_hub/guides/manage-cache.
        records: of earlier runs of this tool.
    """

    folder: Path
    records: Records

    def snapshot(self, repository: str, commit: str) -> Path:
        """The folder that shows the cached files of a commit."""
        return self._of(repository) / "snapshots" / commit

    def file(self, repository: str, commit: str, path: str) -> Path | None:
        """A cached file."""
        found = self.snapshot(repository, commit) / path
        return found if _is_file(found) else None

    def equals(self, digest: str | None) -> Iterator[tuple[str, Path]]:
        """Files of that digest, by the repository that they were read of: as we kept them, then as the client did.

        The client names each file that it keeps by its digest, where the system has symbolic links.
        """
        if digest is None or not _DIGEST.fullmatch(digest):
            return
        blobs = ((_name_of(folder), folder / "blobs" / digest) for folder in sorted(self.folder.glob("models--*")))
        yield from ((repository, file) for repository, file in (*self.records.kept(digest), *blobs) if _is_file(file))

    def commit(self, name: str, revision: str | None) -> str | None:
        """What loaders that run offline take a branch or tag to be."""
        try:
            found = (self._of(name) / "refs" / (revision or "main")).read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            return None
        return found if _COMMIT.fullmatch(found) else None

    def _of(self, repository: str) -> Path:
        return self.folder / f"models--{repository.replace('/', '--')}"


def _name_of(folder: Path) -> str:
    """The repository that the client keeps in a folder; no name has two hyphens in a row."""
    return folder.name.removeprefix("models--").replace("--", "/")


class CachedRepository:
    """A repository as the cache holds it.

    Args:
        ref: what was written. Unless that is a commit, it means what the Hub last told this tool; failing that, what
            the client's cache says.
        cache: of this machine.
        on_purpose: whether the user asked for the cache, which is then said. A pinned commit is the same anywhere.
    """

    def __init__(self, ref: ModelRef, cache: Cache, *, on_purpose: bool) -> None:
        self.ref = ref
        meaning = cache.records.meaning(ref.name, ref.revision)
        commit = ref.revision if ref.pinned else meaning[1] if meaning else cache.commit(ref.name, ref.revision)
        if commit is None:
            raise self._missing(
                f"the cache does not say which commit {ref.revision or 'main'} is", "or name the commit"
            )
        self.repository = meaning[0] if meaning else ref.name
        self.commit: str | None = commit
        record = cache.records.load(self.repository, commit)
        if record is None:
            raise self._missing(
                f"the cache holds no sound record of commit {commit[:12]}, so which files it lacks is not known",
                f"or name the folder {cache.snapshot(self.repository, commit)} if it is complete",
            )
        self._record = record
        self._folder = cache.snapshot(self.repository, commit)
        self.entries: Mapping[str, Entry] = MappingProxyType(dict(record.entries))
        self.shared: dict[str, str] = {}
        self._cache, self._on_purpose = cache, on_purpose
        moved = "" if ref.pinned else "; the Hub was not asked whether it moved"
        said = f"offline: {ref.original} was read from the cache at commit {commit[:12]}{moved}."
        self.notes: tuple[str, ...] = (said,) if on_purpose else ()

    def read(self, path: str, limit: int) -> bytes:
        """The bytes of a cached file, be it that of another repository which is equal."""
        found = read_here(self._cache, self._folder / path, self.entries[path], limit, self.ref.original)
        if found is None:
            at = self._folder.name[:12]
            raise self._withheld(path) or self._missing(f"{path} at commit {at} is not in the cache")
        if found.twin not in (None, self.repository):
            self.shared[path] = found.twin
        return found.data

    def header(self, path: str) -> Header:
        """The header of a weight file, from the cached file or from the record of an earlier run."""
        file, recorded = self._folder / path, self._record.headers.get(path)
        if not _is_file(file):
            if recorded is None:
                raise self._withheld(path) or self._missing(f"neither {path} nor its header is in the cache")
            return recorded
        found = header_of_cached(file, self.entries[path], self.ref.original)
        if recorded is not None and recorded.sha256 != found.sha256:
            raise _damaged(file, self.entries[path], self.ref.original)
        return found

    def gguf(self, path: str) -> Gguf:
        """The head of a GGUF file, from the cached file or as an earlier run kept it."""
        file, entry = self._folder / path, self.entries[path]
        if _is_file(file):
            return gguf_of_cached(file, entry, self.ref.original)
        head = self._cache.records.head(self.repository, self._folder.name, path)
        if head is None:
            raise self._withheld(path) or self._missing(f"neither {path} nor its head is in the cache")
        return read_gguf(lambda start, end: head[start:end], entry.size, path)

    def _withheld(self, path: str) -> WithheldError | None:
        """What the Hub last said, where it is not to be asked again."""
        denied = self._record.withheld.get(path) if self._on_purpose else None
        return WithheldError(self.ref.original, path, denied) if denied else None

    def _missing(self, what: str, instead: str = "") -> UnreachableError:
        model = self.ref.original
        return UnreachableError(f"{model}: {what}: {_ONLINE}{instead and ', ' + instead}.", model=model)


@dataclass(frozen=True, slots=True)
class Found:
    """A file that this machine has.

    Attributes:
        data: its bytes.
        twin: the repository that they were read of, where they are not this one's file at this commit.
    """

    data: bytes = field(repr=False)
    twin: str | None = None


def read_here(cache: Cache, file: Path, entry: Entry, limit: int, model: str) -> Found | None:
    """What this machine has of a file: the cached one, the one that we kept, or an equal one of another repository.

    Args:
        cache: of this machine.
        file: where the client would have it.
        entry: as the Hub lists it.
        limit: the most bytes that such a file may have.
        model: for messages.

    Raises:
        MalformedError: if the cached file is damaged, or listed with too many bytes. Another that is damaged is none.
        UnreachableError: if the cached file cannot be read.
    """
    if _is_file(file):
        return Found(read_cached(file, entry, limit, model))
    listed_size(entry, limit, model)
    for twin, other in cache.equals(entry.digest):
        with suppress(CheckError):
            return Found(read_cached(other, entry, limit, model), twin)
    return None


def read_cached(file: Path, entry: Entry, limit: int, model: str) -> bytes:
    """The bytes of a cached file, if they are what the Hub lists: a damaged file must not decide.

    Raises:
        MalformedError: if they are not, or are more than `limit`.
        UnreachableError: if the file cannot be read.
    """
    data = _range(file, 0, listed_size(entry, limit, model) + 1, model)
    if not is_listed(data, entry):
        raise _damaged(file, entry, model)
    return data


def listed_size(entry: Entry, limit: int, model: str) -> int:
    """The size of a file that is to be read whole.

    Raises:
        MalformedError: if the Hub lists it with more bytes than `limit`, or with none to hold it to.
    """
    if entry.size is None or entry.size > limit:
        size = "a size that is not known" if entry.size is None else f"{entry.size} bytes"
        raise MalformedError(
            f"{model}: {entry.path} has {size}, and of such a file no more than {limit} bytes are read: choose another"
            " revision.",
            model=model,
        )
    return entry.size


def header_of_cached(file: Path, entry: Entry, model: str) -> Header:
    """The header of a cached weight file, which is whole.

    Raises:
        MalformedError: if it is not as long as the Hub lists it, or has no sound header.
        UnreachableError: if the file cannot be read.
    """
    if entry.size is not None and file.stat().st_size != entry.size:
        raise _damaged(file, entry, model)
    return read_header(lambda start, end: _range(file, start, end, model), entry.size, entry.path)


def gguf_of_cached(file: Path, entry: Entry, model: str) -> Gguf:
    """The head of a cached GGUF file, which is whole.

    Raises:
        MalformedError: if it is not as long as the Hub lists it, or has no sound head.
        UnreachableError: if the file cannot be read.
    """
    if entry.size is not None and file.stat().st_size != entry.size:
        raise _damaged(file, entry, model)
    return read_gguf(lambda start, end: _range(file, start, end, model), entry.size, entry.path)


def is_listed(data: bytes, entry: Entry) -> bool:
    """Whether these bytes are the file that a repository lists."""
    if len(data) != entry.size:
        return False
    if entry.sha256 is not None:
        return hashlib.sha256(data).hexdigest() == entry.sha256
    if entry.git_blob is not None:
        # Git's own name for the content, not a use of SHA-1 against an adversary.
        return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest() == entry.git_blob
    return True


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a folder that this user may not search holds nothing for them
        return False


def _range(file: Path, start: int, end: int, model: str) -> bytes:
    try:
        with file.open("rb") as stream:
            stream.seek(start)
            return stream.read(end - start)
    except OSError as error:
        raise UnreachableError(
            f"{model}: the cached {file} cannot be read ({error.strerror}): check its permissions.", model=model
        ) from error


def _damaged(file: Path, entry: Entry, model: str) -> MalformedError:
    return MalformedError(
        f"{model}: the cached {entry.path} is not the file that the Hub lists: delete {file.resolve()} and run again.",
        model=model,
    )
