"""YAML as trees whose texts know their places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from .errors import UnreadError
from .literals import Piece, doubled_pieces, escaped_pieces, places, plain_pieces
from .nodes import Node, bounded, children
from .reading import Branch, Items
from .templates import Masked
from .traced import Traced
from .yaml_events import Event, Kind, events

_NULL = ("", "~", "null", "Null", "NULL")
_MERGE = "<<"


def documents(text: Traced, masked: Masked | None = None) -> list[Node]:
    """The documents of a YAML text: every scalar is a text, whatever type YAML would give it; null is an empty one.

    Args:
        text: what the trees' texts are cut from.
        masked: the text that is parsed in its place, where it holds templates.

    Raises:
        UnreadError: if the text is no YAML, or nests or repeats more than any honest file.
    """
    if text.text.startswith("\ufeff"):
        return documents(text.cut(1), masked and masked.cut(1))
    builder = _Builder(text, masked or Masked(text.text))
    for event in events(builder.masked.text, text.text):
        builder.take(event)
    return builder.done


@dataclass(slots=True)
class _Open:
    """A collection that is being filled."""

    anchor: str
    mapping: bool
    nodes: list[Node] = field(default_factory=list)
    plain: list[bool] = field(default_factory=list)  # per node: a scalar without quotes, such as a merge key
    size: int = 1
    height: int = 0


@dataclass(slots=True)
class _Builder:
    text: Traced
    masked: Masked
    done: list[Node] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, tuple[Node, int, int]] = field(default_factory=dict)  # with size and height
    nodes: int = 0

    def take(self, event: Event) -> None:
        match event.kind:
            case Kind.MAPPING | Kind.SEQUENCE:
                self.anchors.pop(event.anchor, None)  # an alias to what is not complete would make a circle
                self.stack.append(_Open(event.anchor, event.kind is Kind.MAPPING))
                bounded(len(self.stack))  # at once: the parser's time grows with the square of the depth
            case Kind.END:
                made = self.stack.pop()
                node: Node = _branch(made) if made.mapping else Items(tuple(made.nodes))
                self.nodes += 1
                self._add(node, made.anchor, made.size, made.height + 1)
            case Kind.SCALAR:
                self.nodes += 1
                self._add(self._scalar(event), event.anchor, 1, 0, plain=not event.style)
            case Kind.ALIAS:
                if event.anchor not in self.anchors:
                    raise UnreadError("is no YAML (an alias names an anchor that is not there or holds the alias)")
                meant, size, height = self.anchors[event.anchor]
                self.nodes += size  # each time: a few lines of aliases can stand for billions of values
                self._add(meant, "", size, height)

    def _add(self, node: Node, anchor: str, size: int, height: int, *, plain: bool = False) -> None:
        bounded(len(self.stack) + height, self.nodes)
        if anchor:
            self.anchors[anchor] = (node, size, height)
        if not self.stack:
            self.done.append(node)
            self.anchors.clear()
            return
        top = self.stack[-1]
        top.nodes.append(node)
        top.plain.append(plain)
        top.size += size
        top.height = max(top.height, height)

    def _scalar(self, event: Event) -> Traced:
        start = event.start
        raw = self.masked.text[start : event.end]
        if event.anchor or event.tagged:
            start += (skipped := _properties(raw))
            raw = raw[skipped:]
        if not event.style and event.value in _NULL:
            return Traced("", (), self.text.cut(start, start).origin)
        if raw == event.value and not self.masked.gone and self.masked.text is self.text.text:
            return self.text.cut(start, start + len(raw))  # most scalars: one line without quotes
        inner, pieces = _inner(raw, event.style)
        found = [start + inner + place for place in places(pieces, event.value)]
        kept = [(char, at) for char, at in zip(event.value, found, strict=True) if not self.masked.is_gone(at)]
        chars = (self.masked.original(char, at, self.text.text) for char, at in kept)
        origin = self.text.at[kept[0][1]] if kept else self.text.cut(start, start).origin
        return Traced("".join(chars), tuple(self.text.at[at] for _, at in kept), origin)


def _inner(raw: str, style: str) -> tuple[int, Iterator[Piece]]:
    """Where a scalar's content starts in its raw text, and the pieces of the content."""
    match style:
        case '"':
            return 1, escaped_pieces(raw[1:-1])
        case "'":
            return 1, doubled_pieces(raw[1:-1])
        case "|" | ">":  # the first line is the header
            start = len(raw.splitlines(keepends=True)[0]) if raw else 0
            return start, plain_pieces(raw[start:])
        case _:
            return 0, plain_pieces(raw)


def _properties(raw: str) -> int:
    """The length of the anchor and the tag before a scalar, with the comments and line ends between."""
    at = 0
    while at < len(raw):
        if raw[at].isspace():
            at += 1
        elif raw[at] in "&!#":
            ends: Callable[[str], bool] = "\r\n".__contains__ if raw[at] == "#" else str.isspace
            at = next((place for place in range(at, len(raw)) if ends(raw[place])), len(raw))
        else:
            break
    return at


def _branch(made: _Open) -> Branch:
    """A mapping; of keys that are no texts nothing is kept, and what `<<` brings does not win over what is there."""
    entries: dict[str, tuple[Traced, Node]] = {}
    merged: list[Branch] = []
    pairs = zip(made.nodes[::2], made.nodes[1::2], made.plain[::2], strict=True)
    for key, value, plain in pairs:
        if not isinstance(key, Traced):
            continue
        if plain and key.text == _MERGE:
            merged += _mappings(value)
        else:
            entries[key.text] = (key, value)
    for branch in merged:
        for name, entry in branch.entries.items():
            entries.setdefault(name, entry)
    return Branch(entries)


def _mappings(node: Node) -> Sequence[Branch]:
    """The mappings that a merge key names: of several, the first wins, as the first one put in stays."""
    if isinstance(node, Branch):
        return (node,)
    return [item for item in children(node) if isinstance(item, Branch)]
