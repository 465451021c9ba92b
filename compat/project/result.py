"""The gate's result as one JSON value, from which every output is rendered, now or later from a file.

The shape is published as `gate.schema.json` in the package above.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..certificate import tool_version
from ..pipeline import Model
from ..ref import Kind
from ..report.answer import answer
from ..report.machine import engines_of
from ..scan.scan import Located
from ..verdict import Verdict
from ..visible import counted, visible
from .declared import Place
from .gate import Gated, Judged
from .items import Item, Weight

SCHEMA = 1
_RESULTS = {Verdict.CERTIFIED: "passed", Verdict.REFUSED: "failed", Verdict.UNDECIDED: "undecided"}


def result(gated: Gated, certificates: dict[str, str], *, offline: bool) -> dict[str, Any]:
    """The value.

    Args:
        gated: what the gate came to.
        certificates: id of a pair → the file that its certificate was written to.
        offline: whether models were read from the cache alone, on purpose.
    """
    shown = Places(gated.project.root)
    return {
        "schema": SCHEMA,
        "kind": "gate",
        "tool": {"name": "specdec-check", "version": tool_version()},
        "verdict": gated.verdict.value,
        "answer": headline(gated),
        "mode": {"locked": gated.mode.locked, "frozen": gated.mode.frozen, "offline": offline},
        "scanned": {"files": gated.scanned.files},
        "pairs": [_pair(one, shown, certificates.get(one.asked.id)) for one in gated.judged],
        "findings": [_item(found, "", shown) for found in gated.items],
        "no_pair": [
            {**shown.of(located), "engine": found.engine, "method": visible(found.method)}
            for located, found in gated.scanned.unpaired()
        ],
    }


def headline(gated: Gated) -> str:
    """The answer in one line: what decided it first."""
    verdicts = [one.verdict for one in gated.judged]
    total = counted(len(verdicts), "pairing")
    refused, open_ = verdicts.count(Verdict.REFUSED), verdicts.count(Verdict.UNDECIDED)
    own = [found for found in gated.items if found.counts]
    said = []
    if open_:
        said.append(f"{open_} of {total} cannot be settled")
    if refused:
        said.append(
            f"{refused} {'is' if refused == 1 else 'are'} refused" if open_ else f"{refused} of {total} refused"
        )
    said += [f"{own[0].message.rstrip('.')}" + (f" (and {len(own) - 1} more)" if len(own) > 1 else "")] if own else []
    by_exception = sum(_by_exception(one) for one in gated.judged)
    if not open_ and not refused:
        passing = f"all {total} pass" if len(verdicts) > 1 else "the one pairing passes" if verdicts else "no pairing"
        said.append(passing + (f", {by_exception} of them by exception" if by_exception else ""))
    warned = sum(
        found.weight is Weight.WARNING and found.ignored is None for one in gated.judged for found in one.items
    )
    word = "PASSED" if gated.verdict is Verdict.CERTIFIED else gated.verdict.value.upper()
    return f"{word}: {', '.join(said)}" + (f" ({counted(warned, 'warning')})" if warned else "")


def _by_exception(one: Judged) -> bool:
    """Whether a pairing passes although the check of its two models does not."""
    checked = one.report is not None and one.report.decision.verdict is Verdict.CERTIFIED
    return one.verdict is Verdict.CERTIFIED and not checked


class Places:
    """Files as whoever runs the command sees them: relative to the working directory."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def file(self, file: str) -> str:
        """A project's file."""
        path = self._root / file
        try:
            shown = Path(os.path.relpath(path)).as_posix()
        except ValueError:  # another drive
            shown = path.as_posix()
        return visible(shown)

    def of(self, located: Located) -> dict[str, Any]:
        """The place of something that a scan found, as JSON."""
        return {"file": self.file(located.file), "line": located.line, "column": located.column}

    def place(self, place: Place) -> dict[str, Any]:
        """A place as JSON."""
        return {"file": self.file(place.file), "line": place.line, "column": place.column}


