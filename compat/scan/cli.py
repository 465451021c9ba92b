"""`specdec-check scan`: lists the pairings that a project's files hold, with the options that `gate` shares."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ..console import counted, show
from ..project.config import load
from ..project.declared import Project
from ..project.listing import listing
from ..report import machine, scan_text
from .scan import Scanned, Wanted, scan

_F = TypeVar("_F", bound=Callable[..., Any])

_EXAMPLES = """\b
Examples:
  specdec-check scan
  specdec-check scan deploy/ --set DRAFT=Qwen/Qwen2.5-0.5B-Instruct
  specdec-check scan --markdown --format json docs/

\b
Exit status: 0 when every file was looked through, whatever was found; 2 if one could not be. `gate` judges pairs."""


def _given(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{text!r} is not NAME=VALUE.")
        found[name] = value
    return found


def scan_options(command: _F) -> _F:
    """The options that say where to look: `paths`, `folder_of_project`, `given`, `env`, `markdown`, `exclude`."""
    for option in (
        click.option(
            "--exclude", multiple=True, metavar="GLOB", help="Leave out paths such as 'vendor/**'; repeatable."
        ),
        click.option("--markdown", is_flag=True, help="Look into the code blocks of Markdown too."),
        click.option("--env", is_flag=True, help="Look into .env files too."),
        click.option(
            "--set",
            "given",
            multiple=True,
            metavar="NAME=VALUE",
            callback=_given,
            help="The value of a variable that the files leave open; repeatable.",
        ),
        click.option(
            "--project",
            "folder_of_project",
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            help="The folder whose configuration and lock hold.  [default: the working directory]",
        ),
        click.argument("paths", nargs=-1, type=click.Path(path_type=Path)),
    ):
        command = option(command)
    return command


def project_of(folder: Path | None) -> Project:
    """The project whose configuration and lock hold: the one that is named, or that of the working directory.

    What is looked through has no say in it: a configuration that somebody adds beside a file changes nothing.
    """
    return load(folder or Path.cwd())


def look_through(
    project: Project,
    paths: tuple[Path, ...],
    given: dict[str, str],
    env: bool,
    markdown: bool,
    exclude: tuple[str, ...],
) -> Scanned:
    """Scans a project: where the paths say, or else where its configuration does."""
    own = project.scan
    wanted = Wanted({**own.variables, **given}, env or own.env, markdown or own.markdown, (*own.exclude, *exclude))
    where = paths or tuple(project.root / path for path in own.paths)
    with counted("looking through the project: {count} files") as advance:
        return scan(project.root, where, wanted, advance)


@click.command("scan", short_help="Find the pairings in a project's files.", epilog=_EXAMPLES)
@scan_options
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="What to print.", show_default=True
)
@click.pass_context
def scan_command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    folder_of_project: Path | None,
    given: dict[str, str],
    env: bool,
    markdown: bool,
    exclude: tuple[str, ...],
    form: str,
) -> None:
    """Find the pairings in PATHS (the project, unless told otherwise), each with file, line and column.

    Looks into shell scripts, Dockerfiles, systemd units, YAML, JSON, TOML and Python; into .env files and Markdown
    when asked.
    """
    project = project_of(folder_of_project)
    scanned = look_through(project, paths, given, env, markdown, exclude)
    listed = listing(project, scanned)
    if form == "json":
        click.echo(machine.dump(listed))
    else:
        show(scan_text.render(listed))
    ctx.exit(2 if scanned.unread else 0)
