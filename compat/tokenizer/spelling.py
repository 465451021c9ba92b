"""How a family spells bytes: from the token's text in the file to the bytes that it stands for.

A vocabulary has up to a quarter of a million tokens, so trained tokens are turned into bytes many at a time.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping
from enum import StrEnum
from io import BytesIO
from itertools import compress, count

_AT_ONCE = 1024
_NUL = "\0"
_SPACE_MARK = "\u2581"


class Family(StrEnum):
    """The ways of spelling bytes as text."""

    BYTE_LEVEL = "byte-level"
    SENTENCEPIECE = "sentencepiece"
    PLAIN = "plain"


def _byte_alphabet() -> str:
    """The character that spells each byte in byte-level BPE (GPT-2's `bytes_to_unicode`).

    Printable bytes spell themselves; the others are numbered upwards from U+0100.
    """
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return "".join(chr(byte if byte in printable else next(others)) for byte in range(256))


_ALPHABET = _byte_alphabet()
# A charmap, as Python's own single-byte encodings are. Such a map is fast only where byte 0 is spelled NUL.
_CHARMAP = codecs.charmap_build(_NUL + _ALPHABET[1:])

# SentencePiece's tokens for single bytes, in either case of the digits.
_DIGITS = "0123456789ABCDEFabcdef"
_BYTE_TOKENS = {f"<0x{high}{low}>": bytes([int(high + low, 16)]) for high in _DIGITS for low in _DIGITS}


def trained_tokens(family: Family, spellings: list[str]) -> list[bytes]:
    """The bytes of trained tokens, in order."""
    if family is Family.BYTE_LEVEL:
        return _byte_level(spellings)
    return _sentencepiece(spellings) if family is Family.SENTENCEPIECE else _utf8(spellings)


def added_tokens(family: Family, contents: Iterable[str]) -> list[bytes]:
    """The bytes of added tokens: their text, which no byte alphabet encodes."""
    return _spaced(contents) if family is Family.SENTENCEPIECE else _utf8(contents)


def ambiguous(family: Family, ids: Mapping[str, int]) -> dict[str, int]:
    """Those of the trained tokens whose bytes another spelling gives as well, such as `<0x41>`, which is also `A`."""
    joined = "".join(ids)
    if family is Family.BYTE_LEVEL:
        found = [] if _inverted(joined) is not None else [text for text in ids if _inverted(text) is None]
    elif family is Family.SENTENCEPIECE:
        blank = [text for text in ids if " " in text] if " " in joined else []
        found = [*blank, *(text for text in _BYTE_TOKENS if text in ids)]
    else:
        found = []
    return {text: ids[text] for text in found}


def is_byte_level(text: str) -> bool:
    """Whether a text is all of the characters that spell bytes in byte-level BPE."""
    return _inverted(text) is not None


def _byte_level(spellings: list[str]) -> list[bytes]:
    tokens: list[bytes] = []
    for start in range(0, len(spellings), _AT_ONCE):
        several = spellings[start : start + _AT_ONCE]
        data = _inverted("".join(several))
        if data is None:
            tokens += map(_byte_level_token, several)
        else:
            # A character is a byte, so that what was joined is cut at the same places.
            tokens += map(BytesIO(data).read, map(len, several))
    return tokens


def _byte_level_token(spelling: str) -> bytes:
    # A token with a character outside the alphabet stands for its own text, as the decoder of the format has it.
    data = _inverted(spelling)
    return _utf8([spelling])[0] if data is None else data


def _inverted(text: str) -> bytes | None:
    """The bytes that a text in the byte alphabet spells; None where a character is outside of it."""
    if _NUL in text:
        return None
    try:
        return codecs.charmap_encode(text.replace(_ALPHABET[0], _NUL), "strict", _CHARMAP)[0]
    except UnicodeEncodeError:
        return None


def _sentencepiece(spellings: list[str]) -> list[bytes]:
    tokens = _spaced(spellings)
    for place in compress(count(), map(_BYTE_TOKENS.__contains__, spellings)):
        tokens[place] = _BYTE_TOKENS[spellings[place]]
    return tokens


def _spaced(texts: Iterable[str]) -> list[bytes]:
    return _utf8(texts, marked=True)


def _utf8(texts: Iterable[str], *, marked: bool = False) -> list[bytes]:
    several = list(texts)
    tokens = _encoded(_NUL.join(several), marked).split(_NUL.encode())
    # The pieces are as many unless a text holds a NUL of its own, or there is no text.
    return tokens if len(tokens) == len(several) else [_encoded(text, marked) for text in several]


def _encoded(text: str, marked: bool) -> bytes:
    # surrogatepass: a lone surrogate in a JSON escape is no reason to lose the rest of the vocabulary.
    return (text.replace(_SPACE_MARK, " ") if marked else text).encode("utf-8", "surrogatepass")
