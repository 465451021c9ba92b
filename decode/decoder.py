"""A loaded pair, ready to decode."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .capture import Recorder
from .costs import Costs
from .engine import Engine, Parts
from .errors import DecodeError
from .fast_runner import runner_for
from .loop import Run
from .options import Options
from .runner import embedding_rows, logits_width, streamed_bytes
from .schedule import GAMMAS, Adaptive, Planned
from .state import State
from .stream import TextStream

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from .draft import Drafter
    from .pairing import Pairing
    from .results import Result, Round
    from .schedule import Schedule
    from .stream import AnyTokenizer


_SMALLEST = 256  # ids
_AT_ONCE = 64  # ids that the target judges in a round, at the most that is looked after


class Decoder:
    """A target, with or without a drafter, that decodes one prompt after another.

    One run is alive at a time: the next takes over the caches.
    """

    def __init__(
        self, target: PreTrainedModel, pairing: Pairing, drafter: Drafter | None = None, *, ahead: bool = False
    ) -> None:
        """Takes models that `probe` has passed.

        Args:
            target: the big model.
            pairing: the facts of the pair.
            drafter: what proposes.
            ahead: whether rounds are launched before the ones before them are read, where that can be. A device that
                waits for its host wins, and the end of a text costs a round. What is committed follows the same law.

        Raises:
            DecodeError: if the target's rows are not those of the pairing, or the two lie on different devices.
        """
        if (found := (logits_width(target), embedding_rows(target))) != (pairing.target_rows, pairing.target_rows):
            raise DecodeError(
                f"The target has {found[0]} output and {found[1]} embedding rows where {pairing.target_rows} were"
                " certified: check the pair again."
            )
        self._pairing = pairing
        self._target = runner_for(target, most=1 if drafter is None else _AT_ONCE)
        self._drafter = drafter
        self._ahead = ahead
        self._recorder = Recorder(self._target.device)
        self._state = State(pairing.target_rows, 0, 0, self._target.device)
        self._before: tuple[Sequence[int], Sequence[int]] = ((), ())  # prompt and ids of the last run
        self._ratio = 0.0 if drafter is None else drafter.streamed / streamed_bytes(target)  # c, as the weights have it
        self._adaptive = Adaptive(
            Costs(self._ratio, measure=True)
        )  # what was learned of a drafter holds for the next run
        if drafter is not None and drafter.device != self._target.device:
            raise DecodeError(
                f"The target lies on {self._target.device} and the drafter on {drafter.device}: load both on one."
            )

    @property
    def notes(self) -> tuple[str, ...]:
        """Why this decoder is slower than it could be, each a sentence; none where all is as fast as it gets."""
        models = [("target", self._target)]
        models += [("drafter", model) for model in (() if self._drafter is None else self._drafter.models())]
        slow = [
            f"The {side} runs by transformers' own attention: {model.slow}." for side, model in models if model.slow
        ]
        failure = self._recorder.failure
        return (*slow, *((f"Every operation is launched by itself: {failure}.",) if failure else ()))

    def start(
        self,
        prompt: Sequence[int],
        options: Options | None = None,
        tokenizer: AnyTokenizer | None = None,
        *,
        reuse: bool = False,
    ) -> Run:
        """Begins to decode; iterate over what it returns.

        Args:
            prompt: at least one id.
            options: what is asked of the run.
            tokenizer: the target's, a `tokenizers.Tokenizer` or a transformers fast tokenizer; text and stop strings
                need it.
            reuse: whether to keep what the caches hold of the last run as far as the prompt begins with its text.

        Raises:
            DecodeError: if the prompt is empty, too long, or holds an id that the target has not.
        """
        options = options or Options()
        self._check(prompt, options, tokenizer)
        seed = secrets.randbits(32) if options.seed is None else options.seed
        text = None if tokenizer is None else TextStream(tokenizer, prompt, options.stop)
        # What a run was to read, and what it has read, differ where it was broken off.
        held = min(self._target.position, _shared([*self._before[0], *self._before[1]], prompt)) if reuse else 0
        self._reserve(len(prompt), options)
        parts = Parts(self._target, self._drafter, self._state, self._recorder, self._ahead)
        run = Run(
            Engine(parts, prompt, options, seed, held), self._pairing, options, seed, text, self._schedule(options)
        )
        self._before = (tuple(prompt), run.ids)
        return run

    def generate(
        self,
        prompt: Sequence[int],
        options: Options | None = None,
        tokenizer: AnyTokenizer | None = None,
        on_round: Callable[[Round], object] | None = None,
        *,
        reuse: bool = False,
    ) -> Result:
        """Decodes to the end. Takes and raises what `start` does; `on_round` sees each round once it is committed."""
        run = self.start(prompt, options, tokenizer, reuse=reuse)
        for done in run:
            if on_round is not None:
                on_round(done)
        return run.result()

    def _reserve(self, length: int, options: Options) -> None:
        """Has buffers for the whole run. Recorded work is lost where they move, so they grow by doubling."""
        most = max(options.planned or GAMMAS)
        context = self._pairing.target_context
        capacity = length + options.max_new_tokens if context is None else min(length + options.max_new_tokens, context)
        capacity += most + 1
        moved = self._target.reserve(capacity)
        moved |= self._drafter is not None and self._drafter.reserve(capacity)
        if capacity > self._state.capacity or most > self._state.most:
            size = max(_SMALLEST, 1 << (capacity - 1).bit_length(), self._state.capacity)
            self._state.owner = None  # whoever still has the old one must not go on with it
            self._state = State(
                self._pairing.target_rows, size, max(most, *GAMMAS, self._state.most), self._target.device
            )
            moved = True
        if moved:
            self._recorder.forget()

    def _schedule(self, options: Options) -> Schedule:
        if self._drafter is None:
            return Planned((0,))
        if options.planned:
            return Planned(options.planned)
        if options.sampling.greedy:
            self._adaptive.begin()
            return self._adaptive
        # Times differ from run to run, and with them gammas and what is drawn: a seed would repeat nothing.
        return Adaptive(Costs(self._ratio, measure=False))

    def _check(self, prompt: Sequence[int], options: Options, tokenizer: AnyTokenizer | None) -> None:
        if not prompt:
            raise DecodeError("The prompt is empty: give at least one token, such as the beginning-of-sequence id.")
        rows, context = self._pairing.target_rows, self._pairing.target_context
        if strange := [token for token in prompt if not 0 <= token < rows]:
            raise DecodeError(f"The prompt holds id {strange[0]}, and the target has {rows} rows: use its tokenizer.")
        if context is not None and len(prompt) > context:
            raise DecodeError(
                f"The prompt has {len(prompt)} tokens, and the target holds {context}: shorten it, or take a target"
                " with a longer context."
            )
        if options.stop and tokenizer is None:
            raise DecodeError("Stop strings need the target's tokenizer: give it, or leave them out.")


def _shared(before: Sequence[int], prompt: Sequence[int]) -> int:
    """How many ids both begin with. The last of a text was never fed, so it is not held."""
    for place, (old, new) in enumerate(zip(before[:-1], prompt, strict=False)):
        if old != new:
            return place
    return min(len(before) - 1, len(prompt)) if before else 0
