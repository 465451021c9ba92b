"""Python code read through once: the blocks with their names, and where calls and literals stand."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from .python_names import Arms, Binding, Block, Function, How, Loop, Site, dotted, parameters


class Names:
    """All blocks of a module.

    Attributes:
        blocks: by the id of the node whose body each is.
        uses: the calls, dicts, lists and tuples in code that may run, in the order of the code.
        tests: what the statements with branches ask, by their ids and the number of the branch.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.blocks: dict[int, Block] = {}
        self.uses: list[tuple[ast.expr, Site]] = []
        self.tests: dict[tuple[int, int], ast.expr] = {}
        self._order = 0
        self._body(tree.body, Site(self._block(tree, None)))

    def _block(self, node: ast.Module | ast.ClassDef | Function, outer: Block | None) -> Block:
        self.blocks[id(node)] = block = Block(node, outer)
        return block

    def _body(self, statements: Sequence[ast.stmt], site: Site) -> None:
        for statement in statements:
            self._order += 1
            self._statement(statement, replace(site, order=self._order))

    def _statement(self, node: ast.stmt, site: Site) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self._definition(node, site)
            case ast.If():
                self._branches(node, site)
            case ast.While():
                if self._asked(node, node, 0, site) is not False:
                    self._body(node.body, _arm(site, node, 0))
                self._body(node.orelse, site)
            case ast.For() | ast.AsyncFor():
                self._look(node.iter, site)
                within = replace(_arm(site, node, 0), loops=(*site.loops, (node, site)))
                self._bind(node.target, How.LOOP, node.iter, within, by=node)
                self._body(node.body, within)
                self._body(node.orelse, site)
            case ast.Try() | ast.TryStar():
                self._body(node.body, _arm(site, node, 0))
                for handler in node.handlers:
                    self._body(handler.body, _arm(site, handler, 0))
                self._body(node.orelse, _arm(site, node, 0))
                self._body(node.finalbody, site)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    self._look(item.context_expr, site)
                    if item.optional_vars:
                        self._bind(item.optional_vars, How.SET, item.context_expr, site)
                self._body(node.body, site)
            case ast.Match():
                self._look(node.subject, site)
                for number, case in enumerate(node.cases):
                    self._body(case.body, _arm(site, node, number))
            case _:
                self._simple(node, site)

    def _branches(self, first: ast.If, site: Site) -> None:
        """`if`, any number of `elif`, `else`: the branches of one statement, of which one is run."""
        node, number = first, 0
        while True:
            always = self._asked(first, node, number, site)
            if always is not False:
                self._body(node.body, _arm(site, first, number))
            if always:
                return
            number += 1
            if len(node.orelse) != 1 or not isinstance(further := node.orelse[0], ast.If):
                break
            node = further
        self._body(node.orelse, _arm(site, first, number))

    def _asked(self, first: ast.stmt, node: ast.If | ast.While, number: int, site: Site) -> bool | None:
        """Notes what a branch asks; the answer where it is always the same."""
        self._order += 1
        self._look(node.test, replace(site, order=self._order))
        self.tests[id(first), number] = node.test
        return bool(node.test.value) if isinstance(node.test, ast.Constant) else None

    def _simple(self, node: ast.stmt, site: Site) -> None:
        for expression in ast.iter_child_nodes(node):
            if isinstance(expression, ast.expr):
                self._look(expression, site)
        match node:
            case ast.Assign():
                for target in node.targets:
                    self._bind(target, How.SET, node.value, site)
            case ast.AnnAssign():
                self._bind(node.target, How.SET, node.value, site)
            case ast.AugAssign():
                self._bind(node.target, How.ADD, node.value if isinstance(node.op, ast.Add) else None, site)
            case ast.Return(value=ast.expr() as value):
                site.block.returns.append((value, site))
            case ast.Import():
                for alias in node.names:
                    name = alias.asname or alias.name.partition(".")[0]
                    self._set(site.block, name, How.IMPORT, alias.name if alias.asname else name, site)
            case ast.ImportFrom():
                for alias in node.names:
                    self._set(site.block, alias.asname or alias.name, How.IMPORT, f"{node.module}.{alias.name}", site)
            case ast.Global() | ast.Nonlocal():
                site.block.shared.update(node.names)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=changed, attr=method)) as call):
                self._changed(changed, method, call, site)

    def _changed(self, changed: ast.expr, method: str, call: ast.Call, site: Site) -> None:
        """`x.append(…)`, `x.extend(…)`, `x.update(…)`."""
        how = {"append": How.APPEND, "extend": How.ADD, "update": How.MERGE}.get(method)
        if how is How.MERGE and (call.keywords or len(call.args) != 1):
            self._bind(changed, how, call, site)
        elif how and len(call.args) == 1:
            self._bind(changed, how, call.args[0], site)

    def _definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, site: Site) -> None:
        for decorator in node.decorator_list:
            self._look(decorator, site)
        self._set(site.block, node.name, How.SET, node, site)
        block = self._block(node, site.block)
        if not isinstance(node, ast.ClassDef):
            self._parameters(node, block, site)
        self._body(node.body, Site(block, order=self._order))

    def _parameters(self, node: Function, block: Block, site: Site) -> None:
        for name, default in parameters(node):
            if default is not None:
                self._look(default, site)
            block.bindings[name] = [Binding(How.PARAMETER, default, site, (), 0, by=node, name=name)]
        for rest in (node.args.vararg, node.args.kwarg):
            if rest:
                block.bindings[rest.arg] = [Binding(How.PARAMETER, None, site, (), 0, by=node, name=rest.arg)]

    def _look(self, expression: ast.expr, site: Site) -> None:
        """Notes calls and literals, outer ones first, and the names that the expression itself binds."""
        stack: list[tuple[ast.AST, Site]] = [(expression, site)]
        while stack:
            node, at = stack.pop()
            if isinstance(node, ast.Call | ast.Dict | ast.List | ast.Tuple):
                self.uses.append((node, at))
            if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
                at = _comprehension(node.generators, at)
            elif isinstance(node, ast.Lambda):
                hidden = {name: Binding(How.SET, None, at, (), 0) for name, _ in parameters(node)}
                at = replace(at, inner={**at.inner, **hidden})
            elif isinstance(node, ast.NamedExpr):
                self._bind(node.target, How.SET, node.value, at)
            stack += [(child, at) for child in reversed(list(ast.iter_child_nodes(node)))]

    def _bind(
        self,
        target: ast.expr,
        how: How,
        value: ast.expr | None,
        site: Site,
        take: tuple[int, ...] = (),
        by: Loop | None = None,
    ) -> None:
        for found, path, key in _targets(target, take):
            part = value
            while path and how is How.SET and isinstance(part, ast.Tuple | ast.List) and 0 <= path[0] < len(part.elts):
                if any(isinstance(element, ast.Starred) for element in part.elts):
                    break
                part, path = part.elts[path[0]], path[1:]
            step = how if key is None else How.ITEM
            if owner := _method_of(found, site.block):
                first = getattr(site.block.node, "name", "") == "__init__"
                arms = site.arms if first else ((id(site.block.node), 0), *site.arms)
                self._set(owner, found.partition(".")[2], step, part, site, path, by, key, arms)
            else:
                self._set(site.block, found, step, part, site, path, by, key)

    def _set(
        self,
        block: Block,
        name: str,
        how: How,
        value: ast.expr | ast.ClassDef | Function | str | None,
        site: Site,
        take: tuple[int, ...] = (),
        by: Loop | None = None,
        key: ast.expr | None = None,
        arms: Arms | None = None,
    ) -> None:
        arms = site.arms if arms is None else arms
        if name in block.shared and block.outer:
            arms = ((id(block.node), 0), *arms)
            while block.outer and name not in block.bindings:
                block = block.outer
        block.bindings.setdefault(name, []).append(Binding(how, value, site, arms, site.order, take, by, key))


