"""THE table: how every engine spells a pairing. One file per engine, listed here."""

from __future__ import annotations

import re
from collections.abc import Iterable

from . import llama_cpp, mlx_lm, sglang, tensorrt_llm, tgi, transformers, vllm
from .spelling import Flag, Spelling

__all__ = [
    "SPELLINGS",
    "VARIABLES",
    "Flag",
    "Spelling",
    "engine_of_image",
    "engine_of_module",
    "engine_of_program",
    "plain_name",
]

_MODULES = (vllm, sglang, llama_cpp, tensorrt_llm, mlx_lm, tgi, transformers)

SPELLINGS: dict[str, Spelling] = {module.SPELLING.engine: module.SPELLING for module in _MODULES}

# Every variable of the environment that an engine reads.
VARIABLES: frozenset[str] = frozenset(name for spelling in SPELLINGS.values() for name in spelling.environment)


def engine_of_program(word: str, following: str = "") -> Spelling | None:
    """The engine that a word starts: a program's name or path, or a Python module.

    Args:
        word: the program as it is written.
        following: the word after it, where a program is an engine with some subcommands only.
    """
    name = word.replace("\\", "/").rsplit("/", 1)[-1]
    return next((spelling for spelling in SPELLINGS.values() if _starts(spelling, word, name, following)), None)


def _starts(spelling: Spelling, word: str, name: str, following: str) -> bool:
    if name in spelling.programs:
        return not spelling.subcommands or "." in name or following in spelling.subcommands
    return name in spelling.local_programs and name != word


def engine_of_module(word: str) -> Spelling | None:
    """The engine whose Python module or script a word names: `vllm.entrypoints.api_server`, `…/sglang/launch.py`."""
    dotted = "." + word.replace("/", ".")
    return next((spelling for spelling in SPELLINGS.values() if _holds(dotted, spelling.modules)), None)


def _holds(dotted: str, modules: Iterable[str]) -> bool:
    return any(f".{module}" in dotted for module in modules)


def engine_of_image(image: str) -> Spelling | None:
    """The engine that a container image holds, where the image's name tells."""
    name = image.lower().partition("@")[0]
    return next((spelling for spelling in SPELLINGS.values() if any(part in name for part in spelling.images)), None)


def plain_name(name: str) -> str:
    """A flag or key as the table writes it: `--Model-Path`, `modelPath` and `model_path` are one."""
    return _HUMP.sub("_", name.lstrip("-")).replace("-", "_").lower()


_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
