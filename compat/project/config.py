"""Finds and reads a project's configuration: `[tool.specdec-check]` of pyproject.toml, or specdec.toml."""

from __future__ import annotations

import stat
from pathlib import Path

from ..toml_places import TomlError, parse
from . import config_keys
from .config_document import ConfigError, Document
from .config_table import Table
from .declared import DeclaredPair, Ignore, Place, Project, ScanSettings

__all__ = [
    "OWN_FILE",
    "SHARED_FILE",
    "ConfigError",
    "DeclaredPair",
    "Ignore",
    "Place",
    "Project",
    "ScanSettings",
    "load",
]

OWN_FILE = "specdec.toml"
SHARED_FILE = "pyproject.toml"
_TABLE = ("tool", "specdec-check")
_LARGEST = 1 << 20  # bytes


def load(start: Path) -> Project:
    """The configuration that holds for a folder: its own, or the nearest above it in the same repository.

    Args:
        start: a folder, or a file in it.

    Raises:
        ConfigError: if a configuration cannot be read, if one folder holds two, or if one thing is wrong with it.
        SeveralErrors: of ConfigErrors, if several things are.
    """
    try:
        start = start.resolve()
        start = start if start.is_dir() else start.parent
        for folder in (start, *start.parents):
            found = _in_folder(folder)
            if found is not None:
                return found
            if (folder / ".git").exists():
                return Project(folder)
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a name with NUL, no right to look
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError(f"The configuration of {start} cannot be looked for ({why}): give another folder.") from error
    return Project(start)


def _in_folder(folder: Path) -> Project | None:
    own, shared = _own(folder / OWN_FILE), _shared(folder / SHARED_FILE)
    if own and shared:
        raise ConfigError(
            f"{own.document.file} and [{'.'.join(_TABLE)}] of {shared.document.file} both configure this project: move"
            " all into one of them."
        )
    table = own or shared
    if table is None:
        return None
    project = config_keys.read(table, folder, table.document.file)
    table.document.raise_problems()
    return project


def _own(file: Path) -> Table | None:
    """All of specdec.toml; None where there is none."""
    data = _bytes(file)
    return None if data is None else Table(_document(file, data), (), "", config_keys.TOP)


def _shared(file: Path) -> Table | None:
    """The tool's table in pyproject.toml; None where there is none."""
    data = _bytes(file)
    if data is None:
        return None
    try:
        document = _document(file, data)
    except ConfigError:
        if _TABLE[-1].encode() in data:
            raise
        return None  # a template, or damaged: that is for others to say, as none of it is meant for us
    tool = document.toml.tree.get(_TABLE[0])
    if not isinstance(tool, dict) or _TABLE[-1] not in tool:
        return None
    if not isinstance(tool[_TABLE[-1]], dict):
        document.note(_TABLE, f"'{'.'.join(_TABLE)}' must be a table, [{'.'.join(_TABLE)}].")
        document.raise_problems()
    return Table(document, _TABLE, "", config_keys.TOP)


def _document(file: Path, data: bytes) -> Document:
    try:
        # utf-8-sig because editors on Windows write a byte order mark, which TOML's parser refuses.
        return Document(file, parse(data.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{file}, line {line} is not UTF-8: save the file in that encoding.") from error
    except TomlError as error:
        raise ConfigError(f"{file} {error}: mend it there.") from error


def _bytes(file: Path) -> bytes | None:
    """The file's content; None where there is none."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):  # opening a pipe would wait for its writer
            raise ConfigError(f"{file} is no file: a configuration must be one.")
        with file.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except FileNotFoundError as error:
        if file.is_symlink():
            raise ConfigError(f"{file} is a link to a file that is not there: mend or remove it.") from error
        return None
    except NotADirectoryError:
        return None
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror}): make it readable, or remove it.") from error
    if len(data) > _LARGEST:
        raise ConfigError(f"{file} is larger than 1 MiB, which no configuration is: move it away.")
    return data
