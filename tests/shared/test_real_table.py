"""Every pair of PAIRS.md from end to end: the verdict that its class calls for, with what each side publishes."""

from __future__ import annotations

from pathlib import Path

import pytest
from shared.models import Row, all_rows

from specdec_check.compat.evidence import Unknown
from specdec_check.compat.facts import Fingerprint
from specdec_check.compat.pipeline import check
from specdec_check.compat.relation import Relation
from specdec_check.compat.verdict import Policy, Verdict

pytestmark = pytest.mark.shared

ROWS = all_rows()
RELATIONS = {
    "same map": {Relation.IDENTICAL, Relation.PADDED},
    "same on all shared ids": {Relation.EXTENDS},
    "few ids differ": {Relation.SPECIALS_DIFFER},
    "DIFFERENT": {Relation.OVERLAP, Relation.DISJOINT},
}
# As the issue has it: what the class alone calls for, where every fact can be had.
VERDICTS = {
    "same map": Verdict.CERTIFIED,
    "same on all shared ids": Verdict.CERTIFIED,
    "few ids differ": Verdict.REFUSED,
    "DIFFERENT": Verdict.REFUSED,
}


def complete(facts: Fingerprint) -> bool:
    """Whether a model publishes a config and weights."""
    return not isinstance(facts.architecture, Unknown) and not isinstance(facts.rows, Unknown)


def test_all_rows_are_there() -> None:
    assert len(ROWS) >= 56


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.target}-{row.drafter}")
def test_verdict(row: Row, models: Path) -> None:
    target, drafter = str(models / row.target), str(models / row.drafter)
    report = check(target, drafter)
    kind = row.verdict.partition(";")[0]

    assert report.decision.relation in RELATIONS[kind]
    if complete(report.target.facts) and complete(report.drafter.facts):
        assert report.decision.verdict is VERDICTS[kind]
    else:
        assert report.decision.verdict is (VERDICTS[kind] if VERDICTS[kind] is Verdict.REFUSED else Verdict.UNDECIDED)
    if kind == "few ids differ":
        allowed = check(target, drafter, Policy(allow_specials=True)).decision
        whole = complete(report.target.facts) and complete(report.drafter.facts)
        assert allowed.verdict is (Verdict.CERTIFIED if whole else Verdict.UNDECIDED)
        assert {found.code for found in allowed.findings} >= {"SD103"}
