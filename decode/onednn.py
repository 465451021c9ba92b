"""Products with weights that were packed before, by oneDNN.

A plain product of a few rows with a weight packs the weight anew each time: in bfloat16 always, in float32 from four
rows on, and that costs as much as the product itself. What float32 costs below is a matter of the CPU: on an Intel Xeon
as much as with packed weights, on an AMD EPYC twice as much, so there it is measured.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from functools import cache
from typing import Optional

import torch
from torch import Tensor, nn

from .tolerance import distance, tolerance

# From how many rows on packed weights are faster on any CPU, as measured on shapes from 256 x 256 to 16384 x 512.
_FEWEST_ROWS = {torch.float32: 4, torch.bfloat16: 1}
_ROWS = 8  # that the layout is made for; others take hardly longer
_TRIED, _TIMES = (8192, 1024), 7  # a weight of 32 MiB, too much for most caches, and how often it is multiplied
_CLEARLY = 1.4  # times as fast: CPUs lie at 1 or near 2, so no moment of noise changes what a later run decodes with


def fewest_rows(dtype: torch.dtype) -> int | None:
    """From how many rows on products with packed weights are faster; None where there are none that work."""
    fewest = _FEWEST_ROWS.get(dtype)
    if fewest is None or not torch.backends.mkldnn.is_available() or not _works(dtype):  # type: ignore[no-untyped-call]
        return None
    return 1 if fewest == 1 or _gains_at_one_row(dtype) else fewest


def pack(weight: Tensor) -> Tensor:
    """A copy of a (outputs, inputs) weight in oneDNN's own layout, for forwards of few rows."""
    packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, _ROWS)
    return packed


def product(given: Tensor, packed: Tensor, bias: Tensor | None) -> Tensor:
    """What a linear layer gives whose weight was packed: (..., inputs) to (..., outputs)."""
    found: Tensor = _scripted()(given, packed, bias)
    return found


@cache
def _works(dtype: torch.dtype) -> bool:
    """Whether this machine and this build of torch can, shown on a small layer."""
    layer = nn.Linear(32, 64, dtype=dtype).requires_grad_(requires_grad=False)
    given = torch.linspace(-1, 1, 2 * layer.in_features, dtype=dtype).reshape(1, 2, -1)
    try:
        found = product(given, pack(layer.weight.detach()), layer.bias)
    except (RuntimeError, AttributeError):
        return False
    return distance(found.float(), layer(given).float()) <= tolerance(dtype)


@cache
@torch.inference_mode()
def _gains_at_one_row(dtype: torch.dtype) -> bool:
    """Whether packed weights are clearly faster for one row, by the best times: others had an interruption."""
    weight, given = torch.ones(_TRIED, dtype=dtype), torch.ones((1, 1, _TRIED[1]), dtype=dtype)
    packed = pack(weight)
    plain, fast = [], []
    for _ in range(_TIMES):
        plain.append(_seconds(lambda: nn.functional.linear(given, weight)))
        fast.append(_seconds(lambda: product(given, packed, None)))
    return min(plain) > _CLEARLY * min(fast)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@cache
def _scripted() -> Callable[..., Tensor]:
    """The linear layer of oneDNN, called by a script: a trace cannot note down its empty list of arguments."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # as in a recording
        scripted: Callable[..., Tensor] = torch.jit.script(_linear)
    return scripted


def _linear(given: Tensor, packed: Tensor, bias: Optional[Tensor]) -> Tensor:  # noqa: UP045 - read by torch's compiler
    return torch.ops.mkldnn._linear_pointwise(given, packed, bias, "none", [], "")  # type: ignore[no-any-return]
