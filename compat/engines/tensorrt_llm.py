"""TensorRT-LLM: a draft model beside a target. It compares nothing.

Read from `_torch/speculative/draft_target.py` and the documentation of 1.0, and the threads on it. Which model types it
implements is not judged.
"""

from __future__ import annotations

from ..relation import Pair
from . import shared
from .outcome import Engine, Judgement, Options, Outcome


def judge(pair: Pair, options: Options) -> Judgement:  # noqa: ARG001 - the same shape for every engine
    """What TensorRT-LLM does: it starts whatever the two are, and verification is exact where the widths agree."""
    return shared.decide(
        pair,
        shared.not_causal,
        shared.head_not_judged,
        shared.gguf_refused,
        shared.not_loadable,
        _widths,
        shared.open_facts,
        _state,
        shared.open_context,
        _length,
        shared.other_tokens,
        lambda _: Judgement(Outcome.RUNS, "compares nothing, and here nothing differs"),
    )


def _widths(pair: Pair) -> Judgement | None:
    """NVIDIA/TensorRT-LLM#2789."""
    if (sizes := shared.unequal_widths(pair)) is None:
        return None
    ours, theirs = sizes
    reason = (
        f"makes its decoder's buffers {ours} wide, and the drafter's logits are {theirs}: incompatible buffer sizes"
    )
    return Judgement(Outcome.CRASHES, reason, shared.widened(pair, sizes))


def _state(pair: Pair) -> Judgement | None:
    if (found := shared.stateful_side(pair)) is None:
        return None
    reason = f"was not seen to roll back the state of such a {found[0]} ({found[1]})"
    return Judgement(Outcome.UNKNOWN, reason)


def _length(pair: Pair) -> Judgement | None:
    if (lengths := shared.shorter_drafter(pair)) is None:
        return None
    ours, theirs = lengths
    reason = (
        f"compares no lengths, and what it does past the drafter's {theirs} tokens (the target has {ours}) is untold"
    )
    return Judgement(Outcome.UNKNOWN, reason, f"build both with a max_seq_len of {theirs}")


ENGINE = Engine("tensorrt-llm", "1.0", judge)
