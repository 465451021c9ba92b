"""TOML as trees whose texts know their places.

The standard library's parser gives no places. It says whether a text is TOML; after that a reader that need not doubt
the text finds where everything stands. The grammar: https://toml.io/en/v1.0.0.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field

from .errors import UnreadError
from .literals import Piece, escaped_pieces, plain_pieces
from .nodes import DEEPEST, Node, bounded
from .reading import Branch, Items
from .traced import Traced

_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_LITERAL = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?P<two>"{0,2})|' r"'''.*?'''(?P<one>'{0,2})|" r"\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'",
    re.DOTALL,
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"\d{4}-\d\d-\d\d \d\d:[^\s,\]}#]*|[^\s,\]}#]+")
_LITERAL_OR_COMMENT = re.compile(rf"{_LITERAL.pattern}|#[^\n]*|(?P<open>\"\"\"|''')", re.DOTALL)
_LONGEST_PROBLEM = 80


@dataclass(slots=True)
class _Table:
    entries: dict[str, tuple[Traced, _Made]] = field(default_factory=dict)


_Made = Traced | _Table | list["_Made"]


def document(text: Traced) -> Branch:
    """The tables of a TOML text: numbers, dates and truth values as they are written.

    Raises:
        UnreadError: if the text is no TOML, or nests deeper than any honest file.
    """
    _certain(text.text)
    reader = _Reader(text)
    reader.read()
    frozen = reader.frozen(reader.root, 0)
    assert isinstance(frozen, Branch)  # noqa: S101 - the root is a table
    return frozen


def _certain(text: str) -> None:
    # The parser takes time in the square of a dotted key's length: no such key gets there.
    outside = _LITERAL_OR_COMMENT.sub(lambda found: found[0] if found["open"] else "", text)
    if any(piece.count(".") > DEEPEST for piece in re.split(r"[=,{}\[\]]", outside)):
        raise UnreadError(f"nests deeper than {DEEPEST} levels")
    try:
        tomllib.loads(text)
    except RecursionError as error:
        raise UnreadError(f"nests deeper than {DEEPEST} levels") from error
    except (ValueError, OverflowError) as error:
        raise UnreadError(f"is no TOML ({str(error)[:_LONGEST_PROBLEM]})") from error


class _Reader:
    def __init__(self, text: Traced) -> None:
        self.root = _Table()
        self._text, self._source, self._at = text, text.text, 0
        self._nodes = 0

    def read(self) -> None:
        table = self.root
        while self._skip():
            if self._take("[["):
                keys = self._keys()
                holder = self._table(self.root, keys[:-1])
                _, items = holder.entries.setdefault(keys[-1].text, (keys[-1], []))
                table = _Table()
                if isinstance(items, list):
                    items.append(table)
                self._take("]]")
            elif self._take("["):
                table = self._table(self.root, self._keys())
                self._take("]")
            else:
                self._pair(table, 0)

    def frozen(self, made: _Made, depth: int) -> Node:
        self._nodes += 1
        bounded(depth, self._nodes)
        if isinstance(made, _Table):
            return Branch({name: (key, self.frozen(value, depth + 1)) for name, (key, value) in made.entries.items()})
        if isinstance(made, list):
            return Items(tuple(self.frozen(item, depth + 1) for item in made))
        return made

    def _skip(self) -> bool:
        """Goes on to what means something; whether there is anything."""
        if gap := _GAP.match(self._source, self._at):
            self._at = gap.end()
        return self._at < len(self._source)

    def _take(self, sign: str) -> bool:
        self._skip()
        if self._source.startswith(sign, self._at):
            self._at += len(sign)
            return True
        return False

    def _pair(self, table: _Table, depth: int) -> None:
        keys = self._keys()
        self._take("=")
        self._table(table, keys[:-1]).entries[keys[-1].text] = (keys[-1], self._value(depth + 1))

    def _keys(self) -> list[Traced]:
        keys = [self._text_here(_BARE_KEY)]
        while self._take("."):
            keys.append(self._text_here(_BARE_KEY))
        return keys

    @staticmethod
    def _table(table: _Table, keys: list[Traced]) -> _Table:
        for key in keys:
            _, inner = table.entries.setdefault(key.text, (key, _Table()))
            last = inner[-1] if isinstance(inner, list) and inner else inner
            table = last if isinstance(last, _Table) else _Table()
        return table

    def _value(self, depth: int) -> _Made:
        bounded(depth)
        if self._take("["):
            items: list[_Made] = []
            while not self._take("]"):
                items.append(self._value(depth + 1))
                self._take(",")
            return items
        if self._take("{"):
            table = _Table()
            while not self._take("}"):
                self._pair(table, depth)
                self._take(",")
            return table
        return self._text_here(_BARE_VALUE)

    def _text_here(self, bare: re.Pattern[str]) -> Traced:
        """The literal that stands here, or what is written without quotes."""
        self._skip()
        found = _LITERAL.match(self._source, self._at) or bare.match(self._source, self._at)
        if not found:  # only where this reader and the parser disagree
            line = self._source.count("\n", 0, self._at) + 1
            raise UnreadError(f"is no TOML that can be followed (line {line})")
        self._at = found.end()
        if found.re is bare:
            return self._text.matched(found)
        inner, pieces = _inner(found[0])
        kept = [(char, found.start() + inner + at) for char, at in pieces if char]
        at = tuple(self._text.at[place] for _, place in kept)
        return Traced("".join(char for char, _ in kept), at, at[0] if at else self._text.at[found.start()])


def _inner(literal: str) -> tuple[int, list[Piece]]:
    """Where a literal's content starts, and its pieces: a line end right after three quotes is none of them."""
    quotes = 3 if literal.startswith(('"""', "'''")) and len(literal) > 5 else 1
    start = quotes
    if quotes == 3:
        start += 2 if literal.startswith("\r\n", 3) else literal.startswith("\n", 3)
    content = literal[start:-quotes]
    pieces = plain_pieces(content) if literal[0] == "'" else escaped_pieces(content)
    return start, [piece for piece in pieces if quotes == 1 or not _is_return(content, piece)]


def _is_return(content: str, piece: Piece) -> bool:
    """Whether a carriage return belongs to a line end, which is one character then, as the standard parser has it."""
    char, at = piece
    return char == "\r" and content.startswith("\r\n", at)
