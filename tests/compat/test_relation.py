"""How two vocabularies relate: an example of each relation, and what holds of all pairs."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from snapshots import BYTE_LEVEL, snapshot, tokenizer

from specdec_check.compat.evidence import Evidence, Unknown
from specdec_check.compat.facts import Fingerprint
from specdec_check.compat.facts_model import Rows
from specdec_check.compat.fingerprint import fingerprint
from specdec_check.compat.relation import Comparison, Pair, Relation, compare, proposable
from specdec_check.compat.tokenizer.vocabulary import Vocabulary, build

NOT_KNOWN = Unknown("is not known")


def vocabulary(tokens: dict[int, bytes], added: set[int] | None = None) -> Vocabulary:
    return build(tokens, frozenset(added or ()) & tokens.keys(), frozenset(), "tokenizer.json")


def rows(head: int, embedding: int | None = None) -> Rows:
    return Rows(head, head if embedding is None else embedding, Evidence.HEADER)


def words(text: str, *added: str) -> Vocabulary:
    """A vocabulary of the words in a text, `-` for an id without a token, with added tokens behind them."""
    named = {number: word.encode() for number, word in enumerate(text.split()) if word != "-"}
    first = len(text.split())
    control = {first + number: token.encode() for number, token in enumerate(added)}
    return vocabulary(named | control, set(control))


def compared(one: Vocabulary, other: Vocabulary, *widths: Rows | Unknown) -> Comparison:
    target, drafter = widths or (rows(64), rows(64))
    return compare(one, other, target, drafter)


def counts(found: Comparison) -> tuple[Relation, int, tuple[int, ...], tuple[int, ...], tuple[int, ...], int]:
    """The relation, and the ids that it rests on."""
    sides = (found.differ, found.target_only, found.drafter_only)
    return (found.relation, found.same, *sides, found.shared_tokens)


# Examples


def test_identical() -> None:
    assert counts(compared(words("a b c"), words("a b c"))) == (Relation.IDENTICAL, 3, (), (), (), 3)
    assert compared(words("a - c"), words("a - c")).relation is Relation.IDENTICAL


@pytest.mark.parametrize("widths", [(rows(64), rows(128)), (rows(128, 64), rows(64, 64))])
def test_padded(widths: tuple[Rows, Rows]) -> None:
    assert counts(compared(words("a b c"), words("a b c"), *widths)) == (Relation.PADDED, 3, (), (), (), 3)


@pytest.mark.parametrize("widths", [(NOT_KNOWN, rows(64)), (rows(64), NOT_KNOWN), (NOT_KNOWN, NOT_KNOWN)])
def test_where_rows_are_not_known_the_relation_is_that_of_the_tokens(widths: Any) -> None:
    assert compared(words("a b"), words("a b"), *widths).relation is Relation.IDENTICAL


def test_extends() -> None:
    assert counts(compared(words("a b c d"), words("a b"))) == (Relation.EXTENDS, 2, (), (2, 3), (), 2)
    assert counts(compared(words("a - c"), words("a b -"))) == (Relation.EXTENDS, 1, (), (2,), (1,), 1)
    assert compared(words("a b", "<s>"), words("a b")).relation is Relation.EXTENDS


def test_specials_differ() -> None:
    found = compared(words("a b", "<s>", "<e>"), words("a b", "<s>", "<end>"))

    assert counts(found) == (Relation.SPECIALS_DIFFER, 3, (3,), (), (), 3)


def test_moved_tokens_are_those_that_stand_at_other_ids_alone() -> None:
    found = compared(words("the of and to in"), words("the and of in to"))

    assert (found.same, len(found.differ), found.shared_tokens, found.moved) == (1, 4, 5, 4)
    assert found.offset is None


def test_a_constant_shift_is_seen_through_a_few_other_tokens() -> None:
    plain = [f"w{number}" for number in range(200)]
    control = ["[INST]", "[/INST]", "[TOOL]"]
    found = compared(words(" ".join(plain)), words(" ".join([*control, *plain])))

    assert (found.relation, found.offset) == (Relation.DISJOINT if not found.shared_tokens else Relation.OVERLAP, 3)
    assert compared(words(" ".join([*control, *plain])), words(" ".join(plain))).offset == -3


def test_stretches_with_several_shifts_are_no_constant_one() -> None:
    plain = [f"w{number}" for number in range(200)]
    cut = [word for number, word in enumerate(plain) if number % 100 != 50]
    found = compared(words(" ".join(plain)), words(" ".join(cut)))

    assert found.relation is Relation.OVERLAP
    assert found.offset is None


def test_the_parts_of_text_follow_what_is_shared() -> None:
    plain = [f"w{number}" for number in range(100)]
    found = compared(words(" ".join(plain)), words(" ".join([*plain[:10], *reversed(plain[10:60])])))

    assert 0 < found.same_mass < found.shared_mass < 1
    assert compared(words("a b"), words("a b")).shared_mass == 1


def test_specials_that_differ_win_over_extends() -> None:
    found = compared(words("a b", "<s>", "<more>"), words("a b", "<end>"))

    assert counts(found) == (Relation.SPECIALS_DIFFER, 2, (2,), (3,), (), 2)


def test_a_special_against_a_plain_token_is_plain() -> None:
    assert compared(words("a b", "<s>"), words("a b c")).relation is Relation.OVERLAP


def test_reserved_spellings_count_as_special_without_a_flag() -> None:
    one, other = words("a <|reserved_special_token_3|>"), words("a <unused0>")

    assert compared(one, other).relation is Relation.SPECIALS_DIFFER
    assert compared(one, words("a b")).relation is Relation.OVERLAP


def test_overlap() -> None:
    found = compared(words("a b c d", "<s>"), words("a c b x", "<e>"))

    assert counts(found) == (Relation.OVERLAP, 1, (1, 2, 3, 4), (), (), 3)
    assert found.share == 0.2


def test_overlap_where_no_id_agrees() -> None:
    assert counts(compared(words("a b"), words("b a"))) == (Relation.OVERLAP, 0, (0, 1), (), (), 2)


def test_overlap_where_no_id_is_named_by_both() -> None:
    assert counts(compared(words("a b"), words("- - a b"))) == (Relation.OVERLAP, 0, (), (0, 1), (2, 3), 2)


def test_disjoint() -> None:
    assert counts(compared(words("a b"), words("x y z"))) == (Relation.DISJOINT, 0, (0, 1), (), (2,), 0)
    assert compared(words("a b"), words("- - x")).relation is Relation.DISJOINT
    assert compared(words("a b"), words("x y")).share == 0.0


def test_nothing_in_common_is_no_matter_of_specials() -> None:
    assert compared(words("", "<a>", "<b>"), words("", "<x>", "<y>")).relation is Relation.DISJOINT
    assert compared(words("", "<a>", "<b>"), words("", "<b>", "<a>")).relation is Relation.OVERLAP


def test_a_placeholder_is_no_token() -> None:
    assert compared(words("a b [PAD2]"), words("a b")).relation is Relation.IDENTICAL
    assert compared(words("a [PAD1] c"), words("a b c")).relation is Relation.EXTENDS


def test_tokens_are_compared_by_bytes() -> None:
    level = tokenizer({"Ġa": 0, "Ċ": 1}, ("<s>",), decoder=BYTE_LEVEL)
    pieces = tokenizer({"▁a": 0, "<0x0A>": 1}, ("<s>",), model={"byte_fallback": True})
    plain = tokenizer({"Ġa": 0, "Ċ": 1}, ("<s>",))
    one, two, three = (fingerprint(snapshot({"tokenizer.json": whole})).vocabulary for whole in (level, pieces, plain))
    assert not isinstance(one, Unknown)
    assert not isinstance(two, Unknown)
    assert not isinstance(three, Unknown)

    assert compared(one, two).relation is Relation.IDENTICAL
    assert one.digest == two.digest
    assert compared(one, three).relation is Relation.OVERLAP


# Properties

NAMES = [b"a", b"b", b"c", b"<s>", b"<e>", b"<unused0>", b""]
VOCABULARIES = st.builds(
    vocabulary,
    st.dictionaries(st.integers(0, 7), st.sampled_from(NAMES), min_size=1, max_size=8),
    st.frozensets(st.integers(0, 7)),
)
ROWS = st.builds(rows, st.integers(0, 10), st.integers(0, 10)) | st.just(NOT_KNOWN)


@settings(max_examples=300)
@given(VOCABULARIES, VOCABULARIES, ROWS, ROWS)
def test_the_definition(one: Vocabulary, other: Vocabulary, ours: Rows | Unknown, theirs: Rows | Unknown) -> None:
    """The comparison, written down once more in the slowest way."""
    found = compare(one, other, ours, theirs)

    both = [(number, one.token(number), other.token(number)) for number in range(10)]
    same = [number for number, a, b in both if a is not None and a == b]
    differ = tuple(number for number, a, b in both if a is not None and b is not None and a != b)
    assert found.same == len(same)
    assert found.differ == differ
    assert found.target_only == tuple(number for number, a, b in both if a is not None and b is None)
    assert found.drafter_only == tuple(number for number, a, b in both if a is None and b is not None)
    shared = ({*one.tokens} & {*other.tokens}) - {None}
    if differ or not same:
        assert found.shared_tokens == len(shared)
    plain = [number for number in differ if not (one.is_control(number) and other.is_control(number))]
    if not shared:
        assert found.relation is Relation.DISJOINT
    elif plain or not same:
        assert found.relation is Relation.OVERLAP
    elif differ:
        assert found.relation is Relation.SPECIALS_DIFFER
    elif found.target_only or found.drafter_only:
        assert found.relation is Relation.EXTENDS
    else:
        known = isinstance(ours, Rows) and isinstance(theirs, Rows)
        padded = known and ours.head != theirs.head  # type: ignore[union-attr]
        assert found.relation is (Relation.PADDED if padded else Relation.IDENTICAL)


@given(VOCABULARIES, VOCABULARIES, ROWS, ROWS)
def test_the_counts_add_up(one: Vocabulary, other: Vocabulary, ours: Rows | Unknown, theirs: Rows | Unknown) -> None:
    found = compare(one, other, ours, theirs)

    named = [sum(token is not None for token in side.tokens) for side in (one, other)]
    assert found.same + len(found.differ) + len(found.target_only) == named[0]
    assert found.same + len(found.differ) + len(found.drafter_only) == named[1]
    assert 0.0 <= found.share <= 1.0
    assert (found.share == 1.0) == (not found.differ and found.same > 0)
    for numbers in (found.differ, found.target_only, found.drafter_only):
        assert list(numbers) == sorted(set(numbers))


@given(VOCABULARIES, VOCABULARIES, ROWS, ROWS)
def test_the_relation_is_symmetric(one: Vocabulary, other: Vocabulary, ours: Any, theirs: Any) -> None:
    there, back = compare(one, other, ours, theirs), compare(other, one, theirs, ours)

    assert counts(there) == counts(replace(back, target_only=back.drafter_only, drafter_only=back.target_only))
    assert there.moved == back.moved


@given(VOCABULARIES, ROWS)
def test_a_vocabulary_is_identical_to_itself(one: Vocabulary, ours: Rows | Unknown) -> None:
    assert compare(one, one, ours, ours).relation is Relation.IDENTICAL


# What may be proposed


def facts(tokens: Vocabulary | Unknown, width: Rows | Unknown) -> Fingerprint:
    return replace(fingerprint(snapshot({})), vocabulary=tokens, rows=width)


@given(VOCABULARIES, VOCABULARIES, ROWS, ROWS)
def test_what_may_be_proposed(one: Vocabulary, other: Vocabulary, ours: Rows | Unknown, theirs: Rows | Unknown) -> None:
    pair = Pair.of(facts(one, ours), facts(other, theirs))
    if isinstance(ours, Unknown) or isinstance(theirs, Unknown):
        with pytest.raises(ValueError, match="not known"):
            proposable(pair)
        return

    found = proposable(pair)

    inside = min(ours.head, ours.embedding, theirs.head, theirs.embedding)
    may = [number for number in range(12) if number < len(found) and found[number]]
    assert may == [n for n in range(inside) if one.token(n) is not None and one.token(n) == other.token(n)]
    assert set(found) <= {0, 1}
    assert len(found) <= inside


def test_nothing_may_be_proposed_where_a_vocabulary_is_not_known() -> None:
    for pair in (
        Pair.of(facts(NOT_KNOWN, rows(4)), facts(words("a"), rows(4))),
        Pair.of(facts(words("a"), rows(4)), facts(NOT_KNOWN, rows(4))),
    ):
        assert pair.comparison == NOT_KNOWN
        with pytest.raises(ValueError, match="not known"):
            proposable(pair)
