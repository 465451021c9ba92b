"""A code quality report for GitLab: an array of issues, each at the line that names the pair."""

from __future__ import annotations

from typing import Any

from ..visible import visible
from . import machine
from .entries import Entry, Result, by_fingerprint, entries


def render(result: Result) -> str:
    """The array, gravest first."""
    issues = [_issue(entry, fingerprint) for fingerprint, entry in by_fingerprint(entries(result))]
    return machine.dump(issues) + "\n"


def _issue(entry: Entry, fingerprint: str) -> dict[str, Any]:
    finding = entry.finding
    whose = f"{entry.pair['id']}: " if entry.pair else ""
    ignored = f" (ignored: {entry.ignored})" if entry.ignored else ""
    return {
        "description": visible(f"{finding['code']} {whose}{finding['message']}{ignored}"),
        "check_name": visible(f"{finding['code']} {finding['name']}"),
        "fingerprint": fingerprint,
        "severity": _severity(entry),
        "location": {"path": visible(entry.place["file"]), "lines": {"begin": entry.place["line"]}},
    }


def _severity(entry: Entry) -> str:
    if entry.ignored or entry.level == "note":
        return "info"
    if entry.decides:
        return "major" if entry.finding["severity"] == "open" else "critical"
    return "major" if entry.level == "error" else "minor"
