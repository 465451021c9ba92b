"""Chat templates as text: whitespace as Jinja's own lexer has it, control tokens, thinking, and their files."""

import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from snapshots import BYTE_LEVEL, snapshot, tokenizer

from specdec_check.compat.errors import MalformedError
from specdec_check.compat.evidence import Unknown
from specdec_check.compat.facts_tokens import Control, Template
from specdec_check.compat.fingerprint import fingerprint
from specdec_check.compat.template_text import take_apart

ADDED = ("<s>", "<e>", "<|im|>", "<|im|>end", "\n", "user", "<think>", "</think>", "<a\tb>")
TOKENIZER = tokenizer({"a": 0, "b": 1}, ADDED, decoder=BYTE_LEVEL)
NAMED = {"bos_token": "<s>", "eos_token": {"content": "<e>"}, "pad_token": None}
FRAGMENTS = [
    *("{% if a %}", "{%- endif -%}", "{%+ set x = 1 +%}", "{{ a }}", "{{- b['x'] -}}", "{# note #}", "{#- '{% -#}"),
    *(
        "{{ {'a': {'b': 1}} }}",
        "{{ '}}' }}",
        '{% set x = "%}" %}',
        "{{ [1, {}] }}",
        "{{ a % {'x':1}}}",
        "{{ '\\'}}' }}",
    ),
    *("text", "'", "}}", "%}", "{", " ", "  ", "\t", "\n", "\n\n", "\r\n", " {", "\n  ", "x \n", "\n\t \n"),
]


def template(source: Any = None, **files: Any) -> Template | Unknown | None:
    """The fact of a model with this template in its tokenizer_config.json."""
    config = {"tokenizer_config.json": {**NAMED, "chat_template": source}}
    return fingerprint(snapshot({"tokenizer.json": TOKENIZER, **config, **files})).template


def known(source: Any = None, **files: Any) -> Template:
    found = template(source, **files)
    assert isinstance(found, Template)
    return found


# Whitespace


def normal(source: str) -> list[list[str]]:
    pieces: list[list[str]] = json.loads(take_apart(source).normal)
    return pieces


def by_jinja(source: str) -> list[list[str]] | None:
    """The same by Jinja's lexer, set up as for chat templates; None where it finds no template."""
    jinja = pytest.importorskip("jinja2")
    environment = jinja.Environment(trim_blocks=True, lstrip_blocks=True)
    pieces: list[list[str]] = []
    inside = False
    try:
        for _, kind, value in environment.lexer.tokeniter(source, "template"):
            name = kind.removesuffix("_begin").removesuffix("_end")
            if name in ("block", "variable"):
                inside = kind.endswith("_begin")
                pieces += [[value[1], ""]] if inside else []
            elif kind == "data" and not (pieces and not pieces[-1][0]):
                pieces.append(["", value])
            elif kind != "whitespace" and name != "comment":
                pieces[-1][1] += value
    except jinja.TemplateSyntaxError:
        return None
    return None if inside else [piece for piece in pieces if piece[0] or piece[1]]


def agreed(source: str) -> bool:
    """Whether it is a template, and then both must read it alike."""
    theirs = by_jinja(source)
    if theirs is not None:
        # One lexer takes `==` for one sign, the other for two.
        ours, theirs = (
            [[kind, text.replace(" ", "") if kind else text] for kind, text in p] for p in (normal(source), theirs)
        )
        assert ours == theirs
    return theirs is not None


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=9).map("".join))
def test_whitespace_is_as_jinja_has_it(source: str) -> None:
    assume(agreed(source))


@pytest.mark.parametrize("source", FRAGMENTS)
def test_every_fragment_between_lines(source: str) -> None:
    assert agreed(f"a\n  {source}  \n b\n")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("{% if a %}\nx\n{% endif %}\n", "   {%if   a%}\nx\n\t{% endif %}", True),
        ("{{ a+b }}", "{{a + b}}", True),
        ("{# why #}x", "x", True),
        ("{{ 'a  b' }}", "{{ 'a b' }}", False),
        ("x y", "x  y", False),
        ("{{ a }}\n", "{{ a }}\n\n", False),
        ("{{ not_a }}", "{{ not a }}", False),
    ],
)
def test_templates_that_differ_in_indentation_alone_are_equal(one: str, other: str, same: bool) -> None:
    assert (known(one).digest == known(other).digest) is same


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("{}%#-+'\"\\( )[]a\n"), max_size=40))
def test_any_text_is_a_template(source: str) -> None:
    found = take_apart(source)

    assert found == take_apart(source + "\n" if source and not source.endswith(("\n", "\r")) else source)


