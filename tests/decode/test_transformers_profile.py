"""The profile of transformers against transformers itself: tiny random models of the same shapes, really generating.

The profile speaks of 5.23.0; all of this held in 5.17.0 as well.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from making import OTHER_CORPUS, make_model, write_json

from specdec_check.compat import engines
from specdec_check.compat.engines.outcome import Judgement, Options, Outcome
from specdec_check.compat.pipeline import check
from specdec_check.compat.relation import Pair

TINY = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 512,
}
MAMBA = {"model_type": "mamba", "hidden_size": 16, "num_hidden_layers": 2, "state_size": 4}
LFM2 = TINY | {"model_type": "lfm2", "layer_types": ["conv", "full_attention"], "block_multiple_of": 8}
JAMBA = TINY | {
    "model_type": "jamba",
    "attn_layer_period": 2,
    "attn_layer_offset": 1,
    "num_experts": 1,
    "num_experts_per_tok": 1,
    "mamba_d_state": 4,
    "mamba_dt_rank": 2,
}
BERT = {key: value for key, value in TINY.items() if key != "num_key_value_heads"} | {"model_type": "bert"}
T5 = {"model_type": "t5", "d_model": 16, "d_ff": 32, "d_kv": 8, "num_layers": 2, "num_heads": 2}
T5 |= {"decoder_start_token_id": 0}
SAMPLED = {"do_sample": True, "top_k": 0, "temperature": 0.6}


@dataclasses.dataclass
class Model:
    """A model with random weights and its tokenizer, in a folder that the profile judges."""

    folder: Path
    network: Any
    tokenizer: Any


@pytest.fixture
def model(tmp_path: Path) -> Callable[..., Model]:
    """Makes a model: `model("target", seed=1, rows=512)`; `shape` is the config of another type."""

    def made(name: str, *, seed: int, shape: dict[str, Any] | None = None, **recipe: Any) -> Model:
        folder = make_model(tmp_path / name, **recipe).folder
        config = transformers.AutoConfig.from_pretrained(folder)
        if shape is not None:
            ids = {"bos_token_id": None, "eos_token_id": config.eos_token_id, "pad_token_id": 0}
            sizes = {key: value for key, value in shape.items() if key != "model_type"}
            config = transformers.AutoConfig.for_model(
                shape["model_type"], vocab_size=config.vocab_size, **ids, **sizes
            )
        config.dtype = "float32"
        encodes = config.is_encoder_decoder
        kind = transformers.AutoModelForSeq2SeqLM if encodes else transformers.AutoModelForCausalLM
        network = kind.from_config(config).eval()
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for weight in network.parameters():
                if weight.dim() > 1:
                    weight.copy_(torch.randn(weight.shape, generator=generator) * 0.4)
        network.save_pretrained(folder)
        if shape is not None:
            write_json(folder / "generation_config.json", {"eos_token_id": config.eos_token_id})
        return Model(folder, network, transformers.AutoTokenizer.from_pretrained(folder))

    return made


def judged(target: Model, drafter: Model) -> Judgement:
    pair: Pair = check(str(target.folder), str(drafter.folder)).pair
    return engines.judge("transformers", pair, Options())


def prompt(target: Model) -> torch.Tensor:
    return target.tokenizer("def draft(", return_tensors="pt").input_ids


def generate(target: Model, drafter: Model | None, *, both: bool = False, tokens: int = 24, **settings: Any) -> Any:
    """What the target generates, with all ends of text switched off."""
    if drafter is not None:
        settings["assistant_model"] = drafter.network
    if both and drafter is not None:
        settings |= {"tokenizer": target.tokenizer, "assistant_tokenizer": drafter.tokenizer}
    settings = {"do_sample": False, "eos_token_id": None, "pad_token_id": 0, "max_new_tokens": tokens} | settings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return target.network.generate(prompt(target), **settings)


def held(target: Model, drafter: Model) -> None:
    """The judgement is what happens: the target's own output, or the exception that the profile names."""
    found = judged(target, drafter)
    if found.outcome.usable:
        assert torch.equal(generate(target, drafter), generate(target, None))
        return
    assert found.outcome in (Outcome.REFUSES, Outcome.CRASHES)
    with pytest.raises(Exception) as raised:  # noqa: PT011 - whose text the profile gives
        generate(target, drafter)
    assert isinstance(raised.value, ValueError) or found.outcome is Outcome.CRASHES
    if found.message is not None:
        assert str(raised.value) == found.message


def test_equal_sizes_and_tokens(model: Callable[..., Model]) -> None:
    target, drafter = model("target", seed=1, rows=512), model("drafter", seed=2, rows=512)

    assert judged(target, drafter).outcome is Outcome.RUNS
    held(target, drafter)
    with pytest.raises(ValueError, match="`assistant_tokenizer` is not required"):
        generate(target, drafter, both=True)


def test_equal_sizes_and_other_tokens(model: Callable[..., Model]) -> None:
    target, drafter = model("target", seed=1, rows=512), model("drafter", seed=2, rows=512, corpus=OTHER_CORPUS)

    assert judged(target, drafter).outcome is Outcome.DEGRADES
    held(target, drafter)


