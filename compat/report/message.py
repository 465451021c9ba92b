"""Findings as sentences, with every string from a repository made visible and harmless."""

from __future__ import annotations

from typing import Any

from ..finding import Finding, OpenQuestion
from ..rules import BY_CODE
from ..visible import shortened, visible

_LONGEST = 48
_LONGEST_TEXT = 160
_MOST = 12
_GROUPED = 1_000_000  # ids and vocabulary sizes stay as people know them; counts of parameters need the commas


def quoted(token: str | None) -> str:
    """A token's text in quotes, shortened where it is long."""
    if token is None:
        return "nothing"
    if len(token) > _MOST and len({*token}) == 1:  # runs of blanks, which nobody would count
        return f"'{visible(token[0])}' × {len(token)}"
    return f"'{shortened(visible(token), _LONGEST)}'"


def message(found: Finding) -> str:
    """The finding as one sentence in one line."""
    values = {key: _value(value) for key, value in found.args.items()}
    return BY_CODE[found.code].message.format(subject=found.subject.value, **values)


def questions(asked: tuple[OpenQuestion, ...]) -> list[tuple[str, str, list[str]]]:
    """Open questions by reason: (whose, why, codes of the rules that stay open)."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for question in asked:
        codes = grouped.setdefault((question.subject.value, shortened(visible(question.why), 2 * _LONGEST_TEXT)), [])
        if question.code not in codes:
            codes.append(question.code)
    return [(subject, why, codes) for (subject, why), codes in grouped.items()]


def _value(value: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, list):
        if not value:
            return "no id"
        shown = ", ".join(_item(item) for item in value[:_MOST])
        return shown if len(value) <= _MOST else f"{shown}, … {len(value)} in all"
    if value is None:
        return "none"
    if isinstance(value, int) and value >= _GROUPED:
        return f"{value:,}"
    return shortened(visible(value), _LONGEST_TEXT) if isinstance(value, str) else str(value)


def _item(item: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    if not isinstance(item, dict):
        return visible(str(item))
    if "speed_up" in item:
        return f"{item['speed_up']}x at α {item['acceptance']} (γ {item['drafted']})"
    if "file" in item:
        return f"{item['file']} [{visible(', '.join([*map(str, item['ids']), *item.get('odd', ())]))}]"
    if "probe" in item:
        ours, theirs = (" ".join(map(str, item[side])) or "no id" for side in ("target", "drafter"))
        return f"{item['probe']} {quoted(item['text'])} ({ours} / {theirs} from place {item['from']} on)"
    if "token" in item:
        return f"{item['id']} {quoted(item['token'])}"
    elsewhere = f" (there at {item['elsewhere']})" if "elsewhere" in item else ""
    return f"id {item['id']} is {quoted(item['target'])} / {quoted(item['drafter'])}{elsewhere}"
