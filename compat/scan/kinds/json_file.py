"""JSON files: engines' configuration, editors' launch files, manifests; with comments where editors allow them."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import UnreadError
from ..json_tree import document
from ..reading import Scope, Unit
from ..templates import Masked, readings
from ..traced import Traced
from ..tree_units import units_of


def units(text: Traced, scope: Scope) -> Iterator[tuple[Unit, Scope]]:
    """The commands and settings in a JSON file.

    Raises:
        UnreadError: if the text is no JSON, whatever its templates would print.
    """
    try:
        trees = [document(text, Masked(text.text))]
    except UnreadError:
        trees = [document(text, masked) for masked in readings(text.text)]
    for tree in trees:
        yield from units_of([tree], scope, text.text)
