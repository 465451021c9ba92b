"""What is measured: engines, their settings, and the conditions that all of them share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

OURS, TRANSFORMERS, FLASHSPEC = "ours", "transformers", "flashspec"
PEERS = (TRANSFORMERS, FLASHSPEC)
CANDIDATES = (1, 2, 4, 8)  # gammas among which every engine's own best is sought, beside those asked for

Mode = Literal["plain", "compiled", "speculative"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to run one engine: a row of the table.

    Attributes:
        engine: `ours` or a peer.
        mode: without a drafter, the same compiled over a static cache, or with it.
        gamma: how many ids a round drafts; "auto" and "default" leave it to the engine, and any other words are a
            strategy of the engine's own, as of ours "hybrid", which is prompt lookup before the model, and "confident",
            which ends a draft of up to 8 ids after one that the drafter gave less than that chance. 0 where nothing is
            drafted.
    """

    engine: str
    mode: Mode
    gamma: int | str = 0

    @property
    def label(self) -> str:
        """What the table calls it."""
        if self.mode == "plain":
            return "plain"
        if self.mode == "compiled":
            return "plain, compiled, static cache"
        words = {"auto": "auto", "default": "its own defaults"}
        how = f"γ {self.gamma}" if isinstance(self.gamma, int) else words.get(self.gamma, self.gamma)
        return f"{'assisted' if self.engine == TRANSFORMERS else 'speculative'}, {how}"

    def to_dict(self) -> dict[str, Any]:
        """As a worker and the result take it."""
        return {"engine": self.engine, "mode": self.mode, "gamma": self.gamma}


@dataclass(frozen=True, slots=True)
class Conditions:
    """What holds for every engine alike.

    Attributes:
        peers: the engines beside ours, in the order of `PEERS`.
        gammas: at which every engine is measured whatever its own best is.
        runs: repetitions that are measured, after one warm-up and the search for the best.
        new_tokens: ids decoded for every prompt, at least 2; no end-of-sequence id ends them.
        prompt_tokens: length of synthetic prompts; None takes 128 on a CPU and 1024 elsewhere.
        prompts: how many are decoded in a run; None takes 4 on a CPU and 2 elsewhere.
        temperature: 0 decodes greedily.
        seed: of synthetic weights and of sampling.
        device: None takes CUDA if there is any.
        dtype: None takes float32 on a CPU; elsewhere bfloat16 for a synthetic pair and the checkpoint's own otherwise.
        threads: of every engine on a CPU; None takes one for a small target and torch's choice for others.
        compile_on_cpu: also measure transformers compiled on a CPU, where it needs a compiler and minutes.
        minutes: after which no further repetition is begun.
    """

    peers: tuple[str, ...] = PEERS
    gammas: tuple[int, ...] = (4,)
    runs: int = 9
    new_tokens: int = 128
    prompt_tokens: int | None = None
    prompts: int | None = None
    temperature: float = 0.0
    seed: int = 0
    device: str | None = None
    dtype: str | None = None
    threads: int | None = None
    compile_on_cpu: bool = False
    minutes: float = 8.0


@dataclass(frozen=True, slots=True)
class Case:
    """One pair to measure.

    Attributes:
        title: what the tables call it.
        pair: what a worker needs to have it, as `pairs.open_pair` takes it.
        alpha: the acceptance that a synthetic pair was asked for; None for real ones.
    """

    title: str
    pair: dict[str, Any]
    alpha: float | None = None

    @property
    def synthetic(self) -> bool:
        """Whether the models were made for the measurement."""
        return self.alpha is not None


def settings(engine: str, gammas: tuple[int, ...], *, compiled: bool) -> list[Setting]:
    """All that an engine is tried at: without a drafter first, then every candidate for its own best."""
    found = [] if engine == FLASHSPEC else [Setting(engine, "plain")]  # flashspec always drafts
    if engine == TRANSFORMERS and compiled:
        found.append(Setting(engine, "compiled"))
    own: dict[str, tuple[str, ...]] = {
        OURS: ("auto", "confident 0.2", "confident 0.4", "hybrid auto", "hybrid 4"),
        TRANSFORMERS: ("default",),
        FLASHSPEC: ("default", "composite-g4"),
    }
    steps: tuple[int | str, ...] = (*sorted({*CANDIDATES, *gammas}), *own[engine])
    return found + [Setting(engine, "speculative", gamma) for gamma in steps]


def always(setting: Setting, gammas: tuple[int, ...]) -> bool:
    """Whether a setting is measured even where it is not its engine's best."""
    return setting.mode != "speculative" or setting.gamma in gammas
