"""The options that people write beside a pair: what each engine makes of them, and of those that it lacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from making import ABSENT, OTHER_CORPUS

from specdec_check.compat import engines
from specdec_check.compat.engines import ENGINES
from specdec_check.compat.engines.outcome import Judgement, Options, Outcome
from specdec_check.compat.evidence import Unknown
from specdec_check.compat.relation import Pair

RUNS, DEGRADES, REFUSES = Outcome.RUNS, Outcome.DEGRADES, Outcome.REFUSES
CRASHES, UNKNOWN = Outcome.CRASHES, Outcome.UNKNOWN
LONG, SHORT = {"context": 4096}, {"context": 2048}
EIGHT = {"config": {"num_attention_heads": 8, "num_key_value_heads": 8}}
TABLE = {"style": "gpt2"}
TRANSLATED = Options(heterogeneous_vocab=True)
PairOf = Callable[..., Pair]


def vllm(pair: Pair, **options: Any) -> Judgement:
    return engines.judge("vllm", pair, Options(**options))


# Lengths


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("drafter", [SHORT, SHORT | TABLE])
def test_a_plan_below_both_lengths_leaves_no_trouble_with_the_shorter(
    engine: str, drafter: dict[str, Any], pair_of: PairOf
) -> None:
    pair = pair_of(LONG, drafter)
    untroubled = engines.judge(engine, pair_of(SHORT, drafter), Options())

    assert engines.judge(engine, pair, Options(context=2048)).outcome is untroubled.outcome
    assert engines.judge(engine, pair, Options(context=2049)).outcome is not RUNS
    assert engines.judge(engine, pair, Options(context=4096)) == engines.judge(engine, pair, Options())


@pytest.mark.parametrize(
    ("engine", "outcome", "of_a_table"),
    [
        ("bundled", DEGRADES, DEGRADES),
        ("transformers", DEGRADES, CRASHES),
        ("vllm", REFUSES, REFUSES),
        ("sglang", REFUSES, REFUSES),
        ("llama.cpp", DEGRADES, DEGRADES),
        ("tensorrt-llm", UNKNOWN, UNKNOWN),
        ("mlx-lm", DEGRADES, CRASHES),
    ],
)
def test_a_plan_past_the_target(engine: str, outcome: Outcome, of_a_table: Outcome, pair_of: PairOf) -> None:
    planned = Options(context=4097)
    judged = engines.judge(engine, pair_of(LONG, LONG), planned)

    assert judged.outcome is outcome
    assert "4097" in judged.reason or engine == "llama.cpp"
    assert "4096" in judged.reason
    assert engines.judge(engine, pair_of(LONG | TABLE, LONG | TABLE), planned).outcome is of_a_table


@pytest.mark.parametrize(
    ("engine", "message"),
    [
        ("vllm", "User-specified max_model_len (8192) is greater than the derived max_model_len"),
        ("sglang", "Warning: User-specified context_length (8192) is greater than the derived context_length (4096)."),
        ("llama.cpp", "the slot context (8192) exceeds the training context of the model (4096) - capping"),
    ],
)
def test_the_engines_own_words_for_it(engine: str, message: str, pair_of: PairOf) -> None:
    judged = engines.judge(engine, pair_of(LONG, LONG), Options(context=8192))

    assert (judged.message or "").startswith(message)


@pytest.mark.parametrize("engine", ["vllm", "sglang"])
def test_a_length_that_may_be_multiplied_is_not_judged(engine: str, pair_of: PairOf) -> None:
    stretched = LONG | {"config": {"rope_scaling": {"rope_type": "linear", "factor": 4.0}}}

    judged = engines.judge(engine, pair_of(stretched, stretched), Options(context=8192))

    assert judged.outcome is UNKNOWN
    assert engines.judge(engine, pair_of(stretched, stretched), Options(context=4096)).outcome is RUNS


@pytest.mark.parametrize("engine", ENGINES)
def test_a_target_without_an_end_is_as_long_as_the_plan(engine: str, pair_of: PairOf) -> None:
    pair = pair_of(LONG, SHORT)
    endless = replace(pair, target=replace(pair.target, context=None))

    assert engines.judge(engine, endless, Options()).outcome is RUNS
    assert engines.judge(engine, endless, Options(context=2048)).outcome is RUNS
    assert engines.judge(engine, endless, Options(context=4096)).outcome is not RUNS


def test_the_window_of_mlx_counts_where_sequences_reach_it(pair_of: PairOf) -> None:
    windowed = LONG | {"config": {"model_type": "gpt_oss", "sliding_window": 128}}

    for context, outcome in ((127, RUNS), (128, Outcome.WRONG_OUTPUT)):
        assert engines.judge("mlx-lm", pair_of(windowed, LONG), Options(context=context)).outcome is outcome
        drafter = engines.judge("mlx-lm", pair_of(LONG, windowed), Options(context=context))
        assert drafter.outcome is (RUNS if outcome is RUNS else DEGRADES)


@pytest.mark.parametrize(
    ("options", "outcome", "message"),
    [
        (Options(draft_context=2048), RUNS, None),
        (Options(draft_context=1024), DEGRADES, "reducing max_model_len to 1024."),
        (Options(draft_context=1024, context=1024), RUNS, None),
        (Options(draft_context=1024, context=512), REFUSES, "larger than target_max_model_len=512"),
        (Options(draft_context=4096), REFUSES, "larger than target_max_model_len=2048"),
    ],
)
def test_a_length_of_the_drafters_own_in_vllm(
    options: Options, outcome: Outcome, message: str | None, pair_of: PairOf
) -> None:
    judged = engines.judge("vllm", pair_of(SHORT, LONG), options)

    assert judged.outcome is outcome, judged
    assert message is None or (judged.message or "").endswith(message)


def test_a_length_past_the_drafters_own_is_refused_by_vllm(pair_of: PairOf) -> None:
    judged = vllm(pair_of(LONG, SHORT), draft_context=4096)

    assert judged.outcome is REFUSES
    assert judged.message == "User-specified max_model_len (4096) is greater than the derived max_model_len"


# Translation in vLLM


def test_padding_runs_where_the_vocabularies_are_translated(pair_of: PairOf) -> None:
    pair = pair_of({"rows": 512}, {"rows": 448})

    assert vllm(pair).outcome is REFUSES
    assert vllm(pair, heterogeneous_vocab=True).outcome is RUNS


@pytest.mark.parametrize(
    ("target", "drafter"),
    [
        ({"added": ("<tool>",)}, {}),
        ({"rows": 512}, {"added": ("<tool>",)}),
        ({"specials": ("<a>",), "rows": 1024}, {"specials": ("<b>",), "rows": 448}),
        ({"rows": 512}, {"rows": 448, "corpus": OTHER_CORPUS}),
    ],
)
def test_tokens_of_one_side_are_not_drafted(target: dict[str, Any], drafter: dict[str, Any], pair_of: PairOf) -> None:
    judged = vllm(pair_of(target, drafter), heterogeneous_vocab=True)

    assert judged.outcome is DEGRADES
    assert "reads its end of text in place of all others" in judged.reason
    known = vllm(pair_of(target, drafter | {"unk": "<unk>", "added": ("<unk>",)}), heterogeneous_vocab=True)
    assert "end of text" not in known.reason


def test_without_a_stand_in_there_is_no_translation(pair_of: PairOf) -> None:
    nameless = {"eos": None, "config": {"eos_token_id": ABSENT}}

    for pair, role in ((pair_of({}, nameless), "draft"), (pair_of(nameless, {}), "target")):
        judged = vllm(pair, heterogeneous_vocab=True)
        assert judged.outcome is REFUSES
        assert (judged.message or "").startswith(f"VocabMapping: {role} tokenizer has neither")
    pair = pair_of()
    untold = replace(pair, drafter=replace(pair.drafter, eos=Unknown("is not known")))
    assert vllm(untold, heterogeneous_vocab=True).outcome is UNKNOWN
    assert vllm(untold).outcome is RUNS


def test_translation_takes_the_v1_runner_with_it(pair_of: PairOf) -> None:
    """What V2 was not seen to refuse is refused, and a shorter drafter no longer ends the target's sequences."""
    several_axes = {"config": {"rope_scaling": {"type": "mrope", "mrope_section": [1, 1, 2]}}}
    pair, shorter = pair_of({}, several_axes), pair_of(LONG, SHORT)

    assert (vllm(pair).outcome, vllm(pair, heterogeneous_vocab=True).outcome) == (UNKNOWN, REFUSES)
    judged = vllm(shorter, heterogeneous_vocab=True)
    assert (judged.outcome, judged.message, judged.fix) == (DEGRADES, None, None)


