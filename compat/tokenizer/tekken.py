"""`tekken.json`: Mistral's byte-level BPE, as its own library reads it (mistral-common 1.13, `Tekkenizer.from_file`).

Special tokens come first: an id below `default_num_special_tokens` is a special token's rank, and the others are ranks
in `vocab` behind them. The file holds more ranks than the model has: those past `default_vocab_size` are cut off.
"""

from __future__ import annotations

import re
from binascii import Error, a2b_base64
from collections.abc import Collection
from typing import Any

from ..errors import MalformedError
from ..jsonfile import integer, mapping, parse_object, text, without_collector
from .added import Added, Files
from .parsed import Parsed, with_files
from .spelling import Family
from .tokenizer import Tokenizer
from .vocabulary import MAX_ID

FILE = "tekken.json"
_VERSION = re.compile(r"v([0-9]{1,3})")
# Up to this version a file may leave out its special tokens, and has these (`DEPRECATED_SPECIAL_TOKENS`).
_LAST_WITHOUT = 7
_BUILT_IN = tuple(
    "<unk> <s> </s> [INST] [/INST] [AVAILABLE_TOOLS] [/AVAILABLE_TOOLS] [TOOL_RESULTS] [/TOOL_RESULTS] [TOOL_CALLS]"
    " [IMG] <pad> [IMG_BREAK] [IMG_END] [PREFIX] [MIDDLE] [SUFFIX] [SYSTEM_PROMPT] [/SYSTEM_PROMPT]"
    " [TOOL_CONTENT]".split()
)


def pick(listed: Collection[str]) -> tuple[str, ...]:
    """The one file of this format, where it is listed."""
    return (FILE,) if FILE in listed else ()


def read(data: bytes, files: Files) -> Tokenizer:
    """Reads a tekken.json, with what the repository's other files add on top.

    Raises:
        MalformedError: if the file is no such JSON; the sentence names the file alone.
    """
    with without_collector():
        whole = parse_object(data, FILE)
        config = mapping(whole.get("config"))
        size, reserved = integer(config.get("default_vocab_size")), integer(config.get("default_num_special_tokens"))
        if size is None or reserved is None or not 0 <= reserved <= size <= 1 + MAX_ID:
            raise _damaged("its config does not tell the sizes of the vocabulary")
        names = _special(whole, config, reserved)
        ranks = _ranks(whole.get("vocab"), size - reserved)
    tokens = dict(enumerate(ranks, reserved))
    ids = {token.decode("utf-8", "replace"): number for number, token in tokens.items()}
    own = tuple(Added(name, special=True, declared=number) for number, name in enumerate(names))
    return with_files(Parsed(FILE, ids, tokens, own, Family.PLAIN), files)


def _special(whole: dict[str, Any], config: dict[str, Any], reserved: int) -> list[str]:
    """The special tokens by rank. All are left out of decoded text, whether `is_control` or not."""
    entries = whole.get("special_tokens")
    if entries is None:
        version = _VERSION.fullmatch(text(config.get("version")) or "")
        if not version or int(version[1]) > _LAST_WITHOUT:
            raise _damaged("it has no special tokens")
        names = list(_BUILT_IN)
    else:
        names = [text(mapping(entry).get("token_str")) or "" for entry in _list(entries)]
        ranks = [integer(mapping(entry).get("rank")) for entry in entries]
        if ranks != list(range(len(ranks))) or not all(names):
            raise _damaged("a special token has no text, or another rank than its place")
    names += [f"<SPECIAL_{rank}>" for rank in range(len(names), reserved)]
    if len(names) != reserved or len({*names}) != reserved:
        raise _damaged("it holds a special token twice, or more of them than it says")
    return names


def _ranks(entries: object, count: int) -> list[bytes]:
    """The bytes of the ranks that the model has, in order."""
    several = _list(entries)[:count]
    try:
        ranks = [a2b_base64(entry["token_bytes"], strict_mode=True) for entry in several]
    except (Error, KeyError, TypeError, ValueError) as error:
        raise _damaged("a token has no bytes in base64") from error
    if [integer(entry.get("rank")) for entry in several] != list(range(count)):
        raise _damaged("it holds fewer tokens than it says, or one of another rank than its place")
    if len({*ranks}) != count or b"" in ranks:
        raise _damaged("it holds a token twice, or an empty one")
    return ranks


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise _damaged("it has no list of tokens")
    return value


def _damaged(how: str) -> MalformedError:
    return MalformedError(f"{FILE} is no tekken file ({how}): it is damaged, or another file of that name.")
