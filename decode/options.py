"""What a caller may ask of one run."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from .errors import DecodeError

Drafts = Literal["model", "lookup", "hybrid"]  # who drafts: the drafter, the text itself, or either


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a distribution is made of logits; the same for target and drafter.

    Names, meaning and order are those of transformers' `generate`: repetition penalty, temperature, top-k, top-p,
    min-p.

    Attributes:
        temperature: 0 means greedy, and the next three are then without effect.
        top_k: keep the k most probable ids, and those that tie with the last; 0 keeps all.
        top_p: keep the smallest set of ids whose mass reaches top_p; 1 keeps all.
        min_p: keep ids at least min_p times as probable as the most probable; 0 keeps all.
        repetition_penalty: divides the positive logits of ids that the text holds already, prompt included, and
            multiplies the negative ones (Keskar et al., 2019); 1 leaves them.
    """

    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0

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
        if not (self.repetition_penalty > 0 and math.isfinite(self.repetition_penalty)):
            raise DecodeError(
                f"A repetition penalty of {self.repetition_penalty} means nothing: give a positive number, 1 for none."
            )

    @property
    def greedy(self) -> bool:
        """Whether the most probable id is taken, always."""
        return self.temperature == 0


@dataclass(frozen=True, slots=True)
class Options:
    """One run's wishes.

    Attributes:
        max_new_tokens: the most ids to commit.
        gamma: how many ids to draft in a round, at the most: a number, with 0 to decode without the drafter; "auto"
            to let the run choose by what drafts cost and how many are accepted; or a number for each round, such as
            the `gammas` of an earlier run, the last standing for all that follow.
        sampling: how ids are chosen.
        seed: the same seed, pair, prompt and options on the same machine give the same ids; None draws a seed, which
            the result names.
        stop: strings that end the text; the text is cut before the first that appears.
        eos: ids that end the text, in place of the pairing's; None takes those.
        block: whether sampled drafts are judged as a block (Sun et al., 2024), which accepts no fewer in the mean;
            greedy decoding is the same either way.
        confidence: end a draft after an id that the drafter gave less than this probability; 0 never does. It costs
            a read of the device for every drafted id.
    """

    max_new_tokens: int = 128
    gamma: int | Literal["auto"] | tuple[int, ...] = "auto"
    sampling: Sampling = field(default_factory=Sampling)
    seed: int | None = None
    stop: tuple[str, ...] = ()
    eos: frozenset[int] | None = None
    block: bool = False
    confidence: float = 0.0

    def __post_init__(self) -> None:
        """Refuses values that mean nothing.

        Raises:
            DecodeError: naming the option and the values that it takes.
        """
        if self.max_new_tokens < 1:
            raise DecodeError(f"{self.max_new_tokens} new tokens is nothing to decode: ask for at least 1.")
        if self.gamma == () or (self.gamma != "auto" and any(one < 0 for one in self.planned)):
            raise DecodeError(f"A gamma of {self.gamma} cannot be drafted: give 0 (no drafts) or more, or auto.")
        if not 0 <= self.confidence <= 1:
            raise DecodeError(f"A confidence of {self.confidence} is no probability: give a number from 0 to 1.")
        if self.seed is not None and not 0 <= self.seed < 2**63:
            raise DecodeError(f"The seed {self.seed} is out of range: give one from 0 to 2**63 - 1.")
        if "" in self.stop:
            raise DecodeError("An empty stop string would end the text at once: leave it out.")

    @property
    def planned(self) -> tuple[int, ...]:
        """What `gamma` says of each round, the last for all that follow; empty where the run is to choose."""
        if self.gamma == "auto":
            return ()
        return (self.gamma,) if isinstance(self.gamma, int) else self.gamma