@pytest.mark.parametrize(
    "part", ["'\\", "{{ '", '{% "\\', "{#", "{{ (", "{% }} ", "{{ {", "}}", "{% - %}", " \n", "-%}"]
)
def test_a_long_damaged_template_is_taken_apart_all_the_same(part: str) -> None:
    assert isinstance(known(part * 100_000).digest, str)


# Control tokens


@pytest.mark.parametrize(
    ("source", "controls"),
    [
        ("<s>{{ '<e>' }}", ("<s>", "<e>")),
        ('{% set x = "<e>" %}', ("<e>",)),
        ("<|im|>", ("<|im|>",)),
        ("<|im|>end", ("<|im|>end",)),
        ("{{ '<|im|>end' + '<|im|>' }}", ("<|im|>", "<|im|>end")),
        ("{# <s> #}a\n", ()),
        ("{{ user }}", ()),
        ("{{ message['user'] }}", ("user",)),
        ("{{ bos_token + eos_token }}", ("<s>", "<e>")),
        ("{{ 'bos_token' }}", ()),
        ("{{ pad_token }}{{ nos_token }}", ()),
        ("{{ '<a\tb>' }}", ("<a\tb>",)),
        ("no tag <", ()),
    ],
)
def test_control_tokens_that_a_template_uses(source: str, controls: tuple[str, ...]) -> None:
    assert known(source).controls == tuple(Control(2 + ADDED.index(text), text) for text in controls)


def test_a_variable_is_a_control_token_and_no_further_use_of_an_id() -> None:
    """Rows are asked for by bos and eos in any case: `template_ids` names what is spelled out."""
    files = {"tokenizer.json": TOKENIZER, "tokenizer_config.json": {**NAMED, "chat_template": "{{ eos_token }}<|im|>"}}

    assert fingerprint(snapshot(files)).template_ids == {4}


# Where templates come from


def test_the_file_overrules_the_config_and_the_config_the_processor_s() -> None:
    jinja, processor = {"chat_template.jinja": b"<s>"}, {"chat_template.json": {"chat_template": "<|im|>"}}

    assert known("<e>", **jinja, **processor) == known("<s>")
    assert known("<e>", **processor) == known("<e>")
    assert known(None, **processor) == known("<|im|>")
    assert template(None, **{"chat_template.json": {"chat_template": ["<s>"]}}) is None


def test_of_several_the_default_is_taken() -> None:
    several = [{"name": "tool_use", "template": "<s>"}, {"name": "default", "template": "<e>"}]

    assert known(several) == known("<e>")
    assert known(several[:1]) == known("<s>")
    assert known([*several, {"name": "default", "template": 7}]) == known("<e>")


@pytest.mark.parametrize("nothing", [None, "", [], {}, 7, {"default": "<s>"}, [{"name": "default"}], ["<s>"]])
def test_no_template_is_a_known_fact(nothing: Any) -> None:
    assert template(nothing) is None


def test_a_template_without_a_tokenizer_is_not_known() -> None:
    found = fingerprint(snapshot({"tokenizer_config.json": {"chat_template": "x"}}))

    assert isinstance(found.template, Unknown)
    assert fingerprint(snapshot({})).template is None


def test_a_damaged_file_is_named() -> None:
    with pytest.raises(MalformedError, match=r"chat_template\.json is not readable JSON"):
        template(None, **{"chat_template.json": b"{"})


# Thinking


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ x }}", ()),
        ("{% if enable_thinking is defined and enable_thinking is false %}", ("enable_thinking (on by default)",)),
        ("{% if enable_thinking is defined and enable_thinking is true %}", ("enable_thinking (off by default)",)),
        ("{{ '/x' if enable_thinking is defined and not enable_thinking }}", ("enable_thinking (on by default)",)),
        ("{%if not thinking is defined%}{%set thinking=false%}{%endif%}", ("thinking (off by default)",)),
        ("{% if thinking %}", ("thinking (off by default)",)),
        ("{% if enable_thinking == False %}", ("enable_thinking (on by default)",)),
        ("{{ reasoning_effort }}", ("reasoning_effort",)),
        ("{{ message.not_thinking }}", ()),
        ("{{ 'enable_thinking' }}", ()),
        ("{{ '<think>\\n\\n</think>' }}", ("<think>", "</think>")),
        ("{# <think> #}", ()),
        ("{{ '/no_think' }}", ("/no_think",)),
    ],
)
def test_what_a_template_says_of_thinking(source: str, expected: tuple[str, ...]) -> None:
    assert known(source).thinking == expected
