"""Python's string literals: where each character of a value stands in its source, and where the fields of f-strings do.

After "Lexical analysis" of the language reference, sections "String and Bytes literals" and "f-strings". `ast` tells
the places of an f-string's parts from Python 3.12 on only, and of characters never.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import NamedTuple

from .traced import Traced

_OPENING = re.compile(r"(?P<prefix>[A-Za-z]{0,2})(?P<quote>\"{3}|'{3}|[\"'])|\#[^\r\n]*")
_ESCAPE = re.compile(
    r"\\(?:(?P<gone>\r\n|\r|\n)"
    r"|(?:[\\'\"abfnrtv]|[0-7]{1,3}|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|N\{[^}]*\}))"
)
_BRACKETS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
_DEEPEST = 8  # strings in the fields of strings


class Piece(NamedTuple):
    """A character of a value, or a field `{…}` of an f-string, at its place in the source."""

    at: int
    field: bool = False


def pieces(raw: str) -> Iterator[Piece]:
    """The pieces of a literal, or of several side by side, which make one value."""
    at = 0
    while opening := _OPENING.search(raw, at):
        at = opening.end()
        if opening["quote"]:  # else a comment between two literals
            at = yield from _content(raw, at, opening)


def unquoted(raw: Traced, value: str) -> Traced:
    """A literal's value, each character at its place; one that this reading does not come to stands at the start."""
    found = [piece.at for piece in pieces(raw.text)]
    if len(found) != len(value):
        return Traced.placed(value, raw.origin)
    at = tuple(raw.at[place] for place in found)
    return Traced(value, at, at[0] if at else raw.origin)


def _content(raw: str, at: int, opening: re.Match[str], depth: int = 0) -> Generator[Piece, None, int]:
    """The pieces up to the closing quote.

    Returns:
        the place after the quote.
    """
    quote, prefix = opening["quote"], opening["prefix"].lower()
    while at < len(raw) and not raw.startswith(quote, at):
        char = raw[at]
        if char == "\\" and "r" not in prefix and (escape := _ESCAPE.match(raw, at)):
            if not escape["gone"]:
                yield Piece(at)
            at = escape.end()
        elif char == "\\" and raw[at + 1 : at + 2] in ("\\", quote[0]):  # it protects a quote, and stays all the same
            yield Piece(at)
            yield Piece(at + 1)
            at += 2
        elif char in "{}" and "f" in prefix:
            doubled = raw.startswith(char * 2, at)
            yield Piece(at, field=not doubled)
            at = at + 2 if doubled else _after_field(raw, at + 1, depth)
        else:
            yield Piece(at)
            at += 2 if raw.startswith("\r\n", at) else 1
    return at + len(quote)


def _after_field(raw: str, at: int, depth: int) -> int:
    """The place after a field's closing brace: strings in it may hold braces, and its format may hold fields."""
    opened, formats = 1, False
    while at < len(raw) and opened:
        char = raw[at]
        if char in "\"'" and not formats and depth < _DEEPEST and (opening := _inner_opening(raw, at)):
            at = _passed(raw, opening, depth + 1)
            continue
        if char in _BRACKETS and not (formats and char not in "{}"):
            opened += _BRACKETS[char]
        formats = formats or (char == ":" and opened == 1)
        at += 1
    return at


def _inner_opening(raw: str, quote: int) -> re.Match[str] | None:
    """The opening of a string in a field, with the letters before its quote."""
    start = quote
    while start > 0 and quote - start < 2 and raw[start - 1].isalpha():
        start -= 1
    return _OPENING.match(raw, start)


def _passed(raw: str, opening: re.Match[str], depth: int) -> int:
    """The place after a string's end."""
    content = _content(raw, opening.end(), opening, depth)
    while True:
        try:
            next(content)
        except StopIteration as end:
            return int(end.value)
