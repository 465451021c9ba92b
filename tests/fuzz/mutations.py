"""Damage of every kind, drawn from a seeded generator: the same seed damages the same way on every machine."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from hostile import KEYS, NUMBERS, TEXTS, nested

_ODD_TEXTS = [text.encode("utf-8", "surrogatepass") for text in TEXTS] + [
    b"\xff\xfe",
    b"\xc3(",
    b"\xef\xbb\xbf",
    b"\r\n",
]
_ODD_NUMBERS = [
    b"-0",
    b"1e999",
    b"-1E400",
    b"9" * 5000,
    b"NaN",
    b"-Infinity",
    b"0x10",
    b"1_000",
    b"true",
    b"null",
    b"[]",
]
# As lengths and counts, little-endian as GGUF and safetensors have them and as a protobuf varint.
_LENGTHS = (0, 1, 2**7, 2**16 - 1, 2**31 - 1, 2**32 - 1, 2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
_VARINTS = (b"\x80" * 9 + b"\x01", b"\xff" * 10, b"\xff\xff\xff\xff\x0f", b"\x80\x80\x80\x80\x10", b"\x80" * 40)
_DEPTHS = (3, 300, 900, 1100, 30_000)
# Marks that open, close, join or escape something in one of the languages of scanned files.
_MARKS = [
    *rb"""' " ` \ \\ # ; & && | || ! = == : , . / -- - + * ** < > << <<- @ % ~ ? ( ) [ ] { } $ $( ${ ${A:- $(( $' {{ }}
    {{- ${{ {% *a !! ''' """.split(),
    *(b"\n", b"\r\n", b"\r", b"\t", b"\x0c", b"\xe2\x80\xa8", b"\n\n", b"\\\n", b"\\u0041", b"\\x41", b'"""', b'f"'),
    *(b"&a ", b"<<: *a", b"---\n", b"<<EOF\n", b"```", b"~~~sh\n"),
]
_MOST_STIRRED = 64 << 10  # bytes; what takes long in a file is found with fewer
_WORD = re.compile(rb"[\w./-]+|\s+|[^\w\s]")


def stirred(draw: random.Random, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds, its lines and words exchanged with others of all the seeds; or damaged like any other file."""
    data = draw.choice(seeds)
    if draw.random() < 0.25:
        return mutated(draw, seeds)
    for _ in range(draw.choice((1, 1, 2, 4, 8))):
        if draw.random() < 0.4:
            data = b"".join(_moved(draw, data.splitlines(keepends=True), draw.choice(seeds).splitlines(keepends=True)))
        else:
            data = b"".join(_moved(draw, _WORD.findall(data), _WORD.findall(draw.choice(seeds))))
        data = data[:_MOST_STIRRED]
    return data if draw.random() < 0.7 else _damaged_bytes(draw, data, seeds)


def _moved(draw: random.Random, parts: list[bytes], others: list[bytes]) -> list[bytes]:
    """The parts with one put, taken, repeated or moved."""
    if not parts or not others:
        return parts or others
    at, other = draw.randrange(len(parts)), draw.randrange(len(parts))
    match draw.randrange(8):
        case 0:
            parts[at] = draw.choice(others)
        case 1:
            parts.insert(at, draw.choice(others))
        case 2 | 3:
            parts.insert(at, draw.choice(_MARKS))
        case 4:
            del parts[at]
        case 5:
            parts[at] *= draw.choice((2, 2, 3, 3, min(3000, _MOST_STIRRED // len(parts[at]))))
        case 6:
            parts[at], parts[other] = parts[other], parts[at]
        case _:
            parts[at] = draw.choice((b" ", b"  ", b"\t", b"    ")) + parts[at]
    return parts


def mutated(draw: random.Random, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds, damaged: as JSON where it is JSON, or as bytes, or both."""
    data = draw.choice(seeds)
    if _is_json(data) and draw.random() < 0.85:
        data = _damaged_json(draw, data)
        if draw.random() < 0.85:
            return data
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        data = _damaged_bytes(draw, data, seeds)
    return data


@cache
def _is_json(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict | list)
    except ValueError:
        return False


def _damaged_json(draw: random.Random, data: bytes) -> bytes:
    value = json.loads(data)
    for _ in range(draw.choice((1, 1, 2, 4))):
        _change(draw, value)
    found = json.dumps(value, ensure_ascii=draw.random() < 0.5).encode("utf-8", "surrogatepass")
    match draw.randrange(12):
        case 0:
            return _with_key_twice(draw, found)
        case 1:
            return _with_scalar(draw, found, nested(draw.choice(_DEPTHS), *draw.choice((("1",), ("1", '{"a":', "}")))))
        case 2:
            return _with_scalar(draw, found, draw.choice(_ODD_NUMBERS))
    return found


def _change(draw: random.Random, value: Any) -> None:
    """Replaces, removes, adds or moves one part."""
    holder, key = _place(draw, value)
    if holder is None:
        return
    match draw.randrange(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[draw.choice(KEYS + TEXTS)] = _hostile(draw)
        case 1:
            holder.insert(draw.randint(0, len(holder)), _hostile(draw))
        case 2:
            other, at = _place(draw, value)
            holder[key] = json.loads(json.dumps(other[at])) if other is not None else None
        case 3 if isinstance(holder, dict):
            holder[draw.choice(TEXTS)] = holder.pop(key)
        case _:
            holder[key] = _hostile(draw)


def _place(draw: random.Random, value: Any) -> tuple[Any, Any]:
    """What holds some part of a value, and the part's key in it."""
    holder, key = None, None
    while isinstance(value, dict | list) and value:
        holder, key = value, draw.choice(list(value)) if isinstance(value, dict) else draw.randrange(len(value))
        if draw.random() < 0.25:
            break
        value = value[key]
    return holder, key


def _hostile(draw: random.Random) -> Any:
    match draw.randrange(8):
        case 0 | 1 | 2:
            return draw.choice(NUMBERS)
        case 3 | 4 | 5:
            return draw.choice(TEXTS)
        case 6:
            return [draw.choice(TEXTS + NUMBERS) for _ in range(draw.randrange(3))]
    return draw.choice([None, True, False, {}, {draw.choice(KEYS): draw.choice(TEXTS + NUMBERS)}])


def _with_key_twice(draw: random.Random, data: bytes) -> bytes:
    places = [place for place, byte in enumerate(data) if byte == ord("{")]
    if not places:
        return data
    place = draw.choice(places) + 1
    key = data[place:].split(b":", 1)[0]
    comma = b"" if data[place : place + 1] == b"}" else b","
    return data[:place] + key + b":" + json.dumps(_hostile(draw)).encode() + comma + data[place:]


def _with_scalar(draw: random.Random, data: bytes, scalar: bytes) -> bytes:
    """The JSON text with one value in it replaced."""
    places = [place for place, byte in enumerate(data) if byte == ord(":")]
    if not places:
        return data
    start = draw.choice(places) + 1
    end = min((found for mark in b",}]" if (found := data.find(mark, start)) >= 0), default=len(data))
    return data[:start] + scalar + data[end:]


def _damaged_bytes(draw: random.Random, data: bytes, seeds: Sequence[bytes]) -> bytes:
    start = draw.randint(0, len(data))
    end = min(len(data), start + draw.choice((1, 1, 2, 4, 8, 30)))
    match draw.randrange(9):
        case 0:  # a bit
            return (
                data[:start]
                + bytes(byte ^ 1 << draw.randrange(8) for byte in data[start : start + 1])
                + data[start + 1 :]
            )
        case 1:  # a byte that means something
            return data[:start] + bytes([draw.choice(b'\x00\x01\x7f\x80\xff\n "\\[]{},:-09e=')]) + data[start + 1 :]
        case 2:  # cut off
            return data[:start]
        case 3:  # a piece is missing
            return data[:start] + data[end:]
        case 4:  # a piece stands twice, or often
            return data[:start] + data[start:end] * draw.choice((2, 2, 3, 200)) + data[end:]
        case 5:  # spliced with another
            other = draw.choice(seeds)
            return data[:start] + other[draw.randint(0, len(other)) :]
        case 6:  # another length
            width = draw.choice((4, 8))
            length = (draw.choice(_LENGTHS) + draw.choice((-1, 0, 0, 1))) % 2 ** (8 * width)
            put = draw.choice((length.to_bytes(width, "little"), draw.choice(_VARINTS)))
            return data[:start] + put + data[start + draw.choice((0, width)) :]
        case 7:  # an odd text
            return data[:start] + draw.choice(_ODD_TEXTS) + data[draw.choice((start, end)) :]
    return data[:start] + draw.randbytes(draw.randrange(9)) + data[end:]
