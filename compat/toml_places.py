"""TOML with the place of each key and value, which the standard parser does not tell (https://toml.io/en/v1.0.0).

`tomllib` says what the text means, and a walk over the text says where. The walk takes all that is TOML, and more that
`tomllib` then refuses. It goes first, so that depth and number are bounded before anything is built.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .visible import shortened, visible

Path = tuple[str | int, ...]

_DEEPEST = 32  # real files stay below ten; the parser's time grows with the square of a dotted key's length
_MOST = 100_000  # keys and values; they take memory beyond the text's own size
_BLANK = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_BASIC = r'"(?:[^"\\\n]++|\\.)*+"'
_LITERAL = r"'[^'\n]*+'"
_KEY = re.compile(rf"[ \t]*+(?P<part>{_BASIC}|{_LITERAL}|[A-Za-z0-9_-]++)[ \t]*+")
# Of a string in three quotes, up to two more may stand at its end. A line end right after the first three is dropped.
_LONG_BASIC = r'"""(?:\r?\n)?(?P<long_basic>(?:[^"\\]++|\\.|""?+(?!"))*+"{0,2}?)"""(?!")'
_LONG_LITERAL = r"'''(?:\r?\n)?(?P<long_literal>(?:[^']++|''?+(?!'))*+'{0,2}?)'''(?!')"
_SHORT = r'"(?P<basic>(?:[^"\\\n]++|\\.)*+)"|' + r"'(?P<literal>[^'\n]*+)'"
# A number, a truth value or a date, which may have a blank before its time.
_PLAIN = r"(?P<plain>\d{4}-\d\d-\d\d \d\d:[^\s,\]}#]++|[^\s,\[\]{}#\"'=]++)"
_SCALAR = re.compile(f"{_LONG_BASIC}|{_LONG_LITERAL}|{_SHORT}|{_PLAIN}", re.DOTALL)


class TomlError(ValueError):
    """The text is no TOML, or out of bounds; the message is a clause that follows the file's name."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text, from `start` up to `end`, in characters."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Toml:
    """A parsed text. A path is the keys that lead to a value, and the index in each list on the way.

    Attributes:
        text: the file's.
        tree: what it means.
        values: where each value stands; a string without its quotes, a list and an inline table with its brackets.
        keys: where each key stands, and each table's name where it is first written; an item of an array of tables by
            the name in its own header.
    """

    text: str
    tree: dict[str, Any]
    values: Mapping[Path, Span]
    keys: Mapping[Path, Span]

    def span(self, path: Path) -> Span:
        """Where the value stands; of a table its name; of what is not there, the nearest that holds it."""
        while path not in self.values and path not in self.keys and path:
            path = path[:-1]
        return self.values.get(path) or self.keys.get(path) or Span(0, 0)


def parse(text: str) -> Toml:
    """Reads TOML.

    Raises:
        TomlError: if the text is no TOML, is nested too deep or holds too many values.
    """
    walk = _Walk(text)
    try:
        walk.document()
        lost = False
    except _LostError:
        lost = True
    try:
        tree = tomllib.loads(text)
    except ValueError as error:
        why = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "a number out of bounds"
        raise TomlError(f"is no TOML ({shortened(visible(why), 200)})") from error
    if lost:
        raise TomlError("is TOML of a kind that is not understood here")
    return Toml(text, tree, walk.values, walk.keys)


class _LostError(Exception):
    """Here the text is no TOML."""


@dataclass
class _Walk:
    """One pass over a text, from the left to the right."""

    text: str
    at: int = 0
    values: dict[Path, Span] = field(default_factory=dict)
    keys: dict[Path, Span] = field(default_factory=dict)
    last: dict[Path, int] = field(default_factory=dict)  # of each array of tables, the index of its last item

    def document(self) -> None:
        """All tables of the text."""
        table: Path = ()
        self.blank()
        while self.at < len(self.text):
            if self.takes("[["):
                table = self.item(self.key())
                self.needs("]]")
            elif self.takes("["):
                table = self.within((), self.key())
                self.needs("]")
            else:
                self.entry(table)
            self.blank()

    def item(self, key: list[tuple[str, Span]]) -> Path:
        """The path of a new item of an array of tables."""
        array = (*self.within((), key[:-1]), key[-1][0])
        self.put(self.keys, array, key[-1][1])
        self.last[array] = self.last.get(array, -1) + 1
        path = (*array, self.last[array])
        self.put(self.keys, path, key[-1][1])
        return path

    def within(self, table: Path, key: list[tuple[str, Span]]) -> Path:
        """The path of a key in a table; of an array of tables, in its last item."""
        for part, span in key:
            table = (*table, part)
            self.put(self.keys, table, span)
            if table in self.last:
                table = (*table, self.last[table])
        return table

    def entry(self, table: Path) -> None:
        """A key and its value."""
        path = self.within(table, self.key())
        self.needs("=")
        self.value(path)

    def value(self, path: Path) -> None:
        """A value with all that is in it."""
        self.bounded(path)
        self.blank()
        start = self.at
        if self.takes("["):
            self.items(path)
        elif self.takes("{"):
            self.inline(path)
        elif found := _SCALAR.match(self.text, self.at):
            self.at = found.end()
            self.put(self.values, path, Span(*found.span(found.lastgroup or 0)))
            return
        else:
            raise _LostError
        self.put(self.values, path, Span(start, self.at))

    def items(self, path: Path) -> None:
        """What is in brackets."""
        index = 0
        self.blank()
        while not self.takes("]"):
            self.value((*path, index))
            index += 1
            self.blank()
            if not self.takes(","):
                self.needs("]")
                return
            self.blank()

    def inline(self, path: Path) -> None:
        """What is in braces."""
        self.blank()
        while not self.takes("}"):
            self.entry(path)
            self.blank()
            if not self.takes(","):
                self.needs("}")
                return
            self.blank()

    def key(self) -> list[tuple[str, Span]]:
        """A key's parts between dots."""
        parts: list[tuple[str, Span]] = []
        while len(parts) <= _DEEPEST:
            found = _KEY.match(self.text, self.at)
            if not found:
                raise _LostError
            self.at = found.end()
            parts.append((_unquoted(found["part"]), Span(*found.span("part"))))
            if not self.takes("."):
                break
        return parts

    def put(self, places: dict[Path, Span], path: Path, span: Span) -> None:
        """Keeps a place; the first counts, as a table may be named again in the names of those below it."""
        self.bounded(path)
        places.setdefault(path, span)

    def bounded(self, path: Path) -> None:
        """Refuses what would take too much time or memory."""
        if len(path) > _DEEPEST:
            raise TomlError(f"nests deeper than {_DEEPEST} levels (line {self.line()})")
        if len(self.keys) + len(self.values) >= _MOST:
            raise TomlError(f"holds more than {_MOST:,} keys and values (line {self.line()})")

    def line(self) -> int:
        """The line reached, from 1."""
        return self.text.count("\n", 0, self.at) + 1

    def blank(self) -> None:
        """Past blanks, line ends and comments."""
        found = _BLANK.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def takes(self, mark: str) -> bool:
        """Past the mark, if it stands here."""
        found = self.text.startswith(mark, self.at)
        self.at += len(mark) if found else 0
        return found

    def needs(self, mark: str) -> None:
        """Past the mark."""
        if not self.takes(mark):
            raise _LostError


def _unquoted(part: str) -> str:
    """A key as it is meant; what escapes mean is left to the parser."""
    if part[0] not in "\"'":
        return part
    if "\\" not in part:
        return part[1:-1]
    try:
        return str(tomllib.loads(f"key = {part}")["key"])
    except ValueError as error:
        raise _LostError from error
