"""How a command line ends: every way out has the exit status that it means, and none reads as a verdict by accident.

Click's own errors, an uncaught exception and a closed pipe would exit with 1, which here means "refused". Nothing but
the standard library is imported up here, so that a broken installation does not exit with 1 either.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from itertools import pairwise
from typing import TYPE_CHECKING, NoReturn

from .errors import CheckError, SeveralErrors
from .visible import harmless, shortened

if TYPE_CHECKING:
    import click

UNDECIDED = 2
INTERRUPTED = 130
_DEBUG = "SPECDEC_DEBUG"
_LONGEST = 1000

# A command, and what makes of an error the JSON object that `--format json` or `--json` promised.
CommandLine = tuple["click.Command", Callable[[CheckError], str]]


class UsageError(CheckError):
    """The command line was not understood."""

    kind = "usage"


class InternalError(CheckError):
    """A fault of the program or of its installation."""

    kind = "internal"


def run(load: Callable[[], CommandLine], name: str) -> NoReturn:
    """Runs a command line and ends the process.

    Args:
        load: imports the command line.
        name: the program, for its messages.
    """
    as_json: Callable[[CheckError], str] | None = None
    try:
        command, as_json = load()
        status = _invoke(command, name)
        _flush()
    except KeyboardInterrupt:
        _say("Interrupted.")
        os._exit(INTERRUPTED)  # at once: threads may still wait for a slow server
    except BrokenPipeError:  # nobody reads any more: no answer arrived
        os._exit(UNDECIDED)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it must not end with 1
        _report(_explain(error, name), as_json)
        os._exit(UNDECIDED)
    sys.exit(status)


def _invoke(command: click.Command, name: str) -> int:
    """The status that a command ends with; what click raises of its own becomes ours."""
    import click

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # in a narrow locale a token's text must not end the program
            stream.reconfigure(errors="backslashreplace")
    try:
        status = command.main(prog_name=name, standalone_mode=False)
    except click.Abort as error:
        raise KeyboardInterrupt from error
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else name
        raise UsageError(f"{error.format_message()} See `{path} --help`.") from error
    except click.ClickException as error:
        raise CheckError(error.format_message()) from error
    except SystemExit as error:
        # So click and rich end when the reader of a pipe has gone. 0 is the answer to a shell's completion.
        if error.code:
            raise BrokenPipeError from error
        return 0
    return status if isinstance(status, int) else 0


def _explain(error: BaseException, name: str) -> CheckError:
    if isinstance(error, CheckError):
        return error
    if os.environ.get(_DEBUG):
        traceback.print_exception(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return CheckError(f"The answer could not be written ({error.strerror}): make room, and run again.")
    what = f"{type(error).__name__}: {error}"
    if isinstance(error, ImportError):
        return InternalError(
            f"{name} is not installed as it should be ({what}): install it again; nothing was settled."
        )
    return InternalError(
        f"{name} met an error of its own ({what}); nothing was settled. Set {_DEBUG}=1 for the traceback and please"
        " report it."
    )


def _report(error: CheckError, as_json: Callable[[CheckError], str] | None) -> None:
    """Says what went wrong: a sentence for each error, and the JSON object where one was asked for."""
    # The option may be what could not be parsed, so it is looked for in the words themselves.
    words = sys.argv[1:]
    wants_json = any(word in ("--json", "--format=json") for word in words) or ("--format", "json") in pairwise(words)
    with suppress(Exception):  # a closed or full output changes nothing any more
        if wants_json and as_json is not None:
            print(as_json(error))
        _flush()
    for one in error.errors if isinstance(error, SeveralErrors) else (error,):
        # One line each, whatever a repository, a server or a command line put into the names that it quotes.
        _say(f"error: {shortened(harmless(' '.join(one.message.split())), _LONGEST)}")


def _say(sentence: str) -> None:
    with suppress(OSError, ValueError):
        print(sentence, file=sys.stderr)


def _flush() -> None:
    if sys.stdout is not None:  # as it is where the shell closed it
        sys.stdout.flush()
