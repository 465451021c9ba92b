"""mlx-lm: `--draft-model`. It compares the sizes of the base vocabularies, without added tokens.

Read from `generate.py`, `server.py`, `utils.py`, `models/` and `models/cache.py` at d78bf58e. A draft is kept where it
equals the token that the target samples, so the drafter never changes the output.
"""

from __future__ import annotations

from ..evidence import Unknown
from ..facts import Fingerprint
from ..relation import Pair, Relation
from . import change, lengths, shared
from .decide import OWN_TOKENS, Mendable, decide
from .outcome import Engine, Judgement, Outcome
from .tokens import other_tokens

_MESSAGE = "Draft model tokenizer does not match model tokenizer."
# Model types that it implements: the files of models/, and the other names of MODEL_REMAPPING.
_TYPES = frozenset(
    """
    Klear afm7 afmoe apertus baichuan_m1 bailing_moe bailing_moe_linear bitnet cohere cohere2 dbrx deepseek deepseek_v2
    deepseek_v3 deepseek_v32 dots1 ernie4_5 ernie4_5_moe exaone exaone4 exaone_moe falcon_h1 falcon_mamba gemma gemma2
    gemma3 gemma3_text gemma3n gemma4 gemma4_text gemma4_unified glm glm4 glm4_moe glm4_moe_lite glm_moe_dsa gpt2
    gpt_bigcode gpt_neox gpt_oss granite granitemoe granitemoehybrid helium hunyuan hunyuan_v1_dense internlm2 internlm3
    iquestcoder iquestloopcoder jamba joyai_llm_flash kimi_k2 kimi_k25 kimi_linear kimi_vl laguna lfm2 lfm2-vl lfm2_moe
    lille-130m llama llama4 llama4_text llava longcat_flash longcat_flash_ngram mamba mamba2 mellum mimo mimo_v2_flash
    minicpm minicpm3 minimax minimax_m2 ministral3 mistral mistral3 mixtral nanochat nemotron nemotron-nas nemotron_h
    olmo olmo2 olmo3 olmoe openelm phi phi-msft phi3 phi3small phimoe phixtral pixtral plamo plamo2 qwen qwen2
    qwen2_5_vl qwen2_moe qwen2_vl qwen3 qwen3_5 qwen3_5_moe qwen3_moe qwen3_next qwen3_vl qwen3_vl_moe recurrent_gemma
    rwkv7 seed_oss smollm3 solar_open stablelm starcoder2 step3p5 telechat3 youtu_llm
    """.split()
)
# Those of them whose windowed layers keep a rotating cache, which cannot be cut back once it is full.
_ROTATING = frozenset(
    """
    afmoe baichuan_m1 cohere2 exaone4 exaone_moe gemma3 gemma3_text gemma3n gemma4 gemma4_text gemma4_unified gpt_oss
    iquestloopcoder laguna mellum mimo_v2_flash ministral3 olmo3 step3p5
    """.split()
)


def judge(pair: Pair) -> Judgement:
    """What mlx-lm does: base sizes must agree, ids are handed over as they are, and the target's cache is cut back."""
    return decide(
        pair.stretched(),
        shared.not_causal,
        _no_head,
        shared.gguf_refused,
        _types,
        shared.not_loadable,
        _base_sizes,
        _state,
        _window,
        _out_of_range,
        shared.open_facts,
        lengths.past_the_targets_table,
        lengths.past_the_table,
        lengths.open_context,
        _open_sizes,
        other_tokens,
        _drafter_state,
        lengths.past_the_targets_training,
        lengths.past_the_training,
        lambda _: Judgement(Outcome.RUNS, "finds the base vocabularies equally large and keeps drafts that match"),
    )


def _no_head(pair: Pair) -> Judgement | None:
    if (method := shared.trained_head(pair)) is None:
        return None
    return Judgement(
        Outcome.REFUSES, f"drafts with whole language models, and the drafter is a trained head ({method})"
    )


def _types(pair: Pair) -> Judgement | None:
    for side, facts in shared.sides(pair):
        found = facts.architecture
        if isinstance(found, Unknown) or found.model_type in _TYPES or found.remote_code:
            continue
        message = f"Model type {found.model_type} not supported."
        return Judgement(Outcome.REFUSES, f"has no such model as the {side} ({found.model_type})", message=message)
    return None


