"""What shell words are made of: quotes, escapes, variables, substitutions, templates, each with its place."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from .errors import UnreadError
from .literals import unescaped
from .shell_parts import Item, Parameter, Part, Substitution, Text, Word
from .traced import Traced


@dataclass(slots=True)
class Bounds:
    """How much one script may still hold, with all that stands in it."""

    left: int

    def take(self) -> None:
        """Counts one word or part of a word."""
        self.left -= 1
        if self.left < 0:
            raise UnreadError(f"holds a script of more than {_MOST_PARTS} words and parts of words")


@dataclass(slots=True)
class Quotes(ABC):
    """Reads words from a place on.

    Attributes:
        source: the script, or the part of it that is read.
        at: the place in it.
        depth: how many brackets and substitutions stand around it.
        bounds: what is left of those of the whole script.
    """

    source: Traced
    at: int = 0
    depth: int = 0
    bounds: Bounds = field(default_factory=lambda: Bounds(_MOST_PARTS))

    @property
    def text(self) -> str:
        """What is read."""
        return self.source.text

    @abstractmethod
    def bracketed(self) -> list[Item]:
        """What stands up to the closing bracket, which is passed."""

    @abstractmethod
    def items_in(self, inner: Traced) -> list[Item]:
        """What a part of the script consists of that a shell of its own reads."""

    def word(self) -> Word:
        """The word that starts here; it may be empty where an operator stands."""
        start = self.at
        parts: list[Part] = []
        while self.at < len(self.text):
            if plain := _PLAIN.match(self.text, self.at) or PLACEHOLDER.match(self.text, self.at):
                self._text(parts, plain.end())
                continue
            char = self.text[self.at]
            if char in " \t\r\n|&;<>)":
                break
            if char == "(":
                if len(parts) == 1 and isinstance(parts[0], Text) and _ARRAY.fullmatch(parts[0].text.text):
                    self.at += 1
                    return Word(parts, self._place(start), self._array())
                break
            self._special(char, parts, quoted=False)
        return Word(parts, self._place(start))

    def _place(self, at: int) -> int:
        return self.source.cut(at, at).origin

    def _array(self) -> list[Word]:
        self._deeper()
        inner = self.bracketed()
        self.depth -= 1
        return [item for item in inner if isinstance(item, Word)]

    def _text(self, parts: list[Part], end: int, *, quoted: bool = False) -> None:
        parts.append(Text(self.source.cut(self.at, end), quoted))
        self.at = end

    def _special(self, char: str, parts: list[Part], *, quoted: bool) -> None:
        """Takes a quote, an escape, a variable, a template, or the one character that is none of these."""
        self.bounds.take()
        if template := _TEMPLATE.match(self.text, self.at):
            self.at = template.end()
            parts.append(Substitution(self.source.matched(template), (), quoted))
        elif char == "$":
            self._dollar(parts, quoted=quoted)
        elif char == "`":
            end = _closing(self.text, self.at + 1, "`")
            inner = self.source.cut(self.at + 1, end)
            parts.append(Substitution(self.source.cut(self.at, end + 1), self.items_in(inner), quoted))
            self.at = end + 1
        elif char == "\\":
            self._escape(parts, quoted=quoted)
        elif char == "'" and not quoted:
            end = self.text.find("'", self.at + 1)
            end = len(self.text) if end < 0 else end
            self.at += 1
            self._text(parts, end, quoted=True)
            self.at = end + 1
        elif char == '"' and not quoted:
            self.at += 1
            self.double(parts, '"')
        else:
            self._text(parts, self.at + 1, quoted=quoted)

    def double(self, parts: list[Part], close: str) -> None:
        """Takes what stands in double quotes, and the closing one; with no closing one, all that is left."""
        parts.append(Text(self.source.cut(self.at, self.at), quoted=True))
        while self.at < len(self.text):
            if plain := _QUOTED.match(self.text, self.at):
                self._text(parts, plain.end(), quoted=True)
            elif (char := self.text[self.at]) == '"' and close:
                self.at += 1
                return
            else:
                self._special(char, parts, quoted=True)

    def _escape(self, parts: list[Part], *, quoted: bool) -> None:
        if line := _CONTINUATION.match(self.text, self.at):
            self.at = line.end()
            return
        self.at += 0 if quoted and self.text[self.at + 1 : self.at + 2] not in _ESCAPABLE else 1
        self._text(parts, min(self.at + 1, len(self.text)), quoted=True)

    def _dollar(self, parts: list[Part], *, quoted: bool) -> None:
        start = self.at
        if self.text.startswith("$((", start):
            end = self.text.find("))", start, start + _LONGEST_SUM)
            self.at = end + 2 if end >= 0 else start + 3
            parts.append(Substitution(self.source.cut(start, self.at), (), quoted))
        elif self.text.startswith("$(", start):
            self.at += 2
            self._deeper()
            items = self.bracketed()
            self.depth -= 1
            parts.append(Substitution(self.source.cut(start, self.at), items, quoted))
        elif self.text.startswith("${", start):
            self._braced(parts, quoted=quoted)
        elif name := _NAME.match(self.text, start):
            self.at = name.end()
            parts.append(Parameter(self.source.matched(name), name[1], quoted))
        elif not quoted and (ansi := _ANSI.match(self.text, start)):
            self.at = ansi.end()
            self._ansi(parts, self.source.matched(ansi, 1))
        elif not quoted and self.text.startswith('$"', start):
            self.at += 1
        else:
            self._text(parts, start + 1, quoted=quoted)

    def _braced(self, parts: list[Part], *, quoted: bool) -> None:
        start = self.at
        head = _BRACED.match(self.text, start)
        if head and head["operator"]:
            self.at = head.end()
            self._deeper()
            inner: list[Part] = []
            while self.at < len(self.text) and self.text[self.at] != "}":
                if plain := _OPERAND.match(self.text, self.at):
                    self._text(inner, plain.end(), quoted=quoted)
                elif self.text[self.at] == '"' and quoted:
                    self.at += 1  # quotes inside quotes, as in "${X:-"word"}"
                else:
                    self._special(self.text[self.at], inner, quoted=quoted)
            self.depth -= 1
            self.at = min(self.at + 1, len(self.text))
            operand = Word(inner, self._place(head.end()))
            raw = self.source.cut(start, self.at)
            parts.append(Parameter(raw, head["name"], quoted, head["index"] or "", head["operator"], operand))
        elif head and self.text.startswith("}", head.end()):
            self.at = head.end() + 1
            raw = self.source.cut(start, self.at)
            parts.append(Parameter(raw, head["name"], quoted, head["index"] or ""))
        else:
            end = self.text.find("}", start, start + _LONGEST_SUM)
            self.at = end + 1 if end >= 0 else start + 2
            parts.append(Substitution(self.source.cut(start, self.at), (), quoted))

    def _ansi(self, parts: list[Part], inner: Traced) -> None:
        parts.append(Text(unescaped(inner), quoted=True))

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise UnreadError(f"holds a script that nests deeper than {_DEEPEST} levels")


def _closing(text: str, at: int, char: str) -> int:
    """Where the next such character stands that no backslash protects; the text's end if there is none."""
    while at < len(text) and text[at] != char:
        at += 2 if text[at] == "\\" else 1
    return min(at, len(text))


