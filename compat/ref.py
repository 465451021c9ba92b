"""What the user wrote for a model, and what it names."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from .errors import BadReferenceError
from .visible import shortened

# The Hub's own bounds on a name: letters, digits, '-', '_' and '.', neither '-' nor '.' at an end, no '--' or '..'.
_PART = r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?!.*(?:--|\.\.|\.git\Z))(?:{_PART}/)?{_PART}")
_REVISION = re.compile(r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9._/+-]{0,254}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_QUANTIZATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
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
        quantization: the tag that stands for that file on the Hub, in place of a path.
    """

    original: str
    kind: Kind
    name: str
    revision: str | None = None
    file: str | None = None
    quantization: str | None = None

    @property
    def pinned(self) -> bool:
        """Whether the revision is a full commit, which can never come to mean something else."""
        return self.revision is not None and _COMMIT.fullmatch(self.revision) is not None

    def at(self, commit: str) -> ModelRef:
        """The same repository at one commit."""
        return replace(self, revision=commit)


def parse(text: str, start: Path | None = None) -> ModelRef:
    """Reads a model reference.

    `org/name`, `name`, `org/name@revision` and `hf://org/name[@revision]` name a repository on the Hub; a path that
    starts with `.`, `/` or `~` or ends with `/`, or that is an existing folder, names that folder, as it does for
    every loader; `demo:name` names a model that ships with the decoder. A GGUF file is named behind a colon on the Hub
    (`org/name:file.gguf`, `org/name@revision:folder/file.gguf`) or by its quantisation, as llama.cpp's `-hf` takes it
    (`org/name:Q4_K_M`), and by its path elsewhere.

    Args:
        text: what was written.
        start: the folder that relative paths start from; None means the one that the program runs in.

    Raises:
        BadReferenceError: if the text names nothing.
    """
    if not text.startswith(("demo:", "hf://")) and _looks_like_path(text, start):
        return _local(text, start)
    return parse_elsewhere(text)


def parse_elsewhere(text: str) -> ModelRef:
    """Reads a model reference as `parse` does, whatever folders are here: what runs it sees others, or none.

    Raises:
        BadReferenceError: if the text names no repository and no demo model.
    """
    if text.startswith("demo:"):
        return ModelRef(text, Kind.DEMO, text.removeprefix("demo:"))
    return _hub(text, text.removeprefix("hf://"))


def is_name(text: object) -> bool:
    """Whether this can be the name of a repository on the Hub."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def _looks_like_path(text: str, start: Path | None) -> bool:
    if text.startswith((".", "/", "~")) or text.endswith("/"):
        return True
    path = _from(start, text)
    return bool(text) and (_is(Path.is_dir, path) or (text.endswith(_GGUF) and _is(Path.is_file, path)))


def _from(start: Path | None, text: str) -> str:
    return text if start is None or text.startswith("~") else str(start / text)


def _is(kind: Callable[[Path], bool], path: str) -> bool:
    try:
        return kind(Path(path).expanduser())
    except (OSError, RuntimeError, ValueError):  # a name too long for the file system, with a NUL, `~` of nobody
        return False


def _local(text: str, start: Path | None) -> ModelRef:
    path = _from(start, text)
    if not text.endswith(_GGUF) or _is(Path.is_dir, path):
        return ModelRef(text, Kind.FOLDER, path)
    return ModelRef(text, Kind.FOLDER, str(Path(path).parent), file=Path(path).name)


def _hub(original: str, text: str) -> ModelRef:
    before, colon, behind = text.partition(":")
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
    if _is_gguf_path(behind):
        return ModelRef(original, Kind.HUB, name, revision or None, file=behind)
    # Of a name without organisation llama.cpp takes no tag; Ollama's names look like that.
    if colon and not ("/" in name and _QUANTIZATION.fullmatch(behind)):
        raise BadReferenceError(
            f"'{shown}' names no GGUF file after ':': write the file's path in the repository or its quantisation, as"
            " in org/name:file.gguf or org/name:Q4_K_M.",
            model=original,
        )
    return ModelRef(original, Kind.HUB, name, revision or None, quantization=behind or None)


def _is_gguf_path(text: str) -> bool:
    parts = text.split("/")
    return text.endswith(_GGUF) and text.isprintable() and len(text) <= _LONGEST_PATH and not {"", ".", ".."} & {*parts}
