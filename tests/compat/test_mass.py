"""The estimate of how often tokens occur: its bounds, and what it must tell apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from specdec_check.compat.mass import masses
from specdec_check.compat.tokenizer.vocabulary import Vocabulary, build

WORDS = [f"w{number}".encode() for number in range(1000)]


def vocabulary(words: list[bytes], added: int = 0) -> Vocabulary:
    tokens = dict(enumerate(words))
    return build(tokens, frozenset(range(len(words) - added, len(words))), frozenset(), "tokenizer.json")


@given(st.sets(st.sampled_from(WORDS)), st.sets(st.sampled_from(WORDS)))
def test_a_part_lies_between_0_and_1_and_grows_with_the_set(one: set[bytes], other: set[bytes]) -> None:
    less, more, whole = masses(vocabulary(WORDS), one, one | other, set(WORDS))

    assert 0 <= less <= more <= 1 + 1e-9
    assert abs(whole - 1) < 1e-9


def test_early_tokens_weigh_more_than_late_ones() -> None:
    first, last = masses(vocabulary(WORDS), set(WORDS[:100]), set(WORDS[-100:]))

    assert first > 0.5 > 0.1 > last > 0


def test_controls_and_single_bytes_have_no_part_in_plain_text() -> None:
    plain, alphabet, control = masses(
        vocabulary([b"a", b"b", b"the", b"of", b"<s>"], added=1), {b"the", b"of"}, {b"a", b"b"}, {b"<s>"}
    )

    assert (round(plain, 9), alphabet, control) == (1, 0, 0)


def test_a_vocabulary_without_plain_tokens_has_no_mass() -> None:
    assert masses(vocabulary([b"a", b"<s>"], added=1), {b"a", b"<s>"}) == (0.0,)
