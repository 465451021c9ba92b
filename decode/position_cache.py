"""A key/value cache indexed by a tensor of positions: what a captured forward writes to.

The position comes from the device, so the same captured work serves every round, and a rejected draft is taken back by
writing one number: the next forward overwrites what it left, and no query sees it before. After gpt-fast (PyTorch,
"Accelerating Generative AI with PyTorch II", 2023).
"""

from __future__ import annotations

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin


class IndexedLayer(CacheLayerMixin):  # type: ignore[no-untyped-call]
    """One layer's keys and values, (1, heads, capacity, head size), in whatever dtype the model computes."""

    is_compileable = True
    is_croppable = False
    is_sliding = False

    def __init__(self, owner: PositionCache) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._owner = owner
        self.keys: Tensor | None = None
        self.values: Tensor | None = None

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Allocates on the first write, when shapes, dtype and device are known."""
        self.keys = self._empty(key_states)
        self.values = self._empty(value_states)
        self.is_initialized = True

    def update(self, key_states: Tensor, value_states: Tensor, *_: object, **__: object) -> tuple[Tensor, Tensor]:
        """Writes (1, heads, q, head size) at the owner's positions; returns views of its first `span` slots."""
        if self.keys is None or self.values is None:
            self.lazy_initialization(key_states, value_states)
        assert self.keys is not None and self.values is not None  # noqa: PT018, S101 - for the type checker
        self.keys.index_copy_(2, self._owner.positions, key_states)
        self.values.index_copy_(2, self._owner.positions, value_states)
        return self.keys[:, :, : self._owner.span], self.values[:, :, : self._owner.span]

    def grow(self) -> None:
        """Moves to buffers of the owner's capacity."""
        for name in ("keys", "values"):
            held: Tensor | None = getattr(self, name)
            if held is not None:
                larger = self._empty(held)
                larger[:, :, : held.shape[2]] = held
                setattr(self, name, larger)

    def get_seq_length(self) -> int:
        """None that the host knows: positions are given."""
        return 0

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:  # noqa: ARG002 - the span is fixed
        """Length and offset of the keys that `update` returns."""
        return self._owner.span, 0

    def get_max_length(self) -> int:
        """Slots."""
        return self._owner.capacity

    def _empty(self, like: Tensor) -> Tensor:
        batch, heads, _, size = like.shape
        # Zeros, for a garbage slot takes part in the product before it is masked, and NaN would survive that.
        return like.new_zeros(batch, heads, self._owner.capacity, size)


class PositionCache(Cache):
    """A transformers `Cache` for one sequence that is written at `positions`.

    Attributes:
        positions: (q,) int64 on the device: where the next forward writes.
        span: how many slots it sees, from the first; at least one more than the last position.
        capacity: slots there are.
    """

    def __init__(self, capacity: int, device: torch.device) -> None:
        super().__init__(layers=[])
        self._indexed: list[IndexedLayer] = []
        self.capacity = capacity
        self.span = capacity
        self.positions = torch.zeros(1, dtype=torch.int64, device=device)

    def update(
        self, key_states: Tensor, value_states: Tensor, layer_idx: int, *_: object, **__: object
    ) -> tuple[Tensor, Tensor]:
        """Writes one layer; see `IndexedLayer.update`."""
        while len(self._indexed) <= layer_idx:
            layer = IndexedLayer(self)
            self._indexed.append(layer)
            self.layers.append(layer)
        return self._indexed[layer_idx].update(key_states, value_states)

    def get_seq_length(self, layer_idx: int = 0) -> int:  # noqa: ARG002 - the same in all layers
        """None that the host knows: positions are given."""
        return 0

    def get_mask_sizes(self, query_length: int, layer_idx: int) -> tuple[int, int]:  # noqa: ARG002 - as above
        """Length and offset of the keys that a forward sees."""
        return self.span, 0

    def grow(self, capacity: int) -> None:
        """Makes room; what is held stays."""
        self.capacity = capacity
        for layer in self._indexed:
            layer.grow()

    def tensors(self) -> list[Tensor]:
        """The buffers of all layers, in order."""
        return [tensor for layer in self._indexed for tensor in (layer.keys, layer.values) if tensor is not None]

    def bind(self, tensors: list[Tensor]) -> None:
        """Puts other tensors in place of those that `tensors` gave: a capture's own names for them."""
        given = iter(tensors)
        for layer in self._indexed:
            if layer.keys is not None:
                layer.keys, layer.values = next(given), next(given)
