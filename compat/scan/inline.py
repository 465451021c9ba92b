"""Settings that stand in a value of something else: JSON in a word of a command, YAML in a script."""

from __future__ import annotations

import re
from collections.abc import Sequence

from . import json_tree, toml_tree, yaml_tree
from .errors import UnreadError
from .nodes import Node
from .reading import Branch
from .templates import readings
from .traced import Traced

_LONGEST = 1 << 16
_MAPPING = re.compile(r"\s*(?:(?:#[^\n]*|---[^\n]*)\n\s*)*(?:- )?[\w.\"'/-]+:(?:\s|$)")
_FILE = re.compile(r".\.(ya?ml|json|jsonc|toml|values)$")


def settings_in(text: Traced) -> Branch | None:
    """The mapping that a text spells: JSON, a Python dict (which YAML reads as well) or YAML; None where it is none.

    JSON may be indented with tabs, which YAML forbids: they are read as blanks.
    """
    if len(text.text) > _LONGEST or ":" not in text.text:
        return None
    try:
        plain = Traced(text.text.replace("\t", " "), text.at, text.origin)
        read = [node for masked in readings(plain.text) for node in yaml_tree.documents(plain, masked)]
    except UnreadError:
        return None
    return next((_colons_split(node) for node in read if isinstance(node, Branch)), None)


def trees_in(text: Traced, key: str) -> Sequence[Node]:
    """The trees that a text spells, such as a file in a ConfigMap; none where it spells none."""
    named = _FILE.search(key)
    if not named and not ("\n" in text.text and _MAPPING.match(text.text)):
        return ()
    try:
        match named and named[1]:
            case "toml":
                return (toml_tree.document(text),)
            case "json" | "jsonc":
                return (json_tree.document(text),)
        trees = (tree for masked in readings(text.text) for tree in yaml_tree.documents(text, masked))
        return [tree for tree in trees if not isinstance(tree, Traced)]
    except UnreadError:
        return ()


def _colons_split(branch: Branch) -> Branch:
    """The mapping, where `{model:org/name}`, what a shell leaves of JSON without quotes, is read as it is meant."""
    entries: dict[str, tuple[Traced, Node]] = {}
    for key, (name, value) in branch.entries.items():
        if ":" in key and isinstance(value, Traced) and not value:
            colon = key.index(":")
            entries[key[:colon]] = (name.cut(0, colon), name.cut(colon + 1))
        else:
            entries[key] = (name, value)
    return Branch(entries)
