"""How many heads of attention a model has, from config.json."""

from __future__ import annotations

from .facts_model import Heads
from .fingerprint_config import Config
from .jsonfile import integer, mapping

_QUERIES = ("num_attention_heads", "n_head", "n_heads")
# Names that mean other things elsewhere: in Mamba 2 the heads of its state.
_QUERIES_OF = {"gpt_neo": "num_heads", "xglm": "attention_heads"}
_KEYS = ("num_key_value_heads", "num_kv_heads", "n_head_kv", "num_attention_groups")
# What the class fills in for repositories that leave it out of their nested config, as Gemma 3's 4B does.
_OF_CLASS = {"gemma3_text": Heads(8, 4)}
# Types whose class has as many heads of keys as of queries where the config names none; the others have a number of
# their own. Source: the configuration classes of transformers 5.23.0.
_AS_MANY = frozenset(
    """
    afmoe apertus arcee aria_text biogpt bloom codegen cohere cohere2 cohere2_moe cohere_compass_text cpmant ctrl
    deepseek_v2 diffllama doge flex_olmo gpt-sw3 gpt2 gpt_neo gpt_neox gpt_neox_japanese gptj granite granitemoe
    granitemoe_swa granitemoehybrid granitemoeshared hunyuan_v1_dense hunyuan_v1_moe hy_v4 hyperclovax jais2 llama
    longcat_flash mpt nanochat olmo olmo2 olmo3 olmo_hybrid olmoe openai-gpt opt persimmon phi phi3 recurrent_gemma xglm
    zamba2
    """.split()
)


def heads_of(config: Config) -> Heads | None:
    """The heads of every layer; None where no key names them, nor a class that is known."""
    kind = config.types[1] or config.types[0] or ""
    queries = _number(config, *_QUERIES, *filter(None, [_QUERIES_OF.get(kind)]))
    if queries is not None:
        return Heads(queries, _keys(config, kind, queries))
    return None if any(key in config.of_text for key in _QUERIES) else _OF_CLASS.get(kind)


def _keys(config: Config, kind: str, queries: int) -> int | None:
    part = config.of_text
    if kind == "gpt_bigcode":
        return queries if part.get("multi_query") is False else 1
    if kind == "falcon" and not part.get("new_decoder_architecture"):
        if part.get("multi_query") is not False:
            return 1
        return _number(config, *_KEYS) or queries
    if kind == "dbrx":
        return integer(mapping(part.get("attn_config")).get("kv_n_heads"))
    return _number(config, *_KEYS) or (queries if kind in _AS_MANY or kind == "falcon" else None)


def _number(config: Config, *keys: str) -> int | None:
    """Of the language model's part alone: what stands beside it may be of its eyes and ears."""
    return next((found for key in keys if (found := integer(config.of_text.get(key)) or 0) > 0), None)
