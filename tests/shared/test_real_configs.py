"""Real configs and headers: size, cost and architecture against what is published of each model."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from shared.models import models_with

from specdec_check.compat.facts_model import Architecture, Experts, Heads, Kind, Rope, Weights
from specdec_check.compat.fingerprint_architecture import architecture
from specdec_check.compat.fingerprint_config import Config, context_of
from specdec_check.compat.fingerprint_rows import tensors_of
from specdec_check.compat.fingerprint_weights import weights_of
from specdec_check.compat.jsonfile import parse_object
from specdec_check.compat.pipeline import Access, read
from specdec_check.compat.ref import parse
from specdec_check.compat.weights import INDEX, read_index

pytestmark = pytest.mark.shared

MODELS = sorted({*models_with("config.json")} & {*models_with("model.safetensors"), *models_with(INDEX)})
NOT_CAUSAL = {"google-bert/bert-base-uncased": Kind.ENCODER, "google-t5/t5-small": Kind.ENCODER_DECODER}


@cache
def facts(folder: Path) -> tuple[Config, Architecture, Weights]:
    """What a model's config and headers say; its tokenizer is left alone."""
    reference = parse(str(folder))
    snapshot = read(reference, reference, Access())[0]
    config = Config.of(parse_object(snapshot.contents["config.json"], "config.json"))
    index = read_index(snapshot.contents[INDEX]) if INDEX in snapshot.contents else None
    found = architecture(config, tensors_of(snapshot), index.files if index else ())
    weights = weights_of(snapshot, index, config, found)
    assert isinstance(found, Architecture)
    assert isinstance(weights, Weights)
    return config, found, weights


@pytest.mark.parametrize("model", MODELS)
def test_every_model_is_understood(model: str, models: Path) -> None:
    _, found, weights = facts(models / model)

    assert found.kind is NOT_CAUSAL.get(model, Kind.CAUSAL)
    assert not found.stateful
    assert found.trained_head is None
    assert found.draft_vocabulary is None
    assert weights.parameters is not None
    assert weights.active is not None
    assert weights.step is not None
    assert weights.head is not None
    assert weights.head < weights.step <= weights.size == 2 * weights.parameters
    assert weights.active <= weights.parameters


@pytest.mark.parametrize(
    ("model", "billions", "active"),
    [
        ("mistralai/Mixtral-8x7B-v0.1", 46.7, 12.9),
        ("alpindale/WizardLM-2-8x22B", 140.6, 39.2),
        ("Qwen/Qwen3-30B-A3B", 30.5, 3.35),
        ("ibm-granite/granite-3.1-1b-a400m-instruct", 1.33, 0.43),
        ("meta-llama/Llama-3.1-70B-Instruct", 70.6, 70.6),
        ("Qwen/Qwen2.5-0.5B-Instruct", 0.494, 0.494),
        ("google/gemma-3-4b-it", 4.30, 3.88),
    ],
)
def test_parameters_as_they_are_published(model: str, billions: float, active: float, models: Path) -> None:
    _, _, weights = facts(models / model)

    assert weights.parameters == pytest.approx(billions * 1e9, rel=0.01)
    assert weights.active == pytest.approx(active * 1e9, rel=0.01)


def test_of_an_untied_embedding_a_step_streams_nothing(models: Path) -> None:
    """151936 rows of 896 are the head of a tied model; 152064 of 3584 stand twice in an untied one."""
    _, _, tied = facts(models / "Qwen/Qwen2.5-0.5B-Instruct")
    _, _, untied = facts(models / "Qwen/Qwen2.5-7B-Instruct")

    assert (tied.step, tied.head) == (tied.size, 2 * 151936 * 896)
    assert (untied.step, untied.head) == (untied.size - 2 * 152064 * 3584, 2 * 152064 * 3584)


def test_of_images_a_step_of_text_streams_nothing(models: Path) -> None:
    _, found, weights = facts(models / "google/gemma-3-4b-it")

    assert found.multimodal
    assert weights.step is not None
    assert weights.step == pytest.approx(weights.size - 0.84e9, rel=0.01)


@pytest.mark.parametrize(
    ("model", "window"),
    [
        ("google/gemma-3-1b-it", 512),
        ("google/gemma-3-4b-it", 1024),
        ("google/gemma-2-2b-it", 4096),
        ("mistralai/Mistral-7B-v0.1", 4096),
        ("mistralai/Mistral-7B-Instruct-v0.2", None),
        ("Qwen/Qwen2.5-7B-Instruct", None),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", None),
        ("microsoft/Phi-3-mini-4k-instruct", 2047),
        ("microsoft/phi-4", None),
        ("EleutherAI/gpt-neo-125m", 256),
        ("meta-llama/Llama-3.1-8B", None),
    ],
)
def test_windows(model: str, window: int | None, models: Path) -> None:
    assert facts(models / model)[1].window == window


def test_positions_and_contexts(models: Path) -> None:
    config, llama, _ = facts(models / "meta-llama/Llama-3.2-1B-Instruct")
    coder, stretched, _ = facts(models / "deepseek-ai/deepseek-coder-1.3b-instruct")

    assert llama.rope == Rope(500000.0, "llama3", 32.0, 8192)
    assert context_of(config) == 131072
    assert stretched.rope == Rope(100000.0, "linear", 4.0)
    assert context_of(coder) == 16384


def test_heads(models: Path) -> None:
    found = {model: facts(models / model)[1].heads for model in MODELS}

    assert found["Qwen/Qwen2.5-0.5B-Instruct"] == Heads(14, 2)
    assert found["microsoft/phi-4"] == Heads(40, 10)
    assert found["openai-community/gpt2"] == Heads(12, 12)
    assert found["google/gemma-3-4b-it"] == Heads(8, 4), "its config leaves them to the class"


def test_mixtures(models: Path) -> None:
    found = {model: facts(models / model)[1].experts for model in MODELS}

    assert {model: experts for model, experts in found.items() if experts is not None} == {
        "mistralai/Mixtral-8x7B-v0.1": Experts(8, 2),
        "alpindale/WizardLM-2-8x22B": Experts(8, 2),
        "Qwen/Qwen3-30B-A3B": Experts(128, 8),
        "ibm-granite/granite-3.1-1b-a400m-instruct": Experts(32, 8),
    }
