"""How a family spells bytes: from the token's text in the file to the bytes that it stands for."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum

_BYTE_TOKEN = re.compile(r"<0x([0-9A-Fa-f]{2})>")


class Family(StrEnum):
    """The ways of spelling bytes as text."""

    BYTE_LEVEL = "byte-level"
    SENTENCEPIECE = "sentencepiece"
    PLAIN = "plain"


def _byte_alphabet() -> dict[int, str]:
    """Code point of the spelling → byte, for byte-level BPE (GPT-2's `bytes_to_unicode`, inverted).

    Printable bytes spell themselves; the others are numbered upwards from U+0100.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    spelled = {byte: chr(byte) for byte in printable} | {byte: chr(256 + n) for n, byte in enumerate(others)}
    # Latin-1 carries the byte through str.translate, which is the fastest map that Python has.
    return {ord(char): chr(byte) for byte, char in spelled.items()}


_ALPHABET = _byte_alphabet()
_SPELLED = frozenset(map(chr, _ALPHABET))


def plain_token(family: Family) -> Callable[[str], bytes]:
    """The function from a trained token's spelling to its bytes."""
    return {Family.BYTE_LEVEL: _byte_level, Family.SENTENCEPIECE: _sentencepiece, Family.PLAIN: _utf8}[family]


def added_token(family: Family) -> Callable[[str], bytes]:
    """The function from an added token's content to its bytes: its text, which no byte alphabet encodes."""
    return _space if family is Family.SENTENCEPIECE else _utf8


def _byte_level(spelling: str) -> bytes:
    # A token with a character outside the alphabet stands for its own text, as the decoder of the format has it.
    if _SPELLED.issuperset(spelling):
        return spelling.translate(_ALPHABET).encode("latin-1")
    return _utf8(spelling)


def _sentencepiece(spelling: str) -> bytes:
    byte = _BYTE_TOKEN.fullmatch(spelling) if spelling.startswith("<0x") else None
    return bytes([int(byte[1], 16)]) if byte else _space(spelling)


def _space(text: str) -> bytes:
    return _utf8(text.replace("\u2581", " "))


def _utf8(text: str) -> bytes:
    # surrogatepass: a lone surrogate in a JSON escape is no reason to lose the rest of the vocabulary.
    return text.encode("utf-8", "surrogatepass")
