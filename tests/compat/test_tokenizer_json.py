"""tokenizer.json: ids and bytes as the tokenizers library has them, merges and pipeline, and hostile files."""

import json
from typing import Any

import pytest
from hostile import TEXTS, damaged, nested, torn, tried, written
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from snapshots import BYTE_LEVEL, SENTENCEPIECE, added_token, dump, tokenizer
from tokenizers import AddedToken
from tokenizers import Tokenizer as Library

from specdec_check.compat.errors import MalformedError
from specdec_check.compat.tokenizer.added import Added
from specdec_check.compat.tokenizer.tokenizer_json import Tokenizer, read

CONTENTS = st.sampled_from(["a", "b", "c", "X", "Y", "Z", "<s>", "", "▁", "Ġ", "[PAD]"])
VOCABS = st.dictionaries(CONTENTS.filter(bool), st.integers(0, 9), max_size=6).filter(
    lambda vocab: len(set(vocab.values())) == len(vocab)
)
ENTRIES = st.builds(added_token, CONTENTS, st.integers(0, 12), st.booleans())
MODELS: dict[str, dict[str, Any]] = {
    "BPE": {"merges": []},
    "WordPiece": {"unk_token": "a", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100},
    "WordLevel": {"unk_token": "a"},
}
SOUND = tokenizer(
    {"a": 0, "b": 1, "ab": 2, "Ġ": 3, "<s>": 4},
    ("<s>", "<end>", added_token("<x>", 9, special=True)),
    model={"merges": ["a b"], "byte_fallback": False, "unk_token": None},
    decoder=BYTE_LEVEL,
    pre_tokenizer={"type": "Sequence", "pretokenizers": [BYTE_LEVEL, {"type": "Digits"}]},
    normalizer={"type": "Replace", "pattern": {"String": "x"}, "content": "y"},
)


def parsed(whole: Any, *extra: Added) -> Tokenizer:
    return read(dump(whole), extra)


def tokens(whole: Any, *extra: Added) -> tuple[bytes | None, ...]:
    return parsed(whole, *extra).vocabulary.tokens


# Ids


@settings(max_examples=300, deadline=None)
@given(VOCABS, st.lists(ENTRIES, max_size=6), st.lists(st.tuples(CONTENTS, st.booleans()), max_size=4), st.data())
@example({"a": 0, "b": 5}, [added_token(text, 9) for text in "XYZWQ"], [], None)
@example({}, [added_token("X", 5)], [], None)
@example({"a": 0}, [added_token("X", 1, special=True), added_token("X", 1)], [("X", False)], None)
def test_ids_and_flags_are_as_the_library_assigns_them(
    vocab: dict[str, int], entries: list[Any], extra: list[tuple[str, bool]], data: st.DataObject | None
) -> None:
    kind = data.draw(st.sampled_from(sorted(MODELS))) if data else "BPE"
    whole = tokenizer(vocab, tuple(entries), model={"type": kind, **MODELS[kind]})
    library = Library.from_buffer(dump(whole))
    library.add_tokens([AddedToken(content, special=special) for content, special in extra])
    spelled = [library.id_to_token(number) for number in range(40)]
    if not any(spelled):
        return
    everything = library.get_vocab(with_added_tokens=True)
    if len(set(everything.values())) < len(everything):
        with pytest.raises(MalformedError, match="one id to two tokens"):
            parsed(whole, *(Added(content, special) for content, special in extra))
        return

    ours = parsed(whole, *(Added(content, special) for content, special in extra))

    assert [ours.vocabulary.token(number) for number in range(40)] == [text and text.encode() for text in spelled]
    assert ours.vocabulary.added == set(library.get_added_tokens_decoder())
    assert ours.added == {text: library.token_to_id(text) for text in ours.added}
    kept = [library.decode([number], skip_special_tokens=True) != "" for number in range(40)]
    named = {number for number in range(40) if spelled[number]}
    assert ours.vocabulary.special == {number for number in named if not kept[number]}


