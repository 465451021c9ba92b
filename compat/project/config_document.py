"""A configuration file with the places of its values, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..errors import CheckError, SeveralErrors
from ..scan.traced import Lines
from ..toml_places import Path as KeyPath
from ..toml_places import Toml
from .declared import Place

_MOST_TOLD = 20
_MOST_NOTED = 200  # then reading stops: looking for the key that is meant takes time


class ConfigError(CheckError):
    """The project's configuration cannot be read, or says something that cannot be meant."""

    kind = "config"


@dataclass
class Document:
    """A configuration file.

    Attributes:
        file: its path.
        toml: its content, with places.
        problems: the places and sentences of what is wrong with it, as they were noted.
    """

    file: Path
    toml: Toml
    problems: list[tuple[int, str]] = field(default_factory=list)
    lines: Lines = field(init=False)

    def __post_init__(self) -> None:
        self.lines = Lines(self.toml.text)

    def place(self, path: KeyPath) -> Place:
        """Where a value stands."""
        return Place(self.file.name, *self.lines.position(self.toml.span(path).start))

    def note(self, path: KeyPath, sentence: str, *, of_key: bool = False) -> None:
        """Keeps what is wrong with a value, or with a key itself."""
        span = (self.toml.keys.get(path) if of_key else None) or self.toml.span(path)
        self.problems.append((span.start, sentence))
        if len(self.problems) >= _MOST_NOTED:
            self.raise_problems()

    def raise_problems(self) -> None:
        """Ends the reading, if anything is wrong.

        Raises:
            ConfigError: if one thing is.
            SeveralErrors: if several are; the first of them, in the file's order.
        """
        told = [
            ConfigError(f"{self.file}, line {self.lines.position(offset)[0]}: {sentence}")
            for offset, sentence in sorted(self.problems, key=lambda problem: problem[0])
        ]
        if len(told) > _MOST_TOLD:
            told[_MOST_TOLD:] = [ConfigError(f"{self.file}: more is wrong below; mend this first.")]
        if len(told) > 1:
            raise SeveralErrors(tuple(told))
        if told:
            raise told[0]
