"""mlx-lm: `mlx_lm.generate`, `mlx_lm.server` and their kin."""

from __future__ import annotations

from ..found import Key
from .spelling import Spelling, flags

SPELLING = Spelling(
    "mlx-lm",
    programs=frozenset({"mlx_lm", "mlx_lm.generate", "mlx_lm.server", "mlx_lm.chat", "mlx_lm.benchmark"}),
    modules=("mlx_lm",),
    subcommands=frozenset({"generate", "server", "chat", "benchmark"}),
    flags={
        **flags(Key.TARGET, "model"),
        **flags(Key.DRAFTER, "draft_model"),
        **flags(Key.COUNT, "num_draft_tokens"),
    },
)
