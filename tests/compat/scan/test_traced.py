"""Texts that know their places."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from specdec_check.compat.scan.traced import Lines, Traced, joined

TEXTS = st.text(max_size=60)


@given(TEXTS, st.integers(-70, 70), st.integers(-70, 70))
def test_a_cut_is_a_slice_whose_characters_keep_their_places(text, start, end):
    cut = Traced.whole(text).cut(start, end)
    assert cut.text == text[start:end]
    assert [text[at] for at in cut.at] == list(cut.text)


@given(TEXTS)
def test_lines_and_stripping_keep_places(text):
    whole = Traced.whole(text)
    for piece in (*whole.lines(), whole.stripped()):
        assert [text[at] for at in piece.at] == list(piece.text)
    assert whole.stripped().text == text.strip()


@given(st.lists(TEXTS, max_size=5))
def test_joined_texts_keep_the_places_of_each(texts):
    parts = [Traced.placed(text, 7 * number) for number, text in enumerate(texts)]
    whole = joined(parts)
    assert whole.text == "".join(texts)
    assert list(whole.at) == [7 * number for number, text in enumerate(texts) for _ in text]


@given(st.text("a\r\n", max_size=40))
def test_positions_and_offsets_are_each_other_s_inverse(text):
    lines = Lines(text)
    for offset in range(len(text) + 1):
        assert lines.offset(*lines.position(offset)) == offset
    assert lines.position(0) == (1, 1)
