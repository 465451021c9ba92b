"""Variables and templates outside of shells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specdec_check.compat.scan.reading import Scope
from specdec_check.compat.scan.traced import Traced
from specdec_check.compat.scan.variables import expand, is_open

FILE = "org/d 1 ${A} x"
KNOWN = {
    "X": Traced.whole(FILE).cut(0, 5),
    "N": Traced.whole(FILE).cut(6, 7),
    "A": Traced.whole(FILE).cut(8, 12),  # holds itself
    "B": Traced.placed("$X", 0),
    ".Values.spec.draft": Traced.whole(FILE).cut(0, 5),
    "env.X": Traced.whole(FILE).cut(0, 5),
    "EMPTY": Traced.placed("", 0),
}
SCOPE = Scope(known=KNOWN)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${X}", "org/d"),
        ("$X", "org/d"),
        ("$(X)", "org/d"),
        ("a-${X}-$(N)b", "a-org/d-1b"),
        ("$B", "org/d"),
        ("{{ .Values.spec.draft }}", "org/d"),
        ("{{- .Values.spec.draft | quote -}}", "org/d"),
        ('{{ .Values.none | default "org/e" }}', "org/e"),
        ('{{ .Values.none | default "org/e" | quote }}', "org/e"),
        ("{{ X }}", "org/d"),
        ("{{ none | default('org/e') }}", "org/e"),
        ("${{ env.X }}", "org/d"),
        ("${X:-e}", "org/d"),
        ("${NONE:-org/e}", "org/e"),
        ("${NONE-org/e}", "org/e"),
        ("${EMPTY:-org/e}", "org/e"),
        ("${NONE:-${X}}", "org/d"),
        ("${NONE:-${OTHER:-org/e}}", "org/e"),
        ("${NONE}", "${NONE}"),
        ("${NONE:-}", "${NONE:-}"),
        ("$NONE/$X", "$NONE/org/d"),
        ("{{ .Values.none }}", "{{ .Values.none }}"),
        ('{{ include "x" . }}', '{{ include "x" . }}'),
        ("${{ inputs.none }}", "${{ inputs.none }}"),
        ("${X", "${X"),
        ("{{ X", "{{ X"),
        ("$", "$"),
        ("${A}", "${A}"),
        ('{"model": "${X}"}', '{"model": "org/d"}'),
        ('{"a": {"b": 1}}', '{"a": {"b": 1}}'),
    ],
)
def test_known_variables_are_put_in_and_the_others_stand(text, expected):
    assert expand(Traced.whole(text), SCOPE).text == expected


def test_a_value_keeps_the_place_of_its_assignment_and_a_given_one_the_place_of_its_use():
    found = expand(Traced.whole("=== ${X}"), SCOPE)
    assert list(found.at) == [0, 1, 2, 3, 0, 1, 2, 3, 4]
    given = expand(Traced.whole("=== ${X}"), Scope(given={"X": "ab"}, known=KNOWN))
    assert (given.text, list(given.at)) == ("=== ab", [0, 1, 2, 3, 4, 4])


def test_a_value_that_is_a_part_of_a_name_stands_where_the_name_does():
    found = expand(Traced.whole("=${X}/e"), SCOPE)
    assert (found.text, list(found.at)) == ("=org/d/e", [0, 1, 1, 1, 1, 1, 5, 6])


@pytest.mark.parametrize("name", ["${X}", "$X", "$(X)", "{{ .X }}", "<model>", "a/<b c>", "%MODEL%", "{model}", "`x`"])
def test_what_holds_an_expression_is_open(name):
    assert is_open(name)


@pytest.mark.parametrize(
    "name", ["org/name", "org/Name-1.5_x", "/models/a b", "d.gguf", "org/t:Q4_K_M", "./x", "s3://b/c"]
)
def test_a_name_is_not(name):
    assert not is_open(name)


@given(
    st.lists(st.sampled_from([*"${}()|:-.aX \"'\n", "{{", "}}", "${", "${X:-", "{{ .Values.spec.draft"]), max_size=40)
)
def test_any_text_expands_to_characters_that_have_places(pieces):
    text = "".join(pieces)
    found = expand(Traced.whole(text), SCOPE)
    assert len(found.text) == len(found.at)


@pytest.mark.parametrize("text", ["${" * 100_000, "{{" * 100_000, "${A}" * 50_000, "{{ a | " * 50_000, "$" * 200_000])
def test_hostile_texts_end(text):
    found = expand(Traced.whole(text), SCOPE)
    assert len(found.text) == len(found.at)
    assert isinstance(is_open(text), bool)
