"""Variables and templates in values that no shell reads: Kubernetes, compose, Helm, workflows, Jinja."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .reading import Scope
from .traced import Traced, joined


def expand(text: Traced, scope: Scope) -> Traced:
    """The text with the variables that the scope knows put in; the others stand as they are written.

    Known forms: `${X}`, `$X`, `$(X)`, `${X:-default}`, `{{ .Values.a.b }}`, `{{ X | default "d" }}`, `${{ env.X }}`.
    What a variable holds is expanded too, within bounds, so that one that holds itself ends.
    """
    return _Expansion(scope, _MOST + _LONGEST // _LONG + text.text.count("$") + text.text.count("{{")).expanded(text, 0)


def placed_in(value: Traced, before: str, after: str, use: int) -> Traced:
    """A variable's value, placed where it is used if it is a part of a longer name.

    The name `org/model` of `$ORG/model` is written where these stand together, not where `org` is.

    Args:
        value: the value, at its own places.
        before: the character before the use, if there is one.
        after: the character after it.
        use: the place of the use.
    """
    part = (before and (before.isalnum() or before in "_./-~@})")) or (
        after and (after.isalnum() or after in "_./-:@${")
    )
    return Traced.placed(value.text, use) if part and not _BLANK.search(value.text) else value


def is_open(text: str) -> bool:
    """Whether a name still holds a variable, a template or a placeholder such as `<model>`: it cannot be told."""
    return bool(_OPEN.search(text))


@dataclass(slots=True)
class _Expansion:
    """One text's expansion, of so many variables at most: a few lines can stand for billions of them."""

    scope: Scope
    left: int

    def expanded(self, text: Traced, depth: int) -> Traced:
        if "$" not in text.text and "{{" not in text.text:
            return text
        parts, length = [], 0
        for part, put in _split(text, self.scope):
            parts.append(part if put is None else self._put(part, put, depth))
            length += len(parts[-1].text)
            if length > _LONGEST or self.left < 0:  # at once: thousands of long values would not fit into memory
                return text
        return joined(parts, text.origin)

    def _put(self, part: Traced, put: Traced, depth: int) -> Traced:
        self.left -= 1 + len(put.text) // _LONG
        if self.left < 0 or part.text == put.text:
            return part
        return self.expanded(put, depth + 1) if depth < _DEEPEST else put


def _split(text: Traced, scope: Scope) -> Iterator[tuple[Traced, Traced | None]]:
    """The text in pieces, each with what stands for it, if a variable that is known does."""
    place = 0
    ends = _closings(text.text)
    while found := _START.search(text.text, place):
        start = found.start()
        end = _end(text.text, start, ends)
        put = _value(text.cut(start, end), scope) if end else None
        if put is None or end is None:
            end = end or found.end()
            yield text.cut(place, end), None
        else:
            yield text.cut(place, start), None
            before, after = text.text[start - 1 : start] if start else "", text.text[end : end + 1]
            yield text.cut(start, end), placed_in(put, before, after, text.at[start])
        place = end
    yield text.cut(place), None


def _closings(text: str) -> dict[int, int]:
    """For each opening brace, where the one that closes it stands; found in one walk, however deep they nest."""
    closings: dict[int, int] = {}
    opened: list[int] = []
    for found in _BRACE.finditer(text):
        if found[0] == "{":
            opened.append(found.start())
        elif opened:
            closings[opened.pop()] = found.start()
    return closings


def _end(text: str, start: int, closings: dict[int, int]) -> int | None:
    """Where the expression that starts here ends."""
    brace = start + 1 if text.startswith("${", start) else start
    if text[brace : brace + 1] == "{":
        return closings[brace] + 1 if brace in closings else None
    plain = _PLAIN.match(text, start)
    return plain.end() if plain else None


def _value(expression: Traced, scope: Scope) -> Traced | None:
    """What an expression stands for, where that is known."""
    if found := _TEMPLATE.fullmatch(expression.text):
        return _looked_up(found, "name", expression, scope)
    if found := _BRACED.fullmatch(expression.text):
        return _looked_up(found, "name", expression, scope)
    if found := _PLAIN.fullmatch(expression.text):
        name = "paren" if found["paren"] else "bare"
        return _looked_up(found, name, expression, scope)
    return None


def _looked_up(found: re.Match[str], group: str, expression: Traced, scope: Scope) -> Traced | None:
    name = found[group]
    for spelled in dict.fromkeys((name, name.removeprefix("$"), name.lstrip("$."), "." + name.lstrip("$."))):
        value = scope.value(spelled, expression.origin)
        if value is not None and (value or found.re is _PLAIN):
            return value
    if found.re is _PLAIN or not found["default"]:
        return None
    return expression.matched(found, "default")


_BLANK = re.compile(r"[\s{}]")
_DEEPEST = 8
_MOST = 40  # variables that those in a text lead to
_LONG = 256  # characters that count as one more variable
_LONGEST = 1 << 16
_START = re.compile(r"\$|\{\{")
_BRACE = re.compile(r"[{}]")
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_PLAIN = re.compile(rf"\$(?:\((?P<paren>{_NAME})\)|(?P<bare>{_NAME}))")
_BRACED = re.compile(rf"\$\{{(?P<name>{_NAME})(?::?[-=](?P<default>.*))?\}}", re.DOTALL)
# Go's and Jinja's templates and the expressions of workflows; a filter such as `quote` does not change a name.
_TEMPLATE = re.compile(
    r"\$?\{\{-?\s*(?P<name>\$?\.?[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)\s*"
    r"(?:\|\|\s*'(?P<other>[^'{}]*)'|\|\s*default[ (]\s*[\"'](?P<default>[^\"'{}]*)[\"']\s*\)?)?"
    r"\s*(?:\|\s*(?:quote|squote|trim|string|toString)\s*)*-?\}\}"
)
_OPEN = re.compile(
    r"[$`]|\{\{|\}\}|<[^<>]*>|%[A-Za-z_]\w*%|%[A-Za-z](?!\w)|%\([^()]*\)s|@@?\w+@@?$|^__\w+__$"
    r"|\{[A-Za-z_][\w.\[\]'\"]*\}|\[[A-Z_ -]+\]"
)
