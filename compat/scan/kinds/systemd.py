"""systemd units and Podman's quadlets, after systemd.syntax(7), systemd.service(5) and podman-systemd.unit(5)."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import UnreadError
from ..reading import Command, Scope, Unit
from ..shell import commands_of
from ..shell_expansion import Expansion
from ..shell_parts import Word
from ..shell_variables import Variables
from ..shell_words import items_of
from ..traced import Traced, joined

_STARTING = ("ExecStart", "ExecStartPre", "ExecStartPost", "ExecReload")
_MOST = 5000
_PREFIXES = "-@:+!|"


def units(text: Traced, scope: Scope) -> Iterator[tuple[Unit, Scope]]:
    """The commands that a unit starts, with the variables that it sets.

    Raises:
        UnreadError: if it holds more settings than any honest unit.
    """
    settings = list(_settings(text))
    if len(settings) > _MOST:
        raise UnreadError(f"holds more than {_MOST} settings")
    known: dict[str, Traced] = {}
    image = ""
    for name, value in settings:
        if name == "Environment":
            known |= _environment(value)
        elif name == "Image":
            image = value.text
    inner = scope.with_known(known)
    started = False
    for name, value in settings:
        if name in _STARTING or name == "Exec":
            started = True
            for command in commands_of(value.stripped(_PREFIXES) if name != "Exec" else value, inner, image):
                # Single quotes do not protect a variable here as they do in a shell.
                yield Command(command.words, image, known, command.files), inner
    if image and not started:
        yield Command((), image, known), Scope()


def _settings(text: Traced) -> Iterator[tuple[str, Traced]]:
    """Names and values; a backslash at a line's end joins it with the next, and comments between are passed over."""
    parts: list[Traced] = []
    for line in text.lines():
        if line.text.lstrip().startswith(("#", ";")):
            continue
        continues = line.text.endswith("\\")
        parts.append(line.cut(0, -1) + Traced.placed(" ", line.origin) if continues else line)
        if not continues:
            yield from _setting(joined(parts))
            parts = []
    if parts:
        yield from _setting(joined(parts))


def _setting(line: Traced) -> Iterator[tuple[str, Traced]]:
    equals = line.text.find("=")
    if equals > 0:
        yield line.text[:equals].strip(), line.cut(equals + 1).stripped()


def _environment(value: Traced) -> dict[str, Traced]:
    """`Environment="A=b c" D=e`."""
    words = [item for item in items_of(value) if isinstance(item, Word)]
    fields = Expansion(Variables(Scope()), lambda _: None).fields(words)
    found = {}
    for field in fields:
        name, equals, _ = field.text.partition("=")
        if equals:
            found[name] = field.cut(len(name) + 1)
    return found
