"""Text as it streams: the whole decoding in the end, whole characters on the way, no part of a stop string."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from specdec_check.decode.stream import Detokenizer, StopStrings, TextStream

LAW = settings(max_examples=80, deadline=None, derandomize=True)


@pytest.fixture(scope="module")
def pieces():
    """As SentencePiece has it: letters and byte tokens, the first space a mark."""
    names = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", *"abcdefghijklmnopé."]
    tokenizer = Tokenizer(
        models.BPE({name: index for index, name in enumerate(names)}, [], byte_fallback=True, unk_token=names[0])
    )
    tokenizer.add_special_tokens(["<s>", "</s>"])
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return tokenizer


@pytest.fixture(scope="module")
def wordpiece():
    names = ["[UNK]", "[CLS]", "hello", "##s", "there", ",", "!", "a"]
    tokenizer = Tokenizer(models.WordPiece({name: index for index, name in enumerate(names)}, unk_token=names[0]))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"\s+"), "removed")
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(["[CLS]"])
    return tokenizer


def streamed(tokenizer, ids, prompt=()):
    words = Detokenizer(tokenizer, prompt)
    return [words.push(token) for token in ids], words.flush()


@LAW
@given(data=st.data())
def test_any_ids_of_a_byte_level_vocabulary(words, data):
    """Random ids are mostly broken UTF-8: the replacement characters come out as in one go."""
    ids = data.draw(st.lists(st.integers(0, words.get_vocab_size() - 1), max_size=40))
    shown, rest = streamed(words, ids)
    assert "".join(shown) + rest == words.decode(ids)


@LAW
@given(text=st.text(max_size=30), prompt=st.text(min_size=1, max_size=20))
def test_any_text_in_a_byte_level_vocabulary(words, text, prompt):
    before, ids = words.encode(prompt).ids, words.encode(text).ids
    shown, rest = streamed(words, ids, before)
    if "\ufffd" not in text:
        assert rest == ""
        assert all("\ufffd" not in piece for piece in shown)
    assert "".join(shown) + rest == text


@LAW
@given(text=st.text(st.sampled_from("abc é日🎉.  "), max_size=30))
def test_any_text_in_a_vocabulary_with_byte_fallback(pieces, text):
    ids = pieces.encode(text).ids
    shown, rest = streamed(pieces, ids)
    assert rest == ""
    assert all("\ufffd" not in piece for piece in shown)
    assert "".join(shown) == pieces.decode(ids)
    # After a prompt, the space between words is text and not the mark of a beginning.
    prompt = pieces.encode("abc").ids
    assert "".join(streamed(pieces, ids, prompt)[0]) == pieces.decode(prompt + ids)[3:]


def test_a_character_waits_for_its_last_byte(words, pieces):
    for tokenizer in (words, pieces):
        ids = tokenizer.encode("a🎉b").ids
        shown, _ = streamed(tokenizer, ids)
        assert [piece for piece in shown if piece] in (["a", "🎉", "b"], [" a", "🎉", "b"])


def test_special_tokens_have_no_text_and_hide_no_space(pieces):
    ids = [token for word in ("ab", "cd") for token in (1, *pieces.encode(word).ids, 2)]
    shown, rest = streamed(pieces, ids)
    assert "".join(shown) + rest == pieces.decode(ids) == "ab cd"


@LAW
@given(ids=st.lists(st.integers(1, 7), max_size=20))
def test_a_decoder_that_looks_back(wordpiece, ids):
    shown, rest = streamed(wordpiece, ids)
    assert "".join(shown) + rest == wordpiece.decode(ids)


def test_a_transformers_tokenizer_is_taken_as_well(words):
    ids = words.encode("déjà vu").ids
    wrapped = PreTrainedTokenizerFast(tokenizer_object=words)
    assert streamed(wrapped, ids) == streamed(words, ids)


@LAW
@given(
    chunks=st.lists(st.text("abc", max_size=4), max_size=12),
    stops=st.lists(st.text("abc", min_size=1, max_size=4), max_size=3),
)
def test_stop_strings(chunks, stops):
    """The text ends with the first chunk that completes one, and before the first that it holds by then."""
    text, stopped = "", False
    for chunk in chunks:
        text += chunk
        found = [text.find(stop) for stop in stops if stop in text]
        if found:
            text, stopped = text[: min(found)], True
            break
    filter_, shown = StopStrings(stops), ""
    for chunk in chunks:
        shown += filter_.push(chunk)
        assert text.startswith(shown)  # so nothing was shown that belongs to a stop string
    assert filter_.stopped == stopped
    assert shown + filter_.flush() == text


def test_nothing_is_held_back_without_need():
    filter_ = StopStrings(["<end>"])
    assert [filter_.push(piece) for piece in ("a", "<", "b", "<e", "nd", "x")] == ["a", "", "<b", "", "", "<endx"]


def test_text_and_stop_together(words):
    ids = words.encode("Zoë 🎉 STOP here").ids
    stream = TextStream(words, stops=["🎉 ST"])
    shown = "".join(stream.push(token) for token in ids) + stream.finish()
    assert shown == stream.text == "Zoë "
    assert stream.stopped
