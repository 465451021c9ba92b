"""Binary files of damaged parts in a sound frame: lengths and types hold, so that the damage gets past the first check.

Each call reads the parts as JSON, as they were damaged, and writes the file that they make; what no file can say is
left out.
"""

from __future__ import annotations

import contextlib
import json
import struct
from typing import Any

import tokenizer_files
from making_gguf import F64, I64, STRING, Typed, gguf


def safetensors(parts: bytes) -> bytes:
    """A header of this JSON, with its true length."""
    return len(parts).to_bytes(8, "little") + parts


def gguf_file(parts: bytes) -> bytes:
    """A head of `{"metadata": {…}, "tensors": {name: [type, shape]}}`."""
    whole = _object(parts)
    metadata = {key.encode("utf-8", "replace").decode(): _typed(value) for key, value in _object_in(whole, "metadata")}
    sound = {key: value for key, value in metadata.items() if value is not None}
    tensors: dict[str, Any] = {}
    for name, value in _object_in(whole, "tensors"):
        with contextlib.suppress(TypeError, ValueError, struct.error, OverflowError):
            kind, shape = value
            named = {name.encode("utf-8", "replace").decode(): (int(kind), tuple(map(int, shape)))}
            gguf({}, tensors | named)
            tensors |= named
    return gguf(sound, tensors)


def sentencepiece(parts: bytes) -> bytes:
    """A model of `[[text, type], …]`."""
    pieces = []
    whole = _parsed(parts)
    for entry in whole if isinstance(whole, list) else []:
        if isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], str):
            kind = entry[1] % 2**70 if isinstance(entry[1], int) else None
            pieces.append(tokenizer_files.piece(entry[0].encode("utf-8", "surrogatepass"), kind))
    return tokenizer_files.sentencepiece(pieces)


def _parsed(parts: bytes) -> Any:
    try:
        return json.loads(parts)
    except (ValueError, RecursionError):
        return None


def _object(parts: bytes) -> dict[str, Any]:
    whole = _parsed(parts)
    return whole if isinstance(whole, dict) else {}


def _object_in(whole: dict[str, Any], key: str) -> list[tuple[str, Any]]:
    inner = whole.get(key)
    return list(inner.items()) if isinstance(inner, dict) else []


def _typed(value: Any) -> Any:
    """The value with a type that can hold it; None where there is none."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return Typed(STRING, value.encode("utf-8", "surrogatepass"))
    if isinstance(value, int):
        return Typed(I64, (value + 2**63) % 2**64 - 2**63)
    if isinstance(value, float):
        return Typed(F64, value)
    if isinstance(value, list) and value:
        items = [None if isinstance(item, list) else _typed(item) for item in value]
        kinds = {item.kind if isinstance(item, Typed) else None for item in items}
        if len(kinds) == 1 and None not in kinds:
            return Typed(9, [item.value for item in items], kinds.pop())
    return None
