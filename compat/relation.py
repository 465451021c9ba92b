"""How two vocabularies relate, id by id, by the bytes that each id stands for."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from itertools import zip_longest

from .facts import Fingerprint, Rows, Unknown
from .tokenizer.vocabulary import Vocabulary


class Relation(StrEnum):
    """What the comparison of two vocabularies comes to, from closest to farthest."""

    IDENTICAL = "identical"
    PADDED = "padded"
    EXTENDS = "extends"
    SPECIALS_DIFFER = "specials-differ"
    OVERLAP = "overlap"
    DISJOINT = "disjoint"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two vocabularies, compared on every id that either names.

    Attributes:
        relation: what it comes to. Where the rows of a model are not known, that of the tokens alone.
        same: how many ids carry the same token on both sides.
        differ: ids that both sides name, with different bytes.
        target_only: ids that only the target names.
        drafter_only: ids that only the drafter names.
        shared_tokens: how many byte strings both sides have, at whatever id.
    """

    relation: Relation
    same: int
    differ: tuple[int, ...] = field(repr=False)
    target_only: tuple[int, ...] = field(repr=False)
    drafter_only: tuple[int, ...] = field(repr=False)
    shared_tokens: int

    @property
    def share(self) -> float:
        """The part of the ids named by both that carry the same token, 0 to 1."""
        both = self.same + len(self.differ)
        return self.same / both if both else 0.0


def compare(
    target: Vocabulary, drafter: Vocabulary, target_rows: Rows | Unknown, drafter_rows: Rows | Unknown
) -> Comparison:
    """Compares two vocabularies.

    `specials-differ` wins over `extends`; ids that differ count as special only where neither side has plain text.
    """
    same, differ, target_only, drafter_only = 0, [], [], []
    for number, (ours, theirs) in enumerate(zip_longest(target.tokens, drafter.tokens)):
        if ours == theirs:
            same += ours is not None
        elif theirs is None:
            target_only.append(number)
        elif ours is None:
            drafter_only.append(number)
        else:
            differ.append(number)
    shared = len((set(target.tokens) & set(drafter.tokens)) - {None}) if differ else same
    if differ:
        plain = any(not (target.is_control(number) and drafter.is_control(number)) for number in differ)
        relation = (Relation.OVERLAP if shared else Relation.DISJOINT) if plain else Relation.SPECIALS_DIFFER
    elif target_only or drafter_only:
        relation = Relation.EXTENDS if same else Relation.DISJOINT
    else:
        relation = Relation.IDENTICAL if _equal_width(target_rows, drafter_rows) else Relation.PADDED
    return Comparison(relation, same, tuple(differ), tuple(target_only), tuple(drafter_only), shared)


def _equal_width(target: Rows | Unknown, drafter: Rows | Unknown) -> bool:
    return isinstance(target, Unknown) or isinstance(drafter, Unknown) or target.head == drafter.head


@dataclass(frozen=True, slots=True)
class Pair:
    """Two fingerprints and their comparison: all that a rule may look at.

    Attributes:
        comparison: of the vocabularies; unknown where one of them is.
    """

    target: Fingerprint
    drafter: Fingerprint
    comparison: Comparison | Unknown

    @classmethod
    def of(cls, target: Fingerprint, drafter: Fingerprint) -> Pair:
        """Compares two models' vocabularies, once for all rules."""
        ours, theirs = target.vocabulary, drafter.vocabulary
        if isinstance(ours, Unknown):
            return cls(target, drafter, ours)
        if isinstance(theirs, Unknown):
            return cls(target, drafter, theirs)
        return cls(target, drafter, compare(ours, theirs, target.rows, drafter.rows))


def proposable(pair: Pair) -> bytes:
    """Which ids the drafter may propose: one byte per id, 1 for yes.

    Those that both tokenizers name with the same bytes and that lie inside both models' rows. Any other draft is
    either out of range or sure to mean something else.

    Raises:
        ValueError: if a vocabulary or the rows of a model are unknown.
    """
    facts = (pair.target.vocabulary, pair.drafter.vocabulary, pair.target.rows, pair.drafter.rows)
    ours, theirs, target_rows, drafter_rows = facts
    if (
        isinstance(ours, Unknown)
        or isinstance(theirs, Unknown)
        or isinstance(target_rows, Unknown)
        or isinstance(drafter_rows, Unknown)
    ):
        raise ValueError("the ids that may be proposed depend on a fact that is not known")
    width = min(target_rows.head, target_rows.embedding, drafter_rows.head, drafter_rows.embedding)
    agreeing = (a is not None and a == b for a, b in zip(ours.tokens[:width], theirs.tokens, strict=False))
    return bytes(agreeing)