def test_a_head_is_not_translated(pair_of: PairOf) -> None:
    judged = vllm(pair_of({}, {"config": {"architectures": ["LlamaForCausalLMEagle3"]}}), heterogeneous_vocab=True)

    assert judged.outcome is REFUSES
    assert judged.message == "use_heterogeneous_vocab only works with method='draft_model'"


# Several devices, several sequences


@pytest.mark.parametrize(
    ("target", "drafter", "translated", "outcome"),
    [
        (None, None, False, RUNS),
        (None, 1, False, RUNS),
        (4, None, False, RUNS),
        (4, 4, True, RUNS),
        (4, 2, False, REFUSES),
        (None, 2, False, REFUSES),
        (4, 1, False, UNKNOWN),
        (4, 1, True, REFUSES),
    ],
)
def test_vllm_splits_the_drafter_as_the_target_or_not_at_all(
    target: int | None, drafter: int | None, translated: bool, outcome: Outcome, pair_of: PairOf
) -> None:
    options = Options(tensor_parallel=target, draft_tensor_parallel=drafter, heterogeneous_vocab=translated)

    assert engines.judge("vllm", pair_of(EIGHT, EIGHT), options).outcome is outcome


@pytest.mark.parametrize("engine", ["bundled", "transformers", "llama.cpp", "mlx-lm"])
def test_of_engines_without_the_option_a_split_is_said_to_be_open(engine: str, pair_of: PairOf) -> None:
    pair = pair_of(EIGHT, EIGHT)

    told = "whether both models can be split over 4 devices is not judged here"
    assert engines.judge(engine, pair, Options(tensor_parallel=4)).reason.endswith(told)
    assert engines.judge(engine, pair, Options(tensor_parallel=1)) == engines.judge(engine, pair, Options())


