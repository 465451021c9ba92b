"""Where a Python expression's value is made: names, attributes, items and calls followed through the file."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from .python_blocks import Names
from .python_bound import WAYS
from .python_given import Made
from .python_members import Members
from .python_names import Function, Site, dotted


class Follow(Members):
    """Follows expressions; what depends on the branch that is taken has several results.

    What an expression comes to is remembered for the place that it is seen from: for good, or for the place that is
    looked at where something was left open on the way.

    Raises:
        UnreadError: from any method, where the file takes too many steps to follow.
    """

    def __init__(self, names: Names) -> None:
        super().__init__(names)
        self._depth = 0
        # With what each result was made of, so that no other object gets an id among the keys.
        self._known: dict[tuple[int, ...], tuple[list[Made], ast.expr, Site]] = {}
        self._known_here: dict[tuple[int, ...], tuple[list[Made], ast.expr, Site]] = {}

    def begin(self) -> None:
        """Starts with a place that is looked at."""
        self.steps.begin()
        self._known_here.clear()

    def follow(self, node: ast.expr, site: Site) -> list[Made]:
        """What makes an expression's value, one result for each way that leads here; the expression itself if none."""
        key = (id(node), *site.key())
        if known := self._known.get(key) or self._known_here.get(key):
            return known[0]
        if not self.steps.spend(1) or self._depth >= _DEPTH:
            self.steps.cut += 1
            return [Made(node, site)]
        cut = self.steps.cut
        self._depth += 1
        try:
            ways = _distinct(self._step(node, site)) or [Made(node, site)]
        finally:
            self._depth -= 1
        ways = ways if len(ways) <= WAYS else [Made(None, site)]
        (self._known if self.steps.cut == cut else self._known_here)[key] = ways, node, site
        return ways

    def _step(self, node: ast.expr, site: Site) -> list[Made]:
        match node:
            case ast.Name() | ast.Attribute() if known := self._compared(node, site):
                return known
            case ast.Name():
                return [end for made in self._named(node.id, site) for end in self._end(made)]
            case ast.Attribute():
                return self._attribute(node, site)
            case ast.Subscript():
                return self._subscript(node, site)
            case ast.IfExp():
                if isinstance(node.test, ast.Constant):
                    return self.follow(node.body if node.test.value else node.orelse, site)
                return [*self.follow(node.body, site), *self.follow(node.orelse, site)]
            case ast.BoolOp(op=ast.Or()):
                return self._either(node, site)
            case ast.NamedExpr() | ast.Await():
                return self.follow(node.value, site)
            case ast.Call():
                return self._call(node, site)
        return [Made(node, site)]

    def _compared(self, node: ast.Name | ast.Attribute, site: Site) -> list[Made]:
        """What an expression equals in the branch that it stands in: `if args.method == "ngram":`."""
        name = dotted(node)
        for statement, arm in reversed(site.arms):
            match self.names.tests.get((statement, arm)):
                case ast.Compare(left=left, ops=[ast.Eq()], comparators=[ast.Constant() as value]) if (
                    dotted(left) == name
                ):
                    return [Made(value, site)] if name else []
        return []

    def _either(self, node: ast.BoolOp, site: Site) -> list[Made]:
        """`a or b`: what is empty, or is set from outside and has no default, gives way to the next."""
        for value in node.values[:-1]:
            ends = self.follow(value, site)
            if not all(self._gives_way(end) for end in ends):
                return ends
        return self.follow(node.values[-1], site)

    def _gives_way(self, made: Made) -> bool:
        match made.node:
            case None:
                return made.handed
            case ast.Constant():
                return made.is_nothing()
            case ast.Attribute(attr=name):
                return name in self._options and not self.steps.exhausted
            case ast.Call(func=func, args=args):
                return self.imported(func, made.site) in ENVIRONMENT and len(args) == 1
        return False

    def _call(self, node: ast.Call, site: Site) -> list[Made]:
        func = node.func
        if isinstance(func, ast.Attribute) and func.attr in _TRANSPARENT:
            return self.follow(func.value, site)
        taken = isinstance(func, ast.Attribute) and func.attr in ("get", "pop") and node.args
        if isinstance(func, ast.Attribute) and taken and not self._environment(node, site):
            key = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
            found = self._items(func.value, key, site)
            if any(not one.handed for one in found) or len(node.args) == 1:
                return found
            default = self.follow(node.args[1], site)
            return found if found and all(one.is_nothing() for one in default) else default
        if self.imported(func, site) in _PASSING and node.args:
            return self.follow(node.args[-1], site)
        return [end for one in self._called(func, site) for end in self._returned(one, node, site)]

    def _environment(self, node: ast.Call, site: Site) -> bool:
        return self.imported(node.func, site) in ENVIRONMENT

    def _called(self, func: ast.expr, site: Site) -> list[Function]:
        """The functions of this file that a call runs."""
        if not isinstance(func, ast.Name | ast.Attribute):
            return []
        return [one.node for one in self.follow(func, site) if isinstance(one.node, Function)]

    def _returned(self, function: Function, call: ast.Call, site: Site) -> list[Made]:
        """What a function gives back when it is called so."""
        if id(function) in self._active or id(function) not in self.names.blocks:
            self.steps.cut += 1
            return []
        chosen = {**site.chosen, id(function): (call, site)}
        with self._within(function):
            return [
                end
                for value, at in self.names.blocks[id(function)].returns
                for end in self.follow(value, replace(at, chosen=chosen))
            ]


def _distinct(ways: Sequence[Made]) -> list[Made]:
    """Each way once: those that meet again are one."""
    found: dict[tuple[object, ...], Made] = {}
    for one in ways:
        changes = tuple(id(change) for change in one.changes)
        found.setdefault((id(one.node), *one.site.key(), one.take, changes, one.open, one.handed), one)
    return list(found.values())


# Calls that read the environment: a name, and perhaps a default.
ENVIRONMENT = ("os.environ.get", "os.getenv", "environ.get", "getenv")
# Methods and functions that give back what they are called on, or the like of it.
_TRANSPARENT = frozenset(
    "to eval cuda cpu half bfloat16 float requires_grad_ train copy strip rstrip lstrip unwrap expanduser resolve "
    "absolute as_posix".split()
)
_PASSING = frozenset("copy.copy copy.deepcopy typing.cast torch.compile textwrap.dedent dedent cast".split())
_DEPTH = 40
