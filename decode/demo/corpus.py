"""The text that the demo models learn from: the Python standard library's own sources."""

from __future__ import annotations

import ast
import sysconfig
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SKIPPED_FOLDERS: Final = frozenset(
    {
        "test",
        "tests",
        "idle_test",
        "idlelib",
        "lib2to3",
        "turtledemo",
        "site-packages",
        "__pycache__",
        "_bundled",  # pip's wheels: another licence
        "encodings",  # tables of characters, hardly a sentence in them
        "pydoc_data",  # one manual as string literals
    }
)
SKIPPED_FILES: Final = frozenset({"html/entities.py"})  # a table
GENERATED: Final = ("_sysconfigdata", "config-")  # written when the interpreter was built: they name its folders
HELD_OUT_SHARE: Final = 20  # one file in so many


@dataclass(frozen=True)
class Corpus:
    """Source files as (path below the standard library's root, text), sorted by path, split by whole files."""

    learned: tuple[tuple[str, str], ...]
    held_out: tuple[tuple[str, str], ...]


def read_corpus() -> Corpus:
    """Read the running interpreter's standard library; the same interpreter gives the same corpus."""
    root = Path(sysconfig.get_path("stdlib"))
    names = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.py"))
    texts = [(name, _read(root / name)) for name in names if _wanted(name)]
    filled = [(name, text) for name, text in texts if text.strip()]
    return Corpus(
        learned=tuple(pair for pair in filled if not _held_out(pair[0])),
        held_out=tuple(pair for pair in filled if _held_out(pair[0])),
    )


def docstrings(text: str) -> str:
    """Return the docstrings of one module's source, a blank line between them; none where it does not parse."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return ""
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found = (ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, owners))
    return "\n\n".join(doc for doc in found if doc)


def _read(path: Path) -> str:
    # A few modules keep letters of an older encoding in comments; those letters are not worth a decoder.
    return path.read_text(encoding="utf-8", errors="ignore")


def _wanted(name: str) -> bool:
    parts = name.split("/")
    return (
        name not in SKIPPED_FILES
        and SKIPPED_FOLDERS.isdisjoint(parts)
        and not any(part.startswith(GENERATED) for part in parts)
    )


def _held_out(name: str) -> bool:
    # By the path's checksum, so that a file's side does not move when another Python version adds files.
    return zlib.crc32(name.encode()) % HELD_OUT_SHARE == 0
