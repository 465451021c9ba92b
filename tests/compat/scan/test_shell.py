"""Shell scripts: quoting, variables, branches, loops, functions, here-documents."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scan_saying import found_in, said

from specdec_check.compat.scan.errors import UnreadError
from specdec_check.compat.scan.reading import Scope
from specdec_check.compat.scan.shell import commands_of
from specdec_check.compat.scan.traced import Lines, Traced


def words(script: str, scope: Scope | None = None) -> list[list[str]]:
    found = commands_of(Traced.whole(script), scope or Scope())
    return [[word.text for word in command.words] for command in found]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("a b  c", [["a", "b", "c"]]),
        ("a 'b c' \"d e\" f\\ g", [["a", "b c", "d e", "f g"]]),
        ("a 'b'\"c\"d", [["a", "bcd"]]),
        ("a '' \"\"", [["a", "", ""]]),
        ("a \\\n  b", [["a", "b"]]),
        ("a \\\r\n  b\r\nc", [["a", "b"], ["c"]]),
        ("a; b && c || d | e & f", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"]]),
        ("a # b\nc#d", [["a"], ["c#d"]]),
        ("a $'x\\ty\\n' $\"z\"", [["a", "x\ty\n", "z"]]),
        ('a "x\\"y\\z"', [["a", 'x"y\\z']]),
        ("a 2>/dev/null >out 2>&1 b", [["a", "b"]]),
        ("(a; b)", [["a"], ["b"]]),
        ("{ a; }", [["a"]]),
        ("if a; then b; else c; fi", [["a"], ["b"], ["c"]]),
        ("while a; do b; done", [["a"], ["b"]]),
        ("a 'b", [["a", "b"]]),
        ('a "b $(c', [["c"], ["a", "b $(c"]]),
        ("((i << 2)); a $((i << 2))", [["a", "$((i << 2))"]]),
        ("a <<E b\nvllm\nE\nc", [["a", "b"], ["c"]]),
        ("a {{ .Values.x }} y", [["a", "{{ .Values.x }}", "y"]]),
        ("a ${{ inputs.x }}/y", [["a", "${{ inputs.x }}/y"]]),
        ("a <model> <b/c>", [["a", "<model>", "<b/c>"]]),
        ("bash -c 'a b'", [["a", "b"]]),
        ('eval "a b"', [["a", "b"]]),
    ],
)
def test_words_are_those_that_a_shell_makes(script, expected):
    assert words(script) == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("X=1; a $X ${X}y '$X' \"$X\"", ["a", "1", "1y", "$X", "1"]),
        ("X='b c'; a $X \"$X\"", ["a", "b", "c", "b c"]),
        ('X=; a $X "$X"', ["a", ""]),
        ("a ${X:-d} ${Y-e}", ["a", "d", "e"]),
        ("X=1; a ${X:-d} ${X:+e} ${Y:+f}", ["a", "1", "e", "f"]),
        ("X=; a ${X:-d} ${X:+e}", ["a", "d"]),
        ("a ${X} $X ${X%.*} $(b) `c` $1", ["a", "${X}", "$X", "${X%.*}", "$(b)", "`c`", "$1"]),
        ('A=(b \'c d\'); a "${A[@]}" "${A[1]}" $A', ["a", "b", "c d", "c d", "b"]),
        ('A=(b); A+=(c "d e"); a "${A[@]}"', ["a", "b", "c", "d e"]),
        ('X=b; X+=" c"; a $X', ["a", "b", "c"]),
        ("export X=1 Y=2; a $X$Y", ["a", "12"]),
        ('readonly X="b c"; a "$X"', ["a", "b c"]),
        ("X=1; unset X; a $X", ["a", "$X"]),
        ("X=1; read X; a $X", ["a", "$X"]),
        ("X=$X; a $X", ["a", "$X"]),
        ("X=1; X=${X}2; a $X", ["a", "12"]),
        ("set -- b 'c d'; a \"$@\"", ["a", "b", "c d"]),
        ("X=$(cat <<'E'\nb c\nE\n)\na \"$X\"", ["a", "b c"]),
        ('X=$(echo b c); a "$X"', ["a", "b c"]),
        ("read -r -d '' X <<E\nb\nE\na \"$X\"", ["a", "b\n"]),
        ("X=1\nif t; then X=2; fi\na $X", ["a", "$X"]),
        ("if t; then X=2; fi\na $X", ["a", "2"]),
        ("if t; then X=2; else X=2; fi\na $X", ["a", "2"]),
        ("case t in b) X=1;; c|d) X=2;; esac\na $X", ["a", "$X"]),
        ("X=1\ncase $1 in --x) X=$2; shift;; esac\na $X", ["a", "1"]),
        ("[ t ] && X=1 || X=2\na $X", ["a", "$X"]),
        ('A=(b)\nif t; then A+=(c); fi\na "${A[@]}"', ["a", "b", "c"]),
        ('X=b\n[ t ] && X="$X c"\na $X', ["a", "b", "c"]),
        ('f() { a "$1"; }\nf b', ["a", "b"]),
        ("function f {\n a $X\n}\nX=1\nf", ["a", "1"]),
        ("f() { a $X; }", ["a", "$X"]),
        (": ${X:=b}; a $X", ["a", "b"]),
        ("X=${1:-b}; a $X", ["a", "b"]),
        ('A=(b c); a ${A[@]+"${A[@]}"}', ["a", "b", "c"]),
        ("alias x='a b'", ["a", "b"]),
        ("declare -A A=([x]=b); a ${A[x]}", ["a", "${A[x]}"]),
    ],
)
def test_variables_are_followed_as_far_as_the_script_tells(script, expected):
    assert words(script)[-1] == expected


@pytest.mark.parametrize(
    ("script", "place"),
    [
        ("D=org/d\na b\na $D", (1, 3)),
        ("D=org/d\nE=$D\na $E", (1, 3)),
        ("O=org\nD=$O/d\na $D", (2, 3)),
        ('O=org\nD="x/${O}"\na $D', (2, 4)),
        ("A='--m org/d'\na $A", (1, 8)),
        ("O=org; N=d\na $O/$N", (2, 3)),
        ("D=$1\na $D", (2, 3)),
        ('D=$(x)\na "$D"', (2, 4)),
        ("a ${D:-org/d}", (1, 8)),
    ],
)
def test_a_name_stands_where_it_is_written_together(script, place):
    last = commands_of(Traced.whole(script), Scope())[-1].words[-1]
    assert Lines(script).position(last.at[0]) == place


def test_a_loop_and_bundles_of_arguments_are_read_with_each_value():
    assert words("for X in b c; do a $X; done") == [["a", "b"], ["a", "c"]]
    assert words("if t; then X='--b 1'; else X='--c 2'; fi\na $X")[1:] == [["a", "--b", "1"], ["a", "--c", "2"]]


def test_what_is_given_wins_over_what_the_script_says():
    scope = Scope(given={"X": "z"}, known={"Y": Traced.placed("y", 0)})
    assert words("X=1; a $X $Y", scope) == [["a", "z", "y"]]


CONFIG = """cat <<EOF > /tmp/extra.yml
speculative_config:
  decoding_type: DraftTarget
  speculative_model_dir: org/d
