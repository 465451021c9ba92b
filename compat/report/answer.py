"""The answer in one sentence, and what to do about it."""

from __future__ import annotations

from ..facts import Unknown
from ..finding import Severity
from ..pipeline import Report
from ..relation import Comparison, Relation
from ..rules import BY_CODE
from ..verdict import Verdict
from ..visible import visible
from .message import questions


def answer(report: Report) -> str:
    """The first line: the verdict, whom it speaks for, which pair, and the reason."""
    names = f"{visible(report.target.snapshot.ref.original)} × {visible(report.drafter.snapshot.ref.original)}"
    engines = ", ".join(report.policy.engines)
    return f"{report.decision.verdict.value.upper()} for {engines}: {names}: {_reason(report)}{_warned(report)}"


def _warned(report: Report) -> str:
    """A certificate with warnings says so where it is read first."""
    many = sum(found.severity is Severity.WARNING for found in report.decision.findings)
    if report.decision.verdict is not Verdict.CERTIFIED or not many:
        return ""
    return f" ({many} warning{'s' if many > 1 else ''})"


def _reason(report: Report) -> str:
    decision = report.decision
    if decision.verdict is Verdict.UNDECIDED:
        return _undecided(report)
    if isinstance(report.pair.comparison, Unknown):
        return _gravest(report)
    relation = _relation(report.pair.comparison)
    errors = [found for found in decision.findings if found.severity is Severity.ERROR]
    if decision.verdict is Verdict.REFUSED and not any(found.code.startswith("SD1") for found in errors):
        return f"{_gravest(report)} ({relation})"
    return relation


def _undecided(report: Report) -> str:
    asked = questions(report.decision.questions)
    if asked:
        whose = {"target": report.target, "drafter": report.drafter}
        reasons = [f"{visible(whose[side].snapshot.ref.original)} {why}" for side, why, _ in asked]
        return "; ".join(dict.fromkeys(reasons))
    unknown = [judged.reason for judged in report.decision.judgements.values() if not judged.outcome.usable]
    return f"the decoder {visible(unknown[0])}" if unknown else "a fact is missing"


def _gravest(report: Report) -> str:
    """Why a pair whose tokens are not the trouble is refused."""
    for found in report.decision.findings:
        if report.policy.refuses(found.severity):
            return f"{found.code} {found.name} ({found.subject})"
    for name in report.policy.engines:
        judged = report.decision.judgements[name]
        if not judged.outcome.usable:
            return f"{name} {judged.outcome}: {visible(judged.reason)}"
    return "--strict certifies identical vocabularies alone"


def _relation(found: Comparison) -> str:
    both = found.same + len(found.differ)
    match found.relation:
        case Relation.IDENTICAL:
            return f"identical, all {found.same} tokens and the logits' width are equal"
        case Relation.PADDED:
            return f"padded, all {found.same} tokens are equal and only unused logits differ"
        case Relation.EXTENDS:
            extra = len(found.target_only) + len(found.drafter_only)
            return f"extends, all {found.same} shared ids agree; named on one side only: {extra}"
        case Relation.SPECIALS_DIFFER:
            return f"specials-differ, control tokens differ on {len(found.differ)} of {both} shared ids"
        case Relation.OVERLAP:
            return f"overlap, {found.same} of {both} shared ids carry the same token"
        case Relation.DISJOINT:
            return "disjoint, no token in common"


def advice(report: Report) -> list[str]:
    """What to do, most pressing first; for a certified pair nothing but its warnings' fixes."""
    decision = report.decision
    fixes = [BY_CODE[found.code].fix for found in decision.findings if found.severity is not Severity.NOTE]
    if decision.verdict is Verdict.REFUSED and (
        refusing := [f for f in decision.findings if f.severity is Severity.ERROR]
    ):
        fixes = [BY_CODE[found.code].fix for found in refusing]
    if decision.verdict is Verdict.UNDECIDED:
        fixes = [f"{judged.fix[0].upper()}{judged.fix[1:]}." for judged in decision.judgements.values() if judged.fix]
        fixes += _remedies(report)
    return list(dict.fromkeys(fixes))


def _remedies(report: Report) -> list[str]:
    """What could settle the open questions."""
    reasons = [question.why for question in report.decision.questions]
    remedies = []
    if any(why.startswith("publishes") for why in reasons):
        remedies.append("Put the missing files beside the others, in the repository or in a folder of your own.")
    if any(not why.startswith("publishes") for why in reasons):
        remedies.append("Try a newer version of specdec-check: what this one does not know, it does not guess.")
    return remedies
