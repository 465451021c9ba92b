"""What vLLM tests of the options beside a pair: steps for `decide`.

Read from `config/speculative.py`, `config/model.py` and `v1/spec_decode/` of 0.33.0.
"""

from __future__ import annotations

from dataclasses import replace

from ..evidence import Unknown
from ..facts import Fingerprint
from ..facts_tokens import Special
from ..relation import Pair
from . import change, lengths, parallel, shared
from .decide import Mendable
from .outcome import Judgement, Outcome


def head(pair: Pair) -> Judgement | None:
    """Translation goes with the method `draft_model` alone."""
    if not pair.options.heterogeneous_vocab or (method := shared.trained_head(pair)) is None:
        return shared.head_not_judged(pair)
    message = "use_heterogeneous_vocab only works with method='draft_model'"
    reason = f"translates for whole language models alone, and the drafter is a trained head ({method})"
    return Judgement(Outcome.REFUSES, reason, message=message)


def draft_parallel(pair: Pair) -> Mendable | None:
    """`SpeculativeConfig._verify_and_get_draft_tp`, and `DraftModelProposer._raise_if_draft_tp_mismatch` of V1."""
    options = pair.options
    ours, theirs = options.tensor_parallel or 1, options.draft_tensor_parallel
    if theirs is None or theirs == ours:
        return None
    if theirs != 1:
        message = (
            f"speculative_draft_tensor_parallel_size={theirs} cannot be other value than 1 or target model"
            " tensor_parallel_size"
        )
        judged = Judgement(
            Outcome.REFUSES, f"splits the drafter over 1 device or the target's {ours}, not {theirs}", message=message
        )
    elif options.heterogeneous_vocab:
        message = (
            "Currently, 'draft_tensor_parallel_size' and 'tensor_parallel_size' must be the same. Got 1 and"
            f" {ours}. Please pass 'draft_tensor_parallel_size' in the speculative_config."
        )
        reason = f"translates in its V1 model runner alone, which splits the drafter over the target's {ours} devices"
        judged = Judgement(Outcome.REFUSES, reason, message=message)
    else:
        reason = (
            "refuses a drafter on 1 device beside a target on several in its V1 model runner, and its V2 runner, the"
            " default, has no such test and was not seen to work so"
        )
        judged = Judgement(Outcome.UNKNOWN, reason)
    told = "leave draft_tensor_parallel_size out of --speculative-config"
    return Mendable(judged, change.other_options(told, lambda given: replace(given, draft_tensor_parallel=None)))


_SPLIT = "pass --tensor-parallel-size {}"


def queries(pair: Pair) -> Mendable | None:
    """`ModelConfig.verify_with_parallel_config`, of the drafter before the target."""
    return parallel.uneven_queries(
        pair,
        _SPLIT,
        lambda heads, size: (
            f"Total number of attention heads ({heads}) must be divisible by tensor parallel size ({size})."
        ),
    )


def keys(pair: Pair) -> Mendable | None:
    """The assertions in the attention of its models, which have no words."""
    return parallel.uneven_keys(pair, _SPLIT)


def open_heads(pair: Pair) -> Mendable | None:
    """Heads that are not known."""
    return parallel.open_heads(pair, _SPLIT)


def planned_length(pair: Pair) -> Mendable | None:
    """`_get_and_verify_max_len` of the target."""
    if (both := lengths.past_the_target(pair)) is None:
        return None
    planned, own = both
    judged = _past_its_length("target", pair.target, planned, own)
    return Mendable(judged, change.sooner_end(own, f"pass --max-model-len {own}"))


def draft_length(pair: Pair) -> Mendable | None:
    """`SpeculativeConfig._maybe_override_draft_max_model_len`, after `_get_and_verify_max_len` of the drafter."""
    asked, longest, own = pair.options.draft_context, pair.longest, pair.drafter.context
    if asked is None:
        return None
    if isinstance(longest, int) and asked > longest:
        message = f"speculative_max_model_len={asked} cannot be larger than target_max_model_len={longest}"
        reason = f"takes no max_model_len of the drafter above the target's {longest}, and {asked} is"
        judged = Judgement(Outcome.REFUSES, reason, message=message)
    elif isinstance(own, int) and asked > own:
        judged = _past_its_length("drafter", pair.drafter, asked, own)
    else:
        return None
    told = "leave max_model_len out of --speculative-config"
    return Mendable(judged, change.other_options(told, lambda options: replace(options, draft_context=None)))


