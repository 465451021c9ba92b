"""A shell's words: text → words, operators and here-documents, each with its place; nothing is expanded yet.

After POSIX.1-2017, chapter 2 of "Shell & Utilities", with what people use of bash on top: arrays, `$'…'`, `((…))`,
here-strings. Whatever is damaged is read as far as it goes: a quote that nothing closes ends with the text. Templates
(`{{ … }}`, `${{ … }}`) and placeholders (`<model>`) are taken for parts of words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .shell_parts import Item, Operator, Part, Redirection, Text, Word
from .shell_quotes import PLACEHOLDER, Quotes
from .traced import Traced


def items_of(text: Traced) -> list[Item]:
    """What a script consists of, in order.

    Raises:
        UnreadError: if it nests deeper, or consists of more, than any honest script.
    """
    return _Lexer(text).items("")


@dataclass(slots=True)
class _Lexer(Quotes):
    waiting: list[tuple[Redirection, str, bool]] = field(default_factory=list)

    def items(self, close: str) -> list[Item]:
        """Items up to the closing bracket, which is passed, or to the end."""
        found: list[Item] = []
        opened = 0
        while self.at < len(self.text):
            self.bounds.take()
            if blank := _BLANK.match(self.text, self.at):
                self.at = blank.end()
            elif comment := _COMMENT.match(self.text, self.at):
                self.at = comment.end()
            elif arithmetic := _ARITHMETIC.match(self.text, self.at):
                self.at = arithmetic.end()
            elif operator := self._operator():
                opened += {"(": 1, ")": -1}.get(operator[0], 0)
                self.at = operator.end()
                if opened < 0 and close:
                    break
                opened = max(opened, 0)
                self._operate(operator[0], found)
            else:
                found.append(self.word())
        self._documents()
        return found

    def _operator(self) -> re.Match[str] | None:
        return None if PLACEHOLDER.match(self.text, self.at) else _OPERATOR.match(self.text, self.at)

    def _operate(self, operator: str, found: list[Item]) -> None:
        if operator[0] in "<>" or operator.startswith("&>"):
            if found and isinstance(found[-1], Word) and found[-1].plain in _STREAMS and not self._before(operator):
                found.pop()
            found.append(self._redirection(operator))
        elif operator.endswith("\n"):
            found.append(Operator("\n"))
            self._documents()
        else:
            found.append(Operator(operator))

    def _before(self, operator: str) -> bool:
        """Whether a blank stands before the operator that was just passed: `2 >f` is not `2>f`."""
        place = self.at - len(operator) - 1
        return place < 0 or self.text[place].isspace()

    def _redirection(self, operator: str) -> Redirection:
        while blank := _BLANK.match(self.text, self.at):
            self.at = blank.end()
        start = self.at
        made = Redirection(operator, self.word())
        if operator in ("<<", "<<-"):
            raw = self.text[start : self.at]
            self.waiting.append((made, re.sub(r"[\\'\"]", "", raw), raw.isalnum() or raw.replace("_", "").isalnum()))
        return made

    def _documents(self) -> None:
        """Reads the here-documents that were announced on the line that ended."""
        for made, end, expands in self.waiting:
            start = self.at
            while self.at < len(self.text):
                line = self.at
                newline = self.text.find("\n", line)
                self.at = len(self.text) if newline < 0 else newline + 1
                if self.text[line : self.at].strip() == end:
                    body = self.source.cut(start, line)
                    break
            else:
                body = self.source.cut(start, self.at)
            made.word = self._document(body) if expands else Word((Text(body, quoted=True),), body.origin)
        self.waiting.clear()

    def bracketed(self) -> list[Item]:
        waiting, self.waiting = self.waiting, []
        items = self.items(")")
        self.waiting = waiting
        return items

    def items_in(self, inner: Traced) -> list[Item]:
        self._deeper()
        found = _Lexer(inner, depth=self.depth, bounds=self.bounds).items("")
        self.depth -= 1
        return found

    def _document(self, body: Traced) -> Word:
        """A here-document in which variables are expanded."""
        parts: list[Part] = []
        _Lexer(body, depth=self.depth, bounds=self.bounds).double(parts, "")
        return Word(parts, body.origin)


_STREAMS = frozenset("0123456789")
_BLANK = re.compile(r"(?:[ \t]|\\\r?\n)+")
_COMMENT = re.compile(r"#[^\n]*")
_ARITHMETIC = re.compile(r"\(\([^\n()]*\)\)")
_OPERATOR = re.compile(r"\r?\n|\r|&&|\|\||;;&?|;&|\|&|&>>?|>>|>\||>&|<<<|<<-?|<&|<>|[;&|()<>]")
