"""SGLang compares vocab_size, exactly, and the lengths."""

from __future__ import annotations

from collections.abc import Callable

from making import OTHER_CORPUS

from specdec_check.compat import engines
from specdec_check.compat.engines.outcome import Judgement, Options, Outcome
from specdec_check.compat.relation import Pair


def sglang(pair: Pair) -> Judgement:
    return engines.judge("sglang", pair, Options())


def test_padding_is_refused_with_its_message(pair_of: Callable[..., Pair]) -> None:
    judged = sglang(pair_of({"rows": 448}, {"rows": 512}))

    assert judged.outcome is Outcome.REFUSES
    assert "got target vocab_size=448 and draft vocab_size=512." in (judged.message or "")
    assert judged.fix == "pad the target's embedding and head to 512 rows"


def test_rows_alone_do_not_mend_other_tokens(pair_of: Callable[..., Pair]) -> None:
    judged = sglang(pair_of({"rows": 512}, {"rows": 448, "corpus": OTHER_CORPUS}))

    assert judged.outcome is Outcome.REFUSES
    assert judged.fix is None


def test_the_test_of_token_maps_is_dead(pair_of: Callable[..., Pair]) -> None:
    assert sglang(pair_of({"rows": 512}, {"rows": 512, "corpus": OTHER_CORPUS})).outcome is Outcome.DEGRADES


def test_a_shorter_drafter_is_refused_with_a_flag(pair_of: Callable[..., Pair]) -> None:
    judged = sglang(pair_of({"context": 4096}, {"context": 2048}))

    assert judged.outcome is Outcome.REFUSES
    assert "context_length (4096) is greater than the derived context_length (2048)" in (judged.message or "")
    assert "SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN=1" in (judged.message or "")
    assert judged.fix == "pass --context-length 2048"


def test_padding_and_length_are_told_together(pair_of: Callable[..., Pair]) -> None:
    judged = sglang(pair_of({"rows": 512, "context": 4096}, {"context": 2048}))

    assert judged.fix == "pad the drafter's embedding and head to 512 rows, and pass --context-length 2048"


def test_drafters_whose_heads_alone_are_loaded(pair_of: Callable[..., Pair]) -> None:
    """`_config_draft_model` turns them into their multi-token prediction layers."""
    mixture = {"config": {"architectures": ["Qwen3MoeForCausalLM"], "model_type": "qwen3_moe"}}

    assert sglang(pair_of(mixture, {})).outcome is Outcome.RUNS
    assert sglang(pair_of({}, mixture)).outcome is Outcome.UNKNOWN


def test_a_factor_of_rope_scaling_leaves_the_length_open(pair_of: Callable[..., Pair]) -> None:
    """`get_context_length` multiplies by it, so the shorter model may be the longer one."""
    linear = {"context": 2048, "config": {"rope_scaling": {"rope_type": "linear", "factor": 4.0}}}

    assert sglang(pair_of({"context": 4096}, linear)).outcome is Outcome.UNKNOWN


def test_a_quantised_target_can_pull_the_drafter_along(pair_of: Callable[..., Pair]) -> None:
    awq = {"config": {"quantization_config": {"quant_method": "awq"}}}
    judged = sglang(pair_of(awq, {}))

    assert "--speculative-draft-model-quantization" in (judged.fix or "")
