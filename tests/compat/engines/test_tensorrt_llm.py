"""TensorRT-LLM compares nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from making import OTHER_CORPUS

from specdec_check.compat import engines
from specdec_check.compat.engines.outcome import Options, Outcome
from specdec_check.compat.relation import Pair


@pytest.mark.parametrize(
    ("target", "drafter", "outcome"),
    [
        ({"rows": 152064}, {"rows": 151936}, Outcome.CRASHES),
        ({"rows": 512}, {"rows": 512, "corpus": OTHER_CORPUS}, Outcome.DEGRADES),
        ({"rows": 512, "added": ("<tool>",)}, {"rows": 512}, Outcome.DEGRADES),
        ({"added": ("<tool>",)}, {}, Outcome.CRASHES),
        ({"context": 4096}, {"context": 2048}, Outcome.UNKNOWN),
        ({"config": {"model_type": "mamba2"}}, {}, Outcome.UNKNOWN),
    ],
)
def test_outcomes(
    target: dict[str, object], drafter: dict[str, object], outcome: Outcome, pair_of: Callable[..., Pair]
) -> None:
    assert engines.judge("tensorrt-llm", pair_of(target, drafter), Options()).outcome is outcome
