"""SGLang, as `server_args.py` of 0.5.23 has it; the shorter names are those that its older documentation used."""

from __future__ import annotations

from ..found import Key
from .spelling import TARGETS, Spelling, flags

_RUN = {
    **flags(Key.TARGET_REVISION, "revision"),
    **flags(Key.DRAFTER, "speculative_draft_model_path speculative_draft_model speculative_draft"),
    **flags(Key.DRAFTER_REVISION, "speculative_draft_model_revision"),
    **flags(Key.METHOD, "speculative_algorithm speculative_algo"),
    **flags(Key.COUNT, "speculative_num_draft_tokens"),
    **flags(Key.CONTEXT, "context_length"),
    **flags(Key.BATCH, "max_running_requests"),
    **flags(Key.TENSOR_PARALLEL, "tp tp_size tensor_parallel_size"),
}
_OWN = frozenset(
    {
        *("speculative_draft_model_path", "speculative_draft_model", "speculative_draft"),
        *("speculative_algorithm", "speculative_algo"),
    }
)

SPELLING = Spelling(
    "sglang",
    programs=frozenset({"sglang"}),
    modules=("sglang.", "sglang_router."),
    subcommands=frozenset({"serve", "launch", "generate"}),
    serving=frozenset({"serve"}),
    images=("sglang",),
    flags={**flags(Key.TARGET, "model_path model"), **_RUN},
    own=_OWN,
    file_flags=frozenset({"config"}),
    settings={**flags(Key.TARGET, TARGETS), **_RUN},
    marks=_OWN,
    unpaired=frozenset({"ngram", "lookahead"}),
    heads=frozenset({"eagle", "eagle3", "nextn", "dflash", "dspark", "uno", "frozen_kv_mtp"}),
    own_heads=frozenset({"eagle", "nextn", "dspark"}),
)
