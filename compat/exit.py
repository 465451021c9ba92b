"""How a command line ends: every way out has the exit status that it means, and none reads as a verdict by accident.

Click's own errors, an uncaught exception and a closed pipe would exit with 1, which here means "refused".
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from itertools import pairwise
from typing import NoReturn

import click

from .errors import CheckError

UNDECIDED = 2
INTERRUPTED = 130
_DEBUG = "SPECDEC_DEBUG"

# A command, and what makes of an error the JSON object that `--format json` or `--json` promised.
CommandLine = tuple[click.Command, Callable[[CheckError], str]]


def run(load: Callable[[], CommandLine], name: str) -> NoReturn:
    """Runs a command line and ends the process.

    Args:
        load: imports the command line; inside, since a broken installation must not exit with 1 either.
        name: the program, for its messages.
    """
    as_json: Callable[[CheckError], str] | None = None
    try:
        command, as_json = load()
        status = command.main(prog_name=name, standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody reads any more: no answer arrived. Python would complain once more when it closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        os._exit(UNDECIDED)
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted.", err=True)
        os._exit(INTERRUPTED)  # at once: threads may still wait for a slow server
    except BaseException as error:
        if isinstance(error, SystemExit):
            raise
        _fail(_explain(error, name), as_json)
    sys.exit(status if isinstance(status, int) else 0)


def _explain(error: BaseException, name: str) -> CheckError:
    if isinstance(error, CheckError):
        return error
    if isinstance(error, click.UsageError):
        usage = CheckError(f"{error.format_message()} See `{error.ctx.command_path if error.ctx else name} --help`.")
        usage.kind = "usage"
        return usage
    if isinstance(error, click.ClickException):
        return CheckError(error.format_message())
    if os.environ.get(_DEBUG):
        traceback.print_exception(error)
    internal = CheckError(
        f"{name} met an error of its own ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''});"
        f" nothing was settled. Set {_DEBUG}=1 for the traceback and please report it."
    )
    internal.kind = "internal"
    return internal


def _fail(error: CheckError, as_json: Callable[[CheckError], str] | None) -> NoReturn:
    # The option may be what could not be parsed, so it is looked for in the words themselves.
    words = sys.argv[1:]
    wants_json = any(word in ("--json", "--format=json") for word in words) or ("--format", "json") in pairwise(words)
    if wants_json and as_json is not None:
        click.echo(as_json(error))
    for line in error.message.splitlines():
        click.echo(f"error: {line}", err=True)
    sys.stdout.flush()
    sys.exit(UNDECIDED)