def test_transformers_takes_one_sequence_at_a_time(pair_of: PairOf) -> None:
    judged = engines.judge("transformers", pair_of(), Options(batch=8))

    assert judged.outcome is REFUSES
    assert judged.message == "assisted generate is only supported for batch_size = 1"


@pytest.mark.parametrize("engine", ENGINES)
def test_an_option_that_an_engine_lacks_is_told_where_it_matters(engine: str, pair_of: PairOf) -> None:
    pair = pair_of({"rows": 512, "added": ("<tool>",)}, {"rows": 512})
    untold = engines.judge(engine, pair, Options())
    for name, value, clause in (
        ("heterogeneous_vocab", True, "it has no use_heterogeneous_vocab"),
        ("draft_context", 64, "it gives the drafter no length of its own"),
        ("draft_tensor_parallel", 2, "it gives the drafter no tensor parallel size of its own"),
        ("batch", 8, "it decodes one sequence at a time"),
    ):
        judged = engines.judge(engine, pair, Options(**{name: value}))
        lacking = name not in ENGINES[engine].options and untold.outcome.usable
        assert judged.reason.endswith(f"; {clause}") == lacking, (name, judged)
    assert engines.judge(engine, pair_of(), TRANSLATED).reason.count(";") == 0, "equal vocabularies need no translation"


@pytest.mark.parametrize("value", [0, -1, True, 1.5, "8", 2**31])
def test_no_plan_is_made_of_such_a_number(value: Any) -> None:
    with pytest.raises(ValueError, match="takes a whole number from 1"):
        Options(context=value)
    with pytest.raises(ValueError, match="takes a whole number from 1"):
        Options.of({"batch": value})


def test_options_round_trip() -> None:
    options = Options(True, True, 1, 2, 3, 4, 5)

    assert Options.of(options.to_dict()) == options
    assert Options().to_dict() == {}
    with pytest.raises(ValueError, match="true or false"):
        Options.of({"heterogeneous_vocab": 1})
