"""Looks through files for pairings: each file is read as its kind, and what is found gets its line and column."""

from __future__ import annotations

import codecs
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from ..errors import CheckError
from ..taking import Advance
from .errors import UnreadError
from .found import Found, Pairing, Unpaired
from .mentions import mentions
from .readers import Reader, reader_by_first_line, reader_by_name, reader_of
from .reading import Scope
from .traced import Lines, Traced
from .walk import files, is_left_out, shown

_LIMIT = 1024 * 1024  # characters of a file that is parsed
_LONGEST = 64 * 1024 * 1024  # bytes of one that is searched


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look into, and what is known beforehand.

    Attributes:
        given: variables' values, from the command line or the project's configuration.
        env: whether to look into .env files.
        markdown: whether to look into the code blocks of Markdown.
        exclude: patterns of paths that are left out.
    """

    given: Mapping[str, str] = field(default_factory=dict)
    env: bool = False
    markdown: bool = False
    exclude: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Located:
    """Something found, and where.

    Attributes:
        file: relative to the project's root, with slashes.
        line: from 1.
        column: in characters, from 1.
        found: what it is.
    """

    file: str
    line: int
    column: int
    found: Found


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan came to.

    Attributes:
        located: in the order of files and places.
        unread: file → why it could not be looked through, as a clause.
        files: how many were looked at.
    """

    located: tuple[Located, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    files: int = 0

    def pairings(self) -> Iterator[tuple[Located, Pairing]]:
        """The pairings among it."""
        for one in self.located:
            if isinstance(one.found, Pairing):
                yield one, one.found

    def unpaired(self) -> Iterator[tuple[Located, Unpaired]]:
        """The speculation that needs no pair."""
        for one in self.located:
            if isinstance(one.found, Unpaired):
                yield one, one.found


def scan(root: Path, paths: Sequence[Path], wanted: Wanted, advance: Advance = lambda _: None) -> Scanned:
    """Looks through files and folders.

    Args:
        root: the project's folder, which files are named relative to.
        paths: where to look; a file that is named itself is looked into whatever `wanted` says of its kind.
        wanted: what else decides.
        advance: told the number of files met, as they are.

    Raises:
        CheckError: if a path does not exist or cannot be read.
    """
    located: list[Located] = []
    unread: dict[str, str] = {}
    count = 0
    for file in files(root, paths, wanted.exclude):
        advance(1)
        name = shown(root, file)
        try:
            found = _read(file, wanted, named=file in paths)
            if found is not None:
                count += 1
                located += look(name, *found, Scope(wanted.given))
        except UnreadError as error:
            unread[name] = str(error)
    return Scanned(tuple(located), unread, count)


def _read(file: Path, wanted: Wanted, *, named: bool) -> tuple[str, Reader] | None:
    """A file's text and how it is read; None where it is of no kind that is looked into.

    Raises:
        UnreadError: if the file is too long, is no text although it may hold a pairing, or was named for nothing.
    """
    reader = reader_by_name(file.name, env=wanted.env or named, markdown=wanted.markdown or named)
    if file.suffix == ".conf" and file.parent.name.endswith(".service.d"):
        reader = reader_of("service")
    reader = reader or reader_by_first_line(_first_line(file))
    if reader is not None:
        return _text(file), reader
    if named and not is_left_out(file.name):
        raise UnreadError("is of no kind that is looked into")
    return None


def look(name: str, text: str, reader: Reader, scope: Scope) -> list[Located]:
    """What one file's text holds.

    Raises:
        UnreadError: if the text may hold a pairing and cannot be read as its kind.
    """
    if not mentions(text):
        return []
    if len(text) > _LIMIT:
        raise UnreadError("is longer than 1 MiB")
    lines = Lines(text)
    try:
        found = {_key(one): one for one in reversed(list(reader(Traced.whole(text), scope)))}
    except RecursionError as error:
        raise UnreadError("is nested too deep") from error
    placed = [Located(name, *lines.position(_offset(one)), one) for one in found.values()]
    return sorted(placed, key=lambda one: (one.line, one.column))


def _offset(found: Found) -> int:
    return found.drafter.offset if isinstance(found, Pairing) else found.offset


def _key(found: Found) -> tuple[object, ...]:
    """What is found in two ways is one."""
    if isinstance(found, Unpaired):
        return found.engine, found.offset
    return found.engine, found.drafter.offset, found.drafter.value, found.target and found.target.value


def _first_line(file: Path) -> str:
    """The line that names a script's program; empty where there is none."""
    with _opened(file) as stream:
        data = stream.readline(256)
    return data.decode("utf-8", "replace") if data.startswith(b"#!") else ""


def _opened(file: Path) -> BinaryIO:
    """An open file.

    Raises:
        CheckError: if it cannot be opened.
    """
    try:
        return file.open("rb")
    except OSError as error:
        raise CheckError(f"{file} cannot be read ({error.strerror}): check its permissions.") from error


def _text(file: Path) -> str:
    """A file's text.

    Raises:
        UnreadError: if the file is too long, or is no text although it may hold a pairing.
    """
    with _opened(file) as stream:
        data = stream.read(_LONGEST + 1)
    if len(data) > _LONGEST:
        raise UnreadError("is longer than 64 MiB")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    # What is no UTF-8 stays in its place: names of models are ASCII.
    text = data.decode("utf-8", "replace")
    if "\0" in text:
        text = text.replace("\0", "")
        if mentions(text):
            raise UnreadError("holds NUL characters, as no text does")
    return text.removeprefix("\ufeff")
