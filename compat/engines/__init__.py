"""What each runtime does with a pair. One file per runtime, listed here."""

from __future__ import annotations

from ..relation import Pair
from . import bundled
from .outcome import Engine, Judgement, Options, Outcome

ENGINES: dict[str, Engine] = {engine.name: engine for engine in (bundled.ENGINE,)}


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
