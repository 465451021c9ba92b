"""Markdown for a step summary: a table of the pairs, then why those that did not pass did not."""

from __future__ import annotations

from collections.abc import Iterator

from ..visible import shortened
from .entries import Entry, Pair, Result, located, models, of_pair, of_project
from .prose import code, prose

_MOST_BYTES = 1_000_000  # a summary of more than 1024 KiB is not shown at all
_LONGEST_CELL = 400
_LONGEST = 2000
_ORDER = ("failed", "undecided", "passed")


def render(result: Result) -> str:
    """The summary, cut at whole parts where it would be too long."""
    answer = _long(result["answer"]) or "(empty)"
    parts = [f"## specdec-check\n\n**{answer}**\n", *_parts(result)]
    kept, size = [], 0
    for part in parts:
        size += len(part.encode())
        if size > _MOST_BYTES:
            break
        kept.append(part)
    if left := len(parts) - len(kept):
        kept.append(f"\n{left} more lines and sections are left out here; other formats have them all.\n")
    return "".join(kept)


def _parts(result: Result) -> Iterator[str]:
    """Rows and sections, gravest pairs first."""
    pairs = sorted(result["pairs"], key=lambda pair: _ORDER.index(pair["result"]))
    if pairs:
        yield "\n| Result | Pair | Where | Answer |\n|---|---|---|---|\n"
        yield from map(_row, pairs)
    yield from (_details(pair) for pair in pairs if pair["result"] != "passed")
    if found := of_project(result):
        yield "\n### The project\n\n"
        yield from (f"- {_told(entry, placed=True)}\n" for entry in found)
    yield from _ignored(pairs)
    if result["no_pair"]:
        yield "\n### Speculation without a second model\n\n"
        for found in result["no_pair"]:
            yield f"- {code(located(found))}: {code(found['engine'])} drafts by {code(found['method'])}\n"


def _row(pair: Pair) -> str:
    said = prose(shortened(pair["answer"], _LONGEST_CELL), cell=True)
    result = pair["result"] if pair["result"] == "passed" else f"**{pair['result']}**"
    return f"| {result} | {code(pair['id'], cell=True)} | {code(located(pair['place']), cell=True)} | {said} |\n"


def _details(pair: Pair) -> str:
    names = " × ".join(code(name) for name in models(pair).split(" × "))
    engines = " and ".join(code(name) for name in pair["asked"])
    lines = [f"\n### {code(pair['id'])}: {pair['result']}\n", f"{names}{engines and f', for {engines}'}\n"]
    lines += [f"- {_told(entry)}" for entry in of_pair(pair)]
    lines += [f"- **note** {_long(note)}" for note in pair["notes"]]
    if pair["advice"]:
        lines += ["\nWhat to do:\n", *(f"- {_long(advice)}" for advice in pair["advice"])]
    return "".join(f"{line}\n" for line in lines)


def _told(entry: Entry, *, placed: bool = False) -> str:
    finding = entry.finding
    placed = placed or finding["place"] is not None
    where = f" {code(located(entry.place))}" if placed else ""
    reason = f" (ignored: {_long(entry.ignored)})" if entry.ignored else ""
    severity = "ignored" if entry.ignored else finding["severity"]
    return (
        f"**{severity}**{where} {code(finding['code'])} {prose(finding['name'])}: {_long(finding['message'])}{reason}"
    )


def _ignored(pairs: list[Pair]) -> Iterator[str]:
    """What was ignored of pairs that passed; of the others it stands among their findings."""
    found = [entry for pair in pairs if pair["result"] == "passed" for entry in of_pair(pair) if entry.ignored]
    if found:
        yield "\n### Ignored\n\n"
        yield from (f"- {code(entry.pair['id'])}: {_told(entry)}\n" for entry in found if entry.pair)


def _long(text: str) -> str:
    return prose(shortened(text, _LONGEST))
