"""SGLang: `--speculative-algorithm STANDALONE`. It compares one integer, and the lengths.

Read from `speculative/standalone_worker_v2.py` and `configs/model_config.py` of 0.5.23. The comparison of token maps in
`_validate_vocab_compatibility` cannot fire: a draft worker's tokenizer is always None.
"""

from __future__ import annotations

from ..evidence import Unknown
from ..relation import Pair
from . import architectures, change, lengths, parallel, shared
from .decide import Mendable, decide
from .outcome import Engine, Judgement, Outcome
from .tokens import other_tokens

# The assertions that it fails have no words.
_SPLIT = "pass --tensor-parallel-size {}"
_OVERRIDE = "SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN=1"


def judge(pair: Pair) -> Judgement:
    """What SGLang does: it tests lengths and sizes, tokens never.

    Lengths come first there; here sizes do, for which there is no flag.
    """
    return decide(
        pair,
        shared.not_causal,
        shared.head_not_judged,
        shared.gguf_not_judged,
        shared.not_loadable,
        _sizes,
        _planned_length,
        _length,
        lambda two: parallel.uneven_queries(two, _SPLIT),
        lambda two: parallel.uneven_keys(two, _SPLIT),
        shared.open_facts,
        _classes,
        _head_of_the_drafter,
        lengths.open_context,
        _stretched,
        lambda two: parallel.open_heads(two, _SPLIT),
        _state,
        other_tokens,
        _quantised,
        lambda _: Judgement(Outcome.RUNS, "finds the vocabulary sizes equal and verifies exactly"),
    )


def _classes(pair: Pair) -> Judgement | None:
    return shared.not_implemented(
        pair, architectures.SGLANG, "which other ones its Transformers backend takes is not judged here"
    )


def _head_of_the_drafter(pair: Pair) -> Judgement | None:
    found = pair.drafter.architecture
    if isinstance(found, Unknown) or not found.classes or found.classes[0] not in architectures.SGLANG_HEADS:
        return None
    reason = f"loads the multi-token prediction layers alone of a drafter of the class {found.classes[0]}"
    return Judgement(Outcome.UNKNOWN, f"{reason}, which a model used as a whole was not seen to work with")


def _planned_length(pair: Pair) -> Mendable | None:
    """`ModelConfig._derive_context_length` of the target."""
    if (both := lengths.past_the_target(pair)) is None:
        return None
    planned, own = both
    if lengths.may_be_multiplied(pair.target):
        reason = (
            f"may multiply the target's {own} tokens by the factor of its rope scaling, so whether it takes {planned}"
            " is not told here"
        )
        judged = Judgement(Outcome.UNKNOWN, reason)
    else:
        reason = (
            f"takes no --context-length above the model's own, and {planned} is more than the target's {own} (the"
            " variable that lifts the test has led to illegal memory accesses)"
        )
        judged = Judgement(Outcome.REFUSES, reason, message=_too_long("User-specified", planned, own))
    return Mendable(judged, change.sooner_end(own, f"pass --context-length {own}"))


def _too_long(whose: str, asked: int, own: int) -> str:
    return (
        f"Warning: {whose} context_length ({asked}) is greater than the derived context_length ({own}). This may lead"
        " to incorrect model outputs or CUDA errors. Note that the derived context_length may differ from"
        " max_position_embeddings in the model's config. To allow overriding this maximum, set the env var"
        f" {_OVERRIDE}"
    )


def _length(pair: Pair) -> Judgement | Mendable | None:
    """`ModelConfig._derive_context_length` of the drafter, given the target's length."""
    if (both := lengths.shorter_drafter(pair)) is None or _scaled(pair):
        return None
    ours, theirs = both
    reason = (
        f"loads the drafter with the target's length, and its {theirs} tokens are fewer than {ours} (the variable that"
        " lifts the test has led to illegal memory accesses)"
    )
    judged = Judgement(Outcome.REFUSES, reason, message=_too_long("Target model's", ours, theirs))
    return Mendable(judged, change.sooner_end(theirs, f"pass --context-length {theirs}"))


def _scaled(pair: Pair) -> bool:
    """Whether a length is multiplied by the factor of its rope scaling, as `get_context_length` does for some types."""
    return any(lengths.may_be_multiplied(facts) for _, facts in shared.sides(pair))


def _stretched(pair: Pair) -> Judgement | None:
    if lengths.shorter_drafter(pair) is None:
        return None
    reason = "multiplies the length by the factor of rope scaling, so which of the two is shorter is not told here"
    return Judgement(Outcome.UNKNOWN, reason, "pass --context-length with the shorter model's length")


def _sizes(pair: Pair) -> Mendable | None:
    if (sizes := shared.unequal_widths(pair)) is None:
        return None
    ours, theirs = sizes
    message = (
        "STANDALONE speculative decoding requires the draft model to share the same vocabulary as the target model,"
        f" but got target vocab_size={ours} and draft vocab_size={theirs}. Use a draft model with a matching"
        " vocabulary, or a speculative algorithm that supports heterogeneous vocabularies."
    )
    reason = f"compares vocab_size, and {ours} is not {theirs}; no algorithm of this version takes two vocabularies"
    return Mendable(Judgement(Outcome.REFUSES, reason, message=message), shared.widened(sizes))


def _state(pair: Pair) -> Judgement | None:
    """Hybrid models are verified for the built-in heads; a separate drafter beside them was not seen to work."""
    if (found := shared.stateful_side(pair)) is None:
        return None
    reason = f"keeps states for the drafts of its own heads; with STANDALONE and such a {found[0]} ({found[1]})"
    return Judgement(Outcome.UNKNOWN, f"{reason} it was not seen to work", "use --speculative-algorithm NEXTN")


def _quantised(pair: Pair) -> Judgement | None:
    """`--quantization` reaches the drafter too, unless it is told otherwise (`_handle_missing_default_values`)."""
    ours, theirs = pair.target.architecture, pair.drafter.architecture
    if isinstance(ours, Unknown) or isinstance(theirs, Unknown) or ours.quantization == theirs.quantization:
        return None
    if ours.quantization is None:
        return None
    reason = f"finds the sizes equal; a --quantization {ours.quantization} for the target is the drafter's too"
    return Judgement(Outcome.RUNS, reason, "pass --speculative-draft-model-quantization as well")


ENGINE = Engine("sglang", "0.5.23", judge, frozenset({"tensor_parallel", "batch"}))
