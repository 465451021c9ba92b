"""Linear layers with weights laid out for a CPU's matrix units, for forwards of few ids.

A plain product of a few rows with a weight arranges the weight anew each time. In float32 that costs nothing for up to
three rows and from four on as much as the product itself, in layers that are wider than they are deep; in bfloat16 it
always costs as much. oneDNN can be given weights that were arranged before. They are copies, so there is a limit.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, Optional
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from .tolerance import distance, tolerance

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_MOST = 4 << 30  # bytes of copies of one model's weights
_ROWS = 8  # that the layout is made for; others take hardly longer


class _Gain(NamedTuple):
    """Where arranged weights are faster, as measured on shapes from 256 x 512 to 16384 x 512.

    Attributes:
        rows: the fewest.
        wide: how many times as many outputs as inputs, at least.
    """

    rows: int
    wide: float


_GAINS = {torch.float32: _Gain(4, 2.0), torch.bfloat16: _Gain(1, 0.0)}


# Layer → which weight was arranged, and how it was. Decoders of one model share it.
_ARRANGED: WeakKeyDictionary[nn.Linear, tuple[tuple[int, int], Tensor]] = WeakKeyDictionary()


class PackedLinears:
    """A model's linear layers that gain by it, with their arranged weights once they were wanted."""

    def __init__(self, model: PreTrainedModel, most: int) -> None:
        """Takes a model, and for how many rows at the most its layers are to use arranged weights."""
        possible = model.device.type == "cpu" and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        gain = _GAINS.get(model.dtype) if possible else None
        self._rows = range(gain.rows, most + 1) if gain else range(0)
        self._layers = _gaining(model, gain) if gain else []
        self._weights: list[Tensor] = []

    def tensors(self) -> list[Tensor]:
        """The arranged weights; none before they were wanted."""
        return self._weights

    def bind(self, tensors: list[Tensor]) -> None:
        """Puts others in their place: a trace's names for them, since it cannot hold them as constants."""
        self._weights = tensors

    def outdated(self) -> bool:
        """Whether weights were changed since they were arranged: then they will be again, for what comes."""
        if not self._weights or all(_ARRANGED[layer][0] == _version(layer.weight) for layer in self._layers):
            return False
        self._weights = []
        return True

    @contextmanager
    def standing_in(self, rows: int) -> Iterator[None]:
        """The layers use the arranged weights inside, if forwards of so many rows gain by it."""
        if rows not in self._rows or not self._arranged():
            yield
            return
        free = [(place, layer) for place, layer in enumerate(self._layers) if "forward" not in vars(layer)]
        try:
            for place, layer in free:
                vars(layer)["forward"] = self._forward(place, layer)
            yield
        finally:
            for _, layer in free:
                vars(layer).pop("forward", None)

    @torch.inference_mode()
    def _arranged(self) -> bool:
        """Whether there are arranged weights, made now if they can be had: they are tried on one layer before."""
        if self._weights or not self._layers:
            return bool(self._weights)
        layers, self._layers = self._layers, []
        if sum(layer.weight.nbytes for layer in layers) > _MOST or not _works(layers[0]):
            return False
        self._layers, self._weights = layers, [_arranged_of(layer) for layer in layers]
        return True

    def _forward(self, place: int, layer: nn.Linear) -> Callable[[Tensor], Tensor]:
        def forward(given: Tensor) -> Tensor:
            return _product(given, self._weights[place], layer.bias)

        return forward


def _arranged_of(layer: nn.Linear) -> Tensor:
    version = _version(layer.weight)
    found = _ARRANGED.get(layer)
    if found is None or found[0] != version:
        found = _ARRANGED[layer] = version, _arrange(layer.weight)
    return found[1]


def _version(weight: Tensor) -> tuple[int, int]:
    """What changes when a weight is replaced or written to; weights made in inference mode do not count writes."""
    return weight.data_ptr(), 0 if weight.is_inference() else weight._version


def _gaining(model: PreTrainedModel, gain: _Gain) -> list[nn.Linear]:
    """The plain linear layers of a shape that gains: what is quantised or patched is left alone."""
    linear = (layer for layer in model.modules() if isinstance(layer, nn.Linear) and type(layer) is nn.Linear)
    plain = (layer for layer in linear if type(layer.weight) is nn.Parameter and "forward" not in vars(layer))
    wide = (layer for layer in plain if layer.out_features >= gain.wide * layer.in_features)
    return [layer for layer in wide if layer.weight.dtype == model.dtype]


def _works(layer: nn.Linear) -> bool:
    """Whether this machine and this build of torch can, shown on one layer."""
    given = torch.linspace(-1, 1, 2 * layer.in_features, dtype=layer.weight.dtype).reshape(1, 2, -1)
    try:
        found = _product(given, _arrange(layer.weight), layer.bias)
    except (RuntimeError, AttributeError):
        return False
    return distance(found.float(), layer(given).float()) <= tolerance(layer.weight.dtype)


def _arrange(weight: Tensor) -> Tensor:
    arranged: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight.detach(), _ROWS)
    return arranged


def _product(given: Tensor, arranged: Tensor, bias: Tensor | None) -> Tensor:
    found: Tensor = _scripted()(given, arranged, bias)
    return found


@cache
def _scripted() -> Callable[..., Tensor]:
    """The linear layer of oneDNN, called by a script: a trace cannot note down its empty list of arguments."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # as in a recording
        scripted: Callable[..., Tensor] = torch.jit.script(_linear)
    return scripted


def _linear(given: Tensor, arranged: Tensor, bias: Optional[Tensor]) -> Tensor:  # noqa: UP045 - read by torch's compiler
    return torch.ops.mkldnn._linear_pointwise(given, arranged, bias, "none", [], "")  # type: ignore[no-any-return]
