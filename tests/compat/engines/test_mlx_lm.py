"""mlx-lm compares the sizes of the base vocabularies, and cuts back the caches of target and drafter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from making import OTHER_CORPUS

from specdec_check.compat import engines
from specdec_check.compat.engines.outcome import Judgement, Options, Outcome
from specdec_check.compat.relation import Pair

WINDOW = {"config": {"model_type": "gpt_oss", "sliding_window": 128}}
HYBRID = {"config": {"model_type": "mamba2"}}


def mlx(pair: Pair) -> Judgement:
    return engines.judge("mlx-lm", pair, Options())


@pytest.mark.parametrize(
    ("target", "drafter", "outcome"),
    [
        ({"rows": 512}, {"rows": 448}, Outcome.RUNS),
        ({"rows": 448}, {"rows": 512}, Outcome.RUNS),
        ({"rows": 512}, {"rows": 512, "corpus": OTHER_CORPUS}, Outcome.DEGRADES),
        ({}, {"size": 320}, Outcome.REFUSES),
        # The base is as large; an added token reaches a model that has no row for it, and MLX checks no bounds.
        ({"added": ("<tool>",)}, {}, Outcome.UNKNOWN),
        ({}, {"added": ("<tool>",)}, Outcome.UNKNOWN),
        ({"added": ("<tool>",), "rows": 512}, {"rows": 512}, Outcome.DEGRADES),
        (HYBRID, {}, Outcome.REFUSES),
        (WINDOW, {}, Outcome.WRONG_OUTPUT),
        # What the drafter's cache keeps can only cost acceptance.
        ({}, HYBRID, Outcome.DEGRADES),
        ({}, WINDOW, Outcome.DEGRADES),
        ({"context": 4096}, {"context": 64}, Outcome.DEGRADES),
        ({"context": 4096}, {"context": 64, "style": "gpt2"}, Outcome.CRASHES),
        ({"config": {"model_type": "opt"}}, {}, Outcome.REFUSES),
        ({}, {"config": {"architectures": ["LlamaForCausalLMEagle3"]}}, Outcome.REFUSES),
    ],
)
def test_outcomes(
    target: dict[str, object], drafter: dict[str, object], outcome: Outcome, pair_of: Callable[..., Pair]
) -> None:
    judged = mlx(pair_of(target, drafter))

    assert judged.outcome is outcome, judged


def test_sizes_come_before_the_window(pair_of: Callable[..., Pair]) -> None:
    """A fix for the window would only lead to this refusal."""
    judged = mlx(pair_of(WINDOW, {"size": 320, "corpus": OTHER_CORPUS}))

    assert judged.outcome is Outcome.REFUSES
    assert "384 is not 320" in judged.reason or "383 is not 319" in judged.reason
    assert judged.fix is None


def test_the_base_counts_trained_tokens_that_are_also_added(pair_of: Callable[..., Pair]) -> None:
    """As Gemma's unused ones: the same tokens, trained in one file and merely added in the other, are refused."""
    pair = pair_of()
    smaller = replace(pair.drafter.vocabulary, base=pair.drafter.vocabulary.base - 1)

    judged = mlx(Pair.of(pair.target, replace(pair.drafter, vocabulary=smaller)))
    assert judged.outcome is Outcome.REFUSES
    assert judged.fix == "give the drafter the target's tokenizer files"


def test_its_messages(pair_of: Callable[..., Pair]) -> None:
    assert mlx(pair_of({}, {"size": 320})).message == "Draft model tokenizer does not match model tokenizer."
    assert mlx(pair_of({"config": {"model_type": "opt"}}, {})).message == "Model type opt not supported."
    assert "trimmable prompt cache" in (mlx(pair_of(HYBRID, {})).message or "")
