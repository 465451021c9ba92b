"""Small GGUF files for the tests, written byte by byte: sound ones, and such as no writer writes.

>>> write_gguf(folder / "model.gguf", metadata_of(made), tensors_of(made.rows))
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from making import Made
from tokenizers import Tokenizer

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
LAYOUTS = {U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "?", U64: "Q", I64: "q", F64: "d"}
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)
BLOCKS = {0: (1, 4), 1: (1, 2), 8: (32, 34), 12: (256, 144), 30: (1, 2)}
Tensors = Mapping[str, Any]


@dataclass(frozen=True)
class Typed:
    """A value of a certain type, where that of the Python value would not do; `of` is the type inside an array."""

    kind: int
    value: Any
    of: int | None = None


def gguf(
    metadata: Mapping[str, Any] | Sequence[tuple[str, Any]],
    tensors: Tensors | None = None,
    *,
    version: int = 3,
    counts: tuple[int, int] | None = None,
) -> bytes:
    """The head of a file.

    Args:
        metadata: key → value; a bool, int, float or str goes by its own type, lists of those as arrays.
        tensors: name → shape, rows first, or (ggml type, shape); F16 unless told.
        version: of the format.
        counts: of tensors and keys, where they should not be the true ones.
    """
    pairs = list(metadata.items() if isinstance(metadata, Mapping) else metadata)
    infos, offset = b"", 0
    for name, given in (tensors or {}).items():
        kind, shape = given if len(given) == 2 and isinstance(given[1], tuple) else (1, given)
        infos += string(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *reversed(shape), kind, offset)
        offset += size_of(kind, shape)
    told = counts or (len(tensors or {}), len(pairs))
    return struct.pack("<4sIQQ", b"GGUF", version, *told) + b"".join(string(k) + value(v) for k, v in pairs) + infos


def size_of(kind: int, shape: tuple[int, ...]) -> int:
    """Bytes of a tensor."""
    elements, size = BLOCKS.get(kind, (1, 1))
    return prod(shape) // elements * size


def string(text: str | bytes) -> bytes:
    """Length and bytes."""
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(data)) + data


def value(given: Any) -> bytes:
    """Type and value."""
    if not isinstance(given, Typed):
        given = Typed(_kind(given), given)
    return struct.pack("<I", given.kind) + _payload(given)


def _payload(given: Typed) -> bytes:
    if given.kind == STRING:
        return string(given.value)
    if given.kind != ARRAY:
        return struct.pack(f"<{LAYOUTS[given.kind]}", given.value)
    items = list(given.value)
    of = given.of if given.of is not None else _kind(items[0]) if items else U32
    head = struct.pack("<IQ", of, len(items))
    if of in LAYOUTS:
        return head + struct.pack(f"<{len(items)}{LAYOUTS[of]}", *items)
    return head + b"".join(_payload(Typed(of, item)) for item in items)


def _kind(given: Any) -> int:
    kinds = {bool: BOOL, int: U32, float: F32, str: STRING, bytes: STRING, list: ARRAY, tuple: ARRAY}
    return kinds[type(given)]


def write_gguf(path: Path, metadata: Mapping[str, Any], tensors: Tensors, *, whole: bool = False) -> Path:
    """Write a file; unless whole, only its head, with the size that it claims beside it for the loopback Hub."""
    head = gguf(metadata, tensors)
    given = [one if len(one) == 2 and isinstance(one[1], tuple) else (1, one) for one in tensors.values()]
    size = -(-len(head) // 32) * 32 + sum(size_of(kind, shape) for kind, shape in given)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(head + bytes(size - len(head)) if whole else head)
    if not whole:
        path.with_name(f"{path.name}.size").write_text(str(size))
    return path


def tensors_of(rows: int, width: int = 32, *, tied: bool = False, layers: int = 1) -> dict[str, Any]:
    """The tensors of a small model."""
    found: dict[str, Any] = {"token_embd.weight": (rows, width), "output_norm.weight": (0, (width, 1))}
    for layer in range(layers):
        found[f"blk.{layer}.attn_q.weight"] = (width, width)
        found[f"blk.{layer}.ffn_up.weight"] = (8, (2 * width, width))
    return found if tied else found | {"output.weight": (rows, width)}


def metadata_of(made: Made, **changes: Any) -> dict[str, Any]:
    """What a converter writes of a made model; `changes` have `__` for a dot, and None leaves a key out."""
    tokenizer = json.loads((made / "tokenizer.json").read_text())
    level = any(step == "ByteLevel" for step in [(tokenizer["pre_tokenizer"] or {}).get("type")])
    special = {token["id"]: token["special"] for token in tokenizer["added_tokens"]}
    library = Tokenizer.from_file(str(made / "tokenizer.json"))
    texts = [library.id_to_token(number) or f"[PAD{number}]" for number in range(made.rows)]
    ids = {role: made.ids.get(getattr(made.recipe, role) or "") for role in ("bos", "eos", "pad", "unk")}
    types = [_type(number, text, special, library, ids["unk"]) for number, text in enumerate(texts)]
    told: dict[str, Any] = {
        "general.architecture": "llama",
        "general.type": "model",
        "llama.context_length": made.recipe.context,
        "llama.vocab_size": made.rows,
        "llama.rope.freq_base": 10000.0,
        "general.file_type": 1,
        "tokenizer.ggml.model": "gpt2" if level else "llama",
        "tokenizer.ggml.pre": "gpt-2" if level else "default",
        "tokenizer.ggml.tokens": texts,
        "tokenizer.ggml.token_type": Typed(ARRAY, types, I32),
    }
    if level:
        merges = tokenizer["model"]["merges"]
        told["tokenizer.ggml.merges"] = [" ".join(merge) for merge in merges]
    else:
        told["tokenizer.ggml.scores"] = [-float(number) for number in range(len(texts))]
    names = {"bos": "bos", "eos": "eos", "pad": "padding", "unk": "unknown"}
    told |= {f"tokenizer.ggml.{names[role]}_token_id": number for role, number in ids.items() if number is not None}
    told |= {"tokenizer.ggml.add_bos_token": not level, "tokenizer.ggml.add_eos_token": False}
    told |= {key.replace("__", "."): given for key, given in changes.items()}
    return {key: given for key, given in told.items() if given is not None}


def _type(number: int, text: str, special: Mapping[int, bool], library: Tokenizer, unk: int | None) -> int:
    if library.id_to_token(number) is None:
        return UNUSED
    if number == unk:
        return UNKNOWN
    if number in special:
        return CONTROL if special[number] else USER_DEFINED
    return BYTE if text.startswith("<0x") and len(text) == 6 else NORMAL
