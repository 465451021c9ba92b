"""The fast path of one model: forwards at positions that lie on the device, so that whole rounds can be captured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .attention import attending
from .errors import DecodeError
from .packed import PackedLinears
from .position_cache import PositionCache
from .runner import ReferenceRunner, Runner, embedding_rows, keeps_logits
from .sizes import size
from .tolerance import distance, tolerance

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_FIRST_CAPACITY = 256
_PAST, _GARBAGE, _NEXT = 5, 3, 4


class FastRunner:
    """Runs a model with plain attention over a position-indexed cache; no value is read by the host.

    Attributes:
        position: how many ids are held for good.
        slow: None.
        moves: as `Runner` says.
    """

    slow: str | None = None

    def __init__(self, model: PreTrainedModel, most: int) -> None:
        self._model = model
        self._cache = PositionCache(_FIRST_CAPACITY, model.device)
        self._linears = PackedLinears(model, most)
        self._keeps_logits = keeps_logits(model)
        self._sharing = 1  # query heads of a key head
        self.position = self.moves = 0
        self._sharing = self._found_sharing()

    @property
    def device(self) -> torch.device:
        """Where ids are fed."""
        return self._model.device

    def feed(self, ids: Tensor, at: Tensor, keep: int) -> Tensor:
        """As `Runner` says; what is captured of it depends on no position but through `at`."""
        cache, rows = self._cache, size(ids, 0)
        positions = at + torch.arange(rows, device=ids.device)
        cache.positions = positions
        slots = torch.arange(cache.span, device=ids.device)
        hidden = slots > positions.repeat(self._sharing).unsqueeze(-1)
        # Added to the products: a mask of booleans would be turned into this anew in every layer.
        mask = torch.zeros(hidden.shape, dtype=self._model.dtype, device=ids.device).masked_fill_(hidden, -torch.inf)
        keeping = {"logits_to_keep": keep} if self._keeps_logits else {}
        with attending(self._model), self._linears.standing_in(rows):
            output = self._model(
                input_ids=ids.unsqueeze(0),
                attention_mask=mask[None, None],
                position_ids=positions.unsqueeze(0),
                past_key_values=cache,
                use_cache=True,
                **keeping,
            )
        logits: Tensor = output.logits[0, -keep:]
        return logits

    def reserve(self, capacity: int) -> bool:
        """As `Runner` says; capacities double, like spans. Weights that were changed since are packed anew."""
        wanted, moved = _doubled(capacity), self._linears.outdated()
        if wanted > self._cache.capacity:
            self._cache.grow(wanted)
            moved = True
        self.moves += moved
        return moved

    def see(self, length: int) -> None:
        """As `Runner` says. Spans double, so few recordings serve all lengths, and at most half of one is unused."""
        self._cache.span = min(_doubled(length), self._cache.capacity)

    @torch.inference_mode()
    def _found_sharing(self) -> int:
        """From the cache, after a forward over one id, whose mask is right for any number: configs may mislead."""
        start = torch.zeros(1, dtype=torch.int64, device=self.device)
        with self._linears.watching():
            self.feed(start, start, 1)
        heads: int = self._model.config.get_text_config().num_attention_heads
        return heads // self._cache.tensors()[0].shape[1]

    def rollback(self, length: int) -> None:
        """As `Runner` says; nothing is written, for the next forward's position says it all."""
        self.position = length

    @property
    def span(self) -> int:
        """Slots that the next forward sees."""
        return self._cache.span

    def tensors(self) -> list[Tensor]:
        """Keys and values, and packed weights."""
        return [*self._linears.tensors(), *self._cache.tensors()]

    def bind(self, tensors: list[Tensor]) -> None:
        """As `Runner` says."""
        packed = len(self._linears.tensors())
        self._linears.bind(tensors[:packed])
        self._cache.bind(tensors[packed:])

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Weights that could be trained cannot be constants of a trace, so here they cannot be."""
        trained = [weight for weight in self._model.parameters() if weight.requires_grad]
        for weight in trained:
            weight.requires_grad = False
        try:
            yield
        finally:
            for weight in trained:
                weight.requires_grad = True


def _doubled(length: int) -> int:
    size = _FIRST_CAPACITY
    while size < length:
        size *= 2
    return size


def runner_for(model: PreTrainedModel, most: int = 1) -> Runner:
    """The fast runner, or the reference one where a trial shows that the model cannot take it.

    The trial feeds, takes back and feeds again, and compares with the reference: whatever a model does with positions,
    masks or caches of its own shows in its logits.

    Args:
        model: in evaluation mode.
        most: how many ids are fed at once again and again; longer texts are read in another way.
    """
    reason = _reason(model)
    if reason is not None:
        return ReferenceRunner(model, reason)
    try:
        return _tried(model, most)
    except DecodeError as error:
        return ReferenceRunner(model, str(error))
    except Exception as error:  # noqa: BLE001 - a model that cannot take the cache may fail in any way
        return ReferenceRunner(model, f"{type(model).__name__} fails in the fast path ({type(error).__name__})")


def _reason(model: PreTrainedModel) -> str | None:
    """Why a model cannot take the fast path, as a clause, where its config tells."""
    if not getattr(model, "_supports_attention_backend", False):
        return f"{type(model).__name__} does not let its attention be replaced"
    config = model.config.get_text_config()
    rope = getattr(config, "rope_parameters", None) or {}
    if rope.get("rope_type") in ("dynamic", "longrope"):
        return f"its rotary embedding ({rope['rope_type']}) depends on the text's length"
    if set(getattr(config, "layer_types", None) or ()) - {"full_attention"}:
        return "not all of its layers attend to the whole text"
    return None


@torch.inference_mode()
def _tried(model: PreTrainedModel, most: int) -> FastRunner:
    """A fast runner that gives what the reference gives.

    Raises:
        DecodeError: if it does not; other errors as the model may raise them.
    """
    rows = embedding_rows(model)
    ids = torch.arange(1, _PAST + _GARBAGE + _NEXT + 1, device=model.device) * 6037 % rows
    past, garbage, following = ids[:_PAST], ids[_PAST:-_NEXT], ids[-_NEXT:]
    starts = torch.arange(_PAST + _NEXT, device=model.device)
    reference = ReferenceRunner(model, capacity=16)
    expected = [reference.feed(past, starts[:1], _PAST), reference.feed(following, starts[_PAST : _PAST + 1], _NEXT)]
    fast = FastRunner(model, most)
    fast.see(16)
    found = [fast.feed(past, starts[:1], _PAST)]
    fast.feed(garbage, starts[_PAST : _PAST + 1], 1)
    found.append(fast.feed(following[:-1], starts[_PAST : _PAST + 1], _NEXT - 1))
    found.append(fast.feed(following[-1:], starts[_PAST + _NEXT - 1 :][:1], 1))
    apart = distance(torch.cat(found).float(), torch.cat(expected).float())
    if apart > tolerance(model.dtype):
        raise DecodeError("its logits come out otherwise in the fast path")
    return fast
