"""flashspec, by its public engine: a fixed gamma, or its own strategies, which look the prompt up first.

It has no decoding without drafts. Its steps carry their own times, so nothing is added to it. `compile` stays at its
default: CUDA graphs where there are CUDA and Triton. On a CPU it runs in `torch.inference_mode`, which suits it better
than its own `no_grad` (a third faster with the demo pair), and over its growing cache, which is faster there than its
static one.
"""

from __future__ import annotations

from contextlib import nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any

import torch

from .timing import Stamps, Timed

if TYPE_CHECKING:
    from ..pairs import OpenPair
    from ..plan import Setting
    from . import Wish


class FlashSpec:
    """One wrapper around each model, and an engine over both for every setting."""

    def __init__(self, pair: OpenPair) -> None:
        self._package = import_module("flashspec")
        parts = import_module("flashspec.engine")
        self._pair = pair
        where = (pair.device, pair.target.dtype)
        self._target = parts.TargetModel("target", *where, model=pair.target)
        self._drafter = parts.HuggingFaceDrafter("drafter", *where, model=pair.drafter)
        self._engines: dict[Setting, Any] = {}

    def decode(self, setting: Setting, prompt: list[int], wish: Wish) -> Timed:
        """One text by one call of its `generate`."""
        with torch.inference_mode() if self._pair.device.type == "cpu" else nullcontext():
            if setting not in self._engines:
                self._engines[setting] = self._engine(setting, wish)
            engine = self._engines[setting]
            torch.manual_seed(wish.seed)
            ids = torch.tensor([prompt], device=self._pair.device)
            stamps = Stamps(self._pair.device)
            result = engine.generate(ids, max_new_tokens=wish.new_tokens)
            stamps.commit(result.n_tokens_generated)
        steps = result.arm_steps[1:]  # the first reads the prompt
        seconds = sum(step.seconds for step in steps)
        return Timed(
            tuple(result.output_ids[0, : result.n_tokens_generated].tolist()),
            sum(step.emitted for step in steps),
            len(steps),
            seconds,
            stamps.span()[3] - seconds,
            target_forwards=len(steps),
            drafter_forwards=sum(step.proposed for step in steps if step.drafter == 0),  # 1 is prompt lookup
        )

    def _engine(self, setting: Setting, wish: Wish) -> Any:  # noqa: ANN401 - it may be missing
        package = self._package
        self._drafter.set_temperature(wish.temperature)
        sampling = {"temperature": wish.temperature, "seed": None}
        strategy = {"default": "auto"}.get(str(setting.gamma), str(setting.gamma))
        if isinstance(setting.gamma, int):
            sampling["gamma"], strategy = setting.gamma, "bandit"  # with one arm: a fixed gamma
        config = package.FlashSpecConfig(
            device=str(self._pair.device),
            dtype=str(self._pair.target.dtype).removeprefix("torch."),
            drafter_strategy=strategy,
            bandit=package.BanditConfig(n_arms=1),
            compile_max_cache_len=max(16, wish.longest + 48),  # it pads calls to 32; no reallocation, no longer reads
            sampling=package.SamplingConfig(**sampling),
        )
        return package.SpeculativeEngine(config, [self._drafter], self._target)
