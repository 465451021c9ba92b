"""What a caller may ask of one run."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from .errors import DecodeError


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a distribution is made of logits; the same for target and drafter.

    Names, meaning and order are those of transformers' `generate`: temperature, then top-k, top-p, min-p.

    Attributes:
        temperature: 0 means greedy, and the other three are then without effect.
        top_k: keep the k most probable ids, and those that tie with the last; 0 keeps all.
        top_p: keep the smallest set of ids whose mass reaches top_p; 1 keeps all.
        min_p: keep ids at least min_p times as probable as the most probable; 0 keeps all.
    """

    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0

    def __post_init__(self) -> None:
        """Refuses values that mean nothing.

        Raises:
            DecodeError: naming the option and the values that it takes.
        """
        # Below 1e-6 the division would overflow float32, and the outcome is the greedy one anyway.
        if not (self.temperature == 0 or (self.temperature >= 1e-6 and math.isfinite(self.temperature))):
            raise DecodeError(f"A temperature of {self.temperature} cannot be used: give 0 (greedy) or at least 1e-6.")
        if self.top_k < 0:
            raise DecodeError(f"A top-k of {self.top_k} keeps nothing: give a positive number, or 0 for all.")
        if not 0 <= self.top_p <= 1:
            raise DecodeError(f"A top-p of {self.top_p} is no share: give a number from 0 to 1.")
        if not 0 <= self.min_p <= 1:
            raise DecodeError(f"A min-p of {self.min_p} is no share: give a number from 0 to 1.")

    @property
    def greedy(self) -> bool:
        """Whether the most probable id is taken, always."""
        return self.temperature == 0


@dataclass(frozen=True, slots=True)
class Options:
    """One run's wishes.

    Attributes:
        max_new_tokens: the most ids to commit.
        gamma: the most ids to draft in a round; 0 decodes without the drafter.
        sampling: how ids are chosen.
        seed: the same seed, pair, prompt and options on the same machine give the same ids; None draws a seed, which
            the result names.
        stop: strings that end the text; the text is cut before the first that appears.
    """

    max_new_tokens: int = 128
    gamma: int = 4
    sampling: Sampling = field(default_factory=Sampling)
    seed: int | None = None
    stop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuses values that mean nothing.

        Raises:
            DecodeError: naming the option and the values that it takes.
        """
        if self.max_new_tokens < 1:
            raise DecodeError(f"{self.max_new_tokens} new tokens is nothing to decode: ask for at least 1.")
        if self.gamma < 0:
            raise DecodeError(f"A gamma of {self.gamma} cannot be drafted: give 0 (no drafts) or more.")
        if self.seed is not None and not 0 <= self.seed < 2**63:
            raise DecodeError(f"The seed {self.seed} is out of range: give one from 0 to 2**63 - 1.")
        if "" in self.stop:
            raise DecodeError("An empty stop string would end the text at once: leave it out.")
