"""What the user wrote for a model, and what it names."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from .errors import BadReferenceError
from .visible import shortened

# The Hub's own bounds on a name: letters, digits, '-', '_' and '.', neither '-' nor '.' at an end, no '--' or '..'.
_PART = r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?!.*(?:--|\.\.|\.git\Z))(?:{_PART}/)?{_PART}")
_REVISION = re.compile(r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9._/+-]{0,254}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_GGUF = ".gguf"
_LONGEST_PATH = 1024


class Kind(StrEnum):
    """Where a model lies."""

    HUB = "hub"
    FOLDER = "folder"
    DEMO = "demo"


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model as the user names it.

    Attributes:
        original: exactly what was written.
        kind: where the model lies.
        name: `org/name` or a legacy `name` on the Hub, a path, or the demo model's name.
        revision: branch, tag, pull request ref or commit on the Hub; None means the default branch.
        file: the path of the GGUF file that is meant, inside the repository or folder; None means what loaders take.
    """

    original: str
    kind: Kind
    name: str
    revision: str | None = None
    file: str | None = None

    @property
    def pinned(self) -> bool:
        """Whether the revision is a full commit, which can never come to mean something else."""
        return self.revision is not None and _COMMIT.fullmatch(self.revision) is not None

    def at(self, commit: str) -> ModelRef:
        """The same repository at one commit."""
        return ModelRef(self.original, self.kind, self.name, commit, self.file)


def parse(text: str) -> ModelRef:
    """Reads a model reference.

    `org/name`, `name`, `org/name@revision` and `hf://org/name[@revision]` name a repository on the Hub; a path that
    starts with `.`, `/` or `~` or ends with `/`, or that is an existing folder, names that folder, as it does for
    every loader; `demo:name` names a model that ships with the decoder. A GGUF file is named behind a colon on the Hub
    (`org/name:file.gguf`, `org/name@revision:folder/file.gguf`), and by its path elsewhere.

    Raises:
        BadReferenceError: if the text names nothing.
    """
    if text.startswith("demo:"):
        return ModelRef(text, Kind.DEMO, text.removeprefix("demo:"))
    if text.startswith("hf://"):
        return _hub(text, text.removeprefix("hf://"))
    if _looks_like_path(text):
        return _local(text)
    return _hub(text, text)


def is_name(text: object) -> bool:
    """Whether this can be the name of a repository on the Hub."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def _looks_like_path(text: str) -> bool:
    if text.startswith((".", "/", "~")) or text.endswith("/"):
        return True
    return bool(text) and (_is(Path.is_dir, text) or (text.endswith(_GGUF) and _is(Path.is_file, text)))


def _is(kind: Callable[[Path], bool], text: str) -> bool:
    try:
        return kind(Path(text).expanduser())
    except (OSError, RuntimeError, ValueError):  # a name too long for the file system, with a NUL, `~` of nobody
        return False


def _local(text: str) -> ModelRef:
    if not text.endswith(_GGUF) or _is(Path.is_dir, text):
        return ModelRef(text, Kind.FOLDER, text)
    path = Path(text)
    return ModelRef(text, Kind.FOLDER, str(path.parent), file=path.name)


def _hub(original: str, text: str) -> ModelRef:
    before, colon, file = text.partition(":")
    name, at, revision = before.partition("@")
    shown = shortened(original)
    if "://" in text:
        raise BadReferenceError(
            f"'{shown}' is a web address, not a model: write the repository's name alone, as in org/name.",
            model=original,
        )
    if not is_name(name):
        raise BadReferenceError(
            f"'{shown}' does not name a model: write org/name, org/name@revision, the path of a folder (./folder),"
            " or demo:target.",
            model=original,
        )
    if at and not _REVISION.fullmatch(revision):
        raise BadReferenceError(
            f"'{shown}' has no usable revision after '@': write a branch, a tag or a commit.", model=original
        )
    if colon and not _is_gguf_path(file):
        raise BadReferenceError(
            f"'{shown}' names no GGUF file after ':': write the file's path in the repository, as in"
            " org/name:file.gguf.",
            model=original,
        )
    return ModelRef(original, Kind.HUB, name, revision or None, file or None)


def _is_gguf_path(text: str) -> bool:
    parts = text.split("/")
    return text.endswith(_GGUF) and text.isprintable() and len(text) <= _LONGEST_PATH and not {"", ".", ".."} & {*parts}