@given(
    st.lists(st.sampled_from(["a", "b", "▁c", "<s>", "<unk>"]), min_size=1, max_size=6), st.lists(ENTRIES, max_size=4)
)
def test_unigram_ids_are_places_in_its_list(pieces: list[str], entries: list[Any]) -> None:
    model = {"type": "Unigram", "vocab": [[piece, -1.0] for piece in pieces], "unk_id": 0}
    whole = tokenizer([], tuple(entries), model=model)
    library = Library.from_buffer(dump(whole))

    expected = [library.id_to_token(number) for number in range(20)]

    vocabulary = parsed(whole).vocabulary
    assert [vocabulary.token(number) for number in range(20)] == [text and text.encode() for text in expected]


def test_a_token_of_another_file_gives_way_where_its_id_is_taken() -> None:
    whole = tokenizer({"a": 0}, (added_token("X", 1),))

    assert tokens(whole, Added("Y", special=False, declared=1)) == (b"a", b"X")
    assert tokens(whole, Added("Y", special=False, declared=7)) == (b"a", b"X", b"Y")


def test_placeholders_are_left_out_of_flags_too() -> None:
    vocabulary = parsed(tokenizer({"a": 0}, ("[PAD1]", "<s>"))).vocabulary

    assert (vocabulary.tokens, vocabulary.added) == ((b"a", None, b"<s>"), {2})


# Bytes


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"decoder": BYTE_LEVEL}, b" x"),
        ({"decoder": {"type": "Sequence", "decoders": [{"type": "Fuse"}, BYTE_LEVEL]}}, b" x"),
        ({"pre_tokenizer": BYTE_LEVEL}, b" x"),
        ({"pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits"}, BYTE_LEVEL]}}, b" x"),
        ({"decoder": {"type": "WordPiece"}, "pre_tokenizer": BYTE_LEVEL}, "Ġx".encode()),
        ({}, "Ġx".encode()),
    ],
)
def test_byte_level_is_told_by_the_decoder(parts: dict[str, Any], expected: bytes) -> None:
    assert tokens(tokenizer({"Ġx": 0, "y": 1}, **parts))[0] == expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"decoder": SENTENCEPIECE}, b" x"),
        ({"decoder": {"type": "Metaspace", "replacement": "▁"}}, b" x"),
        ({"pre_tokenizer": {"type": "Metaspace"}}, b" x"),
        ({"model": {"byte_fallback": True}}, b" x"),
        ({"normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}}, "▁x".encode()),
    ],
)
def test_sentencepiece_is_told_by_the_decoder_or_byte_fallback(parts: dict[str, Any], expected: bytes) -> None:
    assert tokens(tokenizer({"▁x": 0, "y": 1}, **parts))[0] == expected


@pytest.mark.parametrize(
    ("decoder", "odd"),
    [
        (None, None),
        (BYTE_LEVEL, None),
        (SENTENCEPIECE, None),
        ({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}, None),
        ({"type": "Metaspace", "replacement": "_"}, "Metaspace"),
        ({"type": "Replace", "pattern": {"String": "▁"}, "content": "_"}, "Replace"),
        ({"type": "Replace", "pattern": {"Regex": "▁"}, "content": " "}, "Replace"),
        ({"type": "Sequence", "decoders": [BYTE_LEVEL, {"type": "Reverse"}]}, "Reverse"),
        ({"type": ["ByteLevel"]}, "of no type"),
        ({}, "of no type"),
    ],
)
def test_a_decoder_that_does_something_else_is_told(decoder: Any, odd: str | None) -> None:
    assert parsed(tokenizer({"a": 0}, decoder=decoder)).odd == odd


def test_added_tokens_are_their_content_also_where_they_were_trained() -> None:
    whole = tokenizer({"Ġx": 0, "Ġy": 1}, ("Ġy", "Ġz", " w"), decoder=BYTE_LEVEL)

    assert tokens(whole) == (b" x", "Ġy".encode(), "Ġz".encode(), b" w")


@pytest.mark.parametrize(("decoder", "text"), [(BYTE_LEVEL, "<|end▁of▁text|>"), (SENTENCEPIECE, "<|end of text|>")])
def test_a_space_mark_in_an_added_token_is_a_space_in_sentencepiece_alone(decoder: Any, text: str) -> None:
    whole = tokenizer({"a": 0}, ("<|end▁of▁text|>",), decoder=decoder)

    assert tokens(whole) == (b"a", text.encode())


