"""The gate's result for a person: the answer, then a line per pair and per finding, each with its place in a file."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from ..visible import harmless
from .entries import NOT_PASSED, Entry, Pair, Result, located, of_pair, of_project

_VERDICT = {"certified": "bold green", "refused": "bold red", "undecided": "bold yellow"}
_RESULT = {"passed": "green", "failed": "bold red", "undecided": "bold yellow"}
_ORDER = ("failed", "undecided", "passed")
_SEVERITY = {"error": "red", "open": "yellow", "warning": "yellow", "note": "dim", "ignored": "dim"}


def render(result: Result, *, verbose: bool = False) -> list[Text]:
    """The result, a line each; styles show on a terminal alone, and a line is never folded.

    Args:
        result: the gate's.
        verbose: whether notes are told too, which change nothing.
    """
    lines = [Text(harmless(result["answer"]), style=_VERDICT[result["verdict"]])]
    lines += [_finding(entry) for entry in of_project(result) if entry.decides]
    for pair in sorted(result["pairs"], key=lambda pair: _ORDER.index(pair["result"])):
        lines += _pair(pair, verbose=verbose)
    for found in result["no_pair"]:
        said = f"{located(found)}: {found['engine']} drafts by {found['method']}, which needs no second model"
        lines.append(_line("no pair", said, "dim"))
    return lines + [_finding(entry) for entry in of_project(result) if not entry.decides]


def plain(result: Result) -> str:
    """The lines without styles."""
    return "".join(f"{line.plain}\n" for line in render(result))


def _pair(pair: Pair, *, verbose: bool) -> list[Text]:
    name = pair["id"]
    told = f"{name} {located(pair['place'])}: {pair['answer']}"
    lines = [_line(pair["result"], told, _RESULT[pair["result"]])]
    lines += [_finding(entry) for entry in of_pair(pair) if _adds(entry, pair) and (verbose or _matters(entry))]
    lines += [_line("note", f"{name}: {note}", "dim") for note in pair["notes"]]
    lines += [_line("do", f"{name}: {advice}", "bold") for advice in pair["advice"]]
    if pair["certificate"]:
        lines.append(_line("written", f"{name}: certificate {pair['certificate']}", "dim"))
    return lines


def _adds(entry: Entry, pair: Pair) -> bool:
    """Whether a finding says what the pair's own line does not."""
    return entry.finding["code"] != NOT_PASSED and not pair["answer"].endswith(entry.finding["message"])


def _matters(entry: Entry) -> bool:
    return entry.decides or (entry.finding["severity"] != "note" and not entry.ignored) or _spared(entry)


def _spared(entry: Entry) -> bool:
    """Whether a pair would not pass without the exception."""
    return entry.ignored is not None and entry.finding["severity"] in ("error", "open")


def _finding(entry: Entry) -> Text:
    finding: dict[str, Any] = entry.finding
    severity = "ignored" if entry.ignored else finding["severity"]
    reason = f" ({entry.ignored})" if entry.ignored else ""
    said = f"{finding['code']} {finding['name']}: {finding['message']}{reason}"
    return Text.assemble(harmless(f"{located(entry.place)}: "), (severity, _SEVERITY[severity]), f" {harmless(said)}")


def _line(label: str, text: str, style: str) -> Text:
    return Text.assemble((f"{label:10}", style), harmless(text))
