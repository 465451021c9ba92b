"""What each runtime does with a pair. One file per runtime, listed here."""

from __future__ import annotations

from . import bundled
from .outcome import Engine

ENGINES: dict[str, Engine] = {engine.name: engine for engine in (bundled.ENGINE,)}