@given(st.permutations(["Ġa", "Ċ", "漢", "Ā", "b"]))
def test_byte_level_tokens_decode_as_the_library_decodes_them(order: list[str]) -> None:
    whole = tokenizer({spelling: number for number, spelling in enumerate(order)}, decoder=BYTE_LEVEL)
    library = Library.from_buffer(dump(whole))

    for number, token in enumerate(tokens(whole)):
        assert token is not None
        assert token.decode("utf-8", "replace") == library.decode([number])


# Merges and pipeline


def merged(merges: Any) -> str | None:
    return parsed(tokenizer({"a": 0}, model={"merges": merges})).merges


def test_merges_in_both_forms_give_one_digest() -> None:
    assert merged(["a b", "Ġ c"]) == merged([["a", "b"], ["Ġ", "c"]])
    assert merged([]) == merged([])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["a b", "c d"], ["c d", "a b"]),
        (["a b"], []),
        (["ab c"], ["a bc"]),
        ([["a b", "c"]], [["a", "b c"]]),
        ([["a b", "c"], ["d", "e"]], [["a", "b"], ["c d", "e"]]),
        ([["a", "b c"]], ["a b c"]),
    ],
)
def test_other_merges_give_another_digest(one: Any, other: Any) -> None:
    assert merged(one) != merged(other)


@pytest.mark.parametrize("merges", [None, "a b", 7, {"a": "b"}])
def test_a_model_without_a_list_of_merges_has_none(merges: Any) -> None:
    assert merged(merges) is None


@pytest.mark.parametrize("merges", [[1], [["a", 1]], [None, "a b"], [["a", "b"], 7], [{"a": 1}]])
def test_merges_that_are_no_pairs(merges: Any) -> None:
    with pytest.raises(MalformedError):
        merged(merges)


def test_what_the_format_leaves_out_is_written_in() -> None:
    spare = {"type": "ByteLevel"}
    full = {"use_regex": True, "trim_offsets": True, "add_prefix_space": True, "type": "ByteLevel"}
    one = parsed(tokenizer({"a": 0}, pre_tokenizer={"type": "Sequence", "pretokenizers": [spare]}, decoder=spare))
    other = parsed(tokenizer({"a": 0}, pre_tokenizer={"type": "Sequence", "pretokenizers": [full]}, decoder=full))

    assert one.pipeline == other.pipeline
    assert one.pipeline != parsed(tokenizer({"a": 0}, decoder=spare | {"use_regex": False})).pipeline


def test_absent_null_and_false_flags_of_the_model_are_one() -> None:
    plain = parsed(tokenizer({"a": 0})).pipeline
    told = parsed(tokenizer({"a": 0}, model={"fuse_unk": False, "unk_token": None, "dropout": None})).pipeline

    assert plain == told
    assert plain != parsed(tokenizer({"a": 0}, model={"ignore_merges": True})).pipeline
    assert plain == parsed(tokenizer({"a": 0}, model={"type": None})).pipeline


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ({"merges": [], "vocab": {"a": 0}}, "BPE"),
        ({"vocab": [["a", 0.0]]}, "Unigram"),
        ({"vocab": {"a": 0}, "continuing_subword_prefix": "##"}, "WordPiece"),
        ({"vocab": {"a": 0}}, "WordLevel"),
    ],
)
def test_a_model_whose_type_is_not_named(model: Any, kind: str) -> None:
    assert json.loads(parsed({"model": model}).pipeline.model)["type"] == kind


# Hostile files


def refused(data: bytes) -> str:
    with pytest.raises(MalformedError) as caught:
        read(data, ())
    assert caught.value.message.startswith("tokenizer.json ")
    assert len(caught.value.message) < 300
    return caught.value.message


