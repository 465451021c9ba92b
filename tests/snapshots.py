"""Models in memory: snapshots and tokenizer files for tests of facts, which need no disk.

>>> facts = fingerprint(snapshot({"config.json": {"model_type": "llama"}}, {"lm_head.weight": (8, 2)}))
"""

import json
from collections.abc import Mapping
from math import prod
from typing import Any

from specdec_check.compat.ref import parse
from specdec_check.compat.snapshot import Entry, Snapshot
from specdec_check.compat.weights import SINGLE, Header, read_header

Json = dict[str, Any]
BITS = {"F64": 64, "F32": 32, "I32": 32, "U32": 32, "BF16": 16, "F16": 16, "F8_E4M3": 8, "I8": 8, "U8": 8, "F4": 4}
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
SENTENCEPIECE = {
    "type": "Sequence",
    "decoders": [
        {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
        {"type": "ByteFallback"},
        {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0},
    ],
}


def snapshot(
    files: Mapping[str, Any],
    tensors: Mapping[str, Any] | None = None,
    *,
    shards: Mapping[str, Mapping[str, Any]] | None = None,
    listed: Mapping[str, int | None] | None = None,
) -> Snapshot:
    """A snapshot of files (bytes, or a value that is written as JSON), of one header or of several shards' headers."""
    contents = {path: value if isinstance(value, bytes) else dump(value) for path, value in files.items()}
    whole = {SINGLE: tensors} if tensors is not None else shards or {}
    headers = {path: header(inside) for path, inside in whole.items()}
    entries = {path: Entry(path, len(data)) for path, data in contents.items()}
    entries |= {path: Entry(path, head.file_size) for path, head in headers.items()}
    entries |= {path: Entry(path, size) for path, size in (listed or {}).items()}
    return Snapshot(parse("org/model"), "org/model", "0" * 40, entries, contents, headers)


def dump(value: object) -> bytes:
    """JSON as bytes."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def header_bytes(tensors: Mapping[str, Any]) -> bytes:
    """The head of a safetensors file; a tensor is its shape, or its dtype and its shape."""
    told: Json = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, given in tensors.items():
        dtype, shape = given if given and isinstance(given[0], str) else ("BF16", given)
        start, end = end, end + prod(shape) * BITS[dtype] // 8
        told[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(told).encode()
    return len(text).to_bytes(8, "little") + text


def header(tensors: Mapping[str, Any]) -> Header:
    """The same, read."""
    data = header_bytes(tensors)
    return read_header(lambda start, end: data[start:end], None, SINGLE)


def tokenizer(vocab: Any, added: tuple[Any, ...] = (), **parts: Any) -> Json:
    """A tokenizer.json; `model` is laid over a BPE without merges, `added` are contents or whole entries."""
    model = {"type": "BPE", "vocab": vocab, "merges": []} | parts.pop("model", {})
    size = len(vocab)
    entries = [
        added_token(entry, size + number) if isinstance(entry, str) else entry for number, entry in enumerate(added)
    ]
    whole: Json = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": entries}
    whole |= {"normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": None, "model": model}
    return whole | parts


def added_token(content: Any, number: Any, special: Any = False) -> Json:
    """An entry of `added_tokens`."""
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {"id": number, "content": content, **flags, "special": special}
