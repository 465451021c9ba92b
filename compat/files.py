"""Which of a repository's files matter: those that decide, and those that a loader needs."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType

from .errors import MalformedError, about
from .snapshot import Snapshot
from .tokenizer import formats
from .visible import shortened
from .weights import INDEX, SINGLE, shards_of_interest, weight_map

MIB = 1024 * 1024
# The files whose content decides beside those of the tokenizer, and the most that is read of each.
DECIDING: Mapping[str, int] = MappingProxyType(
    {
        "config.json": 4 * MIB,
        "generation_config.json": 1 * MIB,
        "tokenizer_config.json": 16 * MIB,
        "special_tokens_map.json": 1 * MIB,
        "added_tokens.json": 16 * MIB,
        "chat_template.jinja": 4 * MIB,
        "chat_template.json": 4 * MIB,
    }
)
_INCOMPLETE = (
    f"{INDEX} names {{}}, which the repository does not have: the upload is incomplete; publish the missing file or"
    " choose another revision."
)
# What loaders read beside those that decide here: tokenizers in other formats, and weights where no safer ones are.
_TOKENIZERS = re.compile(
    r"tokenizer\.json|tokenizer\.model(\.v\d+)?|spiece\.model|vocab\.(json|txt)|merges\.txt|tekken\.json|.+\.tiktoken"
    r"|tiktoken\.model"
)
_PICKLED = re.compile(r"pytorch_model(-\d+-of-\d+)?\.bin(\.index\.json)?")


def deciding(listed: Collection[str]) -> dict[str, int]:
    """Those of the listed files whose whole content decides, and the most that is read of each, in bytes."""
    limits = {path: limit for path, limit in DECIDING.items() if path in listed}
    if chosen := formats.choose(listed):
        limits |= dict.fromkeys(chosen[1], chosen[0].limit)
    return limits


def listed_shards(index: bytes, listed: Collection[str]) -> list[str]:
    """The shards that hold the output head and the embedding.

    Raises:
        MalformedError: if the index cannot be read, or names a file that the repository does not have.
    """
    shards = shards_of_interest(index)
    for path in shards:
        if path not in listed:
            raise MalformedError(_INCOMPLETE.format(shortened(path)))
    return shards


def loader_files(snapshot: Snapshot) -> tuple[str, ...]:
    """The files that a loader needs to run a model: its weights, in the one format that it would choose, and the rest.

    Raises:
        MalformedError: if the weights' index cannot be read, or names a file that the repository does not have.
    """
    if snapshot.gguf:
        return tuple(snapshot.gguf)
    listed = snapshot.entries
    beside = {path for path in listed if path in DECIDING or _TOKENIZERS.fullmatch(path)}
    if SINGLE in listed:
        return tuple(sorted({*beside, SINGLE}))
    if INDEX not in snapshot.contents:
        return tuple(sorted({*beside, *(path for path in listed if _PICKLED.fullmatch(path))}))
    with about(snapshot.ref.original):
        shards = set(weight_map(snapshot.contents[INDEX]).values())
        if missing := sorted(shards - set(listed)):
            raise MalformedError(_INCOMPLETE.format(shortened(missing[0])))
    return tuple(sorted({*beside, INDEX, *shards}))
