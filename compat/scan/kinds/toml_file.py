"""TOML files: settings, and tasks that run commands."""

from __future__ import annotations

from collections.abc import Iterator

from ..reading import Scope, Unit
from ..toml_tree import document
from ..traced import Traced
from ..tree_units import units_of


def units(text: Traced, scope: Scope) -> Iterator[tuple[Unit, Scope]]:
    """The commands and settings in a TOML file.

    Raises:
        UnreadError: if the text is no TOML.
    """
    yield from units_of([document(text)], scope, text.text)
