"""What a scan found, for a person: one line for each, with its place."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from ..visible import counted, harmless


def render(listed: dict[str, Any]) -> list[Text]:
    """The listing as `project.listing` makes it, a line each."""
    found = listed["pairings"]
    open_ = sum(one["status"] == "undecided" for one in found)
    first = f"{counted(len(found), 'pairing')} in {counted(listed['files'], 'file')}"
    said = [Text(f"{first}{f', {open_} of which cannot be settled' if open_ else ''}", style="bold")]
    for one in found:
        names = f"{one['target'] or one['written']['target'] or '?'} × {one['drafter'] or one['written']['drafter']}"
        why = f": {one['why']}" if one["why"] else ""
        style = "yellow" if one["why"] else "green"
        said.append(_line(one, one["status"], style, f"{one['engine']} {names}{why}"))
    said += [
        _line(one, "no pair", "dim", f"{one['engine']} drafts by {one['method']}, without a second model")
        for one in listed["no_pair"]
    ]
    unread = [(one["file"], f" it {one['why']}") for one in listed["unread"]]
    return said + [Text.assemble(harmless(f"{file}: "), ("unread", "yellow"), harmless(why)) for file, why in unread]


def _line(one: dict[str, Any], label: str, style: str, text: str) -> Text:
    where = f"{one['file']}:{one['line']}:{one['column']}: "
    return Text.assemble(harmless(where), (label, style), harmless(f" {text}"))
