"""Special tokens, by the file that names them."""

from __future__ import annotations

import json

from .evidence import Unknown
from .facts_tokens import Source, Special
from .fingerprint_config import Config
from .jsonfile import integer
from .tokenizer import added
from .tokenizer.added import Files
from .tokenizer.tokenizer import Tokenizer
from .tokenizer.vocabulary import MAX_ID
from .visible import shortened

_CONFIG = "config.json"
_GENERATION = "generation_config.json"
_MOST_ODD = 4
_LONGEST_ODD = 40


def special(role: str, files: Files, config: Config, tokenizer: Tokenizer | Unknown) -> Special | Unknown:
    """A special token's ids from every file that names it.

    The configs give ids, the tokenizer's files give text, which the tokenizer turns into an id.
    """
    key = f"{role}_token_id"
    places = [(_CONFIG, config.whole), (_GENERATION, files.get(_GENERATION))]
    if config.nested:
        places.insert(1, (f"{_CONFIG} {config.path}", config.of_text))
    found = [_source(file, (settings or {}).get(key)) for file, settings in places]
    if named := added.named_tokens(files).get(f"{role}_token"):
        if isinstance(tokenizer, Unknown):
            return tokenizer
        path, content = named
        found.append(Source(path, (tokenizer.added[content],)))
    return Special(tuple(source for source in found if source.ids or source.odd))


def _source(file: str, value: object) -> Source:
    """What a config gives: an id, a list of ids, or null or a negative number where there is none."""
    many = value if isinstance(value, list) else [value]
    ids = {number for item in many if (number := integer(item)) is not None and 0 <= number <= MAX_ID}
    odd = (item for item in many if item is not None and ((number := integer(item)) is None or number > MAX_ID))
    told = tuple(_told(item) for _, item in zip(range(_MOST_ODD), odd, strict=False))
    return Source(file, tuple(sorted(ids)), told)


def _told(item: object) -> str:
    """A value that is no id, in a few characters."""
    if isinstance(item, dict | list):
        return "an object" if isinstance(item, dict) else "a list in a list"
    return shortened(json.dumps(item), _LONGEST_ODD)
