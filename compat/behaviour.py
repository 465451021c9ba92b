"""How two tokenizers behave: the same texts, encoded by both."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Example:
    """A text that the two encode to different ids."""

    name: str
    text: str
    target: tuple[int, ...]
    drafter: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What came of the probes.

    Attributes:
        probes: how many texts of the fixed set were encoded.
        probes_differ: the names of those that came out differently, in order.
        tokens: how many plain tokens' own texts were encoded.
        tokens_differ: how many of these came out differently.
        explained: texts of either kind that differ only since one side has a token there that the other does not name.
        examples: the first differing texts.
    """

    probes: int
    probes_differ: tuple[str, ...]
    tokens: int
    tokens_differ: int
    explained: int
    examples: tuple[Example, ...]
