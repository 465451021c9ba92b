"""Trees of settings as JSON, each leaf at its place in the file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from .nodes import Node
from .reading import Branch, Items
from .traced import Traced, joined


def json_text(tree: Node) -> Traced:
    """The JSON of a tree; texts that read as numbers or truth values are such."""
    return joined(list(_json(tree)))


def _json(node: Node) -> Iterator[Traced]:
    """JSON of a tree, each leaf at its place."""
    match node:
        case Branch(entries):
            yield Traced.placed("{", 0)
            for number, (key, value) in enumerate(entries.values()):
                yield Traced.placed(", " if number else "", 0)
                yield from _quoted(key)
                yield Traced.placed(": ", 0)
                yield from _json(value)
            yield Traced.placed("}", 0)
        case Items(nodes):
            yield Traced.placed("[", 0)
            for number, value in enumerate(nodes):
                yield Traced.placed(", " if number else "", 0)
                yield from _json(value)
            yield Traced.placed("]", 0)
        case Traced(text=text):
            if _PLAIN_JSON.fullmatch(text):
                yield node
            else:
                yield from _quoted(node)


def _quoted(text: Traced) -> Iterator[Traced]:
    yield Traced.placed('"', text.origin)
    for number, char in enumerate(text.text):
        yield Traced.placed(json.dumps(char, ensure_ascii=False)[1:-1], text.at[number])
    yield Traced.placed('"', text.origin)


_PLAIN_JSON = re.compile(r"true|false|-?[0-9]{1,18}(?:\.[0-9]{1,18})?")
