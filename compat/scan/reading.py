"""What the readers of file kinds hand on: commands and trees, whose texts know their places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .traced import Traced


@dataclass(frozen=True, slots=True)
class Branch:
    """A mapping; of a key that stands twice, the last counts, as most parsers have it."""

    entries: Mapping[str, tuple[Traced, Traced | Branch | Items]]  # key → (the key with its place, the value)


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    nodes: tuple[Traced | Branch | Items, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """A command line: a program with its arguments, or the arguments alone that a container's image gets.

    Attributes:
        words: after unquoting and expanding; none where all is said by the environment.
        image: the container image that it runs in, where the file says.
        environment: the variables that it is started with, as far as the file says.
        files: files of settings that the script writes itself, by name; without words, ones that no command names.
    """

    words: Sequence[Traced]
    image: str = ""
    environment: Mapping[str, Traced] = field(default_factory=dict)
    files: Mapping[str, Traced] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """A tree of settings: a configuration file, or a part of one.

    Attributes:
        tree: the settings.
        image: the container image that they are for, where the file says.
    """

    tree: Branch
    image: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """The variables that a place in a file sees.

    Attributes:
        given: set on the command line with `--set NAME=VALUE`; these win.
        known: set in the file, by name (`DRAFT`) or dotted path (`.Values.model.draft`, `env.DRAFT`).
    """

    given: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, Traced] = field(default_factory=dict)

    def with_known(self, more: Mapping[str, Traced]) -> Scope:
        """The same with further variables, which win over those known so far."""
        return Scope(self.given, {**self.known, **more})

    def value(self, name: str, use: int) -> Traced | None:
        """A variable's value; one that was given on the command line stands where it is used."""
        if name in self.given:
            return Traced.placed(self.given[name], use)
        return self.known.get(name)


Unit = Command | Settings
