"""Annotations for GitHub: workflow commands, at most one per rule and pair.

The runner keeps ten errors, ten warnings and ten notices of a step, so the gravest come first and the last line says
what is left out. Escapes are those of the toolkit's `core` package (actions/toolkit, command.ts).
"""

from __future__ import annotations

from ..visible import harmless, shortened, visible
from .entries import Entry, Result, entries, located

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}
_KEPT = 10
_LONGEST = 2000
_IN_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY = _IN_DATA | str.maketrans({":": "%3A", ",": "%2C"})


def render(result: Result) -> str:
    """The commands, a line each, and a last line with the answer."""
    grouped: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries(result):
        whose = f"pair {entry.pair['id']}" if entry.pair else f"project {located(entry.place)}"
        grouped.setdefault((whose, entry.finding["code"]), []).append(entry)
    groups = sorted(grouped.values(), key=lambda group: list(_COMMANDS.values()).index(_command(group[0])))
    lines = [_annotation(group) for group in groups]
    lines.append(f"specdec-check: {harmless(result['answer'])}{_beyond(groups)}")
    return "".join(f"{line}\n" for line in lines)


def _command(entry: Entry) -> str:
    return "notice" if entry.ignored else _COMMANDS[entry.level]


def _annotation(group: list[Entry]) -> str:
    """One command for all that a rule found of a pair; its first entry is the gravest."""
    first, place = group[0], group[0].place
    whose = f" ({first.pair['id']})" if first.pair else ""
    title = f"{first.finding['code']} {first.finding['name']}{whose}"
    said = [f"Ignored ({entry.ignored}): {_message(entry)}" if entry.ignored else _message(entry) for entry in group]
    data = "\n".join(shortened(visible(line), _LONGEST) for line in [*said, f"What to do: {first.finding['fix']}"])
    properties = {"file": place["file"], "line": place["line"], "col": place["column"], "title": title}
    listed = ",".join(f"{key}={visible(str(value)).translate(_IN_PROPERTY)}" for key, value in properties.items())
    return f"::{_command(first)} {listed}::{data.translate(_IN_DATA)}"


def _message(entry: Entry) -> str:
    return str(entry.finding["message"])


def _beyond(groups: list[list[Entry]]) -> str:
    """How many of each kind GitHub will not show."""
    counts = dict.fromkeys(_COMMANDS.values(), 0)
    for group in groups:
        counts[_command(group[0])] += 1
    beyond = [f"{count - _KEPT} of {count} {kind}s" for kind, count in counts.items() if count > _KEPT]
    if not beyond:
        return ""
    return f" (GitHub shows {_KEPT} annotations of a kind: {' and '.join(beyond)} stand in this log alone)"
