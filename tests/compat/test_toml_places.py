"""TOML's places: for any document, what stands at a value's place is the value."""

import tomllib
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hostile import torn
from hypothesis import given, settings
from hypothesis import strategies as st
from toml_writing import toml

from specdec_check.compat.toml_places import Span, TomlError, parse

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=8) | st.sampled_from(
    ["org/name", '"', '""', "'", "''", "\\", "a # b", "[x]", "}", "a\nb", "\t", "x = 1"]
)
LEAF = (
    TEXT
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.sampled_from([0.5, -1e300, date(2027, 1, 31), time(7, 32)])
    | st.sampled_from([datetime(1979, 5, 27, 7, 32), datetime(1979, 5, 27, 7, 32, tzinfo=UTC)])
)
VALUE = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=10
)
TREE = st.dictionaries(TEXT, VALUE, max_size=4)


def leaves(tree: Any, path: tuple[Any, ...] = ()) -> Any:
    """All values that hold no others, by path."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, (*path, key))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from leaves(value, (*path, index))
    else:
        yield path, tree


def read_at(text: str, span: Span) -> Any:
    """What stands at a place, with whatever quotes are around it."""
    for quote in ('"""', "'''", '"', "'", ""):
        start, end = span.start - len(quote), span.end + len(quote)
        if text[max(start, 0) : span.start] == quote == text[span.end : end]:
            return tomllib.loads(f"value = {text[start:end]}")["value"]
        newline = text[: span.start].removesuffix("\n").removesuffix("\r")
        if len(quote) == 3 and newline.endswith(quote) and text[span.end : end] == quote:
            return tomllib.loads(f"value = {text[len(newline) - 3 : end]}")["value"]
    raise AssertionError(text[span.start : span.end])


@given(st.data(), TREE)
def test_what_stands_at_a_place_is_the_value(data, tree):
    text = data.draw(toml(tree))

    found = parse(text)

    assert found.tree == tree
    for path, value in leaves(tree):
        assert read_at(text, found.values[path]) == value
        holder = max(index for index, part in enumerate(path) if isinstance(part, str))
        key = found.keys[path[: holder + 1]]
        assert list(tomllib.loads(f"{text[key.start : key.end]} = 0")) == [path[holder]]


@settings(max_examples=300)
@given(st.data(), TREE)
def test_damage_is_told_and_sound_documents_are_all_read(data, tree):
    text = data.draw(torn(data.draw(toml(tree)).encode())).decode("utf-8", "replace")
    try:
        sound = tomllib.loads(text)
    except ValueError:
        with pytest.raises(TomlError, match="is no TOML"):
            parse(text)
    else:
        assert parse(text).tree == sound


def test_of_a_text_in_quotes_the_place_is_that_of_its_first_character():
    text = 'a = "x"\nb = """\ny"""\n[[c]]\n"d" = \'z\'\n[[c]]\nd = ["1", \'\']\n'
    found = parse(text)

    assert {path: text[span.start] for path, span in found.values.items()} == {
        ("a",): "x",
        ("b",): "y",
        ("c", 0, "d"): "z",
        ("c", 1, "d"): "[",
        ("c", 1, "d", 0): "1",
        ("c", 1, "d", 1): "'",
    }
    assert found.keys["c", 1].start == text.rindex("c")


def test_what_is_not_there_stands_where_it_would_be():
    found = parse("[a]\nb = 1\n")

    assert found.span(("a", "c")) == found.keys["a",] == Span(1, 2)
    assert found.span(("x", 3)) == Span(0, 0)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a = ", "is no TOML (Invalid value (at end of document))"),
        (
            "a = 1\nb 2",
            "is no TOML (Expected '=' after a key in a key/value pair (at line 2, column 3))",
        ),
        ("a = 1\na = 2", "is no TOML (Cannot overwrite a value (at end of document))"),
        ("a = " + "9" * 5000, "is no TOML (a number out of bounds)"),
        ("\n" + "a." * 50 + "a = 1", "nests deeper than 32 levels (line 2)"),
        ("a = " + "[" * 500_000, "nests deeper than 32 levels (line 1)"),
        ("a = " + "{a=" * 100_000, "nests deeper than 32 levels (line 1)"),
        ("[" + ".".join("a" * 33) + "]", "nests deeper than 32 levels (line 1)"),
        ("a = [\n" + "1,\n" * 200_000 + "]", "holds more than 100,000 keys and values (line 100001)"),
    ],
)
def test_what_is_wrong_is_said(text, why):
    with pytest.raises(TomlError) as caught:
        parse(text)

    assert str(caught.value) == why
