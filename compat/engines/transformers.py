"""transformers: `generate(assistant_model=…)`. The sizes alone decide whether ids or texts are handed over.

Read from `generation/utils.py` and `generation/candidate_generator.py` of 5.23.0, and held against the library itself
by the tests. The call that is judged passes no tokenizers; what passing both does is part of the reason.
"""

from __future__ import annotations

from dataclasses import replace

from .. import model_types
from ..evidence import Unknown
from ..facts_model import Kind
from ..relation import Pair
from . import change, lengths, shared
from .change import Change
from .decide import Mendable, decide
from .outcome import Engine, Judgement, Outcome
from .tokens import other_tokens

# The classes that set `_is_stateful`, by model type, and what they name the text model inside.
_REFUSED_STATES = frozenset(
    """
    bailing_hybrid bamba deepseek_v4 falcon_h1 falcon_mamba glm5_next granitemoehybrid jamba kimi_linear mamba mamba2
    minicpm_ocr minicpmv4_6 minicpmv4_7 nemotron3_5_transcribe nemotron_h nemotron_h_omni olmo_hybrid qwen3_5
    qwen3_5_moe qwen3_5_moe_text qwen3_5_text qwen3_next qwen4_exp qwen4_exp_text recurrent_gemma rwkv xlstm zamba
    zamba2 zaya
    """.split()
)
# Their convolution states are cut back with the rest of the cache.
_CUT_BACK = frozenset("lfm2 lfm2_moe".split())
# They have no attention layer at all, and the count of cached tokens that the drafting asks for is kept by those.
_NO_LENGTH = frozenset("falcon_mamba mamba mamba2 recurrent_gemma rwkv xlstm".split())
_DOC = "(see https://huggingface.co/docs/transformers/en/generation_strategies#universal-assisted-decoding)"
_TYPOS = "(note: typos in the generate arguments will also show up in this list)"
_ONE_AT_A_TIME = change.other_options(
    "give generate() one sequence at a time", lambda options: replace(options, batch=None)
)
_BOTH = "pass tokenizer= and assistant_tokenizer= with do_sample=False"


def judge(pair: Pair) -> Judgement:
    """What transformers does: ids are shared where the sizes are equal; otherwise it asks for the tokenizers."""
    return decide(
        pair.stretched(),
        shared.head_not_judged,
        shared.gguf_not_judged,
        shared.not_loadable,
        _target_state,
        _batch,
        _sizes,
        _kinds,
        _drafter_without_length,
        shared.open_facts,
        lengths.past_the_targets_table,
        lengths.past_the_table,
        lengths.open_context,
        other_tokens,
        _drafter_state,
        lengths.past_the_targets_training,
        lengths.past_the_training,
        lambda _: Judgement(Outcome.RUNS, "finds the vocabulary sizes equal, shares ids and verifies exactly"),
    )


def _batch(pair: Pair) -> Mendable | None:
    """`_assisted_decoding`."""
    if (batch := pair.options.batch or 1) == 1:
        return None
    message = "assisted generate is only supported for batch_size = 1"
    judged = Judgement(Outcome.REFUSES, f"drafts for one sequence at a time, and {batch} are planned", message=message)
    return Mendable(judged, _ONE_AT_A_TIME)


def _kinds(pair: Pair) -> Judgement | None:
    """What is no causal model on both sides: it is not tested, and goes in different ways."""
    kinds = [
        None if isinstance(one, Unknown) else one.kind for one in (pair.target.architecture, pair.drafter.architecture)
    ]
    match kinds:
        case [Kind.ENCODER_DECODER, Kind.ENCODER_DECODER]:
            reason = "assists encoder-decoder models by rules of their own, not judged here"
            return Judgement(Outcome.UNKNOWN, reason)
        case [Kind.ENCODER_DECODER, _]:
            message = "The following `model_kwargs` are not used by the model: ['encoder_outputs']"
            reason = "hands the target's encoder output to the drafter, which has no use for it"
            return Judgement(Outcome.REFUSES, reason, message=f"{message} {_TYPOS}")
        case [Kind.ENCODER, _]:
            return _encoder(pair)
        case [_, Kind.ENCODER_DECODER]:
            reason = (
                "was seen to give other output than the target's own where the drafter has an encoder and a decoder"
            )
            return Judgement(Outcome.WRONG_OUTPUT, reason)
        case [_, Kind.ENCODER]:
            reason = "takes an encoder for a drafter where its class can generate at all, which is not judged here"
            return Judgement(Outcome.UNKNOWN, f"{reason}; next to no draft of it is accepted")
    return None


