r"""Quoted and folded text: where each character of a value stands in the raw text that a parser made it of.

YAML, JSON and TOML share enough of their escapes that one table serves: YAML 1.2 section 5.7, RFC 8259 section 7,
TOML 1.0 "String". None of them gives one escape a meaning that another one contradicts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from .traced import Traced

_ENDS = "\r\n\x85"  # what parsers make a line end of
# What a parser may drop or fold: line ends, indentation, blanks at the ends of lines.
BLANKS = " \t\r\n\x85\u2028\u2029"
_NAMED = dict(zip('0abtnvfre /"\\N_LP', '\0\a\b\t\n\v\f\r\x1b /"\\\x85\xa0\u2028\u2029', strict=True)) | {"\t": "\t"}
# A line continued with a backslash takes the next line's indentation along; a surrogate pair is one character.
_ESCAPED = re.compile(
    rf"\\[ \t]*(?:\r\n|[\r\n\x85\u2028\u2029])[{BLANKS}]*"
    r"|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\x..|\\u.{4}|\\U.{8}|\\.|[^\\]|\\",
    re.DOTALL,
)
Piece = tuple[str, int]  # a character, or none, and its place in the raw text


def plain_pieces(raw: str) -> Iterator[Piece]:
    """The characters of a text without escapes."""
    return zip(raw, range(len(raw)), strict=True)


def doubled_pieces(raw: str) -> Iterator[Piece]:
    """The characters of a text in which two single quotes mean one, as in YAML."""
    return ((found[0][0], found.start()) for found in re.finditer("''|.", raw, re.DOTALL))


def escaped_pieces(raw: str) -> Iterator[Piece]:
    """The characters of a text with backslash escapes; a line that a backslash continues is no character."""
    return ((_unescaped(found[0]), found.start()) for found in _ESCAPED.finditer(raw))


def unescaped(raw: Traced) -> Traced:
    """A text with backslash escapes as what it means; each character stands where its escape does."""
    return spelled(raw, escaped_pieces(raw.text))


def spelled(raw: Traced, pieces: Iterable[Piece]) -> Traced:
    """The text that pieces of a raw text make."""
    kept = [piece for piece in pieces if piece[0]]
    at = tuple(raw.at[place] for _, place in kept)
    return Traced("".join(char for char, _ in kept), at, at[0] if at else raw.origin)


def places(pieces: Iterator[Piece], value: str) -> Sequence[int]:
    """The place of each of a value's characters among the pieces that it was made of.

    Parsers fold and drop blanks and keep every other character, so that these stand in the same order in both; a blank
    stands where the raw text has one, a line end at a line end.
    """
    given = [piece for piece in pieces if piece[0]]
    found, at = [], 0
    for char in value:
        if char not in BLANKS:
            while at < len(given) - 1 and given[at][0] in BLANKS:
                at += 1
        elif char == "\n":
            at = _next_end(given, at)
        found.append(given[min(at, len(given) - 1)][1] if given else 0)
        at += char not in BLANKS or (at < len(given) and given[at][0] in BLANKS)
    return found


def _next_end(given: Sequence[Piece], at: int) -> int:
    end = at
    while end < len(given) and given[end][0] in BLANKS:
        is_first_of_two = given[end][0] == "\r" and end + 1 < len(given) and given[end + 1][0] == "\n"
        if given[end][0] in _ENDS and not is_first_of_two:
            return end
        end += 1
    return at


def _unescaped(written: str) -> str:
    if len(written) == 1:
        return written
    if written[1] in "xuU" and len(written) > 2:
        high, _, low = written[2:].partition("\\u")
        return _character(high, low)
    return "" if written[-1] in BLANKS and written[1:].strip(" \t") != "" else _NAMED.get(written[1], written[1])


def _character(digits: str, low: str = "") -> str:
    """The character of a number; of two when it is spelled as a surrogate pair, as JSON has it."""
    try:
        number = int(digits, 16)
        if low:
            number = 0x10000 + ((number & 0x3FF) << 10) + (int(low, 16) & 0x3FF)
        return "\ufffd" if 0xD800 <= number < 0xE000 else chr(number)
    except (ValueError, OverflowError):
        return "\ufffd"
