"""Where `specdec-run` starts. Imports next to nothing, so that every failure ends with the status that it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from specdec_check.compat.exit import run

if TYPE_CHECKING:
    from specdec_check.compat.exit import CommandLine


def _load() -> CommandLine:
    from specdec_check.compat.cli import error_as_json

    from .cli import cli

    return cli, error_as_json


def main() -> NoReturn:
    """Runs the command line."""
    run(_load, "specdec-run")
