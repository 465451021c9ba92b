"""Stretched positions: which length each engine makes of a published one and the facts of the rope."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from specdec_check.compat import engines
from specdec_check.compat.engines import ENGINES
from specdec_check.compat.engines.outcome import Judgement, Options, Outcome
from specdec_check.compat.relation import Pair
from specdec_check.compat.rules import architecture

PairOf = Callable[..., Pair]
RUNS, DEGRADES, REFUSES, UNKNOWN = Outcome.RUNS, Outcome.DEGRADES, Outcome.REFUSES, Outcome.UNKNOWN


def rope(context: int, kind: str, factor: float | None, original: int | None = None, **config: Any) -> dict[str, Any]:
    scaling = {"rope_type": kind, "factor": factor, "original_max_position_embeddings": original}
    given = {key: value for key, value in scaling.items() if value is not None}
    return {"context": context, "config": {"rope_scaling": given, **config}}


# The shapes that are published: lengths an eighth of theirs.
PLAIN = {"context": 4096}
QWEN = rope(4096, "yarn", 4.0, 4096)  # Qwen2.5 with the rope_scaling that its card asks to add
DEEPSEEK = rope(20480, "yarn", 40, 512)
GPT_OSS = rope(16384, "yarn", 32.0, 512)
LLAMA = rope(16384, "llama3", 8.0, 1024)
PHI = rope(16384, "longrope", None, None, original_max_position_embeddings=512)
LINEAR = rope(4096, "linear", 4.0)
COUNTED = {"deepseek": (DEEPSEEK, 20480), "gpt-oss": (GPT_OSS, 16384), "llama": (LLAMA, 16384), "phi": (PHI, 16384)}


def judged(engine: str, pair: Pair, **options: Any) -> Judgement:
    return engines.judge(engine, pair, Options(**options))


@pytest.mark.parametrize("engine", ["vllm", "sglang"])
@pytest.mark.parametrize("family", COUNTED)
def test_a_length_that_counts_the_factor_is_taken_as_it_is(engine: str, family: str, pair_of: PairOf) -> None:
    recipe, length = COUNTED[family]
    pair = pair_of(recipe, recipe)
    drafter = {"draft_context": length} if engine == "vllm" and family == "phi" else {}

    assert judged(engine, pair).outcome is RUNS
    assert judged(engine, pair, context=length, **drafter).outcome is RUNS
    assert judged(engine, pair, context=length + 1).outcome is REFUSES


@pytest.mark.parametrize("engine", ["vllm", "sglang"])
def test_a_length_before_stretching_is_not_multiplied(engine: str, pair_of: PairOf) -> None:
    """`_get_and_verify_max_len` names yarn among those that it leaves; transformers fills in the original length."""
    for recipe in (QWEN, rope(4096, "yarn", 4.0)):
        pair = pair_of(recipe, PLAIN)
        assert judged(engine, pair).outcome is RUNS
        assert judged(engine, pair, context=4096).outcome is RUNS
        assert judged(engine, pair, context=16384).outcome is REFUSES
    assert judged(engine, pair_of(LLAMA, QWEN)).outcome is (DEGRADES if engine == "vllm" else REFUSES)


def test_llama_cpp_caps_at_the_published_length(pair_of: PairOf) -> None:
    assert judged("llama.cpp", pair_of(QWEN, PLAIN)).outcome is RUNS
    assert "4096" in judged("llama.cpp", pair_of(QWEN, PLAIN), context=16384).reason


@pytest.mark.parametrize("engine", ["bundled", "transformers", "mlx-lm"])
def test_engines_that_compare_no_lengths_go_as_far_as_positions_reach(engine: str, pair_of: PairOf) -> None:
    both, one = pair_of(QWEN, QWEN), pair_of(QWEN, PLAIN)

    assert judged(engine, both, context=16384).outcome is RUNS
    assert judged(engine, both, context=16385).outcome is DEGRADES
    assert judged(engine, pair_of(QWEN, PLAIN)).outcome is DEGRADES
    assert "16384" in judged(engine, one).reason or engine == "bundled"
    assert judged(engine, one, context=4096).outcome is RUNS


def test_a_drafter_that_is_stretched_less_is_found(pair_of: PairOf) -> None:
    found = [finding.args for finding in architecture.CONTEXT.check(architecture.CONTEXT, pair_of(QWEN, PLAIN))]

    assert found == [{"target": 16384, "drafter": 4096}]
    assert not [*architecture.CONTEXT.check(architecture.CONTEXT, pair_of(QWEN, QWEN).planned(Options(context=4096)))]


@pytest.mark.parametrize("kind", ["linear", "dynamic", "ntk"])
@pytest.mark.parametrize("engine", ["vllm", "sglang"])
def test_other_factors_are_multiplied_so_that_a_longer_plan_is_open(engine: str, kind: str, pair_of: PairOf) -> None:
    recipe = rope(4096, kind, 4.0)

    assert judged(engine, pair_of(recipe, recipe), context=8192).outcome is UNKNOWN
    assert judged(engine, pair_of(recipe, recipe)).outcome is RUNS


def test_a_drafter_that_vllm_multiplies_drafts_on_past_its_training(pair_of: PairOf) -> None:
    found = judged("vllm", pair_of(LLAMA, LINEAR))

    assert found.outcome is DEGRADES
    assert found.message is None, "nothing is cut down, since vLLM takes the drafter for longer"
    assert judged("vllm", pair_of(LLAMA, LINEAR), context=4096).outcome is RUNS


def test_vllm_serves_longrope_at_the_length_before(pair_of: PairOf) -> None:
    """A length that is asked for counts for the target alone; the drafter has its own key."""
    pair = pair_of(PHI, PHI)

    assert judged("vllm", pair).outcome is RUNS
    assert judged("vllm", pair_of(PHI, {"context": 512})).outcome is RUNS
    short = judged("vllm", pair, context=16384)
    assert (short.outcome, short.fix) == (DEGRADES, 'add "max_model_len":16384 to --speculative-config')
    assert "512" in short.reason
    assert judged("vllm", pair_of(LLAMA, PHI)).outcome is DEGRADES
    assert judged("vllm", pair, context=16384, draft_context=16384).outcome is RUNS


@pytest.mark.parametrize("engine", ENGINES)
def test_command_r_is_as_long_as_its_second_length(engine: str, pair_of: PairOf) -> None:
    """`model_max_length` stands above `max_position_embeddings` in vLLM and SGLang alike."""
    cohere = {"context": 1024, "config": {"model_max_length": 16384}}

    assert judged(engine, pair_of(cohere, cohere), context=16384).outcome is RUNS
