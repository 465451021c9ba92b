"""What an earlier run learnt from the Hub, kept so that a later one knows which files a commit does *not* have.

The Hub's own cache keeps the files that were downloaded and cannot tell a file that does not exist from one that
nobody asked for, and it keeps no part of a weight file. A record fills both gaps: the listing of one commit, and the
headers read of it. It is keyed by commit, so it never goes stale; a damaged one counts as none.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from .errors import Denial
from .gguf_parser import HEAD_LIMIT
from .snapshot import Entry, Snapshot
from .weights import Header, Tensor
from .whole import write_whole

_VERSION = 2


@dataclass(frozen=True, slots=True)
class Record:
    """One commit as the Hub listed it, with the headers that were read, and why other files could not be."""

    repository: str
    commit: str
    entries: Mapping[str, Entry]
    headers: Mapping[str, Header]
    withheld: Mapping[str, Denial]


class Records:
    """The records of one machine, under a folder of their own inside `HF_HOME`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, snapshot: Snapshot) -> None:
        """Keeps a snapshot's listing and headers, and what its name meant. A full or read-only disk is no error."""
        repository, commit = snapshot.repository, snapshot.commit
        if commit is None:
            return
        before = self.load(repository, commit)  # perhaps of a run that was given more
        headers = {**(before.headers if before else {}), **snapshot.headers}
        record = {
            "repository": repository,
            "commit": commit,
            "entries": {path: [e.size, e.git_blob, e.sha256] for path, e in snapshot.entries.items()},
            "headers": {path: _header_to_json(header) for path, header in headers.items()},
            "withheld": {path: [denial.why, denial.fix] for path, denial in snapshot.withheld.items()},
        }
        meaning = {"repository": repository, "commit": commit}
        with suppress(OSError):
            _write(self._commit_file(repository, commit), record)
            _write(self._name_file(snapshot.ref.name, snapshot.ref.revision), meaning)

    def meaning(self, name: str, revision: str | None) -> tuple[str, str] | None:
        """The (repository, commit) that a name and revision stood for when the Hub was last asked."""
        found = _read(self._name_file(name, revision))
        return (found["repository"], found["commit"]) if found else None

    def load(self, repository: str, commit: str) -> Record | None:
        """The record of a commit, if there is a sound one."""
        found = _read(self._commit_file(repository, commit))
        if not found or (found["repository"], found["commit"]) != (repository, commit):
            return None
        entries = {path: Entry(path, *values) for path, values in found["entries"].items()}
        headers = {path: _header_from_json(value) for path, value in found["headers"].items()}
        withheld = {path: Denial(*values) for path, values in found["withheld"].items()}
        return Record(repository, commit, entries, headers, withheld)

    def keep(self, repository: str, digest: str, data: bytes) -> None:
        """Keeps a file that was read past the client's cache. A full or read-only disk is no error."""
        with suppress(OSError):
            write_whole(self._folder / quote(repository, safe="") / "files" / digest, data)

    def kept(self, digest: str) -> Iterator[tuple[str, Path]]:
        """Where such a file may be, by the repository that it was read of."""
        for folder in sorted(self._folder.glob("*/files")):
            yield unquote(folder.parent.name), folder / digest

    def keep_head(self, repository: str, commit: str, path: str, head: bytes) -> None:
        """Keeps the head of a GGUF file, which is megabytes of text and packs well. A full disk is no error."""
        packed = zlib.compress(head, 1)
        with suppress(OSError):
            write_whole(self._head_file(repository, commit, path), hashlib.sha256(packed).digest() + packed)

    def head(self, repository: str, commit: str, path: str) -> bytes | None:
        """The head of a GGUF file, if a sound one is kept."""
        try:
            whole = self._head_file(repository, commit, path).read_bytes()
            digest, packed = whole[:32], whole[32:]
            if hashlib.sha256(packed).digest() != digest:
                return None
            return zlib.decompressobj().decompress(packed, HEAD_LIMIT)
        except (OSError, zlib.error):
            return None

    def _head_file(self, repository: str, commit: str, path: str) -> Path:
        name = hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()
        return self._folder / quote(repository, safe="") / f"{commit}.{name}.gguf-head"

    def _commit_file(self, repository: str, commit: str) -> Path:
        return self._folder / quote(repository, safe="") / f"{commit}.json"

    def _name_file(self, name: str, revision: str | None) -> Path:
        return self._folder / quote(name, safe="") / "refs" / f"{quote(revision or 'main', safe='')}.json"


def _header_to_json(header: Header) -> dict[str, Any]:
    tensors = {name: [tensor.dtype, list(tensor.shape)] for name, tensor in header.tensors.items()}
    return {"sha256": header.sha256, "file_size": header.file_size, "tensors": tensors}


def _header_from_json(value: dict[str, Any]) -> Header:
    tensors = {name: Tensor(dtype, tuple(shape)) for name, (dtype, shape) in value["tensors"].items()}
    return Header(tensors, value["sha256"], value["file_size"])


def _read(path: Path) -> dict[str, Any] | None:
    """What `_write` wrote; None where that is not, to the letter, what the file holds."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("version") != _VERSION or not isinstance(found.get("content"), dict):
        return None
    content: dict[str, Any] = found["content"]
    return content if found.get("sha256") == _digest(content) else None


def _write(path: Path, content: dict[str, Any]) -> None:
    """Writes what `_read` accepts."""
    text = json.dumps({"version": _VERSION, "sha256": _digest(content), "content": content})
    write_whole(path, text.encode())


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
