"""The code blocks of Markdown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specdec_check.compat.scan.kinds.markdown import blocks
from specdec_check.compat.scan.traced import Traced


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n```bash\nb\nc\n```\nd\n", [("bash", "b\nc\n")]),
        ("~~~yaml title='x'\nb\n~~~\n", [("yaml", "b\n")]),
        ("```{.python .numberLines}\nb\n```\n", [("python", "b\n")]),
        ("```\nb\n```\n", [("", "b\n")]),
        ("- x\n  ```JSON\n  {\n    a}\n  ```\n", [("json", "{\n  a}\n")]),
        ("> ```sh\n> b\n> ```\n", [("sh", "b\n")]),
        ("````md\n```sh\nb\n```\n````\n", [("md", "```sh\nb\n```\n")]),
        ("```sh\nb\n", [("sh", "b\n")]),
        ("```sh\nb\n```\n\n```toml\nc\n```\n", [("sh", "b\n"), ("toml", "c\n")]),
        ("`vllm serve` and ```not a block```\n", []),
        ("```console\n$ a \\\n  b\nout\n$ c\n```\n", [("console", "a \\\n  b\nc\n")]),
        ("```console\n$ a '{\n> \"b\"}'\nout\n```\n", [("console", "a '{\n\"b\"}'\n")]),
    ],
)
def test_blocks_come_with_their_language_and_without_prompts(text, expected):
    found = list(blocks(Traced.whole(text)))
    assert [(language, block.text) for language, block in found] == expected


@given(
    st.lists(st.sampled_from([*"`~ >$#-\\'\nab", "```", "```sh\n", "\n```\n", "$ ", "> "]), max_size=60).map("".join)
)
def test_every_character_of_a_block_stands_where_it_says(text):
    for _, block in blocks(Traced.whole(text)):
        assert all(char == "\n" or text[at] == char for char, at in zip(block.text, block.at, strict=True))
