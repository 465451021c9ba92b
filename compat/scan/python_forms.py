"""The forms in which Python puts texts together: sums, f-strings, formats, paths, calls that give one back."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from itertools import accumulate

from .json_text import json_text
from .python_follow import ENVIRONMENT
from .python_literals import Piece, pieces
from .python_names import Site, dotted
from .python_texts import Texts, UntoldError
from .reading import Items
from .traced import Traced, joined
from .variables import placed_in


class Forms(Texts):
    """Texts of expressions that are no names."""

    def expression(self, node: ast.expr, site: Site) -> Traced:
        """The text of an expression that is no name.

        Raises:
            UntoldError: if it cannot be told.
        """
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant()):
                return self.source.segment(node)
            case ast.JoinedStr():
                return self._formatted(node, site)
            case ast.BinOp(op=ast.Add()):
                parts = [self._part(part, site) for part in summands(node)]
                return together(parts, self.source.segment(node).origin)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self._path([left, right], node, site)
            case ast.BinOp(left=left, op=ast.Mod(), right=right):
                values = right.elts if isinstance(right, ast.Tuple) else [right]
                return self._filled(self.told(left, site), _PERCENT, values, {}, site)
            case ast.Call():
                return self._called(node, site)
            case ast.Subscript(value=value, slice=ast.Constant(value=str(name))) if dotted(value).endswith("environ"):
                return self._variable(name, None, node, site)
        raise UntoldError

    def _part(self, node: ast.expr, site: Site) -> Part:
        """A part of a text that a sum makes; a tree is no part of one."""
        if any(isinstance(made.node, ast.List | ast.Tuple | ast.Dict) for made in self.ways(node, site)):
            raise UntoldError
        return self.text(node, site), None if _is_written(node) else self.source.segment(node).origin

    def _constant(self, node: ast.Constant) -> Traced:
        match node.value:
            case str(value):
                return self.source.literal(node, value)
            case None:
                return self.source.segment(node).cut(0, 0)
            case bool(value):
                return Traced.placed(str(value).lower(), self.source.segment(node).origin)
            case int() | float():
                return self.source.segment(node)
        raise UntoldError

    def _formatted(self, node: ast.JoinedStr, site: Site) -> Traced:
        """An f-string: what it holds itself stands there, and so does a value that is a part of a longer name."""
        written = self.source.segment(node)
        places = list(pieces(written.text))
        parts: list[Part] = []
        at = 0
        for part in node.values:
            if isinstance(part, ast.Constant):
                value = str(part.value)
                end = next((end for end in range(at, at + len(value)) if _is_field(places, end)), at + len(value))
                found = [written.at[piece.at] for piece in places[at:end]]
                last = found[-1] if found else written.cut(places[at].at if at < len(places) else 0).origin
                found += [last] * (len(value) - len(found))  # `{x=}` is text that stands nowhere
                parts.append((Traced(value, tuple(found), last if not found else found[0]), None))
                at = end
            elif isinstance(part, ast.FormattedValue):
                at = next((place for place in range(at, len(places)) if places[place].field), at)
                use = written.at[places[at].at] if at < len(places) else written.origin
                try:
                    parts.append((self.told(part.value, site), use))
                except UntoldError:
                    parts.append((Traced.placed(self.open(part.value, site).text, use), None))
                at += 1
        return together(parts, written.origin)

    def _called(self, call: ast.Call, site: Site) -> Traced:
        name = self.following.imported(call.func, site)
        last = name.rpartition(".")[2]
        if name in ENVIRONMENT and call.args and isinstance(call.args[0], ast.Constant):
            default = call.args[1] if len(call.args) > 1 else next((one.value for one in call.keywords), None)
            return self._variable(str(call.args[0].value), default, call, site)
        if isinstance(call.func, ast.Attribute) and last == "format":
            named = {one.arg: one.value for one in call.keywords if one.arg}
            return self._filled(self.told(call.func.value, site), _BRACES, call.args, named, site)
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Constant) and last == "join":
            return self._joined(self.told(call.func.value, site), call, site)
        if name == "shlex.join":
            return self._joined(Traced.placed(" ", 0), call, site)
        if last == "dumps" and call.args:
            tree = self.tree(call.args[0], site)
            return tree if isinstance(tree, Traced) and tree.text.startswith("$") else json_text(tree)
        if last in _DEFAULTING:
            given = {one.arg: one.value for one in call.keywords}
            default = given.get("default") or (call.args[0] if call.args and last != "field" else None)
            if default is None or (isinstance(default, ast.Constant) and not default.value):
                raise UntoldError
            return self.told(default, site)
        if last in _SAME and len(call.args) == 1 and not call.keywords:
            return self.told(call.args[0], site)
        if name in ("os.path.join", "path.join") or last in _PATHS:
            return self._path(call.args, call, site)
        if last == "snapshot_download":
            given = {one.arg: one.value for one in call.keywords}
            repository = given.get("repo_id") or next(iter(call.args), None)
            if repository and "revision" not in given:  # which has no place in a name
                return self.told(repository, site)
        raise UntoldError

    def _path(self, nodes: list[ast.expr], whole: ast.expr, site: Site) -> Traced:
        """A path of several parts, which stands where it is put together unless it begins there."""
        origin = self.source.segment(whole).origin
        parts = [(self.told(node, site), None if _is_written(node) else origin) for node in nodes]
        return together([piece for part in parts for piece in ((Traced.placed("/", origin), None), part)][1:], origin)

    def _variable(self, name: str, default: ast.expr | None, node: ast.expr, site: Site) -> Traced:
        """A variable of the environment: as given, else its default; an empty default says nothing."""
        found = self._scope.value(name, self.source.segment(node).origin)
        if found is None and default is not None:
            found = self.told(default, site)
        if not found:
            raise UntoldError
        return found

    def _joined(self, between: Traced, call: ast.Call, site: Site) -> Traced:
        tree = self.tree(call.args[0], site) if call.args else None
        if not isinstance(tree, Items) or not all(isinstance(one, Traced) for one in tree.nodes):
            raise UntoldError
        words = [piece for one in tree.nodes if isinstance(one, Traced) for piece in (between, one)]
        return joined(words[1:], self.source.segment(call).origin)

    def _filled(
        self,
        form: Traced,
        places: re.Pattern[str],
        values: list[ast.expr],
        named: dict[str, ast.expr],
        site: Site,
    ) -> Traced:
        """A form with its places filled from values in order, or by name."""
        parts: list[Part] = []
        start, number = 0, 0
        for found in places.finditer(form.text):
            parts.append((form.cut(start, found.start()), None))
            start = found.end()
            name = found["name"] if "name" in places.groupindex else ""
            if found[0] in ("%%", "{{", "}}"):
                parts.append((form.cut(found.start(), found.start() + 1), None))
                continue
            if name and not name.isdigit():
                value = named.get(name)
            else:
                place = int(name) if name and len(name) < 3 else number
                value = values[place] if place < len(values) else None
                number += 1
            if value is None or isinstance(value, ast.Starred):
                raise UntoldError
            parts.append((self.text(value, site), form.at[found.start()]))
        return together([*parts, (form.cut(start), None)], form.origin)


def summands(node: ast.BinOp) -> list[ast.expr]:
    """What a sum of any length adds up, in order."""
    parts: list[ast.expr] = []
    left: ast.expr = node
    while isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add):
        parts.append(left.right)
        left = left.left
    return [left, *reversed(parts)]


def together(parts: Sequence[Part], origin: int) -> Traced:
    """Parts in one text: `org/model` of `{ORG}/model` stands where these are put together, not where `org` does.

    Args:
        parts: texts, each with the place of the expression that it comes from if it is not written there.
        origin: of the whole.
    """
    texts = [part.text for part, _ in parts]
    before = list(accumulate(texts, lambda left, text: text[-1:] or left, initial=""))
    after = list(accumulate(reversed(texts), lambda right, text: text[:1] or right, initial=""))[-2::-1]
    placed = (
        text if use is None else placed_in(text, before[at], after[at], use) for at, (text, use) in enumerate(parts)
    )
    return joined(list(placed), origin)


def _is_written(node: ast.expr) -> bool:
    """Whether an expression's text is written in it, rather than elsewhere."""
    return isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp)


def _is_field(places: Sequence[Piece], at: int) -> bool:
    return at >= len(places) or places[at].field


Part = tuple[Traced, int | None]  # a text, and the place of what it is put in by, where it is not written there
# Calls that give back their one argument, as far as its text goes.
_SAME = frozenset("str Path PurePath PosixPath PurePosixPath expanduser abspath realpath fspath quote".split())
_PATHS = frozenset("Path PurePath PosixPath PurePosixPath".split())
# What declares a field or an option: its default is the value.
_DEFAULTING = frozenset("Field field Option Argument".split())
_PERCENT = re.compile(r"%%|%[sdr]")
_BRACES = re.compile(r"\{\{|\}\}|\{(?P<name>\w*)(?:![rsa])?(?::[^{}]*)?\}")
