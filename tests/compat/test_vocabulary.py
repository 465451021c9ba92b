"""The vocabulary: ids, bytes, flags, digest, and what no vocabulary can be."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specdec_check.compat.errors import MalformedError
from specdec_check.compat.tokenizer.vocabulary import MAX_ID, Vocabulary, build

TOKENS = st.dictionaries(st.integers(0, 12), st.binary(max_size=3), min_size=1, max_size=8)


def made(tokens: dict[int, bytes], added: tuple[int, ...] = (), special: tuple[int, ...] = ()) -> Vocabulary:
    return build(tokens, frozenset(added), frozenset(special), "tokenizer.json")


@given(TOKENS)
def test_ids_are_places(tokens: dict[int, bytes]) -> None:
    vocabulary = made(tokens)

    assert vocabulary.used == max(tokens) + 1 == len(vocabulary.tokens)
    for number in range(-3, 20):
        assert vocabulary.token(number) == tokens.get(number)


@given(TOKENS, TOKENS)
def test_digests_are_equal_where_tokens_are(one: dict[int, bytes], other: dict[int, bytes]) -> None:
    assert (made(one).digest == made(other).digest) == (one == other)
    assert made(one).digest == made(dict(reversed(one.items()))).digest


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({0: b"ab", 1: b"c"}, {0: b"a", 1: b"bc"}),
        ({0: b"", 1: b"a"}, {0: b"a", 1: b""}),
        ({0: b"a", 2: b"b"}, {0: b"a", 1: b"b"}),
        ({0: b"a", 1: b"", 2: b"b"}, {0: b"a", 2: b"b"}),
        ({0: b"\0\0\0\0"}, {0: b"", 1: b""}),
    ],
)
def test_digests_tell_borders_and_gaps(one: dict[int, bytes], other: dict[int, bytes]) -> None:
    assert made(one).digest != made(other).digest


def test_flags_do_not_touch_the_digest() -> None:
    assert made({0: b"a"}).digest == made({0: b"a"}, (0,), (0,)).digest


def test_placeholders_carry_no_token() -> None:
    vocabulary = made(
        {0: b"[PAD0]", 1: b"a", 2: b"[PAD]", 3: b"[PAD1]x", 4: b"[PAD151669]"}, added=(1, 4), special=(4,)
    )

    assert vocabulary.tokens == (None, b"a", b"[PAD]", b"[PAD1]x")
    assert (vocabulary.added, vocabulary.special) == ({1}, frozenset())
    assert vocabulary.digest == made({1: b"a", 2: b"[PAD]", 3: b"[PAD1]x"}).digest


def test_a_token_may_be_empty_or_very_long() -> None:
    long = bytes(range(256)) * 40_000

    assert made({0: b"", 3: long}).tokens == (b"", None, None, long)


@pytest.mark.parametrize("tokens", [{}, {-1: b"a"}, {MAX_ID + 1: b"a"}, {10**9: b"a"}, {10**30: b"a"}, {7: b"[PAD7]"}])
def test_what_no_vocabulary_is(tokens: dict[int, bytes]) -> None:
    with pytest.raises(MalformedError, match=r"^tokenizer.json names no tokens, or ids outside"):
        made(tokens)


def test_the_largest_id_is_bounded_in_memory() -> None:
    assert made({MAX_ID: b"a"}).used == MAX_ID + 1


@pytest.mark.parametrize(
    "text",
    """<|reserved_special_token_3|> <|extra_0|> <extra_id_99> <unused7> [unused7] [control_12] <SPECIAL_20>
    <|placeholder1|> <|dummy_4|> <|reserved_200019|> <reserved>""".split(),
)
def test_reserved_spellings_are_control(text: str) -> None:
    assert made({0: text.encode()}).is_control(0)


@pytest.mark.parametrize(
    "text", ["<s>", "the", "reserved", "<b>", "[unused]", "<extra", "x<unused7>", "<unused7>x", ""]
)
def test_other_spellings_are_control_only_by_their_flags(text: str) -> None:
    tokens = {0: text.encode(), 1: b"a"}

    assert not made(tokens).is_control(0)
    assert made(tokens, added=(0,)).is_control(0)
    assert made(tokens, special=(0,)).is_control(0)


def test_an_id_without_a_token_is_no_control() -> None:
    assert not any(made({1: b"<unused1>"}).is_control(number) for number in (-1, 0, 2, 10**9))


def test_its_text_form_is_short() -> None:
    assert re.fullmatch(r"Vocabulary\(file='tokenizer.json', digest='\w{64}'\)", repr(made({0: b"a" * 10_000})))
