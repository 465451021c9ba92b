"""The verdict's precedence: known refusals, then what could have refused and is not known, then the certificate."""

from dataclasses import replace
from pathlib import Path

import pytest
from making import OTHER_CORPUS, make_model

from specdec_check.compat.engines import ENGINES
from specdec_check.compat.engines.outcome import Engine, Judgement, Outcome
from specdec_check.compat.evidence import Unknown
from specdec_check.compat.facts import Fingerprint
from specdec_check.compat.finding import Severity
from specdec_check.compat.options import Options
from specdec_check.compat.pipeline import check
from specdec_check.compat.relation import Pair
from specdec_check.compat.verdict import Policy, Verdict, decide


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Fingerprint, Fingerprint]:
    folder = tmp_path_factory.mktemp("pair")
    target, drafter = make_model(folder / "target", layers=2, context=1024), make_model(folder / "drafter")
    report = check(str(target.folder), str(drafter.folder))
    return report.target.facts, report.drafter.facts


def test_a_warning_certifies_unless_the_policy_says_otherwise(facts: tuple[Fingerprint, Fingerprint]) -> None:
    pair = Pair.of(*facts)

    assert decide(pair, Policy()).verdict is Verdict.CERTIFIED
    assert decide(pair, Policy(fail_on=Severity.WARNING)).verdict is Verdict.REFUSED


def test_strict_certifies_identical_alone(facts: tuple[Fingerprint, Fingerprint]) -> None:
    target, drafter = facts
    wider = replace(target, rows=replace(target.rows, head=448, embedding=448), declared=448)

    assert decide(Pair.of(target, drafter), Policy(strict=True)).verdict is Verdict.CERTIFIED
    assert decide(Pair.of(wider, drafter), Policy()).verdict is Verdict.CERTIFIED
    assert decide(Pair.of(wider, drafter), Policy(strict=True)).verdict is Verdict.REFUSED


def test_a_known_error_refuses_even_where_other_facts_are_missing(facts: tuple[Fingerprint, Fingerprint]) -> None:
    target, drafter = facts
    broken = replace(target, declared=1, vocabulary=Unknown("is not known"))

    assert decide(Pair.of(broken, drafter), Policy()).verdict is Verdict.REFUSED


def test_a_missing_fact_that_can_only_warn_leaves_the_verdict(facts: tuple[Fingerprint, Fingerprint]) -> None:
    target, drafter = facts
    pair = Pair.of(replace(target, context=Unknown("is not known")), drafter)

    assert decide(pair, Policy()).verdict is Verdict.CERTIFIED
    assert decide(pair, Policy(fail_on=Severity.WARNING)).verdict is Verdict.UNDECIDED


@pytest.mark.parametrize("fact", ["vocabulary", "rows", "declared", "architecture", "eos", "template_ids"])
def test_a_missing_fact_that_could_refuse_is_never_a_pass(facts: tuple[Fingerprint, Fingerprint], fact: str) -> None:
    target, drafter = facts
    for pair in (
        Pair.of(replace(target, **{fact: Unknown("is not known")}), drafter),
        Pair.of(target, replace(drafter, **{fact: Unknown("is not known")})),
    ):
        assert decide(pair, Policy()).verdict is Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (Outcome.RUNS, Verdict.CERTIFIED),
        (Outcome.DEGRADES, Verdict.CERTIFIED),
        (Outcome.REFUSES, Verdict.REFUSED),
        (Outcome.CRASHES, Verdict.REFUSED),
        (Outcome.WRONG_OUTPUT, Verdict.REFUSED),
        (Outcome.UNKNOWN, Verdict.UNDECIDED),
    ],
)
def test_the_gated_engine_decides_what_the_rules_leave_open(
    facts: tuple[Fingerprint, Fingerprint], outcome: Outcome, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENGINES, "made", Engine("made", "1", lambda _: Judgement(outcome, "says the test")))

    assert decide(Pair.of(*facts), Policy(engines=("made",))).verdict is verdict
    assert decide(Pair.of(*facts), Policy()).verdict is Verdict.CERTIFIED, "an engine that is not gated has no say"


def test_an_engine_s_degrading_counts_as_a_warning(
    facts: tuple[Fingerprint, Fingerprint], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENGINES, "slow", Engine("slow", "1", lambda _: Judgement(Outcome.DEGRADES, "is slow")))
    same = (facts[0], facts[0])
    policy = Policy(engines=("slow",), fail_on=Severity.WARNING)

    assert decide(Pair.of(*facts), Policy(engines=("slow",))).verdict is Verdict.CERTIFIED
    assert decide(Pair.of(*same), policy).verdict is Verdict.REFUSED


