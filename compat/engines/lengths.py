"""How long sequences get, and what runtimes do where a model is shorter: steps for `decide`."""

from __future__ import annotations

from dataclasses import replace

from ..evidence import Unknown
from ..facts import Fingerprint
from ..facts_model import Rope
from ..relation import Pair
from . import change
from .decide import Mendable
from .outcome import Judgement, Outcome
from .shared import sides

# Their positions come from a table as long as the context: past it, the look-up is out of range. Source: the position
# embeddings in the models of transformers 5.23.0. Rotary and ALiBi positions are worked out for any length.
POSITION_TABLES = frozenset("biogpt codegen ctrl gpt-sw3 gpt2 gpt_bigcode gpt_neo gptj openai-gpt opt".split())


# Their published length counts the factor, or is that before: vLLM's `_get_and_verify_max_len` leaves it alone, and so
# does SGLang's `get_context_length`, since transformers fills in `original_max_position_embeddings` for them.
_COUNTED = frozenset("su longrope llama3 yarn deepseek_yarn deepseek_llama_scaling".split())


def open_context(pair: Pair) -> Judgement | None:
    """A length that is not known, where it decides."""
    for side, facts in sides(pair):
        if isinstance(facts.context, Unknown):
            return Judgement(Outcome.UNKNOWN, f"cannot be judged by the lengths: the {side} {facts.context.why}")
    return None


def shorter_drafter(pair: Pair) -> tuple[int, int] | None:
    """The longest sequence and the drafter's length, in tokens, where the drafter's is known to be shorter."""
    ours, theirs = pair.longest, pair.drafter.context
    return (ours, theirs) if isinstance(ours, int) and isinstance(theirs, int) and theirs < ours else None


def past_the_target(pair: Pair) -> tuple[int, int] | None:
    """The planned length and the target's own, in tokens, where more is planned than the target has."""
    planned, own = pair.options.context, pair.target.context
    return (planned, own) if planned is not None and isinstance(own, int) and own < planned else None


def may_be_multiplied(facts: Fingerprint) -> bool:
    """Whether vLLM and SGLang may multiply the model's length by the factor of its rope scaling, as for some types."""
    rope = _rope(facts)
    return bool(rope and rope.factor and rope.scaling not in _COUNTED)


def before_longrope(facts: Fingerprint) -> Fingerprint:
    """The model at the length before LongRoPE stretches it; any other model as it is."""
    rope = _rope(facts)
    if rope is None or rope.scaling not in ("longrope", "su") or rope.original is None:
        return facts
    return ended(facts, rope.original)


def ended(facts: Fingerprint, length: int) -> Fingerprint:
    """The model, at so many tokens at most."""
    own = facts.context
    return facts if isinstance(own, int) and own <= length else replace(facts, context=length)


def _rope(facts: Fingerprint) -> Rope | None:
    return None if isinstance(facts.architecture, Unknown) else facts.architecture.rope


def has_position_table(facts: Fingerprint) -> bool:
    """Whether positions past the context are out of range."""
    return not isinstance(facts.architecture, Unknown) and facts.architecture.model_type in POSITION_TABLES


def past_the_table(pair: Pair) -> Mendable | None:
    """A drafter that is asked for positions that it has no row for."""
    if (lengths := shorter_drafter(pair)) is None or not has_position_table(pair.drafter):
        return None
    ours, theirs = lengths
    reason = f"compares no lengths, and the drafter's table of positions ends at {theirs} tokens of the target's {ours}"
    return Mendable(Judgement(Outcome.CRASHES, reason), change.sooner_end(theirs))


def past_the_targets_table(pair: Pair) -> Mendable | None:
    """A plan that is longer than the target's table of positions."""
    if (lengths := past_the_target(pair)) is None or not has_position_table(pair.target):
        return None
    planned, own = lengths
    reason = f"compares no lengths, and the target's table of positions ends at {own} tokens of the planned {planned}"
    return Mendable(Judgement(Outcome.CRASHES, reason), change.sooner_end(own))


def past_the_targets_training(pair: Pair) -> Judgement | None:
    """A plan that is longer than the target was trained for: that is the target's own trouble, with or without drafts.

    Verification stays exact.
    """
    if (lengths := past_the_target(pair)) is None:
        return None
    planned, own = lengths
    reason = f"compares no lengths, and past the target's own {own} tokens (of the planned {planned}) neither text nor"
    return Judgement(
        Outcome.DEGRADES, f"{reason} drafts can be relied on", f"keep prompt and output together below {own} tokens"
    )


def past_the_training(pair: Pair) -> Judgement | None:
    """A drafter that is asked for rotary positions that it was not trained on."""
    if (lengths := shorter_drafter(pair)) is None:
        return None
    ours, theirs = lengths
    reason = f"drafts on past the drafter's {theirs} tokens (the target has {ours}), where few drafts are accepted"
    return Judgement(Outcome.DEGRADES, reason, f"keep prompt and output together below {theirs} tokens")
