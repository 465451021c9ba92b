"""What the command lines share: printing, progress, and common options. For files named cli.py alone."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from functools import partial

import click
from rich.console import Console
from rich.text import Text

from .pipeline import DEFAULT_SECONDS
from .taking import Advance

offline_option = click.option("--offline", is_flag=True, help="Answer from the cache alone, and say so.")
timeout_option = click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=DEFAULT_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="The longest that the Hub may take, per model.",
)


def show(lines: Iterable[Text]) -> None:
    """To standard output, in colour on a terminal alone; lines are never folded, so that one finding stays one line."""
    console = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
    for line in lines:
        console.print(line)


def say(sentence: str) -> None:
    """To standard error: what is not the answer."""
    click.echo(sentence, err=True)


@contextlib.contextmanager
def counted(what: str) -> Iterator[Advance]:
    """A line that counts what is done: on a terminal, on standard error, gone when done.

    Args:
        what: the line, with `{count}` in it.
    """
    if not _is_watched():
        yield _nothing
        return
    # Not at the top: where nobody looks on, its import would be a tenth of the whole start.
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    told = what.replace("{count}", "{task.completed:.0f}")
    columns = (SpinnerColumn(), TextColumn(told), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda count: progress.advance(task, count)


@contextlib.contextmanager
def bars(totals: dict[str, int]) -> Iterator[dict[str, Advance]]:
    """A bar for each part of the work: on a terminal, on standard error, gone when done.

    Args:
        totals: the part's name → how much it is.
    """
    if not _is_watched():
        yield dict.fromkeys(totals, _nothing)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        tasks = {what: progress.add_task(what, total=total) for what, total in totals.items()}
        yield {what: partial(progress.advance, task) for what, task in tasks.items()}


def _is_watched() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()  # None where the shell closed it


def _nothing(_: float) -> None:
    return None
