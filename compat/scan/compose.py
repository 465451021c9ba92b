"""docker-compose: variables in its values are the host's, put in before any container sees them.

https://docs.docker.com/reference/compose-file/interpolation/: `${NAME:-default}`; `$$` is a dollar sign. What a
service's own `environment` sets plays no part in it.
"""

from __future__ import annotations

import re

from .nodes import Node, get
from .reading import Branch, Items, Scope
from .traced import Traced, joined
from .variables import expand

_DOLLARS = re.compile(r"\$\$")
_NAME = re.compile(r"\$\{?([A-Za-z_]\w*)")


def is_compose(document: Node) -> bool:
    """Whether a document is a compose file."""
    services = get(document, "services") if isinstance(document, Branch) and "kind" not in document.entries else None
    return isinstance(services, Branch) and any(isinstance(one, Branch) for _, one in services.entries.values())


def interpolated(node: Node, scope: Scope, open_names: set[str]) -> Node:
    """A tree with the host's variables put in; the names of those that cannot be told are added to `open_names`."""
    match node:
        case Branch(entries):
            return Branch(
                {key: (name, interpolated(value, scope, open_names)) for key, (name, value) in entries.items()}
            )
        case Items(nodes):
            return Items(tuple(interpolated(item, scope, open_names) for item in nodes))
        case Traced() if "$" in node.text:
            return _text(node, Scope(scope.given), open_names)
        case _:
            return node


def _text(text: Traced, scope: Scope, open_names: set[str]) -> Traced:
    parts: list[Traced] = []
    place = 0
    for found in _DOLLARS.finditer(text.text):
        parts += [
            _put_in(text.cut(place, found.start()), scope, open_names),
            text.cut(found.start(), found.start() + 1),
        ]
        place = found.end()
    return joined([*parts, _put_in(text.cut(place), scope, open_names)], text.origin)


def _put_in(text: Traced, scope: Scope, open_names: set[str]) -> Traced:
    put = expand(text, scope)
    open_names.update(_NAME.findall(put.text))
    return put
