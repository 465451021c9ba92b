"""For a person: the answer first, then why, then what to do. One line per finding, so that a pipe can grep it."""

from __future__ import annotations

from rich.text import Text

from ..engines import ENGINES
from ..engines.outcome import Judgement
from ..evidence import Unknown
from ..facts_model import Rows
from ..finding import Severity, Subject
from ..pipeline import Model, Report
from ..verdict import Verdict
from ..verify import Verification
from ..visible import shortened, visible
from .advice import advice, fix_of
from .answer import answer, other_engines
from .message import message, questions

_VERDICT = {Verdict.CERTIFIED: "bold green", Verdict.REFUSED: "bold red", Verdict.UNDECIDED: "bold yellow"}
_LONGEST = 240
_MOST_CODES = 6
_SEVERITY = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}


def render(report: Report) -> list[Text]:
    """The report, a line each; styles show on a terminal alone."""
    decision = report.decision
    lines = [Text(answer(report), style=_VERDICT[decision.verdict])]
    if said := other_engines(report):
        lines.append(_line("engines", said, "bold"))
    lines += [
        _line(found.severity.value, f"{found.code} {found.name}: {message(found)}", _SEVERITY[found.severity])
        for found in decision.findings
    ]
    asked = questions(decision.questions)
    for subject, why, codes in asked:
        if subject == Subject.PAIR and any(why.endswith(said) for whose, said, _ in asked if whose != subject):
            continue  # what a model lacks is said of the model
        lines.append(_line("unknown", f"{subject}: {why} (open: {_some(codes)})", "yellow"))
    lines += [_line("do", visible(fix), "bold") for fix in advice(report)]
    lines += [_line("engine", _engine(name, judged, report), "dim") for name, judged in decision.judgements.items()]
    lines += [_line("target", _model(report.target), "dim"), _line("drafter", _model(report.drafter), "dim")]
    return lines + _sources(report)


def render_verification(found: Verification) -> list[Text]:
    """Whether a certificate holds, a line each: what drifted and what merely moved."""
    pair = " × ".join(visible(name) for name in found.names)
    if found.drift:
        lines = [Text(f"DRIFTED: {found.file} no longer holds for {pair}", style="bold red")]
    else:
        lines = [Text(f"HOLDS: {found.file} for {pair}", style="bold green")]
    lines += [_line("drift", visible(sentence), "red") for sentence in found.drift]
    lines += [_line("change", visible(sentence), "yellow") for sentence in found.changes]
    lines += [_line("note", visible(sentence), "dim") for sentence in found.notes]
    lines += _sources(found.report)
    if found.drift:
        lines.append(_line("now", answer(found.report), "bold"))
        lines.append(_line("do", "Check the pair again, and issue a new certificate if it fits.", "bold"))
    return lines


def _sources(report: Report) -> list[Text]:
    """Where the models were read from, if that is not the Hub as it is now."""
    notes = (*report.target.snapshot.notes, *report.drafter.snapshot.notes)
    return [_line("source", visible(note), "yellow") for note in notes]


def _line(label: str, text: str, style: str) -> Text:
    return Text.assemble((f"{label:8}", style), text)


def _some(codes: list[str]) -> str:
    """Codes of rules, as far as a line has room for them."""
    return ", ".join(codes) if len(codes) <= _MOST_CODES else f"{', '.join(codes[:_MOST_CODES])}, … {len(codes)} in all"


def _engine(name: str, judged: Judgement, report: Report) -> str:
    """A row of the engine table: what the engine does, why, what it says, and what would make it run."""
    version = "" if "@" in name else f" {ENGINES[name].version}"
    message = f' It says: "{shortened(visible(judged.message), _LONGEST)}"' if judged.message else ""
    told = None if judged.outcome.usable else fix_of(judged, report)
    fix = f" To run: {visible(told)}." if told else ""
    return f"{name}{version} {judged.outcome}: {visible(judged.reason)}.{message}{fix}"


def _model(model: Model) -> str:
    snapshot, facts = model.snapshot, model.facts
    commit = f" at {snapshot.commit[:12]}" if snapshot.commit else ""
    declared = "?" if isinstance(facts.declared, Unknown) else facts.declared or "absent"
    rows = f"{facts.rows.head} ({facts.rows.evidence})" if isinstance(facts.rows, Rows) else "?"
    used = "?" if isinstance(facts.vocabulary, Unknown) else facts.vocabulary.used
    return f"{visible(snapshot.repository)}{commit}: vocabulary declared {declared}, rows {rows}, used {used}"