@pytest.mark.parametrize(
    "whole",
    [
        [],
        {},
        {"model": None},
        {"model": {"vocab": None}},
        {"model": {"vocab": {}}},
        {"model": {"vocab": {"a": "0"}}},
        {"model": {"vocab": {"a": 0.0}}},
        {"model": {"vocab": {"a": True}}},
        {"model": {"vocab": {"a": None}}},
        {"model": {"vocab": {"a": 0, "b": 0}}},
        {"model": {"vocab": {"a": -1}}},
        {"model": {"vocab": {"a": 10**9}}},
        {"model": {"vocab": {"a": 10**4000}}},
        {"model": {"vocab": [["a"], []]}},
        {"model": {"vocab": [[["a"], 0.0]]}},
        {"model": {"vocab": ["a", "b"]}},
        {"model": {"vocab": [[1, 0.0]]}},
        tokenizer({"a": 0}, (added_token(None, 1),)),
        tokenizer({"a": 0}, (added_token("X", None),)),
        tokenizer({"a": 0}, (added_token("X", "1"),)),
        tokenizer({"a": 0}, (added_token(["X"], 1),)),
        tokenizer({"a": 0}, (added_token("X", True),)),
        tokenizer({"a": 0}, (None,)),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_tokenizer_file(whole: Any) -> None:
    refused(written(whole))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe{}",
        b'{"model": {"vocab": {"a": 0}',
        nested(1_000_000),
        nested(1_000_000, left='{"model":', right="}"),
        b'{"model": {"vocab": {"a": ' + b"9" * 5000 + b"}}}",
        b'{"model": {"vocab": {"a": 1e999}}}',
        b'{"model": {"vocab": {"a": NaN}}}',
        b'{"model": {"vocab": {"a": 0}}} trailing',
    ],
    ids=range(9),
)
def test_what_is_no_json(data: bytes) -> None:
    refused(data)


def test_a_byte_order_mark_is_read_over() -> None:
    assert read(b"\xef\xbb\xbf" + dump(SOUND), ()) == parsed(SOUND)


@pytest.mark.parametrize("part", ["decoder", "normalizer", "pre_tokenizer", "post_processor"])
def test_a_pipeline_of_any_depth_is_a_value_or_refused(part: str) -> None:
    """What the parser still takes, the writer may not: somewhere before the parser's limit."""
    refusals = 0
    for depth in (*range(50, 1100, 25), 5_000, 20_000, 100_000):
        deep = nested(depth, '{"type": "Fuse"}', '{"type": "Sequence", "decoders": [', "]}").decode()
        data = dump(tokenizer({"a": 0})).decode().replace(f'"{part}": null', f'"{part}": {deep}')
        _, refusal = tried(read, data.encode(), ())
        assert not refusal or "nested too deep" in refusal
        refusals += bool(refusal)
    assert refusals


@pytest.mark.parametrize("key", ["type", "pattern", "content", "replacement"])
def test_a_part_of_a_step_may_be_of_any_depth(key: str) -> None:
    for depth in range(800, 1000, 10):
        data = dump(tokenizer({"a": 0}, decoder={"type": "Metaspace", key: "HERE"})).replace(b'"HERE"', nested(depth))
        _, refusal = tried(read, data, ())
        assert not refusal or "nested too deep" in refusal


@pytest.mark.parametrize("text", [*TEXTS, "x" * 10_000_000], ids=lambda text: ascii(text[:12]))
def test_any_text_may_be_a_token(text: str) -> None:
    whole = tokenizer({"a": 0, text: 1}, (text + "!",), model={"merges": [["a", text]]}, decoder=BYTE_LEVEL)

    vocabulary = read(written(whole), ()).vocabulary

    assert vocabulary.tokens[0] == b"a"
    assert vocabulary.tokens[2] == (text + "!").encode("utf-8", "surrogatepass")


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damaged(SOUND).map(written) | torn(dump(SOUND)), st.booleans())
def test_a_damaged_file_is_a_value_or_malformed(data: bytes, more: bool) -> None:
    extra = (Added("<new>", special=True), Added("<x>", special=False, declared=9)) if more else ()
    found, refusal = tried(read, data, extra)

    assert len(refusal) < 300
    if found is None:
        return
    assert isinstance(found.vocabulary.digest, str)
    assert all(found.vocabulary.token(number) is not None for number in found.vocabulary.added)
    assert found.vocabulary.special <= found.vocabulary.added
