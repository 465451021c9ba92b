"""Values that no honest file holds, and ways to damage an honest one."""

import copy
import json
from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import strategies as st

from specdec_check.compat.errors import MalformedError

Json = Any
Value = TypeVar("Value")
TEXTS = ["", "\0", "\ud800", "\u202e", "\x1b[31m", "a\nb", "[PAD3]", "<0x0A>", "▁", "Ġ", "x" * 300, "٣", "9" * 5000]
NUMBERS = [-1, 0, 1, 7, 10**9, 2**63, -(10**30), 10**4000, 0.5, 1e308, float("inf"), float("nan")]
KEYS = ["type", "content", "id", "vocab", "merges", "decoders", "pattern", "String", "shape", "dtype", "template"]

leaves = st.none() | st.booleans() | st.sampled_from(NUMBERS) | st.sampled_from(TEXTS) | st.integers() | st.text()
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def damaged(draw: st.DrawFn, honest: Json, most: int = 3) -> Json:
    """The value with a few of its parts replaced, removed, added or moved."""
    value = copy.deepcopy(honest)
    for _ in range(draw(st.integers(1, most))):
        places = list(_places(value))
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        match draw(st.sampled_from(["replace", "replace", "remove", "add", "copy"])):
            case "replace":
                holder[key] = draw(values)
            case "remove":
                del holder[key]
            case "add" if isinstance(holder, dict):
                holder[draw(st.sampled_from(KEYS + TEXTS))] = draw(values)
            case "add":
                holder.append(draw(values))
            case _:
                source, other = draw(st.sampled_from(places))
                holder[key] = copy.deepcopy(source[other])
    return value


def _places(value: Json) -> Any:
    """Each part of a value, as what holds it and its key; of a long list or object the first few."""
    keys = list(value)[:12] if isinstance(value, dict) else range(min(len(value), 6)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


@st.composite
def torn(draw: st.DrawFn, honest: bytes) -> bytes:
    """The bytes cut off, or with a few of them changed."""
    data = bytearray(honest[: draw(st.integers(0, len(honest)))])
    for _ in range(draw(st.integers(0, 3))):
        if data:
            data[draw(st.integers(0, len(data) - 1))] = draw(st.sampled_from(b'\x00\xff\xed"\\[{}],:9-e '))
    return bytes(data)


def tried(call: Callable[..., Value], *given: Any) -> tuple[Value | None, str]:
    """What a parser makes of something: a value, or the sentence of MalformedError. Nothing else is let through."""
    try:
        return call(*given), ""
    except MalformedError as error:
        return None, error.message


def written(value: Json) -> bytes:
    """JSON with all that Python's reader takes: NaN, lone surrogates, numbers of thousands of digits."""
    return json.dumps(value).encode()


def nested(depth: int, inner: str = "1", left: str = "[", right: str = "]") -> bytes:
    """A value inside so many others."""
    return (left * depth + inner + right * depth).encode()
