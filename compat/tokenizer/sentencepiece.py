"""`tokenizer.model`: SentencePiece models (BPE and Unigram), as Llama, Mistral and Gemma publish theirs.

The file is a protobuf message, `ModelProto` of sentencepiece_model.proto. An id is a place in its list of pieces, and
all that decides here are a piece's text and type: one repeated field of two scalars. So it is read by a reader of the
wire format that knows no more, rather than by a library and a schema. It holds hostile files within bounds, which the
library cannot do before it has parsed them (32 million empty pieces fit into 64 MB), and refuses what it would pass
over: a known field of another wire type, a length past the end, text that is not UTF-8, a type that there is not.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from operator import attrgetter

from ..errors import MalformedError
from ..jsonfile import text as json_text
from .added import CONFIG, Added, Files
from .parsed import Parsed, with_files
from .spelling import Family, added_tokens
from .tokenizer import Tokenizer
from .vocabulary import MAX_ID

# In the order of preference. The second is T5's name; the third is how mistral-common tells versions of one file apart,
# of which it takes the last (`get_one_valid_tokenizer_file`).
_NAMES = ("tokenizer.model", "spiece.model")
_VERSIONED = re.compile(r"tokenizer\.model\.v\d+(m\d+)?")
# Tokenizer classes whose ids are not the places in the file, though its name is one of the above.
_MOVING = frozenset({"PegasusTokenizer", "PegasusTokenizerFast"})
# Fields of ModelProto and of its SentencePiece, and their wire types.
_PIECES, _TEXT, _TYPE = 1, 1, 3
_VARINT, _BYTES = 0, 2
_FIXED = {1: 8, 5: 4}  # wire type → bytes
# Beside its pieces a model has four fields; extensions may come on top.
_MOST_OTHERS = 64
_LONGEST_VARINT = 10
# The types of pieces.
_NORMAL, _UNKNOWN, _CONTROL, _USER_DEFINED, _UNUSED, _BYTE = _TYPES = range(1, 7)
_ADDED = (_UNKNOWN, _CONTROL, _USER_DEFINED)
# These have names of their own, which Unigram models may spell as other pieces are.
_RESERVED = (_UNKNOWN, _CONTROL, _BYTE)
_BYTE_NAME = re.compile(r"<0x([0-9A-F]{2})>")


def pick(listed: Collection[str]) -> tuple[str, ...]:
    """The one file of this format that a loader would take; none where there is none."""
    versioned = sorted(filter(_VERSIONED.fullmatch, listed), reverse=True)
    return tuple(name for name in (*_NAMES, *versioned) if name in listed)[:1]


def read(data: bytes, files: Files, path: str = _NAMES[0]) -> Tokenizer:
    """Reads a SentencePiece model, with what the repository's other files add on top.

    Raises:
        MalformedError: if the file is no such model; the sentence names the file alone.
    """
    texts, types = _pieces(data, path)
    apart = {number: kind for number, kind in enumerate(types) if kind != _NORMAL}
    reserved = {number for number, kind in apart.items() if kind in _RESERVED}
    ids = {text: number for number, text in enumerate(texts) if number not in reserved}
    if len(ids) + len({texts[number] for number in reserved}) < len(texts):
        raise _damaged(path, "it holds a piece twice")
    tokens = dict(enumerate(added_tokens(Family.SENTENCEPIECE, texts)))
    tokens |= {number: _byte(texts[number], path) for number, kind in apart.items() if kind == _BYTE}
    own = [Added(texts[number], kind != _USER_DEFINED, number) for number, kind in apart.items() if kind in _ADDED]
    own.sort(key=attrgetter("special"))  # of two of one name, it is the special one's
    loader = json_text(files.get(CONFIG, {}).get("tokenizer_class"))
    odd = loader if loader in _MOVING else None
    return with_files(Parsed(path, ids, tokens, tuple(own), Family.SENTENCEPIECE, odd=odd), files)


def _byte(text: str, path: str) -> bytes:
    if not (found := _BYTE_NAME.fullmatch(text)):
        raise _damaged(path, "a piece for a byte does not name one")
    return bytes.fromhex(found[1])


def _pieces(data: bytes, path: str) -> tuple[list[str], list[int]]:
    """Text and type of the pieces, in order."""
    texts: list[str] = []
    types: list[int] = []
    others = 0
    for number, value in _fields(data, path):
        if number == _PIECES and isinstance(value, bytes) and len(texts) <= MAX_ID:
            text, kind = _piece(value, path)
            texts.append(text)
            types.append(kind)
        elif number == _PIECES or others == _MOST_OTHERS:
            raise _damaged(path, "it holds fields that no such model has, or too many")
        else:
            others += 1
    return texts, types


def _piece(message: bytes, path: str) -> tuple[str, int]:
    text: int | bytes = b""
    kind: int | bytes = _NORMAL
    for number, value in _fields(message, path):
        if number == _TEXT:
            text = value
        elif number == _TYPE:
            kind = value
    if not text or not isinstance(text, bytes) or not isinstance(kind, int) or kind not in _TYPES:
        raise _damaged(path, "a piece has no text, or a type that there is not")
    try:
        return text.decode(), kind
    except UnicodeDecodeError as error:
        raise _damaged(path, "a piece is not UTF-8") from error


def _fields(message: bytes, path: str) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field of a message, in order (protobuf's wire format)."""
    at, end = 0, len(message)
    while at < end:
        tag, at = _varint(message, at, path)
        kind = tag & 7
        if kind in (_BYTES, _VARINT):
            value, at = _varint(message, at, path)
        elif kind in _FIXED:
            value = _FIXED[kind]
        else:
            raise _damaged(path, "it holds a field of no known wire type")
        if kind == _VARINT:
            yield tag >> 3, value
        elif value > end - at:
            raise _damaged(path, "it is cut off, or a length in it is wrong")
        else:
            yield tag >> 3, message[at : at + value]
            at += value


def _varint(message: bytes, at: int, path: str) -> tuple[int, int]:
    """A number, seven bits a byte with the lowest first, and where it ends."""
    if at < len(message) and message[at] < 0x80:  # nearly all of them
        return message[at], at + 1
    value = 0
    for shift, byte in enumerate(message[at : at + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return value, at + shift + 1
    raise _damaged(path, "it is cut off, or a number in it is wrong")


def _damaged(path: str, how: str) -> MalformedError:
    return MalformedError(f"{path} is no SentencePiece model ({how}): it is damaged, or another file of that name.")
