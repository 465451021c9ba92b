"""Python's string literals: places of their characters, held against what Python itself makes of them."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specdec_check.compat.scan.python_literals import pieces, unquoted
from specdec_check.compat.scan.traced import Traced

PLAIN = st.text("ab é漢😀{}#'\"/", max_size=6)
ESCAPES = st.sampled_from(
    [
        "\\n",
        "\\\\",
        "\\'",
        '\\"',
        "\\x41",
        "\\101",
        "\\0",
        "\\u00e9",
        "\\U0001F600",
        "\\N{EM DASH}",
        "\\\n",
        "\\q",
        "\\{",
    ]
)
PARTS = st.lists(PLAIN | ESCAPES, max_size=6).map("".join)
QUOTES = st.sampled_from(["'", '"', "'''", '"""'])
LITERALS = st.tuples(st.sampled_from(["", "r", "R", "u", "f", "rf", "Fr"]), QUOTES, PARTS).map(
    lambda made: f"{made[0]}{made[1]}{made[2]}{made[1]}"
)
FIELDS = [
    "{x}",
    "{x!r:>{width}}",
    "{d['}']}",
    '{d["a"] + "b"}',
    "{ {1: 2}[1] }",
    "{x:%H:%M}",
    "{(lambda: 1)()}",
    "{x = }",
]


def parsed(source: str) -> ast.expr | None:
    try:
        with pytest.warns() if "\\q" in source or "\\{" in source else _nothing():
            return ast.parse(f"({source})", mode="eval").body
    except (SyntaxError, ValueError, pytest.fail.Exception):
        return None


class _nothing:  # noqa: N801 - a context that does nothing
    def __enter__(self):
        return None

    def __exit__(self, *_):
        return None


@given(st.lists(LITERALS, min_size=1, max_size=3).map(" # 'c\n ".join))
def test_each_character_of_a_literal_stands_at_its_own_place_or_at_its_escape(source):
    node = parsed(source)
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return
    found = unquoted(Traced.whole(source), node.value)
    assert len(list(pieces(source))) == len(node.value)
    assert found.text == node.value
    assert list(found.at) == sorted(set(found.at))
    assert all(source[at] in (char, "\\") for char, at in zip(found.text, found.at, strict=True))


@given(st.lists(st.sampled_from([*FIELDS, "a", "{{", "}}", "\\n", "é", "'"]), max_size=8))
def test_the_fields_of_an_f_string_are_found_where_they_open(parts):
    source = 'f"""' + "".join(parts) + '"""'
    node = parsed(source)
    if node is None:  # a quote in a field that Python cannot read before 3.12
        return
    places, expected = 4, []
    for part in parts:
        if part in FIELDS:
            expected.append(places)
        places += len(part)
    assert [piece.at for piece in pieces(source) if piece.field] == expected


@given(st.text("fFrR'\"{}\\# \nab:[](", max_size=40))
def test_nothing_that_looks_like_a_literal_breaks_the_reading(source):
    found = [piece.at for piece in pieces(source)]
    assert found == sorted(set(found))
    assert all(0 <= at < len(source) for at in found)
