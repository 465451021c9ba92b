"""Trees of settings: what they are made of, and how large they may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .errors import UnreadError
from .reading import Branch, Items
from .traced import Traced

Node = Traced | Branch | Items
DEEPEST = 100
MOST_NODES = 200_000


def bounded(depth: int, nodes: int = 0) -> None:
    """Refuses what is deeper or larger than any honest file.

    Raises:
        UnreadError: if it is.
    """
    if depth > DEEPEST:
        raise UnreadError(f"nests deeper than {DEEPEST} levels")
    if nodes > MOST_NODES:
        raise UnreadError(f"holds more than {MOST_NODES} values")


def children(node: Node) -> Iterator[Node]:
    """What stands directly in a node."""
    match node:
        case Branch(entries):
            yield from (value for _, value in entries.values())
        case Items(nodes):
            yield from nodes


def leaves(node: Node, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Traced]]:
    """Every text that can be reached by keys alone, with these keys."""
    match node:
        case Traced():
            yield path, node
        case Branch(entries):
            for key, (_, value) in entries.items():
                yield from leaves(value, (*path, key))


def get(branch: Branch, *keys: str) -> Node | None:
    """The value of the first of the keys that is there."""
    return next((branch.entries[key][1] for key in keys if key in branch.entries), None)


def text_of(branch: Branch, *keys: str) -> Traced | None:
    """The value of the first of the keys that has a text that is not empty."""
    for key in keys:
        if isinstance(value := get(branch, key), Traced) and value:
            return value
    return None


def texts(node: Node | None) -> list[Traced] | None:
    """The texts of a list that holds nothing but texts; None of anything else."""
    if not isinstance(node, Items) or not node.nodes:
        return None
    found = [item for item in node.nodes if isinstance(item, Traced)]
    return found if len(found) == len(node.nodes) else None


def without(node: Node, gone: Callable[[Node], bool]) -> Node | None:
    """The tree without some of its nodes; None where nothing is left."""
    if gone(node):
        return None
    match node:
        case Branch(entries):
            kept = {
                key: (name, left)
                for key, (name, value) in entries.items()
                if (left := without(value, gone)) is not None
            }
            return Branch(kept) if kept or not entries else None
        case Items(nodes):
            return Items(tuple(left for item in nodes if (left := without(item, gone)) is not None))
        case _:
            return node
