"""tokenizer.model: pieces as sentencepiece has them, what other files add, and files that are none."""

from importlib.resources import files as resources
from io import BytesIO
from typing import Any

import pytest
from hostile import TEXTS, torn, tried
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from making import CORPUS
from sentencepiece import SentencePieceProcessor, SentencePieceTrainer
from tokenizer_files import (
    BYTE,
    BYTES,
    CONTROL,
    FIRST,
    NORMAL,
    UNUSED,
    USER_DEFINED,
    Piece,
    added_list,
    field,
    piece,
    sentencepiece,
    varint,
)

from specdec_check.compat.errors import MalformedError
from specdec_check.compat.tokenizer.sentencepiece import pick, read
from specdec_check.compat.tokenizer.tokenizer import Tokenizer

CONFIG, ADDED = "tokenizer_config.json", "added_tokens.json"
DATA = resources("mistral_common") / "data"
PUBLISHED = sorted(file.name for file in DATA.iterdir() if ".model" in file.name)
SOUND: tuple[Piece, ...] = (*FIRST, ("<mask>", USER_DEFINED), *BYTES, ("▁", NORMAL), ("▁a", NORMAL), ("b", NORMAL))


def tokens(data: bytes, files: Any = None) -> tuple[bytes | None, ...]:
    return read(data, files or {}).vocabulary.tokens


def library(data: bytes) -> SentencePieceProcessor:
    return SentencePieceProcessor(model_proto=data)


def check_against_the_library(data: bytes) -> None:
    """Every id: its bytes, by decoding it behind a letter, and its flags."""
    ours, theirs = read(data, {}), library(data)
    letter = next(number for number in range(len(theirs)) if theirs.id_to_piece(number) == "a")
    for number in range(len(theirs)):
        text, token = theirs.id_to_piece(number), ours.vocabulary.token(number)
        assert token is not None
        if theirs.is_byte(number):
            assert token == bytes([int(text[3:5], 16)])
        elif theirs.is_control(number) or theirs.is_unknown(number):
            assert token == text.replace("▁", " ").encode()
            assert ours.added[text] == number
            assert number in ours.vocabulary.special & ours.vocabulary.added
        else:
            assert token.decode() == theirs.decode([letter, number])[1:]
            assert number not in ours.vocabulary.special
    assert ours.vocabulary.used == len(theirs)


# As the library has it


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_models(name: str) -> None:
    check_against_the_library((DATA / name).read_bytes())


@pytest.mark.parametrize("options", [{}, {"byte_fallback": True, "user_defined_symbols": ["<x>", "▁▁"]}])
@pytest.mark.parametrize("model", ["bpe", "unigram"])
def test_trained_models(model: str, options: dict[str, Any]) -> None:
    written = BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS * 3),
        model_writer=written,
        model_type=model,
        vocab_size=360 if options else 90,
        hard_vocab_limit=False,
        minloglevel=2,
        **options,
    )

    check_against_the_library(written.getvalue())


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["b", "c", "▁", "▁c", "<s>", "é", "<0x0A>", "<0x0a>", ""]), st.integers(1, 6)),
        max_size=4,
        unique_by=lambda entry: entry[0],
    ),
    st.booleans(),
    st.booleans(),
)
@example([("<0x0A>", NORMAL), ("<0x0a>", CONTROL)], False, False)
@example([("<s>", USER_DEFINED)], True, False)
@example([("b", UNUSED), ("▁b", USER_DEFINED)], True, True)
def test_any_pieces_that_the_library_takes(pieces: list[Piece], unigram: bool, fall_back: bool) -> None:
    data = sentencepiece([*FIRST, *(BYTES if fall_back else ()), ("a", NORMAL), *pieces], unigram=unigram)
    try:
        library(data)
    except RuntimeError:
        return
    check_against_the_library(data)


def test_a_unigram_model_may_spell_plain_text_as_a_special_piece_or_a_byte() -> None:
    pieces = [*FIRST, *BYTES, ("a", NORMAL), ("</s>", NORMAL), ("<unk>", USER_DEFINED), ("<0x41>", NORMAL)]

    check_against_the_library(sentencepiece(pieces, unigram=True))


def test_user_defined_pieces_are_added_and_plain() -> None:
    vocabulary = read(sentencepiece(SOUND), {}).vocabulary

    assert vocabulary.added == {0, 1, 2, 3}
    assert vocabulary.special == {0, 1, 2}
    assert vocabulary.file == "tokenizer.model"


def test_pieces_may_come_in_any_order_of_fields() -> None:
    plain = field(1, b"x") + field(3, USER_DEFINED)
    turned = field(3, USER_DEFINED) + field(200, b"extension") + field(1, b"x")

    assert read(sentencepiece([*FIRST, plain]), {}) == read(sentencepiece([*FIRST, turned]), {})


# What other files add


def test_the_other_files_add_tokens_at_the_ids_that_they_give() -> None:
    data = sentencepiece([*FIRST, ("a", NORMAL)])

    assert tokens(data, {ADDED: {"<x>": 4, "<y>": 6}})[4:] == (b"<x>", None, b"<y>")
    assert tokens(data, {CONFIG: added_list({1: "<s>", 5: "<x▁y>"})})[4:] == (None, b"<x y>")


def test_a_token_that_is_merely_named_is_found_or_comes_next() -> None:
    names = {"eos_token": "</s>", "pad_token": "<pad>", "mask_token": "<mask>"}

    found = read(sentencepiece([*FIRST, ("a", NORMAL)]), {CONFIG: names})

    assert [found.added[text] for text in names.values()] == [2, 4, 5]
    assert {2, 4, 5} <= found.vocabulary.special


