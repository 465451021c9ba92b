"""One pass over the head of a GGUF file, which is read as it is parsed: few reads, and little past its end."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any, TypeAlias

from .errors import MalformedError
from .gguf_types import TENSOR_NAMES, size_of
from .visible import shortened
from .weights import FIRST_READ, Tensor, check_whole

# Real heads have 1 to 16 MiB, nearly all of it tokens and merges. The bound leaves room for four times as much.
HEAD_LIMIT = 64 * 1024 * 1024
# Real files have some 50 keys and, where each expert stands alone, 30,000 tensors; a vocabulary has a quarter of a
# million tokens and half a million merges. What lies past these bounds would cost memory and say nothing.
_MOST_KEYS = 1 << 14
_MOST_TENSORS = 1 << 17
_MOST_STRINGS = 1 << 22
_LONGEST_NAME = 1 << 10
_MOST_DIMENSIONS = 8
_MOST_ELEMENTS = 1 << 48
_ALIGNMENT, _LARGEST_ALIGNMENT = 32, 1 << 20

_STRING, _ARRAY = 8, 9
# Value type → its layout; a bool is one byte.
_LAYOUTS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_LENGTH, _KIND = struct.Struct("<Q"), struct.Struct("<I")
_SCALARS = {kind: struct.Struct(f"<{layout}") for kind, layout in _LAYOUTS.items()}
_START = struct.Struct("<4sIQQ")

_TOKENS = "tokenizer.ggml.tokens"
_ENTRY = 64  # bytes that the entry of a tensor takes, about


@dataclass(frozen=True, slots=True)
class Numbers:
    """An array of numbers or truth values, unpacked where it is asked for."""

    layout: str
    data: bytes = field(repr=False)

    def unpack(self) -> tuple[int | float | bool, ...]:
        """The values."""
        count = len(self.data) // struct.calcsize(f"<{self.layout}")
        return struct.unpack(f"<{count}{self.layout}", self.data)


Value: TypeAlias = int | float | bool | str | Numbers | tuple[bytes, ...]


class Source:
    """The part of the file that was read so far, which grows from its start."""

    def __init__(self, read: Callable[[int, int], bytes], file_size: int | None, path: str) -> None:
        self._read, self.file_size, self.path = read, file_size, path
        self.data = read(0, FIRST_READ if file_size is None else min(FIRST_READ, file_size))

    def reach(self, end: int, expected: int = 0) -> None:
        """Has the bytes up to `end` at hand; where they must be read, those up to `expected` as well."""
        have = len(self.data)
        if end <= have:
            return
        if end > HEAD_LIMIT:
            raise self.damaged(f"claims a head of more than the {HEAD_LIMIT} bytes that are read of one")
        bound = HEAD_LIMIT if self.file_size is None else min(HEAD_LIMIT, self.file_size)
        if end <= bound:
            self.data += self._read(have, min(max(end, expected), bound))
        if end > len(self.data):
            raise MalformedError(
                f"{self.path} ends inside its head: the upload is incomplete; publish the file again or choose another"
                " revision."
            )

    def damaged(self, what: str) -> MalformedError:
        """The error for a file that no writer writes."""
        return MalformedError(f"{self.path} {what}: it is damaged, or no model that llama.cpp could load.")


class Parser:
    """One pass over the head.

    Attributes:
        metadata: key → value, as far as it was read.
        tensors: name → type and shape, as far as they were read.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._at = 0
        self.metadata: dict[str, Value] = {}
        self.tensors: dict[str, Tensor] = {}
        self._begun: set[str] = set()
        self._end = 0  # of the tensors, from where they begin
        self._left = 0  # how many tensors are still to come, and about how many bytes the entry of each has
        self._entry: float = _ENTRY
        self._vocabulary = (0, 0)  # how many tokens there are, and about how many bytes

    def parse(self) -> bytes:
        """Reads it all; gives the head, to the last tensor's entry."""
        keys = self._start()
        for _ in range(keys):
            self._key()
        self._check_alignment()
        begin, count = self._at, self._left
        for done in range(1, 1 + count):
            self._tensor()
            self._left, self._entry = count - done, (self._at - begin) / done
        return self._source.data[: self._at]

    def _start(self) -> int:
        """Magic, version and counts; gives the number of keys."""
        source = self._source
        if source.data[:4] != b"GGUF"[: len(source.data)] or not source.data:
            raise MalformedError(f"{source.path} does not begin as a GGUF file does: it is not what its name says.")
        source.reach(_START.size)
        _, version, tensors, keys = _START.unpack_from(source.data)
        self._at, self._left = _START.size, tensors
        if version & 0xFFFF == 0 and version:
            raise MalformedError(
                f"{source.path} is made for big-endian machines, and only little-endian GGUF files are read here:"
                " convert it anew."
            )
        if version not in (2, 3):
            raise MalformedError(
                f"{source.path} is a GGUF file of version {version}, and versions 2 and 3 are read here: convert it"
                " anew."
            )
        if keys > _MOST_KEYS or tensors > _MOST_TENSORS:
            raise source.damaged(f"claims {keys} keys and {tensors} tensors")
        return int(keys)

    def _key(self) -> None:
        key = self._string(_LONGEST_NAME).decode("utf-8", "replace")
        kind = self._number(_KIND)
        if key in self._begun:
            raise self._source.damaged(f"gives the key {shortened(repr(key))} twice")
        self._begun.add(key)
        if kind == _STRING:
            self.metadata[key] = self._string(HEAD_LIMIT).decode("utf-8", "replace")
        elif kind == _ARRAY:
            self.metadata[key] = self._array(key)
        else:
            value: int | float | bool = self._take(self._scalar(kind, key))
            self.metadata[key] = value

    def _scalar(self, kind: int, key: str) -> struct.Struct:
        if kind not in _SCALARS:
            what = "an array in an array" if kind == _ARRAY else f"a value of the unknown type {kind}"
            raise self._source.damaged(f"has {what} under {shortened(repr(key))}")
        return _SCALARS[kind]

    def _array(self, key: str) -> Value:
        kind, count = self._number(_KIND), self._number(_LENGTH)
        if kind == _STRING:
            return self._strings(key, count)
        end = self._at + count * self._scalar(kind, key).size
        self._need(end)
        data, self._at = self._source.data[self._at : end], end
        return Numbers(_LAYOUTS[kind], data)

    def _strings(self, key: str, count: int) -> tuple[bytes, ...]:
        """The loop that a head's time goes into: a quarter of a million tokens, and twice as many merges."""
        if count > _MOST_STRINGS:
            raise self._source.damaged(f"claims {count} strings under {shortened(repr(key))}")
        found: list[bytes] = []
        data, start, at, length = self._source.data, self._at, self._at, _LENGTH.unpack_from
        have = len(data)
        while len(found) < count:
            end = at + 8
            if end <= have:
                end += length(data, at)[0]
            if end <= have:
                found.append(data[at + 8 : end])
                at = end
                continue
            mean = 1.25 * (at - start) / len(found) if found else 16.0  # later ones are longer
            left = int(mean * (count - len(found)))
            if key == _TOKENS:
                self._vocabulary = count, int(count * mean)
            self._source.reach(end, at + left + self._rest())
            data = self._source.data
            have = len(data)
        if key == _TOKENS:
            self._vocabulary = count, at - start
        self._at = at
        return tuple(found)

    def _need(self, end: int) -> None:
        if end > len(self._source.data):
            self._source.reach(end, end + self._rest())

    def _rest(self) -> int:
        """How many bytes are likely to follow: a wrong guess costs a read or some bytes, nothing else.

        Behind the tokens lie a type for each of them and then, in BPE, merges about as long as the tokens and a space
        each, in other kinds a score for each; behind it all the tensors.
        """
        begun, (count, size) = self._begun, self._vocabulary
        rest = int(self._left * self._entry) + (0 if "tokenizer.ggml.token_type" in begun else 4 * count)
        if self.metadata.get("tokenizer.ggml.model") in ("gpt2", "gemma4"):
            return rest + (0 if "tokenizer.ggml.merges" in begun else size + count)
        return rest + (0 if "tokenizer.ggml.scores" in begun else 4 * count)

    def _tensor(self) -> None:
        name = self._string(_LONGEST_NAME).decode("utf-8", "replace")
        dimensions = self._number(_KIND)
        if dimensions > _MOST_DIMENSIONS:
            raise self._source.damaged(f"gives the tensor {shortened(repr(name))} {dimensions} dimensions")
        shape = tuple(self._number(_LENGTH) for _ in range(dimensions))[::-1]
        kind, offset = self._number(_KIND), self._number(_LENGTH)
        if max(shape, default=0) > _MOST_ELEMENTS or prod(shape) > _MOST_ELEMENTS:
            raise self._source.damaged(f"gives the tensor {shortened(repr(name))} more elements than any has")
        if name in self.tensors:
            raise self._source.damaged(f"gives the tensor {shortened(repr(name))} twice")
        self.tensors[name] = found = Tensor(TENSOR_NAMES.get(kind, f"type {kind}"), shape)
        self._end = max(self._end, offset + (size_of(found) or 0))

    def check_length(self) -> None:
        """Tests, after parsing, whether the tensors end in the file: they lie behind the head from an aligned byte on.

        Raises:
            MalformedError: if they do not.
        """
        alignment = self.metadata.get("general.alignment", _ALIGNMENT)
        start = self._at + -self._at % (alignment if isinstance(alignment, int) else _ALIGNMENT)
        check_whole(self._source.path, self._source.file_size, start, start + self._end)

    def _check_alignment(self) -> None:
        alignment = self.metadata.get("general.alignment", _ALIGNMENT)
        if not isinstance(alignment, int) or not 0 < alignment <= _LARGEST_ALIGNMENT or alignment & (alignment - 1):
            raise self._source.damaged("aligns its tensors to what is no power of two up to a mebibyte")

    def _string(self, longest: int) -> bytes:
        length = self._number(_LENGTH)
        if length > longest:
            raise self._source.damaged(f"has a string of {length} bytes where no more than {longest} make sense")
        start, end = self._at, self._at + length
        self._need(end)
        self._at = end
        return self._source.data[start:end]

    def _number(self, layout: struct.Struct) -> int:
        value: int = self._take(layout)
        return value

    def _take(self, layout: struct.Struct) -> Any:  # noqa: ANN401 - whatever the layout holds
        end = self._at + layout.size
        self._need(end)
        (value,) = layout.unpack_from(self._source.data, self._at)
        self._at = end
        return value
