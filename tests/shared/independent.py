"""id → bytes and the counts of a comparison once more, from the tokenizers library and by other means than ours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

import tokenizers


class Kind(Enum):
    """How the trained tokens are spelled."""

    BYTE_LEVEL = "bytes as characters"
    PIECES = "pieces with marked spaces"
    PIECES_AND_BYTES = "such pieces, and <0x0A> for the bytes that none covers"


def kind_of(library: tokenizers.Tokenizer) -> Kind:
    """By what the decoder does, not by what it is called."""
    decode = library.decoder.decode
    if decode(["x", "Ċ"]) == "x\n":
        return Kind.BYTE_LEVEL
    assert decode(["x", "▁y"]) == "x y"
    return Kind.PIECES if library.token_to_id("<0x0A>") is None else Kind.PIECES_AND_BYTES


def tokens_of(library: tokenizers.Tokenizer) -> dict[int, bytes]:
    """Each id's bytes."""
    level = kind_of(library) is Kind.BYTE_LEVEL
    trained = _from_gpt2 if level else _from_pieces
    tokens = {number: trained(spelling) for spelling, number in library.get_vocab(with_added_tokens=True).items()}
    for number, token in library.get_added_tokens_decoder().items():
        tokens[number] = (token.content if level else token.content.replace("▁", " ")).encode()
    return tokens


def _gpt2_bytes() -> dict[str, int]:
    """The table as GPT-2's encoder.py has it, the other way round."""
    bs = list(range(ord("!"), ord("~") + 1)) + list(range(ord("¡"), ord("¬") + 1)) + list(range(ord("®"), ord("ÿ") + 1))
    cs = bs[:]
    n = 0
    for b in range(2**8):
        if b not in bs:
            bs.append(b)
            cs.append(2**8 + n)
            n += 1
    return {chr(c): b for b, c in zip(bs, cs, strict=True)}


_BYTES = _gpt2_bytes()


def _from_gpt2(spelling: str) -> bytes:
    if all(char in _BYTES for char in spelling):
        return bytes(_BYTES[char] for char in spelling)
    return spelling.encode()


def _from_pieces(spelling: str) -> bytes:
    byte = re.fullmatch("<0x(..)>", spelling)
    return bytes.fromhex(byte[1]) if byte else spelling.replace("▁", " ").encode()


@dataclass(frozen=True)
class Counts:
    """What PAIRS.md counts, in bytes."""

    same: int
    differ: int
    only: tuple[int, int]


def counts(target: dict[int, bytes], drafter: dict[int, bytes]) -> Counts:
    """Compare two vocabularies."""
    both = target.keys() & drafter.keys()
    same = sum(target[number] == drafter[number] for number in both)
    return Counts(same, len(both) - same, (len(target) - len(both), len(drafter) - len(both)))