def test_the_config_may_name_a_reserved_piece_anew() -> None:
    found = read(sentencepiece([*FIRST, ("<free>", CONTROL)]), {CONFIG: added_list({3: "<|im_end|>"})})

    assert found.vocabulary.tokens[3] == b"<|im_end|>"
    assert found.added["<|im_end|>"] == 3


@pytest.mark.parametrize(
    "files",
    [
        {CONFIG: added_list({7: "a"})},
        {CONFIG: added_list({7: "</s>"})},
        {ADDED: {"<x>": 4, "<y>": 4}},
        {CONFIG: added_list({1 << 23: "<x>"})},
        {ADDED: {"<x>": 10**40}},
    ],
)
def test_files_that_contradict_each_other(files: Any) -> None:
    assert "do not fit each other" in refused(sentencepiece([*FIRST, ("a", NORMAL)]), files)


def test_a_negative_id_of_an_added_token() -> None:
    refused(sentencepiece(SOUND), {ADDED: {"<x>": -1}})


@pytest.mark.parametrize("loader", [["PegasusTokenizer"], {}, None, "LlamaTokenizer"])
def test_most_loaders_take_places_for_ids(loader: Any) -> None:
    assert read(sentencepiece(SOUND), {CONFIG: {"tokenizer_class": loader}}).odd is None


def test_a_loader_that_moves_ids_is_told() -> None:
    assert read(sentencepiece(SOUND), {CONFIG: {"tokenizer_class": "PegasusTokenizer"}}).odd == "PegasusTokenizer"


@pytest.mark.parametrize(
    ("listed", "picked"),
    [
        (["spiece.model", "tokenizer.model"], ("tokenizer.model",)),
        (["spiece.model", "tokenizer.model.v3"], ("spiece.model",)),
        (["tokenizer.model.v3", "tokenizer.model.v7m1"], ("tokenizer.model.v7m1",)),
        (["original/tokenizer.model", "tokenizer.model.bak", "sentencepiece.bpe.model"], ()),
    ],
)
def test_which_file(listed: list[str], picked: tuple[str, ...]) -> None:
    assert pick(listed) == picked


# What is no model


def refused(data: bytes, files: Any = None) -> str:
    with pytest.raises(MalformedError) as caught:
        read(data, files or {})
    assert caught.value.message.startswith("tokenizer.model ")
    assert len(caught.value.message) < 300
    return caught.value.message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"version https://git-lfs.github.com/spec/v1\n",
        b"{}",
        bytes(100),
        b"\xff" * 100,
        sentencepiece([]),
        sentencepiece([*FIRST, ("", NORMAL)]),
        sentencepiece([*FIRST, ("a", 0)]),
        sentencepiece([*FIRST, ("a", 7)]),
        sentencepiece([*FIRST, ("a", 1 << 63)]),
        sentencepiece([*FIRST, ("a", NORMAL), ("a", NORMAL)]),
        sentencepiece([*FIRST, ("<s>", CONTROL)]),
        sentencepiece([*FIRST, ("<0x0>", BYTE)]),
        sentencepiece([*FIRST, ("<0xGG>", BYTE)]),
        sentencepiece([*FIRST, piece(b"\xff", NORMAL)]),
        sentencepiece([*FIRST, b""]),
        sentencepiece([*FIRST, field(1, 7)]),
        sentencepiece([*FIRST, field(1, b"a") + field(3, b"\1")]),
        sentencepiece([*FIRST, field(1, b"a") + b"\x1b"]),
        sentencepiece(SOUND, last=field(1, 7)),
        sentencepiece(SOUND, last=varint(1 << 3 | 2) + varint(10**9)),
        sentencepiece(SOUND, last=varint(1 << 3 | 2) + varint(2**63)),
        sentencepiece(SOUND, last=b"\xff" * 11 + b"\1"),
        sentencepiece(SOUND, last=b"\x0b"),
        sentencepiece(SOUND, last=b"\x0d\0"),
        sentencepiece(SOUND, last=b"\x0d\0\0\0\0"),
        sentencepiece(SOUND, last=field(9, 1) * 1000),
    ],
    ids=range(27),
)
def test_what_is_no_model(data: bytes) -> None:
    refused(data)


def test_a_model_that_is_cut_off_anywhere() -> None:
    data = sentencepiece(SOUND[:6])
    whole = [tokens(data[:end]) for end in range(len(data)) if not tried(read, data[:end], {})[1]]

    assert len(whole) < 12  # between its fields alone, where nothing shows
    assert all(found == tokens(data)[: len(found)] for found in whole)


@pytest.mark.parametrize("unit", [b"\x0a\0", field(1, piece("a", None)), b"\x48\0", b"\x4a\0"])
def test_very_many_of_one_field(unit: bytes) -> None:
    refused(sentencepiece(FIRST) + unit * 200_000)


@pytest.mark.parametrize("text", [text for text in TEXTS if text and text != "\ud800"], ids=ascii)
def test_any_text_may_be_a_piece(text: str) -> None:
    found = tokens(sentencepiece([*FIRST, ("a", NORMAL), (text, USER_DEFINED)]))

    assert text.startswith("[PAD") or found[4] == text.replace("▁", " ").encode()


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(torn(sentencepiece(SOUND)), st.sampled_from([{}, {CONFIG: added_list({3: "<x>", 300: "<y>"})}]))
def test_a_damaged_file_is_a_value_or_malformed(data: bytes, files: Any) -> None:
    found, refusal = tried(read, data, files)

    assert len(refusal) < 300
    assert found is None or consistent(found)


def consistent(found: Tokenizer) -> bool:
    vocabulary = found.vocabulary
    return vocabulary.special <= vocabulary.added <= {*found.added.values()}
