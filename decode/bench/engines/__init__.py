"""What is measured, one file per engine; each holds all that is peculiar to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..plan import FLASHSPEC, OURS, TRANSFORMERS

if TYPE_CHECKING:
    from ..pairs import OpenPair
    from ..plan import Setting
    from .timing import Timed


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of every engine alike.

    Attributes:
        new_tokens: how many ids, at least 2.
        temperature: 0 is greedy.
        seed: of the sampling.
        longest: the most ids, prompt included, that any text of this measurement will hold.
    """

    new_tokens: int
    temperature: float
    seed: int
    longest: int


class Engine(Protocol):
    """One way to decode with a pair."""

    def decode(self, setting: Setting, prompt: list[int], wish: Wish) -> Timed:
        """Decodes one prompt, timed."""


def engine_for(name: str, pair: OpenPair) -> Engine:
    """The engine of that name. Only its own package is imported: a missing peer is missing alone."""
    if name == OURS:
        from .ours import Ours

        return Ours(pair)
    if name == TRANSFORMERS:
        from .transformers import Transformers

        return Transformers(pair)
    if name == FLASHSPEC:
        from .flashspec import FlashSpec

        return FlashSpec(pair)
    raise ValueError(f"no engine is called {name}")
