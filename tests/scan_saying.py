"""What a scanner's layer found, as short texts that tests can hold against what is expected."""

from __future__ import annotations

from collections.abc import Iterable

from specdec_check.compat.scan.commands import from_command
from specdec_check.compat.scan.found import Found, Name, Pairing
from specdec_check.compat.scan.reading import Command, Scope, Settings, Unit
from specdec_check.compat.scan.settings import from_settings
from specdec_check.compat.scan.shell import commands_of
from specdec_check.compat.scan.traced import Traced


def found_in(script: str, scope: Scope | None = None, image: str = "") -> list[Found]:
    """What a shell script's commands set up."""
    commands = commands_of(Traced.whole(script), scope or Scope(), image)
    return [found for command in commands for found in from_command(command, Scope())]


def found_in_units(units: Iterable[tuple[Unit, Scope]]) -> list[Found]:
    """What the units of a file set up."""
    found: list[Found] = []
    for unit, scope in units:
        match unit:
            case Command():
                found += from_command(unit, scope)
            case Settings():
                found += from_settings(unit, scope)
    return found


def said(found: Iterable[Found], text: str) -> list[str]:
    """`engine: target <- drafter (head)`, names with `?` where they cannot be told, each held against its place."""
    return [_said(one, text) for one in found]


def _said(found: Found, text: str) -> str:
    if not isinstance(found, Pairing):
        return f"{found.engine}: {found.method}"
    target = _name(found.target, text) if found.target else "none"
    return f"{found.engine}: {target} <- {_name(found.drafter, text)}" + (f" ({found.head})" if found.head else "")


def _name(name: Name, text: str) -> str:
    starts = (name.written[0], "$", "{")  # a part of a name may come from elsewhere
    assert text[name.offset] in starts, f"{name.written} is not at {text[name.offset : name.offset + 20]!r}"
    return name.written if name.value is not None else "?" + name.written
