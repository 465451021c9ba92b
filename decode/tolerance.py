"""How far the logits of two forwards over the same ids may lie apart and still be the same but for rounding."""

from __future__ import annotations

import torch
from torch import Tensor

# Logits of the same ids in forwards of another width agree to some units in the last place of the dtype, times depth.
_TOLERANCE = {torch.float64: 1e-8, torch.float32: 1e-4, torch.float16: 3e-2, torch.bfloat16: 1e-1}


def tolerance(dtype: torch.dtype) -> float:
    """The `distance` that rounding in a dtype explains."""
    return _TOLERANCE.get(dtype, 1e-1)


def distance(a: Tensor, b: Tensor) -> float:
    """Root mean square difference of logits, as a share of b's own spread; -inf counts where only one has it."""
    finite = a.isfinite() & b.isfinite()
    if not torch.equal(a.isfinite(), b.isfinite()):
        return float("inf")
    spread = b[finite].std().clamp_min(torch.finfo(b.dtype).tiny)
    return float((a - b)[finite].square().mean().sqrt() / spread)
