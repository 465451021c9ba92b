"""What came of writing a lock, for a person: what changed, and a line for each pair."""

from __future__ import annotations

from rich.text import Text

from ..project.locking import Relocked
from ..verdict import Verdict
from .answer import answer
from .gate_text import shown


def render(made: Relocked, file: str, *, unchanged: bool, new: bool) -> list[Text]:
    """What to tell of a new lock, a line each."""
    first = f"{file} is as it was" if unchanged else f"{file} {'written' if new else 'updated'}"
    counted = f"{len(made.lock.pairs)} pairs of {len(made.lock.models)} models"
    said = [Text(f"{first}: {counted}", style="bold")]
    said += [_line("changed", change, "yellow") for change in made.changes]
    for id_, report in made.reports.items():
        verdict = report.decision.verdict
        said.append(_line(verdict.value, f"{id_}: {answer(report)}", _STYLES[verdict]))
    return said + [_line("left out", f"{one.id}: {one.items[0].message}", "yellow") for one in made.left_out]


_STYLES = {Verdict.CERTIFIED: "green", Verdict.REFUSED: "red", Verdict.UNDECIDED: "yellow"}


def _line(label: str, text: str, style: str) -> Text:
    return Text.assemble((f"{label:10}", style), shown(text))
