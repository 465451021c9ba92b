"""TensorRT-LLM: a draft model beside a target. It compares nothing.

Read from `_torch/speculative/draft_target.py` and the documentation of 1.0, and the threads on it.
"""

from __future__ import annotations

from ..relation import Pair
from . import architectures, change, lengths, parallel, shared
from .decide import Mendable, decide
from .outcome import Engine, Judgement, Outcome
from .tokens import other_tokens

# `Attention` of `_torch/modules/attention.py` asserts that the heads of queries divide.
_SPLIT = "build both with a tensor_parallel_size of {}"


def judge(pair: Pair) -> Judgement:
    """What TensorRT-LLM does: it starts whatever the two are, and verification is exact where the widths agree."""
    return decide(
        pair,
        shared.not_causal,
        shared.head_not_judged,
        shared.gguf_refused,
        shared.not_loadable,
        _widths,
        lambda two: parallel.uneven_queries(two, _SPLIT),
        shared.open_facts,
        _classes,
        _state,
        lengths.open_context,
        _planned_length,
        _length,
        lambda two: parallel.uneven_keys(two, _SPLIT, Outcome.UNKNOWN),
        lambda two: parallel.open_heads(two, _SPLIT),
        other_tokens,
        lambda _: Judgement(Outcome.RUNS, "compares nothing, and here nothing differs"),
    )


def _classes(pair: Pair) -> Judgement | None:
    return shared.not_implemented(
        pair, architectures.TENSORRT_LLM, "what later versions and its other backends take is not judged here"
    )


def _widths(pair: Pair) -> Mendable | None:
    """NVIDIA/TensorRT-LLM#2789."""
    if (sizes := shared.unequal_widths(pair)) is None:
        return None
    ours, theirs = sizes
    reason = (
        f"makes its decoder's buffers {ours} wide, and the drafter's logits are {theirs}: incompatible buffer sizes"
    )
    return Mendable(Judgement(Outcome.CRASHES, reason), shared.widened(sizes))


def _state(pair: Pair) -> Judgement | None:
    if (found := shared.stateful_side(pair)) is None:
        return None
    reason = f"was not seen to roll back the state of such a {found[0]} ({found[1]})"
    return Judgement(Outcome.UNKNOWN, reason)


def _planned_length(pair: Pair) -> Mendable | None:
    if (both := lengths.past_the_target(pair)) is None:
        return None
    planned, own = both
    reason = f"was not seen past the length of a model, and the target has {own} tokens of the planned {planned}"
    ended = change.sooner_end(own, f"build both with a max_seq_len of {own}")
    return Mendable(Judgement(Outcome.UNKNOWN, reason), ended)


def _length(pair: Pair) -> Mendable | None:
    if (both := lengths.shorter_drafter(pair)) is None:
        return None
    ours, theirs = both
    reason = (
        f"compares no lengths, and what it does past the drafter's {theirs} tokens (the target has {ours}) is untold"
    )
    ended = change.sooner_end(theirs, f"build both with a max_seq_len of {theirs}")
    return Mendable(Judgement(Outcome.UNKNOWN, reason), ended)


ENGINE = Engine("tensorrt-llm", "1.0", judge, frozenset({"tensor_parallel", "batch"}))
