"""Text for Markdown in which nothing acts: no markup, link, image, mention, reference, emoji or HTML.

Escapes do not suffice: GitHub looks for mentions and references in the text after Markdown has been rendered. So a
word that anything could take for more than a word stands as code, which is left alone by everything. In sentences
about models these are the names of files, models and settings, which read well so.
"""

from __future__ import annotations

import re

from ..visible import visible

_BEFORE, _AFTER = "'\"(", ".,;:!?)'\""
_PLAIN = re.compile(r"[^\W_]+(?:['\u2019-][^\W\d_]+)*|\d+(?:[.,]\d+)*[%x]?|\d{4}-\d\d-\d\d|[×–→…≈/]")
_MARKER = re.compile(r"\d+[.)]")
_CODE = re.compile(r"(?<!\S)(\(?)`([A-Za-z0-9](?:[^`'\"]*[A-Za-z0-9])?)`([.,;:!?)]*)(?!\S)")
_COMMIT = re.compile(r"[0-9a-f]{7,}", re.IGNORECASE)
_TICKS = re.compile(r"`+")


def prose(text: str, *, cell: bool = False) -> str:
    """A sentence from outside.

    Args:
        text: in one line; characters that do not print are made visible.
        cell: whether it goes into a table, where no `|` may stand.
    """
    done, last, text = [], 0, visible(text).strip(" ")
    for found in _CODE.finditer(text):
        done += [_words(text[last : found.start()], cell), f"{found[1]}{code(found[2], cell=cell)}{found[3]}"]
        last = found.end()
    said = "".join([*done, _words(text[last:], cell)])
    marker = _MARKER.match(said)  # what would begin a list
    return f"{code(marker[0])}{said[marker.end() :]}" if marker and said[marker.end() :][:1] in ("", " ") else said


def code(text: str, *, cell: bool = False) -> str:
    """A name from outside, as code."""
    text = visible(text)
    if not text:
        return "(empty)"
    if cell:  # `\\|` is not read alike everywhere, so no `|` stands in code
        return "&#124;".join(_span(piece) for piece in text.split("|"))
    return _span(text)


def _words(text: str, cell: bool) -> str:
    return " ".join(_word(word, cell) for word in text.split(" "))


def _word(word: str, cell: bool) -> str:
    bare = word.lstrip(_BEFORE)
    before, core = word[: len(word) - len(bare)], bare.rstrip(_AFTER)
    after = bare[len(core) :]
    if core and (not _PLAIN.fullmatch(core) or (_COMMIT.fullmatch(core) and not core.isdecimal())):
        core = code(core, cell=cell)
    return f"{before}{core}{after}"


def _span(text: str) -> str:
    if not text:
        return ""
    fence = "`" * (1 + max((len(run) for run in _TICKS.findall(text)), default=0))
    pad = " " if "`" in (text[0], text[-1]) or (text[0] == text[-1] == " " and text.strip()) else ""
    return f"{fence}{pad}{text}{pad}{fence}"
