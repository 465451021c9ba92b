"""vLLM, as `engine/arg_utils.py` and `config/speculative.py` of 0.33.0 have it, and its older releases.

Releases before 0.8 took `--speculative-model`, where "[ngram]" was no model.
"""

from __future__ import annotations

from ..found import Key
from .spelling import TARGETS, Spelling, flags

_RUN = {
    **flags(Key.TARGET_REVISION, "revision"),
    **flags(Key.DRAFTER, "speculative_model spec_model"),
    **flags(Key.METHOD, "spec_method speculative_method"),
    **flags(Key.COUNT, "num_speculative_tokens spec_tokens"),
    **flags(Key.CONTEXT, "max_model_len"),
    **flags(Key.BATCH, "max_num_seqs"),
    **flags(Key.TENSOR_PARALLEL, "tensor_parallel_size"),
    **flags(Key.DRAFT_TENSOR_PARALLEL, "speculative_draft_tensor_parallel_size"),
    **flags(Key.DRAFT_CONTEXT, "speculative_max_model_len"),
}

SPELLING = Spelling(
    "vllm",
    programs=frozenset({"vllm"}),
    modules=("vllm.",),
    subcommands=frozenset({"serve", "bench", "chat", "complete", "run-batch"}),
    serving=frozenset({"serve", "image"}),
    images=("vllm-openai", "/vllm", "vllm-cuda", "rhaiis"),
    flags={**flags(Key.TARGET, "model model_tag"), **_RUN},
    short={
        **flags(Key.TENSOR_PARALLEL, "-tp"),
        **flags(Key.DRAFT_TENSOR_PARALLEL, "-spec-draft-tp"),
    },
    own=frozenset({"speculative_config", "speculative_model", "spec_tokens"}),
    speculative_flags=frozenset({"speculative_config", "sc"}),
    file_flags=frozenset({"config"}),
    settings={**flags(Key.TARGET, TARGETS), **_RUN},
    marks=frozenset({"speculative_model", "spec_tokens"}),
    speculative={
        **flags(Key.DRAFTER, "model"),
        **flags(Key.DRAFTER_REVISION, "revision"),
        **flags(Key.METHOD, "method"),
        **flags(Key.COUNT, "num_speculative_tokens"),
        **flags(Key.HETEROGENEOUS, "use_heterogeneous_vocab"),
        **flags(Key.DRAFT_TENSOR_PARALLEL, "draft_tensor_parallel_size"),
        **flags(Key.DRAFT_CONTEXT, "max_model_len"),
    },
    unpaired=frozenset({"ngram", "suffix", "extract_hidden_states", "custom_class"}),
    heads=frozenset({"eagle", "eagle3", "p-eagle", "medusa", "mlp_speculator", "dflash", "dspark", "hass", "mtp"}),
    own_heads=frozenset({"mtp", "dspark"}),
    head_names=(
        *(("eagle-", "eagle"), ("eagle3", "eagle3"), ("dflash", "dflash"), ("dspark", "dspark")),
        # These it knows by the drafter's config.json; so are those called that have one.
        *(("medusa", "medusa"), ("-accelerator", "mlp_speculator"), ("mlp-speculator", "mlp_speculator")),
    ),
)
