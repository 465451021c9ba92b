"""llama-swap: `macros` at a file's top, or at a model, stand for texts wherever `${name}` is written below.

https://github.com/mostlygeek/llama-swap, its config.example.yaml: a macro's name may hold dashes, and a macro may use
those before it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .errors import UnreadError
from .nodes import Node, children, get
from .reading import Branch, Items
from .traced import Traced, joined

_USE = re.compile(r"\$\{(?P<name>[A-Za-z0-9_-]+)\}")


def has_macros(document: Node) -> bool:
    """Whether a document is one of llama-swap's files with macros."""
    models = get(document, "models") if isinstance(document, Branch) else None
    return isinstance(models, Branch) and any(_macros(one) for one in (document, *children(models)))


def with_macros(document: Node) -> Node:
    """The document with its macros put in.

    Raises:
        UnreadError: if they come to more text than in any honest file: a few lines can stand for billions of words.
    """
    return _Macros().put_into(document, {})


@dataclass(slots=True)
class _Macros:
    left: int = 1 << 22  # characters that may be put in

    def put_into(self, node: Node, known: Mapping[str, Traced]) -> Node:
        match node:
            case Branch(entries):
                if macros := _macros(node):
                    known = self._defined(macros, known)
                return Branch({key: (name, self.put_into(value, known)) for key, (name, value) in entries.items()})
            case Items(nodes):
                return Items(tuple(self.put_into(item, known) for item in nodes))
            case Traced():
                return self._text(node, known)

    def _defined(self, macros: Mapping[str, Traced], known: Mapping[str, Traced]) -> Mapping[str, Traced]:
        found = dict(known)
        self._spend(len(known))
        for name, value in macros.items():
            found[name] = self._text(value, found).stripped()
        return found

    def _text(self, text: Traced, known: Mapping[str, Traced]) -> Traced:
        parts: list[Traced] = []
        at = 0
        for use in _USE.finditer(text.text):
            if (value := known.get(use["name"])) is not None:
                self._spend(len(value.text))
                parts += [text.cut(at, use.start()), value]
                at = use.end()
        return joined([*parts, text.cut(at)], text.origin) if parts else text

    def _spend(self, much: int) -> None:
        self.left -= much
        if self.left < 0:
            raise UnreadError("holds macros that come to more text than any honest file")


def _macros(node: Node) -> dict[str, Traced]:
    macros = get(node, "macros") if isinstance(node, Branch) else None
    if not isinstance(macros, Branch):
        return {}
    return {name: value for name, (_, value) in macros.entries.items() if isinstance(value, Traced)}
