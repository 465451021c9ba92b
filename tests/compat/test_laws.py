"""The laws of verdicts: a model fits itself, and an unknown fact never earns a certificate."""

from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from making import ABSENT, SENTENCEPIECE, Recipe, make_model
from snapshots import BYTE_LEVEL, snapshot, tokenizer

from specdec_check.compat import model_types
from specdec_check.compat.evidence import Unknown
from specdec_check.compat.facts import Fingerprint
from specdec_check.compat.facts_model import Architecture
from specdec_check.compat.finding import Severity
from specdec_check.compat.fingerprint import fingerprint
from specdec_check.compat.options import Options
from specdec_check.compat.pipeline import check
from specdec_check.compat.relation import Pair, Relation
from specdec_check.compat.verdict import Policy, Verdict, decide

NOT_KNOWN = Unknown("is not known")
POLICIES = [
    Policy(strict=strict, fail_on=severity)
    for strict, severity in product((False, True), (Severity.ERROR, Severity.WARNING))
]
PLANNED = [Policy(options=Options(context=length, batch=4)) for length in (32, 64, 4096)]
WORDS = "a b c d e f g h".split()


def model(
    words: list[str] = WORDS,
    added: tuple[str, ...] = ("<s>", "<e>"),
    rows: int | None = None,
    tensors: Any = None,
    listed: Any = None,
    files: Any = None,
    **config: Any,
) -> Fingerprint:
    """A sound small model's facts, with parts of it changed."""
    rows = len(words) + len(added) if rows is None else rows
    known = {"model_type": "llama", "vocab_size": rows, "max_position_embeddings": 64, "eos_token_id": len(words) + 1}
    whole = tokenizer({word: number for number, word in enumerate(words)}, added, decoder=BYTE_LEVEL)
    default = {"model.embed_tokens.weight": (rows, 4), "lm_head.weight": (rows, 4), "x": (config.pop("extra", 1), 8)}
    given = {
        "tokenizer.json": whole,
        "config.json": known | config,
        "tokenizer_config.json": {"eos_token": "<e>", "bos_token": "<s>", "chat_template": "<s>"},
        **(files or {}),
    }
    sound = {name: value for name, value in given.items() if value is not None}
    weights = default if tensors is None else tensors or None
    return fingerprint(snapshot(sound, weights, listed=listed))


MODELS = {
    "sound": model(),
    "larger": model(extra=9),
    "padded": model(rows=16),
    "longer": model(extra=9, max_position_embeddings=128),
    "more words": model([*WORDS, "i"], added=()),
    "more added": model(added=("<s>", "<e>", "<tool>"), extra=9),
    "other added": model(added=("<s>", "<e>", "<other>")),
    "other specials": model(added=("<s>", "<end>")),
    "reserved": model([*WORDS[:-1], "<unused7>"]),
    "moved": model(WORDS[::-1]),
    "other": model([word * 2 for word in WORDS]),
    "nothing shared": model([word * 2 for word in WORDS], ("<1>", "<2>"), files={"tokenizer_config.json": None}),
    "no end": model(eos_token_id=None, files={"tokenizer_config.json": None}),
    "other end": model(eos_token_id=3),
    "end past rows": model(rows=9, eos_token_id=9),
    "past rows": model(added=("<s>", "<e>", "<image>"), rows=10),
    "declared wrongly": model(vocab_size=12),
    "declares nothing": model(vocab_size=None),
    "head alone is wider": model(tensors={"wte.weight": (10, 4), "lm_head.weight": (12, 4)}),
    "narrow embedding": model(tensors={"wte.weight": (9, 4), "lm_head.weight": (10, 4)}),
    "pickled": model(tensors={}, listed={"pytorch_model.bin": 99}),
    "no weights": model(tensors={}),
    "encoder": model(model_type="bert"),
    "encoder-decoder": model(is_encoder_decoder=True),
    "stateful": model(model_type="mamba"),
    "novel": model(model_type="novel"),
    "quantised": model(quantization_config={"quant_method": "gptq"}),
    "packed": model(tensors={"wte.weight": ("U8", (10, 4))}),
    "no config": model(files={"config.json": None}),
    "no tokenizer": model(files={"tokenizer.json": None}),
    "nothing": fingerprint(snapshot({})),
}
# How a model was read is always known.
FACTS = [field.name for field in fields(Fingerprint) if field.name not in ("nested", "gguf", "reading")]
LOSSES = st.dictionaries(
    st.tuples(st.booleans(), st.sampled_from([*FACTS, "kind"])), st.just(NOT_KNOWN), min_size=1, max_size=4
)


