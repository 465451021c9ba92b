"""Which Python expressions can lead to the words that pairings are made of, whatever way is taken through the file.

Most code of a file that speaks of drafts somewhere has nothing to do with them. What cannot reach a flag, a key or an
argument that tells of speculation need not be followed. Names are told apart by their last part alone, which finds
more than can be and misses nothing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from .python_blocks import Names
from .python_names import Binding, Function, How

Place = str | int  # a name, or the id of an expression


class Reach:
    """Knows the expressions of a module that lead to words of speculation."""

    def __init__(self, names: Names) -> None:
        self._mentioned_by: dict[Place, list[Place]] = {}
        self._speaking: set[Place] = {_BY_PLACE}
        self._seen: set[int] = set()
        for node, site in names.uses:
            self._use(node)
            for name, binding in site.inner.items():  # of comprehensions
                self._binding(name, binding)
        for block in names.blocks.values():
            for name, bindings in block.bindings.items():
                for binding in bindings:
                    self._binding(name.rpartition(".")[2], binding)
            if isinstance(block.node, Function):
                for value, _ in block.returns:
                    self._mention(getattr(block.node, "name", ""), value)
            elif isinstance(block.node, ast.ClassDef):
                for name in block.bindings:  # the fields of a dataclass, by their places
                    self._leads(name, _arguments(block.node.name))
        self._spread()

    def speaks(self, node: ast.expr, name: str = "") -> bool:
        """Whether a call or a literal leads to words of speculation, or the name that it is bound to."""
        return id(node) in self._speaking or name in self._speaking

    def _leads(self, place: Place, mentioned: Place) -> None:
        self._mentioned_by.setdefault(mentioned, []).append(place)

    def _use(self, node: ast.expr) -> None:
        self._within(id(node), ast.iter_child_nodes(node))
        if not isinstance(node, ast.Call):
            return
        for name in _parts(node.func):
            self._leads(_arguments(name), id(node))
        for keyword in node.keywords:
            if keyword.arg:
                self._mention(keyword.arg, keyword.value)
        if _parts(node.func)[:1] in (["add_argument"], ["option"]):
            for word in node.args:
                if isinstance(word, ast.Constant) and isinstance(word.value, str):
                    self._declared(word.value, node)
            for keyword in node.keywords:
                if keyword.arg == "dest" and isinstance(keyword.value, ast.Constant):
                    self._declared(str(keyword.value.value), node)

    def _declared(self, option: str, node: ast.Call) -> None:
        """An option of the command line gives its default."""
        for keyword in node.keywords:
            if keyword.arg == "default":
                self._mention(option.lstrip("-").replace("-", "_"), keyword.value)

    def _binding(self, name: str, binding: Binding) -> None:
        for value in (binding.value, binding.key):
            if isinstance(value, ast.expr):
                self._mention(name, value)
        if isinstance(binding.value, str):
            self._leads(name, binding.value.rpartition(".")[2])
        if binding.how is How.PARAMETER:
            self._leads(name, _arguments(getattr(binding.by, "name", "")))
            outer = binding.site.block.node
            if isinstance(outer, ast.ClassDef):
                self._leads(name, _arguments(outer.name))

    def _mention(self, place: Place, value: ast.expr) -> None:
        self._leads(place, id(value))
        self._within(id(value), [value] if not isinstance(value, _USES) else [])

    def _within(self, place: int, nodes: Iterable[ast.AST]) -> None:
        """Notes what an expression says itself, and the names, calls and literals in it."""
        if place in self._seen:
            return
        stack = list(nodes)
        if stack:
            self._seen.add(place)
        while stack:
            node = stack.pop()
            if isinstance(node, _USES):
                self._leads(place, id(node))
                continue
            match node:
                case ast.Constant(value=str(said)) if _WORDS.search(said):
                    self._speaking.add(place)
                case ast.keyword(arg=str(name)) if _WORDS.search(name):
                    self._speaking.add(place)
                case ast.Name(id=name) | ast.Attribute(attr=name):
                    self._leads(place, name)
            stack += ast.iter_child_nodes(node)

    def _spread(self) -> None:
        todo = list(self._speaking)
        while todo:
            for place in self._mentioned_by.get(todo.pop(), ()):
                if place not in self._speaking:
                    self._speaking.add(place)
                    todo.append(place)


def _arguments(function: str) -> str:
    return f"{function}()"


def _parts(func: ast.expr) -> list[str]:
    """The names in what is called, the last first."""
    parts = []
    while isinstance(func, ast.Attribute):
        parts.append(func.attr)
        func = func.value
    return [*parts, func.id] if isinstance(func, ast.Name) else parts


_USES = (ast.Call, ast.Dict, ast.List, ast.Tuple)
# What stands in the flags and keys of every pairing.
_WORDS = re.compile(
    r"draft|assistant|speculat|(?:prompt|llama)[-_]?lookup|decoding_?type|(?<![a-z])spec[-_]"
    r"|(?<![\w-])-(?:md|hfd|hfrd|sc)\b|hfr?d_repo",
    re.IGNORECASE,
)
# The one function that is told by its name alone: it may get its drafter by place.
_BY_PLACE = "speculative_generate_step"
