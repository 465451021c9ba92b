"""Formats and files that a gate's result is given in, and `specdec-check report`, which shows a saved one again."""

from __future__ import annotations

from pathlib import Path

import click

from ..console import show
from ..errors import CheckError
from ..whole import write_whole
from . import gate_text, saved
from .entries import Result
from .media import RENDERERS

_LONGEST = 256 * 1024 * 1024


def _outputs(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for text in texts:
        form, equals, file = text.partition("=")
        if form not in RENDERERS or not equals or not file:
            raise click.BadParameter(f"{text!r} is not FORMAT=FILE with a format of {', '.join(RENDERERS)}.")
        if form in found or Path(file) in found.values():
            raise click.BadParameter(f"{form if form in found else file} is given twice.")
        found[form] = Path(file)
    return found


format_option = click.option(
    "--format", "form", type=click.Choice(list(RENDERERS)), default="text", show_default=True, help="What to print."
)
output_option = click.option(
    "--output",
    "outputs",
    multiple=True,
    metavar="FORMAT=FILE",
    callback=_outputs,
    help="Write the result in a format to a file as well; repeatable.",
)


verbose_option = click.option("--verbose", "-v", is_flag=True, help="Tell notes too, in the text.")


@click.command("report", short_help="Show a saved result of the gate in another format.")
@click.argument("file", type=click.Path(path_type=Path))
@format_option
@output_option
@verbose_option
def report_command(file: Path, form: str, outputs: dict[str, Path], verbose: bool) -> None:
    """Show the result that `gate --format json` wrote to FILE in another format.

    Exits 0 when it is shown: the verdict is in what is shown.
    """
    try:
        with file.open("rb") as stream:
            data = stream.read(_LONGEST + 1)
    except OSError as error:
        raise CheckError(f"{file} cannot be read ({error.strerror}): give the file of a saved result.") from error
    if len(data) > _LONGEST:
        raise CheckError(f"{file} is longer than 256 MiB: it is no result of the gate.")
    found = saved.parse(data, str(file))
    for name, output in outputs.items():
        write(output, RENDERERS[name](found).encode())
    put(found, form, verbose=verbose)


def put(found: Result, form: str, *, verbose: bool) -> None:
    """A result to standard output."""
    if form == "text":
        show(gate_text.render(found, verbose=verbose))
    else:
        click.echo(RENDERERS[form](found), nl=False)


def write(file: Path, data: bytes) -> None:
    """A file, whole or not at all.

    Raises:
        CheckError: if it cannot be written.
    """
    try:
        if file.exists() and not file.is_file():  # a pipe or a device is written to, and never replaced
            file.write_bytes(data)
        else:
            write_whole(file, data)
    except OSError as error:
        raise CheckError(f"{file} cannot be written ({error.strerror}): nothing of it was.") from error
