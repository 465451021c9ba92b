"""Templates masked: what is left can be parsed, and every character keeps its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scan_trees import holds_its_places, plain

from specdec_check.compat.scan.errors import UnreadError
from specdec_check.compat.scan.templates import readings
from specdec_check.compat.scan.traced import Traced
from specdec_check.compat.scan.yaml_tree import documents


def read(source):
    """What each reading of a template comes to, as Python has it."""
    found = []
    for masked in readings(source):
        [tree] = documents(Traced.whole(source), masked)
        holds_its_places(tree, source)
        found.append(plain(tree))
    return found


PARTS = st.sampled_from(
    '{{•.a•}} {{-•if•.b•}} {{•else•}} {{-•end•}} {%•for•x•in•y•%} {%•endfor•%} {#•c•#} {{ }} \n •• a:•b\n -•c " {% \r\n'
    ' {{/*•d•*/}} {{•toYaml•.e•|•nindent•4•}} {{•"}"•}} {{•"{{"•}}'.replace("•", "\0").split(" ")
)


@given(st.lists(PARTS).map(lambda parts: "".join(parts).replace("\0", " ")))
def test_a_reading_is_as_long_as_its_text_and_changes_nothing_else(source):
    try:
        found = list(readings(source))
    except UnreadError:
        return
    assert found
    for masked in found:
        assert len(masked.text) == len(source)
        assert len(masked.gone) in (0, len(source))
        for at, (char, was) in enumerate(zip(masked.text, source, strict=True)):
            assert char == was or masked.is_gone(at) or masked.original(char, at, source) == was
        try:
            trees = documents(Traced.whole(source), masked)
        except UnreadError:
            continue
        for tree in trees:
            holds_its_places(tree, source)


def test_expressions_come_back_as_they_are_written():
    source = 'a: {{ .Values.a | default "b: c" }}/d\ne: "{{ f }}" # {{ g }}\n{{ h }}: [{{ i }}, "x {{ j }} y"]\n'
    tree = {"a": '{{ .Values.a | default "b: c" }}/d', "e": "{{ f }}", "{{ h }}": ["{{ i }}", "x {{ j }} y"]}
    assert read(source) == [tree]


def test_lines_of_control_disappear_from_scripts_too():
    source = "a: |\n{{- if .b }}\n  serve \\\n"
    source += "{{- with .c }}\n    --draft {{ .d }} \\\n  {{- end }}\n    --port 1\n{{- end }}\ne: f\n"
    assert read(source) == [{"a": "serve \\\n  --draft {{ .d }} \\\n  --port 1\n", "e": "f"}]


def test_a_comment_over_several_lines_is_control():
    assert read("a: b\n{{/* c: }\n d */}}\n{{- /* e */ -}}\nf: g\n{# h\n#}\n") == [{"a": "b", "f": "g"}]


def test_blocks_that_a_template_prints_are_control():
    source = "a:\n  {{- toYaml .Values.a | nindent 2 }}\n  {{- $x := .b }}\nc:\n  - d\n  {{ include `e` . }}\n"
    assert read(source) == [{"a": "", "c": ["d"]}]


def test_each_branch_is_in_a_reading():
    source = "{{ if .a }}\nk: 1\n{{ else if .b }}\nk: 2\n"
    source += "{{- if .c }}\nl: 3\n{{- else }}\nl: 4\n{{- end }}\n{{ else }}\nk: 5\n{{ end }}\n"
    assert read(source) == [{"k": "1"}, {"k": "2", "l": "3"}, {"k": "2", "l": "4"}, {"k": "5"}]


def test_branches_side_by_side_are_read_together():
    source = "".join(f"{{% if a %}}\nk{n}: 1\n{{% else %}}\nk{n}: 2\n{{% endif %}}\n" for n in range(20))
    assert read(source) == [{f"k{n}": which for n in range(20)} for which in "12"]


def test_a_condition_within_a_line_stays_open():
    assert read("a: {{ if .b }}c{{ else }}d{{ end }}\n") == [{"a": "{{ if .b }}c{{ else }}d{{ end }}"}]


def test_an_opening_without_an_end_is_text():
    assert read("a: 'x {{ y'\nb: '{{ z }}'\n") == [{"a": "x {{ y", "b": "{{ z }}"}]


def test_too_many_branches_are_refused():
    deep = "{{ if .a }}\n{{ else }}\n" * 70 + "{{ end }}\n" * 70
    with pytest.raises(UnreadError, match="more than 64 branches"):
        list(readings(deep))
    with pytest.raises(UnreadError, match="nests deeper"):
        list(readings("{{ if .a }}\n" * 200))


def test_long_lines_of_openings_end():
    for source in ("{{" * 30_000, "{{ a }}x" * 20_000, "{{ a }}\n" * 20_000, "{{ if }}" * 20_000, "}}{{/*" * 10_000):
        try:
            assert list(readings(source))
        except UnreadError as error:
            assert "nests deeper" in str(error)  # noqa: PT017 - either is right
