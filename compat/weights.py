"""The header of a safetensors file: shapes and types of its tensors, never the tensors.

Format: 8 bytes little-endian length n, then n bytes of JSON, then the data
(https://github.com/huggingface/safetensors#format).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import prod
from types import MappingProxyType
from typing import TypeGuard

from .errors import MalformedError
from .jsonfile import integer, mapping, parse_object, text

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")
FIRST_READ = 100 * 1024
# The format itself allows 100 MB. The largest published headers, of mixtures with thousands of experts, stay below 4.
_HEADER_LIMIT = 32 * 1024 * 1024

# No tensor has so many elements or dimensions; without a bound, a few bytes of header make numbers of a million digits.
_MOST_ELEMENTS = 1 << 48
_MOST_DIMENSIONS = 16
_MOST_BYTES = 1 << 56

# How the architectures in transformers name the two matrices that are as tall as the vocabulary.
_HEAD_MODULES = ("lm_head", "embed_out")
_HEAD = tuple(f"{module}.weight" for module in _HEAD_MODULES)
_EMBEDDING = (
    "embed_tokens.weight",
    "wte.weight",
    "embed_in.weight",
    "word_embeddings.weight",
    "tok_embeddings.weight",
    "shared.weight",
    "tokens_embed.weight",
)
# Parts that have matrices of such names of their own: encoders of other media, and multi-token prediction layers.
OTHER_PARTS = ("vision", "visual", "audio", "speech", "encoder.", "projector", "mtp", "talker", "2wav")
_NO_MATRIX_OF = (*OTHER_PARTS, ".layers.")


@dataclass(frozen=True, slots=True)
class Tensor:
    """Type and shape of a tensor, as its header declares them."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """A safetensors header.

    Attributes:
        tensors: name → type and shape.
        sha256: of the header's bytes, length prefix included.
        file_size: bytes of the whole file, where known.
    """

    tensors: Mapping[str, Tensor] = field(repr=False)
    sha256: str
    file_size: int | None


def read_header(read: Callable[[int, int], bytes], file_size: int | None, path: str) -> Header:
    """Reads a header with one read of at most 100 KiB, and one more only where the header is longer.

    Args:
        read: (start, end) → the bytes of the file in that half-open range; fewer where the file ends.
        file_size: the size that the file claims, if known.
        path: the file, for messages.

    Raises:
        MalformedError: if the header lies about its length or is no safetensors header.
    """
    head = read(0, FIRST_READ if file_size is None else min(FIRST_READ, file_size))
    end = 8 + int.from_bytes(head[:8], "little")
    if head.startswith(b"version https://git-lfs"):
        raise MalformedError(f"{path} is a pointer of git-lfs and not the file itself: run `git lfs pull`.")
    if len(head) < 8 or (file_size is not None and end > file_size):
        raise MalformedError(
            f"{path} claims a header of {end - 8} bytes, longer than the file: the upload is damaged or incomplete;"
            " publish the weights again or choose another revision."
        )
    if end - 8 > _HEADER_LIMIT:
        raise MalformedError(
            f"{path} claims a header of {end - 8} bytes, more than the {_HEADER_LIMIT} that are read: it is no weight"
            " file that a loader of this size of model writes."
        )
    if end > len(head):
        head += read(len(head), end)
    if end > len(head):
        raise MalformedError(
            f"{path} ends inside its header: the upload is incomplete; publish the weights again or choose another"
            " revision."
        )
    tensors, length = _tensors(head[8:end], path)
    check_whole(path, file_size, end, end + length)
    return Header(MappingProxyType(tensors), hashlib.sha256(head[:end]).hexdigest(), file_size)


def check_whole(path: str, file_size: int | None, head: int, end: int) -> None:
    """Tests whether a weight file is as long as its head says.

    One that ends with its head is let pass: mirrors of metadata keep such files, and no broken transfer ends there.

    Args:
        path: the file, for messages.
        file_size: its bytes, if known.
        head: bytes of its head.
        end: the byte behind its last tensor.

    Raises:
        MalformedError: if it ends among its tensors.
    """
    if file_size is not None and head < file_size < end:
        raise MalformedError(
            f"{path} has {file_size} bytes, and its tensors reach to {end}: a transfer of it was broken off; publish or"
            " fetch it again."
        )


def _tensors(data: bytes, path: str) -> tuple[dict[str, Tensor], int]:
    """Name → tensor, and the bytes of all of them."""
    found: dict[str, Tensor] = {}
    length = 0
    for name, info in parse_object(data, f"the header of {path}").items():
        if name == "__metadata__":
            continue
        shape, dtype = mapping(info).get("shape"), text(mapping(info).get("dtype"))
        if dtype is None or not _is_shape(shape):
            raise MalformedError(
                f"the header of {path} gives a tensor without a sound shape or type: it is no safetensors file."
            )
        found[name] = Tensor(dtype, tuple(shape))
        offsets = mapping(info).get("data_offsets")
        if isinstance(offsets, list):
            length = max(length, *(integer(offset) or 0 for offset in offsets), 0)
    return found, length


def _is_shape(value: object) -> TypeGuard[list[int]]:
    if not isinstance(value, list) or len(value) > _MOST_DIMENSIONS:
        return False
    return all(type(n) is int and 0 <= n <= _MOST_ELEMENTS for n in value) and prod(value) <= _MOST_ELEMENTS


def head_tensor(names: Iterable[str]) -> str | None:
    """The output head among tensor names; None where it is tied to the embedding, packed, or absent."""
    return _pick(names, _HEAD)


def embedding_tensor(names: Iterable[str]) -> str | None:
    """The input embedding among tensor names."""
    return _pick(names, _EMBEDDING)


def packed_head(names: Iterable[str]) -> str | None:
    """A part of an output head that is kept in another form than one matrix, such as `lm_head.qweight`."""
    modules = tuple(f".{module}" for module in _HEAD_MODULES)
    parts = (name.rpartition(".") for name in names)
    found = (".".join((module, leaf)) for module, _, leaf in parts if f".{module}".endswith(modules) and leaf != "bias")
    return min(found, default=None)


def _pick(names: Iterable[str], endings: tuple[str, ...]) -> str | None:
    """The shortest name that ends so, since nesting only lengthens the name of the outermost model's own."""
    dotted = tuple(f".{ending}" for ending in endings)
    named = (name for name in names if f".{name}".endswith(dotted))
    fitting = [name for name in named if not any(part in name for part in _NO_MATRIX_OF)]
    return min(fitting, key=lambda name: (len(name), name), default=None)


