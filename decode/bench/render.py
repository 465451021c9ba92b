"""Saved results as one Markdown document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import DecodeError
from .table import COLUMNS, NUMBERS_FROM, RATIO_COLUMNS, ratio_rows, remarks, rows

FORMAT = 1  # of the JSON
_HEAD = """\
# Benchmarks

Rendered from saved results by `specdec-run bench --render FILE... --markdown FILE`; nothing here is written by hand.

Tokens per second count decoding alone, from the first commit after which both models have read the prompt to the last.
Every engine has a process of its own, the same prompts and the same number of new tokens, and they take turns:
repetition 1 of all, then repetition 2. Medians stand before the least and the most of all repetitions; a ratio is the
median of the ratios within a repetition. An engine's best setting was chosen in trials that do not count. *Bound* is
E / (1 + γ c) times our own plain decoding, E = (1 - α^(γ + 1)) / (1 - α): what drafts of a model can give at the α and
the c that were measured; an engine that also looks the prompt up may pass it. GB/s are bytes of weights read, by
counted forwards.
"""


def read(file: Path) -> dict[str, Any]:
    """A saved result.

    Raises:
        DecodeError: if the file is none.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        version = found["bench"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DecodeError(f"{file} is no result of `specdec-run bench --json` ({error}): give one that is.") from None
    if version != FORMAT:
        raise DecodeError(f"{file} has format {version}, and this version reads {FORMAT}: measure again.")
    return dict(found)


def markdown(documents: Sequence[dict[str, Any]]) -> str:
    """The document, one section for each saved result."""
    return "\n".join([_HEAD, *(_section(one) for one in documents)])


def _section(document: dict[str, Any]) -> str:
    results, conditions = document["results"], document["conditions"]
    titles = ", ".join(one["title"] for one in results)
    known = ", ".join(f"{name} {version}" for name, version in document["versions"].items() if version is not None)
    gpus = {one["models"]["gpu"] for one in results} - {None}
    machine = document["machine"]
    lines = [
        f"## {titles}: {', '.join(sorted(gpus)) or machine['cpu']}",
        "",
        f"`{document['command']}`",
        "",
        f"{document['date']}; {', '.join([*sorted(gpus), machine['cpu']])}, {machine['cores']} cores; {known};"
        f" {conditions['runs']} repetitions of {conditions['new_tokens']} new tokens, temperature"
        f" {conditions['temperature']:g}.",
        "",
        *_table(RATIO_COLUMNS, [row for one in results for row in ratio_rows(one)]),
        "",
        *_table(COLUMNS, [row for one in results for row in rows(one)]),
        "",
        *(f"- {sentence}" for one in results for sentence in remarks(one)),
        "",
    ]
    return "\n".join(lines)


def _table(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    marks = ["---:" if number >= NUMBERS_FROM else "---" for number in range(len(columns))]
    table = [columns, marks, *lines]
    return [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in table]
