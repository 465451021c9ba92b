"""Shell scripts."""

from __future__ import annotations

from collections.abc import Iterator

from ..reading import Scope, Unit
from ..shell import commands_of
from ..traced import Traced


def units(text: Traced, scope: Scope) -> Iterator[tuple[Unit, Scope]]:
    """The commands of a script; all variables that can be told were put in, so that the rest has no scope."""
    for command in commands_of(text, scope):
        yield command, Scope()
