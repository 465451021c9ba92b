"""transformers: `assistant_model` among the arguments of generation; its programs have no flag for it."""

from __future__ import annotations

from ..found import Key
from .spelling import TARGETS, Spelling, flags

SPELLING = Spelling(
    "transformers",
    settings={
        **flags(Key.TARGET, TARGETS),
        **flags(Key.DRAFTER, "assistant_model"),
        **flags(Key.COUNT, "num_assistant_tokens"),
    },
    marks=frozenset({"assistant_model"}),
    beside_target=True,
)
