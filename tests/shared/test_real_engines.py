"""What every engine does with real pairs, as published."""

from __future__ import annotations

from pathlib import Path

import pytest

from specdec_check.compat.engines import ENGINES
from specdec_check.compat.engines.outcome import Outcome
from specdec_check.compat.pipeline import Report, check
from specdec_check.compat.verdict import Policy

pytestmark = pytest.mark.shared

RUNS, DEGRADES, REFUSES = Outcome.RUNS, Outcome.DEGRADES, Outcome.REFUSES
CRASHES, WRONG_OUTPUT, UNKNOWN = Outcome.CRASHES, Outcome.WRONG_OUTPUT, Outcome.UNKNOWN
ORDER = ("bundled", "transformers", "vllm", "sglang", "llama.cpp", "tensorrt-llm", "mlx-lm")
QWEN = "Qwen/Qwen2.5-0.5B-Instruct"
LLAMA, MISTRAL = "meta-llama/Llama-2-7b-hf", "mistralai/Mistral-7B-v0.1"
# target, drafter, outcomes in that order
TABLE: list[tuple[str, str, tuple[Outcome, ...]]] = [
    ("Qwen/Qwen2.5-7B-Instruct", QWEN, (RUNS, REFUSES, REFUSES, REFUSES, RUNS, CRASHES, RUNS)),
    (LLAMA, MISTRAL, (REFUSES, DEGRADES, DEGRADES, DEGRADES, REFUSES, DEGRADES, DEGRADES)),
    ("meta-llama/Llama-3.1-70B-Instruct", "meta-llama/Llama-3.2-1B-Instruct", (RUNS,) * 7),
    (
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
        QWEN,
        (REFUSES, REFUSES, REFUSES, REFUSES, REFUSES, CRASHES, DEGRADES),
    ),
    # The target's added tokens lie past the drafter's rows, where MLX reads what it may.
    (
        "microsoft/Phi-3-mini-4k-instruct",
        LLAMA,
        (DEGRADES, REFUSES, REFUSES, REFUSES, REFUSES, CRASHES, UNKNOWN),
    ),
    # Other tokens and other sizes; that mlx-lm would come to the target's window does not count.
    ("google/gemma-3-4b-it", "google/gemma-2-2b-it", (REFUSES, REFUSES, REFUSES, REFUSES, REFUSES, CRASHES, REFUSES)),
    # Listed by no runtime that has a list; mlx-lm refuses types that it does not know.
    (
        "EleutherAI/gpt-neo-125m",
        "EleutherAI/gpt-neo-125m",
        (RUNS, RUNS, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, REFUSES),
    ),
    # As wide as each other; 32768 tokens are fewer than 40960, and `<tool_response>` faces a placeholder.
    ("Qwen/Qwen3-32B", QWEN, (DEGRADES, DEGRADES, DEGRADES, REFUSES, REFUSES, UNKNOWN, DEGRADES)),
    # The target slides over 1024 tokens.
    (
        "google/gemma-3-4b-it",
        "google/gemma-3-1b-it",
        (RUNS, REFUSES, REFUSES, REFUSES, RUNS, CRASHES, WRONG_OUTPUT),
    ),
]


def checked(models: Path, target: str, drafter: str, policy: Policy | None = None) -> Report:
    return check(str(models / target), str(models / drafter), policy)


@pytest.mark.parametrize(("target", "drafter", "outcomes"), TABLE, ids=[f"{row[0]}-{row[1]}" for row in TABLE])
def test_the_table(target: str, drafter: str, outcomes: tuple[Outcome, ...], models: Path) -> None:
    judgements = checked(models, target, drafter).decision.judgements

    assert tuple(ENGINES) == ORDER
    assert {name: judged.outcome for name, judged in judgements.items()} == dict(zip(ORDER, outcomes, strict=True))


def test_the_padding_of_qwen_in_each_engines_terms(models: Path) -> None:
    judgements = checked(models, "Qwen/Qwen2.5-7B-Instruct", QWEN).decision.judgements

    assert "Target model vocab_size=152064. Draft model vocab_size=151936." in (judgements["vllm"].message or "")
    assert '"use_heterogeneous_vocab":true' in (judgements["vllm"].fix or "")
    assert "got target vocab_size=152064 and draft vocab_size=151936." in (judgements["sglang"].message or "")
    told = judgements["transformers"].reason
    assert "asks for both" in told
    assert "re-encodes the text of the drafts when greedy" in told
    assert "when sampling it crashes" in told


def test_a_fix_names_every_step(models: Path) -> None:
    judgements = checked(models, "microsoft/phi-2", "openai-community/gpt2").decision.judgements

    padded = "pad the drafter's embedding and head to 51200 rows"
    converted = "convert the drafter with the target's tokenizer files"
    short = "keep prompt and output together below 1024 tokens"
    assert judgements["sglang"].fix == f"{padded}, and pass --context-length 1024"
    assert judgements["llama.cpp"].fix == f"{padded}, {converted}, and {short}"


@pytest.mark.parametrize("drafter", ["google/gemma-3-270m-it", "gguf/gemma-3-270m-GGUF", "google/gemma-3-1b-it"])
def test_a_stand_in_for_images_is_judged_alike_in_both_formats(drafter: str, models: Path) -> None:
    """Id 262144 lies past the rows of the text models, and in no text."""
    assert checked(models, "google/gemma-3-4b-it", drafter).decision.judgements["llama.cpp"].outcome is RUNS


@pytest.mark.parametrize("engine", ["vllm", "sglang", "mlx-lm", "transformers", "llama.cpp", "tensorrt-llm"])
def test_other_tokens_are_refused_whatever_an_engine_would_run(engine: str, models: Path) -> None:
    assert checked(models, LLAMA, MISTRAL, Policy(engines=(engine,))).decision.verdict.exit_status == 1


def test_a_drafter_of_2048_tokens(models: Path) -> None:
    judgements = checked(models, "meta-llama/Llama-2-13b-hf", "TinyLlama/TinyLlama-1.1B-Chat-v1.0").decision.judgements

    assert judgements["sglang"].outcome is REFUSES
    assert judgements["vllm"].outcome is DEGRADES
    assert "reducing max_model_len to 2048" in (judgements["vllm"].message or "")
