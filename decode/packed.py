"""A model's linear layers in forwards of few ids: with packed weights, and one product for layers that read the same.

Queries, keys and values are products of the same input, and so are the two halves of a gated feed-forward layer: as
one product they take fewer calls and use the cores better (vLLM stacks such weights for the same reason). Here models
are unmodified, so the first layer of a group to be called has the product made, and the others take their share of it.
Packed weights are copies, so there is a limit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from . import onednn

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_MOST = 4 << 30  # bytes of copies of one model's weights
# Bytes of a group's weights from which on its layout gains more than a call of oneDNN costs, some 10 µs. In bfloat16
# plain products are such calls too.
_LEAST = {torch.float32: 512 << 10}

Group = tuple[nn.Linear, ...]  # layers that are given the same tensor, in the order of their calls


class _Packed(NamedTuple):
    """A group's weights.

    Attributes:
        version: of what they were made from.
        weight: all rows of the group's, in oneDNN's layout.
        bias: of all outputs; None without.
    """

    version: tuple[tuple[int, int], ...]
    weight: Tensor
    bias: Tensor | None


# First layer of a group → its weights. Decoders of one model share them.
_PACKED: WeakKeyDictionary[nn.Linear, _Packed] = WeakKeyDictionary()


class PackedLinears:
    """A model's linear layers, with their packed weights once they were wanted."""

    def __init__(self, model: PreTrainedModel, most: int) -> None:
        """Takes a model, and for how many rows at the most its layers are to use packed weights."""
        fewest = onednn.fewest_rows(model.dtype) if model.device.type == "cpu" else None
        self._rows = range(0) if fewest is None else range(fewest, most + 1)
        self._layers = _plain(model) if self._rows else []
        self._groups: list[Group] = []
        self._weights: list[Tensor] = []

    def tensors(self) -> list[Tensor]:
        """The packed weights; none before they were wanted."""
        return self._weights

    def bind(self, tensors: list[Tensor]) -> None:
        """Puts others in their place: a trace's names for them, since it cannot hold them as constants."""
        self._weights = tensors

    def outdated(self) -> bool:
        """Whether weights were changed since they were packed: then they will be again, for what comes."""
        if not self._weights or all(_PACKED[group[0]].version == _version(group) for group in self._groups):
            return False
        self._weights = []
        return True

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Around a first forward, which shows what layers are given the same; what it does not call is left alone."""
        calls: list[tuple[nn.Linear, Tensor]] = []  # with what they were given, so that no other comes to lie there

        def note(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            if isinstance(layer, nn.Linear) and inputs:
                calls.append((layer, inputs[0]))

        hooks = [layer.register_forward_pre_hook(note) for layer in self._layers]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()
        self._groups = _worthwhile(_grouped(calls))

    @contextmanager
    def standing_in(self, rows: int) -> Iterator[None]:
        """The layers use the packed weights inside, if forwards of so many rows gain by it."""
        if rows not in self._rows or not self._made():
            yield
            return
        standing: list[nn.Linear] = []
        try:
            for place, group in enumerate(self._groups):
                if not any("forward" in vars(layer) for layer in group):  # somebody else's
                    standing += group
                    self._stand_in(place, group)
            yield
        finally:
            for layer in standing:
                vars(layer).pop("forward", None)

    @torch.inference_mode()
    def _made(self) -> bool:
        """Whether there are packed weights, made now if there is anything to pack."""
        if not self._weights:
            scratch: list[Tensor] = []
            self._weights = [_packed(group, scratch).weight for group in self._groups]
        return bool(self._weights)

    def _stand_in(self, place: int, group: Group) -> None:
        """Gives layers forwards of which the first that is called computes for all."""
        sizes, bias = [layer.out_features for layer in group], _PACKED[group[0]].bias
        shared: dict[int, Tensor] = {}  # who has yet to take its share, by number; -1 is what all were given

        def forward(number: int, given: Tensor) -> Tensor:
            if number not in shared or shared[-1] is not given:
                found = onednn.product(given, self._weights[place], bias)
                shared.update(enumerate(torch.split(found, sizes, -1)))
                shared[-1] = given
            return shared.pop(number)

        for number, layer in enumerate(group):
            vars(layer)["forward"] = partial(forward, number)


def _plain(model: PreTrainedModel) -> list[nn.Linear]:
    """The plain linear layers: what is quantised or patched is left alone."""
    linear = (layer for layer in model.modules() if isinstance(layer, nn.Linear) and type(layer) is nn.Linear)
    plain = (layer for layer in linear if type(layer.weight) is nn.Parameter and "forward" not in vars(layer))
    return [layer for layer in plain if layer.weight.dtype == model.dtype]


def _grouped(calls: list[tuple[nn.Linear, Tensor]]) -> list[Group]:
    """Layers by what they were given; one that is called more than once may be given anything the next time."""
    often = Counter(layer for layer, _ in calls)
    groups: dict[tuple[int, bool], Group] = {}
    for layer, given in calls:
        if often[layer] == 1:
            key = id(given), layer.bias is None
            groups[key] = (*groups.get(key, ()), layer)
    return list(groups.values())


def _worthwhile(groups: list[Group]) -> list[Group]:
    """Those that are big enough, as many as there is memory for, the widest first: they gain most."""

    def width(group: Group) -> float:
        return sum(layer.out_features for layer in group) / group[0].in_features

    big = [group for group in groups if _bytes(group) >= _LEAST.get(group[0].weight.dtype, 0)]
    widest = sorted(big, key=width, reverse=True)
    taken = accumulate(map(_bytes, widest))
    return [group for group, total in zip(widest, taken, strict=True) if total <= _MOST]


def _bytes(group: Group) -> int:
    return sum(layer.weight.nbytes for layer in group)


def _packed(group: Group, scratch: list[Tensor]) -> _Packed:
    """A group's weights, found or made.

    Args:
        group: which.
        scratch: of earlier groups, which takes the same shape again: fresh memory costs more than what is written.
    """
    version = _version(group)
    found = _PACKED.get(group[0])
    if found is None or found.version != version:
        bias = None if group[0].bias is None else torch.cat([layer.bias.detach() for layer in group])
        found = _PACKED[group[0]] = _Packed(version, onednn.pack(_stacked(group, scratch)), bias)
    return found


def _stacked(group: Group, scratch: list[Tensor]) -> Tensor:
    """All weights of a group, one below the other."""
    weights = [layer.weight.detach() for layer in group]
    if len(weights) == 1:
        return weights[0]
    shape = torch.Size((sum(layer.out_features for layer in group), group[0].in_features))
    if not scratch or scratch[0].shape != shape:
        scratch[:] = [torch.empty(shape, dtype=weights[0].dtype)]
    return torch.cat(weights, out=scratch[0])


def _version(group: Group) -> tuple[tuple[int, int], ...]:
    """What changes when a weight is replaced or written to; weights made in inference mode do not count writes."""
    tensors = (tensor for layer in group for tensor in (layer.weight, layer.bias) if tensor is not None)
    return tuple((tensor.data_ptr(), 0 if tensor.is_inference() else tensor._version) for tensor in tensors)
