"""TOML as trees whose texts know their places."""

from __future__ import annotations

from typing import Any

from ..toml_places import Path, Toml, TomlError, parse
from .errors import UnreadError
from .literals import Piece, escaped_pieces, plain_pieces, spelled
from .nodes import Node
from .reading import Branch, Items
from .traced import Traced


def document(text: Traced) -> Branch:
    """The tables of a TOML text: numbers, dates and truth values as they are written.

    Raises:
        UnreadError: if the text is no TOML, or larger or deeper than any honest file.
    """
    try:
        found = parse(text.text)
    except TomlError as error:
        raise UnreadError(str(error)) from error
    return _branch(text, found, (), found.tree)


def _branch(text: Traced, found: Toml, path: Path, table: dict[str, Any]) -> Branch:
    entries = {}
    for key, value in table.items():
        span = found.keys[(*path, key)]
        quotes = text.text[span.start] in "\"'"
        name = _inner(text, span.start + quotes, span.end - quotes) if quotes else text.cut(span.start, span.end)
        entries[key] = (name, _node(text, found, (*path, key), value))
    return Branch(entries)


def _node(text: Traced, found: Toml, path: Path, value: object) -> Node:
    if isinstance(value, dict):
        return _branch(text, found, path, value)
    if isinstance(value, list):
        return Items(tuple(_node(text, found, (*path, index), item) for index, item in enumerate(value)))
    span = found.values[path]
    return _inner(text, span.start, span.end) if isinstance(value, str) else text.cut(span.start, span.end)


def _inner(text: Traced, start: int, end: int) -> Traced:
    """What stands between quotes, without its escapes."""
    raw = text.cut(start, end)
    pieces = plain_pieces(raw.text) if text.text[end] == "'" else escaped_pieces(raw.text)
    return spelled(raw, (piece for piece in pieces if not _is_return(raw.text, piece)))


def _is_return(content: str, piece: Piece) -> bool:
    """Whether a carriage return belongs to a line end, which is one character then, as the standard parser has it."""
    char, at = piece
    return char == "\r" and content.startswith("\r\n", at)
