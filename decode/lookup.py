"""Drafting by looking up: what followed the last time the text held its last few ids.

Prompt lookup (Saxena, 2023): texts repeat themselves, above all where they quote or edit their prompt. It costs no
model and proposes a point, so q is one-hot, and the rejection test is as exact as with any other q. It has no
vocabulary of its own, so there is nothing to certify.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .sizes import size

if TYPE_CHECKING:
    from .draft import Drafter
    from .options import Sampling
    from .runner import Runner
    from .state import State

_LONGEST, _SHORTEST = 3, 2  # ids that must be the same
_WORK = "lookup"


class LookupDrafter:
    """Proposes what followed the latest earlier place of the text's last three ids, or else its last two.

    A continuation that reaches the end of the text goes on from its own beginning, as in a loop.
    """

    blind = False
    streamed = 0
    reads = 0

    def __init__(self, device: torch.device) -> None:
        self._device = device

    @property
    def device(self) -> torch.device:
        """Where it proposes."""
        return self._device

    def reserve(self, capacity: int) -> bool:  # noqa: ARG002 - it has no buffers
        """Nothing moves."""
        return False

    def room(self, length: int) -> int:  # noqa: ARG002 - the same for every length
        """Any number."""
        return sys.maxsize

    def matched(self, state: State) -> Tensor:
        """(1,) int64: where the continuation begins; 0 where there is none."""
        ids, length = state.ids, state.length
        places = torch.arange(size(ids, 0), device=ids.device)
        same = places < length - 1
        score = torch.zeros_like(places)
        for back in range(_LONGEST):
            # Whether the id that stands `back` before each place is the one that stands `back` before the last.
            shifted = ids.roll(back)
            same = same & (shifted == ids.index_select(0, (length - 1 - back).clamp_(min=0))) & (places >= back)
            if back + 1 >= _SHORTEST:
                score = score + same
        best = (score * size(ids, 0) + places).argmax().view(1)
        return torch.where(score.index_select(0, best) > 0, best + 1, torch.zeros_like(best))

    def ready(self, state: State, length: int, count: int, matched: int, *, blind: bool) -> Hashable:  # noqa: ARG002
        """Nothing is read; there is work where there is a continuation."""
        return _WORK if matched else None

    def stepwise(self, work: Hashable) -> bool:  # noqa: ARG002 - whatever it is
        """It may not: it looks once."""
        return False

    def propose(
        self,
        state: State,
        count: int,
        sampling: Sampling,
        work: Hashable,  # noqa: ARG002 - there is one
        *,
        start: bool,  # noqa: ARG002 - it always is
        sure: bool,
    ) -> None:
        """As `Drafter` says; every row of q is one-hot."""
        place = self.matched(state)
        around = torch.arange(count, device=place.device) % (state.length - place)
        drafted = state.ids.index_select(0, place + around)
        state.drafted[:count] = drafted
        if not sampling.greedy:
            state.q[:count].zero_().scatter_(1, drafted.unsqueeze(1), 1.0)
        if sure:
            state.sure[:count] = 1

    def forwards(self, count: int, work: Hashable) -> int:  # noqa: ARG002 - whatever they are
        """None."""
        return 0

    def drafted(self, length: int, count: int) -> None:
        """Nothing is held."""

    def rollback(self, length: int) -> None:
        """Nothing: the text is the state's."""

    def models(self) -> Sequence[Runner]:
        """None."""
        return ()


class HybridDrafter:
    """Looks up where the text has a continuation, and asks another drafter where it has none."""

    blind = False

    def __init__(self, lookup: LookupDrafter, other: Drafter) -> None:
        self._lookup, self._other = lookup, other
        self._turn: Drafter = other

    @property
    def device(self) -> torch.device:
        """Where both propose."""
        return self._other.device

    @property
    def streamed(self) -> int:
        """The other's."""
        return self._other.streamed

    @property
    def reads(self) -> int:
        """The other's."""
        return self._other.reads

    def reserve(self, capacity: int) -> bool:
        """In the other."""
        return self._other.reserve(capacity)

    def room(self, length: int) -> int:
        """The other's: the host asks before it knows which of the two will draft."""
        return self._other.room(length)

    def matched(self, state: State) -> Tensor:
        """As `LookupDrafter.matched`."""
        return self._lookup.matched(state)

    def ready(self, state: State, length: int, count: int, matched: int, *, blind: bool) -> Hashable:
        """As `Drafter` says."""
        self._turn = self._of(matched)
        return self._turn.ready(state, length, count, matched, blind=blind)

    def stepwise(self, work: Hashable) -> bool:
        """As the one that drafts says."""
        return self._of(work == _WORK).stepwise(work)

    def propose(self, state: State, count: int, sampling: Sampling, work: Hashable, *, start: bool, sure: bool) -> None:
        """As `Drafter` says."""
        self._of(work == _WORK).propose(state, count, sampling, work, start=start, sure=sure)

    def forwards(self, count: int, work: Hashable) -> int:
        """Of the one that drafts."""
        return self._of(work == _WORK).forwards(count, work)

    def drafted(self, length: int, count: int) -> None:
        """The one that drafted hears it."""
        self._turn.drafted(length, count)

    def rollback(self, length: int) -> None:
        """Of both."""
        self._other.rollback(length)

    def models(self) -> Sequence[Runner]:
        """The other's."""
        return self._other.models()

    def _of(self, looked_up: bool | int) -> Drafter:
        return self._lookup if looked_up else self._other
