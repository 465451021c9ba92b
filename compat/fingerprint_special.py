"""Special tokens by the file that names them, and what encoding puts around a text."""

from __future__ import annotations

from typing import Any

from .facts import Framing, Source, Special, Unknown
from .fingerprint_config import Config
from .jsonfile import integer
from .tokenizer import added
from .tokenizer.added import Files
from .tokenizer.tokenizer import Tokenizer

_CONFIG = "config.json"
_GENERATION = "generation_config.json"


def special(role: str, files: Files, config: Config, tokenizer: Tokenizer | Unknown) -> Special | Unknown:
    """A special token's ids from every file that names it.

    The configs give ids, the tokenizer's files give text, which the tokenizer turns into an id.
    """
    key = f"{role}_token_id"
    found = [Source(_CONFIG, _ids(config.whole, key)), Source(_GENERATION, _ids(files.get(_GENERATION), key))]
    if config.nested:
        found.insert(1, Source(f"{_CONFIG} {config.path}", _ids(config.of_text, key)))
    if named := added.named_tokens(files).get(f"{role}_token"):
        if isinstance(tokenizer, Unknown):
            return tokenizer
        path, content = named
        found.append(Source(path, (tokenizer.added[content],)))
    return Special(tuple(source for source in found if source.ids))


def _ids(config: dict[str, Any] | None, key: str) -> tuple[int, ...]:
    value = (config or {}).get(key)
    many = value if isinstance(value, list) else [value]
    # A negative id is how some configs say "none".
    return tuple(sorted({number for item in many if (number := integer(item)) is not None and number >= 0}))


def framing(files: Files, tokenizer: Tokenizer | Unknown) -> Framing | Unknown:
    """What encoding puts around a text."""
    return Unknown("is not looked at yet")