def _arm(site: Site, node: ast.AST, number: int) -> Site:
    return replace(site, arms=(*site.arms, (id(node), number)))


def _comprehension(generators: Iterable[ast.comprehension], site: Site) -> Site:
    for loop in generators:
        bound = {
            name: Binding(How.LOOP, loop.iter, site, (), 0, take, loop) for name, take, _ in _targets(loop.target, ())
        }
        site = replace(site, inner={**site.inner, **bound}, loops=(*site.loops, (loop, site)))
    return site


def _targets(target: ast.expr, take: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...], ast.expr | None]]:
    """The names that a target binds, with the path to each one's part of the value and the key of an item."""
    match target:
        case ast.Tuple() | ast.List():
            starred = any(isinstance(element, ast.Starred) for element in target.elts)
            for number, element in enumerate(target.elts):
                # Behind a starred name the places are counted from the end: -1 is in no literal.
                yield from _targets(element, (*take, -1 if starred else number))
        case ast.Starred():
            yield from _targets(target.value, (*take, -1))
        case ast.Subscript():
            if name := dotted(target.value):
                yield name, take, target.slice
        case _:
            if name := dotted(target):
                yield name, take, None


def _method_of(name: str, block: Block) -> Block | None:
    """The class whose attribute `self.x` is, seen from one of its methods."""
    first, dot, rest = name.partition(".")
    if not dot or "." in rest or not isinstance(block.node, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    own = next((one for one, _ in parameters(block.node)), None)
    return block.outer if first == own and block.outer and isinstance(block.outer.node, ast.ClassDef) else None