def without(facts: Fingerprint, names: list[str]) -> Fingerprint:
    """The facts, with some of them unknown; `kind` is a part of the architecture."""
    if "kind" in names and isinstance(facts.architecture, Architecture):
        facts = replace(facts, architecture=replace(facts.architecture, kind=NOT_KNOWN))
    return replace(facts, **{name: NOT_KNOWN for name in names if name != "kind"})


def verdict(target: Fingerprint, drafter: Fingerprint, policy: Policy) -> Verdict:
    return decide(Pair.of(target, drafter), policy).verdict


def test_the_models_cover_every_verdict_and_relation() -> None:
    """What the next test says of all pairs would be empty otherwise."""
    found = [decide(Pair.of(a, b), policy) for a, b in product(MODELS.values(), repeat=2) for policy in POLICIES]

    assert {decision.verdict for decision in found} == set(Verdict)
    assert {decision.relation for decision in found} == {*Relation, None}


def test_no_single_unknown_fact_earns_a_certificate() -> None:
    """Each model beside a good one, each fact of each side, each policy."""
    certified = 0
    for other, good, swapped in product(MODELS.values(), (MODELS["sound"], MODELS["larger"]), (False, True)):
        target, drafter = (other, good) if swapped else (good, other)
        refusing = [policy for policy in POLICIES if verdict(target, drafter, policy) is not Verdict.CERTIFIED]
        certified += len(POLICIES) - len(refusing)
        for name, policy in product((*FACTS, "kind"), refusing):
            assert verdict(without(target, [name]), drafter, policy) is not Verdict.CERTIFIED, name
            assert verdict(target, without(drafter, [name]), policy) is not Verdict.CERTIFIED, name
    assert certified > 20


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(sorted(MODELS)), st.sampled_from(sorted(MODELS)), LOSSES, st.sampled_from([*POLICIES, *PLANNED]))
@example("padded", "sound", {(True, "rows"): NOT_KNOWN}, Policy(strict=True))
@example("sound", "encoder", {(False, "kind"): NOT_KNOWN}, Policy())
def test_unknown_facts_never_earn_a_certificate(one: str, other: str, losses: Any, policy: Policy) -> None:
    target, drafter = MODELS[one], MODELS[other]
    if verdict(target, drafter, policy) is Verdict.CERTIFIED:
        return

    less = [[name for ours, name in losses if ours is side] for side in (True, False)]

    assert verdict(without(target, less[0]), without(drafter, less[1]), policy) is not Verdict.CERTIFIED


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: f"{policy.strict}-{policy.fail_on}")
def test_a_stricter_policy_never_certifies_more(policy: Policy) -> None:
    for target, drafter in product(MODELS.values(), repeat=2):
        if verdict(target, drafter, policy) is Verdict.CERTIFIED:
            assert verdict(target, drafter, Policy()) is Verdict.CERTIFIED


def test_the_relation_of_two_models_is_symmetric() -> None:
    named = [facts for facts in MODELS.values() if not isinstance(facts.vocabulary, Unknown)]
    for one, other in product(named, repeat=2):
        assert relation(one, other) is relation(other, one)


def relation(target: Fingerprint, drafter: Fingerprint) -> Relation | None:
    return decide(Pair.of(target, drafter), Policy()).relation


@pytest.mark.parametrize("model_type", sorted(model_types.CAUSAL - model_types.STATEFUL - model_types.CACHELESS))
def test_a_causal_model_fits_itself(model_type: str) -> None:
    facts = model(model_type=model_type)

    decision = decide(Pair.of(facts, facts), Policy())

    assert (decision.verdict, decision.relation) == (Verdict.CERTIFIED, Relation.IDENTICAL)
    assert [found.code for found in decision.findings if found.severity is not Severity.NOTE] == ["SD501"]


def recipes() -> Iterator[Recipe]:
    """Sound models of many shapes."""
    for start in (Recipe(), SENTENCEPIECE):
        for changes in (
            {},
            {"rows": 600, "tied": True},
            {"weights": "sharded", "layers": 3},
            {"weights": "header", "style": "gpt2"},
            {"text_config": True, "declared": ABSENT},
            {"generation": None, "tokenizer_config": None},
            {"pad": "<pad>", "added": ("<tool>", " "), "specials": ("<|reserved_special_token_1|>",)},
            {"tokenizer_config": {"chat_template": "{{ '<|end|>' }}"}},
        ):
            yield replace(start, **changes)


@pytest.mark.parametrize("recipe", list(recipes()), ids=range(16))
def test_a_made_model_fits_itself(recipe: Recipe, tmp_path: Path) -> None:
    folder = str(make_model(tmp_path, recipe).folder)

    for policy in (Policy(), Policy(strict=True)):
        decision = check(folder, folder, policy).decision
        assert (decision.verdict, decision.relation) == (Verdict.CERTIFIED, Relation.IDENTICAL)
        assert [found.code for found in decision.findings if found.severity is not Severity.NOTE] == ["SD501"]