def open_lengths(pair: Pair) -> Judgement | None:
    """Lengths that are set may be refused; of others that are not known the worst is that they cost drafts."""
    if pair.options.context is None and pair.options.draft_context is None:
        return None
    return lengths.open_context(pair)


def _past_its_length(side: str, facts: Fingerprint, asked: int, own: int) -> Judgement:
    if lengths.may_be_multiplied(facts):
        reason = (
            f"may multiply the {side}'s {own} tokens by the factor of its rope scaling, so whether it takes {asked} is"
            " not told here"
        )
        return Judgement(Outcome.UNKNOWN, reason)
    reason = (
        f"takes no max_model_len above the model's own, and {asked} is more than the {side}'s {own} tokens (the"
        " variable that lifts the test, VLLM_ALLOW_LONG_MAX_MODEL_LEN, leads to NaN or to reads out of range)"
    )
    message = f"User-specified max_model_len ({asked}) is greater than the derived max_model_len"
    return Judgement(Outcome.REFUSES, reason, message=message)


def stand_ins(pair: Pair) -> Judgement | None:
    """`vocab_mapping._get_unk_token_id`: what takes the place of a token that the other side lacks."""
    if not pair.options.heterogeneous_vocab:
        return None
    for side, facts in shared.sides(pair):
        unk, eos = facts.unk, facts.eos
        if any(isinstance(role, Special) and role.ids for role in (unk, eos)):
            continue
        for role in (unk, eos):
            if isinstance(role, Unknown):
                return Judgement(Outcome.UNKNOWN, f"cannot be judged by its stand-in tokens: the {side} {role.why}")
        tokenizer = "target tokenizer" if side == "target" else "draft tokenizer"
        message = (
            f"VocabMapping: {tokenizer} has neither unk_token_id nor eos_token_id; cannot safely map"
            " out-of-intersection tokens"
        )
        reason = f"needs a stand-in for tokens without a partner, and the {side} has no unknown and no end token"
        return Judgement(Outcome.REFUSES, reason, message=message)
    return None


def served(pair: Pair) -> Pair:
    """The pair with the lengths that it is served with.

    A drafter ends where `max_model_len` of `--speculative-config` says. Where none is asked for, a LongRoPE model gets
    the length before it is stretched (`_get_and_verify_max_len`), a drafter whatever is asked of the target.
    """
    asked, plan = pair.options.draft_context, pair.options.context
    target = pair.target if plan is not None else lengths.before_longrope(pair.target)
    drafter = lengths.before_longrope(pair.drafter) if asked is None else lengths.ended(pair.drafter, asked)
    return replace(pair, target=target, drafter=drafter)


def longrope(pair: Pair) -> Judgement | None:
    """A LongRoPE drafter without a length of its own, beside a target that is served past its length before."""
    both = lengths.shorter_drafter(served(pair))
    if both is None or pair.options.draft_context is not None or lengths.shorter_drafter(pair) is not None:
        return None
    ours, theirs = both
    reason = f"takes LongRoPE drafters at the {theirs} tokens before they are stretched, and serves no longer sequence"
    fix = f'add "max_model_len":{ours} to --speculative-config'
    if pair.options.heterogeneous_vocab:
        reason = f"takes LongRoPE drafters at the {theirs} tokens before they are stretched, and drafts no further"
    return Judgement(Outcome.DEGRADES, reason, fix)


def multiplied(pair: Pair) -> Judgement | None:
    """A drafter whose length is multiplied by the factor that it already counts."""
    both = lengths.shorter_drafter(served(pair))
    if both is None or pair.options.draft_context is not None or not lengths.may_be_multiplied(pair.drafter):
        return None
    ours, theirs = both
    reason = f"multiplies the drafter's {theirs} tokens by the factor of its rope scaling, so that it may draft on past"
    fix = f"pass --max-model-len {theirs}"
    return Judgement(Outcome.DEGRADES, f"{reason} them (the target has {ours}), where few drafts are accepted", fix)
