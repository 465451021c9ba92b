"""The tables of a result on the console: drawn on a terminal, one row a line elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .table import COLUMNS, NUMBERS_FROM, RATIO_COLUMNS, ratio_rows, remarks, rows


def show(results: Sequence[dict[str, Any]], console: Console) -> None:
    """Prints both tables and the remarks; the ratios, which answer the question, come last."""
    _table(COLUMNS, [row for one in results for row in rows(one)], console)
    for one in results:
        for sentence in remarks(one):
            console.print(Text(sentence), soft_wrap=True)
    _table(RATIO_COLUMNS, [row for one in results for row in ratio_rows(one)], console)


def _table(columns: Sequence[str], lines: Sequence[Sequence[str]], console: Console) -> None:
    if not lines:
        return
    if not console.is_terminal:
        for line in aligned([columns, *lines]):
            console.print(Text(line), soft_wrap=True)
        return
    table = Table()
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number >= NUMBERS_FROM else "left")
    for cells in lines:
        table.add_row(*map(Text, cells))
    console.print(table)


def aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines with two spaces between columns; a row's last words may run past their column."""
    full = [line for line in lines if line[-1]]
    widths = [max(map(len, column)) for column in zip(*full, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
