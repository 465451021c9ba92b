"""A Jinja template taken apart as text: what it can print, what it computes with, and which whitespace counts.

Chat templates are rendered with `trim_blocks` and `lstrip_blocks` (transformers, `utils/chat_template_utils.py`); the
rules of whitespace are Jinja's own under these two: https://jinja.palletsprojects.com/en/stable/templates/#whitespace-control
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_LITERAL = r"""'(?:\\.|[^'\\])*'?|"(?:\\.|[^"\\])*"?"""
_OPENING = re.compile(r"\{([%{#])([-+]?)")
# Inside a tag: text in quotes, brackets, and what may be the tag's end.
_STEP = re.compile(rf"{_LITERAL}|[(\[{{]|[)\]]|([-+]?)(%\}}|\}}\}})|\}}", re.DOTALL)
_WORD = re.compile(rf"{_LITERAL}|\w+|[^\w\s]", re.DOTALL)
_SPACE = re.compile(r"\s*")
_CLOSING = {"%": "%}", "{": "}}"}


@dataclass(frozen=True, slots=True)
class TemplateText:
    """A template taken apart.

    Attributes:
        normal: the template without comments and without whitespace that changes nothing.
        spoken: all that it can print by itself: text between tags and text in quotes, a line each.
        code: the words and signs inside its tags, a space between them; text in quotes left out.
    """

    normal: str
    spoken: str
    code: str


# Two models of a family often share it, and several facts are read from it.
@lru_cache(maxsize=4)
def take_apart(template: str) -> TemplateText:
    """Takes a template apart, in time linear in its length. A tag that is never closed is text."""
    normal: list[list[str]] = []
    spoken: list[str] = []
    code: list[str] = []
    for kind, text in _pieces(template.replace("\r\n", "\n").removesuffix("\n")):
        if not kind:
            spoken.append(text)
            if normal and not normal[-1][0]:  # a comment stood between the two
                normal[-1][1] += text
                continue
            normal.append([kind, text])
        elif kind != "#":
            words = _WORD.findall(text)
            normal.append([kind, " ".join(words)])
            spoken += (word for word in words if word[0] in "'\"")
            code += (word for word in words if word[0] not in "'\"")
    whole = json.dumps([piece for piece in normal if piece[0] or piece[1]])
    return TemplateText(whole, "\n".join(spoken), " ".join(code))


def _pieces(source: str) -> Iterator[tuple[str, str]]:
    """What the template consists of, in order: ("", text), ("%", block), ("{", expression) and ("#", "") for comments.

    Text comes as it would be printed: less the whitespace that the tags on either side take away.
    """
    at, line_starts = 0, True
    while opening := _OPENING.search(source, at):
        kind, sign = opening[1], opening[2]
        if (ending := _ending(source, opening.end(), kind)) is None:
            break
        yield "", _before(source[at : opening.start()], kind, sign, line_starts)
        stop, closing_sign, at = ending
        yield kind, "" if kind == "#" else source[opening.end() : stop]
        if closing_sign == "-":
            at = _SPACE.match(source, at).end()  # type: ignore[union-attr]  # it matches the empty text too
        elif kind != "{" and closing_sign != "+" and source.startswith("\n", at):
            at += 1
        line_starts = source[at - 1] == "\n"
    yield "", source[at:]


def _before(text: str, kind: str, sign: str, line_starts: bool) -> str:
    """Text before a tag: `-` takes all whitespace, a block or comment its indentation if it begins the line."""
    if sign == "-":
        return text.rstrip()
    line = text.rfind("\n") + 1
    if kind != "{" and sign != "+" and (line or line_starts) and not text[line:].strip(" \t"):
        return text[:line]
    return text


def _ending(source: str, at: int, kind: str) -> tuple[int, str, int] | None:
    """Where a tag's inside stops, the sign of its end, and where the tag ends; None if it is never closed."""
    if kind == "#":
        found = source.find("#}", at)
        return None if found < 0 else (found, source[found - 1] if found > at else "", found + 2)
    depth = 0
    while step := _STEP.search(source, at):
        word, sign, end = step[0], step[1] or "", step[2]
        at = step.end()
        if word[0] in "([{":
            depth += 1
        elif end is None:
            depth -= word in ")]}" and depth > 0
        elif not depth and end == _CLOSING[kind]:
            return step.start(), sign, at
        else:  # a bracket that closes, or a remainder: of what looks like an end, one character is read
            depth -= end[0] == "}" and depth > 0
            at = step.start() + len(sign) + 1
    return None
