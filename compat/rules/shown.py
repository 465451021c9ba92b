"""What findings show of tokens: JSON values, in which a repository's own text is not yet escaped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..finding import known
from ..relation import Pair

FEW, MANY = 5, 12


def token_text(token: bytes | None) -> str | None:
    """A token's bytes as text; bytes that are no UTF-8 as hexadecimal escapes."""
    return None if token is None else token.decode("utf-8", "backslashreplace")


def percent(part: float) -> str:
    """A part of a whole as people read it: no digit that an estimate does not have, and never a false 0 or 100."""
    if 0 < part < 0.01:
        return "under 1%"
    return "over 99%" if 0.99 < part < 1 else f"{part:.0%}"


def more(numbers: Sequence[int], shown: int) -> str:
    """What stands behind a list that was cut off."""
    return ", …" if len(numbers) > shown else ""


def examples(numbers: tuple[int, ...], pair: Pair, most: int = FEW) -> list[dict[str, Any]]:
    """The first ids of a list, with the token that each side has there."""
    ours, theirs = known(pair.target.vocabulary), known(pair.drafter.vocabulary)
    return [
        {"id": number, "target": token_text(ours.token(number)), "drafter": token_text(theirs.token(number))}
        for number in numbers[:most]
    ]
