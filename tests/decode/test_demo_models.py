"""The models that ship inside: whole, small, learnt, and related to each other as the README shows them."""

from __future__ import annotations

import json
import logging
import struct
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import AutoModelForCausalLM, AutoTokenizer

import specdec_check.decode
from specdec_check.decode import demo
from specdec_check.decode.demo.agreement import agreement
from specdec_check.decode.demo.corpus import SKIPPED_FOLDERS, docstrings, read_corpus
from specdec_check.decode.demo.learn import windows

DEMO = Path(specdec_check.decode.__file__).parent / "demo"
NAMES = ["target", "drafter", "stranger"]
FILES = {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
VOCABULARY = 2048


def folder(name):
    return DEMO / name


def header(name):
    with (folder(name) / "model.safetensors").open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        return json.loads(file.read(length))


def tokens(name):
    found = Tokenizer.from_file(str(folder(name) / "tokenizer.json")).get_vocab(with_added_tokens=True)
    return {number: token for token, number in found.items()}


@pytest.fixture(scope="module")
def models():
    return {name: AutoModelForCausalLM.from_pretrained(folder(name), dtype=torch.float32).eval() for name in NAMES}


@pytest.fixture(scope="module")
def encoded():
    tokenizer = AutoTokenizer.from_pretrained(folder("target"))
    return [torch.tensor([tokenizer.encode(prompt)]) for prompt in demo.prompts()]


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_holds_what_a_checkpoint_needs_and_no_pickle(name):
    assert {path.name for path in folder(name).iterdir()} == FILES


def test_all_three_fit_into_six_megabytes():
    assert sum(path.stat().st_size for name in NAMES for path in folder(name).iterdir()) < 6_000_000


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_bfloat16_and_the_head_is_the_embedding(name):
    found = header(name)
    assert found.pop("__metadata__") == {"format": "pt"}
    assert {entry["dtype"] for entry in found.values()} == {"BF16"}
    assert found["model.embed_tokens.weight"]["shape"][0] == VOCABULARY
    assert "lm_head.weight" not in found


@pytest.mark.parametrize("name", NAMES)
def test_a_plain_load_finds_every_weight_and_warns_of_nothing(name, monkeypatch):
    said = []
    logger = logging.getLogger("transformers")
    handler = logging.Handler(logging.WARNING)
    handler.emit = said.append
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.WARNING)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    try:
        model, info = AutoModelForCausalLM.from_pretrained(folder(name), output_loading_info=True)
        tokenizer = AutoTokenizer.from_pretrained(folder(name))
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    assert [record.getMessage() for record in said] == []
    assert not any(info.values())
    assert model.dtype == torch.bfloat16
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
    assert (model.config.vocab_size, len(tokenizer)) == (VOCABULARY, VOCABULARY)
    assert model.config.max_position_embeddings == tokenizer.model_max_length == 512
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id == tokenizer.bos_token_id == 0


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_dense_and_the_first_ends_a_text(name):
    found = tokens(name)
    assert sorted(found) == list(range(VOCABULARY))
    assert found[0] == "<|endoftext|>"


def test_target_and_drafter_mean_the_same_by_every_id():
    assert tokens("target") == tokens("drafter")
    merges = [json.loads((folder(name) / "tokenizer.json").read_text("utf-8"))["model"]["merges"] for name in NAMES[:2]]
    assert merges[0] == merges[1]


def test_most_ids_of_the_stranger_mean_something_else():
    target, stranger = tokens("target"), tokens("stranger")
    assert sum(target[number] == stranger[number] for number in target) < VOCABULARY / 5


def test_the_target_is_the_largest(models):
    sizes = {name: model.num_parameters() for name, model in models.items()}
    assert sizes["target"] > 4 * sizes["drafter"]
    assert sizes["drafter"] >= sizes["stranger"]


@pytest.mark.parametrize("name", ["target", "stranger"])
def test_any_text_survives_encoding(name):
    tokenizer = AutoTokenizer.from_pretrained(folder(name))

    @given(st.text(max_size=60))
    def survives(text):
        assert tokenizer.decode(tokenizer.encode(text)) == text

    survives()


def test_the_target_has_learnt_the_text(models, encoded):
    """Two models that know nothing would agree as well: they hold log(2048) = 7.6 nats per token."""
    target = models["target"]
    with torch.inference_mode():
        nats = [functional.cross_entropy(target(ids).logits[0, :-1], ids[0, 1:]).item() for ids in encoded]
    assert sum(nats) / len(nats) < 4.5


def test_the_drafter_agrees_with_the_target_on_the_prompts(models, encoded):
    drafter = [agreement(models["target"], models["drafter"], ids[0], ids.shape[1]).sampled for ids in encoded]
    control = [agreement(models["target"], models["stranger"], ids[0], ids.shape[1]).sampled for ids in encoded]
    assert sum(drafter) / len(drafter) > 0.5
    assert sum(control) / len(control) < 0.2


def test_prompts_are_as_many_and_as_long_as_a_run_wants():
    prompts = demo.prompts()
    assert len(set(prompts)) == len(prompts) == 24
    assert all(40 <= len(prompt) <= 200 and prompt == prompt.rstrip() for prompt in prompts)


def test_the_corpus_holds_whole_files_out_and_prompts_come_from_none():
    corpus = read_corpus()
    learned, held_out = dict(corpus.learned), dict(corpus.held_out)
    assert learned.keys().isdisjoint(held_out)
    assert 0.02 < len(held_out) / len(learned) < 0.1
    assert not any(SKIPPED_FOLDERS & set(name.split("/")) for name in (*learned, *held_out))
    whole = "\0".join((*learned.values(), *held_out.values()))
    assert not any(prompt in whole for prompt in demo.prompts())


def test_docstrings_are_prose_alone():
    assert docstrings('"""One."""\nx = "not this"\ndef f():\n    """Two."""\n') == "One.\n\nTwo."
    assert docstrings("print 'an older Python'") == ""


def test_one_pass_of_the_windows_sees_every_token_but_the_ends():
    drawn = windows(torch.arange(1000), length=10, count=3, seed=4)
    seen = torch.cat([next(drawn) for _ in range(33)]).flatten().tolist()
    assert len(set(seen)) == len(seen) == 990
