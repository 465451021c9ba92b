"""How two tokenizers behave: the same texts, encoded by both."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Example:
    """A text that the two encode to different ids.

    Attributes:
        name: of the probe, or `token <id>` for a token's own text.
        text: what was encoded.
        target: all ids of the target.
        drafter: all ids of the drafter.
    """

    name: str
    text: str
    target: tuple[int, ...]
    drafter: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What came of the probes. A text that differs is either counted as such or explained.

    Attributes:
        probes: how many texts of the fixed set were encoded.
        probes_differ: the names of those that came out differently, in order.
        tokens: how many plain tokens' own texts were compared: encoded, or proved to be encoded alike.
        tokens_differ: how many of these came out differently.
        explained: texts of either kind where a side uses an id that does not stand for the same token on the other:
            the comparison of the vocabularies tells of it.
        examples: the first differing texts that are not explained, probes before tokens.
    """

    probes: int
    probes_differ: tuple[str, ...]
    tokens: int
    tokens_differ: int
    explained: int
    examples: tuple[Example, ...]