def _encoder(pair: Pair) -> Judgement:
    found = pair.target.architecture
    if isinstance(found, Unknown) or found.model_type not in model_types.ENCODERS:
        return Judgement(Outcome.UNKNOWN, "was not seen to verify drafts with such an encoder")
    message = "'NoneType' object has no attribute 'crop'"
    return Judgement(Outcome.CRASHES, "cuts back a cache that the target, an encoder, does not keep", message=message)


def _target_state(pair: Pair) -> Judgement | None:
    found = pair.target.architecture
    if isinstance(found, Unknown) or not found.stateful or found.model_type in _CUT_BACK:
        return None
    if found.model_type not in _REFUSED_STATES:
        reason = f"was not seen to roll back the target's state ({found.model_type})"
        return Judgement(Outcome.UNKNOWN, reason)
    named = found.classes[0] if found.classes else found.model_type
    message = f"assisted generation is not supported with stateful models, such as {named}"
    return Judgement(Outcome.REFUSES, f"cannot roll back the target's state ({found.model_type})", message=message)


def _sizes(pair: Pair) -> Mendable | None:
    """`_validate_generation_mode`, and what each way through it leads to."""
    if (sizes := shared.unequal_widths(pair)) is None:
        return None
    ours, theirs = sizes
    message = (
        "The main and assistant models have different tokenizers. Please provide `tokenizer` and `assistant_tokenizer`"
        f" to `generate()` {_DOC}."
    )
    reason = (
        f"takes vocab_size {ours} and {theirs} for different tokenizers and asks for both; given both, it re-encodes"
        f" the text of the drafts when greedy, and when sampling it {_sampling(pair)}"
    )
    judged = Judgement(Outcome.REFUSES, reason, message=message)
    return Mendable(judged, Change(f"{_BOTH} to hand drafts over as text", shared.widened(sizes).made))


def _sampling(pair: Pair) -> str:
    """`AssistantToTargetTranslator`, given both tokenizers.

    Where the target has every token of the drafter there is nothing to prune, and the list of kept ids is never made,
    but read. Otherwise logits are scattered by ascending id while they stand in the order of `get_vocab()`, which is no
    order: the drafter's distribution that the test is given is not the one that was sampled.
    """
    ours, theirs = pair.target.vocabulary, pair.drafter.vocabulary
    if isinstance(ours, Unknown) or isinstance(theirs, Unknown):
        return "crashes or biases the output"
    alike = ours.digest == theirs.digest  # compared first, since sets of all tokens take a while
    if None not in theirs.tokens and (alike or {*ours.tokens}.issuperset(theirs.tokens)):
        return (
            "crashes (AttributeError: 'AssistantToTargetTranslator' object has no attribute"
            " 'assistant_overlap_token_ids')"
        )
    return "puts the drafter's logits at other ids than those that it sampled, so that the output is biased"


def _drafter_without_length(pair: Pair) -> Judgement | None:
    found = pair.drafter.architecture
    if isinstance(found, Unknown) or found.model_type not in _NO_LENGTH:
        return None
    reason = f"tests the target's state alone, and asks the drafter's cache ({found.model_type}) for a length it lacks"
    message = "`get_seq_length` can only be called on Attention layers, and the current Cache seem to only contain"
    known = f"{message} LinearAttention layers." if "mamba" in found.model_type else None
    return Judgement(Outcome.CRASHES, reason, "take a drafter with attention", known)


def _drafter_state(pair: Pair) -> Judgement | None:
    found = pair.drafter.architecture
    if isinstance(found, Unknown) or not found.stateful or found.model_type in _CUT_BACK:
        return None
    reason = f"leaves rejected drafts in the drafter's state ({found.model_type}), so that fewer drafts are accepted"
    return Judgement(Outcome.DEGRADES, reason, "take a drafter with attention alone")


ENGINE = Engine("transformers", "5.23.0", judge, frozenset({"batch"}))