def _pair(one: Judged, shown: Places, certificate: str | None) -> dict[str, Any]:
    asked, report = one.asked, one.report
    target, drafter = asked.written
    return {
        "id": visible(asked.id),
        "source": "declared" if asked.declared else "scanned",
        "place": shown.place(asked.place),
        "asked": list(asked.policy.engines),
        "target": asked.target and visible(asked.target.original),
        "drafter": asked.drafter and visible(asked.drafter.original),
        "written": {"target": None if target is None else visible(target), "drafter": visible(drafter)},
        "options": asked.policy.options.to_dict(),
        "result": _RESULTS[one.verdict],
        "verdict": report and report.decision.verdict.value,
        "answer": answer_of(one),
        "relation": report and report.decision.relation and report.decision.relation.value,
        "findings": [_item(found, asked.id, shown) for found in one.items],
        "passed": list(report.decision.passed) if report else [],
        "engines": engines_of(report) if report else {},
        "models": {
            "target": report and _model(report.target),
            "drafter": report and _model(report.drafter),
        },
        "advice": _advice(one),
        "notes": [visible(note) for note in (*one.notes, *_sources(one))],
        "certificate": certificate,
    }


def _sources(one: Judged) -> tuple[str, ...]:
    """Where the models were read from, if that is not the Hub as it is now."""
    if one.report is None:
        return ()
    return tuple(
        dict.fromkeys((*one.report.target.snapshot.notes, *one.report.drafter.snapshot.notes)),
    )


def answer_of(one: Judged) -> str:
    """The pair in one line; where the gate says otherwise than the check of the two models, that and why."""
    if one.report is None:
        target, drafter = one.asked.written
        told = f"{', '.join(one.asked.policy.engines)}: {visible(target or '?')} × {visible(drafter)}"
        if one.verdict is Verdict.CERTIFIED:
            return f"NOT CHECKED for {told}: passes by exception from {_codes(one, ignored=True)}"
        return f"{one.verdict.value.upper()} for {told}: {one.items[0].message if one.items else 'it was not checked'}"
    said = answer(one.report)
    if one.verdict is one.report.decision.verdict:
        return said
    if one.verdict is Verdict.CERTIFIED:
        return f"PASSES by exception from {_codes(one, ignored=True)}; else {said}"
    return f"{one.verdict.value.upper()} by {_codes(one, ignored=False)}; else {said}"


def _codes(one: Judged, *, ignored: bool) -> str:
    return ", ".join(
        dict.fromkeys(found.code for found in one.items if found.decides and (found.ignored is not None) is ignored)
    )


def _advice(one: Judged) -> list[str]:
    """What to do about whatever keeps a pairing from passing, each with the rule that it answers."""
    told = {found.code: found.fix for found in reversed(one.items) if found.counts}
    fixes = [f"{code}: {visible(fix)}" for code, fix in reversed(told.items()) if not fix.startswith("Nothing")]
    return fixes if one.verdict is not Verdict.CERTIFIED else []


def _model(model: Model) -> dict[str, Any]:
    snapshot = model.snapshot
    return {
        "original": visible(snapshot.ref.original),
        "repository": visible(snapshot.repository if snapshot.ref.kind is Kind.HUB else snapshot.ref.name),
        "commit": snapshot.commit,
        "fingerprint": model.facts.digest,
    }


def _item(found: Item, about: str, shown: Places) -> dict[str, Any]:
    ignored = found.ignored
    return {
        "code": found.code,
        "name": found.name,
        "severity": found.weight.value,
        "subject": found.subject,
        "message": found.message,
        "fix": found.fix,
        "place": found.place and shown.place(found.place),
        "ignored": ignored
        and {"reason": visible(ignored.reason), "until": ignored.until and ignored.until.isoformat()},
        "decides": found.counts,
        "fingerprint": found.fingerprint(about or (found.place.file if found.place else "")),
    }
