"""The bundled decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ...decoder import Decoder
from ...draft import ModelDrafter
from ...lookup import HybridDrafter, LookupDrafter
from ...options import Options, Sampling
from ...probe import probe
from .timing import Stamps, Timed

if TYPE_CHECKING:
    from ...results import Round
    from ..pairs import OpenPair
    from ..plan import Setting
    from . import Wish

_LONGEST = 8  # ids of a draft that may end early


class Ours:
    """Both models in one decoder, and in another whose drafter looks the text up first; plain decoding is gamma 0."""

    def __init__(self, pair: OpenPair) -> None:
        for model, name in ((pair.target, "the target"), (pair.drafter, "the drafter")):
            probe(model, name)
        self._pair = pair
        self._decoder = Decoder(pair.target, pair.pairing, self._drafter())
        self._hybrid: Decoder | None = None

    def decode(self, setting: Setting, prompt: list[int], wish: Wish) -> Timed:
        """One text; the first round is the prefill, and the drafter may read the prompt in the next."""
        decoder, gamma, confidence = self._chosen(setting)
        options = Options(
            max_new_tokens=wish.new_tokens,
            gamma=gamma,
            sampling=Sampling(temperature=wish.temperature),
            seed=wish.seed,
            confidence=confidence,
        )
        rounds: list[Round] = []
        stamps = Stamps(self._pair.device)

        def seen(done: Round) -> None:
            stamps.commit(len(done.committed))
            rounds.append(done)

        result = decoder.generate(prompt, options, None, seen)
        first = 0 if setting.mode == "plain" else 1
        tokens, count, seconds, before = stamps.span(first)
        numbers = result.statistics
        return Timed(
            result.ids,
            tokens,
            count,
            seconds,
            before,
            target_forwards=count,
            drafter_forwards=None
            if decoder is self._hybrid
            else sum(len(done.drafted) for done in rounds[first + 1 :]),
            judged=numbers.judged,
            accepted=numbers.accepted,
            draft_seconds=numbers.seconds.draft,
            drafted=numbers.drafted,
            verify_seconds=numbers.seconds.verify,
            verified=numbers.rounds,
        )

    def _chosen(self, setting: Setting) -> tuple[Decoder, int | Literal["auto"], float]:
        """The decoder, gamma and confidence of a setting."""
        *strategy, word = str(setting.gamma).split()
        if strategy == ["confident"]:
            return self._decoder, _LONGEST, float(word)
        gamma: int | Literal["auto"] = "auto" if word == "auto" else int(word)
        if not strategy:
            return self._decoder, gamma, 0.0
        if self._hybrid is None:
            drafter = HybridDrafter(LookupDrafter(self._pair.device), self._drafter())
            self._hybrid = Decoder(self._pair.target, self._pair.pairing, drafter)
        return self._hybrid, gamma, 0.0

    def _drafter(self) -> ModelDrafter:
        return ModelDrafter(self._pair.drafter, self._pair.pairing)
