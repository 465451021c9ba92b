"""tekken.json: ids as mistral-common has them in every version, and files that are none."""

import json
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import pytest
from hostile import damaged, nested, torn, tried, written
from hypothesis import HealthCheck, given, settings
from mistral_common.tokens.tokenizers.base import SpecialTokenPolicy, TokenizerVersion
from mistral_common.tokens.tokenizers.tekken import Tekkenizer
from tokenizer_files import added_list, dump, tekken

from specdec_check.compat.errors import MalformedError
from specdec_check.compat.tokenizer.tekken import read

DATA = resources("mistral_common") / "data"
PUBLISHED = sorted(file.name for file in DATA.iterdir() if file.name.startswith("tekken"))
RANKS = [*(bytes([byte]) for byte in range(256)), b"ab", b" a", "é".encode()]
SPECIAL = ["<unk>", "<s>", "</s>", "[THINK]"]
SOUND = tekken(RANKS, SPECIAL, reserved=6)


def check_against_the_library(path: Path) -> None:
    """Every id's bytes, and which of them are special."""
    ours, theirs = read(path.read_bytes(), {}), Tekkenizer.from_file(path)
    expected = [theirs.id_to_byte_piece(number, SpecialTokenPolicy.KEEP) for number in range(theirs.n_words)]

    assert list(ours.vocabulary.tokens) == expected
    assert ours.vocabulary.special == ours.vocabulary.added == theirs.special_ids
    assert all(theirs.get_special_token(name) == number for name, number in ours.added.items())
    assert ours.vocabulary.file == "tekken.json"


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_files(name: str) -> None:
    check_against_the_library(Path(str(DATA / name)))


@pytest.mark.parametrize("version", [version.value for version in TokenizerVersion])
def test_every_version_with_its_special_tokens(version: str, tmp_path: Path) -> None:
    """The file has more ranks than the model, and fewer names than it keeps ids for."""
    path = tmp_path / "tekken.json"
    path.write_bytes(dump(tekken(RANKS, SPECIAL, reserved=10, size=10 + 257, config={"version": version})))

    check_against_the_library(path)


@pytest.mark.parametrize("version", [version.value for version in TokenizerVersion])
@pytest.mark.parametrize("more", [{}, {"special_tokens": None}])
def test_every_version_without_special_tokens(version: str, more: Any, tmp_path: Path) -> None:
    path = tmp_path / "tekken.json"
    path.write_bytes(dump(tekken(RANKS, None, reserved=25, config={"version": version}, **more)))
    try:
        Tekkenizer.from_file(path)
    except ValueError:
        assert "no special tokens" in refused(path.read_bytes())
    else:
        check_against_the_library(path)


def test_a_newer_version_is_read_where_it_names_its_special_tokens() -> None:
    assert read(dump(SOUND | {"config": SOUND["config"] | {"version": "v99"}}), {}) == read(dump(SOUND), {})


def test_tokens_that_other_files_name() -> None:
    found = read(dump(SOUND), {"tokenizer_config.json": {"eos_token": "</s>", "pad_token": "<SPECIAL_5>"}})

    assert (found.added["</s>"], found.added["<SPECIAL_5>"]) == (2, 5)
    assert found.vocabulary == read(dump(SOUND), {}).vocabulary

    listed = read(dump(SOUND), {"tokenizer_config.json": added_list({4: "<new>"})})
    assert listed.vocabulary.tokens[3:6] == (b"[THINK]", b"<new>", b"<SPECIAL_5>")


# What is none


def refused(data: bytes, files: Any = None) -> str:
    with pytest.raises(MalformedError) as caught:
        read(data, files or {})
    assert caught.value.message.startswith("tekken.json ")
    assert len(caught.value.message) < 300
    return caught.value.message


def entry(key: str, value: Any) -> list[dict[str, Any]]:
    """The ranks with the last one changed."""
    return [*SOUND["vocab"][:-1], SOUND["vocab"][-1] | {key: value}]


def special(key: str, value: Any) -> list[dict[str, Any]]:
    return [*SOUND["special_tokens"][:-1], SOUND["special_tokens"][-1] | {key: value}]


@pytest.mark.parametrize(
    "whole",
    [
        [],
        {},
        {"config": {}, "vocab": []},
        SOUND | {"vocab": None},
        SOUND | {"vocab": [None] * 259},
        SOUND | {"vocab": {"a": 1}},
        SOUND | {"vocab": entry("rank", -1)},
        SOUND | {"vocab": entry("rank", 10**9)},
        SOUND | {"vocab": entry("rank", 257)},
        SOUND | {"vocab": entry("rank", 258.0)},
        SOUND | {"vocab": entry("rank", None)},
        SOUND | {"vocab": entry("token_bytes", None)},
        SOUND | {"vocab": entry("token_bytes", 7)},
        SOUND | {"vocab": entry("token_bytes", [])},
        SOUND | {"vocab": entry("token_bytes", "")},
        SOUND | {"vocab": entry("token_bytes", "YQ")},
        SOUND | {"vocab": entry("token_bytes", "YQ==")},
        SOUND | {"vocab": entry("token_bytes", "!!!!")},
        SOUND | {"vocab": entry("token_bytes", "é===")},
        SOUND | {"vocab": SOUND["vocab"][:-1]},
        SOUND | {"special_tokens": "<s>"},
        SOUND | {"special_tokens": [None]},
        SOUND | {"special_tokens": special("rank", -1)},
        SOUND | {"special_tokens": special("rank", 2)},
        SOUND | {"special_tokens": special("rank", True)},
        SOUND | {"special_tokens": special("token_str", None)},
        SOUND | {"special_tokens": special("token_str", "")},
        SOUND | {"special_tokens": special("token_str", "<s>")},
        SOUND | {"special_tokens": special("token_str", "<SPECIAL_5>")},
        SOUND | {"special_tokens": SOUND["special_tokens"] * 2},
        *(
            SOUND | {"config": SOUND["config"] | {key: value}}
            for key in ("default_vocab_size", "default_num_special_tokens")
            for value in (None, "9", -1, 10**9, 10**30, 265.0, True)
        ),
        SOUND | {"config": SOUND["config"] | {"default_vocab_size": 266}},
        SOUND | {"config": SOUND["config"] | {"default_vocab_size": 3}},
    ],
)
def test_what_is_no_tekken_file(whole: Any) -> None:
    refused(written(whole))


@pytest.mark.parametrize("version", [None, 3, "", "3", "v", "v٣", "v8", "v" + "1" * 5000, ["v3"]])
def test_without_special_tokens_of_its_own_the_version_decides(version: Any) -> None:
    refused(written(tekken(RANKS, None, reserved=20, config={"version": version})))


def test_the_built_in_special_tokens_need_room() -> None:
    refused(dump(tekken(RANKS, None, reserved=19)))


@pytest.mark.parametrize("data", [b"", b"\xff\xfe{}", dump(SOUND)[:-9], nested(1_000_000)], ids=range(4))
def test_what_is_no_json(data: bytes) -> None:
    refused(data)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damaged(tekken(RANKS[:8], SPECIAL)).map(written) | torn(dump(tekken(RANKS[:8], SPECIAL))))
def test_a_damaged_file_is_a_value_or_malformed(data: bytes) -> None:
    found, refusal = tried(read, data, {"tokenizer_config.json": {"pad_token": "<pad>"}})

    assert len(refusal) < 300
    assert found is None or found.vocabulary.special <= found.vocabulary.added <= {*found.added.values()}
    assert found is None or json.loads(data)