def test_a_version_that_the_profile_was_not_read_from_is_not_known(facts: tuple[Fingerprint, Fingerprint]) -> None:
    version = ENGINES["bundled"].version
    pair = Pair.of(*facts)

    assert decide(pair, Policy(engines=(f"bundled@{version}",))).verdict is Verdict.CERTIFIED
    found = decide(pair, Policy(engines=("bundled@9.9",)))
    assert found.verdict is Verdict.UNDECIDED
    assert found.judgements["bundled@9.9"].outcome is Outcome.UNKNOWN
    assert "bundled" not in found.judgements


def test_other_tokens_are_refused_whatever_an_engine_would_accept(tmp_path: Path) -> None:
    target = make_model(tmp_path / "target", layers=2)
    stranger = make_model(tmp_path / "stranger", corpus=OTHER_CORPUS)
    report = check(str(target.folder), str(stranger.folder), Policy(engines=tuple(ENGINES)))

    assert report.decision.verdict is Verdict.REFUSED
    assert {name for name, judged in report.decision.judgements.items() if judged.outcome.usable}


@pytest.mark.parametrize(("allowed", "verdict"), [(False, Verdict.REFUSED), (True, Verdict.CERTIFIED)])
def test_control_tokens_may_differ_where_the_user_allows_it(tmp_path: Path, allowed: bool, verdict: Verdict) -> None:
    target = make_model(tmp_path / "target", layers=2, specials=("<|im_start|>", "<|im_end|>"))
    drafter = make_model(tmp_path / "drafter", specials=("<|turn|>", "<|im_end|>"))
    report = check(str(target.folder), str(drafter.folder), Policy(allow_specials=allowed))

    assert report.decision.verdict is verdict
    assert "SD103" in {found.code for found in report.decision.findings}, "what is allowed is still said"


def test_a_planned_context_below_both_lengths_leaves_no_shorter_drafter(tmp_path: Path) -> None:
    target, drafter = make_model(tmp_path / "target", layers=2, context=1024), make_model(tmp_path / "drafter")
    pair = check(str(target.folder), str(drafter.folder)).pair

    def found(**options: int) -> dict[str, object]:
        decision = decide(pair, Policy(options=Options(**options)))
        return {one.code: one.args for one in decision.findings if one.code == "SD403"}

    assert found() == {"SD403": {"target": 1024, "drafter": 512}}
    assert found(context=600) == {"SD403": {"target": 600, "drafter": 512}}
    assert found(context=512) == {}
    assert found(context=4096) == found()


def test_what_a_batch_costs_is_said_to_be_left_out(facts: tuple[Fingerprint, Fingerprint]) -> None:
    def said(options: Options) -> str:
        findings = decide(Pair.of(*facts), Policy(options=options)).findings
        return next(str(found.args["least"]) for found in findings if found.code == "SD503")

    assert said(Options(batch=1, context=512)) == said(Options())
    assert said(Options(batch=8, context=512)).endswith(
        "; what 8 sequences of 512 tokens at once gain is not reckoned, for no fact tells how large caches are"
    )


def test_other_tokens_are_refused_under_translation_too(tmp_path: Path) -> None:
    target = make_model(tmp_path / "target", layers=2)
    stranger = make_model(tmp_path / "stranger", corpus=OTHER_CORPUS)
    policy = Policy(("vllm",), options=Options(heterogeneous_vocab=True))
    decision = check(str(target.folder), str(stranger.folder), policy).decision

    assert decision.verdict is Verdict.REFUSED
    assert decision.judgements["vllm"].outcome is Outcome.DEGRADES


def test_control_tokens_are_allowed_where_either_place_says_so() -> None:
    allowed = Policy(allow_specials=True)

    assert allowed == Policy(options=Options(allow_specials=True))
    assert allowed.options.allow_specials
    assert allowed.to_dict()["allow_specials"] is True


def test_every_rule_is_answered_once(tmp_path: Path) -> None:
    """Passed, found or open: a rule is in exactly one of the three, so that nothing is passed over in silence."""
    made = make_model(tmp_path / "bare", tokenizer=None, rows=384)
    full = make_model(tmp_path / "full")
    decision = check(str(made.folder), str(full.folder)).decision

    passed = set(decision.passed)
    found = {finding.code for finding in decision.findings}
    asked = {question.code for question in decision.questions}
    from specdec_check.compat.rules import BY_CODE

    assert passed | found | asked == set(BY_CODE)
    assert not passed & (found | asked)
