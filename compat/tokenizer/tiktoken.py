"""`*.tiktoken` and `tiktoken.model`: OpenAI's format, a line "base64 rank" for each token (Qwen 1, Kimi, GLM-4).

It holds no special tokens. Those are in the list of tokenizer_config.json, or in the repository's own code, which is
never run: ids behind the ranks that no file names are not named here. Where the config names a token by its text alone
and only that code knows its id, what the ids stand for is not known.
"""

from __future__ import annotations

import re
from binascii import Error, a2b_base64
from collections.abc import Collection

from ..errors import MalformedError
from .added import Added, Files, extra_tokens
from .parsed import Parsed, with_files
from .spelling import Family
from .tokenizer import Tokenizer
from .vocabulary import MAX_ID

_NAME = "tiktoken.model"
_SUFFIX = ".tiktoken"
_START = re.compile(rb"[A-Za-z0-9+/]+={0,2} \d")
# No vocabulary has ids of more digits, and Python refuses to read numbers of thousands.
_ID_DIGITS = 10
_ONLY_ITS_CODE = "special tokens whose ids are in the repository's code alone"
# Qwen 1 names its special tokens in code alone, the same in every repository (github.com/QwenLM/Qwen,
# tokenization_note.md): behind its ranks, which are that many.
_QWEN = "qwen.tiktoken"
_QWEN_RANKS = 151643
_QWEN_SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", *(f"<|extra_{number}|>" for number in range(205)))


def pick(listed: Collection[str]) -> tuple[str, ...]:
    """The one file of this format; none where there are several, of which only code can choose."""
    if _NAME in listed:
        return (_NAME,)
    found = [path for path in listed if path.endswith(_SUFFIX) and "/" not in path]
    return (found[0],) if len(found) == 1 else ()


def is_tiktoken(data: bytes) -> bool:
    """Whether a file is in this format, whatever its name: Llama 3 and GLM-4 call theirs tokenizer.model."""
    return _START.match(data) is not None


def read(data: bytes, files: Files, path: str = _NAME) -> Tokenizer:
    """Reads a tiktoken file, with what the repository's other files add on top.

    Raises:
        MalformedError: if the file is not of this format; the sentence names the file alone.
    """
    tokens = _ranks(data, path)
    ids = {token.decode("utf-8", "replace"): rank for rank, token in tokens.items()}
    own: tuple[Added, ...] = ()
    if path == _QWEN and len(tokens) == _QWEN_RANKS == 1 + max(tokens):
        own = tuple(Added(name, special=True, declared=_QWEN_RANKS + place) for place, name in enumerate(_QWEN_SPECIAL))
    known = {token.content for token in own}
    extra = extra_tokens(files, ids_hold=True)
    known |= {token.content for token in extra if token.declared is not None}
    odd = None if all(token.content in known or token.content in ids for token in extra) else _ONLY_ITS_CODE
    return with_files(Parsed(path, ids, tokens, own, Family.PLAIN, odd=odd), files)


def _ranks(data: bytes, path: str) -> dict[int, bytes]:
    """Rank → bytes."""
    if data.count(b"\n") > 1 + MAX_ID:
        raise _damaged(path, "it has more lines than any vocabulary has tokens")
    tokens: dict[int, bytes] = {}
    lines = list(filter(None, data.splitlines()))
    for line in lines:
        token, _, rank = line.partition(b" ")
        if not rank.isdigit() or len(rank) > _ID_DIGITS:
            raise _damaged(path, "a line does not end in a rank")
        try:
            tokens[int(rank)] = a2b_base64(token, strict_mode=True)
        except Error as error:
            raise _damaged(path, "a line does not begin with base64") from error
    if len(tokens) < len(lines) or len({*tokens.values()}) < len(lines) or b"" in tokens.values():
        raise _damaged(path, "it holds a rank or a token twice, or an empty token")
    return tokens


def _damaged(path: str, how: str) -> MalformedError:
    return MalformedError(f"{path} is no tiktoken file ({how}): it is damaged, or another file of that name.")
