"""What damaged files have found in the scan: each fault once, with the least that shows it."""

from __future__ import annotations

import shlex
from functools import reduce

import pytest

from specdec_check.compat.scan.errors import UnreadError
from specdec_check.compat.scan.found import Pairing
from specdec_check.compat.scan.readers import reader_of
from specdec_check.compat.scan.reading import Scope
from specdec_check.compat.scan.scan import look
from specdec_check.compat.scan.traced import Traced

SERVED = 'from vllm import LLM\nLLM("org/target", speculative_config={"model": "org/drafter"})\n'


def pairs(language: str, text: str) -> list[tuple[str | None, str | None]]:
    """Target and drafter of what is found; None for a name that cannot be told."""
    reader = reader_of(language)
    assert reader is not None
    found = [one.found for one in look("file", text, reader, Scope())]
    return [(one.target and one.target.value, one.drafter.value) for one in found if isinstance(one, Pairing)]


def test_a_starred_name_without_elements_is_no_crash():
    assert pairs("py", f"*messages = []\n{SERVED}") == [("org/target", "org/drafter")]


@pytest.mark.parametrize(
    "names",
    [
        'TARGET, *DRAFTERS = "org/target", "org/drafter", "org/other"',
        '*DRAFTERS, TARGET = "org/drafter", "org/other", "org/target"',
        '*DRAFTERS, TARGET = ("org/drafter", "org/target") if LONG else ("org/other", "org/target")',
    ],
)
def test_what_a_starred_name_leaves_is_not_taken_from_the_wrong_end(names):
    code = f'from vllm import LLM\n{names}\nLLM(TARGET, speculative_config={{"model": DRAFTERS[0]}})\n'

    assert pairs("py", code) == [(None, None)]


def test_a_loop_over_a_starred_name_is_no_loop_over_all():
    code = (
        'from vllm import LLM\nTARGET, *DRAFTERS = "org/target", "org/drafter"\n'
        'for one in DRAFTERS:\n    LLM("org/big", speculative_config={"model": one})\n'
    )

    assert pairs("py", code) == [("org/big", None)]


@pytest.mark.parametrize("opening", ["[", '{"a": ', "- ", "? "])
@pytest.mark.parametrize("language", ["yaml", "json"])
def test_depth_is_refused_before_the_parser_takes_it_all(language, opening):
    """A parser's time grows with the square of the depth."""
    with pytest.raises(UnreadError):
        pairs(language, '{"speculative_model": \n' + opening * 100_000)


def test_a_variable_that_holds_itself_a_thousand_times_stays_small():
    value = "$X" * 20_000

    assert pairs("env", f"X={value}\nLLAMA_ARG_MODEL=a.gguf\nLLAMA_ARG_MODEL_DRAFT=$X\n") == [("a.gguf", None)]


def test_a_long_indentation_is_passed_once():
    assert pairs("md", "\t" * 60_000 + f"\n```py\n{SERVED}```\n") == [("org/target", "org/drafter")]


def test_a_form_feed_ends_no_line():
    text = Traced.whole("a\fb\u2028c\r\nd\r\re\n")
    assert [line.text for line in text.lines()] == ["a\fb\u2028c", "d", "", "e"]


def test_a_script_in_scripts_is_refused():
    with pytest.raises(UnreadError):
        pairs("sh", "vllm serve org/target --speculative-model " + "$(" * 30_000)


@pytest.mark.parametrize("blank", ["\u2028", "\f", " "])
def test_blanks_in_a_value_are_passed_once(blank):
    text = f"A=x{blank * 60_000}x\nLLAMA_ARG_MODEL=a.gguf\nLLAMA_ARG_MODEL_DRAFT=b.gguf\n"

    assert pairs("env", text) == [("a.gguf", "b.gguf")]


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_line_ends_of_every_kind_are_placed(end):
    text = f"args: |{end}  vllm serve org/target{f' {chr(92)}{end}  ' * 5_000}--speculative-model org/drafter{end}"

    assert pairs("yaml", text) == [("org/target", "org/drafter")]


@pytest.mark.parametrize(
    "script",
    [
        f"for d in {' '.join(map('org/d{}'.format, range(70)))}; do\n  vllm serve a --speculative-model $d\ndone\n",
        "vllm serve a " + '--x "y" ' * 6000 + "--speculative-model org/d\n",
        reduce(lambda inner, _: f"bash -c {shlex.quote(inner)}", range(8), "vllm serve a --speculative-model b"),
    ],
)
def test_what_is_too_much_is_never_cut_off_in_silence(script):
    with pytest.raises(UnreadError, match="more than"):
        look("run.sh", script, reader_of("sh"), Scope())