def test_padding_in_all_three_ways(model: Callable[..., Model]) -> None:
    """The shape of Qwen2.5-7B and 0.5B: refused as called, right when greedy, dead when sampling."""
    target, drafter = model("target", seed=1, rows=512), model("drafter", seed=2, rows=448)
    found = judged(target, drafter)

    assert found.outcome is Outcome.REFUSES
    held(target, drafter)
    assert "re-encodes the text of the drafts when greedy" in found.reason
    assert torch.equal(generate(target, drafter, both=True), generate(target, None))
    with pytest.raises(AttributeError) as raised:
        generate(target, drafter, both=True, **SAMPLED)
    assert f"when sampling it crashes (AttributeError: {raised.value})" in found.reason


def test_other_sizes_and_tokens(model: Callable[..., Model]) -> None:
    target, drafter = model("target", seed=1, rows=512), model("drafter", seed=2, rows=448, corpus=OTHER_CORPUS)

    assert judged(target, drafter).outcome is Outcome.REFUSES
    held(target, drafter)
    assert torch.equal(generate(target, drafter, both=True), generate(target, None))


def test_sampling_across_tokenizers_is_biased(model: Callable[..., Model]) -> None:
    """The first token's distribution, against the target's own: what is sampled goes elsewhere."""
    target, drafter = model("target", seed=1, rows=512), model("drafter", seed=2, rows=448, corpus=OTHER_CORPUS)
    place, rounds = prompt(target).shape[1], 300
    with torch.no_grad():
        exact = torch.softmax(target.network(prompt(target)).logits[0, -1] / SAMPLED["temperature"], -1)

    def distance(helper: Model | None) -> float:
        torch.manual_seed(0)
        counts = torch.zeros_like(exact)
        for _ in range(rounds):
            both = helper is not None
            counts[generate(target, helper, both=both, tokens=2, **SAMPLED)[0, place]] += 1
        return float((counts / rounds - exact).abs().sum() / 2)

    assert "the output is biased" in judged(target, drafter).reason
    assert distance(drafter) > 2 * distance(None)


@pytest.mark.parametrize("shape", [MAMBA, JAMBA], ids=["mamba", "jamba"])
def test_a_target_with_state(shape: dict[str, Any], model: Callable[..., Model]) -> None:
    target, drafter = model("target", seed=1, rows=512, shape=shape), model("drafter", seed=2, rows=512)

    assert judged(target, drafter).outcome is Outcome.REFUSES
    held(target, drafter)


def test_a_drafter_with_nothing_but_state(model: Callable[..., Model]) -> None:
    target, drafter = model("target", seed=1, rows=512), model("drafter", seed=2, rows=512, shape=MAMBA)

    assert judged(target, drafter).outcome is Outcome.CRASHES
    held(target, drafter)


def test_a_hybrid_drafter(model: Callable[..., Model]) -> None:
    """Rejected drafts stay in its state, which the target's verification outweighs."""
    target, drafter = model("target", seed=1, rows=512), model("drafter", seed=2, rows=512, shape=JAMBA)

    assert judged(target, drafter).outcome is Outcome.DEGRADES
    held(target, drafter)


def test_an_encoder_as_target(model: Callable[..., Model]) -> None:
    target, drafter = model("target", seed=1, rows=512, shape=BERT), model("drafter", seed=2, rows=512)

    assert judged(target, drafter).outcome is Outcome.CRASHES
    held(target, drafter)


def test_an_encoder_as_drafter(model: Callable[..., Model]) -> None:
    """Where its class generates; the profile does not promise it."""
    target, drafter = model("target", seed=1, rows=512), model("drafter", seed=2, rows=512, shape=BERT)

    assert judged(target, drafter).outcome is Outcome.UNKNOWN
    assert torch.equal(generate(target, drafter), generate(target, None))


def test_an_encoder_decoder_on_one_side(model: Callable[..., Model]) -> None:
    causal, both = model("causal", seed=1, rows=512), model("both", seed=2, rows=512, shape=T5)

    assert judged(both, causal).outcome is Outcome.REFUSES
    held(both, causal)
    assert judged(causal, both).outcome is Outcome.WRONG_OUTPUT
    assert not torch.equal(generate(causal, both), generate(causal, None))


def test_convolution_states_are_cut_back(model: Callable[..., Model]) -> None:
    target, drafter = model("target", seed=1, rows=512, shape=LFM2), model("drafter", seed=2, rows=512, shape=LFM2)

    assert judged(target, drafter).outcome is Outcome.RUNS
    held(target, drafter)


def test_a_drafter_past_its_rotary_positions(model: Callable[..., Model]) -> None:
    target, drafter = model("target", seed=1, rows=512), model("drafter", seed=2, rows=512, context=16)

    assert judged(target, drafter).outcome is Outcome.DEGRADES
    held(target, drafter)


def test_a_drafter_past_its_table_of_positions(model: Callable[..., Model]) -> None:
    target, drafter = model("target", seed=1, rows=512), model("drafter", seed=2, rows=512, context=16, style="gpt2")

    assert judged(target, drafter).outcome is Outcome.CRASHES
    with pytest.raises(IndexError):
        generate(target, drafter)
