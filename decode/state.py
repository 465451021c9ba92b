"""What a sequence is on the device: its ids, how many they are, and the draft that is being judged.

The host enqueues work on these tensors and reads one of them, once a round. Their addresses stay, so that captured work
finds them again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from .sizes import size

_HEAD = 4  # numbers before the drafted ids in `outcome`
_TENSORS = ("ids", "length", "drafted", "step", "q", "sure", "seen", "drafting", "uniforms", "outcome")
_MADE = ("outcome", "length", "drafted", "step", "seen", "drafting", "q")


class State:
    """Buffers for one sequence after another.

    Attributes:
        owner: the run whose sequence this is.
        ids: (capacity,) int64, prompt and committed ids; garbage from `length` on.
        length: (1,) int64, how many ids are committed.
        drafted: (most,) int64, the ids of the draft.
        step: (1,) int64, how many there are, where they come one after another.
        q: (most, V) float32, the distributions that they were drawn from, at the target's width.
        seen: (V,) bool, ids that the text holds; kept up while the repetition penalty is in use.
        drafting: (V,) bool, `seen` and the ids drafted so far; kept up by drafters that need it.
        sure: (most,) float32, how probable each drafted id was to the drafter; kept up where a draft may end early.
        uniforms: (2 * most + 2,) float64 in [0, 1): for each place of a draft one to draw its id and one to judge it,
            and at last one for the target's own id.
        outcome: (4 + most,) int64, what the host reads: accepted, own, sound, matched, drafted ids.
    """

    def __init__(self, rows: int, capacity: int, most: int, device: torch.device) -> None:
        """Buffers for texts of up to `capacity` ids of `rows` kinds and drafts of up to `most`."""
        self.rows, self.capacity, self.most = rows, capacity, most
        self.owner: object = None
        self.ids = torch.zeros(capacity, dtype=torch.int64, device=device)
        self.length = torch.zeros(1, dtype=torch.int64, device=device)
        self.drafted = torch.zeros(most, dtype=torch.int64, device=device)
        self.step = torch.zeros(1, dtype=torch.int64, device=device)
        self.q = torch.zeros(most, rows, device=device)
        self.sure = torch.zeros(most, device=device)
        self.seen = torch.zeros(rows, dtype=torch.bool, device=device)
        self.drafting = torch.zeros_like(self.seen)
        self.uniforms = torch.zeros(2 * most + 2, dtype=torch.float64, device=device)
        self.outcome = torch.zeros(_HEAD + most, dtype=torch.int64, device=device)
        # A device writes by itself only to memory of the host that stays where it is.
        pinned = device.type == "cuda"
        self._landings = deque(torch.zeros(_HEAD + most, dtype=torch.int64, pin_memory=pinned) for _ in range(2))

    def begin(self, prompt: Sequence[int]) -> None:
        """Holds a prompt and nothing else."""
        given = torch.tensor(prompt, dtype=torch.int64, device=self.ids.device)
        self.ids[: len(prompt)] = given
        self.length.fill_(len(prompt))
        self.seen.zero_()
        self.seen.scatter_(0, given, 1)

    def last(self, count: int) -> Tensor:
        """The last `count` committed ids, (count,)."""
        return self.ids.index_select(0, self.length - count + torch.arange(count, device=self.ids.device))

    def commit(self, drafted: Tensor, accepted: Tensor, own: Tensor, *, seen: bool) -> None:
        """Adds the accepted ids and the target's own.

        Args:
            drafted: (n,) int64.
            accepted: (1,) int64, how many of them.
            own: (1,) int64.
            seen: whether `seen` is in use.
        """
        places = torch.arange(size(drafted, 0), device=drafted.device)
        self.ids.index_copy_(0, self.length + places, drafted)
        self.ids.index_copy_(0, self.length + accepted, own)
        if seen:
            self.seen.scatter_(0, torch.cat((torch.where(places < accepted, drafted, own), own)), 1)
        self.length.add_(accepted + 1)

    def landed(self, count: int) -> Tensor:
        """The first `count` numbers of the outcome on their way to the host, where the last but one stay as well."""
        self._landings.rotate()
        return self._landings[0][:count].copy_(self.outcome[:count], non_blocking=True)

    def tensors(self) -> list[Tensor]:
        """All on the device, in a fixed order."""
        return [getattr(self, name) for name in _TENSORS]

    def bind(self, tensors: list[Tensor]) -> None:
        """Puts other tensors in place of those that `tensors` gave: a capture's own names for them."""
        for name, tensor in zip(_TENSORS, tensors, strict=True):
            setattr(self, name, tensor)

    def recording(self) -> AbstractContextManager[None]:
        """Nothing is otherwise."""
        return nullcontext()

    def saved(self) -> list[Tensor]:
        """What work writes, but for ids behind the text's end."""
        return [getattr(self, name).clone() for name in _MADE]

    def restore(self, saved: list[Tensor]) -> None:
        """Takes back what ran since `saved`."""
        for name, tensor in zip(_MADE, saved, strict=True):
            getattr(self, name).copy_(tensor)

    def same(self, saved: list[Tensor]) -> bool:
        """Whether work has written the same as what was saved, but for rounding in `q`."""
        *exact, q = saved
        found = (getattr(self, name) for name in _MADE[:-1])
        return all(map(torch.equal, found, exact)) and torch.allclose(self.q, q, atol=1e-3)
