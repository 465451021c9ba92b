"""The formats that a tokenizer is published in: all of them listed here, in the order in which loaders prefer them.

tokenizer.json says most, and transformers and what is built on it take it where it is. Of the rest those come first
that transformers reads by itself: a SentencePiece model, then vocab.json with its merges. tekken.json is read by
mistral-common, and tiktoken files mostly by a repository's own code. A repository that ships several means one
tokenizer by them; which file was read is kept with the vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from . import sentencepiece, tekken, tiktoken, tokenizer_json, vocab_merges
from .added import Files
from .tokenizer import Tokenizer

MIB = 1024 * 1024
Contents: TypeAlias = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Format:
    """A format.

    Attributes:
        name: as people call it.
        limit: the most that is read of each of its files, in bytes.
        pick: listed paths → the files of this format that a loader would take; none where the format is not there.
        read: contents of those files, and the repository's other JSON files → the tokenizer.
    """

    name: str
    limit: int
    pick: Callable[[Collection[str]], tuple[str, ...]]
    read: Callable[[Contents, Files], Tokenizer]


def _sentencepiece(contents: Contents, files: Files) -> Tokenizer:
    """The files of this name are of two formats, which their content tells apart."""
    ((path, data),) = contents.items()
    return (tiktoken.read if tiktoken.is_tiktoken(data) else sentencepiece.read)(data, files, path)


def _vocab_merges(contents: Contents, files: Files) -> Tokenizer:
    return vocab_merges.read(contents[vocab_merges.VOCAB], contents[vocab_merges.MERGES], files)


def _tekken(contents: Contents, files: Files) -> Tokenizer:
    return tekken.read(contents[tekken.FILE], files)


def _tiktoken(contents: Contents, files: Files) -> Tokenizer:
    ((path, data),) = contents.items()
    return tiktoken.read(data, files, path)


# The bounds leave room for three times the largest real file known here and more: a tokenizer.json of 33 MB and a
# tokenizer.model of 4.7 MB (Gemma 3), a vocab.json of 2.8 MB (Qwen 2.5), a tekken.json of 19 MB (mistral-common's
# tekken_240911), a tiktoken file of 2.6 MB (Qwen 1).
FORMATS: tuple[Format, ...] = (
    Format("tokenizer.json", 128 * MIB, tokenizer_json.pick, tokenizer_json.read_files),
    Format("SentencePiece", 16 * MIB, sentencepiece.pick, _sentencepiece),
    Format("vocab.json and merges.txt", 16 * MIB, vocab_merges.pick, _vocab_merges),
    Format("tekken.json", 64 * MIB, tekken.pick, _tekken),
    Format("tiktoken", 16 * MIB, tiktoken.pick, _tiktoken),
)


def choose(listed: Collection[str]) -> tuple[Format, tuple[str, ...]] | None:
    """The format that a loader would take, and its files; None where a repository has no tokenizer known here."""
    for one in FORMATS:
        if files := one.pick(listed):
            return one, files
    return None
