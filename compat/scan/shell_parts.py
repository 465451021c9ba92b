"""What a shell script consists of, before anything is expanded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .traced import Traced


@dataclass(frozen=True, slots=True)
class Text:
    """Characters that stand for themselves."""

    text: Traced
    quoted: bool


@dataclass(frozen=True, slots=True)
class Parameter:
    """`$X`, `${X}`, `${X[@]}`, `${X:-word}`.

    Attributes:
        raw: as it is written.
        name: the variable's.
        quoted: whether it stands in double quotes.
        index: what stands in the brackets.
        operator: such as `:-`.
        operand: the word after the operator.
    """

    raw: Traced
    name: str
    quoted: bool
    index: str = ""
    operator: str = ""
    operand: Word | None = None


@dataclass(frozen=True, slots=True)
class Substitution:
    """`$(…)`, with what stands in it, or an expression of which nothing is known, such as `$((1 + 1))`."""

    raw: Traced
    items: Sequence[Item]
    quoted: bool


Part = Text | Parameter | Substitution


@dataclass(frozen=True, slots=True)
class Word:
    """A word; `array` holds the words in the brackets of `NAME=(…)`."""

    parts: Sequence[Part]
    origin: int
    array: Sequence[Word] | None = None

    @property
    def plain(self) -> str:
        """The text of a word without quotes and variables, such as a keyword; empty for any other."""
        only = self.parts[0] if len(self.parts) == 1 else None
        return only.text.text if isinstance(only, Text) and not only.quoted else ""


@dataclass(frozen=True, slots=True)
class Operator:
    """`;`, `&&`, a line's end … ."""

    text: str


@dataclass(slots=True)
class Redirection:
    """`> file`, `<<< word`, `<<END` with its document in `word`."""

    operator: str
    word: Word


Item = Word | Operator | Redirection
