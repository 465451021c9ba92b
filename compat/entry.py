"""Where `specdec-check` starts. Imports next to nothing, so that every failure ends with the status that it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from .exit import run

if TYPE_CHECKING:
    from .exit import CommandLine


def _load() -> CommandLine:
    from .cli import cli, error_as_json

    return cli, error_as_json


def main() -> NoReturn:
    """Runs the command line; the exit status is the answer."""
    run(_load, "specdec-check")
