"""A key/value cache that is rolled back by writing one number.

The buffers are allocated ahead and indexed by position, as in gpt-fast (PyTorch, "Accelerating Generative AI with
PyTorch II", 2023): a forward writes at [position, position + q) and reads the prefix; what a rejected draft left behind
is overwritten by the next forward and never read before. Nothing is concatenated or cropped.
"""

from __future__ import annotations

from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin

_FIRST_CAPACITY = 256


class PositionLayer(CacheLayerMixin):  # type: ignore[no-untyped-call]
    """One layer's keys and values, (batch, heads, capacity, head size), in whatever dtype the model computes.

    It knows no length of its own: `RollbackCache` holds the one position that all layers share. `is_sliding` stays
    False for every model, so that transformers builds the mask of a sliding window over the full length.
    """

    is_compileable = False
    is_croppable = True
    is_sliding = False

    def __init__(self, owner: RollbackCache) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._owner = owner
        self.keys: Tensor | None = None
        self.values: Tensor | None = None

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Allocates on the first write, when shapes, dtype and device are known."""
        self.keys = self._grown(None, key_states)
        self.values = self._grown(None, value_states)
        self.is_initialized = True

    def update(self, key_states: Tensor, value_states: Tensor, *_: object, **__: object) -> tuple[Tensor, Tensor]:
        """Writes (batch, heads, q, head size) at the position; returns views of all that is valid then."""
        start = self._owner.position
        end = start + key_states.shape[2]
        self._owner.reserve(end)
        self.keys = self._grown(self.keys, key_states)
        self.values = self._grown(self.values, value_states)
        self.is_initialized = True
        self.keys[:, :, start:end] = key_states
        self.values[:, :, start:end] = value_states
        return self.keys[:, :, :end], self.values[:, :, :end]

    def get_seq_length(self) -> int:
        """How many positions are valid."""
        return self._owner.position

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Length and offset of the keys that `update` will return."""
        return self._owner.position + query_length, 0

    def get_max_length(self) -> int:
        """No maximum: the buffers grow."""
        return -1

    def _grown(self, buffer: Tensor | None, like: Tensor) -> Tensor:
        """The buffer, or a copy of it with the owner's capacity when it is shorter."""
        if buffer is not None and buffer.shape[2] >= self._owner.capacity:
            return buffer
        batch, heads, _, size = like.shape
        larger = like.new_zeros(batch, heads, self._owner.capacity, size)
        if buffer is not None:
            larger[:, :, : buffer.shape[2]] = buffer
        return larger


class RollbackCache(Cache):
    """A transformers `Cache` for one sequence, whose `position` says how many tokens it holds.

    A forward does not move `position`; whoever ran it does, to the end of what was fed or, after a rejection, to the
    last token that counts. Layers appear as the model writes them, so that the model's own idea of their number holds.

    Attributes:
        position: tokens held; everything behind it is garbage to be overwritten.
        capacity: tokens that fit before the buffers are doubled.
    """

    def __init__(self, capacity: int = _FIRST_CAPACITY) -> None:
        super().__init__(layers=[])
        self._position_layers: list[PositionLayer] = []
        self.position = 0
        self.capacity = max(1, capacity)

    def update(
        self, key_states: Tensor, value_states: Tensor, layer_idx: int, *_: object, **__: object
    ) -> tuple[Tensor, Tensor]:
        """Writes one layer; see `PositionLayer.update`."""
        while len(self._position_layers) <= layer_idx:
            layer = PositionLayer(self)
            self._position_layers.append(layer)
            self.layers.append(layer)
        return self._position_layers[layer_idx].update(key_states, value_states)

    def get_seq_length(self, layer_idx: int = 0) -> int:  # noqa: ARG002 - all layers share the position
        """How many tokens are held, in every layer."""
        return self.position

    def get_mask_sizes(self, query_length: int, layer_idx: int) -> tuple[int, int]:  # noqa: ARG002 - as above
        """Length and offset of the keys that a forward of `query_length` tokens sees."""
        return self.position + query_length, 0

    def reserve(self, length: int) -> None:
        """Makes room for `length` tokens by doubling; each layer moves when it is next written."""
        while self.capacity < length:
            self.capacity *= 2

    def rollback(self, length: int) -> None:
        """Forgets every token from `length` on; none is recovered by a larger number."""
        self.position = min(self.position, length)

    @property
    def written(self) -> bool:
        """Whether any layer was ever written: a model that ignores this cache leaves it empty."""
        return any(layer.keys is not None for layer in self._position_layers)
