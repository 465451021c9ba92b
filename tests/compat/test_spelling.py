"""Spellings and the bytes that they stand for, against the decoders of the tokenizers library."""

from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import decoders, pre_tokenizers

from specdec_check.compat.tokenizer.spelling import Family, added_tokens, trained_tokens

ALPHABET = pre_tokenizers.ByteLevel.alphabet()
SPELL = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
DECODER = decoders.ByteLevel()


def byte_level(*spellings: str) -> list[bytes]:
    return trained_tokens(Family.BYTE_LEVEL, list(spellings))


def sentencepiece(*spellings: str) -> list[bytes]:
    return trained_tokens(Family.SENTENCEPIECE, list(spellings))


def test_each_byte_has_one_character() -> None:
    inverted = byte_level(*ALPHABET)

    assert sorted(inverted) == [bytes([byte]) for byte in range(256)]
    for char, token in zip(ALPHABET, inverted, strict=True):
        assert char == token.decode("latin-1") or ord(char) >= 256
        assert DECODER.decode([char]) == token.decode("utf-8", "replace")


def test_well_known_spellings() -> None:
    assert byte_level("Ġthe", "Ċ", "ĉ", "č", "Ā", "ÃŃ", "ðŁĻĤ") == [
        b" the",
        b"\n",
        b"\t",
        b"\r",
        b"\0",
        "í".encode(),
        "🙂".encode(),
    ]


@given(st.text(min_size=1))
def test_text_that_the_library_spells_is_inverted(text: str) -> None:
    ((spelled, _),) = SPELL.pre_tokenize_str(text)

    assert byte_level(spelled) == [text.encode()]


@given(st.lists(st.text(st.sampled_from(ALPHABET))))
def test_any_bytes_are_as_the_decoder_has_them(spellings: list[str]) -> None:
    inverted = byte_level(*spellings)

    assert [len(token) for token in inverted] == [len(spelling) for spelling in spellings]
    assert b"".join(inverted).decode("utf-8", "replace") == DECODER.decode(spellings)


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("Ġ\0")
@example("Ġ ")
@example("Ġ\xad")
@example("Ġ漢")
def test_outside_the_alphabet_a_token_is_its_own_text(text: str) -> None:
    expected = DECODER.decode([text])

    assert byte_level(text)[0].decode("utf-8", "replace") == expected


@given(st.data())
def test_a_token_means_the_same_in_any_company(data: st.DataObject) -> None:
    odd = st.sampled_from(["", " ", "\0", "\n", "\x7f", "\xa0", "\xad", "<|end▁of▁sentence|>", "漢", "\ud800", "Ġ\0"])
    picked = data.draw(st.lists(st.tuples(st.integers(0, 2500), odd), max_size=6))
    spellings = ["Ġtoken", "Ā", ""] * 850
    for place, spelling in picked:
        spellings[place] = spelling

    together = byte_level(*spellings)

    alone = {spelling: byte_level(spelling)[0] for spelling in set(spellings)}
    assert together == [alone[spelling] for spelling in spellings]


def test_sentencepiece_marks_spaces_and_bytes() -> None:
    assert sentencepiece("▁the", "▁▁", "<0x0A>", "<0xff>", "<0xaB>", "", "<0x0A", "<0x0AB>", "x<0x0A>", "<0xZZ>") == [
        b" the",
        b"  ",
        b"\n",
        b"\xff",
        b"\xab",
        b"",
        b"<0x0A",
        b"<0x0AB>",
        b"x<0x0A>",
        b"<0xZZ>",
    ]


def test_sentencepiece_spells_each_byte_as_the_decoder_has_it() -> None:
    spellings = [f"<0x{byte:02X}>" for byte in range(256)]
    fallback = decoders.ByteFallback()

    assert sentencepiece(*spellings) == [bytes([byte]) for byte in range(256)]
    for byte in range(128):
        assert fallback.decode([spellings[byte]]) == chr(byte)


def test_plain_tokens_are_their_text() -> None:
    spellings = ["##ing", "▁the", "Ġthe", "<0x0A>", "\0", "\ud800"]

    assert trained_tokens(Family.PLAIN, spellings) == [text.encode("utf-8", "surrogatepass") for text in spellings]


def test_added_tokens_are_their_content() -> None:
    contents = ["<|im_end|>", "Ġ", "<0x0A>", "  ", "<|end▁of▁sentence|>"]
    texts = [content.encode() for content in contents]

    assert added_tokens(Family.BYTE_LEVEL, contents) == added_tokens(Family.PLAIN, contents) == texts
    assert added_tokens(Family.SENTENCEPIECE, contents) == [*texts[:-1], b"<|end of sentence|>"]
