"""What the engine must know of a certified pair: sizes, ids and limits, as plain numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .errors import DecodeError

Ranges = tuple[tuple[int, int], ...]


def ranges(ids: Iterable[int]) -> Ranges:
    """The ids as sorted, disjoint, half-open ranges: {0, 1, 2, 7} is ((0, 3), (7, 8))."""
    found: list[list[int]] = []
    for token in sorted(set(ids)):
        if found and found[-1][1] == token:
            found[-1][1] = token + 1
        else:
            found.append([token, token + 1])
    return tuple((start, end) for start, end in found)


@dataclass(frozen=True, slots=True)
class Pairing:
    """The facts of a pair that decoding stands on.

    Attributes:
        target_rows: rows of the target's output head and of its embedding; the width of its logits.
        drafter_rows: the same of the drafter; 0 where there is none.
        proposable: ids that the drafter may propose, as `ranges` gives them: those that both tokenizers name with the
            same bytes and that lie inside both models' rows.
        stand_in: the id that the drafter is fed in place of one that it cannot embed.
        eos: the target's end-of-sequence ids. A committed one ends the text.
        target_context: the most tokens, prompt included, that the target may hold; None means no limit is known.
        drafter_context: the same of the drafter. Past it decoding goes on without drafts.
    """

    target_rows: int
    drafter_rows: int
    proposable: Ranges
    stand_in: int
    eos: frozenset[int]
    target_context: int | None = None
    drafter_context: int | None = None

    def __post_init__(self) -> None:
        """Refuses numbers that would index past a matrix.

        Raises:
            DecodeError: if a range is unsorted or reaches past either model's rows, or the stand-in has no row.
        """
        if self.target_rows < 1 or self.drafter_rows < 0:
            raise DecodeError(f"A pairing of {self.target_rows} and {self.drafter_rows} rows is none: read them again.")
        floor = 0
        for start, end in self.proposable:
            if start < floor or end <= start:
                raise DecodeError(
                    f"The proposable ids {start} to {end - 1} are out of order: build them with ranges()."
                )
            floor = end
        if floor > self.shared_rows:
            raise DecodeError(
                f"Id {floor - 1} cannot be proposed: the target has {self.target_rows} rows and the drafter"
                f" {self.drafter_rows}; leave out ids past either."
            )
        if self.drafter_rows and not 0 <= self.stand_in < self.drafter_rows:
            raise DecodeError(
                f"The stand-in {self.stand_in} lies outside the drafter's {self.drafter_rows} rows: choose one inside."
            )

    @classmethod
    def alone(cls, target_rows: int, eos: Iterable[int] = (), target_context: int | None = None) -> Pairing:
        """A target that decodes without a drafter."""
        return cls(target_rows, 0, (), 0, frozenset(eos), target_context)

    @property
    def shared_rows(self) -> int:
        """How many ids lie inside both models' rows."""
        return min(self.target_rows, self.drafter_rows)
