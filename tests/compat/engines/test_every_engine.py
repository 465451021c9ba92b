"""What holds for all profiles: pure, monotone in what is known, and worded to follow the engine's name."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from making import ABSENT, OTHER_CORPUS, make_model

from specdec_check.compat import engines
from specdec_check.compat.engines import ENGINES, architectures
from specdec_check.compat.engines.outcome import Judgement, Options, Outcome
from specdec_check.compat.evidence import Unknown
from specdec_check.compat.facts import Fingerprint
from specdec_check.compat.pipeline import check
from specdec_check.compat.relation import Pair

HYBRID = {"config": {"model_type": "qwen3_next"}}
ENCODER = {"config": {"model_type": "bert"}}
SHAPES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "identical": ({}, {}),
    "padded": ({"rows": 512}, {"rows": 448}),
    "extends": ({"added": ("<tool>",)}, {}),
    "drafter extends": ({}, {"added": ("<tool>",)}),
    "extends, equally wide": ({"added": ("<tool>",), "rows": 512}, {"rows": 512}),
    "other tokens": ({"rows": 512}, {"rows": 512, "corpus": OTHER_CORPUS}),
    "other sizes": ({"rows": 512}, {"rows": 448, "corpus": OTHER_CORPUS}),
    "short drafter": ({"context": 4096}, {"context": 64}),
    "short table": ({"context": 4096}, {"context": 64, "style": "gpt2"}),
    "hybrid target": (HYBRID, {}),
    "hybrid drafter": ({}, HYBRID),
    "encoder": ({}, ENCODER),
    "edited config": ({}, {"declared": 500}),
    "trained head": ({}, {"config": {"architectures": ["LlamaForCausalLMEagle3"]}}),
}
PLANS = (
    Options(),
    Options(context=256, batch=2),
    Options(context=8192, draft_context=32, tensor_parallel=2),
    Options(heterogeneous_vocab=True, tensor_parallel=2, draft_tensor_parallel=1),
    Options(heterogeneous_vocab=True, draft_context=64),
)
FACTS = [field.name for field in dataclasses.fields(Fingerprint) if "Unknown" in str(field.type)]


def judgements(pair: Pair, options: Options = PLANS[0]) -> dict[str, Judgement]:
    return {name: engines.judge(name, pair, options) for name in ENGINES}


@pytest.mark.parametrize("options", PLANS, ids=range(len(PLANS)))
@pytest.mark.parametrize("shape", SHAPES)
def test_an_unknown_fact_never_makes_a_pair_usable(shape: str, options: Options, pair_of: Callable[..., Pair]) -> None:
    """Nor better than it was, but for the bundled decoder's length: that can only warn."""
    whole = pair_of(*SHAPES[shape])
    known = judgements(whole, options)

    for fact in FACTS:
        for side in ("target", "drafter"):
            sides = {"target": whole.target, "drafter": whole.drafter}
            sides[side] = dataclasses.replace(sides[side], **{fact: Unknown("is not known")})
            for name, judged in judgements(Pair.of(**sides), options).items():
                if judged.outcome.usable:
                    assert known[name].outcome.usable, (name, side, fact, known[name], judged)
                if judged.outcome is Outcome.RUNS and (name, fact) != ("bundled", "context"):
                    assert known[name].outcome is Outcome.RUNS, (name, side, fact, known[name], judged)


@pytest.mark.parametrize("options", PLANS, ids=range(len(PLANS)))
@pytest.mark.parametrize("shape", SHAPES)
def test_reasons_and_fixes_are_clauses(shape: str, options: Options, pair_of: Callable[..., Pair]) -> None:
    for name, judged in judgements(pair_of(*SHAPES[shape]), options).items():
        for text in (judged.reason, judged.fix or "x"):
            assert text[0].islower() or text.startswith("--"), (name, text)
            assert not text.endswith("."), (name, text)
        assert "\n" not in judged.reason


def test_a_sound_pair_runs_everywhere(pair_of: Callable[..., Pair]) -> None:
    assert {judged.outcome for judged in judgements(pair_of()).values()} == {Outcome.RUNS}


@pytest.mark.parametrize("shape", ["encoder", "edited config"])
def test_what_no_engine_takes(shape: str, pair_of: Callable[..., Pair]) -> None:
    """The encoder is tried by transformers alone."""
    judged = judgements(pair_of(*SHAPES[shape]))

    assert not any(found.outcome.usable for found in judged.values())
    assert {found.outcome for name, found in judged.items() if name != "transformers"} == {Outcome.REFUSES}


@pytest.mark.parametrize("engine", ["vllm", "sglang", "llama.cpp", "tensorrt-llm"])
@pytest.mark.parametrize("classes", [["GPTNeoForCausalLM"], [], ABSENT])
def test_a_class_that_is_not_listed_is_never_taken(engine: str, classes: Any, pair_of: Callable[..., Pair]) -> None:
    unlisted = {"config": {"architectures": classes}}

    for target, drafter in ((unlisted, unlisted), (unlisted, {}), ({}, unlisted)):
        assert engines.judge(engine, pair_of(target, drafter), Options()).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("names", ["VLLM", "SGLANG", "LLAMA_CPP", "TENSORRT_LLM"])
def test_the_lists_name_classes_of_whole_causal_models(names: str) -> None:
    listed = getattr(architectures, names)

    assert {"LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM", "Gemma3ForCausalLM"} <= listed
    assert not {name for name in listed if re.search(r"Eagle3|NextN|MTP|Bert|T5|Classification|Reward", name)}


def test_another_version_is_not_guessed(pair_of: Callable[..., Pair]) -> None:
    pair = pair_of()
    for name, engine in ENGINES.items():
        assert engines.judge(f"{name}@{engine.version}", pair, Options()).outcome is Outcome.RUNS
        assert engines.judge(f"{name}@0.0.1", pair, Options()).outcome is Outcome.UNKNOWN


def test_no_engine_is_said_to_run_weights_that_lack_layers(tmp_path: Path) -> None:
    target = make_model(tmp_path / "target", layers=2, config={"num_hidden_layers": 3})
    drafter = make_model(tmp_path / "drafter")
    judgements = check(str(target.folder), str(drafter.folder)).decision.judgements

    assert not [name for name, judged in judgements.items() if judged.outcome.usable]
