"""The merges of a BPE model, which formats spell differently, as one digest."""

from __future__ import annotations

import hashlib
from itertools import chain
from typing import Any

from ..errors import MalformedError
from ..jsonfile import canonical


def digest(merges: list[Any], path: str) -> str:
    """Digest of the merges in order, which are spelled "a b" in older files and ["a", "b"] in newer ones.

    Raises:
        MalformedError: if one of them is no text or list of texts.
    """
    spelled_as_lists = set(map(type, merges)) == {list}
    try:
        joined = " ".join(chain.from_iterable(merges) if spelled_as_lists else merges)
    except TypeError as error:
        raise MalformedError(f"{path} has a merge that is no pair of tokens: it is damaged.") from error
    if joined.count(" ") != max(0, 2 * len(merges) - 1):  # a token of a pair holds a space: only lists can say so
        joined = canonical(merges, path)
    return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()