_DEEPEST = 20
_MOST_PARTS = 200_000
_LONGEST_SUM = 400
_ESCAPABLE = frozenset('"\\$`\n')
_CONTINUATION = re.compile(r"\\\r?\n")
_PLAIN = re.compile(r"[^\s'\"\\$`|&;<>(){]+")
_QUOTED = re.compile(r"[^\"\\$`{]+")
_OPERAND = re.compile(r"[^'\"\\$`{}]+")
_TEMPLATE = re.compile(r"\$?\{\{[^{}\n]*\}\}")
_ARRAY = re.compile(r"[A-Za-z_]\w*\+?=")
_NAME = re.compile(r"\$([A-Za-z_]\w*|[0-9@*#?$!-])")
_BRACED = re.compile(
    r"\$\{(?P<name>[A-Za-z_]\w*|[0-9@*]+)(?:\[(?P<index>[^\]\n}]*)\])?(?P<operator>:[-=+?]|[-=+?])?", re.ASCII
)
_ANSI = re.compile(r"\$'((?:[^'\\]|\\.)*)(?:'|\Z)", re.DOTALL)
# What stands where people are to put a name in: `<model>`.
PLACEHOLDER = re.compile(r"<[A-Za-z][\w./:-]{0,200}>(?=[\s\"'/:,}]|$)")
