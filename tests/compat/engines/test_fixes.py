"""Following a fix leads to a pair that runs: each clause is carried out on the models, and they are judged anew."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from making import ABSENT, OTHER_CORPUS

from specdec_check.compat import engines
from specdec_check.compat.engines import ENGINES
from specdec_check.compat.engines.outcome import Options, Outcome
from specdec_check.compat.relation import Pair

Recipes = dict[str, dict[str, Any]]

MORE = {"added": tuple(f"<tool{number}>" for number in range(40))}
BOS = {"bos": "<s>", "specials": ("<s>",)}
WINDOW = {"config": {"model_type": "gpt_oss", "architectures": ["GptOssForCausalLM"], "sliding_window": 128}}
SHAPES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "narrower drafter": ({"rows": 512}, {"rows": 448}),
    "wider drafter": ({"rows": 448}, {"rows": 512}),
    "much narrower drafter": ({"rows": 1024}, {"rows": 448}),
    "narrower and shorter": ({"rows": 1024, "context": 4096}, {"rows": 448, "context": 2048}),
    "with a table of positions": ({"rows": 1024, "context": 4096}, {"rows": 448, "context": 2048, "style": "gpt2"}),
    "shorter": ({"context": 4096}, {"context": 2048}),
    "more tokens": (MORE, {}),
    "more tokens in as many rows": (MORE | {"rows": 512}, {"rows": 512}),
    "more tokens in many rows": (MORE | {"rows": 1024}, {}),
    "more tokens and rows, and shorter": (MORE | {"rows": 1024, "context": 2048}, {"context": 1024}),
    "fewer tokens": ({}, MORE),
    "fewer tokens, many rows": ({"rows": 448}, MORE | {"rows": 1024}),
    "windowed target": (WINDOW | {"context": 4096}, {"context": 4096}),
    "windowed target of more tokens": (WINDOW | MORE | {"rows": 1024}, {}),
    "begin of text on one side": (BOS | {"tokenizer_config": {"add_bos_token": True}}, BOS),
    "other control token": ({"specials": ("<a>",), "rows": 1024}, {"specials": ("<b>",), "rows": 448}),
    "edited config": ({}, {"declared": 500}),
    "edited config, then padding": ({"rows": 1024}, {"rows": 448, "declared": 500}),
    "hybrid drafter": ({"rows": 512}, {"config": {"model_type": "jamba", "architectures": ["JambaForCausalLM"]}}),
    "other tokens": ({"rows": 512}, {"rows": 512, "corpus": OTHER_CORPUS}),
    "other tokens, other sizes": ({"rows": 1024, "context": 4096}, {"corpus": OTHER_CORPUS, "style": "gpt2"}),
    "other tokens and a window": (WINDOW | {"rows": 512}, {"corpus": OTHER_CORPUS}),
}
EIGHT = {"config": {"num_attention_heads": 8, "num_key_value_heads": 8}}
FOURTEEN = {"config": {"num_attention_heads": 14, "num_key_value_heads": 2}}
FORTY = {"config": {"num_attention_heads": 40, "num_key_value_heads": 10}}
UNTOLD = {"config": {"num_attention_heads": ABSENT, "num_key_value_heads": ABSENT}}
SHAPES |= {
    "fourteen heads": (EIGHT, FOURTEEN),
    "fourteen heads, and narrower": (EIGHT | {"rows": 512, "context": 4096}, FOURTEEN | {"rows": 448, "context": 2048}),
    "ten heads of keys": (FORTY, EIGHT),
    "heads untold": (EIGHT, UNTOLD),
    "one head": ({"config": {"num_attention_heads": 3, "num_key_value_heads": 1}}, FOURTEEN),
}
# What is no change of these two models, nor of the options.
ADVICE = "take a drafter with"
TOKENIZER = ("added", "specials", "bos", "tokenizer_config")
# Shapes that options make or leave trouble with, and the options.
PLANS: list[tuple[str, Options]] = [
    ("shorter", Options(context=8192)),
    ("shorter", Options(context=3000)),
    ("shorter", Options(context=8192, draft_context=6000)),
    ("shorter", Options(draft_context=8192)),
    ("shorter", Options(draft_context=1024)),
    ("shorter", Options(tensor_parallel=4, draft_tensor_parallel=1, heterogeneous_vocab=True)),
    ("shorter", Options(tensor_parallel=4, draft_tensor_parallel=2, batch=8, context=5000)),
    ("with a table of positions", Options(context=8192)),
    ("with a table of positions", Options(context=8192, batch=4)),
    ("narrower drafter", Options(context=8192, batch=4)),
    ("narrower drafter", Options(tensor_parallel=4, draft_tensor_parallel=1)),
    ("narrower and shorter", Options(context=8192, draft_context=6000, heterogeneous_vocab=True)),
    ("more tokens and rows, and shorter", Options(context=4096, draft_context=2048)),
    ("windowed target", Options(context=8192)),
    ("other control token", Options(context=4096, heterogeneous_vocab=True)),
    ("edited config, then padding", Options(context=4096, batch=2)),
    ("other tokens, other sizes", Options(context=8192, draft_context=6000, batch=2)),
    ("fourteen heads", Options(tensor_parallel=4)),
    ("fourteen heads", Options(tensor_parallel=4, draft_tensor_parallel=4)),
    ("fourteen heads", Options(tensor_parallel=4, draft_tensor_parallel=1)),
    ("fourteen heads", Options(tensor_parallel=7)),
    ("fourteen heads, and narrower", Options(tensor_parallel=8, context=8192)),
    ("ten heads of keys", Options(tensor_parallel=4)),
    ("ten heads of keys", Options(tensor_parallel=8)),
    ("heads untold", Options(tensor_parallel=2)),
    ("one head", Options(tensor_parallel=2)),
]


def carry_out(clause: str, recipes: Recipes, options: Options) -> Options:
    """Changes the recipes as the clause says, or returns other options."""
    if found := re.fullmatch(r"pad the (\w+)'s embedding and head to (\d+) rows", clause):
        recipes[found[1]] |= {"rows": int(found[2]), "declared": None}
    elif found := re.fullmatch(r"set vocab_size in the (\w+)'s config.json to (\d+)", clause):
        recipes[found[1]] |= {"declared": int(found[2])}
    elif found := re.search(r"(?:--max-model-len|--context-length|max_seq_len of) (\d+)$", clause):
        return replace(options, context=min(options.context or int(found[1]), int(found[1])))
    elif found := re.search(r"(?:--tensor-parallel-size|tensor_parallel_size of) (\d+)$", clause):
        return replace(options, tensor_parallel=int(found[1]))
    elif found := re.search(r"together below (\d+) tokens$", clause):
        return replace(options, context=min(options.context or int(found[1]), int(found[1]) - 1))
    elif found := re.fullmatch(r"(?:convert|give) the (\w+) (?:with )?the (\w+)'s tokenizer files", clause):
        recipes[found[1]] |= {key: recipes[found[2]][key] for key in TOKENIZER if key in recipes[found[2]]}
    elif clause.startswith("set tokenizer.ggml.add_bos_token in the drafter's"):
        recipes["drafter"]["tokenizer_config"] = recipes["target"]["tokenizer_config"]
    elif "use_heterogeneous_vocab" in clause:
        return replace(options, heterogeneous_vocab=True)
    elif clause == "leave draft_tensor_parallel_size out of --speculative-config":
        return replace(options, draft_tensor_parallel=None)
    elif clause in ("leave max_model_len out of --speculative-config", "leave out -cd (--ctx-size-draft)"):
        return replace(options, draft_context=None)
    elif clause == "give generate() one sequence at a time":
        return replace(options, batch=None)
    elif "assistant_tokenizer=" in clause:
        widths = [recipe.get("rows", 384 + len(recipe.get("added", ()))) for recipe in recipes.values()]
        for recipe in recipes.values():  # the sizes are not compared then
            recipe |= {"rows": max(widths), "declared": None}
    else:
        assert clause == "pass --allow-specials if drafts may be rejected around those tokens", clause
        return replace(options, allow_specials=True)
    return options


@pytest.mark.parametrize(("shape", "options"), [*((shape, Options()) for shape in SHAPES), *PLANS])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_fix_is_complete(engine: str, shape: str, options: Options, pair_of: Callable[..., Pair]) -> None:
    recipes = dict(zip(("target", "drafter"), (dict(recipe) for recipe in SHAPES[shape]), strict=True))
    judged = engines.judge(engine, pair_of(*recipes.values()), options)
    if judged.outcome.usable or judged.fix is None or judged.fix.startswith(ADVICE):
        return

    for clause in re.split(r", (?:and )?(?=(?:build|convert|give|keep|leave|pad|pass|set) )", judged.fix):
        options = carry_out(clause, recipes, options)
    after = engines.judge(engine, pair_of(*recipes.values()), options)

    assert after.outcome.usable, (judged, after)


def test_the_plans_are_such_that_there_is_something_to_do(pair_of: Callable[..., Pair]) -> None:
    for shape, options in PLANS:
        pair = pair_of(*SHAPES[shape])
        judged = [engines.judge(engine, pair, options) for engine in ENGINES]
        assert any(one.fix and not one.outcome.usable for one in judged) or shape.startswith("other tokens"), shape


def test_options_are_mended_along_with_the_models(pair_of: Callable[..., Pair]) -> None:
    options = Options(context=8192, draft_context=6000, tensor_parallel=4, draft_tensor_parallel=2)

    assert engines.judge("vllm", pair_of(*SHAPES["narrower and shorter"]), options).fix == (
        "leave draft_tensor_parallel_size out of --speculative-config, pass --max-model-len 4096, leave max_model_len"
        " out of --speculative-config, pass --tensor-parallel-size 2, and pass --speculative-config"
        ' \'{"method":"draft_model","model":"DRAFTER","num_speculative_tokens":4,"use_heterogeneous_vocab":true}\','
        " which drafts greedily and only what both vocabularies have"
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_is_offered_where_plain_tokens_differ(engine: str, pair_of: Callable[..., Pair]) -> None:
    for shape in (name for name in SHAPES if name.startswith("other tokens")):
        assert engines.judge(engine, pair_of(*SHAPES[shape]), Options()).fix is None, shape


def test_what_the_law_is_about_is_met(pair_of: Callable[..., Pair]) -> None:
    """The shape of phi-2 and gpt2: wider, longer and with more tokens; the first step alone led to a refusal."""
    pair = pair_of(*SHAPES["more tokens and rows, and shorter"])
    fixes = {name: engines.judge(name, pair, Options()).fix for name in ENGINES}

    assert fixes["sglang"] == "pad the drafter's embedding and head to 1024 rows, and pass --context-length 1024"
    assert fixes["llama.cpp"] == (
        "pad the drafter's embedding and head to 1024 rows, and convert the drafter with the target's tokenizer files"
    )
    assert engines.judge("tensorrt-llm", pair, Options()).outcome is Outcome.CRASHES
    assert (fixes["tensorrt-llm"] or "").endswith("and build both with a max_seq_len of 1024")
