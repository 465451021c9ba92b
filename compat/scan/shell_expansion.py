"""Words of a shell → the fields that a program gets, as far as the script tells what its variables hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from .errors import UnreadError
from .shell_parts import Parameter, Substitution, Text, Word
from .shell_variables import Held, Value, Variables
from .traced import Traced, joined
from .variables import placed_in

_LONGEST = 1 << 16  # characters of one word
_MOST_FIELDS = 10_000
_BLANK = re.compile(r"[ \t\n]+")
_EXPRESSION = re.compile(r"\$(?:\w+|\{[^{}]*\}|\([^()]*\)|[@*#?])|`[^`]*`")


@dataclass(slots=True)
class Expansion:
    """Expands words; an expression that cannot be told stands as it is written.

    Attributes:
        variables: those of the script.
        output: what a command substitution prints, where that is known.
        picked: for variables with several values, which of them is used.
        wanted: variables with several values that were asked for and of which each value is to be used in turn.
    """

    variables: Variables
    output: Callable[[Substitution], Traced | None]
    picked: dict[str, Value] = field(default_factory=dict)
    wanted: set[str] = field(default_factory=set)

    def fields(self, words: Sequence[Word]) -> list[Traced]:
        """The fields that the words come to; unquoted variables are split at blanks, arrays into their members."""
        found: list[Traced] = []
        for word in words:
            found += self._fields(word)
            if len(found) > _MOST_FIELDS:
                raise UnreadError(f"holds a command of more than {_MOST_FIELDS} words")
        return found

    def text(self, word: Word) -> Traced:
        """What a word comes to where nothing is split, such as in an assignment."""
        pieces = []
        for value in self._values(word):
            many = value if isinstance(value, tuple) else (value,)
            for number, piece in enumerate(many):
                pieces += [piece] if not number else [Traced.placed(" ", piece.origin), piece]
        return self._bounded(pieces, word)

    def _fields(self, word: Word) -> list[Traced]:
        if len(word.parts) == 1 and isinstance(only := word.parts[0], Text) and not _is_split(only):
            return [only.text] if only.quoted or only.text else []
        if word.array is not None:  # an array where no assignment stands
            return self.fields(word.array)
        found: list[list[Traced]] = [[]]
        there = False  # whether the last field exists even if it is empty
        for part, value in zip(word.parts, self._values(word), strict=True):
            if isinstance(value, tuple):
                if value:
                    found[-1].append(value[0])
                    found += [[member] for member in value[1:]]
                there = there or bool(value)
            elif part.quoted or (value is _raw(part) and not _is_split(part)):
                found[-1].append(value)
                there = there or part.quoted
            else:
                _split(value, found)
        made = [self._bounded(pieces, word) for pieces in found]
        return [piece for piece in made if piece or (there and len(made) == 1)]

    def _bounded(self, pieces: Sequence[Traced], word: Word) -> Traced:
        if sum(len(piece.text) for piece in pieces) > _LONGEST:
            return joined([_raw(part) for part in word.parts], word.origin).cut(0, _LONGEST)
        return joined(pieces, word.origin) if pieces else Traced("", (), word.origin)

    def _values(self, word: Word) -> list[Value]:
        """The values of a word's parts; variables that are parts of a longer name stand where they are used."""
        values = [self._value(part) for part in word.parts]
        texts = [value.text if isinstance(value, Traced) else "" for value in values]
        before = list(accumulate(texts, lambda left, text: text[-1:] or left, initial=""))
        after = list(accumulate(reversed(texts), lambda right, text: text[:1] or right, initial=""))[-2::-1]
        return [
            value
            if isinstance(part, Text) or isinstance(value, tuple) or value is part.raw
            else placed_in(value, before[at], after[at], part.raw.origin)
            for at, (part, value) in enumerate(zip(word.parts, values, strict=True))
        ]

    def _value(self, part: Text | Parameter | Substitution) -> Value:
        if isinstance(part, Text):
            return part.text
        value = self.output(part) if isinstance(part, Substitution) else self._parameter(part)
        if value is None:
            return part.raw
        self.variables.put_in(value)
        return value

    def _parameter(self, part: Parameter) -> Value | None:
        value = self._held(part)
        empty = value is not None and not (value if isinstance(value, tuple) else value.text)
        if part.operand is None or part.operator.endswith("?"):
            return value
        if part.operator.endswith("+"):
            if empty:
                return value
            return self._operand(part.operand, part)
        if value is not None and not (empty and part.operator.startswith(":")):
            return value
        default = self.text(part.operand)
        if not default.text and value is None:
            return None  # whoever runs the script decides
        if part.operator.endswith("="):
            self.variables.put(part.name, Held((default,)))
        return default

    def _operand(self, operand: Word, part: Parameter) -> Value:
        """The word after `:+`, which may come to several fields."""
        return self.text(operand) if part.quoted else tuple(self._fields(operand))

    def _held(self, part: Parameter) -> Value | None:
        if given := self.variables.given(part.name, part.raw.origin):
            return given
        held = self.variables.get(part.name)
        if held is None:
            return None
        if len(held.values) > 1 and part.name not in self.picked:
            if held.each:
                self.wanted.add(part.name)
            return None
        value = self.picked.get(part.name, held.values[0])
        if isinstance(value, Traced) and _EXPRESSION.fullmatch(value.text):
            return None  # as little known as the expression that it was set to
        if isinstance(value, tuple):
            return _member(value, part)
        return value if part.index in ("", "@", "*", "0") else None


def _member(array: tuple[Traced, ...], part: Parameter) -> Value | None:
    if part.index in ("@", "*") or part.name in ("@", "*"):
        return array
    if part.index in ("", "0"):
        return array[0] if array else None
    return array[int(part.index)] if part.index.isdecimal() and int(part.index[:4]) < len(array) else None


def _raw(part: Text | Parameter | Substitution) -> Traced:
    return part.text if isinstance(part, Text) else part.raw


def _is_split(part: Text | Parameter | Substitution) -> bool:
    """Whether it is text with blanks in it, such as stands after `:+`."""
    return isinstance(part, Text) and bool(_BLANK.search(part.text.text))


def _split(value: Traced, found: list[list[Traced]]) -> None:
    """Puts in a value that is split at blanks: its first piece joins the last field."""
    at = 0
    for blank in _BLANK.finditer(value.text):
        if blank.start() > at:
            found[-1].append(value.cut(at, blank.start()))
        if found[-1]:
            found.append([])
        at = blank.end()
    if at < len(value.text):
        found[-1].append(value.cut(at))
