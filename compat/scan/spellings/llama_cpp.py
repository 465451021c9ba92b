"""llama.cpp, as `common/arg.cpp` and the documentation of speculation have it, before and after the names of 2026.

`-m` and `-md` are paths; `-hf` and `-hfd` are repositories of the Hub with a quantisation after a colon.
"""

from __future__ import annotations

from ..found import Key
from .spelling import Spelling, flags

_RUN = {
    **flags(Key.TARGET, "model", path=True),
    **flags(Key.TARGET, "hf_repo model_url"),
    **flags(Key.DRAFTER, "model_draft spec_draft_model", path=True),
    **flags(Key.DRAFTER, "hf_repo_draft spec_draft_hf"),
    **flags(Key.METHOD, "spec_type"),
    **flags(Key.COUNT, "draft draft_n draft_max spec_draft_n_max"),
    **flags(Key.CONTEXT, "ctx_size"),
    **flags(Key.BATCH, "parallel"),
    **flags(Key.DRAFT_CONTEXT, "ctx_size_draft"),
}

SPELLING = Spelling(
    "llama.cpp",
    programs=frozenset(
        f"llama-{name}"
        for name in "server cli run speculative speculative-simple lookup lookahead bench parallel".split()
    )
    | {"llama-server.exe", "llama-cli.exe", "llamafile"},
    local_programs=frozenset({"server", "main", "speculative", "speculative-simple", "lookup", "lookahead"}),
    images=("llama.cpp", "llama-cpp"),
    flags=_RUN,
    short={
        **flags(Key.TARGET, "-m", path=True),
        **flags(Key.TARGET, "-hf -hfr -mu"),
        **flags(Key.DRAFTER, "-md", path=True),
        **flags(Key.DRAFTER, "-hfd -hfrd"),
        **flags(Key.CONTEXT, "-c"),
        **flags(Key.BATCH, "-np"),
        **flags(Key.DRAFT_CONTEXT, "-cd"),
    },
    switches={
        "lookup": "lookup",
        "llama_lookup": "lookup",
        "lookahead": "lookahead",
        "llama_lookahead": "lookahead",
        "spec_default": "ngram-mod",
    },
    own=frozenset({"model_draft", "spec_draft_model", "hf_repo_draft", "spec_draft_hf", "spec_type"}),
    settings=_RUN,
    marks=frozenset({"model_draft", "spec_draft_model", "hf_repo_draft", "spec_draft_hf", "spec_type"}),
    environment={
        **flags(Key.TARGET, "LLAMA_ARG_MODEL", path=True),
        **flags(Key.TARGET, "LLAMA_ARG_HF_REPO LLAMA_ARG_MODEL_URL"),
        **flags(Key.DRAFTER, "LLAMA_ARG_MODEL_DRAFT LLAMA_ARG_SPEC_DRAFT_MODEL", path=True),
        **flags(Key.DRAFTER, "LLAMA_ARG_HFD_REPO LLAMA_ARG_SPEC_DRAFT_HF_REPO"),
        **flags(Key.METHOD, "LLAMA_ARG_SPEC_TYPE"),
        **flags(Key.COUNT, "LLAMA_ARG_DRAFT_MAX LLAMA_ARG_SPEC_DRAFT_N_MAX"),
        **flags(Key.CONTEXT, "LLAMA_ARG_CTX_SIZE"),
        **flags(Key.BATCH, "LLAMA_ARG_N_PARALLEL"),
        **flags(Key.DRAFT_CONTEXT, "LLAMA_ARG_CTX_SIZE_DRAFT"),
    },
    unpaired=frozenset({"ngram", "lookup", "lookahead"}),
    heads=frozenset({"draft-eagle3", "draft-mtp", "draft-dflash", "draft-dspark"}),
    own_heads=frozenset({"draft-mtp", "draft-eagle3"}),
)
