"""Text that knows where each of its characters stands in a file, through unquoting, expanding and joining."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Traced:
    """A text and, for each of its characters, the offset in the file that it comes from.

    Attributes:
        text: the characters, after whatever quoting the file needed.
        at: an offset for each character, in characters from the file's start.
        origin: where the text stands; the place of an empty one too.
    """

    text: str
    at: Sequence[int]
    origin: int

    @classmethod
    def whole(cls, text: str) -> Traced:
        """A file's text, at its own places."""
        return cls(text, range(len(text)), 0)

    @classmethod
    def placed(cls, text: str, origin: int) -> Traced:
        """A text that comes from one place, such as a value from the command line used there."""
        return cls(text, (origin,) * len(text), origin)

    def cut(self, start: int, end: int | None = None) -> Traced:
        """The characters from `start` up to `end`, as slices have it."""
        at = self.at[start:end]
        first = at[0] if at else self.at[start] if 0 <= start < len(self.at) else self.origin
        return Traced(self.text[start:end], at, first)

    def matched(self, match: re.Match[str], group: int | str = 0) -> Traced:
        """What a group of a match on this text covers."""
        return self.cut(*match.span(group))

    def stripped(self, chars: str | None = None) -> Traced:
        """Without blanks (or the given characters) at both ends."""
        left = len(self.text) - len(self.text.lstrip(chars))
        return self.cut(left, max(left, len(self.text.rstrip(chars))))

    def lines(self) -> Iterator[Traced]:
        """The lines, without their ends."""
        return (self.matched(line, 1) for line in _LINE.finditer(self.text))

    def __add__(self, other: Traced) -> Traced:
        origin = self.origin if self.text else other.origin
        return Traced(self.text + other.text, (*self.at, *other.at), origin)

    def __bool__(self) -> bool:
        return bool(self.text)


def joined(parts: Sequence[Traced], origin: int = 0) -> Traced:
    """Texts one after the other; `origin` is the place of the result where there is none."""
    at = tuple(offset for part in parts for offset in part.at)
    first = next((part.origin for part in parts if part.text), parts[0].origin if parts else origin)
    return Traced("".join(part.text for part in parts), at, first)


# No other line ends than those that editors count: `splitlines` has form feeds among them, and more.
_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n|(?<=[^\r\n])\Z)")


class Lines:
    """Offsets of a file as people count: lines and columns from 1."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in re.finditer(r"\r\n|\r|\n", text))]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, in characters."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and column."""
        return self._starts[line - 1] + column - 1
