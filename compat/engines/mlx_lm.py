"""mlx-lm: `--draft-model`. It compares the sizes of the base vocabularies, without added tokens.

Read from `generate.py`, `server.py`, `utils.py`, `models/` and `models/cache.py` at d78bf58e. A draft is kept where it
equals the token that the target samples, so the drafter never changes the output.
"""

from __future__ import annotations

from ..facts import Fingerprint, Unknown
from ..relation import Pair, Relation
from ..tokenizer.vocabulary import Vocabulary
from . import shared
from .outcome import Engine, Judgement, Options, Outcome

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


def judge(pair: Pair, options: Options) -> Judgement:  # noqa: ARG001 - the same shape for every engine
    """What mlx-lm does: base sizes must agree, ids are handed over as they are, and the target's cache is cut back."""
    return shared.decide(
        pair,
        shared.not_causal,
        _no_head,
        shared.gguf_refused,
        _types,
        shared.not_loadable,
        _base_sizes,
        _state,
        _window,
        shared.out_of_range,
        shared.open_facts,
        shared.past_the_table,
        shared.open_context,
        _open_sizes,
        shared.other_tokens,
        _drafter_state,
        shared.past_the_training,
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


def _base(vocabulary: Vocabulary) -> tuple[int, int]:
    """The least and the most tokens that the base vocabulary can have.

    Added tokens may stand in it too, which the facts do not tell; those behind the last plain token mostly do not.
    """
    tokens, added = vocabulary.tokens, vocabulary.added
    last = next((number for number in reversed(range(len(tokens))) if tokens[number] and number not in added), -1)
    return sum(map(bool, tokens[: last + 1])), len(tokens) - tokens.count(None)


def _bases(pair: Pair) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Both ranges, target's first; None where a vocabulary is not known, or where the two are surely equal."""
    ours, theirs = pair.target.vocabulary, pair.drafter.vocabulary
    if isinstance(ours, Unknown) or isinstance(theirs, Unknown):
        return None
    found = pair.comparison
    if not isinstance(found, Unknown) and found.relation in (Relation.IDENTICAL, Relation.PADDED):
        return None
    bases = _base(ours), _base(theirs)
    return None if bases[0][0] == bases[1][0] else bases


def _base_sizes(pair: Pair) -> Judgement | None:
    if (bases := _bases(pair)) is None:
        return None
    (least, most), (other_least, other_most) = bases
    if most >= other_least and other_most >= least:
        return None
    reason = "compares tokenizer.vocab_size, and the base vocabularies are not equally large; its server merely warns"
    return Judgement(Outcome.REFUSES, reason, shared.OWN_TOKENS, _MESSAGE)


def _open_sizes(pair: Pair) -> Judgement | None:
    if _bases(pair) is None:
        return None
    return Judgement(Outcome.UNKNOWN, "compares tokenizer.vocab_size, and which tokens count as added is not told here")


def _state(pair: Pair) -> Judgement | None:
    found = pair.target.architecture
    if isinstance(found, Unknown) or not found.stateful:
        return None
    message = "Speculative decoding requires a trimmable prompt cache (got {'ArraysCache'})."
    return Judgement(Outcome.REFUSES, f"cannot cut back the target's state ({found.model_type})", message=message)


def _rotates(facts: Fingerprint) -> int | None:
    """The window, where layers keep no more than that."""
    found = facts.architecture
    return found.window if not isinstance(found, Unknown) and found.model_type in _ROTATING else None


def _window(pair: Pair) -> Judgement | None:
    """The caches are asked once, when they are empty; later, `trim_prompt_cache` does nothing, and says nothing."""
    if (window := _rotates(pair.target)) is None:
        return None
    reason = (
        f"cannot cut back the target's rotating cache past its {window} tokens, so rejected drafts stay in the text"
    )
    return Judgement(Outcome.WRONG_OUTPUT, reason, f"keep prompt and output together below {window} tokens")


def _drafter_state(pair: Pair) -> Judgement | None:
    found = pair.drafter.architecture
    if isinstance(found, Unknown) or not (found.stateful or _rotates(pair.drafter)):
        return None
    reason = f"leaves rejected drafts in the drafter's cache ({found.model_type}), so ever fewer drafts are accepted"
    return Judgement(Outcome.DEGRADES, reason, "take a drafter with full attention")


ENGINE = Engine("mlx-lm", "d78bf58e", judge)
