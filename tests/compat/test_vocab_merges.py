"""vocab.json and merges.txt: as the same model's tokenizer.json has it, other kinds, and files that are none."""

import json
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hostile import TEXTS, damaged, nested, torn, tried, written
from hypothesis import HealthCheck, given, settings
from making import CORPUS, Recipe, tokenizer_json
from snapshots import BYTE_LEVEL, dump, tokenizer
from tokenizer_files import added_list
from tokenizers import Tokenizer as Library
from tokenizers import models, trainers

from specdec_check.compat.errors import MalformedError
from specdec_check.compat.tokenizer.tokenizer_json import read_files
from specdec_check.compat.tokenizer.vocab_merges import pick, read

CONFIG = "tokenizer_config.json"
VOCAB = {"a": 0, "b": 1, "Ġ": 2, "ab": 3, "Ġab": 4, "<|end|>": 5}
MERGES = b"#version: 0.2\na b\n\xc4\xa0 ab\n"


@lru_cache
def saved(made: str) -> tuple[bytes, bytes]:
    """The two files, as the tokenizers library writes them for a tokenizer.json."""
    with TemporaryDirectory() as folder:
        Library.from_str(made).model.save(folder)
        return Path(folder, "vocab.json").read_bytes(), Path(folder, "merges.txt").read_bytes()


def test_the_same_model_s_tokenizer_json_says_the_same() -> None:
    made = tokenizer_json(Recipe(specials=("<|im_end|>",), added=("<tool>",)))
    assert made is not None
    files = {CONFIG: added_list({token["id"]: token["content"] for token in made["added_tokens"]})}

    ours = read(*saved(json.dumps(made)), files)
    theirs = read_files({"tokenizer.json": dump(made)}, files)

    assert (ours.vocabulary.tokens, ours.merges, ours.added) == (
        theirs.vocabulary.tokens,
        theirs.merges,
        theirs.added,
    )
    assert (ours.vocabulary.added, ours.vocabulary.special) == (theirs.vocabulary.added, theirs.vocabulary.special)
    assert (ours.vocabulary.file, ours.pipeline, ours.odd) == ("vocab.json", None, None)


@pytest.mark.parametrize("merges", [MERGES, MERGES.replace(b"\n", b"\r\n"), MERGES[14:].strip(), MERGES + b"\n\n"])
def test_line_ends_and_the_version_are_no_merges(merges: bytes) -> None:
    whole = tokenizer({"a": 0}, model={"merges": [["a", "b"], ["Ġ", "ab"]]}, decoder=BYTE_LEVEL)

    assert read(dump(VOCAB), merges, {}).merges == read_files({"tokenizer.json": dump(whole)}, {}).merges


def test_merges_may_hold_what_ends_a_line_elsewhere() -> None:
    found = read(dump({**VOCAB, "\u2028": 6}), MERGES + "\u2028 a\n\x85 b\n".encode(), {})

    assert found.odd is not None  # no byte is spelled so
    assert found.merges is not None


def test_a_token_that_is_merely_named_is_found_or_comes_next() -> None:
    found = read(dump(VOCAB), MERGES, {CONFIG: {"eos_token": "<|end|>", "pad_token": "<pad>"}})

    assert found.added == {"<|end|>": 5, "<pad>": 6}
    assert found.vocabulary.special == {5, 6}


def test_added_tokens_in_the_vocabulary_need_no_byte_alphabet() -> None:
    found = read(dump({**VOCAB, "<\uff5cend▁of▁text\uff5c>": 6}), MERGES, {})

    assert (found.odd, found.vocabulary.tokens[4:]) == (
        None,
        (b" ab", b"<|end|>", "<\uff5cend▁of▁text\uff5c>".encode()),
    )


# Other kinds of the same names


