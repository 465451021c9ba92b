"""Markdown: the fenced blocks of code, after CommonMark 0.31, section 4.5."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..traced import Traced, joined

_FENCE = re.compile(r"(?P<indent>[ \t>]*+)(?:[-*+] |\d+[.)] )?[ \t]*(?P<fence>`{3,}|~{3,})(?P<info>.*)")
_LANGUAGE = re.compile(r"[\w+-]+")
_PROMPT = re.compile(r"\s*[$%] ")
_CONTINUED = re.compile(r"\s*> ?")


def blocks(text: Traced) -> Iterator[tuple[str, Traced]]:
    """The languages and contents of fenced blocks; a block without a language has an empty one.

    Where commands stand after prompts (`$ vllm serve …`), these are taken off, and what the commands print is left out.
    """
    opened: re.Match[str] | None = None
    lines: list[Traced] = []
    for line in text.lines():
        fence = _FENCE.fullmatch(line.text)
        if opened is None:
            if fence and "`" not in fence["info"]:
                opened, lines = fence, []
        elif fence and fence["fence"].startswith(opened["fence"]) and not fence["info"].strip():
            yield _language(opened["info"]), _content(lines)
            opened = None
        else:
            lines.append(_unindented(line, len(opened["indent"])))
    if opened is not None:
        yield _language(opened["info"]), _content(lines)


def _language(info: str) -> str:
    """`bash` of ` ```bash title="x" `, ` ```{.bash} ` and ` ```BASH,ignore `."""
    found = _LANGUAGE.search(info)
    return found[0].lower() if found else ""


def _unindented(line: Traced, width: int) -> Traced:
    """The line without the indentation and the quotation marks that its fence has."""
    at = 0
    while at < min(width, len(line.text)) and line.text[at] in " \t>":
        at += 1
    return line.cut(at)


def _content(lines: list[Traced]) -> Traced:
    if any(_PROMPT.match(line.text) for line in lines):
        lines = list(_typed(lines))
    ends = (Traced.placed("\n", line.at[-1] + 1 if line.at else line.origin) for line in lines)
    return joined([piece for line, end in zip(lines, ends, strict=True) for piece in (line, end)])


def _typed(lines: list[Traced]) -> Iterator[Traced]:
    """What was typed: the lines after a prompt, and those that go on where a line or a quote is not complete."""
    goes_on = False
    quotes = 0
    for line in lines:
        if prompt := _PROMPT.match(line.text):
            kept, quotes = line.cut(prompt.end()), 0
        elif goes_on:
            continued = _CONTINUED.match(line.text)
            kept = line.cut(continued.end()) if continued else line
        else:
            continue
        quotes += kept.text.count("'")
        goes_on = kept.text.endswith("\\") or quotes % 2 == 1
        yield kept
