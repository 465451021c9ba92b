"""What a run gives: its rounds while it goes on, and its result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from .stats import Statistics

Finish = Literal["eos", "stop", "length", "context"]


@dataclass(frozen=True, slots=True)
class Round:
    """One round, as it was committed.

    Attributes:
        number: 0 is the prefill, which drafts nothing.
        drafted: the ids proposed.
        accepted: how many of them, from the first, are committed.
        own: the target's own id after them, a correction or a bonus; None when the text ended before it.
        pieces: the text that each committed id made safe to show, in order; empty without a tokenizer.
        finish: why the text ends here; None when it goes on.
    """

    number: int
    drafted: tuple[int, ...]
    accepted: int
    own: int | None
    pieces: tuple[str, ...]
    finish: Finish | None

    @property
    def committed(self) -> tuple[int, ...]:
        """The ids that this round adds to the text."""
        return self.drafted[: self.accepted] + (() if self.own is None else (self.own,))

    @property
    def corrected(self) -> bool:
        """Whether the target's own id replaces a rejected one."""
        return self.own is not None and self.accepted < len(self.drafted)


@dataclass(frozen=True, slots=True)
class Result:
    """A finished run.

    Attributes:
        text: what was decoded, without special tokens and cut before a stop string; None without a tokenizer.
        ids: the committed ids, with the end-of-sequence id or the ids of a stop string that ended them.
        finish: `eos`, `stop`, `length` (max_new_tokens) or `context` (the target's limit).
        seed: repeats the run.
        statistics: what it took.
    """

    text: str | None
    ids: tuple[int, ...]
    finish: Finish
    seed: int
    statistics: Statistics

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        head = {"text": self.text, "ids": list(self.ids), "finish": self.finish, "seed": self.seed}
        return head | self.statistics.to_dict()