def _bases(pair: Pair) -> tuple[int | None, int | None] | None:
    """`tokenizer.vocab_size` of both, target's first: the trained tokens. None where a vocabulary is not known."""
    ours, theirs = pair.target.vocabulary, pair.drafter.vocabulary
    return None if isinstance(ours, Unknown) or isinstance(theirs, Unknown) else (ours.base, theirs.base)


def _base_sizes(pair: Pair) -> Judgement | Mendable | None:
    ours, theirs = _bases(pair) or (None, None)
    if ours is None or theirs is None or ours == theirs:
        return None
    reason = f"compares tokenizer.vocab_size, and {ours} is not {theirs} (its server merely warns)"
    if not isinstance(pair.comparison, Unknown) and pair.comparison.relation in (Relation.IDENTICAL, Relation.PADDED):
        copied = change.same_tokenizer("drafter", "give the drafter the target's tokenizer files")
        return Mendable(Judgement(Outcome.REFUSES, reason, message=_MESSAGE), copied)
    return Judgement(Outcome.REFUSES, reason, OWN_TOKENS, _MESSAGE)


def _open_sizes(pair: Pair) -> Judgement | None:
    if (bases := _bases(pair)) is None or None not in bases:
        return None
    return Judgement(Outcome.UNKNOWN, "compares tokenizer.vocab_size, and which tokens count as added is not told here")


def _state(pair: Pair) -> Judgement | None:
    found = pair.target.architecture
    if isinstance(found, Unknown) or not found.stateful:
        return None
    message = "Speculative decoding requires a trimmable prompt cache (got {'ArraysCache'})."
    return Judgement(Outcome.REFUSES, f"cannot cut back the target's state ({found.model_type})", message=message)


def _rotates(pair: Pair, side: str) -> int | None:
    """The window, where layers keep no more than that and sequences are to reach it."""
    found = change.of(pair, side).architecture
    if isinstance(found, Unknown) or found.model_type not in _ROTATING or found.window is None:
        return None
    planned = pair.options.context
    return None if planned is not None and planned < found.window else found.window


def _window(pair: Pair) -> Mendable | None:
    """The caches are asked once, when they are empty; later, `trim_prompt_cache` does nothing, and says nothing."""
    if (window := _rotates(pair, "target")) is None:
        return None
    reason = (
        f"cannot cut back the target's rotating cache past its {window} tokens, so rejected drafts stay in the text"
    )
    ended = change.sooner_end(window - 1, f"keep prompt and output together below {window} tokens")
    return Mendable(Judgement(Outcome.WRONG_OUTPUT, reason), ended)


def _out_of_range(pair: Pair) -> Mendable | None:
    """Ids that reach a model that has no row for them.

    MLX checks no bounds, and what such a look-up does is undefined: it reads whatever lies behind the embedding, or
    kills the process. What is read for a drafter spoils its drafts alone, which are compared with what the target
    samples. What is read for the target stands in the forward that also verifies the drafts before it, and a number
    that is none gets past the mask, for zero times it is none either. So in neither direction is anything certain.
    A tail of the logits that no tokenizer names is not counted: trained models do not emit it.
    """
    for giver, taker, side in ((pair.target, pair.drafter, "drafter"), (pair.drafter, pair.target, "target")):
        if isinstance(giver.vocabulary, Unknown) or isinstance(giver.rows, Unknown) or isinstance(taker.rows, Unknown):
            continue
        emitted = range(min(giver.vocabulary.used, giver.rows.head) - 1, taker.rows.embedding - 1, -1)
        # A token that both tokenizers name past one model's rows is that model's own mistake, and in no text.
        past = (number for number in emitted if _names(giver, number) and not _names(taker, number))
        if (highest := next(past, None)) is not None:
            reason = (
                f"hands ids over as they are, up to {highest}, and the {side} has {taker.rows.embedding} rows: MLX"
                " checks no bounds, and what it reads past them is undefined"
            )
            return Mendable(Judgement(Outcome.UNKNOWN, reason), change.more_rows(side, giver.rows.head))
    return None


def _names(facts: Fingerprint, number: int) -> bool:
    return not isinstance(facts.vocabulary, Unknown) and bool(facts.vocabulary.token(number))


def _drafter_state(pair: Pair) -> Judgement | None:
    found = pair.drafter.architecture
    if isinstance(found, Unknown) or not (found.stateful or _rotates(pair, "drafter")):
        return None
    reason = f"leaves rejected drafts in the drafter's cache ({found.model_type}), so ever fewer drafts are accepted"
    return Judgement(Outcome.DEGRADES, reason, "take a drafter with full attention")


ENGINE = Engine("mlx-lm", "d78bf58e", judge)