EOF
"""


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (CONFIG + "trtllm-serve org/t --extra_llm_api_options /tmp/extra.yml", "tensorrt-llm: org/t <- org/d"),
        (CONFIG + "trtllm-serve serve org/t --config=extra.yml", "tensorrt-llm: org/t <- org/d"),
        ("bash -c '" + CONFIG + "trtllm-serve org/t --config /tmp/extra.yml'", "tensorrt-llm: org/t <- org/d"),
        (CONFIG, "tensorrt-llm: none <- org/d"),
        (CONFIG + "cat /tmp/extra.yml", "tensorrt-llm: none <- org/d"),
        (
            'cat > x.json <<E\n{"method": "draft_model", "model": "org/d", "num_speculative_tokens": 3}\nE\n'
            'vllm serve org/t -sc "$(cat x.json)"',
            "vllm: org/t <- org/d",
        ),
        ("tee run.sh <<'E'\nvllm serve org/t --speculative-model org/d\nE", "vllm: org/t <- org/d"),
        ("ssh host bash <<'E'\nvllm serve org/t --speculative-model org/d\nE", "vllm: org/t <- org/d"),
        ('C=\'{"model": "org/d"}\'\nvllm serve org/t -sc "$C"', "vllm: org/t <- org/d"),
        ("D=org/d\nvllm serve org/t -sc '{\"model\": \"'$D'\"}'", "vllm: org/t <- org/d"),
        ('D=org/d\nvllm serve org/t -sc \'{"model": "$D"}\'', "vllm: org/t <- ?$D"),
        ('D=org/d\nvllm serve org/t ${D:+--speculative-model "$D"}', "vllm: org/t <- org/d"),
        ('vllm serve "${T:-org/t}" --speculative-model ${D:=org/d}', "vllm: org/t <- org/d"),
        ('CMD="vllm serve org/t"\n$CMD --speculative-model org/d', "vllm: org/t <- org/d"),
        ('O=org\nvllm serve $O/t --speculative-model "$O/$M"', "vllm: org/t <- ?org/$M"),
    ],
)
def test_pairings_are_found_through_what_scripts_do(script, expected):
    assert said(found_in(script), script) == [expected]


CHARACTERS = "ab=$(){}[]<>|&;'\"`\\#\n \t@*?!~%+-:0"
PHRASES = """$( ${ } (( )) if then fi else case|x|in esac ;; for|X|in do done X= X+=( $X "${X[@]}" f()|{ f :- :+ :=
vllm|serve|org/t --speculative-config {"model":|"org/d"} {{|.X|}} ${{|x|}} bash|-c eval <<E"""
PIECES = st.sampled_from([*CHARACTERS, "\nE\n", *(phrase.replace("|", " ") + " " for phrase in PHRASES.split())])


@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_script_is_read_and_what_is_written_literally_is_at_its_place(script):
    for command in commands_of(Traced.whole(script), Scope()):
        for word in command.words:
            assert len(word.text) == len(word.at)
            assert all(0 <= at < max(len(script), 1) for at in word.at)
    said(found_in(script), script)


@given(st.lists(st.text("abc/.-_", min_size=1, max_size=8), min_size=1, max_size=6))
def test_literal_words_are_exactly_where_they_stand(parts):
    script = "x=1; run " + " \\\n ".join(f"'{part}'" for part in parts)
    (command,) = commands_of(Traced.whole(script), Scope())
    for word in command.words:
        assert script[word.at[0] : word.at[-1] + 1] == word.text


@pytest.mark.parametrize(
    "script",
    [
        "X=" + "$X" * 50_000,
        "X=aaaaaaaaaa\n" + 'X="$X$X"\n' * 2_000 + "a $X",
        "$(" * 20_000,
        "${X:-" * 20_000,
        '"' * 50_001,
        "`" * 50_001,
        "f() { f; f; f; }\n" * 100 + "f",
        "if a; then X=1; " * 5_000,
        "".join(f"a{n}=1 && " for n in range(20_000)),
        "<<E " * 10_000,
        "case x in " * 5_000,
        "f(){ " * 20_000,
        "{" * 50_000 + "{{" * 20_000,
        "A=(" * 20_000,
        "a | " * 50_000,
    ],
)
def test_hostile_scripts_end(script):
    with contextlib.suppress(UnreadError):
        for command in commands_of(Traced.whole(script), Scope()):
            assert all(0 <= at <= len(script) for word in command.words for at in word.at)


def test_a_script_of_too_many_commands_is_told_and_not_cut_off():
    with pytest.raises(UnreadError, match="more than"):
        commands_of(Traced.whole("a;" * 100_001), Scope())
