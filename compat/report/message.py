"""Findings as sentences, with every string from a repository made visible and harmless."""

from __future__ import annotations

from typing import Any

from ..finding import Finding, OpenQuestion
from ..rules import BY_CODE
from ..visible import shortened, visible

_LONGEST = 48
_MOST = 12
_GROUPED = 1_000_000  # ids and vocabulary sizes stay as people know them; counts of parameters need the commas


def quoted(token: str | None) -> str:
    """A token's text in quotes, shortened where it is long."""
    if token is None:
        return "nothing"
    return f"'{shortened(visible(token), _LONGEST)}'"


def message(found: Finding) -> str:
    """The finding as one sentence in one line."""
    values = {key: _value(value) for key, value in found.args.items()}
    return BY_CODE[found.code].message.format(subject=found.subject.value, **values)


def questions(asked: tuple[OpenQuestion, ...]) -> list[tuple[str, str, list[str]]]:
    """Open questions by reason: (whose, why, codes of the rules that stay open)."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for question in asked:
        codes = grouped.setdefault((question.subject.value, visible(question.why)), [])
        if question.code not in codes:
            codes.append(question.code)
    return [(subject, why, codes) for (subject, why), codes in grouped.items()]


def _value(value: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, list):
        if not value:
            return "no id"
        shown = ", ".join(_item(item) for item in value[:_MOST])
        return shown if len(value) <= _MOST else f"{shown}, … {len(value)} in all"
    if isinstance(value, int) and value >= _GROUPED:
        return f"{value:,}"
    return visible(value) if isinstance(value, str) else str(value)


def _item(item: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    if not isinstance(item, dict):
        return visible(str(item))
    if "file" in item:
        return f"{item['file']} {item['ids']}"
    if "token" in item:
        return f"{item['id']} {quoted(item['token'])}"
    return f"id {item['id']} is {quoted(item['target'])} / {quoted(item['drafter'])}"
