"""What a name may be bound to at a place in Python code: assignments, arguments, turns of loops, options."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from operator import attrgetter

from .errors import UnreadError
from .python_blocks import Names
from .python_names import CHANGES, Arms, Binding, Block, Function, How, Site, dotted, exclusive, parameters


@dataclass(frozen=True, eq=False, slots=True)
class Made:
    """An expression that makes a value, or that cannot be followed further.

    Attributes:
        node: the expression or definition; a name in text is an imported one.
        take: which elements of its value are meant, where it is unpacked.
        changes: what was done to the value since.
        open: whether something outside of the file may give another value in its place.
    """

    node: ast.expr | ast.ClassDef | Function | str
    site: Site
    take: tuple[int, ...] = ()
    changes: tuple[Binding, ...] = ()
    open: bool = False


class Bound(ABC):
    """Looks names up; `follow` goes on from what it finds."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self._steps = 0
        self._active: set[int] = set()
        self._options = dict[str, list[tuple[ast.expr | None, Site]]]()
        self._calls = dict[str, list[tuple[ast.Call, Site]]]()
        for node, site in names.uses:
            if isinstance(node, ast.Call):
                self._register(node, site)

    @abstractmethod
    def follow(self, node: ast.expr, site: Site) -> list[Made]:
        """What makes an expression's value, one result for each way that leads here; the expression itself if none."""

    def spend(self, steps: int) -> None:
        """Counts steps.

        Raises:
            UnreadError: when there were too many.
        """
        self._steps += steps
        if self._steps > _STEPS:
            raise UnreadError("holds Python that takes too many steps to follow")

    def imported(self, func: ast.expr, site: Site) -> str:
        """A function's dotted name with its module, as far as imports tell it: `vllm.LLM`."""
        written = dotted(func)
        first, dot, rest = written.partition(".")
        if not first:
            return func.attr if isinstance(func, ast.Attribute) else ""
        made = [one.node for one in self._named(first, site) if isinstance(one.node, str)]
        return f"{made[0]}{dot}{rest}" if made else written

    def callers(self, function: Function) -> list[tuple[ast.Call, Site]]:
        """The calls of a function, or of the class whose constructor it is, by its name."""
        name = getattr(function, "name", "")
        owner = self._method(function)
        if owner and name == "__init__":
            name = owner.name
        return self._calls.get(name, []) if name else []

    def _named(self, name: str, site: Site) -> list[Made]:
        """What a name may be bound to at a place."""
        if name in site.inner:
            return self._bound(site.inner[name], site)
        block: Block | None = site.block
        while block:
            if name in block.bindings and (block is site.block or not isinstance(block.node, ast.ClassDef)):
                return self._reaching(block, name, site)
            block = block.outer
        return []

    def _reaching(self, block: Block, name: str, site: Site) -> list[Made]:
        """The bindings of a block's name that may still hold at a place, with the changes made since."""
        within = block is site.block
        arms = site.arms if within else ()
        bindings = block.bindings[name]
        end = bisect_left(bindings, site.order, key=attrgetter("order")) if within else len(bindings)
        first = end
        while first and not (bindings[first - 1].how not in CHANGES and _certain(bindings[first - 1], arms)):
            first -= 1
        ways: list[Made] = []
        self.spend(end - first)
        for binding in bindings[max(first - 1, 0) : end]:
            left = binding.how is How.LOOP and within and all(loop is not binding.by for loop, _ in site.loops)
            if left or exclusive(binding.arms, arms):
                continue
            if binding.how in CHANGES:
                self.spend(sum(len(way.changes) for way in ways))
                ways = _changed(ways, binding, _certain(binding, arms))
            else:
                ways = [*([] if _certain(binding, arms) else ways), *self._bound(binding, site)]
        return ways[:_WAYS]

    def _bound(self, binding: Binding, site: Site) -> list[Made]:
        chosen = {**binding.site.chosen, **site.chosen}
        if binding.how is How.PARAMETER or binding.how is How.LOOP:
            return self._given(binding, replace(binding.site, chosen=chosen))
        if binding.value is None:
            return []
        return [Made(binding.value, replace(binding.site, chosen=chosen), binding.take)]

    def _given(self, binding: Binding, site: Site) -> list[Made]:
        """A parameter's or loop's value: from the call or turn that is looked at, else the parameter's default."""
        if turn := site.chosen.get(id(binding.by)):
            node, at = turn
            if binding.how is How.LOOP:
                # What the turn's element refers to is seen from the same call of the function.
                return [Made(node, replace(at, chosen={**at.chosen, **site.chosen}), binding.take)]
            return self._argument(node, at, binding, site) if isinstance(node, ast.Call) else []
        if binding.how is How.LOOP or not isinstance(binding.by, Function):
            return []
        if callers := self.callers(binding.by):
            if len(callers) > _WAYS:
                return []
            return [made for call, at in callers for made in self._argument(call, at, binding, site)]
        if isinstance(binding.value, ast.expr):
            return [Made(binding.value, site, open=True)]
        return self._option(binding.name) if getattr(binding.by, "decorator_list", []) else []

    def _argument(self, call: ast.Call, at: Site, binding: Binding, site: Site) -> list[Made]:
        """What a call gives for a parameter, or the parameter's default."""
        if not isinstance(binding.by, Function):
            return []
        places = [name for name, _ in parameters(binding.by)]
        if self._method(binding.by):
            places = places[1:]
        for keyword in call.keywords:
            if keyword.arg == binding.name:
                return [Made(keyword.value, at)]
        number = places.index(binding.name) if binding.name in places else len(call.args)
        if any(isinstance(one, ast.Starred) for one in call.args) or any(one.arg is None for one in call.keywords):
            return []
        if number < len(call.args):
            return [Made(call.args[number], at)]
        return [Made(binding.value, site)] if isinstance(binding.value, ast.expr) else []

    def _end(self, made: Made) -> list[Made]:
        """A binding's value followed on, with what is taken of it and done to it."""
        if not isinstance(made.node, ast.expr) or id(made.node) in self._active:
            return [made]
        with self._within(made.node):
            ends = []
            for end in self.follow(made.node, made.site):
                for element in self._taken(end, made.take):
                    both = (*element.changes, *made.changes)
                    ends.append(replace(element, changes=both, open=element.open or made.open))
            return ends

    def _taken(self, made: Made, take: tuple[int, ...]) -> list[Made]:
        if not take:
            return [made]
        node = None if made.changes or made.take else made.node
        elements = node.elts if isinstance(node, ast.Tuple | ast.List) else []
        if 0 <= take[0] < len(elements) and not any(isinstance(one, ast.Starred) for one in elements):
            return [last for end in self.follow(elements[take[0]], made.site) for last in self._taken(end, take[1:])]
        return [replace(made, take=(*made.take, *take))]

    def _method(self, function: Function) -> ast.ClassDef | None:
        """The class whose method a function is."""
        block = self.names.blocks.get(id(function))
        owner = block.outer.node if block and block.outer else None
        return owner if isinstance(owner, ast.ClassDef) else None

    def _register(self, call: ast.Call, site: Site) -> None:
        """Notes what a call may tell about others: the arguments of a function, an option of the command line."""
        func = call.func
        if isinstance(func, ast.Attribute) and func.attr in _LAUNCHES and isinstance(func.value, ast.Name):
            func = func.value
        name = func.id if isinstance(func, ast.Name) else func.attr if isinstance(func, ast.Attribute) else ""
        self._calls.setdefault(name, []).append((call, site))
        if name not in ("add_argument", "option"):
            return
        words = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        given = {one.arg: one.value for one in call.keywords}
        dest = given.get("dest")
        long = next((word for word in words if word.startswith("--")), words[0] if words else "")
        key = dest.value if isinstance(dest, ast.Constant) else long.lstrip("-").replace("-", "_")
        self._options.setdefault(str(key), []).append((given.get("default"), site))

    def _option(self, name: str) -> list[Made]:
        """The defaults of an option of the command line."""
        found = self._options.get(name, [])
        return [Made(default, site, open=True) for default, site in found if default is not None]

    @contextmanager
    def _within(self, node: ast.AST) -> Iterator[None]:
        """Guards against following what is being followed."""
        self._active.add(id(node))
        try:
            yield
        finally:
            self._active.discard(id(node))


def _certain(binding: Binding, arms: Arms) -> bool:
    """Whether a binding is always run before a place in these branches."""
    return binding.arms == arms[: len(binding.arms)]


def _changed(ways: list[Made], change: Binding, certain: bool) -> list[Made]:
    """What a change makes of the values so far; one that may not be run leaves the value without it as well."""
    changed = [
        replace(way, changes=(*way.changes, change))
        for way in ways
        if not any(exclusive(change.arms, earlier.arms) for earlier in way.changes)
    ]
    if certain or len(ways) + len(changed) > _WAYS:
        return changed
    return [*ways, *changed]


# How a function that a platform wraps is called all the same: `serve.remote("…")`.
_LAUNCHES = frozenset("remote local spawn delay".split())
_STEPS = 200_000
_WAYS = 16
