"""Helm and Jinja templates made readable: expressions masked, control lines taken out, every offset kept.

A template is no YAML before it is rendered, and it is never rendered here. Each character of `{{ … }}` is replaced by
one that means nothing to YAML and is turned back in what was parsed. A line that holds nothing but control (`{{- if
… }}`) becomes line ends of the same length, which disappear from what was parsed. Of `if … else …` each branch is read
in a reading of its own, so that no branch hides another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .errors import UnreadError
from .nodes import bounded

_MASK = "\uf8ff"  # for private use: YAML and JSON take it for a letter
_LONGEST_TAG = 4000
_MOST_READINGS = 64
_OPENING = re.compile(r"\{\{|\{%|\{#")
_CLOSING = {"{{": "}}", "{%": "%}", "{#": "#}"}
_WORD = re.compile(r"[-+~]?\s*(/\*|[\w$.]+(?:[\s,\w$]*:?=)?)")
_OPENS = frozenset("if range with define block for macro filter call unless".split())
_TURNS = frozenset("else elif".split())
_CLOSES = frozenset("end endif endfor endmacro endfilter endcall endblock".split())
_SILENT = frozenset("/* include template toYaml tpl set fail break continue raw endraw extends import from do".split())


@dataclass(frozen=True, slots=True)
class Masked:
    """A text in which templates were masked.

    Attributes:
        text: what can be parsed, as long as the text that it was made from.
        gone: for each character whether it disappears from what was parsed; empty where none does.
    """

    text: str
    gone: bytes = b""

    def cut(self, start: int) -> Masked:
        """The same from an offset on."""
        return Masked(self.text[start:], self.gone[start:])

    def is_gone(self, at: int) -> bool:
        """Whether the character at an offset stands in a line that holds nothing but control."""
        return bool(self.gone and self.gone[at])

    def original(self, char: str, at: int, text: str) -> str:
        """A character that was parsed, turned back where it was masked."""
        return text[at] if char == _MASK and self.text[at] == _MASK else char


@dataclass(frozen=True, slots=True)
class _Tag:
    start: int
    end: int
    word: str


@dataclass(slots=True)
class _Line:
    """A line that holds nothing but tags: from its start to its end, with the words of its tags."""

    start: int
    end: int
    tags: list[_Tag]

    @property
    def control(self) -> bool:
        return all(_is_control(tag.word) for tag in self.tags)


@dataclass(slots=True)
class _Block:
    """What stands between an opening tag and its end: branches, each a stretch of the text with blocks in it."""

    branches: list[_Branch]

    @property
    def readings(self) -> int:
        return sum(branch.readings for branch in self.branches)


@dataclass(slots=True)
class _Branch:
    start: int
    end: int
    blocks: list[_Block] = field(default_factory=list)
    readings: int = 1  # so many that each branch in it is in one of them


def readings(text: str, *, bare: bool = False) -> Iterator[Masked]:
    """The ways to read a text, so that every branch of its conditions is in one of them; one for a plain text.

    Args:
        text: which may hold templates.
        bare: whether lines with nothing but an expression are taken out as those with nothing but control are: they
            may stand for whole blocks.

    Raises:
        UnreadError: if there are too many ways.
    """
    tags = list(_tags(text))
    if not tags:
        yield Masked(text)
        return
    lines = _lone_lines(text, tags)
    root = _blocks(lines, len(text))
    if root.readings > _MOST_READINGS:
        raise UnreadError(f"holds a template with more than {_MOST_READINGS} branches")
    for number in range(root.readings):
        yield _masked(text, tags, [line for line in lines if bare or line.control], list(_left_out(root, number)))


def _tags(text: str) -> Iterator[_Tag]:
    at = 0
    while opening := _OPENING.search(text, at):
        start, mark = opening.start(), opening[0]
        comment = text.startswith(("{{/*", "{{- /*"), start)
        end = text.find("*/" if comment else _CLOSING[mark], start + 2, start + _LONGEST_TAG)
        if comment and end >= 0:
            end = text.find("}}", end, end + 8)
        inner = -1 if comment else text.rfind(mark, start + 2, max(end, 0))
        if end < 0 or (inner >= 0 and not _is_quoted(text, inner)):
            at = start + 2 if end < 0 else inner  # an opening that nothing closes is text
            continue
        at = end + 2
        word = _WORD.match(text, start + 2, end)
        yield _Tag(start, at, "/*" if mark == "{#" else _keyword(text[start:at], word[1] if word else ""))


def _is_quoted(text: str, opening: int) -> bool:
    """Whether an opening is what an expression prints: `{{ "{{" }}`."""
    return text[opening - 1] in "\"'`" and text.startswith(text[opening - 1], opening + 2)


def _keyword(tag: str, word: str) -> str:
    if word.endswith("=") and not word.endswith("=="):
        return "set"
    return "include" if "indent" in tag else word


def _is_control(word: str) -> bool:
    return word in _OPENS or word in _TURNS or word in _CLOSES or word in _SILENT


def _lone_lines(text: str, tags: list[_Tag]) -> list[_Line]:
    """The lines, or several lines under one tag, with nothing on them but tags."""
    found: list[_Line] = []
    number = 0
    while number < len(tags):
        run = [tags[number]]
        while number + len(run) < len(tags) and not text[run[-1].end : tags[number + len(run)].start].strip(" \t"):
            run.append(tags[number + len(run)])
        last = tags[number - 1].end if number else 0
        number += len(run)
        first = tags[number].start if number < len(tags) else len(text)
        before, after = text.rfind("\n", last, run[0].start) + 1, text.find("\n", run[-1].end, first)
        if (last and not before) or (after < 0 and first < len(text)):
            continue  # a tag and more stand on one line
        after = len(text) if after < 0 else after
        if not text[before : run[0].start].strip() and not text[run[-1].end : after].strip():
            found.append(_Line(before, after, run))
    return found


def _blocks(lines: list[_Line], length: int) -> _Branch:
    """The blocks that whole lines open and close; what does not fit together is taken for text."""
    root = _Branch(0, length)
    stack: list[_Block] = [_Block([root])]
    for line, tag in [(whole, tag) for whole in lines for tag in whole.tags]:
        if tag.word in _OPENS:
            stack.append(_Block([_Branch(line.end, length)]))
            bounded(len(stack))
        elif tag.word in _TURNS and len(stack) > 1:
            stack[-1].branches[-1].end = line.start
            stack[-1].branches.append(_Branch(line.end, length))
        elif tag.word in _CLOSES and len(stack) > 1:
            block = stack.pop()
            block.branches[-1].end = line.start
            holder = stack[-1].branches[-1]
            holder.blocks.append(block)
            holder.readings = max(holder.readings, block.readings)
    return root


def _left_out(branch: _Branch, number: int) -> Iterator[tuple[int, int]]:
    """The stretches that a reading leaves out: in each block all branches but one."""
    for block in branch.blocks:
        left = min(number, block.readings - 1)
        for inner in block.branches:
            if 0 <= left < inner.readings:
                yield from _left_out(inner, left)
            else:
                yield inner.start, inner.end
            left -= inner.readings


def _masked(text: str, tags: list[_Tag], lines: list[_Line], out: list[tuple[int, int]]) -> Masked:
    chars, gone = list(text), bytearray(len(text))
    for tag in tags:
        chars[tag.start : tag.end] = _MASK * (tag.end - tag.start)
    for start, end in [*((line.start, line.end) for line in lines), *out]:
        chars[start:end] = "\n" * (end - start)
        gone[start : end + 1] = b"\1" * (min(end + 1, len(text)) - start)
    return Masked("".join(chars), bytes(gone))
