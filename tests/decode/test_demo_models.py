"""The models that ship inside: whole, small, and what the README says of them."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer

import specdec_check.decode
from specdec_check.decode import demo

FOLDER = Path(specdec_check.decode.__file__).parent / "demo"
MODELS = ("target", "drafter", "stranger")
WORDS = {name: Tokenizer.from_file(str(FOLDER / name / "tokenizer.json")) for name in MODELS}


def test_all_of_it_is_under_six_megabytes_and_nothing_is_pickled() -> None:
    files = [file for name in MODELS for file in (FOLDER / name).iterdir()]

    assert {file.suffix for file in files} == {".json", ".safetensors"}
    assert sum(file.stat().st_size for file in files) < 6_000_000


@pytest.mark.parametrize("name", MODELS)
def test_a_model_loads_as_any_other(name: str) -> None:
    model = AutoModelForCausalLM.from_pretrained(FOLDER / name)
    tokenizer = AutoTokenizer.from_pretrained(FOLDER / name)

    assert model.dtype == torch.bfloat16
    assert model.get_output_embeddings().weight.shape[0] == len(tokenizer) == 2048
    assert tokenizer.eos_token_id == model.generation_config.eos_token_id == 0
    with safe_open(FOLDER / name / "model.safetensors", "pt") as weights:
        assert {weights.get_slice(key).get_dtype() for key in weights.keys()} == {"BF16"}  # noqa: SIM118 - no mapping


def test_the_pair_shares_a_vocabulary_and_the_stranger_does_not() -> None:
    target, drafter, stranger = (words.get_vocab() for words in WORDS.values())

    assert target == drafter
    assert len(stranger) == len(target)
    assert sum(stranger[token] == number for token, number in target.items() if token in stranger) < 300


@given(text=st.text(max_size=40))
def test_text_survives_its_tokens(text: str) -> None:
    for words in WORDS.values():
        assert words.decode(words.encode(text).ids) == text


def test_drafts_are_worth_it_at_temperature_1() -> None:
    """The mean over the prompts' positions of what is accepted of one draft: sum of min(p, q)."""
    models = [AutoModelForCausalLM.from_pretrained(FOLDER / name, dtype=torch.float32) for name in MODELS[:2]]
    shares = []
    with torch.inference_mode():
        for prompt in demo.prompts():
            ids = torch.tensor([[0, *WORDS["target"].encode(prompt).ids]])
            p, q = (model(ids).logits.softmax(-1) for model in models)
            shares.append(torch.minimum(p, q).sum(-1)[0])

    assert torch.cat(shares).mean() >= 0.5
