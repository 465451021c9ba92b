"""The trees that Python expressions come to: dicts, lists, the arguments of calls."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .nodes import Node
from .python_forms import Forms, summands
from .python_given import Made
from .python_names import Binding, How, Site, dotted
from .reading import Branch, Items
from .traced import Traced


class Values(Forms):
    """Trees of expressions; what in them cannot be told stands as it does in texts."""

    def trees(self, node: ast.expr, site: Site) -> list[Node]:
        """What an expression may come to, a tree for each way."""
        with self.deeper():
            return [self._tree(made, node, site) for made in self.ways(node, site)]

    def tree(self, node: ast.expr, site: Site) -> Node:
        """An expression's tree; an open text if it depends on which branch is taken."""
        ways = self.ways(node, site)
        if len(ways) != 1:
            return self.text(node, site)
        if self.is_too_much(node):
            return self.open(node, site)
        with self.deeper():
            return self._tree(ways[0], node, site)

    def branches(self, call: ast.Call, first: str, site: Site) -> list[Branch]:
        """The arguments of a call by name, for each way that leads to its settings.

        Args:
            call: the call.
            first: the name of its first argument, should that be given by place.
            site: where it stands.
        """
        found = [self.branch([one for one in call.keywords if one.arg not in _FORKING], site)]
        if first and call.args and not isinstance(call.args[0], ast.Starred):
            entry = (self.source.segment(call.args[0]), self.tree(call.args[0], site))
            found = [Branch({first: entry, **one.entries}) for one in found]
        for keyword in call.keywords:
            if keyword.arg in _FORKING:
                key = self.source.segment(keyword)
                ways = self.trees(keyword.value, site)
                more = [Branch({keyword.arg: (key, way)}) if keyword.arg else way for way in ways]
                found = [
                    Branch({**one.entries, **(other.entries if isinstance(other, Branch) else {})})
                    for one in found
                    for other in more
                ][:_MOST_WAYS]
        return found

    def branch(self, keywords: list[ast.keyword], site: Site) -> Branch:
        """The keywords of a call."""
        entries: dict[str, tuple[Traced, Node]] = {}
        for keyword in keywords:
            if keyword.arg is not None:
                key = self.source.segment(keyword).cut(0, len(keyword.arg))
                entries[keyword.arg] = (key, self.tree(keyword.value, site))
            elif isinstance(more := self.tree(keyword.value, site), Branch):
                entries |= more.entries
        return Branch(entries)

    def _tree(self, made: Made, written: ast.expr, use: Site) -> Node:
        """The tree of what was made; `written` is the expression that leads there, which stands at `use`."""
        if made.take:
            return self.leaf(made, written, use)
        site = made.site
        tree: Node
        match made.node:
            case ast.Dict() as node:
                tree = self._dict(node, site)
            case ast.List() | ast.Tuple() as node:
                tree = Items(tuple(self._elements(node.elts, site)))
            case ast.BinOp(op=ast.Add()) as node:
                nodes: list[Node] = []
                for part in summands(node):
                    if not isinstance(items := self.tree(part, site), Items):
                        return self.leaf(made, written, use)
                    nodes += items.nodes
                tree = Items(tuple(nodes))
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                one, other = self.tree(left, site), self.tree(right, site)
                if not (isinstance(one, Branch) and isinstance(other, Branch)):
                    return self.leaf(made, written, use)
                tree = Branch({**one.entries, **other.entries})
            case ast.Call() as node if (found := self._called_tree(node, site)) is not None:
                tree = found
            case _:
                return self.leaf(made, written, use)
        for change in made.changes:
            tree = self._changed(tree, change, site)
        return tree

    def _dict(self, node: ast.Dict, site: Site) -> Branch:
        entries: dict[str, tuple[Traced, Node]] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            tree = self.tree(value, site)
            if key is None:
                entries |= tree.entries if isinstance(tree, Branch) else {}
            else:
                name = self.text(key, site)
                entries[name.text] = (name, tree)
        return Branch(entries)

    def _elements(self, elements: list[ast.expr], site: Site) -> Iterator[Node]:
        for element in elements:
            if not isinstance(element, ast.Starred):
                yield self.tree(element, site)
            elif isinstance(more := self.tree(element.value, site), Items):
                yield from more.nodes

    def _called_tree(self, call: ast.Call, site: Site) -> Node | None:
        """The tree that a call makes: a dict, a list, or the settings that an object of a configuration class holds."""
        name = self.following.imported(call.func, site).rpartition(".")[2]
        if name in ("list", "tuple", "asdict", "model_dump", "dict", "loads") and len(call.args) == 1:
            return self.tree(call.args[0], site)
        if name == "split" and len(call.args) == 1 and dotted(call.func).startswith("shlex"):
            return None
        if name == "dict" or (name.endswith(("Config", "Args", "Params")) and call.keywords):
            self.used.add(id(call))
            made = self.branch(call.keywords, site)
            if name.endswith(_DECODING) and name != _DECODING:
                written = self.source.segment(call.func)
                method = written.cut(len(written.text) - len(dotted(call.func).rpartition(".")[2]))
                kind = Traced.placed(name.removesuffix(_DECODING), method.origin)
                return Branch({"decoding_type": (method, kind), **made.entries})
            return made
        return None

    def _changed(self, tree: Node, change: Binding, site: Site) -> Node:
        """A tree after a statement that changes it."""
        at = change.site.seen_from(site)
        value = self.tree(change.value, at) if isinstance(change.value, ast.expr) else None
        match tree, change.how:
            case Items(nodes), How.APPEND if value is not None:
                return Items((*nodes, value))
            case Items(nodes), How.ADD if isinstance(value, Items):
                return Items((*nodes, *value.nodes))
            case Branch(entries), How.ITEM if value is not None and change.key is not None:
                key = self.text(change.key, at)
                return Branch({**entries, key.text: (key, value)})
            case Branch(entries), How.MERGE if isinstance(change.value, ast.Call) and not isinstance(value, Branch):
                return Branch({**entries, **self.branch(change.value.keywords, at).entries})
            case Branch(entries), How.MERGE | How.ADD if isinstance(value, Branch):
                return Branch({**entries, **value.entries})
            case Traced(), How.ADD if isinstance(value, Traced):
                return tree + value
        return tree


# Arguments that are followed along every way: settings that speculate, or all of them.
_FORKING = ("speculative_config", None)
_MOST_WAYS = 16
_DECODING = "DecodingConfig"
