"""One round on the device: draft, verify in one forward, commit; the host reads once.

What a round does is enqueued without knowing its outcome: lengths, ids and distributions stay on the device, and the
same work serves every round of the same shape, so it is recorded. Models that cannot take that path run the same work
plainly, by transformers' own attention.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from .clock import clock_for
from .costs import Seconds
from .errors import DecodeError
from .runner import CHUNK
from .sample import verify_block, verify_greedy, verify_sampled
from .schedule import GAMMAS
from .transforms import distribution, scores, seen_rows

if TYPE_CHECKING:
    from .capture import Recorder
    from .draft import Drafter
    from .options import Options
    from .runner import Runner
    from .state import State


class Outcome(NamedTuple):
    """What one forward of the target settled, on the host.

    Attributes:
        drafted: the ids that were judged.
        accepted: how many of them, from the first, stand.
        own: the target's own id that follows them.
        seconds: what drafting and verifying took.
    """

    drafted: list[int]
    accepted: int
    own: int
    seconds: Seconds


class Parts(NamedTuple):
    """What a decoder lends to one run at a time.

    Attributes:
        target: the big model.
        drafter: what proposes; None to decode without.
        state: the buffers.
        recorder: runs and records work.
        ahead: whether a round may be launched before the one before it is read.
    """

    target: Runner
    drafter: Drafter | None
    state: State
    recorder: Recorder
    ahead: bool = False


class _Flight(NamedTuple):
    """A round that is enqueued and not read."""

    drafts: int
    values: Tensor
    ready: torch.cuda.Event | None
    steady: bool
    behind: bool = False  # whether the drafter had to read what was decoded without it


class Engine:
    """One sequence: its ids, both caches, the source of randomness, the clock.

    Attributes:
        length: ids of the prompt and committed ones.
        clock: seconds by phase.
    """

    def __init__(self, parts: Parts, prompt: Sequence[int], options: Options, seed: int, held: int = 0) -> None:
        """Begins a sequence of which both models hold the first `held` ids already."""
        self._target, self._drafter, self._state, self._recorder, _ = parts
        self._options, self._sampling = options, options.sampling
        self._ahead = parts.ahead and self._foreseeable(options)
        self._flight: _Flight | None = None
        self._generator = torch.Generator(self._state.ids.device)
        self._generator.manual_seed(seed)
        self._matched = 0
        self._forwards = [0, 0]
        self.length = len(prompt)
        self.clock = clock_for(self._state.ids.device)
        with torch.inference_mode():
            self._state.begin(prompt)
        self._state.owner = self
        self._rollback(min(held, self.length - 1) + 1)
        self._reads = 0 if self._drafter is None else self._drafter.reads

    @property
    def forwards(self) -> tuple[int, int]:
        """How often target and drafter ran; a prompt that is read in parts counts once."""
        reads = 0 if self._drafter is None else self._drafter.reads - self._reads
        return self._forwards[0], self._forwards[1] + reads

    def room(self) -> int:
        """How many ids the drafter could propose now."""
        return 0 if self._drafter is None else self._drafter.room(self.length)

    @torch.inference_mode()
    def prefill(self) -> Outcome:
        """Reads the prompt and commits the first id.

        Raises:
            DecodeError: as `round` says.
        """
        self._check_owner()
        state, target = self._state, self._target
        target.see(self.length)
        for start in range(target.position, self.length, CHUNK):
            ids = state.ids[start : min(start + CHUNK, self.length)]
            logits = target.feed(ids, torch.full_like(state.length, start), keep=1)
        self._randomise()
        self._judge(logits, 0)
        return self._settle(self._launched(0, "prefill", steady=False))

    @torch.inference_mode()
    def round(self, count: int, most: int) -> Outcome:
        """Drafts ids, and commits the accepted ones and the target's own.

        Where rounds are launched ahead, this one may have been already, and `count` is then that of the next.

        Args:
            count: how many to draft, 0 to `room`.
            most: how many ids may still be committed.

        Raises:
            DecodeError: if logits are NaN or infinite, or another sequence took over the models.
        """
        self._check_owner()
        flight = self._flight or self._launch(count)
        self._flight = None
        if self._ahead and flight.steady and self._fits(flight.drafts, count, most):
            self._flight = self._launch(count, behind=flight)
        outcome = self._settle(flight)
        if self._flight is not None and self._drafter is not None:
            self._drafter.drafted(self.length, self._flight.drafts)
        return outcome

    def _check_owner(self) -> None:
        if self._state.owner is not self:
            raise DecodeError("Another run has taken over these models: finish one before the next begins.")

    def _foreseeable(self, options: Options) -> bool:
        """Whether a round can be enqueued without knowing what came of the one before it."""
        models = (self._target, *(() if self._drafter is None else self._drafter.models()))
        blind = self._drafter is None or self._drafter.blind
        plan = len(options.planned) > 1  # says which round drafts how many
        return blind and not plan and not options.confidence and all(model.slow is None for model in models)

    def _fits(self, count: int, following: int, most: int) -> bool:
        """Whether another round can follow unseen: within what may be committed and drafted, its drafter up to date."""
        committed = count + 1
        within = committed + following + 1 <= most and count > 0 and self.room() >= committed + following
        return within if following else committed < most

    def _launch(self, count: int, behind: _Flight | None = None) -> _Flight:
        """Enqueues a round behind all that was read, or behind one that was not."""
        ceiling = self.length + (behind.drafts + 1 if behind else 0)
        recordings, reads = self._recorder.plain, self.forwards[1] - self._forwards[1]
        self._randomise()
        if count:
            count = self._draft(count, ceiling, blind=behind is not None)
        self._target.see(ceiling + count + 1)
        key = ("verify", count, self._sampling, self._options.block)
        self._run(key, lambda: self._verify(count), (self._target,))
        flight = self._launched(count, "verify", steady=self._recorder.plain == recordings)
        return flight._replace(behind=0 < reads < self.forwards[1] - self._forwards[1])

    def _draft(self, count: int, ceiling: int, *, blind: bool) -> int:
        """Has ids drafted for a text of up to `ceiling` ids; how many there are."""
        drafter, state, options = self._drafter, self._state, self._options
        if drafter is None:
            raise DecodeError("There is no drafter to draft with: ask for 0 ids.")
        reads = drafter.reads
        work = drafter.ready(state, ceiling, count, self._matched, blind=blind)
        if drafter.reads != reads:
            self.clock.lap("prefill" if reads == self._reads else "read")  # the first time, it reads the prompt
        if work is None:
            return 0
        for done, part in self._parts(drafter, count, work):
            sure, start = options.confidence > 0, done == 0
            key = ("draft", work if start else None, part, self._sampling, sure)
            run = partial(drafter.propose, state, part, self._sampling, work, start=start, sure=sure)
            self._run(key, run, drafter.models())
            if sure and min(read(state.sure[done : done + part])) < options.confidence:
                count = done + part
                break
        self._forwards[1] += drafter.forwards(count, work)
        if not blind:
            drafter.drafted(self.length, count)
        self.clock.lap("draft")
        return count

    def _parts(self, drafter: Drafter, count: int, work: Hashable) -> list[tuple[int, int]]:
        """A draft in parts that are work by themselves: how many ids there are before each, and how many it drafts.

        A trace takes long to make, so where numbers change from round to round, one of a single id serves them all.
        """
        alike = self._state.ids.device.type == "cuda" or len(self._options.planned) == 1
        whole = alike and not self._options.confidence
        if whole or not drafter.stepwise(work):
            return [(0, count)]
        return [(step, 1) for step in range(count)]

    def _verify(self, count: int) -> None:
        """The target reads the last committed id and the draft."""
        state = self._state
        feed = torch.cat((state.last(1), state.drafted[:count]))
        self._judge(self._target.feed(feed, state.length - 1, keep=count + 1), count)

    def _judge(self, logits: Tensor, count: int) -> None:
        """Commits what (count + 1, V) logits make of the draft, and writes the outcome."""
        state, sampling = self._state, self._sampling
        drafted = state.drafted[:count]
        penalised = sampling.repetition_penalty != 1
        seen = seen_rows(state.seen, drafted) if penalised else None
        if sampling.greedy:
            verdict = verify_greedy(scores(logits, sampling, seen), drafted)
        else:
            verify = verify_block if self._options.block else verify_sampled
            q = state.q[:count] if count else None
            uniforms = state.uniforms[1 : 2 * count + 2 : 2]
            verdict = verify(distribution(logits, sampling, seen), drafted, q, uniforms)
        state.commit(drafted, verdict.accepted, verdict.own, seen=penalised)
        matched = torch.zeros_like(state.length) if self._drafter is None else self._drafter.matched(state)
        found = torch.cat((verdict.accepted, verdict.own, verdict.sound, matched, drafted))
        state.outcome[: found.shape[0]] = found

    def _launched(self, count: int, phase: str, *, steady: bool) -> _Flight:
        """A round whose outcome is on its way to the host."""
        self._forwards[0] += 1
        self.clock.lap(phase)
        values = self._state.landed(4 + count)
        if self._state.outcome.device.type != "cuda":
            return _Flight(count, values, None, steady)
        ready = torch.cuda.Event()  # type: ignore[no-untyped-call]
        ready.record(torch.cuda.current_stream(self._state.outcome.device))
        return _Flight(count, values, ready, steady)

    def _settle(self, flight: _Flight) -> Outcome:
        """Reads what came of a round, and has both models hold what is committed."""
        if flight.ready is not None:
            flight.ready.synchronize()
        accepted, own, sound, self._matched, *drafted = read(flight.values)
        if not sound:
            raise DecodeError(self._unsound(flight.drafts))
        self.length += accepted + 1
        self._rollback(self.length)
        behind = self.clock.last("read") if flight.behind else 0.0
        seconds = Seconds(self.clock.last("draft"), self.clock.last("verify"), flight.steady, behind)
        return Outcome(drafted, accepted, own, seconds)

    def _rollback(self, length: int) -> None:
        """A text's last id was not fed yet, in either model."""
        self._target.rollback(length - 1)
        if self._drafter is not None:
            self._drafter.rollback(length)

    def _unsound(self, count: int) -> str:
        """Whose numbers are none; only asked when the run is lost."""
        drawn = self._state.q[:count].sum(-1) if count and not self._sampling.greedy else self._state.sure[:0]
        culprit = "target" if all(map(math.isfinite, read(drawn))) else "drafter"
        return f"The {culprit}'s logits are NaN or infinite: load it in bfloat16 or float32."

    def _randomise(self) -> None:
        """Draws all that a round may need, as many numbers in each, so that a seed repeats a run."""
        if not self._sampling.greedy:
            most = max(self._options.planned or GAMMAS)
            self._state.uniforms[: 2 * most + 2].uniform_(generator=self._generator)

    def _run(self, key: Hashable, work: Callable[[], None], models: Sequence[Runner]) -> None:
        """Runs work that feeds these models, from a recording if their forwards can be captured."""
        if any(model.slow is not None for model in models):
            work()
        else:
            tensors = tuple((model.moves, model.span) for model in models)  # a drafter may serve two decoders
            self._recorder.run((key, tensors), work, self._state, (self._state, *models))


def read(tensor: Tensor) -> list[Any]:
    """The one place where values come from the device to the host, once a round."""
    values: list[Any] = tensor.tolist()
    return values
