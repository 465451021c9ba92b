"""What is given to Python code from elsewhere: arguments of calls, options of the command line."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .python_blocks import Names
from .python_names import Binding, Function, How, Site, dotted, parameters
from .python_steps import Steps


@dataclass(frozen=True, eq=False, slots=True)
class Made:
    """An expression that makes a value, or that cannot be followed further.

    Attributes:
        node: the expression or definition; a name in text is an imported one; `**` of a function is what it takes in
            by name, and None is what nothing shows.
        take: which elements of its value are meant, where it is unpacked.
        changes: what was done to the value since.
        open: whether something outside of the file may give another value in its place.
        handed: whether it is handed on: a parameter, or what a base class holds, that nothing in the file gives a
            value.
    """

    node: ast.expr | ast.ClassDef | Function | ast.arg | str | None
    site: Site
    take: tuple[int, ...] = ()
    changes: tuple[Binding, ...] = ()
    open: bool = False
    handed: bool = False

    def is_nothing(self) -> bool:
        """Whether it is None, an empty text or the like."""
        return isinstance(self.node, ast.Constant) and not self.node.value


class Given(ABC):
    """Knows the calls of a file and what they give."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.steps = Steps()
        self._active: set[int] = set()
        self._options = dict[str, list[tuple[ast.expr | None, Site]]]()
        self._calls = dict[str, list[tuple[ast.Call, Site]]]()
        self._passed = set[str]()  # names of what is an argument itself, which something else may call
        for node, site in names.uses:
            if isinstance(node, ast.Call):
                self._register(node, site)
        functions = [block.node for block in names.blocks.values() if isinstance(block.node, Function)]
        self._functions = {getattr(function, "name", "") for function in functions}
        self._takers = {id(function.args.kwarg): function for function in functions if function.args.kwarg}

    @abstractmethod
    def follow(self, node: ast.expr, site: Site) -> list[Made]:
        """What makes an expression's value, one result for each way that leads here; the expression itself if none."""

    @abstractmethod
    def item(self, made: Made, key: object) -> list[Made]:
        """The item of a dict or list under a key."""

    def callers(self, function: Function) -> list[tuple[ast.Call, Site]]:
        """The calls of a function, or of the class whose constructor it is, by its name."""
        name = self._called_as(function)
        return self._calls.get(name, []) if name else []

    def _called_as(self, function: Function) -> str:
        name = getattr(function, "name", "")
        owner = self._method(function)
        return owner.name if owner and name == "__init__" else name

    def _given(self, binding: Binding, site: Site) -> list[Made]:
        """A parameter's or loop's value: from the call or turn that is looked at, else the parameter's default."""
        rest = binding.by.args.kwarg if isinstance(binding.by, Function) else None
        if rest and binding.name == rest.arg and isinstance(binding.by, Function):
            return [Made(rest, site, handed=self._is_handed(binding) and not self.callers(binding.by))]
        if turn := site.chosen.get(id(binding.by)):
            node, at = turn
            if binding.how is How.LOOP:  # what the element refers to is seen from the same call of the function
                return [Made(node, at.seen_from(site), binding.take)]
            if isinstance(node, ast.Call) and (given := self._argument(node, at, binding, site)):
                return given
        if binding.how is How.LOOP or not isinstance(binding.by, Function):
            return []
        callers = self.callers(binding.by)
        if len(callers) > _CALLERS:
            return [Made(None, site)]
        if given := [made for call, at in callers for made in self._argument(call, at, binding, site)]:
            return given
        if isinstance(binding.value, ast.expr):
            return [Made(binding.value, site, open=True, handed=self._is_handed(binding))]
        options = self._option(binding.name) if getattr(binding.by, "decorator_list", []) else []
        return options or [Made(None, site, handed=self._is_handed(binding))]

    def _taken_by_name(self, rest: ast.arg, key: object, site: Site) -> list[Made]:
        """What `**rest` of a function holds under a key: a parameter that it does not name itself."""
        return self._given(Binding(How.PARAMETER, None, site, (), 0, by=self._takers[id(rest)], name=str(key)), site)

    def _argument(self, call: ast.Call, at: Site, binding: Binding, site: Site) -> list[Made]:
        """What a call gives for a parameter, or the parameter's default.

        Nothing if it cannot be a call of it, or is one of a function that calls itself with what it got.
        """
        if not isinstance(binding.by, Function):
            return []
        places = [name for name, _ in parameters(binding.by)]
        vararg = binding.by.args.vararg
        if vararg and binding.name == vararg.arg:
            return [Made(None, site)]
        if self._method(binding.by) and "staticmethod" not in _decorators(binding.by):
            if places[:1] == [binding.name]:  # the instance
                return []
            places = places[1:]
        for keyword in call.keywords:
            if keyword.arg == binding.name:
                own = at.block.node is binding.by and dotted(keyword.value) == binding.name
                return [] if own else [Made(keyword.value, at)]
        number = places.index(binding.name) if binding.name in places else None
        if number is not None and any(isinstance(one, ast.Starred) for one in call.args):
            return [Made(None, site)]
        if number is not None and number < len(call.args):
            return [Made(call.args[number], at)]
        rest = binding.by.args.kwarg
        for keyword in call.keywords:
            own = rest is not None and at.block.node is binding.by and dotted(keyword.value) == rest.arg
            if keyword.arg is None and not own and (given := self._unpacked(keyword.value, at, binding.name)):
                return given
        return [Made(binding.value, site)] if isinstance(binding.value, ast.expr) else []

    def _unpacked(self, mapping: ast.expr, at: Site, name: str) -> list[Made]:
        """What `**mapping` gives for a name."""
        if id(mapping) in self._active:
            self.steps.cut += 1
            return []  # what leads back to itself gives nothing more than the other ways do
        with self._within(mapping):
            given: list[Made] = []
            for end in self.follow(mapping, at):
                items = self.item(end, name)
                given += items if items or _is_known(end) else [Made(None, at, handed=end.handed)]
            return [one for one in given if id(one.node) not in self._active]

    def _is_handed(self, binding: Binding) -> bool:
        """Whether a parameter without a caller is that of a library: nothing is seen to give it a value.

        A decorator may, and so may what gets the function as an argument, such as `fire.Fire(main)` or a thread; a
        parameter that is named like a function of the file gets what this makes, as in tests.
        """
        function = binding.by
        if not isinstance(function, Function) or binding.name in self._functions:
            return False
        if binding.value is not None and getattr(binding.value, "value", True):  # a default that is something
            return False
        plain = all(one in _PLAIN for one in _decorators(function))
        return plain and self._called_as(function) not in self._passed

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
        if name not in _ASKING:
            given = [*call.args, *(one.value for one in call.keywords)]
            self._passed.update(dotted(one).rpartition(".")[2] for one in given)
        if name in ("add_argument", "option"):
            self._declare(call, site)

    def _declare(self, call: ast.Call, site: Site) -> None:
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


def _is_known(mapping: Made) -> bool:
    """Whether a mapping's keys are all written down."""
    keys = mapping.node.keys if isinstance(mapping.node, ast.Dict) and not mapping.changes else [None]
    return all(isinstance(key, ast.Constant) for key in keys)


def _decorators(function: Function) -> list[str]:
    """What a function is decorated with, without modules and arguments."""
    decorators = getattr(function, "decorator_list", [])
    return [dotted(getattr(one, "func", one)).rpartition(".")[2] for one in decorators]


# How a function that a platform wraps is called all the same: `serve.remote("…")`.
_LAUNCHES = frozenset("remote local spawn delay".split())
# Functions that only ask about what they get.
_ASKING = frozenset("isinstance issubclass super hasattr getattr cast len print type id".split())
# Decorators that call a function with what its callers give.
_PLAIN = frozenset(
    "staticmethod classmethod abstractmethod override property cached_property setter cache lru_cache wraps overload "
    "contextmanager asynccontextmanager no_grad inference_mode compile deprecated".split()
)
_CALLERS = 16
