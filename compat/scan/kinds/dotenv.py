"""Files of environment variables, as compose, systemd and direnv read them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..errors import UnreadError
from ..inline import settings_in
from ..literals import unescaped
from ..nodes import Node
from ..reading import Branch, Command, Scope, Settings, Unit
from ..shell import commands_of
from ..traced import Traced
from ..variables import expand

_START = re.compile(r"^[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][\w.]*)[ \t]*=[ \t]*", re.MULTILINE)
_QUOTED = re.compile(
    r"(?P<quote>['\"])(?P<inner>(?:\\.|(?!(?P=quote)).)*+)(?P=quote)[ \t]*+(?:#[^\r\n]*+)?(?=[\r\n]|\Z)", re.DOTALL
)
_MOST = 5000
_BLANK = re.compile(r"\s")
_LINE_END = re.compile(r"[\r\n]")
_COMMENT = re.compile(r"(?<!\s)\s+#.*|#.*\Z")
_SPECULATIVE = "SPECULATIVE_CONFIG"


def units(text: Traced, scope: Scope) -> Iterator[tuple[Unit, Scope]]:
    """The variables as a program's environment; each value that holds arguments or a command also as such.

    Only variables that an engine reads itself set up a pairing, or one that holds vLLM's speculative settings; what
    `DRAFT_MODEL` is for, its users tell.

    Raises:
        UnreadError: if it sets more variables than any honest file.
    """
    known = dict(assignments(text))
    if len(known) > _MOST:
        raise UnreadError(f"sets more than {_MOST} variables")
    inner = scope.with_known(known)
    values = {name: expand(value, inner) for name, value in known.items()}
    yield Command((), environment=values), inner
    entries: dict[str, tuple[Traced, Node]] = {name: (value, value) for name, value in values.items()}
    for name, value in values.items():
        if name.endswith(_SPECULATIVE) and settings_in(value):
            entries[_SPECULATIVE] = (value, value)
            yield Settings(Branch(entries)), inner
        elif _BLANK.search(value.text):
            for command in commands_of(value, inner, shell=False):
                yield command, inner


def assignments(text: Traced) -> Iterator[tuple[str, Traced]]:
    """Names and values, without quotes and comments; what stands in quotes may go on over several lines."""
    at = 0
    while found := _START.search(text.text, at):
        quoted = _QUOTED.match(text.text, found.end())
        if quoted:
            inner = text.matched(quoted, "inner")
            at = quoted.end()
            yield found["name"], unescaped(inner) if quoted["quote"] == '"' else inner
            continue
        end = _LINE_END.search(text.text, found.end())
        at = end.start() if end else len(text.text)
        value = text.cut(found.end(), at)
        comment = _COMMENT.search(value.text)
        yield found["name"], value.cut(0, comment.start() if comment else None).stripped()
