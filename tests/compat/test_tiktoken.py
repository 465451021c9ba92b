"""Tiktoken files: ranks as tiktoken has them, special tokens from where they can be known, and files that are none."""

from base64 import b64encode
from importlib.resources import files as resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from dashscope.tokenizers.qwen_tokenizer import QwenTokenizer
from hostile import torn, tried
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiktoken.load import load_tiktoken_bpe
from tokenizer_files import added_list, tiktoken

from specdec_check.compat.errors import MalformedError
from specdec_check.compat.tokenizer.tiktoken import is_tiktoken, pick, read

CONFIG = "tokenizer_config.json"
QWEN = Path(str(resources("dashscope") / "resources" / "qwen.tiktoken"))
RANKS = [*(bytes([byte]) for byte in range(256)), b"ab", "é".encode()]
SOUND = tiktoken(RANKS)


def test_qwen_as_its_own_tokenizer_has_it() -> None:
    theirs = QwenTokenizer(str(QWEN)).decoder

    ours = read(QWEN.read_bytes(), {}, QWEN.name)

    expected = {number: token.encode() if isinstance(token, str) else token for number, token in theirs.items()}
    assert dict(enumerate(ours.vocabulary.tokens)) == expected
    assert ours.added == {token: number for number, token in theirs.items() if isinstance(token, str)}
    assert ours.vocabulary.special == ours.vocabulary.added == {*ours.added.values()}
    assert (ours.vocabulary.file, ours.odd) == ("qwen.tiktoken", None)


def test_another_file_of_that_name_has_no_special_tokens_of_qwen() -> None:
    assert read(SOUND, {}, "qwen.tiktoken").vocabulary.tokens == tuple(RANKS)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.integers(0, 999), st.binary(min_size=1, max_size=5), min_size=1, max_size=20))
def test_ranks_as_the_library_loads_them(tokens: dict[int, bytes]) -> None:
    data = b"".join(b64encode(token) + f" {rank}\n".encode() for rank, token in tokens.items())
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", "")
        path = Path(folder, "x.tiktoken")
        path.write_bytes(data)
        theirs = load_tiktoken_bpe(str(path))
    if len({*tokens.values()}) < len(tokens):
        refused(data)
        return

    found = read(data, {}).vocabulary.tokens

    named = {rank: token for rank, token in enumerate(found) if token is not None}
    assert named == {rank: token for token, rank in theirs.items()}


def test_special_tokens_are_those_of_the_config_and_no_more() -> None:
    """As Kimi's, which keeps 256 ids behind its ranks and names some of them."""
    named = {"bos_token": {"content": "[BOS]"}, "eos_token": "<|im_end|>"}
    config = added_list({258: "[BOS]", 260: "<|im_end|>"}, **named)

    found = read(SOUND, {CONFIG: config})

    assert found.vocabulary.tokens[258:] == (b"[BOS]", None, b"<|im_end|>")
    assert found.vocabulary.special == {258, 260}
    assert (found.added, found.odd) == ({"[BOS]": 258, "<|im_end|>": 260}, None)


def test_a_name_whose_id_only_the_repository_s_code_knows_leaves_it_open() -> None:
    found = read(SOUND, {CONFIG: {"eos_token": "<|eot_id|>"}})

    assert found.odd == "special tokens whose ids are in the repository's code alone"
    assert "<|eot_id|>" in found.added


def test_a_name_that_is_a_rank_or_known_of_qwen_leaves_nothing_open() -> None:
    assert read(SOUND, {CONFIG: {"eos_token": "ab"}}).added == {"ab": 256}
    named = read(QWEN.read_bytes(), {CONFIG: {"eos_token": "<|endoftext|>"}}, "qwen.tiktoken")
    assert (named.odd, named.added["<|endoftext|>"]) == (None, 151643)


def test_lines_may_end_as_on_windows_or_be_empty() -> None:
    assert read(SOUND.replace(b"\n", b"\r\n") + b"\n\n", {}) == read(SOUND.rstrip(b"\n"), {})


@pytest.mark.parametrize(
    ("listed", "picked"),
    [
        (["a.tiktoken", "tiktoken.model"], ("tiktoken.model",)),
        (["qwen.tiktoken", "assets/gpt2.tiktoken"], ("qwen.tiktoken",)),
        (["gpt2.tiktoken", "multilingual.tiktoken"], ()),
        (["qwen_tiktoken", "tokenizer.model"], ()),
    ],
)
def test_which_file(listed: list[str], picked: tuple[str, ...]) -> None:
    assert pick(listed) == picked


@pytest.mark.parametrize(
    "data", [b"", b"\n\x0b\n\x05<unk>", b"a 1", b" 1", b"YQ==\t1", b"version https://x", b"YQ== x"]
)
def test_what_does_not_begin_as_one(data: bytes) -> None:
    assert is_tiktoken(data) == (data == b"a 1")
    refused(data)


@pytest.mark.parametrize(
    "line",
    [
        b"YWFh -1",
        b"YWFh 1.0",
        b"YWFh 999999999",
        b"YWFh " + b"9" * 5000,
        b"YWFh 0",
        b"YWI= 258",
        b"YWFh",
        b"YWFh 258 1",
        b"YWF 258",
        b"Y!WFj 258",
        b"\xff\xff 258",
        b" 258",
        "YWFh ٣".encode(),
        b"\0" * 100,
        b"\n" * 4_200_000,
    ],
    ids=range(15),
)
def test_what_is_no_tiktoken_file(line: bytes) -> None:
    refused(SOUND + line)


def test_files_that_contradict_each_other() -> None:
    assert "do not fit each other" in refused(SOUND, {CONFIG: added_list({300: "ab"})})


def refused(data: bytes, files: Any = None) -> str:
    with pytest.raises(MalformedError) as caught:
        read(data, files or {})
    assert caught.value.message.startswith("tiktoken.model ")
    assert len(caught.value.message) < 300
    return caught.value.message


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(torn(SOUND))
def test_a_damaged_file_is_a_value_or_malformed(data: bytes) -> None:
    found, refusal = tried(read, data, {CONFIG: added_list({3: "<x>", 300: "<y>"})})

    assert len(refusal) < 300
    assert found is None or found.vocabulary.special <= found.vocabulary.added <= {*found.added.values()}
