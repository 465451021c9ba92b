"""Real models that publish their tokenizer in two formats: both come to the same ids, bytes, flags and merges."""

from __future__ import annotations

import pytest
from shared.models import models_with, read

from specdec_check.compat.jsonfile import parse_object
from specdec_check.compat.tokenizer import added, sentencepiece, tokenizer_json, vocab_merges
from specdec_check.compat.tokenizer.tokenizer import Tokenizer

pytestmark = pytest.mark.shared

SENTENCEPIECE = sorted({*models_with("tokenizer.model")} & {*models_with("tokenizer.json")})
VOCAB_MERGES = sorted({*models_with("vocab.json")} & {*models_with("merges.txt")} & {*models_with("tokenizer.json")})


def beside(model: str) -> added.Files:
    """The other files that a tokenizer is read with."""
    names = (added.CONFIG, added.MAP, added.ADDED)
    return {name: parse_object(data, name) for name in names if (data := read(model, name))}


def from_tokenizer_json(model: str) -> Tokenizer:
    """The model's tokenizer as most loaders read it."""
    return tokenizer_json.read_files({"tokenizer.json": read(model, "tokenizer.json")}, beside(model))


def from_sentencepiece(model: str) -> Tokenizer:
    """The same from its tokenizer.model."""
    return sentencepiece.read(read(model, "tokenizer.model"), beside(model))


def test_there_are_such_models() -> None:
    assert {"meta-llama/Llama-2-7b-hf", "TinyLlama/TinyLlama-1.1B-Chat-v1.0"} < {*SENTENCEPIECE}
    assert {"mistralai/Mistral-7B-v0.1", "mistralai/Mixtral-8x7B-v0.1"} < {*SENTENCEPIECE}
    assert {"openai-community/gpt2", "Qwen/Qwen2.5-0.5B-Instruct"} < {*VOCAB_MERGES}


@pytest.mark.parametrize("model", SENTENCEPIECE)
def test_tokenizer_model(model: str) -> None:
    ours, theirs = from_sentencepiece(model), from_tokenizer_json(model)

    assert ours.vocabulary.tokens == theirs.vocabulary.tokens
    assert (ours.vocabulary.added, ours.vocabulary.special) == (theirs.vocabulary.added, theirs.vocabulary.special)
    assert ours.added == theirs.added


@pytest.mark.parametrize("model", VOCAB_MERGES)
def test_vocab_and_merges(model: str) -> None:
    """Flags too, where a file beside them names the tokens; elsewhere only tokenizer.json and loaders' code do."""
    files = beside(model)
    ours = vocab_merges.read(read(model, "vocab.json"), read(model, "merges.txt"), files)
    theirs = from_tokenizer_json(model)

    assert ours.odd is None
    assert ours.vocabulary.tokens == theirs.vocabulary.tokens
    assert ours.merges == theirs.merges
    if added.extra_tokens(files):
        assert (ours.vocabulary.added, ours.vocabulary.special) == (theirs.vocabulary.added, theirs.vocabulary.special)
        assert ours.added == theirs.added


def test_a_model_with_tokenizer_model_alone() -> None:
    found = from_sentencepiece("alpindale/WizardLM-2-8x22B")

    assert found.vocabulary.digest == from_tokenizer_json("mistralai/Mistral-7B-v0.1").vocabulary.digest
    assert found.added == {"<unk>": 0, "<s>": 1, "</s>": 2}


def test_a_model_whose_reserved_pieces_are_named() -> None:
    found = from_sentencepiece("mistralai/Mistral-7B-Instruct-v0.3")

    assert (found.vocabulary.used, found.added["[INST]"]) == (32768, 3)
