"""The names in Python code: what binds them, where and under which conditions."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Loop = ast.For | ast.AsyncFor | ast.comprehension
Arms = tuple[tuple[int, int], ...]


class How(Enum):
    """What a statement does to a name."""

    SET = auto()
    PARAMETER = auto()
    LOOP = auto()  # each element in turn
    IMPORT = auto()
    ADD = auto()  # += and extend
    APPEND = auto()
    ITEM = auto()  # x["key"] = value
    MERGE = auto()  # update


CHANGES = (How.ADD, How.APPEND, How.ITEM, How.MERGE)


@dataclass(eq=False)
class Block:
    """The body of a module, a class or a function, with what its names are bound to, in the order of the code."""

    node: ast.Module | ast.ClassDef | Function
    outer: Block | None = None
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    returns: list[tuple[ast.expr, Site]] = field(default_factory=list)
    shared: set[str] = field(default_factory=set)  # named by `global` or `nonlocal`


@dataclass(frozen=True, eq=False, slots=True)
class Site:
    """Where an expression stands, which decides what its names mean.

    Attributes:
        arms: the branches around it within its block, outermost first: (the statement, which of its arms).
        order: the number of its statement in the file.
        loops: the loops around it, each with the place of what it runs over.
        inner: names that comprehensions and lambdas around it bind.
        chosen: the turn that is looked at of a loop, or the call of a function, by the node's id.
    """

    block: Block
    arms: Arms = ()
    order: int = 0
    loops: tuple[tuple[Loop, Site], ...] = ()
    inner: Mapping[str, Binding] = field(default_factory=dict)
    chosen: Mapping[int, tuple[ast.expr, Site]] = field(default_factory=dict)

    def seen_from(self, other: Site) -> Site:
        """The same place in the turns of loops and calls of functions that are looked at elsewhere."""
        return self if self.chosen is other.chosen else replace(self, chosen=other.chosen)

    def key(self) -> tuple[int, ...]:
        """Equal for places at which every name means the same, as long as both are kept."""
        inner, chosen = (id(one) if one else 0 for one in (self.inner, self.chosen))
        return id(self.block), self.order, id(self.arms), inner, chosen


@dataclass(frozen=True, eq=False, slots=True)
class Binding:
    """One statement's effect on a name.

    Attributes:
        value: the expression, definition or imported dotted name; None where it cannot be told.
        site: where the value stands.
        arms, order: of the statement, as in `Site`.
        take: which elements of the value are meant, where it is unpacked.
        by: the loop or function that gives the name its values.
        key: of an item.
        name: of a parameter.
    """

    how: How
    value: ast.expr | ast.ClassDef | Function | str | None
    site: Site
    arms: Arms
    order: int
    take: tuple[int, ...] = ()
    by: Loop | Function | None = None
    key: ast.expr | None = None
    name: str = ""


def dotted(node: ast.AST) -> str:
    """`a.b.c` as it is written; "" for what is no such chain of names."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def parameters(node: Function) -> Iterable[tuple[str, ast.expr | None]]:
    """A function's parameters with their defaults, those that may be given by place first."""
    places = [*node.args.posonlyargs, *node.args.args]
    missing = [None] * (len(places) - len(node.args.defaults))
    for one, default in zip(places, [*missing, *node.args.defaults], strict=True):
        yield one.arg, default
    for one, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        yield one.arg, default


def exclusive(one: Arms, other: Arms) -> bool:
    """Whether two places are in different arms of one statement, so that never both run."""
    arms = dict(one)
    return any(arms.get(node, arm) != arm for node, arm in other)
