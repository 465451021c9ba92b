"""Real pairs from end to end: verdicts on folders, and through the command line from a Hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hub.server import LoopbackHub
from running import CommandLine

from specdec_check.compat.evidence import Evidence
from specdec_check.compat.facts_model import Rows
from specdec_check.compat.finding import Severity
from specdec_check.compat.pipeline import Report, check
from specdec_check.compat.relation import Comparison, Relation
from specdec_check.compat.verdict import Policy, Verdict

pytestmark = pytest.mark.shared

CERTIFIED, REFUSED, UNDECIDED = Verdict.CERTIFIED, Verdict.REFUSED, Verdict.UNDECIDED
QWEN, R1 = "Qwen/Qwen2.5-0.5B-Instruct", "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"
# target, drafter, verdict, relation, ids that agree
PAIRS: list[tuple[str, str, Verdict, Relation | None, int | None]] = [
    ("Qwen/Qwen2.5-7B-Instruct", QWEN, CERTIFIED, Relation.PADDED, 151665),
    ("meta-llama/Llama-3.1-70B-Instruct", "meta-llama/Llama-3.2-1B-Instruct", CERTIFIED, Relation.IDENTICAL, 128256),
    ("meta-llama/Llama-2-7b-hf", "mistralai/Mistral-7B-v0.1", REFUSED, Relation.OVERLAP, 270),
    ("meta-llama/Llama-3.2-3B", "openai-community/gpt2", REFUSED, Relation.OVERLAP, 259),
    ("google-bert/bert-base-uncased", "openai-community/gpt2", REFUSED, None, None),
    ("google-t5/t5-small", "openai-community/gpt2", REFUSED, Relation.OVERLAP, None),
    (R1, QWEN, REFUSED, Relation.SPECIALS_DIFFER, 151658),
    ("Qwen/Qwen3-32B", QWEN, CERTIFIED, Relation.EXTENDS, 151665),
    ("Qwen/Qwen2.5-72B-Instruct", "Qwen/Qwen3-0.6B", CERTIFIED, Relation.EXTENDS, 151665),
    ("microsoft/Phi-3-mini-4k-instruct", "TinyLlama/TinyLlama-1.1B-Chat-v1.0", CERTIFIED, Relation.EXTENDS, 32000),
    ("microsoft/Phi-3-mini-4k-instruct", "meta-llama/Llama-2-7b-hf", CERTIFIED, Relation.EXTENDS, 32000),
    ("microsoft/phi-2", "openai-community/gpt2", CERTIFIED, Relation.EXTENDS, 50257),
    ("google/gemma-3-4b-it", "google/gemma-3-1b-it", CERTIFIED, Relation.PADDED, 262145),
    (
        "deepseek-ai/deepseek-coder-33b-instruct",
        "deepseek-ai/deepseek-coder-1.3b-instruct",
        UNDECIDED,
        Relation.IDENTICAL,
        32022,
    ),
    ("alpindale/WizardLM-2-8x22B", "mistralai/Mistral-7B-v0.1", CERTIFIED, Relation.IDENTICAL, 32000),
]


def checked(models: Path, target: str, drafter: str, policy: Policy | None = None) -> Report:
    """A pair, checked in its folders."""
    return check(str(models / target), str(models / drafter), policy)


def findings(report: Report, code: str) -> list[tuple[Severity, dict[str, Any]]]:
    """What one rule found."""
    return [(found.severity, found.args) for found in report.decision.findings if found.code == code]


@pytest.mark.parametrize(
    ("target", "drafter", "verdict", "relation", "same"), PAIRS, ids=[f"{pair[0]}-{pair[1]}" for pair in PAIRS]
)
def test_verdicts(
    target: str, drafter: str, verdict: Verdict, relation: Relation | None, same: int | None, models: Path
) -> None:
    report = checked(models, target, drafter)

    assert (report.decision.verdict, report.decision.relation) == (verdict, relation)
    if same is not None:
        assert isinstance(report.pair.comparison, Comparison)
        assert report.pair.comparison.same == same


@pytest.mark.parametrize("model", ["openai-community/gpt2", "meta-llama/Llama-2-7b-hf", "google/gemma-3-4b-it", R1])
def test_a_real_model_fits_itself(model: str, models: Path) -> None:
    decision = checked(models, model, model, Policy(strict=True)).decision

    assert (decision.verdict, decision.relation) == (CERTIFIED, Relation.IDENTICAL)


@pytest.mark.parametrize(
    ("target", "drafter", "count", "first"),
    [
        ("Qwen/Qwen3-32B", QWEN, 4, "<tool_response>"),
        ("microsoft/Phi-3-mini-4k-instruct", "meta-llama/Llama-2-7b-hf", 11, "<|endoftext|>"),
        ("microsoft/phi-2", "openai-community/gpt2", 38, " " * 31),
    ],
)
def test_ids_of_one_side_are_counted_and_named(target: str, drafter: str, count: int, first: str, models: Path) -> None:
    ((severity, told),) = findings(checked(models, target, drafter), "SD104")

    assert (severity, told["count"], len(told["ids"])) == (Severity.WARNING, count, count)
    assert told["tokens"][0] == {"id": told["ids"][0], "token": first}


def test_the_seven_ids_of_a_distilled_model(models: Path) -> None:
    ((severity, told),) = findings(checked(models, R1, QWEN), "SD103")

    assert (severity, told["differ"], told["ids"]) == (Severity.ERROR, 7, list(range(151643, 151650)))
    assert told["examples"][2] == {"id": 151645, "target": "<\uff5cAssistant\uff5c>", "drafter": "<|im_end|>"}


def test_gemma_s_sizes(models: Path) -> None:
    """The big one declares no size at all; the small one names a token past its rows, which no text uses."""
    report = checked(models, "google/gemma-3-4b-it", "google/gemma-3-1b-it")

    target, drafter = report.target.facts, report.drafter.facts
    assert (target.declared, target.nested, target.rows) == (None, True, Rows(262208, 262208, Evidence.HEADER))
    assert (drafter.declared, drafter.nested, drafter.rows) == (262144, False, Rows(262144, 262144, Evidence.HEADER))
    ((severity, told),) = findings(report, "SD302")
    assert (severity, told["tokens"]) == (Severity.NOTE, [{"id": 262144, "token": "<image_soft_token>"}])
    assert [severity for severity, _ in findings(report, "SD305")] == [Severity.NOTE]


# Through the command line, from a Hub: the six that the README promises, with the exit status of each


@pytest.mark.parametrize(
    ("target", "drafter", "status", "relation"),
    [
        ("meta-llama/Llama-3.2-3B", "gpt2", 1, "overlap"),
        ("Qwen/Qwen2.5-7B-Instruct", QWEN, 0, "padded"),
        ("meta-llama/Llama-2-7b-hf", "mistralai/Mistral-7B-v0.1", 1, "overlap"),
        ("meta-llama/Llama-3.1-70B-Instruct", "meta-llama/Llama-3.2-1B-Instruct", 0, "identical"),
        ("google-bert/bert-base-uncased", "gpt2", 1, None),
        ("t5-small", "gpt2", 1, "overlap"),
    ],
)
def test_from_a_hub(
    target: str, drafter: str, status: int, relation: str | None, hub: LoopbackHub, specdec_check: CommandLine
) -> None:
    run = specdec_check(target, drafter, "--format", "json")

    assert (run.status, run.stderr) == (status, "")
    assert run.json["relation"] == relation
    assert run.json["verdict"] == ("refused" if status else "certified")
    hub.assert_only_headers_read()


def test_sizes_from_a_hub(hub: LoopbackHub, specdec_check: CommandLine) -> None:
    found = specdec_check("Qwen/Qwen2.5-7B-Instruct", QWEN, "--format", "json").json

    assert [found[side]["vocab"]["rows"] for side in ("target", "drafter")] == [152064, 151936]
    assert [found[side]["vocab"]["used"] for side in ("target", "drafter")] == [151665, 151665]
    assert [found[side]["vocab"]["evidence"] for side in ("target", "drafter")] == ["header", "header"]
    assert (found["comparison"]["same"], found["comparison"]["differ"]) == (151665, 0)
    hub.assert_only_headers_read()
