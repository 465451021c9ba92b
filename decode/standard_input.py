"""What comes in by standard input: a prompt through a pipe, or lines that a person types."""

from __future__ import annotations

import contextlib
import select
import sys
from collections.abc import Iterator

from .errors import DecodeError


def watched() -> bool:
    """Whether a person types what comes in."""
    return sys.stdin is not None and sys.stdin.isatty()


def there() -> bool:
    """Whether there is something to read to its end."""
    return sys.stdin is not None and not watched()


def whole() -> str:
    """All of it.

    Raises:
        DecodeError: if it is not text.
    """
    with _as_text():
        return sys.stdin.read()


def piped() -> str:
    """All of it, where something lies there by now: whoever gives nothing may still leave a pipe open for ever.

    Raises:
        DecodeError: if it is not text.
    """
    try:
        ready = there() and select.select([sys.stdin], [], [], 0)[0]
    except (OSError, ValueError):  # no file behind it, or a system that selects sockets alone
        return ""
    return whole() if ready else ""


def lines() -> Iterator[str]:
    """What a person types, or what comes through a pipe, a line at a time, without the space around it.

    Raises:
        DecodeError: if it is not text.
    """
    if there():
        with _as_text():
            yield from map(str.strip, sys.stdin)
    if not watched():
        return
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401 - imported, it gives `input` its line editing
    with contextlib.suppress(EOFError):
        while True:
            yield input("> ").strip()


@contextlib.contextmanager
def _as_text() -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError:
        raise DecodeError("Standard input is not UTF-8 text: give it in that encoding.") from None
