"""TensorRT-LLM: `speculative_config` in the file that `trtllm-serve --config` (or `--extra_llm_api_options`) names.

`decoding_type` tells these settings from vLLM's.
"""

from __future__ import annotations

from ..found import Key
from .spelling import TARGETS, Spelling, flags

_RUN = {
    **flags(Key.TARGET_REVISION, "revision hf_revision"),
    **flags(Key.CONTEXT, "max_seq_len"),
    **flags(Key.BATCH, "max_batch_size"),
    **flags(Key.TENSOR_PARALLEL, "tp_size tensor_parallel_size"),
}

SPELLING = Spelling(
    "tensorrt-llm",
    programs=frozenset({"trtllm-serve", "trtllm-bench", "trtllm-eval", "trtllm-llmapi-launch"}),
    modules=("tensorrt_llm.",),
    serving=frozenset({"trtllm-serve", "serve"}),
    images=("tensorrt-llm", "tensorrt_llm", "trtllm"),
    flags={**flags(Key.TARGET, "model model_path"), **_RUN},
    file_flags=frozenset({"config", "extra_llm_api_options", "extra_llm_options"}),
    settings={**flags(Key.TARGET, TARGETS), **_RUN},
    marks=frozenset({"decoding_type"}),
    speculative={
        **flags(Key.METHOD, "decoding_type"),
        **flags(Key.DRAFTER, "speculative_model speculative_model_dir"),
        **flags(Key.COUNT, "max_draft_len"),
    },
    unpaired=frozenset({"ngram", "lookahead", "sa", "suffix", "user_provided", "userprovided"}),
    heads=frozenset({"eagle", "eagle3", "eagle3onemodel", "medusa", "mtp", "pard", "dflash", "dspark", "redrafter"}),
    own_heads=frozenset({"mtp"}),
)