def test_word_ends_that_are_marked_are_another_kind() -> None:
    """As CLIP's, over the byte alphabet, and as the first GPT's, over plain characters."""
    model = models.BPE(end_of_word_suffix="</w>")
    library = Library(model)
    trainer = trainers.BpeTrainer(
        vocab_size=300, end_of_word_suffix="</w>", initial_alphabet=["Ġ"], show_progress=False
    )
    library.train_from_iterator((word for text in CORPUS for word in text.split()), trainer)

    assert read(*saved(library.to_str()), {}).odd == "a vocab.json that is not byte-level"


@pytest.mark.parametrize(
    ("vocab", "merges"),
    [
        ({"a": 0, "b": 1, "ab": 2}, b"a b\n"),
        ({"a": 0, "Ġ": 1, "é": 2, "漢": 3}, "a 漢\n".encode()),
        ({"a": 0, "Ġ": 1, "a</w>": 2, "b</w>": 3}, b"a b</w>\n"),
    ],
)
def test_what_is_not_byte_level(vocab: dict[str, int], merges: bytes) -> None:
    assert read(dump(vocab), merges, {}).odd == "a vocab.json that is not byte-level"


def test_a_token_may_end_as_words_do_elsewhere() -> None:
    many = {f"x{number}": number for number in range(6, 200)}

    assert read(dump({**VOCAB, **many, "</w>": 200}), MERGES, {}).odd is None


def test_both_files_are_needed() -> None:
    assert pick(["merges.txt", "vocab.json"]) == ("vocab.json", "merges.txt")
    assert pick(["vocab.json"]) == pick(["merges.txt", "a/vocab.json"]) == ()


# What is none


def refused(vocab: bytes, merges: bytes, files: Any = None) -> str:
    with pytest.raises(MalformedError) as caught:
        read(vocab, merges, files or {})
    assert caught.value.message.startswith(("vocab.json ", "merges.txt "))
    assert len(caught.value.message) < 300
    return caught.value.message


@pytest.mark.parametrize(
    "vocab",
    [
        [],
        {},
        {"a": None},
        {"a": "0"},
        {"a": 0.0},
        {"a": True},
        {"a": [0]},
        {"a": 0, "b": 0},
        {"a": -1},
        {"a": 10**9},
        {"a": 10**4000},
        {"a": 0, "b": float("nan")},
    ],
)
def test_what_is_no_vocabulary(vocab: Any) -> None:
    refused(written(vocab), MERGES)


@pytest.mark.parametrize("vocab", [b"", b"\xff\xfe{}", b'{"a": 0', nested(1_000_000), b'{"a": ' + b"9" * 5000 + b"}"])
def test_what_is_no_json(vocab: bytes) -> None:
    assert refused(vocab, MERGES).startswith("vocab.json ")


@pytest.mark.parametrize(
    "merges", [b"a", b"a b c", b" a b", b"a b\n\xff \xff", b"a\tb", b"\0", b"a b\n" * 4_200_000], ids=range(7)
)
def test_what_are_no_merges(merges: bytes) -> None:
    assert refused(dump(VOCAB), merges).startswith("merges.txt ")


def test_no_merges_at_all() -> None:
    assert read(dump(VOCAB), b"", {}).vocabulary == read(dump(VOCAB), MERGES, {}).vocabulary


def test_files_that_contradict_each_other() -> None:
    assert "do not fit each other" in refused(dump(VOCAB), MERGES, {CONFIG: added_list({9: "<|end|>"})})


@pytest.mark.parametrize("text", [*TEXTS, "x" * 1_000_000], ids=lambda text: ascii(text[:12]))
def test_any_text_may_be_a_token(text: str) -> None:
    found = read(written({**VOCAB, text: 7}), MERGES, {CONFIG: added_list({8: text + "!"})})

    assert found.vocabulary.tokens[8] == (text + "!").encode("utf-8", "surrogatepass")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damaged(VOCAB).map(written) | torn(dump(VOCAB)), torn(MERGES))
def test_damaged_files_are_a_value_or_malformed(vocab: bytes, merges: bytes) -> None:
    found, refusal = tried(read, vocab, merges, {CONFIG: {"eos_token": "<|end|>"}})

    assert len(refusal) < 300
    assert found is None or found.vocabulary.special <= found.vocabulary.added <= {*found.added.values()}
