"""A model and its cache: what feeds ids and gives logits, and can take ids back."""

from __future__ import annotations

import inspect
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from .cache import RollbackCache
from .errors import DecodeError

if TYPE_CHECKING:
    from transformers import PreTrainedModel


CHUNK = 512  # ids of a text fed at once: bounds the mask and the scratch of a forward


class Runner(Protocol):
    """One sequence in one model.

    Attributes:
        position: how many ids are held for good: those fed up to the last `rollback`.
        slow: why forwards cannot be captured, as a clause; None where they can.
        span: how many ids the next forward sees, in what is captured of it.
        moves: how often its tensors were replaced, for whichever decoder: what was captured before is of no use.
    """

    position: int
    slow: str | None
    moves: int

    @property
    def span(self) -> int:
        """How many ids the next forward sees."""

    @property
    def device(self) -> torch.device:
        """Where ids are fed."""

    def feed(self, ids: Tensor, at: Tensor, keep: int) -> Tensor:
        """Runs ids at their positions, and holds them.

        Args:
            ids: (n,) int64, n at least 1.
            at: (1,) int64, the position of the first.
            keep: for how many of the last positions logits are wanted, 1 to n.

        Returns:
            (keep, V) logits in the model's dtype.
        """

    def reserve(self, capacity: int) -> bool:
        """Makes room for `capacity` ids; whether tensors moved."""

    def see(self, length: int) -> None:
        """Has the next forwards see the first `length` ids, or more."""

    def rollback(self, length: int) -> None:
        """Says that ids 0 to `length` - 1 are held: what was fed behind them is taken back."""

    def tensors(self) -> list[Tensor]:
        """What forwards write to."""

    def bind(self, tensors: list[Tensor]) -> None:
        """Puts other tensors in place of those that `tensors` gave."""

    def recording(self) -> AbstractContextManager[None]:
        """Around a recording of forwards."""


class ReferenceRunner:
    """Runs any model whose state can be rolled back, by transformers' own attention.

    The host must know every position, so nothing of it can be captured.
    """

    def __init__(self, model: PreTrainedModel, slow: str = "", capacity: int = 256) -> None:
        self._model = model
        self._cache = RollbackCache(capacity)
        self._keeps_logits = keeps_logits(model)
        self.slow: str | None = slow
        self.moves = 0

    @property
    def device(self) -> torch.device:
        """Where ids are fed."""
        return self._model.device

    @property
    def span(self) -> int:
        """All that are held."""
        return self._cache.position

    @property
    def position(self) -> int:
        """How many ids the cache holds."""
        return self._cache.position

    @position.setter
    def position(self, length: int) -> None:
        self._cache.position = length

    @property
    def writes_cache(self) -> bool:
        """Whether the model ever wrote to the cache that it was given."""
        return self._cache.written

    def feed(self, ids: Tensor, at: Tensor, keep: int) -> Tensor:  # noqa: ARG002 - the cache knows the position
        """As `Runner` says; the ids follow those that are held, whatever `at` is."""
        keeping = {"logits_to_keep": keep} if self._keeps_logits else {}
        output = self._model(input_ids=ids.unsqueeze(0), past_key_values=self._cache, use_cache=True, **keeping)
        self._cache.position += ids.shape[0]
        logits: Tensor = output.logits[0, -keep:]
        return logits

    def reserve(self, capacity: int) -> bool:  # noqa: ARG002 - buffers grow as they are written
        """Nothing moves that was recorded."""
        return False

    def see(self, length: int) -> None:
        """Nothing: forwards see what is valid."""

    def rollback(self, length: int) -> None:
        """As `Runner` says."""
        self._cache.rollback(length)

    def tensors(self) -> list[Tensor]:
        """None: nothing is captured."""
        return []

    def bind(self, tensors: list[Tensor]) -> None:
        """Nothing."""

    def recording(self) -> AbstractContextManager[None]:
        """Nothing is recorded."""
        return nullcontext()


def keeps_logits(model: PreTrainedModel) -> bool:
    """Whether the model can be told for which positions logits are wanted."""
    return "logits_to_keep" in inspect.signature(model.forward).parameters


def logits_width(model: PreTrainedModel) -> int:
    """Rows of the output head: the width of the model's logits.

    Raises:
        DecodeError: if the model has no output head, so gives no next-token logits.
    """
    head = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    weight = getattr(head, "weight", None)
    if not torch.is_tensor(weight):
        raise DecodeError(f"{type(model).__name__} has no output head over a vocabulary: give a causal language model.")
    return int(weight.shape[0])


def embedding_rows(model: PreTrainedModel) -> int:
    """Rows of the input embedding: ids from this number on cannot be fed.

    Raises:
        DecodeError: if the model has no input embedding.
    """
    weight = getattr(model.get_input_embeddings(), "weight", None)
    if not torch.is_tensor(weight):
        raise DecodeError(f"{type(model).__name__} has no table of token embeddings: give a causal language model.")
    return int(weight.shape[0])


def streamed_bytes(model: PreTrainedModel) -> int:
    """What a forward of few ids reads of the weights: all, but for an embedding of its own, which is looked up."""
    looked_up = getattr(model.get_input_embeddings(), "weight", None)
    head = getattr(model.get_output_embeddings(), "weight", None)  # type: ignore[no-untyped-call]
    kept = (weight for weight in model.parameters() if looked_up is head or weight is not looked_up)
    return sum(map(_bytes, kept))


def _bytes(weight: Tensor) -> int:
    """Of a weight, or of the parts that a quantised one is stored as."""
    flatten = getattr(weight, "__tensor_flatten__", None)
    if flatten is None:
        return weight.numel() * weight.element_size()
    return sum(_bytes(getattr(weight, name)) for name in flatten()[0])
