"""TOML's trees: those of the standard library's parser, with places."""

import datetime
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scan_trees import holds_its_places, plain

from specdec_check.compat.scan.errors import UnreadError
from specdec_check.compat.scan.kinds import toml_file
from specdec_check.compat.scan.reading import Command, Scope
from specdec_check.compat.scan.toml_tree import document
from specdec_check.compat.scan.traced import Traced

KEYS = st.sampled_from(["a", "b-c", '"d e"', "'f.g'", "a.b", 'x . "y" . z', '"\\u0041"', "1.2"])
TEXTS = st.text("abé漢 '\"\\\t#=[]{},.x", max_size=12)
LITERALS = st.one_of(
    TEXTS.map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'),
    TEXTS.map(lambda text: "'" + text.replace("'", "") + "'"),
    TEXTS.map(lambda text: '"""' + text.replace("\\", "\\\n  ").replace('"', "") + '"""'),
    TEXTS.map(lambda text: '"""\n' + text.replace("\\", "\\\\").replace('"', '""\\"') + '\\n\r\n""b"""""'),
    TEXTS.map(lambda text: "'''\n" + text.replace("'", "") + "\n''b'''''"),
    st.sampled_from(["1", "-1.5e3", "true", "1979-05-27 07:32:00Z", "1979-05-27", "inf", "0xff", '"\\U0001F600\\t"']),
)
VALUES = st.recursive(
    LITERALS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: "[ " + ", # c ] \n".join(items) + "\n]")
        | st.lists(st.tuples(KEYS, inner), max_size=2).map(
            lambda pairs: "{" + ", ".join(f"{key} = {value}" for key, value in pairs) + "}"
        )
    ),
    max_leaves=4,
)
LINES = st.one_of(
    st.tuples(KEYS, VALUES).map(lambda pair: f"{pair[0]} = {pair[1]} # e = 'f'\n"),
    KEYS.map(lambda key: f"[{key}]\n"),
    KEYS.map(lambda key: f" [[ {key} ]] # g\r\n"),
    st.just('# \'h"""\n'),
)


def _same(found, expected):
    """Whether a tree of texts is the parser's tree; numbers and dates stand as they are written."""
    match expected:
        case dict():
            keys = isinstance(found, dict) and list(found) == list(expected)
            return keys and all(map(_same, found.values(), expected.values()))
        case list():
            return isinstance(found, list) and len(found) == len(expected) and all(map(_same, found, expected))
        case str():
            return found == expected
        case bool() | int() | float() | datetime.date() | datetime.time():
            return repr(tomllib.loads(f"x = {found}")["x"]) == repr(expected)
    return False


@given(st.lists(LINES, max_size=5).map("".join))
def test_the_tree_is_the_parsers_and_every_character_has_its_place(source):
    try:
        expected = tomllib.loads(source)
    except tomllib.TOMLDecodeError:
        with pytest.raises(UnreadError, match="is no TOML"):
            document(Traced.whole(source))
        return
    found = document(Traced.whole(source))
    assert _same(plain(found), expected), plain(found)
    holds_its_places(found, source)


@given(st.text("ab=.[]{}\"'#\n\\ ,1") | st.text())
def test_any_text_is_read_or_refused(source):
    try:
        found = document(Traced.whole(source))
    except UnreadError:
        return
    assert _same(plain(found), tomllib.loads(source))
    holds_its_places(found, source)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("a = \n", "is no TOML (Invalid value (at line 1"),
        ("a = " + "[" * 5000, "nests deeper"),
        (".".join("a" * 200) + " = 1", "nests deeper"),
        ("a" + ".a" * 400_000 + " = 1", "nests deeper"),
        ("[" + ".".join("a" * 99) + "]\n" + ".".join("b" * 20) + " = 1", "nests deeper"),
        ('a = """b', "is no TOML"),
        ("a = 1\na = 2\n", "is no TOML (Cannot overwrite a value (at line 2"),
    ],
)
def test_what_is_refused_says_why(source, why):
    with pytest.raises(UnreadError) as error:
        document(Traced.whole(source))
    assert why in str(error.value)


def test_a_task_is_a_command_and_the_rest_is_settings():
    source = '[tasks]\nserve = { cmd = ["vllm", "serve", "a/b", "--draft", "c/d"] }\n[engine]\nmodel = "x/y"\n'
    (command, _), (settings, _) = toml_file.units(Traced.whole(source), Scope())
    assert isinstance(command, Command)
    assert command.words[-1].origin == source.index("c/d")
    assert plain(settings.tree)["engine"] == {"model": "x/y"}
