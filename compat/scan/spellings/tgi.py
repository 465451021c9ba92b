"""Text Generation Inference: n-grams, or the heads of a target that brings its own; never a second model."""

from __future__ import annotations

from ..found import Key
from .spelling import Spelling, flags

SPELLING = Spelling(
    "tgi",
    programs=frozenset({"text-generation-launcher"}),
    images=("text-generation-inference",),
    flags={
        **flags(Key.TARGET, "model_id"),
        **flags(Key.TARGET_REVISION, "revision"),
        **flags(Key.COUNT, "speculate"),
    },
    own=frozenset({"speculate"}),
    environment={**flags(Key.TARGET, "MODEL_ID"), **flags(Key.COUNT, "SPECULATE")},
    count_alone="speculate",
)
