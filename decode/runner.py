"""A model and its cache: what feeds ids and gives logits, and can take ids back."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .cache import RollbackCache
from .errors import DecodeError

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Runner:
    """Runs one sequence through one model.

    Attributes:
        forwards: how often the model ran since the last `reset`.
        epoch: how often `reset` was called: tells whose sequence this is.
    """

    def __init__(self, model: PreTrainedModel, capacity: int = 256) -> None:
        self._model = model
        self._cache = RollbackCache(capacity)
        self._keeps_logits = "logits_to_keep" in inspect.signature(model.forward).parameters
        self.forwards = 0
        self.epoch = 0

    @property
    def device(self) -> torch.device:
        """Where ids are fed."""
        return self._model.device

    @property
    def position(self) -> int:
        """How many ids the cache holds."""
        return self._cache.position

    @property
    def writes_cache(self) -> bool:
        """Whether the model ever wrote to the cache that it was given."""
        return self._cache.written

    def feed(self, ids: Tensor, keep: int) -> Tensor:
        """Runs the ids that follow the held ones, and holds them.

        Args:
            ids: (n,) int64, n at least 1.
            keep: for how many of the last positions logits are wanted, 1 to n.

        Returns:
            (keep, V) logits in the model's dtype.
        """
        keeping = {"logits_to_keep": keep} if self._keeps_logits else {}
        output = self._model(input_ids=ids.unsqueeze(0), past_key_values=self._cache, use_cache=True, **keeping)
        self._cache.position += ids.shape[0]
        self.forwards += 1
        logits: Tensor = output.logits[0, -keep:]
        return logits

    def rollback(self, length: int) -> None:
        """Takes back every id from position `length` on."""
        self._cache.rollback(length)

    def reset(self) -> None:
        """Forgets the sequence; the buffers stay for the next."""
        self._cache.rollback(0)
        self.forwards = 0
        self.epoch += 1


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
