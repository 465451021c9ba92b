"""What users met with draft-model pairs, as they reported it: configurations of the same shape, and the outcome.

Where a later version changed the outcome, the row gives that of the version that the profile was read from
and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from making import OTHER_CORPUS

from specdec_check.compat import engines
from specdec_check.compat.engines.outcome import Options, Outcome
from specdec_check.compat.relation import Pair

RUNS, DEGRADES, REFUSES = Outcome.RUNS, Outcome.DEGRADES, Outcome.REFUSES
CRASHES, WRONG_OUTPUT = Outcome.CRASHES, Outcome.WRONG_OUTPUT
QWEN_LARGE, QWEN_SMALL = {"rows": 152064}, {"rows": 151936}
HYBRID = {"config": {"model_type": "qwen3_5", "architectures": ["Qwen3_5ForCausalLM"]}}
NEXT = {"config": {"model_type": "qwen3_next", "architectures": ["Qwen3NextForCausalLM"]}}
WINDOWED = {"config": {"model_type": "gpt_oss", "architectures": ["GptOssForCausalLM"], "sliding_window": 128}}
LLAMA_2_70B, TINY_LLAMA = {"rows": 32000, "context": 4096}, {"rows": 32000, "context": 2048}
RESERVED = {"specials": ("<unused139>",), "rows": 1024}
NAMED = {"specials": ("<mask>",), "rows": 1024}
VISION = {
    "config": {
        "model_type": "qwen2_5_vl",
        "architectures": ["Qwen2_5_VLForConditionalGeneration"],
        "vision_config": {"depth": 1},
    },
    "rows": 1024,
}

# thread, engine, target, drafter, outcome
THREADS: list[tuple[str, str, dict[str, Any], dict[str, Any], Outcome]] = [
    # One tokenizer, padded to different widths.
    ("https://github.com/vllm-project/vllm/issues/7252", "vllm", QWEN_LARGE, QWEN_SMALL, REFUSES),
    ("https://github.com/vllm-project/vllm/issues/5203", "vllm", QWEN_SMALL, QWEN_LARGE, REFUSES),
    ("https://github.com/vllm-project/vllm/issues/10913", "vllm", QWEN_LARGE, QWEN_SMALL, REFUSES),
    ("https://github.com/vllm-project/vllm/issues/14939", "vllm", QWEN_LARGE, QWEN_SMALL, REFUSES),
    ("https://github.com/NVIDIA/TensorRT-LLM/issues/2789", "tensorrt-llm", QWEN_LARGE, QWEN_SMALL, CRASHES),
    # The limit was 100 then; it is the 128 now that users patched in.
    ("https://github.com/QwenLM/Qwen3/issues/326", "llama.cpp", QWEN_LARGE, QWEN_SMALL, RUNS),
    ("https://github.com/huggingface/transformers/issues/45307", "transformers", QWEN_LARGE, QWEN_SMALL, REFUSES),
    # Other tokens. SGLang took this pair; the thread led to the test of sizes.
    (
        "https://github.com/sgl-project/sglang/issues/24051",
        "sglang",
        {"rows": 256000},
        {"rows": 49152, "corpus": OTHER_CORPUS},
        REFUSES,
    ),
    ("https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/481", "llama.cpp", RESERVED, NAMED, REFUSES),
    ("https://github.com/LostRuins/koboldcpp/issues/2325", "llama.cpp", {}, {"corpus": OTHER_CORPUS}, REFUSES),
    # Drafts were translated then, and one leaked; now the pair is refused at the start.
    (
        "https://github.com/ggml-org/llama.cpp/issues/17480",
        "llama.cpp",
        {"rows": 32768},
        {"rows": 131072, "corpus": OTHER_CORPUS},
        REFUSES,
    ),
    # Begin-of-text differs and neither side adds it: let through since. The pair is hybrid.
    (
        "https://github.com/ggml-org/llama.cpp/pull/22358",
        "llama.cpp",
        {"config": HYBRID["config"] | {"bos_token_id": 2}},
        {"config": HYBRID["config"] | {"bos_token_id": 3}},
        DEGRADES,
    ),
    (
        "https://github.com/huggingface/transformers/pull/31301",
        "transformers",
        {"specials": ("<|turn|>",)},
        {"specials": ("<|turn|>",), "generation": {"eos_token_id": 2}},
        RUNS,
    ),
    # State that cannot be rolled back. Speculation was silently off then; now checkpoints are taken.
    ("https://github.com/ggml-org/llama.cpp/issues/20039", "llama.cpp", HYBRID, HYBRID, DEGRADES),
    ("https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/1266", "mlx-lm", NEXT, {}, REFUSES),
    # Trimming was a silent no-op then; now such a cache is refused.
    ("https://github.com/ml-explore/mlx-lm/pull/1109", "mlx-lm", HYBRID, HYBRID, REFUSES),
    ("https://github.com/ml-explore/mlx-lm/issues/1446", "mlx-lm", HYBRID, {}, REFUSES),
    ("https://github.com/ml-explore/mlx-lm/pull/1427", "mlx-lm", WINDOWED, {}, WRONG_OUTPUT),
    # Lengths. It crashed past 2048 then; now no longer sequence is served.
    ("https://github.com/vllm-project/vllm/issues/5342", "vllm", LLAMA_2_70B, TINY_LLAMA, DEGRADES),
    ("https://github.com/sgl-project/sglang/pull/9388", "sglang", LLAMA_2_70B, TINY_LLAMA, REFUSES),
    # A text drafter beside a target that sees: taken for a pair that cannot work then.
    ("https://github.com/vllm-project/vllm/pull/35714", "vllm", VISION, {"rows": 1024}, RUNS),
]


@pytest.mark.parametrize(
    ("url", "engine", "target", "drafter", "outcome"), THREADS, ids=["/".join(row[0].split("/")[4:]) for row in THREADS]
)
def test_what_users_met(
    url: str,
    engine: str,
    target: dict[str, Any],
    drafter: dict[str, Any],
    outcome: Outcome,
    pair_of: Callable[..., Pair],
) -> None:
    judged = engines.judge(engine, pair_of(target, drafter), Options())

    assert judged.outcome is outcome, f"{url}: {judged}"
