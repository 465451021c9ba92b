"""JSON that a repository ships: parsed within bounds, and errors that name the file."""

from __future__ import annotations

import contextlib
import gc
import json
from collections.abc import Iterator
from typing import Any

from .errors import MalformedError


def parse_object(data: bytes, path: str) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        MalformedError: if the bytes are no JSON object: cut off, not UTF-8, nested too deep, or another type.
    """
    try:
        # utf-8-sig because a byte order mark is common in files edited on Windows, and loaders accept it.
        value = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise _unreadable(error, path) from error
    if not isinstance(value, dict):
        raise MalformedError(f"{path} holds no JSON object at its top: it is not the file that its name says.")
    return value


def canonical(value: object, path: str) -> str:
    """A value from a JSON file as text that does not depend on the order of keys or on whitespace.

    Raises:
        MalformedError: if the value is nested too deep. What could just be parsed may be too deep to be written.
    """
    try:
        return json.dumps(value, sort_keys=True)
    except RecursionError as error:
        raise _unreadable(error, path) from error


def _unreadable(error: Exception, path: str) -> MalformedError:
    return MalformedError(
        f"{path} is not readable JSON ({_why(error)}): the upload is damaged or incomplete;"
        " publish the file again or choose another revision."
    )


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}: {error.msg.lower()}"
    if isinstance(error, RecursionError):
        return "nested too deep"
    return "not UTF-8" if isinstance(error, UnicodeDecodeError) else "a number out of bounds"


@contextlib.contextmanager
def without_collector() -> Iterator[None]:
    """Keeps the cyclic garbage collector away from a large file: it would walk a million new objects for nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def integer(value: object) -> int | None:
    """The value if it is a whole number that is not a truth value; else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def text(value: object) -> str | None:
    """The value if it is a string; else None."""
    return value if isinstance(value, str) else None


def mapping(value: object) -> dict[str, Any]:
    """The value if it is an object; else an empty one."""
    return value if isinstance(value, dict) else {}
