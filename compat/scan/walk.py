"""Which files a scan looks into."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from ..errors import CheckError, NotFoundError

# Folders of tools and of other people's code, where nothing of the project stands.
_LEFT_OUT = frozenset(
    """
    .git .hg .svn node_modules __pycache__ site-packages .tox .nox .mypy_cache .ruff_cache .pytest_cache
    .terraform .eggs
    """.split()
)
# What models ship beside their weights: long, and in no way a deployment.
_OF_MODELS = ("tokenizer.json", "tokenizer_config.json", "vocab.json", "added_tokens.json", "special_tokens_map.json")
_MOST_FILES = 200_000


def files(root: Path, paths: Sequence[Path], exclude: Collection[str]) -> Iterator[Path]:
    """Every file at and under the paths, each once, in the order of their names.

    Links to folders are not followed: what they lead to inside the project is met at its own place. Links to files of
    the project are looked into under their own names; what lies outside is not the project's.

    Args:
        root: what the patterns are relative to.
        paths: files and folders.
        exclude: patterns of paths that are left out, such as `vendor/**`; a file that is named itself is not.

    Raises:
        CheckError: if a path does not exist or cannot be listed, or there are more files than a project has.
    """
    seen: set[Path] = set()
    for path in paths:
        for file in _under(root, path, exclude):
            if file not in seen:
                seen.add(file)
                yield file
            if len(seen) > _MOST_FILES:
                raise CheckError(f"There are more than {_MOST_FILES} files under {path}: name the folders that matter.")


def shown(root: Path, file: Path) -> str:
    """A file's path as a project names it: relative to its root where it lies under it, with slashes."""
    path = Path(os.path.normpath(file.absolute()))
    base = Path(os.path.normpath(root.absolute()))
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else path.as_posix()


def is_left_out(name: str) -> bool:
    """Whether a file is one that models ship, or our own."""
    return name in _OF_MODELS or name.endswith(".index.json")


def _under(root: Path, path: Path, exclude: Collection[str]) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    if not path.is_dir():
        raise NotFoundError(f"{path} is neither a file nor a folder: give paths of this project.")

    def failed(error: OSError) -> None:
        raise CheckError(f"{error.filename} cannot be listed ({error.strerror}): check its permissions.") from error

    for folder, folders, names in os.walk(path, onerror=failed):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if not _is_of_a_tool(here / name))
        folders[:] = [name for name in folders if not _out(root, here / name, exclude)]
        for name in sorted(names):
            file = here / name
            # A pipe or a socket would keep us waiting; a link counts by what it leads to.
            if file.is_file() and not is_left_out(name) and not _out(root, file, exclude) and _is_here(root, file):
                yield file


def _is_of_a_tool(folder: Path) -> bool:
    """Whether a folder holds what a tool made, or other people's code."""
    if folder.name in ("venv", ".venv"):  # by its name alone it could be anything
        return (folder / "pyvenv.cfg").exists()
    return folder.name in _LEFT_OUT


def _is_here(root: Path, file: Path) -> bool:
    """Whether a file is the project's own: no link, or one to a file of the project, whatever that is called there."""
    return not file.is_symlink() or file.resolve().is_relative_to(root.resolve())


def _out(root: Path, path: Path, exclude: Collection[str]) -> bool:
    name = shown(root, path)
    return any(fnmatch(name, pattern) or fnmatch(f"{name}/", pattern) for pattern in exclude)
