"""Speculative decoding, round by round.

After Leviathan et al. (2023): the drafter proposes up to gamma ids, the target judges them all in one forward, and what
is committed follows the target's own distribution, or is its own greedy choice, whatever the drafter is. Here a round's
outcome becomes text: where it ends is decided on committed ids alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .errors import DecodeError
from .results import Result, Round
from .stats import Seconds, Statistics, Tally

if TYPE_CHECKING:
    from .engine import Engine, Outcome
    from .options import Options
    from .pairing import Pairing
    from .results import Finish
    from .schedule import Schedule
    from .stream import TextStream


class Run(Iterator[Round]):
    """One text being decoded. Each step of the iteration commits a round; the first is the prefill.

    Attributes:
        ids: committed so far, without the prompt.
        finish: why the text ended; None while it goes on.
        seed: repeats the run.
    """

    def __init__(
        self,
        engine: Engine,
        pairing: Pairing,
        options: Options,
        seed: int,
        text: TextStream | None,
        schedule: Schedule,
    ) -> None:
        self._engine = engine
        self._eos = pairing.eos if options.eos is None else options.eos
        self._schedule = schedule
        self._text = text
        self._prompt_length = engine.length
        self._tally = Tally()
        self._number = 0
        self._budget, self._bound = self._limits(options.max_new_tokens, pairing.target_context)
        self.seed = seed
        self.ids: list[int] = []
        self.finish: Finish | None = self._bound if self._budget == 0 else None

    def __next__(self) -> Round:
        """Commits one more round.

        Raises:
            DecodeError: as `Engine.round` says.
        """
        if self.finish is not None:
            raise StopIteration
        self._engine.clock.start()
        outcome = self._engine.prefill() if self._number == 0 else self._round()
        done = self._commit(outcome)
        self._engine.clock.lap("host")
        self._number += 1
        return done

    def result(self) -> Result:
        """What came of the finished run.

        Raises:
            DecodeError: if the run is not at its end.
        """
        if self.finish is None:
            raise DecodeError("The run is not at its end: iterate over it first.")
        text = None if self._text is None else self._text.text
        return Result(text, tuple(self.ids), self.finish, self.seed, self._statistics())

    def _limits(self, wanted: int, context: int | None) -> tuple[int, Finish]:
        """How many ids may be committed, and what sets the limit: the text never outgrows the target's context."""
        if context is not None and context - self._prompt_length < wanted:
            return context - self._prompt_length, "context"
        return wanted, "length"

    def _round(self) -> Outcome:
        """Drafts what the schedule says; a round commits one more than are accepted, and must not pass the budget."""
        left, engine = self._budget - len(self.ids), self._engine
        count = self._schedule.next(min(left - 1, engine.room()))
        engine.clock.lap("host")
        outcome = engine.round(count, left)
        self._schedule.record(len(outcome.drafted), outcome.accepted, outcome.seconds)
        return outcome

    def _commit(self, outcome: Outcome) -> Round:
        """Adds ids to the text up to its end, and drops what follows it."""
        drafted, accepted, own, _ = outcome
        pieces: list[str] = []
        kept = 0
        for token in [*drafted[:accepted], own]:
            kept += 1
            self.ids.append(token)
            if self._text is not None:
                pieces.append(self._text.push(token))
            self.finish = self._reason(token)
            if self.finish is not None:
                break
        if self.finish is not None and self._text is not None:
            pieces[-1] += self._text.finish()
        whole, standing = kept > accepted, min(kept, accepted)
        if self._number:
            self._tally.add(len(drafted), standing, rejected=whole and accepted < len(drafted))
        return Round(self._number, tuple(drafted), standing, own if whole else None, tuple(pieces), self.finish)

    def _reason(self, token: int) -> Finish | None:
        """Why the text ends with this id, if it does."""
        if token in self._eos:
            return "eos"
        if self._text is not None and self._text.stopped:
            return "stop"
        return self._bound if len(self.ids) == self._budget else None

    def _statistics(self) -> Statistics:
        spent = self._engine.clock.seconds()
        target_forwards, drafter_forwards = self._engine.forwards
        return Statistics(
            prompt_tokens=self._prompt_length,
            new_tokens=len(self.ids),
            prefills=min(self._number, 1),
            rounds=self._tally.rounds,
            drafted=self._tally.drafted,
            judged_by_position=tuple(self._tally.judged),
            accepted_by_position=tuple(self._tally.accepted),
            target_forwards=target_forwards,
            drafter_forwards=drafter_forwards,
            seconds=Seconds(
                prefill=spent.get("prefill", 0.0),
                draft=spent.get("read", 0.0) + spent.get("draft", 0.0),
                verify=spent.get("verify", 0.0),
                total=sum(spent.values()),
            ),
            history=tuple(self._tally.history),
        )
