"""Tokenizer files of other formats than tokenizer.json, as bytes: whatever is asked for, sound or not."""

import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from struct import pack
from typing import Any

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)
Piece = tuple[str, int]
# The first pieces of a model as most are.
FIRST: tuple[Piece, ...] = (("<unk>", UNKNOWN), ("<s>", CONTROL), ("</s>", CONTROL))
BYTES: tuple[Piece, ...] = tuple((f"<0x{byte:02X}>", BYTE) for byte in range(256))


def varint(number: int) -> bytes:
    """A number as protobuf writes it."""
    data = bytearray()
    while number > 0x7F:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*data, number])


def field(number: int, value: int | bytes) -> bytes:
    """A field of a protobuf message: a number, or a string, bytes or message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def piece(text: str | bytes, kind: int | None, score: float = -1.0) -> bytes:
    """A piece; its type is left out where it is None, as writers leave out that of plain pieces."""
    spelled = text.encode() if isinstance(text, str) else text
    message = field(1, spelled) + b"\x15" + pack("<f", score)
    return message if kind is None else message + field(3, kind)


def sentencepiece(pieces: Iterable[Piece | bytes], *, unigram: bool = False, last: bytes = b"") -> bytes:
    """A tokenizer.model, of pieces or of messages that stand for them."""
    entries = list(pieces)
    messages = [entry if isinstance(entry, bytes) else piece(*entry, -number) for number, entry in enumerate(entries)]
    trainer = field(3, 1 if unigram else 2) + field(35, int({*BYTES} <= {*entries}))
    normalizer = field(1, b"identity") + field(3, 1) + field(4, 0) + field(5, 1)
    return b"".join(field(1, message) for message in messages) + field(2, trainer) + field(3, normalizer) + last


def tekken(
    tokens: Sequence[bytes], special: Sequence[str] | None, *, size: int | None = None, reserved: int = 0, **parts: Any
) -> dict[str, Any]:
    """A tekken.json; without special tokens of its own where those are None."""
    reserved = reserved or len(special or ())
    config = {"pattern": ".", "num_vocab_tokens": len(tokens), "default_num_special_tokens": reserved, "version": "v3"}
    config["default_vocab_size"] = reserved + len(tokens) if size is None else size
    vocab = [
        {"rank": rank, "token_bytes": b64encode(token).decode(), "token_str": None} for rank, token in enumerate(tokens)
    ]
    whole: dict[str, Any] = {"config": config | parts.pop("config", {}), "vocab": vocab}
    if special is not None:
        whole["special_tokens"] = [
            {"rank": rank, "token_str": name, "is_control": rank % 2 == 0} for rank, name in enumerate(special)
        ]
    return whole | parts


def tiktoken(tokens: Iterable[bytes]) -> bytes:
    """A tiktoken file of these ranks."""
    return b"".join(b64encode(token) + b" %d\n" % rank for rank, token in enumerate(tokens))


def added_list(tokens: dict[int, str], **more: Any) -> dict[str, Any]:
    """A tokenizer_config.json that lists added tokens, all special."""
    return {"added_tokens_decoder": {str(i): {"content": text, "special": True} for i, text in tokens.items()}} | more


def dump(value: object) -> bytes:
    """JSON as bytes."""
    return json.dumps(value).encode()
