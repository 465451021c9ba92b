"""How well a fact is known.

A fact is a value, None where the model's files are known not to say, or `Unknown` where it could not be had.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that could not be had, and why: a clause such as "publishes no config.json"."""

    why: str


class Evidence(StrEnum):
    """Where a fact came from."""

    CONTENT = "content"  # the bytes were read
    DIGEST = "digest"  # proved equal to bytes that were read, by the digests that the Hub lists
    HEADER = "header"  # the weights' header was read
    DECLARED = "declared"  # a config claims it
