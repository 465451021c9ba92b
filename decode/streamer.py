"""Streamers as transformers has them: told of the prompt's ids, then of what every round commits, then of the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from .results import Round


class Streamer(Protocol):
    """What `TextStreamer`, `TextIteratorStreamer` and their like have."""

    def put(self, value: Tensor) -> object:
        """Takes int64 ids on the CPU: the prompt's as (1, n), and those of each round as (n,)."""

    def end(self) -> object:
        """Learns that no more will come."""


class Feed:
    """Passes a run on to whom it may concern."""

    def __init__(self, streamer: Streamer | None, on_round: Callable[[Round], object] | None) -> None:
        self._streamer, self._on_round = streamer, on_round

    def prompt(self, ids: Sequence[int]) -> None:
        """Passes the prompt on, as `generate` of transformers does."""
        if self._streamer is not None:
            self._streamer.put(torch.tensor([list(ids)], dtype=torch.int64))

    def round(self, done: Round) -> None:
        """Passes on what a round committed."""
        if self._streamer is not None and done.committed:
            self._streamer.put(torch.tensor(done.committed, dtype=torch.int64))
        if self._on_round is not None:
            self._on_round(done)


@contextmanager
def feeding(streamer: Streamer | None, on_round: Callable[[Round], object] | None) -> Iterator[Feed]:
    """A feed that ends once, also when decoding fails: who reads the streamer from another thread must not wait on."""
    try:
        yield Feed(streamer, on_round)
    finally:
        if streamer is not None:
            streamer.end()
