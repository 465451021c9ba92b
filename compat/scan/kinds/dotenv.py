"""Files of environment variables, as compose, systemd and direnv read them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..inline import settings_in
from ..nodes import Node
from ..reading import Branch, Command, Scope, Settings, Unit
from ..shell import commands_of
from ..traced import Traced
from ..variables import expand

_LINE = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][\w.]*)\s*=\s*(?P<value>.*)")
_QUOTED = re.compile(r"(?P<quote>['\"])(?P<inner>(?:\\.|(?!(?P=quote)).)*)(?P=quote)\s*(?:#.*)?")
_COMMENT = re.compile(r"\s+#.*|#.*\Z")
_SPECULATIVE = "SPECULATIVE_CONFIG"


def units(text: Traced, scope: Scope) -> Iterator[tuple[Unit, Scope]]:
    """The variables as a program's environment; each value that holds arguments or a command also as such.

    Only variables that an engine reads itself set up a pairing, or one that holds vLLM's speculative settings; what
    `DRAFT_MODEL` is for, its users tell.
    """
    known = dict(assignments(text))
    inner = scope.with_known(known)
    values = {name: expand(value, inner) for name, value in known.items()}
    yield Command((), environment=values), inner
    entries: dict[str, tuple[Traced, Node]] = {name: (value, value) for name, value in values.items()}
    for name, value in values.items():
        if name.endswith(_SPECULATIVE) and settings_in(value):
            entries[_SPECULATIVE] = (value, value)
            yield Settings(Branch(entries)), inner
        elif " " in value.text:
            for command in commands_of(value, inner):
                yield command, inner


def assignments(text: Traced) -> Iterator[tuple[str, Traced]]:
    """Names and values, without quotes and comments."""
    for line in text.lines():
        found = _LINE.fullmatch(line.text)
        if not found:
            continue
        value = line.matched(found, "value")
        if quoted := _QUOTED.fullmatch(value.text):
            yield found["name"], value.matched(quoted, "inner")
        else:
            comment = _COMMENT.search(value.text)
            yield found["name"], value.cut(0, comment.start() if comment else None).stripped()
