"""What each runtime does with a pair. One file per runtime, listed here."""

from __future__ import annotations

from dataclasses import replace

from ..relation import Pair
from . import bundled, llama_cpp, mlx_lm, sglang, tensorrt_llm, transformers, vllm
from .ignored import ignored
from .outcome import Engine, Judgement, Options, Outcome

_MODULES = (bundled, transformers, vllm, sglang, llama_cpp, tensorrt_llm, mlx_lm)

ENGINES: dict[str, Engine] = {module.ENGINE.name: module.ENGINE for module in _MODULES}


def _release(version: str) -> str:
    """A version as PEP 440 compares it: 0.33, v0.33.0 and 0.33.0 are one release."""
    digits = version.removeprefix("v")
    while digits.endswith(".0"):
        digits = digits.removesuffix(".0")
    return digits


def judge(asked: str, pair: Pair, options: Options) -> Judgement:
    """What the engine that was asked for does with a pair.

    Args:
        asked: an engine's name, or `name@version`.
        pair: the two models.
        options: what they are run with; those that would matter and that the engine lacks are told in the reason.

    Raises:
        KeyError: if no engine has the name.
    """
    name, at, version = asked.partition("@")
    engine = ENGINES[name]
    if at and _release(version) != _release(engine.version):
        return Judgement(
            Outcome.UNKNOWN,
            f"was read at version {engine.version}; what {version} does is not known",
            f"ask for {name}@{engine.version} if that is the version in use",
        )
    pair = pair.planned(options)
    judged = engine.judge(pair)
    untold = ignored(engine, pair) if judged.outcome.usable else []
    return replace(judged, reason="; ".join([judged.reason, *untold]))
