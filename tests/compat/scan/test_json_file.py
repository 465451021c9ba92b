"""JSON's trees and what a JSON file holds."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scan_trees import TREES, holds_its_places, plain

from specdec_check.compat.scan.errors import UnreadError
from specdec_check.compat.scan.json_tree import document
from specdec_check.compat.scan.kinds import json_file
from specdec_check.compat.scan.reading import Command, Scope, Settings
from specdec_check.compat.scan.traced import Traced


@given(tree=TREES, indent=st.sampled_from([None, 2, "\t"]), ascii_only=st.booleans())
def test_every_character_stands_where_its_leaf_says(tree, indent, ascii_only):
    source = json.dumps(tree, indent=indent, ensure_ascii=ascii_only)
    found = document(Traced.whole(source))
    assert plain(found) == tree
    holds_its_places(found, source)


@given(st.text('{}[]:,"\\ \nab1/*') | st.text())
def test_any_text_is_read_or_refused_as_the_standard_has_it(source):
    try:
        expected = plain_json(json.loads(source, parse_int=str, parse_float=str, parse_constant=str))
    except ValueError:
        expected = None
    try:
        found = document(Traced.whole(source))
    except UnreadError:
        assert expected is None
        return
    holds_its_places(found, source)
    assert expected in (None, plain(found))


def plain_json(value):
    """A value with the words of JSON as texts."""
    match value:
        case dict():
            return {key: plain_json(inner) for key, inner in value.items()}
        case list():
            return [plain_json(inner) for inner in value]
        case str():
            return value
        case _:
            return plain(document(Traced.whole(json.dumps(value))))


def test_comments_and_trailing_commas_are_read_over():
    source = '// why\n{"a": [1, 2.5e3, /* no */ true,], "b": null, "c": {"d": "e//f",},}\n'
    assert plain(document(Traced.whole(source))) == {"a": ["1", "2.5e3", "true"], "b": "", "c": {"d": "e//f"}}


@pytest.mark.parametrize(
    "source",
    """
    { {"a"} {"a":} [,] [1•2] {"a"•"b"} {"a":1•"b":2} ] [} 1•2 'a' {1:2} "a {"a",} : , [:] {"a"::1} hello {,} /* [1,,2]
    """.split(),
)
def test_what_is_no_json_is_refused(source):
    with pytest.raises(UnreadError, match=r"is no JSON \(line 1"):
        document(Traced.whole(source.replace("•", " ")))


def test_what_is_too_deep_or_too_large_is_refused():
    with pytest.raises(UnreadError, match="nests deeper"):
        document(Traced.whole("[" * 100_000))
    with pytest.raises(UnreadError, match="holds more"):
        document(Traced.whole("[" + "1," * 200_002 + "]"))


def test_a_launch_file_of_an_editor_gives_a_command():
    source = """{
      // debugging
      "configurations": [{
        "type": "debugpy", "module": "vllm.entrypoints.openai.api_server",
        "args": ["--model", "a/b", "--speculative-config", "{\\"model\\": \\"c/d\\"}"],
        "env": {"DRAFT": "x/y"},
      }],
    }"""
    found = list(json_file.units(Traced.whole(source), Scope()))
    [command] = [unit for unit, _ in found if isinstance(unit, Command)]
    assert [word.text for word in command.words] == [
        *("python", "-m", "vllm.entrypoints.openai.api_server", "--model", "a/b"),
        *("--speculative-config", '{"model": "c/d"}'),
    ]
    drafter = command.words[-1].text.index("c/d")
    assert command.words[-1].at[drafter] == source.index("c/d")
    assert command.environment["DRAFT"].text == "x/y"


def test_a_list_of_arguments_is_one_command_and_no_setting():
    source = '{"cmd": ["vllm", "serve", "a/b", "--port", "1"], "model": "x/y"}'
    (command, _), (settings, _) = json_file.units(Traced.whole(source), Scope())
    assert [word.text for word in command.words] == ["vllm", "serve", "a/b", "--port", "1"]
    assert isinstance(settings, Settings)
    assert plain(settings.tree) == {"model": "x/y"}


def test_templates_outside_of_texts_are_read():
    source = '{"model": {{ model | tojson }}, "b": "{{ c }}"}'
    [(settings, _)] = json_file.units(Traced.whole(source), Scope())
    assert plain(settings.tree) == {"model": "{{ model | tojson }}", "b": "{{ c }}"}
