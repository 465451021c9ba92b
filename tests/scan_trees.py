"""Trees of texts: made, seen as Python has them, and held to their places."""

from hypothesis import strategies as st

from specdec_check.compat.scan.nodes import Node
from specdec_check.compat.scan.reading import Branch, Items
from specdec_check.compat.scan.traced import Traced

WORDS = st.text("abcé漢😀xyz0123456789-_/.:#'\"\\ \t\n{}[]|>&*!%@`,?=$", max_size=40) | st.text(max_size=12)
TREES = st.recursive(
    WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


def plain(node: Node):
    """A tree as Python has it."""
    match node:
        case Traced(text):
            return text
        case Items(nodes):
            return [plain(item) for item in nodes]
        case Branch(entries):
            return {key: plain(value) for key, (_, value) in entries.items()}


def texts(node: Node) -> list[Traced]:
    """All texts in a tree, keys too."""
    match node:
        case Traced():
            return [node]
        case Items(nodes):
            return [text for item in nodes for text in texts(item)]
        case Branch(entries):
            return [text for key, value in entries.values() for text in (key, *texts(value))]


def holds_its_places(node: Node, source: str) -> None:
    """Places rise, and there stands the very character, or an escape, or what a parser folds."""
    for leaf in texts(node):
        assert len(leaf.at) == len(leaf.text)
        assert list(leaf.at) == sorted(leaf.at)
        assert 0 <= leaf.origin <= len(source)
        for char, at in zip(leaf.text, leaf.at, strict=True):
            assert source[at] in (char, "\\") or char.isspace(), (leaf, source)
        seen = [at for char, at in zip(leaf.text, leaf.at, strict=True) if not char.isspace()]
        assert len(set(seen)) == len(seen), (leaf, source)
