"""JSON as trees whose texts know their places: with comments and trailing commas too, as editors write it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .errors import UnreadError
from .literals import escaped_pieces
from .nodes import Node, bounded
from .reading import Branch, Items
from .templates import Masked
from .traced import Traced

_TOKEN = re.compile(
    r'(?P<gap>[\s\ufeff]+|//[^\n]*|/\*.*?\*/)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<sign>[{}\[\]:,])'
    r"|(?P<word>true|false|null|[-+]?(?:Infinity|NaN|[0-9][0-9.eE+-]*)|\uf8ff+)",
    re.DOTALL,
)


@dataclass(slots=True)
class _Open:
    """A collection that is being filled; `key` waits for its value."""

    mapping: bool
    entries: dict[str, tuple[Traced, Node]] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    key: Traced | None = None
    wants_colon: bool = False
    full: bool = False  # a value was the last thing: a comma or the end is next

    def closed(self) -> Node:
        return Branch(self.entries) if self.mapping else Items(tuple(self.nodes))


def document(text: Traced, masked: Masked | None = None) -> Node:
    """The value that a JSON text holds: numbers and truth values as they are written, null as an empty text.

    Args:
        text: what the tree's texts are cut from.
        masked: the text that is parsed in its place, where it holds templates.

    Raises:
        UnreadError: if the text is no JSON, or nests or holds more than any honest file.
    """
    return _Reader(text, masked or Masked(text.text)).read()


class _Reader:
    def __init__(self, text: Traced, masked: Masked) -> None:
        self._text, self._masked = text, masked
        self._stack = [_Open(mapping=False)]
        self._nodes = 0

    def read(self) -> Node:
        at, source = 0, self._masked.text
        while at < len(source):
            if not (token := _TOKEN.match(source, at)):
                raise self._no_json(at)
            at = token.end()
            if token.lastgroup == "gap":
                continue
            taken = self._sign(token) if token.lastgroup == "sign" else self._leaf(token)
            if not taken or len(self._stack[0].nodes) > 1:
                raise self._no_json(token.start())
        if len(self._stack) > 1 or not self._stack[0].nodes:
            raise self._no_json(len(source))
        return self._stack[0].nodes[0]

    def _sign(self, token: re.Match[str]) -> bool:
        top = self._stack[-1]
        match token[0]:
            case "{" | "[" if self._wants_value(top):
                self._stack.append(_Open(mapping=token[0] == "{"))
                bounded(len(self._stack) - 1)
            case "}" | "]" if len(self._stack) > 1 and top.mapping == (token[0] == "}") and top.key is None:
                self._stack.pop()
                self._put(top.closed())
            case "," if top.full and len(self._stack) > 1:
                top.full = False
            case ":" if top.wants_colon:
                top.wants_colon = False
            case _:
                return False
        return True

    def _leaf(self, token: re.Match[str]) -> bool:
        top, leaf = self._stack[-1], self._made(token)
        if self._wants_value(top):
            self._put(leaf)
        elif top.mapping and top.key is None and not top.full and token.lastgroup == "text":
            top.key, top.wants_colon = leaf, True
        else:
            return False
        return True

    @staticmethod
    def _wants_value(top: _Open) -> bool:
        return not top.full and (top.key is not None and not top.wants_colon if top.mapping else True)

    def _put(self, node: Node) -> None:
        self._nodes += 1
        bounded(0, self._nodes)
        top = self._stack[-1]
        if top.key is not None:
            top.entries[top.key.text] = (top.key, node)
            top.key = None
        else:
            top.nodes.append(node)
        top.full = True

    def _made(self, token: re.Match[str]) -> Traced:
        start = token.start()
        if token[0] == "null":
            return Traced("", (), self._text.at[start])
        inner = start + (token.lastgroup == "text")
        raw = token[0][1:-1] if token.lastgroup == "text" else token[0]
        kept = [(char, inner + at) for char, at in escaped_pieces(raw) if char and not self._masked.is_gone(inner + at)]
        chars = (self._masked.original(char, at, self._text.text) for char, at in kept)
        at = tuple(self._text.at[place] for _, place in kept)
        return Traced("".join(chars), at, at[0] if at else self._text.at[start])

    def _no_json(self, at: int) -> UnreadError:
        line = self._text.text.count("\n", 0, at) + 1
        return UnreadError(
            f"is no JSON (line {line}: {'it ends too early' if at >= len(self._masked.text) else 'unexpected text'})"
        )
