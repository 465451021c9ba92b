"""The head of a GGUF file: what is read of it, in how many reads, and what no writer writes."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest
from hostile import tried
from hypothesis import given, settings
from hypothesis import strategies as st
from making_gguf import ARRAY, F32, F64, I8, I16, I32, I64, STRING, U8, U16, U64, Typed, gguf, string

from specdec_check.compat.errors import MalformedError
from specdec_check.compat.gguf import Gguf, read_gguf
from specdec_check.compat.gguf_parser import HEAD_LIMIT, Numbers
from specdec_check.compat.weights import FIRST_READ, Tensor

TOKENS = "tokenizer.ggml.tokens"


def parsed(data: bytes, size: int | None = None) -> Gguf:
    """The head in these bytes; zeros follow them, as tensors would."""
    whole = len(data) + (1 << 22) if size is None else size
    return read_gguf(lambda start, end: (data + bytes(max(0, min(end, whole) - len(data))))[start:end], whole, "x.gguf")


def refusal(data: bytes, size: int | None = None) -> str:
    with pytest.raises(MalformedError) as caught:
        parsed(data, size)
    assert caught.value.message.startswith("x.gguf ")
    assert len(caught.value.message) < 300
    return caught.value.message


@pytest.mark.parametrize("version", [2, 3])
def test_every_type_of_value(version: int) -> None:
    scalars = {
        "u8": Typed(U8, 255),
        "i8": Typed(I8, -128),
        "u16": Typed(U16, 65535),
        "i16": Typed(I16, -2),
        "u32": 2**32 - 1,
        "i32": Typed(I32, -3),
        "u64": Typed(U64, 2**64 - 1),
        "i64": Typed(I64, -4),
        "f32": 0.5,
        "f64": Typed(F64, 0.1),
        "yes": True,
        "no": False,
        "text": "größer 🙂",
    }
    head = parsed(gguf(scalars, version=version))

    assert head.metadata == {key: one.value if isinstance(one, Typed) else one for key, one in scalars.items()}
    assert (head.integer("i64"), head.integer("yes"), head.integer("text"), head.integer("absent")) == (-4,) + (
        None,
    ) * 3
    assert (head.flag("yes"), head.flag("no"), head.flag("u8")) == (True, False, None)
    assert (head.number("f32"), head.number("u8"), head.number("no")) == (0.5, 255.0, None)
    assert (head.text("text"), head.text("u8")) == ("größer 🙂", None)


def test_arrays() -> None:
    head = parsed(
        gguf(
            {
                "numbers": Typed(ARRAY, [1, -2, 3], I32),
                "floats": Typed(ARRAY, [0.5, -1.0], F32),
                "flags": [True, False],
                "none": Typed(ARRAY, [], STRING),
                "texts": ["a", "", "é", b"\xff"],
            }
        )
    )

    assert head.integers("numbers") == (1, -2, 3)
    assert isinstance(head.metadata["floats"], Numbers)
    assert head.metadata["floats"].unpack() == (0.5, -1.0)
    assert (head.integers("floats"), head.integers("flags"), head.integers("texts")) == (None, None, None)
    assert (head.strings("none"), head.strings("numbers")) == ((), None)
    assert head.strings("texts") == (b"a", b"", "é".encode(), b"\xff")


def test_tensors_are_told_rows_first() -> None:
    tensors = {"token_embd.weight": (12, (384, 256)), "one": (0, (7,)), "none": (30, ()), "new": (99, (2, 3))}
    data = gguf({"a": 1}, {name: (kind, shape) for name, (kind, shape) in tensors.items()})
    head = parsed(data)

    assert head.tensors == {
        "token_embd.weight": Tensor("Q4_K", (384, 256)),
        "one": Tensor("F32", (7,)),
        "none": Tensor("BF16", ()),
        "new": Tensor("type 99", (2, 3)),
    }
    assert head.data == data


def test_only_the_head_makes_the_digest() -> None:
    data = gguf({"a": 1}, {"t": (4, 4)})

    assert parsed(data + b"weights").sha256 == parsed(data + b"other weights", 10_000).sha256
    assert parsed(data).sha256 != parsed(gguf({"a": 2}, {"t": (4, 4)})).sha256


# How it is read


def vocabulary(count: int, kind: str) -> dict[str, Any]:
    """Tokens that grow longer with their ids, as merged ones do, and what a converter writes behind them."""
    tokens = [f"token{number:0{1 + number * 12 // count}}" for number in range(count)]
    told = {"tokenizer.ggml.model": kind, TOKENS: tokens, "tokenizer.ggml.token_type": Typed(ARRAY, [1] * count, I32)}
    if kind == "gpt2":
        return told | {"tokenizer.ggml.merges": [f"{token[:3]} {token[3:]}" for token in tokens]}
    return told | {"tokenizer.ggml.scores": Typed(ARRAY, [0.0] * count, F32)}


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
@pytest.mark.parametrize("count", [10_000, 60_000])
def test_a_long_head_takes_few_reads_and_little_more_than_itself(kind: str, count: int) -> None:
    data = gguf(vocabulary(count, kind), {f"blk.{layer}.attn_q.weight": (64, 64) for layer in range(80)})
    whole, reads = 50 * len(data), []

    def read(start: int, end: int) -> bytes:
        reads.append((start, end))
        return (data + bytes(max(0, end - len(data))))[start:end]

    head = read_gguf(read, whole, "x.gguf")

    assert len(head.metadata[TOKENS]) == count  # type: ignore[arg-type]
    assert reads[0] == (0, FIRST_READ)
    assert [end for _, end in reads[:-1]] == [start for start, _ in reads[1:]]
    assert len(reads) <= 4
    assert reads[-1][1] <= max(FIRST_READ, len(data) * 1.25)


def test_a_short_head_takes_one_read_and_no_byte_past_the_file() -> None:
    data, reads = gguf({"a": 1}, {"t": (4, 4)}), []

    def read(start: int, end: int) -> bytes:
        reads.append((start, end))
        return data[start:end]

    read_gguf(read, len(data), "x.gguf")
    read_gguf(read, None, "x.gguf")

    assert reads == [(0, len(data)), (0, FIRST_READ)]


def test_however_a_source_is_cut_the_head_is_the_same() -> None:
    data = gguf(vocabulary(15_000, "gpt2"), {f"t{number}": (4, 4) for number in range(500)})
    known = parsed(data)

    def grudging(start: int, end: int) -> bytes:  # sends what was asked for and not a byte more
        return data[start:end]

    assert read_gguf(grudging, len(data), "x.gguf") == parsed(data, len(data))
    assert read_gguf(grudging, None, "x.gguf").metadata == known.metadata


# What no writer writes


@pytest.mark.parametrize(
    "data", [b"", b"GG", b"GGUF", b"GGUF\3\0\0\0", gguf({"a": "text"})[:-1], gguf({}, {"t": (1,)})[:-1]]
)
def test_a_file_that_is_cut_off(data: bytes) -> None:
    message = refusal(data, len(data))

    assert "ends inside its head" in message or "does not begin as a GGUF file" in message


def test_every_cut_is_refused() -> None:
    data = gguf({"a": 1, "b": ["x", "yz"], "c": Typed(ARRAY, [1, 2], I32), "d": "text"}, {"t": (4, 4)})
    for length in range(len(data)):
        refusal(data[:length], length)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"PK\3\4" + bytes(100), "does not begin as a GGUF file does"),
        (b"<!doctype html>" * 10, "does not begin as a GGUF file does"),
        (struct.pack(">4sIQQ", b"GGUF", 3, 0, 0), "is made for big-endian machines"),
        (gguf({}, version=1), "is a GGUF file of version 1"),
        (gguf({}, version=4), "is a GGUF file of version 4"),
        (gguf({}, version=0), "is a GGUF file of version 0"),
        (gguf({}, counts=(2**63, 0)), "claims 0 keys and 9223372036854775808 tensors"),
        (gguf({}, counts=(0, 2**64 - 1)), "keys and 0 tensors"),
        (gguf([("a", 1), ("a", 2)]), "gives the key 'a' twice"),
        (gguf({"a": Typed(ARRAY, [[1]], ARRAY)}), "has an array in an array under 'a'"),
        (gguf({}, counts=(0, 1)) + string("a") + struct.pack("<I", 13), "has a value of the unknown type 13 under 'a'"),
        (gguf({}, counts=(0, 1)) + string("a") + struct.pack("<IIQ", 9, 77, 1), "the unknown type 77"),
        (gguf({}, counts=(0, 1)) + struct.pack("<Q", 2**62), "has a string of 4611686018427387904 bytes"),
        (gguf({}, counts=(0, 1)) + string("a") + struct.pack("<IQ", 8, 2**40), "has a string of 1099511627776 bytes"),
        (gguf({}, counts=(0, 1)) + string("a") + struct.pack("<IIQ", 9, 8, 2**60), "strings under 'a'"),
        (gguf({}, counts=(0, 1)) + string("a") + struct.pack("<IIQ", 9, 4, 2**63), "claims a head of more than"),
        (gguf({}, counts=(0, 1)) + string("a") + struct.pack("<IIQQ", 9, 8, 1, 2**63), "claims a head of more than"),
        (gguf({"general.alignment": 0}), "aligns its tensors"),
        (gguf({"general.alignment": 48}), "aligns its tensors"),
        (gguf({"general.alignment": 2**31}), "aligns its tensors"),
        (gguf({"general.alignment": "32"}), "aligns its tensors"),
        (gguf({}, {"t": (2**40, 2**40)}), "gives the tensor 't' more elements than any has"),
        (gguf({}, {"t": (2**63, 0)}), "gives the tensor 't' more elements than any has"),
        (gguf({}, counts=(1, 0)) + string("t") + struct.pack("<I", 9), "gives the tensor 't' 9 dimensions"),
        (gguf({}, counts=(1, 0)) + string("x" * 2000), "has a string of 2000 bytes where no more than 1024 make sense"),
        (gguf({}, {"t": (1,)}, counts=(2, 0)) + gguf({}, {"t": (1,)})[24:], "gives the tensor 't' twice"),
    ],
)
def test_what_is_refused(data: bytes, told: str) -> None:
    assert told in refusal(data, 2**50)


def test_names_are_told_within_bounds() -> None:
    message = refusal(gguf([("\x1b[31m" + "a" * 1000, 1)] * 2))

    assert "\x1b" not in message


def test_a_file_of_large_arrays_is_read_to_the_bound_and_no_further() -> None:
    """99 arrays of 8 MiB, each as long as it says."""
    arrays = [string(f"k{number:02}") + struct.pack("<IIQ", ARRAY, F32, 2**21) for number in range(99)]
    pieces = [(0, gguf({}, counts=(0, 99)))]
    pieces += [(24 + number * (len(arrays[0]) + 2**23), array) for number, array in enumerate(arrays)]
    asked = []

    def read(start: int, end: int) -> bytes:
        asked.append(end)
        data = bytearray(end)
        for place, piece in pieces:
            data[place : place + len(piece)] = piece
        return bytes(data[start:end])

    with pytest.raises(MalformedError) as caught:
        read_gguf(read, 2**40, "x.gguf")
    assert "claims a head of more than" in caught.value.message
    assert max(asked) <= HEAD_LIMIT


HONEST = gguf(
    {"general.architecture": "llama", "a": 7, TOKENS: ["x", "yz"], "b": Typed(ARRAY, [1, 2], I32), "c": True},
    {"token_embd.weight": (2, 32), "output.weight": (8, (2, 32))},
)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(HONEST) - 1), st.binary(min_size=1, max_size=8)), min_size=1, max_size=4))
def test_damage_is_told_or_harmless(changes: list[tuple[int, bytes]]) -> None:
    data = bytearray(HONEST)
    for place, piece in changes:
        data[place : place + len(piece)] = piece
    _told_or_harmless(lambda: parsed(bytes(data), 1 << 20))


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_noise_is_told_or_harmless(noise: bytes) -> None:
    _told_or_harmless(lambda: parsed(struct.pack("<4sIQQ", b"GGUF", 3, 1, 2) + noise, 1 << 16))


def _told_or_harmless(call: Callable[[], Gguf]) -> None:
    found, refusal = tried(call)
    if found is None:
        assert refusal.startswith("x.gguf ")
        assert len(refusal) < 300
    else:
        assert len(found.data) <= HEAD_LIMIT
        assert all(isinstance(tensor, Tensor) for tensor in found.tensors.values())
