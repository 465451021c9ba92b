"""The answer in one sentence, and which engines would not run the pair."""

from __future__ import annotations

from collections.abc import Iterator

from ..engines.outcome import Outcome
from ..evidence import Unknown
from ..finding import Severity
from ..pipeline import Report
from ..relation import Relation
from ..tokenizer import added, formats
from ..verdict import Verdict
from ..visible import visible
from .message import questions


def answer(report: Report) -> str:
    """The first line: the verdict, whom it speaks for, which pair, and the reason."""
    names = f"{visible(report.target.snapshot.ref.original)} × {visible(report.drafter.snapshot.ref.original)}"
    engines = ", ".join(report.policy.engines)
    return f"{report.decision.verdict.value.upper()} for {engines}: {names}: {_reason(report)}{_warned(report)}"


def other_engines(report: Report) -> str | None:
    """The second line: the known engines that would not run the pair, by what they do; None where all would."""
    by_outcome: dict[Outcome, list[str]] = {}
    for name, judged in report.decision.judgements.items():
        if judged.outcome in _BADLY:
            by_outcome.setdefault(judged.outcome, []).append(name)
    parts = [f"{_BADLY[outcome]} {' and '.join(_enumerated(names))}" for outcome, names in by_outcome.items()]
    return "; ".join(parts) or None


_BADLY = {
    Outcome.REFUSES: "refused by",
    Outcome.CRASHES: "crashes",
    Outcome.WRONG_OUTPUT: "wrong output in",
}


def _enumerated(names: list[str]) -> list[str]:
    return [", ".join(names[:-1]), names[-1]] if len(names) > 1 else names


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
    if decision.verdict is Verdict.CERTIFIED:
        return _relation(report)
    relation = None if isinstance(report.pair.comparison, Unknown) else _relation(report)
    errors = [found for found in decision.findings if found.severity is Severity.ERROR]
    if relation is not None and errors and all(found.code.startswith("SD1") for found in errors):
        return f"{relation}{_started_all_the_same(report)}"
    return f"{_gravest(report)} ({relation})" if relation else _gravest(report)


def _started_all_the_same(report: Report) -> str:
    """Engines that were asked for and would start the pair, useless as it is."""
    judgements = report.decision.judgements
    starting = [name for name in report.policy.engines if judgements[name].outcome.usable]
    return f"; {' and '.join(_enumerated(starting))} would start it all the same" if starting else ""


def _undecided(report: Report) -> str:
    """What is missing, and how the tokens relate if that much is known."""
    missing = "; ".join(dict.fromkeys(_missing(report))) or "a fact is missing"
    if not isinstance(report.pair.comparison, Unknown):
        return f"{missing} (the tokens: {_relation(report)}{_proof(report)})"
    ours, theirs = (model.facts.reading.alike for model in (report.target, report.drafter))
    equal = formats.choose(set(ours).intersection(theirs))
    return f"{missing} (the tokens: {' and '.join(equal[1])} proved equal by digest)" if equal else missing


def _proof(report: Report) -> str:
    """How the tokens of a model that withholds files are known, and what of them is not."""
    said, readings = "", [model.facts.reading for model in (report.target, report.drafter)]
    files = {
        model.facts.vocabulary.file
        for model in (report.target, report.drafter)
        if not isinstance(model.facts.vocabulary, Unknown)
    }
    if any(files.intersection(reading.proved) for reading in readings):
        said += ", proved by digest"
    adding = sorted(added.FILES.intersection(path for reading in readings for path in reading.withheld))
    return said + (f", but for what {' and '.join(adding)} may add" if adding else "")


def _missing(report: Report) -> Iterator[str]:
    whose = {"target": report.target, "drafter": report.drafter}
    deciding = tuple(asked for asked in report.decision.questions if report.policy.refuses(asked.worst))
    for side, why, _ in questions(deciding):
        yield f"{visible(whose[side].snapshot.ref.original) if side in whose else 'the pair'} {why}"
    if not deciding:
        for name in report.policy.engines:
            judged = report.decision.judgements[name]
            if judged.outcome is Outcome.UNKNOWN:
                yield f"{name} {visible(judged.reason)}"


def _gravest(report: Report) -> str:
    """Why a pair whose tokens are not the trouble is refused."""
    refusing = [found for found in report.decision.findings if report.policy.refuses(found.severity)]
    # What a model is weighs more than how its tokens differ from the other's.
    for found in sorted(refusing, key=lambda found: found.code.startswith("SD1")):
        by_policy = "" if found.severity is Severity.ERROR else ", by --fail-on warning"
        return f"{found.subject}: {found.name.replace('-', ' ')} ({found.code}{by_policy})"
    for name in report.policy.engines:
        judged = report.decision.judgements[name]
        if not judged.outcome.usable:
            return f"{name} {judged.outcome}: {visible(judged.reason)}"
    if report.policy.fail_on is not Severity.ERROR:
        return "an engine runs it slower than it could, by --fail-on warning"
    return "--strict certifies identical vocabularies alone"


def _relation(report: Report) -> str:
    found = report.pair.comparison
    if isinstance(found, Unknown):
        return found.why
    both = found.same + len(found.differ)
    match found.relation:
        case Relation.IDENTICAL:
            widths = (report.target.facts.rows, report.drafter.facts.rows)
            wide = "" if any(isinstance(rows, Unknown) for rows in widths) else " and the logits' width"
            return f"identical, all {found.same} tokens{wide} are equal"
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
