"""The vocabulary, whatever file it came from: which bytes each id stands for."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import MalformedError

# Ids above this are no vocabulary. The largest real one known here has 262,145; a hostile file may claim a billion.
MAX_ID = 1 << 22
_PLACEHOLDER = re.compile(rb"\[PAD\d+\]")
# How families spell the ids that they keep free for later use.
_RESERVED = re.compile(
    rb"<\|?(?:reserved|extra|unused|placeholder|dummy)[a-z_ ]*\d*\|?>|\[(?:unused|control_)\d+\]|<SPECIAL_\d+>"
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What each id stands for.

    Attributes:
        tokens: index = id; the token's bytes, or None where the tokenizer names nothing.
        added: ids of tokens that were added beside the trained vocabulary.
        special: ids of tokens that are left out of decoded text.
        file: the file that it was read from.
        digest: sha256 of ids and bytes; equal exactly where `tokens` is equal.
        base: how many tokens the trained vocabulary has, whichever of them are added ones too; None where the file
            does not tell trained tokens apart.
    """

    tokens: tuple[bytes | None, ...] = field(repr=False)
    added: frozenset[int] = field(repr=False)
    special: frozenset[int] = field(repr=False)
    file: str
    digest: str
    base: int | None = field(default=None, repr=False)

    @property
    def used(self) -> int:
        """U: one more than the highest id with a token."""
        return len(self.tokens)

    def token(self, token_id: int) -> bytes | None:
        """The bytes of an id; None where it names nothing, also past the end."""
        return self.tokens[token_id] if 0 <= token_id < len(self.tokens) else None

    def is_control(self, token_id: int) -> bool:
        """Whether an id is no plain text: added, special, or spelled as reserved."""
        return token_id in self.added or token_id in self.special or self.is_reserved(token_id)

    def is_reserved(self, token_id: int) -> bool:
        """Whether an id's token is spelled as families spell the ids that they keep free."""
        token = self.token(token_id)
        return bool(token and _RESERVED.fullmatch(token))


def build(
    tokens: Mapping[int, bytes], added: frozenset[int], special: frozenset[int], file: str, base: int | None = None
) -> Vocabulary:
    """A vocabulary from ids and bytes.

    Raises:
        MalformedError: if an id is negative or beyond any real vocabulary, or there is no token at all.
    """
    if b"[PAD" in b"".join(tokens.values()):  # rare, and looking at each token is not cheap
        tokens = {token_id: token for token_id, token in tokens.items() if not _PLACEHOLDER.fullmatch(token)}
    if not tokens or min(tokens) < 0 or max(tokens) > MAX_ID:
        raise MalformedError(
            f"{file} names no tokens, or ids outside 0 to {MAX_ID}: it is damaged or no language model's."
        )
    dense = tuple(map(tokens.get, range(max(tokens) + 1)))
    return Vocabulary(dense, added & tokens.keys(), special & tokens.keys(), file, _digest(dense), base)


def _digest(tokens: tuple[bytes | None, ...]) -> str:
    # Lengths first, so that no two vocabularies can share a byte stream; -1 marks an id without a token.
    lengths = [-1 if token is None else len(token) for token in tokens]
    digest = hashlib.sha256(struct.pack(f"<{len(lengths)}i", *lengths))
    digest.update(b"".join(filter(None, tokens)))
    return digest.hexdigest()
