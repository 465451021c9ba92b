"""What came of writing a lock, for a person: what changed, and a line for each pair."""

from __future__ import annotations

from rich.text import Text

from ..project.locking import Relocked
from ..project.result import answer_of
from ..verdict import Verdict
from ..visible import counted, harmless

_STYLES = {Verdict.CERTIFIED: "green", Verdict.REFUSED: "red", Verdict.UNDECIDED: "yellow"}
_CHANGES = {"added": "green", "removed": "red", "changed": "yellow"}


def render(made: Relocked, file: str, *, unchanged: bool, new: bool) -> list[Text]:
    """What to tell of a new lock, a line each."""
    first = f"{file} is as it was" if unchanged else f"{file} {'written' if new else 'updated'}"
    held = f"{counted(len(made.lock.pairs), 'pair')} of {counted(len(made.lock.models), 'model')}"
    lines = [Text(f"{first}: {held}", style="bold")]
    lines += [_line(kind, change, _CHANGES[kind]) for kind, change in made.changes]
    for one in made.judged:
        label = "not locked" if one.report is None else one.report.decision.verdict.value
        lines.append(_line(label, f"{one.asked.id}: {answer_of(one)}", _STYLES[one.verdict]))
    return lines


def _line(label: str, text: str, style: str) -> Text:
    return Text.assemble((f"{label:11}", style), harmless(text))
