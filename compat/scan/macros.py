"""llama-swap: `macros` at a file's top, or at a model, stand for texts wherever `${name}` is written below.

https://github.com/mostlygeek/llama-swap, its config.example.yaml: a macro's name may hold dashes, and a macro may use
those before it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .nodes import Node, get
from .reading import Branch, Items
from .traced import Traced, joined

_USE = re.compile(r"\$\{(?P<name>[A-Za-z0-9_-]+)\}")
_LONGEST = 1 << 16
_NONE: Mapping[str, Traced] = {}


def has_macros(document: Node) -> bool:
    """Whether a document is one of llama-swap's files with macros."""
    models = get(document, "models") if isinstance(document, Branch) else None
    return isinstance(models, Branch) and ("macros" in document.entries or any(_macros(one) for one in _values(models)))


def with_macros(node: Node, known: Mapping[str, Traced] = _NONE) -> Node:
    """The tree with the macros put in."""
    match node:
        case Branch(entries):
            known = _defined(node, known)
            return Branch({key: (name, with_macros(value, known)) for key, (name, value) in entries.items()})
        case Items(nodes):
            return Items(tuple(with_macros(item, known) for item in nodes))
        case Traced():
            return _put_in(node, known)


def _defined(branch: Branch, known: Mapping[str, Traced]) -> Mapping[str, Traced]:
    found = dict(known)
    for name, value in _macros(branch).items():
        found[name] = _put_in(value, found)
    return found


def _macros(node: Node) -> dict[str, Traced]:
    macros = get(node, "macros") if isinstance(node, Branch) else None
    if not isinstance(macros, Branch):
        return {}
    return {name: value for name, (_, value) in macros.entries.items() if isinstance(value, Traced)}


def _values(branch: Branch) -> list[Node]:
    return [value for _, value in branch.entries.values()]


def _put_in(text: Traced, known: Mapping[str, Traced]) -> Traced:
    """A text with the macros that are known; one that would grow beyond all bounds stays as it is."""
    parts: list[Traced] = []
    at = length = 0
    for use in _USE.finditer(text.text) if known else ():
        if (value := known.get(use["name"])) is not None:
            value = value.stripped()
            parts += [text.cut(at, use.start()), value]
            at = use.end()
            length += len(value.text)
            if length > _LONGEST:
                return text
    return joined([*parts, text.cut(at)], text.origin) if parts else text
