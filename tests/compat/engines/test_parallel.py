"""Tensor parallelism: whether the heads of both models can be dealt out to so many devices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from making import ABSENT

from specdec_check.compat import engines
from specdec_check.compat.engines.outcome import Options, Outcome
from specdec_check.compat.relation import Pair

PairOf = Callable[..., Pair]
RUNS, REFUSES, UNKNOWN = Outcome.RUNS, Outcome.REFUSES, Outcome.UNKNOWN
SPLITTING = ["vllm", "sglang", "tensorrt-llm"]


def heads(queries: Any, keys: Any, **config: Any) -> dict[str, Any]:
    return {"config": {"num_attention_heads": queries, "num_key_value_heads": keys, **config}}


@pytest.mark.parametrize(
    ("drafter", "devices", "outcome"),
    [
        ((14, 2), 2, RUNS),
        ((14, 2), 4, REFUSES),
        ((14, 2), 1, RUNS),
        ((8, 8), 8, RUNS),
        ((16, 2), 8, RUNS),  # two heads of keys, four copies of each
        ((8, 1), 4, RUNS),
        ((9, 3), 2, REFUSES),
        ((16, 16), 32, REFUSES),
    ],
)
@pytest.mark.parametrize("engine", SPLITTING)
def test_heads_that_divide_run(
    engine: str, drafter: tuple[int, int], devices: int, outcome: Outcome, pair_of: PairOf
) -> None:
    even, other = heads(32, 32), heads(*drafter)
    options = Options(tensor_parallel=devices)

    assert engines.judge(engine, pair_of(even, other), options).outcome is outcome
    assert engines.judge(engine, pair_of(other, even), options).outcome is outcome


def test_vllm_in_its_own_words(pair_of: PairOf) -> None:
    """Qwen2.5-0.5B beside a target of Qwen2.5 on four devices."""
    judged = engines.judge("vllm", pair_of(heads(28, 4), heads(14, 2)), Options(tensor_parallel=4))

    assert judged.message == "Total number of attention heads (14) must be divisible by tensor parallel size (4)."
    assert judged.fix == "pass --tensor-parallel-size 2"
    assert "the drafter over 4 devices" in judged.reason


@pytest.mark.parametrize(("engine", "outcome"), [("vllm", REFUSES), ("sglang", REFUSES), ("tensorrt-llm", UNKNOWN)])
def test_heads_of_keys_are_split_or_copied(engine: str, outcome: Outcome, pair_of: PairOf) -> None:
    """The heads of phi-4: all of its 40 heads of queries divide by 4 and by 8, its 10 of keys do not."""
    pair = pair_of(heads(40, 10), heads(32, 8))

    for devices in (4, 8):
        judged = engines.judge(engine, pair, Options(tensor_parallel=devices))
        assert judged.outcome is outcome
        assert "10 heads of keys and values" in judged.reason
        assert (judged.fix or "").endswith(" 2")
    assert engines.judge(engine, pair, Options(tensor_parallel=2)).outcome is RUNS


@pytest.mark.parametrize("engine", SPLITTING)
@pytest.mark.parametrize(
    "untold", [heads(ABSENT, ABSENT), heads([8, 4], 4), heads(8, ABSENT, model_type="mistral"), heads(8, [4, 2])]
)
def test_heads_that_are_not_known_leave_it_open(engine: str, untold: dict[str, Any], pair_of: PairOf) -> None:
    if untold == heads(8, [4, 2]):
        untold["config"]["model_type"] = "mistral"
    pair = pair_of(heads(8, 8), untold)

    assert engines.judge(engine, pair, Options(tensor_parallel=4)).outcome is UNKNOWN
    assert engines.judge(engine, pair, Options(tensor_parallel=1)).outcome is RUNS
    assert engines.judge(engine, pair, Options()).outcome is RUNS


@pytest.mark.parametrize("engine", SPLITTING)
def test_other_matrices_are_not_told_of_odd_numbers(engine: str, pair_of: PairOf) -> None:
    """Three divides the heads, and may not divide the rest: vLLM pads vocabularies to multiples of 64."""
    judged = engines.judge(engine, pair_of(heads(12, 6), heads(9, 3)), Options(tensor_parallel=3))

    assert judged.outcome is UNKNOWN
    assert (judged.fix or "").endswith(" 1")


@pytest.mark.parametrize("engine", SPLITTING)
def test_quantised_blocks_are_told_to_be_open(engine: str, pair_of: PairOf) -> None:
    quantised = heads(8, 8, quantization_config={"quant_method": "awq"})
    told = "whether the drafter's quantised blocks can be split over 4 devices is not judged here"

    assert told in engines.judge(engine, pair_of(heads(8, 8), quantised), Options(tensor_parallel=4)).reason
    assert told not in engines.judge(engine, pair_of(heads(8, 8), quantised), Options()).reason


def test_a_drafter_on_one_device_is_no_way_out_of_it(pair_of: PairOf) -> None:
    """It passes vLLM's test of the heads, and its layers are built for all devices of the target anyway."""
    options = Options(tensor_parallel=4, draft_tensor_parallel=1)
    judged = engines.judge("vllm", pair_of(heads(28, 4), heads(14, 2)), options)

    assert judged.outcome is UNKNOWN
    assert judged.fix == (
        "leave draft_tensor_parallel_size out of --speculative-config, and pass --tensor-parallel-size 2"
    )
