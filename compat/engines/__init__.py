"""What each runtime does with a pair. One file per runtime, listed here."""

from __future__ import annotations

from ..relation import Pair
from . import bundled, llama_cpp, mlx_lm, sglang, tensorrt_llm, transformers, vllm
from .outcome import Engine, Judgement, Options, Outcome

_MODULES = (bundled, transformers, vllm, sglang, llama_cpp, tensorrt_llm, mlx_lm)

ENGINES: dict[str, Engine] = {module.ENGINE.name: module.ENGINE for module in _MODULES}


def judge(asked: str, pair: Pair, options: Options) -> Judgement:
    """What the engine that was asked for does with a pair.

    Args:
        asked: an engine's name, or `name@version`.
        pair: the two models.
        options: what the user allows.

    Raises:
        KeyError: if no engine has the name.
    """
    name, at, version = asked.partition("@")
    engine = ENGINES[name]
    if at and version != engine.version:
        return Judgement(
            Outcome.UNKNOWN,
            f"is judged by version {engine.version}, whose source was read, and {version} was not",
            f"ask for {name} or {name}@{engine.version} if that is the version in use",
        )
    return engine.judge(pair, options)
