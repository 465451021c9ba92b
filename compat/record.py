"""What an earlier run learnt from the Hub, kept so that `--offline` knows which files a commit does *not* have.

The Hub's own cache keeps the files that were downloaded and cannot tell a file that does not exist from one that
nobody asked for, and it keeps no part of a weight file. A record fills both gaps: the listing of one commit, and the
headers read of it. It is keyed by commit, so it never goes stale; a damaged one counts as none.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from .snapshot import Entry, Snapshot
from .weights import Header, Tensor

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Record:
    """One commit as the Hub listed it, with the headers that were read."""

    repository: str
    commit: str
    entries: Mapping[str, Entry]
    headers: Mapping[str, Header]


class Records:
    """The records of one machine, under a folder of their own inside `HF_HOME`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, snapshot: Snapshot) -> None:
        """Keeps a snapshot's listing and headers, and what its name meant. A full or read-only disk is no error."""
        repository, commit = snapshot.repository, snapshot.commit
        if commit is None:
            return
        record = {
            "version": _VERSION,
            "repository": repository,
            "commit": commit,
            "entries": {path: [e.size, e.git_blob, e.sha256] for path, e in snapshot.entries.items()},
            "headers": {path: _header_to_json(header) for path, header in snapshot.headers.items()},
        }
        try:
            _write(self._commit_file(repository, commit), json.dumps(record))
            _write(
                self._name_file(snapshot.ref.name, snapshot.ref.revision),
                json.dumps({"repository": repository, "commit": commit}),
            )
        except OSError:
            return

    def meaning(self, name: str, revision: str | None) -> tuple[str, str] | None:
        """The (repository, commit) that a name and revision stood for when the Hub was last asked."""
        found = _read(self._name_file(name, revision))
        try:
            return str(found["repository"]), str(found["commit"])
        except KeyError:
            return None

    def load(self, repository: str, commit: str) -> Record | None:
        """The record of a commit, if there is a sound one."""
        found = _read(self._commit_file(repository, commit))
        try:
            if found["version"] != _VERSION or found["repository"] != repository or found["commit"] != commit:
                return None
            entries = {path: Entry(path, *values) for path, values in dict(found["entries"]).items()}  # type: ignore[call-overload]
            headers = {path: _header_from_json(value) for path, value in dict(found["headers"]).items()}  # type: ignore[call-overload]
        except (KeyError, TypeError, ValueError):
            return None
        return Record(repository, commit, entries, headers)

    def _commit_file(self, repository: str, commit: str) -> Path:
        return self._folder / quote(repository, safe="") / f"{commit}.json"

    def _name_file(self, name: str, revision: str | None) -> Path:
        return self._folder / quote(name, safe="") / "refs" / f"{quote(revision or 'main', safe='')}.json"


def _header_to_json(header: Header) -> dict[str, object]:
    tensors = {name: [tensor.dtype, list(tensor.shape)] for name, tensor in header.tensors.items()}
    return {"sha256": header.sha256, "file_size": header.file_size, "tensors": tensors}


def _header_from_json(value: dict[str, object]) -> Header:
    tensors = {name: Tensor(dtype, tuple(shape)) for name, (dtype, shape) in dict(value["tensors"]).items()}  # type: ignore[call-overload]
    size = value["file_size"]
    if not isinstance(size, int | None):
        raise TypeError(size)
    return Header(tensors, str(value["sha256"]), size)


def _read(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, text: str) -> None:
    """Writes a whole file or nothing, so that a reader beside us never sees half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).replace(path)
