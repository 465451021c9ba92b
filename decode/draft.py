"""The drafter's side: ids proposed ahead of the target, with the distributions they were drawn from."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from .errors import DecodeError
from .runner import Runner, embedding_rows, logits_width
from .sample import distribution, draw

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from .options import Sampling
    from .pairing import Pairing
    from .tokens import Tokens


@dataclass(frozen=True, slots=True)
class Draft:
    """What is proposed for one round.

    Attributes:
        ids: (n,) int64, all inside the target's rows.
        q: (n, V) float32 at the target's width, each row the very distribution its id was drawn from; None when the
            ids are not drawn, for greedy verification needs none.
    """

    ids: Tensor
    q: Tensor | None = None


class Drafter(Protocol):
    """What the loop asks of a drafter."""

    @property
    def device(self) -> torch.device:
        """Where it proposes."""

    @property
    def forwards(self) -> int:
        """How often a model ran since the last `reset`."""

    def room(self, length: int) -> int:
        """How many ids may be proposed after a text of `length` ids."""

    def prefill(self, tokens: Tokens) -> None:
        """Reads what is committed, so that the first draft need not."""

    def propose(self, tokens: Tokens, count: int, sampling: Sampling, generator: torch.Generator | None) -> Draft:
        """Proposes up to `count` ids, itself at least 1, to follow the committed ones."""

    def rollback(self, length: int) -> None:
        """Takes back what was read from position `length` on."""

    def reset(self) -> None:
        """Forgets the sequence."""


class ModelDrafter:
    """A language model that drafts.

    Its logits are cut or padded to the target's width and masked to the ids that it may propose before any filter, so
    that q is a distribution over those ids alone. An id that it cannot embed is fed to it as the stand-in. Both cost
    acceptance at most: the target's distribution is never touched.
    """

    def __init__(self, model: PreTrainedModel, pairing: Pairing) -> None:
        """Takes a model that `probe` has passed.

        Raises:
            DecodeError: if the model's rows are not those of the pairing, or it may propose nothing.
        """
        if (found := (logits_width(model), embedding_rows(model))) != (pairing.drafter_rows, pairing.drafter_rows):
            raise DecodeError(
                f"The drafter has {found[0]} output and {found[1]} embedding rows where {pairing.drafter_rows} were"
                " certified: check the pair again."
            )
        if not pairing.proposable:
            raise DecodeError("The drafter shares no id with the target that it may propose: decode without it.")
        self._runner = Runner(model)
        self._pairing = pairing
        self._width = pairing.shared_rows
        self._barred = self._barred_ids(pairing)

    @property
    def forwards(self) -> int:
        """How often the model ran since the last `reset`."""
        return self._runner.forwards

    @property
    def device(self) -> torch.device:
        """Where the model lies."""
        return self._runner.device

    def room(self, length: int) -> int:
        """How many ids may be proposed before a position past the drafter's context would be fed.

        The last proposed id is never fed, so a text that just fills the context leaves room for one.
        """
        context = self._pairing.drafter_context
        return sys.maxsize if context is None else max(0, context - length + 1)

    def prefill(self, tokens: Tokens) -> None:
        """Reads all committed ids but the last, which the first draft feeds."""
        pending = tokens.since(self._runner.position)[:-1]
        if pending.shape[0]:
            self._runner.feed(self._embeddable(pending), keep=1)

    def propose(self, tokens: Tokens, count: int, sampling: Sampling, generator: torch.Generator | None) -> Draft:
        """Drafts one id after another; the first step also feeds whatever was committed since the last draft.

        Args:
            tokens: the committed ids; at least one is not fed yet.
            count: how many to draft, 1 to `room`.
            sampling: the same transforms as the target's.
            generator: source of the draws.
        """
        ids = torch.empty(count, dtype=torch.int64, device=self.device)
        q = None if sampling.greedy else torch.zeros(count, self._pairing.target_rows, device=self.device)
        feed = self._embeddable(tokens.since(self._runner.position))
        for step in range(count):
            logits = self._masked(self._runner.feed(feed, keep=1))
            feed = ids[step : step + 1]
            if q is None:
                feed.copy_(logits.argmax(-1))
            else:
                row = q[step : step + 1, : self._width]
                row.copy_(distribution(logits, sampling))
                feed.copy_(draw(row, generator))
        return Draft(ids, q)

    def rollback(self, length: int) -> None:
        """Takes back every id from position `length` on."""
        self._runner.rollback(length)

    def reset(self) -> None:
        """Forgets the sequence."""
        self._runner.reset()

    def _embeddable(self, ids: Tensor) -> Tensor:
        if self._pairing.target_rows <= self._pairing.drafter_rows:
            return ids
        return ids.masked_fill(ids >= self._pairing.drafter_rows, self._pairing.stand_in)

    def _masked(self, logits: Tensor) -> Tensor:
        """(1, drafter's width) logits to (1, shared width), -inf where nothing may be proposed."""
        shared = logits[:, : self._width]
        return shared if self._barred is None else shared.masked_fill(self._barred, -torch.inf)

    def _barred_ids(self, pairing: Pairing) -> Tensor | None:
        """(shared width,) bool of ids that may not be proposed; None when all may."""
        if pairing.proposable == ((0, self._width),):
            return None
        barred = torch.ones(self._width, dtype=torch.bool)
        for start, end in pairing.proposable:
            barred[start:end] = False
        return barred.to(self.device)
