"""vLLM compares vocab_size, exactly, and nothing else of the tokens."""

from __future__ import annotations

import json
from collections.abc import Callable

from making import ABSENT, OTHER_CORPUS

from specdec_check.compat import engines
from specdec_check.compat.engines.outcome import Judgement, Options, Outcome
from specdec_check.compat.relation import Pair


def vllm(pair: Pair) -> Judgement:
    return engines.judge("vllm", pair, Options())


def test_padding_is_refused_with_its_message_and_the_flag(pair_of: Callable[..., Pair]) -> None:
    judged = vllm(pair_of({"rows": 152064}, {"rows": 151936}))

    assert judged.outcome is Outcome.REFUSES
    assert judged.message is not None
    assert "Target model vocab_size=152064. Draft model vocab_size=151936." in judged.message
    assert judged.fix is not None
    config = json.loads(judged.fix.split("'")[1])
    assert config["method"] == "draft_model"
    assert config["use_heterogeneous_vocab"] is True


def test_translation_needs_a_token_to_stand_in(pair_of: Callable[..., Pair]) -> None:
    """`VocabMapping` raises where a tokenizer has neither an unknown token nor an end of text."""
    nameless = {"eos": None, "config": {"eos_token_id": ABSENT}}

    assert vllm(pair_of({"rows": 512}, nameless)).fix is None


def test_other_tokens_of_equal_size_run_degraded(pair_of: Callable[..., Pair]) -> None:
    judged = vllm(pair_of({"rows": 32000}, {"rows": 32000, "corpus": OTHER_CORPUS}))

    assert judged.outcome is Outcome.DEGRADES
    assert "127 of 384 shared ids carry other tokens" in judged.reason
    assert judged.fix is None


def test_the_size_is_that_of_the_text_config_or_of_the_class(pair_of: Callable[..., Pair]) -> None:
    """Without vocab_size the default of the class counts, which is what the weights have."""
    absent = {"text_config": True, "declared": ABSENT, "rows": 512}

    assert vllm(pair_of(absent, {"rows": 512})).outcome is Outcome.RUNS
    assert "512 is not 448" in vllm(pair_of(absent, {"rows": 448})).reason


def test_the_drafters_length_limits_the_target(pair_of: Callable[..., Pair]) -> None:
    judged = vllm(pair_of({"context": 4096}, {"context": 2048}))

    assert judged.outcome is Outcome.DEGRADES
    assert judged.message is not None
    assert judged.message.endswith("reducing max_model_len to 2048.")
    assert vllm(pair_of({"context": 2048}, {"context": 4096})).outcome is Outcome.RUNS


def test_what_was_not_seen_is_unknown(pair_of: Callable[..., Pair]) -> None:
    several_axes = {"config": {"rope_scaling": {"type": "mrope", "mrope_section": [1, 1, 2]}}}

    assert vllm(pair_of({}, several_axes)).outcome is Outcome.UNKNOWN
    assert vllm(pair_of({"config": {"model_type": "qwen3_next"}}, {})).outcome is Outcome.UNKNOWN
    assert vllm(pair_of({}, {"config": {"architectures": ["LlamaForCausalLMEagle3"]}})).outcome is Outcome.UNKNOWN
