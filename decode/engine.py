"""One round on the device: draft, verify in one forward, roll back.

This is the reference: it runs every model that `probe` passes, by transformers' own attention.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch

from .clock import clock_for
from .draft import Draft
from .errors import DecodeError
from .sample import verify_greedy, verify_sampled
from .tokens import Tokens

if TYPE_CHECKING:
    from torch import Tensor

    from .draft import Drafter
    from .options import Sampling
    from .runner import Runner


class Outcome(NamedTuple):
    """What one forward of the target settled, on the host.

    Attributes:
        drafted: the ids that were judged.
        accepted: how many of them, from the first, stand.
        own: the target's own id that follows them.
    """

    drafted: list[int]
    accepted: int
    own: int


class ReferenceEngine:
    """The state of one sequence: its ids, both caches, the source of randomness, the clock."""

    def __init__(
        self, target: Runner, drafter: Drafter | None, prompt: Sequence[int], sampling: Sampling, seed: int
    ) -> None:
        target.reset()
        if drafter is not None:
            drafter.reset()
        self._target, self._drafter = target, drafter
        self._epoch = target.epoch
        self._tokens = Tokens(prompt, target.device)
        self._sampling = sampling
        self._generator = torch.Generator(target.device)
        self._generator.manual_seed(seed)
        self._prefilled = False
        self.clock = clock_for(target.device)

    @property
    def length(self) -> int:
        """Ids of the prompt and committed ones."""
        return self._tokens.length

    @property
    def forwards(self) -> tuple[int, int]:
        """How often target and drafter ran."""
        return self._target.forwards, 0 if self._drafter is None else self._drafter.forwards

    def room(self) -> int:
        """How many ids the drafter could propose now."""
        return 0 if self._drafter is None else self._drafter.room(self.length)

    def prefill(self) -> Outcome:
        """Reads the prompt in one forward and commits the first id."""
        return self._settle(self._no_draft(), "prefill")

    def round(self, count: int) -> Outcome:
        """Drafts `count` ids, 0 to `room`, and commits the accepted ones and the target's own.

        Raises:
            DecodeError: if logits are NaN or infinite, or another sequence took over the models.
        """
        return self._settle(self._draft(count) if count > 0 else self._no_draft(), "verify")

    @torch.inference_mode()
    def _draft(self, count: int) -> Draft:
        drafter = self._drafter
        if drafter is None:
            raise DecodeError("There is no drafter to draft with: ask for 0 ids.")
        self._check_alive()
        if not self._prefilled:
            drafter.prefill(self._tokens)
            self._prefilled = True
            self.clock.lap("prefill")
        draft = drafter.propose(self._tokens, count, self._sampling, self._generator)
        self.clock.lap("draft")
        return draft

    def _no_draft(self) -> Draft:
        nothing = self._tokens.since(self.length)
        return Draft(nothing, None)

    @torch.inference_mode()
    def _settle(self, draft: Draft, phase: str) -> Outcome:
        self._check_alive()
        target, tokens = self._target, self._tokens
        pending = torch.cat((tokens.since(target.position), draft.ids))
        logits = target.feed(pending, keep=draft.ids.shape[0] + 1)
        if self._sampling.greedy:
            verdict = verify_greedy(logits, draft.ids)
        else:
            verdict = verify_sampled(logits, draft.ids, draft.q, self._sampling, self._generator)
        accepted, own, sound, *drafted = read(torch.cat((verdict.accepted, verdict.own, verdict.sound, draft.ids)))
        self.clock.lap(phase)
        if not sound:
            raise DecodeError(_unsound(logits))
        tokens.append(torch.cat((draft.ids[:accepted], verdict.own)))
        # The last committed id was never fed, in either model.
        target.rollback(tokens.length - 1)
        if self._drafter is not None:
            self._drafter.rollback(tokens.length - 1)
        return Outcome(drafted, accepted, own)

    def _check_alive(self) -> None:
        if self._target.epoch != self._epoch:
            raise DecodeError("Another run has taken over these models: finish one before the next begins.")


def read(tensor: Tensor) -> list[int]:
    """The one place where values come from the device to the host, once a round."""
    values: list[int] = tensor.tolist()
    return values


def _unsound(logits: Tensor) -> str:
    """Whose numbers are none; only asked when the run is lost."""
    fine = torch.isfinite(logits).any(-1).all() & ~torch.isnan(logits).any() & ~torch.isposinf(logits).any()
    culprit = "drafter" if fine.item() else "target"
    return f"The {culprit}'s logits are NaN or infinite: load it in bfloat16 or float32."
