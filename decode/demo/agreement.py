"""How far a drafter agrees with its target on given text."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import LlamaForCausalLM


@dataclass(frozen=True)
class Agreement:
    """Means over all positions of a text, teacher-forced.

    Attributes:
        sampled: the chance that a token sampled from the drafter at temperature 1 is accepted.
        greedy: the share of positions where both models' first choices are the same.
    """

    sampled: float
    greedy: float


@torch.inference_mode()
def agreement(target: LlamaForCausalLM, drafter: LlamaForCausalLM, ids: Tensor, length: int) -> Agreement:
    """Measure on ids (N,), cut into windows of the given length; what remains at the end is left out."""
    table = ids[: len(ids) // length * length].view(-1, length)
    sampled, greedy = [], []
    for batch in torch.split(table, 8):
        p = target(batch, use_cache=False).logits.softmax(-1)
        q = drafter(batch, use_cache=False).logits.softmax(-1)
        sampled.append(torch.minimum(p, q).sum(-1).flatten())
        greedy.append((p.argmax(-1) == q.argmax(-1)).float().flatten())
    return Agreement(sampled=torch.cat(sampled).mean().item(), greedy=torch.cat(greedy).mean().item())
