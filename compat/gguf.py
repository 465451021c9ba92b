"""The head of a GGUF file: its metadata, and the shapes and types of its tensors, never the tensors.

Format, versions 2 and 3 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): "GGUF", version, number of
tensors, number of keys; then each key with its value; then each tensor's name, dimensions, type and offset. All
integers are little-endian here; a file made for big-endian machines is refused by name.

The `gguf` package has a reader too. It maps a whole local file into memory through numpy, and its loop over the tokens
takes seconds; what is needed here lies in the first thousandth of a file that is most often far away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from .gguf_parser import Numbers, Parser, Source, Value
from .weights import Tensor


@dataclass(frozen=True, slots=True)
class Gguf:
    """The head of a GGUF file.

    Attributes:
        metadata: key → value; a string in an array as its bytes.
        tensors: name → type and shape, rows first (the file has the dimensions the other way round).
        data: the head itself, to the last tensor's entry.
        sha256: of the head.
        file_size: bytes of the whole file, where known.
    """

    metadata: Mapping[str, Value] = field(repr=False)
    tensors: Mapping[str, Tensor] = field(repr=False)
    data: bytes = field(repr=False)
    sha256: str
    file_size: int | None

    def integer(self, key: str) -> int | None:
        """The whole number under a key; None where there is none."""
        value = self.metadata.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def text(self, key: str) -> str | None:
        """The string under a key; None where there is none."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else None

    def flag(self, key: str) -> bool | None:
        """The truth value under a key; None where there is none."""
        value = self.metadata.get(key)
        return value if isinstance(value, bool) else None

    def number(self, key: str) -> float | None:
        """The number under a key; None where there is none."""
        value = self.metadata.get(key)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def strings(self, key: str) -> tuple[bytes, ...] | None:
        """The array of strings under a key; None where there is none."""
        value = self.metadata.get(key)
        return value if isinstance(value, tuple) else None

    def integers(self, key: str) -> tuple[int, ...] | None:
        """The array of whole numbers under a key; None where there is none."""
        value = self.metadata.get(key)
        if not isinstance(value, Numbers) or value.layout in "?fd":
            return None
        return tuple(map(int, value.unpack()))


def read_gguf(read: Callable[[int, int], bytes], file_size: int | None, path: str, *, local: bool = False) -> Gguf:
    """Reads the head of a GGUF file in few reads, each as long as the head is expected to go on.

    Args:
        read: (start, end) → the bytes of the file in that half-open range; fewer where the file ends.
        file_size: the size that the file claims, if known.
        path: the file, for messages.
        local: whether it is a file of this machine, whose transfer may have been broken off; the Hub lists whole ones.

    Raises:
        MalformedError: if it is no GGUF file of a version that is read here, lies about its sizes, or is cut off.
    """
    parser = Parser(Source(read, file_size, path))
    head = parser.parse()
    if local:
        parser.check_length()
    metadata, tensors = MappingProxyType(parser.metadata), MappingProxyType(parser.tensors)
    return Gguf(metadata, tensors, head, hashlib.sha256(head).hexdigest(), file_size)
