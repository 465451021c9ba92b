"""Attributes and items in Python code: of classes and their instances, of dicts and lists."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace

from .python_bound import Bound
from .python_given import Made
from .python_names import Block, Function, How, Site, dotted, parameters


class Members(Bound):
    """Looks up what belongs to something."""

    def item(self, made: Made, key: object) -> list[Made]:
        """The item of a dict or list under a key."""
        if isinstance(key, int) and not made.changes:
            if made.take or isinstance(made.node, ast.Call):
                return [replace(made, take=(*made.take, key))]
            if isinstance(made.node, ast.Tuple | ast.List):
                return self._taken(made, (key if key >= 0 else len(made.node.elts) + key,))
        return [end for one in self.entry(made, key) for end in self._end(one)]

    def entry(self, made: Made, key: object) -> list[Made]:
        """What stands in a dict under a key, not followed."""
        for change in reversed(made.changes):
            if change.how is not How.ITEM or not isinstance(change.key, ast.Constant):
                return []
            if change.key.value == key and isinstance(change.value, ast.expr):
                return [Made(change.value, change.site.seen_from(made.site))]
        match None if made.take else made.node:
            case ast.Dict(keys=names, values=values):
                for name, value in zip(reversed(names), reversed(values), strict=True):
                    if not isinstance(name, ast.Constant):
                        return []
                    if name.value == key:
                        return [Made(value, made.site)]
            case ast.Call(func=ast.Name(id="dict"), keywords=keywords):
                return [Made(one.value, made.site) for one in keywords if one.arg == key]
            case ast.arg() as rest:
                return self._taken_by_name(rest, key, made.site)
        return []

    def _items(self, node: ast.expr, key: object, site: Site) -> list[Made]:
        """The items that stand under a key on all ways; nothing if none does."""
        found: list[Made] = []
        unknown: list[Made] = []
        for made in self.follow(node, site):
            items = self.item(made, key)
            found += items
            if not items and not isinstance(made.node, ast.Dict | ast.Constant):
                unknown.append(Made(None, made.site))
        return [*found, *unknown] if found else []

    def _subscript(self, node: ast.Subscript, site: Site) -> list[Made]:
        keys = [one.node for one in self.follow(node.slice, site)]
        key = keys[0].value if len(keys) == 1 and isinstance(keys[0], ast.Constant) else None
        if key is None or dotted(node.value).endswith("environ"):
            return []
        return self._items(node.value, key, site)

    def _attribute(self, node: ast.Attribute, site: Site) -> list[Made]:
        chain = dotted(node)
        if chain and (ways := self._named(chain, site)):
            return [end for made in ways for end in self._end(made)]
        ends: list[Made] = []
        for made in self._owners(node.value, site):
            ends += self._member(made, node.attr)
        return ends or self._option(node.attr)

    def _owners(self, node: ast.expr, site: Site) -> list[Made]:
        """The classes, instances and calls that an attribute is asked of; `self` is an instance of its class."""
        function = site.block.node
        if isinstance(node, ast.Name) and isinstance(function, Function) and (owner := self._method(function)):
            first = next((name for name, _ in parameters(function)), None)
            if node.id == first and len(site.block.bindings.get(node.id, [])) == 1:
                return [Made(owner, site)]
        return self.follow(node, site)

    def _member(self, made: Made, name: str) -> list[Made]:
        """An attribute of what was made."""
        match made.node:
            case ast.ClassDef():
                return self._of_class(made.node, name, made.site)
            case ast.Call() as call:
                for keyword in call.keywords:
                    if keyword.arg == name:
                        return self._end(Made(keyword.value, made.site))
                for end in self._classes(call.func, made.site):
                    return self._of_class(end, name, self._made_by(end, call, made.site), call)
            case ast.Constant() if name == "value":
                return [made]
        return []

    def _classes(self, func: ast.expr, site: Site) -> list[ast.ClassDef]:
        return [one.node for one in self.follow(func, site) if isinstance(one.node, ast.ClassDef)]

    def _made_by(self, owner: ast.ClassDef, call: ast.Call, site: Site) -> Site:
        """The site from which the attributes of an instance are seen: its constructor gets the call's arguments."""
        block = self.names.blocks[id(owner)]
        starts = [one.value for one in block.bindings.get("__init__", [])]
        turns = {id(start): (call, site) for start in starts}
        return replace(site, chosen={**site.chosen, **turns})

    def _of_class(self, owner: ast.ClassDef, name: str, site: Site, call: ast.Call | None = None) -> list[Made]:
        block = self.names.blocks[id(owner)]
        if id(owner) in self._active:
            self.steps.cut += 1
            return []
        if name in block.bindings:
            if call and call.args and "__init__" not in block.bindings:  # a dataclass, by the places of its fields
                number = list(block.bindings).index(name)
                if number < len(call.args):
                    return self._end(Made(call.args[number], site))
            return [end for made in self._reaching(block, name, site) for end in self._end(made)]
        with self._within(owner):
            return [
                end
                for base in owner.bases
                for one in self._classes(base, replace(self._site_of(block), chosen=site.chosen))
                for end in self._of_class(one, name, site)
            ]

    def _site_of(self, block: Block) -> Site:
        """The place of a class in the block around it, as seen from its end."""
        return Site(block.outer or block, order=sys.maxsize)
