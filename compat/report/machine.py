"""For machines: one JSON object, version 1, as `report.schema.json` in this package has it."""

from __future__ import annotations

import json
from typing import Any

from ..certificate import tool_version
from ..engines import ENGINES
from ..errors import CheckError, SeveralErrors
from ..evidence import Unknown
from ..facts_model import Rows
from ..finding import Finding
from ..pipeline import Model, Report
from ..rules import BY_CODE
from ..verify import Verification
from .advice import advice, fix_of
from .answer import answer
from .message import message, questions

SCHEMA = 1


def dump(value: dict[str, Any] | list[dict[str, Any]]) -> str:
    """ASCII, so that no character of a repository can act on the terminal that it is printed to."""
    # Nor on the log of a CI job, some of which look for `##[` anywhere in a line.
    return json.dumps(value, indent=2, ensure_ascii=True).replace("##", "#\\u0023")


def render(report: Report, certificate: str | None) -> dict[str, Any]:
    """The report as an object.

    Args:
        report: the checked pair.
        certificate: the file that a certificate was written to, if one was.
    """
    decision, comparison = report.decision, report.pair.comparison
    return {
        **_head(decision.verdict.value),
        "answer": answer(report),
        "relation": decision.relation and decision.relation.value,
        "policy": report.policy.to_dict(),
        "target": _model(report.target),
        "drafter": _model(report.drafter),
        "comparison": None
        if isinstance(comparison, Unknown)
        else {
            "same": comparison.same,
            "differ": len(comparison.differ),
            "target_only": len(comparison.target_only),
            "drafter_only": len(comparison.drafter_only),
            "shared_tokens": comparison.shared_tokens,
            "moved": comparison.moved,
            "offset": comparison.offset,
            "same_mass": round(comparison.same_mass, 4),
            "shared_mass": round(comparison.shared_mass, 4),
        },
        "findings": [_finding(found) for found in decision.findings],
        "unknown": [
            {"subject": subject, "why": why, "rules": codes} for subject, why, codes in questions(decision.questions)
        ],
        "engines": engines_of(report),
        "advice": advice(report),
        "certificate": certificate,
    }


def engines_of(report: Report) -> dict[str, Any]:
    """What every engine does with the pair, by its name."""
    return {name: _engine(name, report) for name in report.decision.judgements}


def _engine(name: str, report: Report) -> dict[str, Any]:
    judged = report.decision.judgements[name]
    return {
        "outcome": judged.outcome.value,
        "reason": judged.reason,
        "fix": fix_of(judged, report),
        "message": judged.message,
        "version": ENGINES[name.partition("@")[0]].version,
        "gated": name in report.policy.engines,
    }


def render_error(error: CheckError) -> dict[str, Any]:
    """The object for a question that could not be settled: `error` stands where the report would."""
    first = error.errors[0] if isinstance(error, SeveralErrors) else error
    return {**_head("undecided"), "error": {"kind": first.kind, "message": error.message, "model": error.model}}


def render_verification(found: Verification) -> dict[str, Any]:
    """The object that `verify` prints: whether a certificate holds, and the pair's verdict as it is now."""
    return {
        **_head(found.report.decision.verdict.value),
        "certificate": str(found.file),
        "holds": not found.drift,
        "drift": list(found.drift),
        "changes": list(found.changes),
        "notes": [*found.notes, *_sources(found.report)],
    }


def _sources(report: Report) -> tuple[str, ...]:
    return (*report.target.snapshot.notes, *report.drafter.snapshot.notes)


def _head(verdict: str) -> dict[str, Any]:
    return {"schema": SCHEMA, "tool": {"name": "specdec-check", "version": tool_version()}, "verdict": verdict}


def _model(model: Model) -> dict[str, Any]:
    snapshot, facts = model.snapshot, model.facts
    rows, vocabulary = facts.rows, facts.vocabulary
    return {
        "id": snapshot.repository,
        "original": snapshot.ref.original,
        "commit": snapshot.commit,
        "fingerprint": facts.digest,
        "files": snapshot.digests(),
        "vocab": {
            "declared": None if isinstance(facts.declared, Unknown) else facts.declared,
            "rows": rows.head if isinstance(rows, Rows) else None,
            "embedding_rows": rows.embedding if isinstance(rows, Rows) else None,
            "evidence": rows.evidence.value if isinstance(rows, Rows) else None,
            "used": None if isinstance(vocabulary, Unknown) else vocabulary.used,
            "file": None if isinstance(vocabulary, Unknown) else vocabulary.file,
        },
        "withheld": {path: {"why": denial.why, "fix": denial.fix} for path, denial in snapshot.withheld.items()},
        "twins": dict(snapshot.twins),
        "notes": list(snapshot.notes),
    }


def _finding(found: Finding) -> dict[str, Any]:
    return {
        "code": found.code,
        "name": found.name,
        "severity": found.severity.value,
        "subject": found.subject.value,
        "message": message(found),
        "fix": BY_CODE[found.code].fix,
        "args": found.args,
        "evidence": found.evidence.value,
    }
