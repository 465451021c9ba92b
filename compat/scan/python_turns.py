"""The turns of loops and the calls of functions that a place in Python code is run for, where the file lists them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from .python_follow import Follow
from .python_given import Made
from .python_names import Block, Function, Loop, Site

Element = tuple[ast.expr, Site]


def turns(following: Follow, site: Site, depth: int = 0) -> list[Site]:
    """A place once for each turn of the loops around it and each call of its function; itself if none is known."""
    sites = [site]
    for loop, at in site.loops:
        elements = _elements(following, loop, at)
        if 0 < len(elements) <= _MOST:
            sites = [_chosen(one, loop, element) for one in sites for element in elements]
    block: Block | None = site.block
    while block and depth < _DEEPEST:
        if isinstance(block.node, Function) and 0 < len(callers := following.callers(block.node)) <= _MOST:
            calls = [(call, turn) for call, at in callers for turn in turns(following, at, depth + 1)]
            sites = [_chosen(one, block.node, call) for one in sites for call in calls[:_MOST]]
        block = block.outer
    return sites if len(sites) <= _MOST_TOGETHER and following.steps.spend(len(sites)) else [site]


def _chosen(site: Site, by: Loop | Function, element: Element) -> Site:
    return replace(site, chosen={**element[1].chosen, **site.chosen, id(by): element})


def _elements(following: Follow, loop: Loop, site: Site) -> Sequence[Element]:
    """What a loop runs over: a literal list, or pairs that `zip`, `enumerate` or `items` make of literals."""
    ends = following.follow(loop.iter, site)
    if len(ends) != 1 or not _is_whole(ends[0]):
        return []
    made = ends[0]
    match made.node:
        case ast.List() | ast.Tuple() | ast.Set():
            return [(one, made.site) for one in made.node.elts if not isinstance(one, ast.Starred)]
        case ast.Dict(keys=keys):
            return [(key, made.site) for key in keys if key]
        case ast.Call(func=ast.Name(id="zip"), args=args):
            rows = [_literals(following, one, made) for one in args]
            return [(_tuple(row, made.node), made.site) for row in zip(*rows, strict=False)]
        case ast.Call(func=ast.Name(id="enumerate"), args=[values, *_]):
            row = _literals(following, values, made)
            return [(_tuple((ast.Constant(number), one), made.node), made.site) for number, one in enumerate(row)]
        case ast.Call(func=ast.Attribute(value=mapping, attr="items" | "values" as method), args=[]):
            return [
                (_tuple((key, value), made.node) if method == "items" else value, end.site)
                for end in following.follow(mapping, made.site)
                if isinstance(end.node, ast.Dict) and _is_whole(end)
                for key, value in zip(end.node.keys, end.node.values, strict=True)
                if key
            ]
    return []


def _literals(following: Follow, node: ast.expr, made: Made) -> list[ast.expr]:
    ends = following.follow(node, made.site)
    if len(ends) == 1 and isinstance(ends[0].node, ast.List | ast.Tuple) and _is_whole(ends[0]):
        return ends[0].node.elts
    return []


def _is_whole(made: Made) -> bool:
    """Whether a literal is meant as it is written: nothing is taken of it, and nothing was done to it."""
    return not (made.changes or made.take)


def _tuple(elements: Sequence[ast.expr], place: ast.expr) -> ast.Tuple:
    made = [one if hasattr(one, "lineno") else ast.copy_location(one, place) for one in elements]
    return ast.copy_location(ast.Tuple(elts=made, ctx=ast.Load()), place)


_MOST = 16
_MOST_TOGETHER = 64
_DEEPEST = 3
