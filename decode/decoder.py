"""A loaded pair, ready to decode."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .engine import ReferenceEngine
from .errors import DecodeError
from .loop import Run
from .options import Options
from .runner import Runner, embedding_rows, logits_width
from .stream import TextStream

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from .draft import Drafter
    from .pairing import Pairing
    from .results import Result, Round
    from .stream import AnyTokenizer


class Decoder:
    """A target, with or without a drafter, that decodes one prompt after another.

    One run is alive at a time: the next takes over the caches.
    """

    def __init__(self, target: PreTrainedModel, pairing: Pairing, drafter: Drafter | None = None) -> None:
        """Takes models that `probe` has passed.

        Raises:
            DecodeError: if the target's rows are not those of the pairing, or the two lie on different devices.
        """
        if (found := (logits_width(target), embedding_rows(target))) != (pairing.target_rows, pairing.target_rows):
            raise DecodeError(
                f"The target has {found[0]} output and {found[1]} embedding rows where {pairing.target_rows} were"
                " certified: check the pair again."
            )
        self._pairing = pairing
        self._target = Runner(target)
        self._drafter = drafter
        if drafter is not None and drafter.device != self._target.device:
            raise DecodeError(
                f"The target lies on {self._target.device} and the drafter on {drafter.device}: load both on one."
            )

    def start(
        self, prompt: Sequence[int], options: Options | None = None, tokenizer: AnyTokenizer | None = None
    ) -> Run:
        """Begins to decode; iterate over what it returns.

        Args:
            prompt: at least one id.
            options: what is asked of the run.
            tokenizer: the target's, a `tokenizers.Tokenizer` or a transformers fast tokenizer; text and stop strings
                need it.

        Raises:
            DecodeError: if the prompt is empty, too long, or holds an id that the target has not.
        """
        options = options or Options()
        self._check(prompt, options, tokenizer)
        seed = secrets.randbits(32) if options.seed is None else options.seed
        text = None if tokenizer is None else TextStream(tokenizer, prompt, options.stop)
        engine = ReferenceEngine(self._target, self._drafter, prompt, options.sampling, seed)
        return Run(engine, self._pairing, options, seed, text)

    def generate(
        self,
        prompt: Sequence[int],
        options: Options | None = None,
        tokenizer: AnyTokenizer | None = None,
        on_round: Callable[[Round], object] | None = None,
    ) -> Result:
        """Decodes to the end. Takes and raises what `start` does; `on_round` sees each round once it is committed."""
        run = self.start(prompt, options, tokenizer)
        for done in run:
            if on_round is not None:
                on_round(done)
        return run.result()

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
