"""The formats that a tokenizer is published in, in the order in which loaders prefer them: all of them listed here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from . import tokenizer_json
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


# The largest real tokenizer.json known here is Gemma 3's, 33 MB; the bound leaves room for a vocabulary four times its
# size.
FORMATS: tuple[Format, ...] = (
    Format("tokenizer.json", 128 * MIB, tokenizer_json.pick, tokenizer_json.read_files),
)


def choose(listed: Collection[str]) -> tuple[Format, tuple[str, ...]] | None:
    """The format that a loader would take, and its files; None where a repository has no tokenizer known here."""
    for one in FORMATS:
        if files := one.pick(listed):
            return one, files
    return None
