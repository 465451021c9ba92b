"""transformers compares vocab_size to choose between ids and texts. `tests/decode` holds this against the library."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from making import OTHER_CORPUS

from specdec_check.compat import engines
from specdec_check.compat.engines.outcome import Judgement, Options, Outcome
from specdec_check.compat.relation import Pair


def transformers(pair: Pair) -> Judgement:
    return engines.judge("transformers", pair, Options())


def test_padding_is_refused_and_all_three_ways_are_told(pair_of: Callable[..., Pair]) -> None:
    judged = transformers(pair_of({"rows": 152064}, {"rows": 151936}))

    assert judged.outcome is Outcome.REFUSES
    assert (judged.message or "").startswith("The main and assistant models have different tokenizers.")
    assert "re-encodes the text of the drafts when greedy" in judged.reason
    assert "when sampling it crashes (AttributeError" in judged.reason
    assert "do_sample=False" in (judged.fix or "")


def test_sampling_across_tokenizers_is_told_to_bias(pair_of: Callable[..., Pair]) -> None:
    assert "biased" in transformers(pair_of({"rows": 512}, {"rows": 448, "corpus": OTHER_CORPUS})).reason


@pytest.mark.parametrize(
    ("target", "drafter", "outcome"),
    [
        ({"rows": 512}, {"rows": 512, "corpus": OTHER_CORPUS}, Outcome.DEGRADES),
        ({"rows": 512, "added": ("<tool>",)}, {"rows": 512}, Outcome.DEGRADES),
        ({"config": {"model_type": "mamba"}}, {}, Outcome.REFUSES),
        ({"config": {"model_type": "lfm2"}}, {}, Outcome.RUNS),
        ({"config": {"model_type": "minimax"}}, {}, Outcome.UNKNOWN),
        ({}, {"config": {"model_type": "mamba"}}, Outcome.CRASHES),
        ({}, {"config": {"model_type": "qwen3_next"}}, Outcome.DEGRADES),
        ({"context": 4096}, {"context": 64}, Outcome.DEGRADES),
        ({"context": 4096}, {"context": 64, "style": "gpt2"}, Outcome.CRASHES),
        ({"config": {"model_type": "t5"}}, {}, Outcome.REFUSES),
        ({}, {"config": {"model_type": "t5"}}, Outcome.WRONG_OUTPUT),
        ({"config": {"model_type": "bert"}}, {}, Outcome.CRASHES),
        ({}, {"config": {"model_type": "bert"}}, Outcome.UNKNOWN),
        ({"config": {"model_type": "t5"}}, {"config": {"model_type": "t5"}}, Outcome.UNKNOWN),
    ],
)
def test_outcomes(
    target: dict[str, object], drafter: dict[str, object], outcome: Outcome, pair_of: Callable[..., Pair]
) -> None:
    judged = transformers(pair_of(target, drafter))

    assert judged.outcome is outcome, judged
