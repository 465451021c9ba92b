"""What the user wrote for a model, and what it names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from .errors import BadReferenceError

# The Hub's own bounds on a name: letters, digits, '-', '_' and '.', neither '-' nor '.' at an end, no '--' or '..'.
_PART = r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?!.*(?:--|\.\.|\.git\Z))(?:{_PART}/)?{_PART}")
_REVISION = re.compile(r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9._/+-]{0,254}")
_COMMIT = re.compile(r"[0-9a-f]{40}")


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
    """

    original: str
    kind: Kind
    name: str
    revision: str | None = None

    @property
    def pinned(self) -> bool:
        """Whether the revision is a full commit, which can never come to mean something else."""
        return self.revision is not None and _COMMIT.fullmatch(self.revision) is not None

    def at(self, commit: str) -> ModelRef:
        """The same repository at one commit."""
        return ModelRef(self.original, self.kind, self.name, commit)


def parse(text: str) -> ModelRef:
    """Reads a model reference.

    `org/name`, `name`, `org/name@revision` and `hf://org/name[@revision]` name a repository on the Hub; a path that
    starts with `.`, `/` or `~` or ends with `/`, or that is an existing folder, names that folder, as it does for
    every loader; `demo:name` names a model that ships with the decoder.

    Raises:
        BadReferenceError: if the text names nothing.
    """
    if text.startswith("demo:"):
        return ModelRef(text, Kind.DEMO, text.removeprefix("demo:"))
    if text.startswith("hf://"):
        return _hub(text, text.removeprefix("hf://"))
    if _looks_like_path(text):
        return ModelRef(text, Kind.FOLDER, text)
    return _hub(text, text)


def is_name(text: object) -> bool:
    """Whether this can be the name of a repository on the Hub."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def _looks_like_path(text: str) -> bool:
    if text.startswith((".", "/", "~")) or text.endswith("/"):
        return True
    try:
        return bool(text) and Path(text).is_dir()
    except (OSError, ValueError):  # a name too long for the file system, or with a NUL: no folder, surely
        return False


def _hub(original: str, text: str) -> ModelRef:
    name, at, revision = text.partition("@")
    if "://" in text:
        raise BadReferenceError(
            f"'{original}' is a web address, not a model: write the repository's name alone, as in org/name.",
            model=original,
        )
    if not is_name(name):
        raise BadReferenceError(
            f"'{original}' does not name a model: write org/name, org/name@revision, the path of a folder (./folder),"
            " or demo:target.",
            model=original,
        )
    if at and not _REVISION.fullmatch(revision):
        raise BadReferenceError(
            f"'{original}' has no usable revision after '@': write a branch, a tag or a commit.", model=original
        )
    return ModelRef(original, Kind.HUB, name, revision or None)
