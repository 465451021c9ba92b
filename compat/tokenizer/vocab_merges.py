"""`vocab.json` and `merges.txt`: byte-level BPE as GPT-2 was published, and older repositories of Qwen, OPT and others.

Other models use the two names for something else: CLIP and the first GPT mark where words end by `</w>`, and spell
tokens as plain text or as bytes. What the files hold tells them apart; nothing in them names their kind.
"""

from __future__ import annotations

from collections.abc import Collection

from ..errors import MalformedError
from ..jsonfile import parse_object, without_collector
from .added import Files
from .merges import digest
from .parsed import Parsed, two_tokens, with_files
from .spelling import Family, is_byte_level, trained_tokens
from .tokenizer import Tokenizer
from .vocabulary import MAX_ID

VOCAB = "vocab.json"
MERGES = "merges.txt"
_SPACE = "Ġ"
_WORD_END = "</w>"
# A byte-level vocabulary may hold that text as a token too; of the other kind, about half of the tokens end in it.
_WORD_ENDS = 0.01
_OTHER_KIND = f"a {VOCAB} that is not byte-level"


def pick(listed: Collection[str]) -> tuple[str, ...]:
    """The two files of this format, where both are listed."""
    return (VOCAB, MERGES) if {VOCAB, MERGES} <= {*listed} else ()


def read(vocab: bytes, merges: bytes, files: Files) -> Tokenizer:
    """Reads a vocab.json and its merges.txt, with what the repository's other files add on top.

    Raises:
        MalformedError: if the files are not what their names say; the sentence names the file alone.
    """
    with without_collector():
        ids = parse_object(vocab, VOCAB)
        merged = _merges(merges)
    if set(map(type, ids.values())) != {int}:
        raise MalformedError(f"{VOCAB} holds no map from tokens to ids: it is damaged.")
    byte_level = _of_gpt2(ids, merged)
    family = Family.BYTE_LEVEL if byte_level else Family.PLAIN
    tokens = dict(zip(ids.values(), trained_tokens(family, list(ids)), strict=True))
    if len(tokens) < len(ids):
        raise two_tokens(VOCAB)
    odd = None if byte_level else _OTHER_KIND
    return with_files(Parsed(VOCAB, ids, tokens, (), family, digest(merged, MERGES), odd=odd), files)


def _of_gpt2(ids: Collection[str], merges: list[str]) -> bool:
    """Whether tokens are spelled in the byte alphabet: what is merged always is, while added tokens may not be."""
    ends = sum(spelling.endswith(_WORD_END) for spelling in ids)
    return _SPACE in ids and ends <= _WORD_ENDS * len(ids) and is_byte_level("".join(merges).replace(" ", ""))


def _merges(data: bytes) -> list[str]:
    """The merges in order, as "a b"."""
    if data.count(b"\n") > 1 + MAX_ID:
        raise MalformedError(f"{MERGES} has more lines than any vocabulary has merges: it is damaged.")
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError as error:
        raise MalformedError(f"{MERGES} is not UTF-8: it is damaged.") from error
    # Not splitlines, which also cuts at characters that a merge may hold.
    merges = [line.removesuffix("\r") for line in lines if line.strip() and not line.startswith("#version")]
    if any(merge.count(" ") != 1 for merge in merges):
        raise MalformedError(f"{MERGES} has a merge that is no pair of tokens: it is damaged.")
    return merges
