"""Where a Python expression's value is made: names, attributes, items and calls followed through the file."""

from __future__ import annotations

import ast
from dataclasses import replace

from .python_blocks import Names
from .python_bound import Made
from .python_members import Members
from .python_names import Function, Site, dotted


class Follow(Members):
    """Follows expressions; what depends on the branch that is taken has several results.

    Raises:
        UnreadError: from any method, where the file takes too many steps to follow.
    """

    def __init__(self, names: Names) -> None:
        super().__init__(names)
        self._depth = 0

    def follow(self, node: ast.expr, site: Site) -> list[Made]:
        """What makes an expression's value, one result for each way that leads here; the expression itself if none."""
        self.spend(1)
        if self._depth >= _DEPTH:
            return [Made(node, site)]
        self._depth += 1
        try:
            return self._step(node, site)[:_WAYS] or [Made(node, site)]
        finally:
            self._depth -= 1

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
            test = self.names.tests.get(statement) if arm == 0 else None
            match test:
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
            case ast.Constant(value=value):
                return not value
            case ast.Attribute(attr=name):
                return name in self._options
            case ast.Call(func=func, args=args):
                return self.imported(func, made.site) in ENVIRONMENT and len(args) == 1
        return False

    def _call(self, node: ast.Call, site: Site) -> list[Made]:
        func = node.func
        if isinstance(func, ast.Attribute) and func.attr in _TRANSPARENT:
            return self.follow(func.value, site)
        if isinstance(func, ast.Attribute) and func.attr == "get" and node.args and not self._environment(node, site):
            key = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
            found = [end for made in self.follow(func.value, site) for end in self.item(made, key)]
            return found or (self.follow(node.args[1], site) if len(node.args) > 1 else [])
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
            return []
        chosen = {**site.chosen, id(function): (call, site)}
        with self._within(function):
            return [
                end
                for value, at in self.names.blocks[id(function)].returns
                for end in self.follow(value, replace(at, chosen=chosen))
            ]


# Calls that read the environment: a name, and perhaps a default.
ENVIRONMENT = ("os.environ.get", "os.getenv", "environ.get", "getenv")
# Methods and functions that give back what they are called on, or the like of it.
_TRANSPARENT = frozenset(
    "to eval cuda cpu half bfloat16 float requires_grad_ train copy strip rstrip lstrip unwrap expanduser resolve "
    "absolute as_posix".split()
)
_PASSING = frozenset("copy.copy copy.deepcopy typing.cast torch.compile textwrap.dedent dedent cast".split())
_DEPTH = 40
_WAYS = 16
