"""What a name may be bound to at a place in Python code: by assignments, arguments, loops and imports."""

from __future__ import annotations

import ast
from bisect import bisect_left
from dataclasses import replace
from operator import attrgetter

from .python_given import Given, Made
from .python_names import CHANGES, Arms, Binding, Block, How, Site, dotted, exclusive


class Bound(Given):
    """Looks names up; `follow` goes on from what it finds."""

    def imported(self, func: ast.expr, site: Site) -> str:
        """A function's dotted name with its module, as far as imports tell it: `vllm.LLM`."""
        written = dotted(func)
        first, dot, rest = written.partition(".")
        if not first:
            return func.attr if isinstance(func, ast.Attribute) else ""
        made = [one.node for one in self._named(first, site) if isinstance(one.node, str)]
        return f"{made[0]}{dot}{rest}" if made else written

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
        if not self.steps.spend(end - first):
            return [Made(None, site)]
        for binding in bindings[max(first - 1, 0) : end]:
            left = binding.how is How.LOOP and within and all(loop is not binding.by for loop, _ in site.loops)
            if left or exclusive(binding.arms, arms):
                continue
            if binding.how in CHANGES:
                if not self.steps.spend(sum(len(way.changes) for way in ways)):
                    return [Made(None, site)]
                ways = _changed(ways, binding, _certain(binding, arms))
            else:
                ways = [*([] if _certain(binding, arms) else ways), *self._bound(binding, site)]
        return ways if len(ways) <= WAYS else [Made(None, site)]

    def _bound(self, binding: Binding, site: Site) -> list[Made]:
        at = binding.site.seen_from(site)
        if binding.how is How.PARAMETER or binding.how is How.LOOP:
            return self._given(binding, at)
        if binding.value is None:
            return []
        return [Made(binding.value, at, binding.take)]

    def _end(self, made: Made) -> list[Made]:
        """A binding's value followed on, with what is taken of it and done to it."""
        if not isinstance(made.node, ast.expr):
            return [made]
        if id(made.node) in self._active:
            self.steps.cut += 1
            return [made]
        with self._within(made.node):
            ends = []
            for end in self.follow(made.node, made.site):
                for element in self._taken(end, made.take):
                    both = (*element.changes, *made.changes)
                    is_open, handed = element.open or made.open, element.handed or made.handed
                    ends.append(replace(element, changes=both, open=is_open, handed=handed))
            return ends

    def _taken(self, made: Made, take: tuple[int, ...]) -> list[Made]:
        if not take:
            return [made]
        node = None if made.changes or made.take else made.node
        elements = node.elts if isinstance(node, ast.Tuple | ast.List) else []
        if 0 <= take[0] < len(elements) and not any(isinstance(one, ast.Starred) for one in elements):
            return [last for end in self.follow(elements[take[0]], made.site) for last in self._taken(end, take[1:])]
        return [replace(made, take=(*made.take, *take))]


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
    if certain or len(ways) + len(changed) > WAYS:
        return changed
    return [*ways, *changed]


WAYS = 16
