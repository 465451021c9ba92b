"""Sizes of tensors as plain numbers, also while work is traced.

A trace follows sizes as if they were values, and takes it amiss when one becomes a number: it could not know another.
Work is recorded for one shape alone, so here they may.
"""

from __future__ import annotations

import warnings

import torch
from torch import Tensor


def size(tensor: Tensor, dim: int) -> int:
    """How long a tensor is in one dimension."""
    if not torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
        return tensor.shape[dim]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]
        return int(tensor.shape[dim])