@dataclass(frozen=True, slots=True)
class Index:
    """The index of a sharded model.

    Attributes:
        files: tensor name → the file that holds it.
        total_size: bytes of all tensors; None where the index does not say, or nothing that can be.
    """

    files: Mapping[str, str] = field(repr=False)
    total_size: int | None


def read_index(data: bytes) -> Index:
    """Reads `model.safetensors.index.json`.

    Raises:
        MalformedError: if it has no map from tensors to files.
    """
    whole = parse_object(data, INDEX)
    files = whole.get("weight_map")
    if not isinstance(files, dict) or not all(isinstance(file, str) for file in files.values()):
        raise MalformedError(f"{INDEX} has no map from tensors to files: the upload is damaged.")
    size = integer(mapping(whole.get("metadata")).get("total_size")) or 0
    return Index(MappingProxyType(files), size if 0 < size < _MOST_BYTES else None)


def weight_map(index: bytes) -> Mapping[str, str]:
    """Tensor name → file, from a sharded model's index.

    Raises:
        MalformedError: if the index has no such map.
    """
    return read_index(index).files


def shards_of_interest(index: bytes) -> list[str]:
    """The one or two files of a sharded model that hold the output head and the embedding."""
    files = weight_map(index)
    names = (head_tensor(files), embedding_tensor(files))
    return sorted({files[name] for name in names if name is not None})
