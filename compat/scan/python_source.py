"""Python source as a tree whose nodes know their text in the file. Nothing is run: `ast.parse` only."""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_left
from itertools import accumulate

from .errors import UnreadError
from .python_literals import unquoted
from .traced import Lines, Traced


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


def _parsed(text: str) -> ast.Module:
    for found in _FORMATTED.finditer(text):
        if len(found[0]) * found[0].count("{") > _MOST_FORMATTED:
            raise UnreadError("is no Python that can be parsed in time: it holds an f-string with too many fields")
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
# Before Python 3.12, ast looks for each field of an f-string from its start on: this many characters take seconds.
_FORMATTED = re.compile(
    r"""\b(?:f|fr|rf)(?:(?P<long>\"{3}|'{3})(?:\\.|(?!(?P=long)).)*+|(?P<short>["'])(?:\\.|(?!(?P=short))[^\n])*+)""",
    re.DOTALL | re.IGNORECASE,
)
_MOST_FORMATTED = 1 << 32
