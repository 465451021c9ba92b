"""`tokenizer.ggml.*`: the tokenizer in the metadata of a GGUF file, in every kind that llama.cpp loads.

The tokens are spelled as their family spells them, and a type beside each says how to read it. What converters change
on the way is undone here, so that a model's GGUF and its tokenizer.json give the same bytes: WordPiece marks the start
of words instead of their rest, and RWKV's bytes are escaped. Source: `src/llama-vocab.cpp` (`token_to_piece`) and
`convert_hf_to_gguf.py` of llama.cpp, 2026-08.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from itertools import compress
from types import MappingProxyType

from ..errors import MalformedError
from ..gguf import Gguf
from .merges import digest
from .spelling import Family, added_tokens, trained_tokens
from .tokenizer import Tokenizer
from .vocabulary import build

KEY = "tokenizer.ggml."
# Types of tokens; 1 is a trained one, and what has no type of its own is read as one.
_UNKNOWN, _CONTROL, _USER_DEFINED, _UNUSED, _BYTE = 2, 3, 4, 5, 6
_ADDED = frozenset({_UNKNOWN, _CONTROL, _USER_DEFINED})
_SPECIAL = frozenset({_UNKNOWN, _CONTROL})
# Pre-tokenizers under which tokens of the kind `gpt2` mark spaces instead of spelling bytes.
_SPACED = frozenset({"gemma4", "granite-embed-multi-311m", "sarvam-moe"})
_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPED = {b"t": b"\t", b"n": b"\n", b"r": b"\r"}
_START = "\u2581"
_Spelling = Callable[[list[str]], list[bytes]]


def read(head: Gguf, path: str) -> Tokenizer | None:
    """The tokenizer of a GGUF file; None where the file says that it has none.

    Args:
        head: of the file.
        path: the file, for evidence and messages.

    Raises:
        MalformedError: if the metadata is no tokenizer.
    """
    kind = head.text(f"{KEY}model")
    if kind in ("none", "no_vocab") or (kind is None and f"{KEY}tokens" not in head.metadata):
        return None
    texts = _texts(head, path)
    types = _types(head, len(texts), path)
    family = Family.SENTENCEPIECE if head.text(f"{KEY}pre") in _SPACED else _FAMILIES.get(kind or "", Family.PLAIN)
    spelled = _SPELLINGS.get(kind or "") or (lambda several: trained_tokens(family, several))
    tokens = _trained(texts, types, spelled)
    added = {number: text for number, text in enumerate(texts) if types[number] in _ADDED}
    tokens |= dict(zip(added, added_tokens(family, added.values()), strict=True))
    special = frozenset(number for number in added if types[number] in _SPECIAL)
    merges = head.strings(f"{KEY}merges")
    return Tokenizer(
        build(tokens, frozenset(added), special, path),
        MappingProxyType({text: number for number, text in reversed(added.items())}),
        None if merges is None else digest(_decoded(merges, "merge", path), path),
        odd=None if kind in _KINDS else f"the kind {kind!r}",
    )


def _texts(head: Gguf, path: str) -> list[str]:
    tokens = head.strings(f"{KEY}tokens")
    if tokens is None:
        raise MalformedError(f"{path} has no list of tokens under {KEY}tokens: it is damaged; convert it anew.")
    return _decoded(tokens, "token", path)


def _decoded(strings: Collection[bytes], what: str, path: str) -> list[str]:
    try:
        return list(map(bytes.decode, strings))
    except UnicodeDecodeError as error:
        raise MalformedError(f"{path} has a {what} that is not UTF-8: it is damaged; convert it anew.") from error


def _types(head: Gguf, count: int, path: str) -> Mapping[int, int] | tuple[int, ...]:
    key = f"{KEY}token_type"
    if key not in head.metadata:
        return (1,) * count
    types = head.integers(key)
    if types is None or len(types) < count:
        raise MalformedError(f"{path} does not give a type to each of its {count} tokens: it is damaged.")
    return types


def _trained(texts: list[str], types: Mapping[int, int] | tuple[int, ...], spelled: _Spelling) -> dict[int, bytes]:
    """Id → bytes of all that is neither added nor a placeholder, in batches of a kind."""
    numbers = range(len(texts))
    trained = [types[number] not in _ADDED and types[number] != _UNUSED for number in numbers]
    tokens = dict(zip(compress(numbers, trained), spelled(list(compress(texts, trained))), strict=True))
    single = [number for number in numbers if types[number] == _BYTE]
    # In every family a single byte is spelled as SentencePiece does it.
    return tokens | dict(
        zip(single, trained_tokens(Family.SENTENCEPIECE, [texts[number] for number in single]), strict=True)
    )


def _word_piece(spellings: list[str]) -> list[bytes]:
    """As vocab.txt has them: the rest of a word is marked there, and its start in a GGUF file."""
    return trained_tokens(Family.PLAIN, [_unmarked(spelling) for spelling in spellings])


def _unmarked(spelling: str) -> str:
    if spelling.startswith(_START):
        return spelling[1:]
    return spelling if spelling.startswith("[") and spelling.endswith("]") else f"##{spelling}"


def _rwkv(spellings: list[str]) -> list[bytes]:
    """Bytes, of which those that are no printable ASCII are escaped."""
    return [_ESCAPE.sub(_byte, spelling.encode()) for spelling in spellings]


def _byte(escape: re.Match[bytes]) -> bytes:
    code = escape[1]
    return bytes([int(code[1:], 16)]) if len(code) > 1 else _ESCAPED.get(code, code)


_FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "gpt2": Family.BYTE_LEVEL,
        "llama": Family.SENTENCEPIECE,
        "gemma4": Family.SENTENCEPIECE,
        "t5": Family.SENTENCEPIECE,
    }
)
_SPELLINGS: Mapping[str, _Spelling] = MappingProxyType({"bert": _word_piece, "rwkv": _rwkv})
_KINDS = frozenset({*_FAMILIES, *_SPELLINGS, "plamo2"})
