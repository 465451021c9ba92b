"""How two vocabularies relate, id by id, by the bytes that each id stands for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import compress
from operator import ne

from .behaviour import Behaviour
from .evidence import Unknown
from .facts import Fingerprint
from .facts_model import Rows
from .mass import masses
from .options import NOTHING_SET, Options
from .tokenizer.vocabulary import Vocabulary

_SAMPLE = 4096
_MOST = 0.95  # of the sample; siblings such as Llama 3 and Qwen 2, cut from one list, share shifts over long stretches


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
        shared_tokens: how many byte strings both sides have, at whatever id; `same` where no id differs.
        moved: how many of these never stand at the same id.
        offset: what is to be added to the target's ids to get the drafter's, where nearly all differing ids are merely
            shifted; None where they are not.
        same_mass: the estimated part of the target's text that is made of ids that agree, 0 to 1 (see `mass`).
        shared_mass: the same of byte strings that both sides have. It bounds the acceptance under translation.
    """

    relation: Relation
    same: int
    differ: tuple[int, ...] = field(repr=False)
    target_only: tuple[int, ...] = field(repr=False)
    drafter_only: tuple[int, ...] = field(repr=False)
    shared_tokens: int
    moved: int = 0
    offset: int | None = None
    same_mass: float = 1.0
    shared_mass: float = 1.0

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
    width = max(target.used, drafter.used)
    ours = target.tokens + (None,) * (width - target.used)
    theirs = drafter.tokens + (None,) * (width - drafter.used)
    alike = target.digest == drafter.digest
    unequal = [] if alike else list(compress(range(width), map(ne, ours, theirs)))
    target_only = [number for number in unequal if theirs[number] is None]
    drafter_only = [number for number in unequal if ours[number] is None]
    differ = [number for number in unequal if ours[number] is not None and theirs[number] is not None]
    same = width - ours.count(None) - len(target_only) - len(differ)
    relation = _relation(target, drafter, same, differ)
    if relation is Relation.IDENTICAL and (target_only or drafter_only):
        relation = Relation.EXTENDS
    elif relation is Relation.IDENTICAL and not _equal_width(target_rows, drafter_rows):
        relation = Relation.PADDED
    found = Comparison(relation, same, tuple(differ), tuple(target_only), tuple(drafter_only), same)
    return _measured(found, target, drafter) if differ or not same else found


def _relation(target: Vocabulary, drafter: Vocabulary, same: int, differ: list[int]) -> Relation:
    """The relation as far as the ids decide that both sides name."""
    if not same:
        return Relation.OVERLAP if {*target.tokens}.intersection(drafter.tokens) - {None} else Relation.DISJOINT
    if any(not (target.is_control(number) and drafter.is_control(number)) for number in differ):
        return Relation.OVERLAP
    return Relation.SPECIALS_DIFFER if differ else Relation.IDENTICAL


def _measured(found: Comparison, target: Vocabulary, drafter: Vocabulary) -> Comparison:
    """How much two vocabularies with differing ids have in common all the same."""
    shared = {*target.tokens}.intersection(drafter.tokens) - {None}
    agreeing = {a for a, b in zip(target.tokens, drafter.tokens, strict=False) if a is not None and a == b}
    found = replace(found, shared_tokens=len(shared), moved=len(shared) - len(agreeing))
    if found.relation is Relation.SPECIALS_DIFFER:
        return found  # control tokens have no part in plain text, and stand where each family puts them
    same_mass, shared_mass = masses(target, agreeing, shared)
    offset = _offset(found.differ, target, drafter)
    return replace(found, offset=offset, same_mass=same_mass, shared_mass=shared_mass)


def _offset(differ: tuple[int, ...], target: Vocabulary, drafter: Vocabulary) -> int | None:
    """The shift by which most of the differing ids agree, if there is one: an upset conversion, not other tokens."""
    places = {token: number for number, token in enumerate(drafter.tokens) if token}
    sample = differ[:: max(1, len(differ) // _SAMPLE)]
    shifts = Counter(places[token] - number for number in sample if (token := target.tokens[number]) in places)
    for shift, count in shifts.most_common(1):
        if shift and count > len(sample) * _MOST:
            return shift
    return None


def _equal_width(target: Rows | Unknown, drafter: Rows | Unknown) -> bool:
    return isinstance(target, Unknown) or isinstance(drafter, Unknown) or target.head == drafter.head


@dataclass(frozen=True, slots=True)
class Pair:
    """Two fingerprints and their comparison: all that a rule may look at.

    Attributes:
        comparison: of the vocabularies; unknown where one of them is.
        behaviour: of the tokenizers on the same texts; None where the two are equal, or not fit to be certified.
        options: what the pair is run with.
    """

    target: Fingerprint
    drafter: Fingerprint
    comparison: Comparison | Unknown
    behaviour: Behaviour | Unknown | None = None
    options: Options = NOTHING_SET

    @classmethod
    def of(cls, target: Fingerprint, drafter: Fingerprint) -> Pair:
        """Compares two models' vocabularies, once for all rules."""
        ours, theirs = target.vocabulary, drafter.vocabulary
        if isinstance(ours, Unknown):
            return cls(target, drafter, ours)
        if isinstance(theirs, Unknown):
            return cls(target, drafter, theirs)
        return cls(target, drafter, compare(ours, theirs, target.rows, drafter.rows))

    def planned(self, options: Options) -> Pair:
        """The pair as it is run with these options: neither model's context reaches past the planned one."""
        target, drafter = (_within(facts, options.context) for facts in (self.target, self.drafter))
        return replace(self, target=target, drafter=drafter, options=options)

    def stretched(self) -> Pair:
        """The pair with contexts as far as the stretched positions reach, within the plan (see `Fingerprint.reach`)."""
        sides = (replace(facts, context=facts.reach) for facts in (self.target, self.drafter))
        target, drafter = (_within(facts, self.options.context) for facts in sides)
        return replace(self, target=target, drafter=drafter)

    @property
    def longest(self) -> int | Unknown | None:
        """The longest sequence that comes up, in tokens: the target's context as planned, or the plan, if it has none.

        None where neither is known.
        """
        return self.options.context if self.target.context is None else self.target.context


def _within(facts: Fingerprint, length: int | None) -> Fingerprint:
    context = facts.context
    if length is None or not isinstance(context, int) or context <= length:
        return facts
    return replace(facts, context=length)


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
