"""Text from outside, made fit to print."""

from __future__ import annotations

import re

_LOG_COMMAND = re.compile(r"##(?=\w*\[)|(?<!\S)::(?=\w)")


def visible(text: str) -> str:
    """Text with nothing hidden in it: control, bidirectional and other invisible characters become escapes."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def harmless(text: str) -> str:
    """Visible text that the log of a CI job does not take for a command, as GitHub, Azure and TeamCity look for one."""
    return _LOG_COMMAND.sub(lambda found: " ".join(found[0]), visible(text))


def shortened(text: str, longest: int = 100) -> str:
    """Text of at most so many characters; an ellipsis stands for the rest."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def counted(count: int, what: str) -> str:
    """A number of things: 1 pair, 2 pairs."""
    return f"{count} {what}{'' if count == 1 else 's'}"
