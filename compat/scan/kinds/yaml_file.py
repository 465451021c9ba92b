"""YAML files: manifests, compose files, workflows, Helm charts and values, engines' own configuration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..errors import UnreadError
from ..nodes import Node
from ..reading import Scope, Unit
from ..templates import Masked, readings
from ..traced import Traced
from ..tree_units import units_of
from ..yaml_tree import documents


def units(text: Traced, scope: Scope) -> Iterator[tuple[Unit, Scope]]:
    """The commands and settings in a YAML file; of a template, those of each branch of its conditions.

    Raises:
        UnreadError: if the text is no YAML, whatever its templates would print.
    """
    for masked, bare in zip(readings(text.text), readings(text.text, bare=True), strict=True):
        yield from units_of(_first(text, (masked, bare, Masked(text.text))), scope, text.text)


def _first(text: Traced, ways: Sequence[Masked]) -> Sequence[Node]:
    """The documents, read in the first way that succeeds.

    Raises:
        UnreadError: if none does, as the first way has it.
    """
    errors = []
    for masked in dict.fromkeys(ways):
        try:
            return documents(text, masked)
        except UnreadError as error:
            errors.append(error)
    raise errors[0]
