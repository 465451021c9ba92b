"""transformers' own `generate`: plain, compiled over a static cache, and assisted.

Commits are stamped by a streamer, which costs a Python call for every token on a CPU and a copy of 8 bytes on a GPU;
`generate` reads the device after every token anyway. All but the compiled mode runs in `torch.inference_mode`, which
is a little faster than the `no_grad` of `generate` itself.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import torch
from transformers import CompileConfig, GenerationConfig
from transformers.generation.streamers import BaseStreamer

from .timing import Stamps, Timed

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

    from ..pairs import OpenPair
    from ..plan import Setting
    from . import Wish


class Transformers:
    """Both models as they were loaded."""

    def __init__(self, pair: OpenPair) -> None:
        self._pair = pair
        self._generate: Any = pair.target.generate
        for model in (pair.target, pair.drafter):
            model.generation_config = _configured()  # the checkpoint's would end texts early, or sample

    def decode(self, setting: Setting, prompt: list[int], wish: Wish) -> Timed:
        """One text by one call of `generate`."""
        ids = torch.tensor([prompt], device=self._pair.device)
        asked: dict[str, Any] = {"generation_config": self._config(setting, wish)}
        if setting.mode == "speculative":
            asked["assistant_model"] = self._drafter(setting)
        torch.manual_seed(wish.seed)
        streamer = _Stamper(Stamps(self._pair.device))
        with nullcontext() if setting.mode == "compiled" else torch.inference_mode():
            out = self._generate(ids, attention_mask=torch.ones_like(ids), streamer=streamer, **asked)
        tokens, rounds, seconds, before = streamer.stamps.span()
        return Timed(
            tuple(out[0, len(prompt) :].tolist()),
            tokens,
            rounds,
            seconds,
            before,
            target_forwards=rounds,
            drafter_forwards=None if setting.mode == "speculative" else 0,
        )

    def margin(self, ids: list[int]) -> float:
        """How far apart the target's two best logits are after these ids, in float32."""
        with torch.inference_mode():
            logits = self._pair.target(torch.tensor([ids], device=self._pair.device), use_cache=False).logits
        best, second = logits[0, -1].float().topk(2).values.tolist()
        return float(best - second)

    def _config(self, setting: Setting, wish: Wish) -> GenerationConfig:
        config = _configured(
            max_new_tokens=wish.new_tokens, do_sample=wish.temperature > 0, eos_token_id=None, use_cache=True
        )
        if wish.temperature > 0:
            config.temperature, config.top_k, config.top_p = wish.temperature, 0, 1.0
        if setting.mode == "compiled":
            config.cache_implementation = "static"
            if self._pair.device.type == "cpu":  # where it compiles only on demand, and without graphs
                config.compile_config = CompileConfig(mode="default")
                config.compile_config._compile_all_devices = True
        return config

    def _drafter(self, setting: Setting) -> PreTrainedModel:
        """The drafter with a fixed gamma, which its own defaults (20 ids, cut off when it is unsure) are not."""
        drafter = self._pair.drafter
        drafter.generation_config = _configured()
        if isinstance(setting.gamma, int):
            drafter.generation_config = _configured(
                num_assistant_tokens=setting.gamma,
                num_assistant_tokens_schedule="constant",
                assistant_confidence_threshold=0.0,
            )
        return drafter


class _Stamper(BaseStreamer):
    """Stamps what `generate` commits; what it is given first is the prompt."""

    def __init__(self, stamps: Stamps) -> None:
        self.stamps = stamps
        self._started = False

    def put(self, value: Tensor) -> None:
        if self._started:
            self.stamps.commit(value.numel())
        self._started = True

    def end(self) -> None:
        pass


def _configured(**wishes: object) -> GenerationConfig:
    config: GenerationConfig = GenerationConfig(**wishes)  # type: ignore[no-untyped-call]
    return config
