"""YAML's trees: every character of every leaf stands where the tree says that it does."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from scan_trees import TREES, holds_its_places, plain

from specdec_check.compat.scan import yaml_events, yaml_tree
from specdec_check.compat.scan.errors import UnreadError
from specdec_check.compat.scan.nodes import leaves
from specdec_check.compat.scan.templates import readings
from specdec_check.compat.scan.traced import Traced

DUMPS = st.fixed_dictionaries(
    {
        "default_style": st.sampled_from([None, "'", '"', "|", ">"]),
        "default_flow_style": st.booleans(),
        "width": st.sampled_from([10, 40, 4000]),
        "indent": st.sampled_from([2, 4, 8]),
        "allow_unicode": st.booleans(),
        "line_break": st.sampled_from(["\n", "\r\n"]),
    }
)


# PyYAML's parser in Python, and the one in C where it was built with it.
LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if yaml.__with_libyaml__ else [])]


@pytest.mark.parametrize("loader", LOADERS)
def test_a_small_file(loader, monkeypatch):
    monkeypatch.setattr(yaml_events, "_LOADER", loader)
    source = "a: &x |  # why\n    é\n    b c\n'd''e': >-\n  f\n  g\n\"h\\x41A\": [*x, !!str i]\n"
    [tree] = yaml_tree.documents(Traced.whole(source))
    assert plain(tree) == {"a": "é\nb c\n", "d'e": "f g", "hAA": ["é\nb c\n", "i"]}
    holds_its_places(tree, source)
    key = tree.entries["hAA"][0]
    assert [source[at] for at in key.at] == ["h", "\\", "A"]


@pytest.mark.parametrize("loader", LOADERS)
@given(tree=TREES, options=DUMPS)
def test_every_character_stands_where_its_leaf_says(loader, tree, options):
    source = yaml.safe_dump(tree, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_events, "_LOADER", loader)
        found = yaml_tree.documents(Traced.whole(source))
    assert [plain(node) for node in found] == [yaml.safe_load(source)]
    holds_its_places(found[0], source)


@given(tree=TREES, indent=st.sampled_from([None, 2]), ascii_only=st.booleans())
def test_json_is_yaml_too(tree, indent, ascii_only):
    source = json.dumps(tree, indent=indent, ensure_ascii=ascii_only)
    try:
        [found] = yaml_tree.documents(Traced.whole(source))
    except UnreadError:
        return  # YAML allows fewer characters, and shorter keys
    holds_its_places(found, source)


@given(st.text("ab:-[]{}#&*!|>'\"%@ \n\t,?\\.~<") | st.text())
def test_any_text_is_read_or_refused(source):
    try:
        found = yaml_tree.documents(Traced.whole(source))
    except UnreadError:
        return
    for node in found:
        holds_its_places(node, source)


@given(st.text("ab:- {}%{{}}\n\"'|if else end", max_size=60))
def test_templates_keep_the_places_of_what_is_left(source):
    for masked in readings(source):
        try:
            found = yaml_tree.documents(Traced.whole(source), masked)
        except UnreadError:
            continue
        for node in found:
            holds_its_places(node, source)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("a: [1, 2", "is no YAML (line 1"),
        ("a: b\nc: d: e\n", "is no YAML (line 2: mapping values are not allowed"),
        ("a: *b\n", "an alias names an anchor that is not there"),
        ("a: &b [*b]\n", "an alias names an anchor that is not there"),
        ("[" * 200 + "]" * 200, "nests deeper"),
        ("\0", "characters that YAML forbids"),
        ("a: \ud800", "characters that YAML forbids"),
        ("[" + "a," * 200_001 + "]", "holds more than"),
        ("".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}' if n else 'x'] * 9)}]\n" for n in range(9)), "holds more than"),
        ("a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 120)), "nests deeper"),
    ],
)
def test_what_is_refused_says_why(source, why):
    with pytest.raises(UnreadError) as error:
        yaml_tree.documents(Traced.whole(source))
    assert why in str(error.value)


def test_merge_keys_bring_what_is_not_there():
    source = "base: &b {model: a, other: b}\nmore: &m {other: c, third: d}\nuse:\n  <<: [*b, *m]\n  model: e\n'<<': f\n"
    [tree] = yaml_tree.documents(Traced.whole(source))
    assert plain(tree)["use"] == {"model": "e", "other": "b", "third": "d"}
    assert plain(tree)["<<"] == "f"
    assert dict(leaves(tree))[("use", "other")].origin == source.index("b}")


def test_null_and_nothing_are_empty_but_quoted_null_is_a_text():
    [tree] = yaml_tree.documents(Traced.whole("a:\nb: ~\nc: null\nd: 'null'\ne: &x\n"))
    assert plain(tree) == {"a": "", "b": "", "c": "", "d": "null", "e": ""}


def test_a_byte_order_mark_moves_nothing():
    source = "\ufeffa: b\n"
    [tree] = yaml_tree.documents(Traced.whole(source))
    assert list(tree.entries["a"][1].at) == [4]
