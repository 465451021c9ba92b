"""Pairs for benchmarks without real weights: real shapes, random numbers, and an acceptance of one's choice.

Bytes, kernels, caches, logits and rejections are as those of real pairs; the text is noise, and acceptance is much the
same at every position, where that of real text comes in bursts. Whatever is measured on such a pair is to be labelled
synthetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel

from .errors import DecodeError
from .pairing import Pairing
from .synthetic_core import write
from .synthetic_shapes import SHAPES, unwritten

_PROMPT, _LENGTH = 16, 64  # ids of a text that alpha is measured on, and of what follows
_TEXTS, _GREEDY_TEXTS = 12, 24  # either gives alpha to about .01: agreement is yes or no, sum(min(p, q)) a share
_CLOSE, _ROUNDS, _MOST = 0.004, 8, 64.0  # the search: near enough in alpha, most tries, largest epsilon


@dataclass(frozen=True, slots=True)
class SyntheticPair:
    """A target and a drafter that was never trained, and what is known of them.

    Attributes:
        target: in eval mode, without gradients.
        drafter: the same, of another hidden size, other layers and other heads.
        pairing: all ids both have; no end-of-sequence id.
        shape: its name in `SHAPES`.
        epsilon: share of a layer's output at which each model's own layers add to the core.
        expected_alpha: acceptance on texts that the search did not see, at `temperature`; None where epsilon was given.
        temperature: what it was measured at.
    """

    target: PreTrainedModel
    drafter: PreTrainedModel
    pairing: Pairing
    shape: str
    epsilon: float
    expected_alpha: float | None
    temperature: float

    def prompts(self, count: int, length: int, seed: int = 0) -> list[list[int]]:
        """Random ids that both models have, the same for the same numbers."""
        generator = torch.Generator().manual_seed(seed)
        ids: list[list[int]] = torch.randint(self.pairing.shared_rows, (count, length), generator=generator).tolist()
        return ids


def build(
    shape: str,
    alpha: float,
    *,
    device: torch.device,
    dtype: torch.dtype,
    seed: int = 0,
    temperature: float = 1.0,
    epsilon: float | None = None,
) -> SyntheticPair:
    """Makes a pair on its device and finds the epsilon that gives the acceptance wished for.

    Alpha is the chance that a drafted id is accepted: the mean of sum(min(p, q)) over the target's own texts (Leviathan
    et al., 2023), or, at temperature 0, the share of positions where both models' best ids agree along the target's
    greedy texts. A pair made for .8 at temperature 1 agrees on fewer when greedy: about .73.

    Args:
        shape: a name in `SHAPES`.
        alpha: from 0 to 1. Where rounding or the core's own likeness puts it out of reach, the pair comes as near as
            it can; `expected_alpha` says how near.
        device: where both models are made; nothing of their size is made elsewhere.
        dtype: what they compute in.
        seed: the same seed, shape and arguments on the same device give the same pair.
        temperature: what the acceptance is wished at.
        epsilon: one found before, to build that pair again with nothing searched or measured; alpha then counts for
            nothing.

    Raises:
        DecodeError: if the shape is unknown, or alpha, the temperature or epsilon means nothing.
    """
    if shape not in SHAPES:
        raise DecodeError(f"There is no synthetic shape {shape}: choose one of {', '.join(SHAPES)}.")
    if not 0 <= alpha <= 1:
        raise DecodeError(f"An alpha of {alpha} is no share: give a number from 0 to 1.")
    if not (temperature >= 0 and math.isfinite(temperature)):
        raise DecodeError(f"A temperature of {temperature} cannot be used: give 0 (greedy) or a positive number.")
    if epsilon is not None and not 0 <= epsilon <= _MOST:
        raise DecodeError(f"An epsilon of {epsilon} cannot be used: give one that an earlier pair was built with.")
    chosen = SHAPES[shape]
    generator = torch.Generator(device).manual_seed(seed)
    target, drafter = (unwritten(chosen, sizes, device, dtype) for sizes in (chosen.target, chosen.drafter))
    with torch.no_grad():
        part = write(chosen, target, drafter, generator)
        expected = None
        if epsilon is None:
            meter = _Meter(target, drafter, temperature, generator)
            epsilon = _search(meter, part, alpha)
            part(epsilon)
            expected = meter.alpha(meter.texts())
        else:
            part(epsilon)
    if device.type == "cuda":
        torch.cuda.empty_cache()  # the core's numbers in full precision are no longer needed
    rows = (chosen.target.vocab_size, chosen.drafter.vocab_size)
    pairing = Pairing(*rows, ((0, chosen.shared_rows),), 0, frozenset(), chosen.context, chosen.context)
    return SyntheticPair(target, drafter, pairing, shape, epsilon, expected, temperature)


def _search(meter: _Meter, part: Callable[[float], None], alpha: float) -> float:
    """The epsilon for an acceptance, on texts of the bare core: they are as hard as the target's own, and sooner said.

    Rejections per accepted id grow about as epsilon does, so that scaling it by how far they are off closes in fast.
    """
    if alpha == 1:
        return 0.0
    part(0)
    texts, epsilon = meter.texts(of_core=True), 0.1
    for _ in range(_ROUNDS):
        part(epsilon)
        found = meter.alpha(texts)
        if abs(found - alpha) < _CLOSE:
            break
        epsilon = min(epsilon * min(_rejections(alpha) / _rejections(found), 8), _MOST)
    return epsilon


def _rejections(alpha: float) -> float:
    alpha = min(max(alpha, 1e-3), 1 - 1e-3)
    return (1 - alpha) / alpha


class _Meter:
    """Measures the acceptance of a pair on the target's own texts."""

    def __init__(
        self, target: PreTrainedModel, drafter: PreTrainedModel, temperature: float, generator: torch.Generator
    ) -> None:
        self._target: Any = target  # transformers types neither its calls nor its parts
        self._drafter: Any = drafter
        self._temperature, self._generator = temperature, generator
        self._rows = min(model.config.vocab_size for model in (target, drafter))

    def texts(self, *, of_core: bool = False) -> Tensor:
        """(texts, prompt + length) int64: random prompts, and what the target says next, or the drafter.

        All ids are such as both models have rows for.
        """
        device, cache = self._target.device, DynamicCache()
        count = _TEXTS if self._temperature else _GREEDY_TEXTS
        ids = torch.randint(self._rows, (count, _PROMPT), generator=self._generator, device=device)
        speaker, fed = self._drafter if of_core else self._target, ids
        for _ in range(_LENGTH):
            logits = speaker(fed, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[:, -1]
            fed = self._next(logits[:, : self._rows].float())
            ids = torch.cat((ids, fed), 1)
        return ids

    def alpha(self, texts: Tensor) -> float:
        """Mean acceptance over all positions after the prompts."""
        return sum(self._accepted(text[None, :-1]) for text in texts) / len(texts)

    def _next(self, logits: Tensor) -> Tensor:
        if self._temperature == 0:
            return logits.argmax(-1, keepdim=True)
        return torch.multinomial((logits / self._temperature).softmax(-1), 1, generator=self._generator)

    def _accepted(self, text: Tensor) -> float:
        models = (self._target, self._drafter)
        p, q = (model(text, use_cache=False, logits_to_keep=_LENGTH).logits[0].float() for model in models)
        q = q[:, : self._rows]  # nothing else may be proposed
        if self._temperature == 0:
            return float((p.argmax(-1) == q.argmax(-1)).float().mean())
        p, q = ((one / self._temperature).softmax(-1) for one in (p, q))
        return torch.minimum(p[:, : self._rows], q).sum(-1).mean().item()
