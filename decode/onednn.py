"""Products with weights that were packed before, by oneDNN.

A plain product of a few rows with a weight packs the weight anew each time. In float32 that costs nothing for up to
three rows and from four on as much as the product itself; in bfloat16 it always costs as much.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import Optional

import torch
from torch import Tensor, nn

from .tolerance import distance, tolerance

# From how many rows on packed weights are faster, as measured on shapes from 256 x 256 to 16384 x 512.
FEWEST_ROWS = {torch.float32: 4, torch.bfloat16: 1}
_ROWS = 8  # that the layout is made for; others take hardly longer


def pack(weight: Tensor) -> Tensor:
    """A copy of a (outputs, inputs) weight in oneDNN's own layout, for forwards of few rows."""
    packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, _ROWS)
    return packed


def product(given: Tensor, packed: Tensor, bias: Tensor | None) -> Tensor:
    """What a linear layer gives whose weight was packed: (..., inputs) to (..., outputs)."""
    found: Tensor = _scripted()(given, packed, bias)
    return found


@cache
def works(dtype: torch.dtype) -> bool:
    """Whether this machine and this build of torch can, shown on a small layer."""
    layer = nn.Linear(32, 64, dtype=dtype).requires_grad_(requires_grad=False)
    given = torch.linspace(-1, 1, 2 * layer.in_features, dtype=dtype).reshape(1, 2, -1)
    try:
        found = product(given, pack(layer.weight.detach()), layer.bias)
    except (RuntimeError, AttributeError):
        return False
    return distance(found.float(), layer(given).float()) <= tolerance(dtype)


@cache
def _scripted() -> Callable[..., Tensor]:
    """The linear layer of oneDNN, called by a script: a trace cannot note down its empty list of arguments."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # as in a recording
        scripted: Callable[..., Tensor] = torch.jit.script(_linear)
    return scripted


def _linear(given: Tensor, packed: Tensor, bias: Optional[Tensor]) -> Tensor:  # noqa: UP045 - read by torch's compiler
    return torch.ops.mkldnn._linear_pointwise(given, packed, bias, "none", [], "")  # type: ignore[no-any-return]
