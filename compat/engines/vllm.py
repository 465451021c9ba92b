"""vLLM: `--speculative-config` with the method `draft_model`. It compares one integer.

Read from `config/speculative.py`, `config/vllm.py`, `v1/spec_decode/` and `v1/worker/gpu/spec_decode/` of 0.33.0. The
drafter's tokenizer is never loaded.
"""

from __future__ import annotations

from ..evidence import Unknown
from ..facts_tokens import Special
from ..relation import Pair
from . import architectures, change, shared
from .change import Change
from .decide import Mendable, decide
from .outcome import Engine, Judgement, Options, Outcome
from .tokens import other_tokens

_TRANSLATED = (
    '--speculative-config \'{"method":"draft_model","model":"DRAFTER","num_speculative_tokens":4,'
    '"use_heterogeneous_vocab":true}\''
)


def judge(pair: Pair, options: Options) -> Judgement:  # noqa: ARG001 - the same shape for every engine
    """What vLLM does: sizes must be equal, and whatever the tokens are, verification is exact."""
    return decide(
        pair,
        shared.not_causal,
        shared.head_not_judged,
        shared.gguf_not_judged,
        shared.not_loadable,
        _sizes,
        shared.open_facts,
        _classes,
        _state,
        _several_axes,
        other_tokens,
        shared.open_context,
        _length,
        lambda _: Judgement(Outcome.RUNS, "finds the vocabulary sizes equal and verifies exactly"),
    )


def _classes(pair: Pair) -> Judgement | None:
    return shared.not_implemented(
        pair, architectures.VLLM, "which other ones its Transformers backend takes is not judged here"
    )


def _sizes(pair: Pair) -> Judgement | Mendable | None:
    """`SpeculativeConfig.verify_equal_vocab_size_if_draft_model`."""
    if (sizes := shared.unequal_widths(pair)) is None:
        return None
    ours, theirs = sizes
    message = (
        f"Target and draft model should have the same vocabulary size. Target model vocab_size={ours}. Draft model"
        f" vocab_size={theirs}. Using models with different tokenizers can cause out-of-bounds errors during"
        " speculative decoding."
    )
    judged = Judgement(Outcome.REFUSES, f"compares vocab_size, and {ours} is not {theirs}", message=message)
    return Mendable(judged, _translation(sizes)) if _can_translate(pair) else judged


def _can_translate(pair: Pair) -> bool:
    """The translation needs a stand-in token on both sides (`VocabMapping`)."""
    roles = ((facts.unk, facts.eos) for _, facts in shared.sides(pair))
    return not any(all(isinstance(role, Special) and not role.ids for role in two) for two in roles)


def _translation(sizes: tuple[int, int]) -> Change:
    """The flag that translates between vocabularies, after which their sizes do not count."""
    told = f"pass {_TRANSLATED}, which drafts greedily and only what both vocabularies have"
    return Change(told, change.more_rows("drafter" if sizes[1] < sizes[0] else "target", max(sizes)).made)


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
    return Judgement(
        Outcome.UNKNOWN,
        "refuses a drafter with M-RoPE in its V1 model runner, and its V2 runner, the default, has no such test",
        "take a text-only drafter",
        "Speculative Decoding with draft models or parallel drafting does not support M-RoPE yet",
    )


def _length(pair: Pair) -> Judgement | None:
    """`VllmConfig._limit_max_model_len_to_draft` in the V2 runner, `_input_fits_in_drafter` in V1."""
    if (lengths := shared.shorter_drafter(pair)) is None:
        return None
    ours, theirs = lengths
    message = (
        f"The draft model's max_model_len ({theirs}) is smaller than the target model's ({ours}) and the V2 model"
        f" runner can't skip speculation for longer sequences; reducing max_model_len to {theirs}."
    )
    reason = f"serves no sequence longer than the drafter's {theirs} tokens (the V1 runner stops drafting there)"
    fix = "set VLLM_USE_V2_MODEL_RUNNER=0 to serve longer ones, undrafted from there on"
    return Judgement(Outcome.DEGRADES, reason, fix, message)


ENGINE = Engine("vllm", "0.33.0", judge)
