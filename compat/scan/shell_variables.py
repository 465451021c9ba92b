"""What a script's variables hold, where branches may leave several values behind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .errors import UnreadError
from .reading import Scope
from .traced import Traced

Array = tuple[Traced, ...]
Value = Traced | Array
_MOST = 64
_MOST_TEXT = 1 << 23  # characters that are put in altogether
_POSITIONAL = re.compile(r"\$\{?[0-9@*][^${}]*\}?")


@dataclass(frozen=True, slots=True)
class Held:
    """The values that a variable may have.

    Attributes:
        values: one, unless branches disagree or a loop walks over several.
        loop: whether each of them is used in turn.
    """

    values: tuple[Value, ...]
    loop: bool = False

    @property
    def each(self) -> bool:
        """Whether a command is to be read once with each value: in loops, and where values are bundles of arguments.

        Which of several names a variable holds is for nobody to tell; but whichever of several bundles of arguments is
        taken, what they set up is written there.
        """
        return self.loop or any(isinstance(value, tuple) or _BUNDLE.search(value.text) for value in self.values)


_BUNDLE = re.compile(r"^-|^\{|\s")


@dataclass(slots=True)
class Variables:
    """A script's variables; changes inside branches can be taken back and merged, at the cost of the changes alone."""

    scope: Scope
    held: dict[str, Held] = field(default_factory=dict)
    journal: list[tuple[str, Held | None]] = field(default_factory=list)
    volume: int = 0

    def put_in(self, value: Value) -> None:
        """Counts the text that variables put in.

        Raises:
            UnreadError: if it grows as no honest script lets it: a few lines can stand for billions of characters.
        """
        self.volume += len(value.text) if isinstance(value, Traced) else sum(len(member.text) for member in value)
        if self.volume > _MOST_TEXT:
            raise UnreadError(f"holds a script whose variables put in more than {_MOST_TEXT} characters")

    def get(self, name: str) -> Held | None:
        """What a variable may hold; what was given on the command line wins over all that the script says."""
        if name not in self.scope.given and name in self.held:
            return self.held[name]
        value = self.scope.known.get(name)
        return Held((value,)) if value is not None and name not in self.scope.given else None

    def given(self, name: str, use: int) -> Traced | None:
        """A value from the command line."""
        return self.scope.value(name, use) if name in self.scope.given else None

    def put(self, name: str, held: Held | None) -> None:
        """Sets a variable; None unsets it."""
        self.journal.append((name, self.held.get(name)))
        if held is None:
            self.held.pop(name, None)
        else:
            self.held[name] = held

    def taken_back(self, mark: int) -> dict[str, Held | None]:
        """Takes back the changes since a mark in the journal, and gives what they came to."""
        changes: dict[str, Held | None] = {}
        while len(self.journal) > mark:
            name, before = self.journal.pop()
            changes.setdefault(name, self.held.get(name))
            if before is None:
                self.held.pop(name, None)
            else:
                self.held[name] = before
        return changes

    def merge(self, branches: Sequence[Mapping[str, Held | None]]) -> None:
        """Goes on after branches of which one was taken, each with its changes; no changes mean no branch was taken."""
        for name in dict.fromkeys(name for branch in branches for name in branch):
            ends = [branch.get(name, self.held.get(name)) for branch in branches]
            values = [value for end in ends if end for value in end.values]
            self.put(name, Held(_told(values), any(end.loop for end in ends if end)) if values else None)


def _told(values: Sequence[Value]) -> tuple[Value, ...]:
    """The values that differ, without those that say nothing beside the others.

    These are empty ones, ones that others continue, and the arguments of the script itself, which override what is
    written as the environment does.
    """
    different = list({_text(value): value for value in values}.values())
    said = [value for value in different if _text(value).strip()] or different
    written = [value for value in said if not _POSITIONAL.fullmatch(_text(value))] or said
    told = tuple(_longest(written))
    if len(told) > _MOST:
        raise UnreadError(f"holds a variable that may have more than {_MOST} values")
    return told


def _longest(values: Sequence[Value]) -> Iterator[Value]:
    texts = [_text(value) for value in values]
    for value, text in zip(values, texts, strict=True):
        continued = text if isinstance(value, tuple) else text + " "
        if not any(other != text and other.startswith(continued) for other in texts):
            yield value


def _text(value: Value) -> str:
    """What tells values apart."""
    return "".join(part.text + "\0" for part in value) if isinstance(value, tuple) else value.text
