"""vLLM: `--speculative-config` with the method `draft_model`. It compares one integer.

Read from `config/speculative.py`, `config/vllm.py`, `v1/spec_decode/` and `v1/worker/gpu/spec_decode/` of 0.33.0. The
drafter's tokenizer is loaded for `use_heterogeneous_vocab` alone, which the V2 model runner, the default, leaves to V1.
"""

from __future__ import annotations

from dataclasses import replace

from ..evidence import Unknown
from ..facts_tokens import Special
from ..relation import Pair, Relation
from . import architectures, change, lengths, shared, vllm_options
from .decide import OWN_TOKENS, Mendable, decide
from .outcome import Engine, Judgement, Outcome
from .tokens import other_tokens

_TRANSLATED = (
    '--speculative-config \'{"method":"draft_model","model":"DRAFTER","num_speculative_tokens":4,'
    '"use_heterogeneous_vocab":true}\''
)
_TRANSLATION = change.other_options(
    f"pass {_TRANSLATED}, which drafts greedily and only what both vocabularies have",
    lambda options: replace(options, heterogeneous_vocab=True),
)


def judge(pair: Pair) -> Judgement:
    """What vLLM does: sizes must be equal or the vocabularies be translated, and verification is exact in any case."""
    return decide(
        pair,
        shared.not_causal,
        vllm_options.head,
        shared.gguf_not_judged,
        shared.not_loadable,
        vllm_options.draft_parallel,
        vllm_options.planned_length,
        vllm_options.draft_length,
        vllm_options.queries,
        vllm_options.stand_ins,
        _sizes,
        vllm_options.keys,
        shared.open_facts,
        _classes,
        _state,
        _several_axes,
        vllm_options.open_lengths,
        vllm_options.open_heads,
        _tokens,
        lengths.open_context,
        vllm_options.longrope,
        vllm_options.multiplied,
        _length,
        _runs,
    )


def _runs(pair: Pair) -> Judgement:
    if pair.options.heterogeneous_vocab:
        reason = "translates between the vocabularies, which name the same tokens, and verifies exactly"
        return Judgement(Outcome.RUNS, reason)
    return Judgement(Outcome.RUNS, "finds the vocabulary sizes equal and verifies exactly")


def _classes(pair: Pair) -> Judgement | None:
    return shared.not_implemented(
        pair, architectures.VLLM, "which other ones its Transformers backend takes is not judged here"
    )


def _sizes(pair: Pair) -> Mendable | None:
    """`SpeculativeConfig.verify_equal_vocab_size_if_draft_model`."""
    if pair.options.heterogeneous_vocab or (sizes := shared.unequal_widths(pair)) is None:
        return None
    ours, theirs = sizes
    message = (
        f"Target and draft model should have the same vocabulary size. Target model vocab_size={ours}. Draft model"
        f" vocab_size={theirs}. Using models with different tokenizers can cause out-of-bounds errors during"
        " speculative decoding."
    )
    judged = Judgement(Outcome.REFUSES, f"compares vocab_size, and {ours} is not {theirs}", message=message)
    return Mendable(judged, _TRANSLATION)


def _tokens(pair: Pair) -> Judgement | None:
    """What ids that do not carry the same token cost: under translation, drafts of what has no partner."""
    found = pair.comparison
    if not pair.options.heterogeneous_vocab:
        return other_tokens(pair)
    if isinstance(found, Unknown) or found.relation in (Relation.IDENTICAL, Relation.PADDED):
        return None
    reason = f"translates between the vocabularies and drafts at most the {found.shared_tokens} tokens of both"
    unk = pair.drafter.unk
    if isinstance(unk, Special) and not unk.ids:
        reason += ", while the drafter reads its end of text in place of all others"
    return Judgement(Outcome.DEGRADES, reason, OWN_TOKENS)


def _state(pair: Pair) -> Judgement | None:
    """It keeps a state per draft for hybrid models, as its own heads need; beside a separate drafter that is untold."""
    if (found := shared.stateful_side(pair)) is None:
        return None
    side, model_type = found
    reason = f"keeps states for the drafts of its own heads; with a separate drafter and such a {side} ({model_type})"
    return Judgement(Outcome.UNKNOWN, f"{reason} it was not seen to work", "use the model's own multi-token prediction")


def _several_axes(pair: Pair) -> Judgement | None:
    found = pair.drafter.architecture
    if isinstance(found, Unknown) or not found.mrope:
        return None
    message = "Speculative Decoding with draft models or parallel drafting does not support M-RoPE yet"
    fix = "take a text-only drafter"
    if pair.options.heterogeneous_vocab:
        reason = "translates in its V1 model runner alone, which refuses a drafter with M-RoPE"
        return Judgement(Outcome.REFUSES, reason, fix, message)
    reason = "refuses a drafter with M-RoPE in its V1 model runner, and its V2 runner, the default, has no such test"
    return Judgement(Outcome.UNKNOWN, reason, fix, message)


def _length(pair: Pair) -> Judgement | None:
    """`VllmConfig._limit_max_model_len_to_draft` in the V2 runner, `_input_fits_in_drafter` in V1."""
    if (both := lengths.shorter_drafter(vllm_options.served(pair))) is None:
        return None
    ours, theirs = both
    if pair.options.heterogeneous_vocab:
        return Judgement(Outcome.DEGRADES, f"goes on without drafts past the drafter's {theirs} tokens")
    message = (
        f"The draft model's max_model_len ({theirs}) is smaller than the target model's ({ours}) and the V2 model"
        f" runner can't skip speculation for longer sequences; reducing max_model_len to {theirs}."
    )
    reason = f"serves no sequence longer than the drafter's {theirs} tokens (the V1 runner stops drafting there)"
    fix = "set VLLM_USE_V2_MODEL_RUNNER=0 to serve longer ones, undrafted from there on"
    return Judgement(Outcome.DEGRADES, reason, fix, message)


_OPTIONS = frozenset({"heterogeneous_vocab", "draft_context", "tensor_parallel", "draft_tensor_parallel", "batch"})

ENGINE = Engine("vllm", "0.33.0", judge, _OPTIONS)
