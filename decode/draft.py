"""Drafters: ids proposed ahead of the target, with the distributions they were drawn from."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from .errors import DecodeError
from .fast_runner import runner_for
from .runner import CHUNK, Runner, embedding_rows, logits_width, streamed_bytes
from .sample import draw
from .transforms import distribution, scores

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from .options import Sampling
    from .pairing import Pairing
    from .state import State


class Drafter(Protocol):
    """What the engine asks of a drafter."""

    @property
    def reads(self) -> int:
        """How often a model ran, in all, to read text that it had not drafted."""

    @property
    def blind(self) -> bool:
        """Whether it can draft without knowing what came of its last draft."""

    @property
    def streamed(self) -> int:
        """Bytes of weights that a draft of one id reads."""

    @property
    def device(self) -> torch.device:
        """Where it proposes."""

    def reserve(self, capacity: int) -> bool:
        """Makes room for a text of `capacity` ids; whether tensors moved."""

    def room(self, length: int) -> int:
        """How many ids may be proposed after a text of `length` ids."""

    def matched(self, state: State) -> Tensor:
        """(1,) int64 on the device, for the host to read with the round: whatever `ready` wants to know of the text."""

    def ready(self, state: State, length: int, count: int, matched: int, *, blind: bool) -> Hashable:
        """Reads what it has not read of a text of `length` ids, up to what `propose` reads by itself.

        Args:
            state: the sequence.
            length: of the text; at the most, where the draft is blind.
            count: how many ids `propose` is to draft, 1 to `room`.
            matched: what `matched` gave for this text.
            blind: whether a round is not read yet that it drafted for.

        Returns:
            Which work `propose` will do: the name of what is recorded. None where it has nothing to propose.
        """

    def stepwise(self, work: Hashable) -> bool:
        """Whether `propose` may be asked for one id after another, to the same end."""

    def propose(self, state: State, count: int, sampling: Sampling, work: Hashable, *, start: bool, sure: bool) -> None:
        """Writes ids to `state.drafted`, and what they were drawn from to `state.q`, unless greedy.

        Args:
            state: the sequence.
            count: how many.
            sampling: the same transforms as the target's.
            work: what `ready` gave.
            start: whether they begin a draft; else they go on with one.
            sure: whether to write to `state.sure` how probable each id was.
        """

    def forwards(self, count: int, work: Hashable) -> int:
        """How often a model runs in such a draft."""

    def drafted(self, length: int, count: int) -> None:
        """Hears that it drafted `count` ids for a text of `length`."""

    def rollback(self, length: int) -> None:
        """Says that the text has `length` ids: whatever was read behind them is taken back."""

    def models(self) -> Sequence[Runner]:
        """What its work feeds."""


class ModelDrafter:
    """A language model that drafts.

    Its logits are cut or padded to the target's width and masked to the ids that it may propose before any filter, so
    that q is a distribution over those ids alone. An id that it cannot embed is fed to it as the stand-in. Both cost
    acceptance at most: the target's distribution is never touched.

    Attributes:
        blind: True.
        streamed: bytes of weights that a forward reads.
        reads: how often the model ran to read prompts and what was decoded without it.
    """

    blind = True

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
        self._runner: Runner = runner_for(model, most=2)
        self._pairing = pairing
        self._width = pairing.shared_rows
        self._barred = self._barred_ids(pairing)
        self._held = 0  # ids of the text that the model has read
        self.streamed = streamed_bytes(model)
        self.reads = 0

    @property
    def device(self) -> torch.device:
        """Where the model lies."""
        return self._runner.device

    def reserve(self, capacity: int) -> bool:
        """In the model's cache."""
        return self._runner.reserve(capacity)

    def room(self, length: int) -> int:
        """How many ids may be proposed before a position past the drafter's context would be fed.

        The last proposed id is never fed, so a text that just fills the context leaves room for one.
        """
        context = self._pairing.drafter_context
        return sys.maxsize if context is None else max(0, context - length + 1)

    def matched(self, state: State) -> Tensor:
        """Nothing: it drafts whatever the text is."""
        return torch.zeros_like(state.length)

    def ready(
        self,
        state: State,
        length: int,
        count: int,
        matched: int,  # noqa: ARG002 - not looked at
        *,
        blind: bool,
    ) -> Hashable:
        """Feeds all ids but the last two, if that many are new; `propose` feeds those, one or two of them."""
        self._runner.see(length + count)
        if blind:  # after a draft no more than two are new, and one that was fed may be fed again
            return (2,)
        behind = length - self._held
        if behind > 2:
            for start in range(self._held, length - 1, CHUNK):
                ids = state.ids[start : min(start + CHUNK, length - 1)]
                self._runner.feed(self._embeddable(ids), torch.full_like(state.length, start), keep=1)
            self.reads += 1
            behind = 1
        # On a GPU two ids take the time of one, and one recording serves both cases; a slow runner only goes on.
        return (2,) if self.device.type == "cuda" and self._runner.slow is None else (behind,)

    def stepwise(self, work: Hashable) -> bool:  # noqa: ARG002 - whatever it is
        """It may."""
        return True

    def propose(self, state: State, count: int, sampling: Sampling, work: Hashable, *, start: bool, sure: bool) -> None:
        """Drafts one id after another; the first forward feeds the last one or two of the text, as `work` says.

        Which id it is stands on the device, so that the same work drafts all but the first.
        """
        step, penalised = state.step, sampling.repetition_penalty != 1
        if start:
            step.zero_()
        if start and penalised:
            state.drafting.copy_(state.seen)
        for _ in range(count):
            if start:
                assert isinstance(work, tuple)  # noqa: S101 - what `ready` gave
                feed, at, start = state.last(work[0]), state.length - work[0], False
            else:
                feed, at = state.drafted.index_select(0, step - 1), state.length + step - 1
            logits = self._masked(self._runner.feed(self._embeddable(feed), at, keep=1))
            chosen = self._chosen(state, logits, sampling)
            state.drafted.index_copy_(0, step, chosen)
            if penalised:
                state.drafting.scatter_(0, chosen, 1)
            if sure:
                state.sure.index_copy_(0, step, logits.float().softmax(-1).gather(-1, chosen.unsqueeze(-1)).view(1))
            step.add_(1)

    def _chosen(self, state: State, logits: Tensor, sampling: Sampling) -> Tensor:
        """(1,) int64, one id of (1, shared width) logits."""
        seen = None if sampling.repetition_penalty == 1 else state.drafting[: self._width]
        if sampling.greedy:
            return scores(logits, sampling, seen).argmax(-1)
        row = distribution(logits, sampling, seen)
        state.q[:, : self._width].index_copy_(0, state.step, row)
        state.q[:, self._width :].index_fill_(0, state.step, 0)
        return draw(row, state.uniforms.index_select(0, 2 * state.step))

    def forwards(self, count: int, work: Hashable) -> int:  # noqa: ARG002 - one for each id
        """One for every id."""
        return count

    def drafted(self, length: int, count: int) -> None:
        """As `Drafter` says. The last drafted id is not fed."""
        self._held = length + count - 1 if count else self._held

    def rollback(self, length: int) -> None:
        """As `Drafter` says. The text's last id is not read before the next draft."""
        self._held = min(self._held, max(0, length - 1))
        self._runner.rollback(self._held)

    def models(self) -> Sequence[Runner]:
        """The one."""
        return (self._runner,)

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
