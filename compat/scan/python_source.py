"""Python source as a tree whose nodes know their text in the file. Nothing is run: `ast.parse` only."""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_left
from itertools import accumulate

from .errors import UnreadError
from .traced import Lines, Traced, aligned, joined


class Source:
    """A module's tree and the text of its nodes.

    Raises:
        UnreadError: the text is no Python, or is nested too deeply to be parsed.
    """

    def __init__(self, text: Traced) -> None:
        self.text = text.cut(1) if text.text.startswith("\ufeff") else text
        self.tree = _parsed(self.text.text)
        self._lines = Lines(self.text.text)
        self._rows = _LINE_END.split(self.text.text)
        self._starts: dict[int, list[int]] = {}

    def offset(self, line: int, column: int) -> int:
        """The index in the text of one of ast's places: a line from 1 and a column in bytes of UTF-8."""
        row = self._rows[line - 1]
        if not row.isascii():
            if line not in self._starts:
                self._starts[line] = list(accumulate((len(char.encode()) for char in row), initial=0))
            column = bisect_left(self._starts[line], column)
        return self._lines.offset(line, column + 1)

    def segment(self, node: ast.expr | ast.keyword) -> Traced:
        """A node's text as it is written."""
        if node.end_lineno is None or node.end_col_offset is None:
            return self.text.cut(0, 0)
        start = self.offset(node.lineno, node.col_offset)
        return self.text.cut(start, self.offset(node.end_lineno, node.end_col_offset))

    def literal(self, node: ast.Constant, value: str) -> Traced:
        """What a string literal holds, without its prefix and quotes, or those of each of its parts."""
        return unquoted(self.segment(node), value)


def unquoted(raw: Traced, value: str) -> Traced:
    """A literal's value, each character at its place; several literals side by side make one value."""
    places: list[Traced] = []
    for part in _LITERAL.finditer(raw.text):
        if not (quote := part["quote"]):  # a comment between two parts
            continue
        inside = raw.cut(part.end("quote"), part.end() - len(quote))
        verbatim = "r" in part["prefix"].lower()
        places.append(inside if verbatim else _unescaped(inside))
    whole = joined(places, raw.origin)
    if len(whole.text) == len(value):
        return Traced(value, whole.at, whole.at[0] if whole.at else raw.origin)
    return aligned(raw, value)


def _unescaped(inside: Traced) -> Traced:
    """The literal's text with one character for each escape."""
    parts, start = [], 0
    for escape in _ESCAPE.finditer(inside.text):
        parts.append(inside.cut(start, escape.start()))
        if escape["one"] or escape["crlf"]:
            parts.append(inside.cut(escape.start(), escape.start() + 1))
        elif not escape["gone"]:  # an escape that Python does not know stays as it is written
            parts.append(inside.matched(escape))
        start = escape.end()
    return joined([*parts, inside.cut(start)], inside.origin)


def _parsed(text: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes that Python does not know: the file's own business
            return ast.parse(text)
    except SyntaxError as error:
        raise UnreadError(f"is no Python (line {error.lineno or 1}: {error.msg})") from None
    except (RecursionError, MemoryError):
        raise UnreadError("is no Python that can be parsed: it is nested too deeply") from None
    except ValueError:
        raise UnreadError("is no Python: it holds characters that no source file may hold") from None


_LINE_END = re.compile(r"\r\n|\r|\n")
_LITERAL = re.compile(
    r"""(?P<prefix>[A-Za-z]{0,2})(?P<quote>\"{3}|'{3}|["'])(?:(?!(?P=quote))(?:\\.|[^\\]))*+(?P=quote)|\#[^\r\n]*""",
    re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?:(?P<gone>\r\n|\r|\n)"
    r"|(?P<one>[\\'\"abfnrtv]|[0-7]{1,3}|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|N\{[^}]*\})|.)|(?P<crlf>\r\n)",
    re.DOTALL,
)
