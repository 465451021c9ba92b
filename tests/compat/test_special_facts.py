"""What encoding puts around a text, as the loaders have it; and ids that are none."""

from pathlib import Path
from typing import Any

import pytest
from snapshots import BYTE_LEVEL, dump, snapshot, tokenizer
from tokenizers import Tokenizer

from specdec_check.compat.evidence import Unknown
from specdec_check.compat.facts_tokens import Framing, Source, Special
from specdec_check.compat.fingerprint import fingerprint
from specdec_check.compat.fingerprint_framing import framing
from specdec_check.compat.tokenizer import tokenizer as kinds
from specdec_check.compat.tokenizer.vocabulary import build

ADDED = ("<s>", "<e>", "<c>")  # ids 1, 2, 3
TEXT = {"Sequence": {"id": "A", "type_id": 0}}


def piece(name: str) -> dict[str, Any]:
    return {"SpecialToken": {"id": name, "type_id": 0}}


def processing(*single: Any, **ids: list[int]) -> dict[str, Any]:
    tokens = {name: {"id": name, "ids": numbers, "tokens": [name] * len(numbers)} for name, numbers in ids.items()}
    return {"type": "TemplateProcessing", "single": list(single), "pair": list(single), "special_tokens": tokens}


BERT = {"type": "BertProcessing", "sep": ["<e>", 2], "cls": ["<c>", 3]}
ROBERTA = {"type": "RobertaProcessing", "sep": ["<e>", 2], "cls": ["<s>", 1], "trim_offsets": True}
BEGIN = processing(piece("x"), TEXT, x=[1])
POST_PROCESSORS: dict[str, Any] = {
    "none": None,
    "bytes": BYTE_LEVEL,
    "begin": BEGIN,
    "end": processing(TEXT, piece("x"), x=[2]),
    "both, several": processing(piece("x"), piece("y"), TEXT, piece("x"), x=[1, 3], y=[2]),
    "text alone": processing(TEXT),
    "another id than its text's": processing(piece("<s>"), TEXT, **{"<s>": [2]}),
    "bert": BERT,
    "roberta": ROBERTA,
    "sequence": {"type": "Sequence", "processors": [BYTE_LEVEL, BEGIN]},
    "framed before bytes": {"type": "Sequence", "processors": [BEGIN, BYTE_LEVEL]},
    "sequence in a sequence": {"type": "Sequence", "processors": [{"type": "Sequence", "processors": [BEGIN]}]},
    "empty sequence": {"type": "Sequence", "processors": []},
}


def whole(post_processor: Any) -> dict[str, Any]:
    return tokenizer({"x": 0}, ADDED, decoder=BYTE_LEVEL, post_processor=post_processor)


def found(post_processor: Any, **config: Any) -> Framing | Unknown:
    files = {"tokenizer.json": whole(post_processor), "tokenizer_config.json": config}
    return fingerprint(snapshot(files)).framing


@pytest.mark.parametrize("name", POST_PROCESSORS)
def test_framing_is_what_the_library_does(name: str) -> None:
    library = Tokenizer.from_str(dump(whole(POST_PROCESSORS[name])).decode())
    ids = library.encode("x").ids
    place = ids.index(0)

    assert found(POST_PROCESSORS[name]) == Framing(tuple(ids[:place]), tuple(ids[place + 1 :]))


@pytest.mark.parametrize("claim", [True, False, None, "true"])
@pytest.mark.parametrize("name", ["none", "begin", "bytes"])
@pytest.mark.parametrize("kind", ["PreTrainedTokenizerFast", "LlamaTokenizerFast"])
def test_a_claim_in_the_config_is_kept_and_not_followed(kind: str, name: str, claim: Any, tmp_path: Path) -> None:
    """As transformers loads a repository with a tokenizer.json, whatever the class that the config names."""
    transformers = pytest.importorskip("transformers")
    config = {"tokenizer_class": kind, "bos_token": "<s>", "eos_token": "<e>", "add_bos_token": claim}
    (tmp_path / "tokenizer.json").write_bytes(dump(whole(POST_PROCESSORS[name])))
    (tmp_path / "tokenizer_config.json").write_bytes(dump(config))
    (tmp_path / "config.json").write_bytes(dump({"model_type": "llama"}))
    loaded = transformers.AutoTokenizer.from_pretrained(tmp_path)
    ids = loaded("x").input_ids

    framed = found(POST_PROCESSORS[name], **config)

    assert framed == Framing(tuple(ids[: -len(loaded.tokenize("x"))]), (), claim if claim != "true" else None)


@pytest.mark.parametrize(
    "odd",
    [
        {"type": "Novel"},
        {"type": None},
        {},
        [],
        {"type": "Sequence", "processors": [{"type": "Novel"}]},
        {"type": "Sequence", "processors": 7},
        {"type": "Sequence", "processors": [BEGIN, processing(TEXT)]},  # which drops the text
        {"type": "Sequence", "processors": [BERT, BEGIN]},
        {"type": "BertProcessing", "sep": ["<e>"], "cls": "<c>"},
        processing(),
        processing(TEXT, TEXT),
        processing(piece("x"), TEXT),
        processing(piece("x"), TEXT, x=[]),
        processing(piece("x"), TEXT, x=[True]),
        {"type": "TemplateProcessing", "single": "$A"},
    ],
)
def test_an_odd_post_processor_is_not_known(odd: Any) -> None:
    if odd:
        assert isinstance(found(odd), Unknown)
    else:  # as good as none, here as in the pipeline
        assert found(odd) == Framing((), ())


def other_format(**config: Any) -> Framing | Unknown:
    """A tokenizer from a format without steps."""
    vocabulary = build({0: b"x", 1: b"<s>", 2: b"<e>"}, frozenset({1, 2}), frozenset(), "tokenizer.model")
    names = {"bos_token": "<s>", "eos_token": "<e>"}
    return framing({"tokenizer_config.json": names | config}, kinds.Tokenizer(vocabulary, {"<s>": 1, "<e>": 2}))


def test_in_other_formats_the_config_decides() -> None:
    assert other_format(add_bos_token=True) == Framing((1,), (), add_bos=True)
    assert other_format(add_bos_token=False, add_eos_token=True) == Framing((), (2,), add_bos=False)
    assert other_format(add_bos_token=True, bos_token=None) == Framing((), (), add_bos=True)
    assert other_format() == Unknown(
        "publishes its tokenizer as tokenizer.model, which does not tell what encoding adds"
    )


# Ids that are none


def special(**values: Any) -> Special | Unknown:
    return fingerprint(snapshot({"tokenizer.json": whole(None), "config.json": values})).eos


@pytest.mark.parametrize("none", [None, -1, [], [None], [-1, -100]])
def test_null_and_negative_numbers_say_that_there_is_none(none: Any) -> None:
    assert special(eos_token_id=none) == Special()


@pytest.mark.parametrize(
    ("value", "ids", "odd"),
    [
        ("2", (), ('"2"',)),
        (2.0, (), ("2.0",)),
        (True, (), ("true",)),
        ([2, "</s>", None], (2,), ('"</s>"',)),
        ({"id": 2}, (), ("an object",)),
        ([[2]], (), ("a list in a list",)),
        (1 << 40, (), ("1099511627776",)),
        (10**60, (), (f"1{'0' * 38}…",)),
        ("\u202e\n", (), ('"\\u202e\\n"',)),
        (["a"] * 9, (), ('"a"',) * 4),
        (float("inf"), (), ("Infinity",)),
    ],
)
def test_what_can_be_no_id_is_kept_as_it_is_written(value: Any, ids: tuple[int, ...], odd: tuple[str, ...]) -> None:
    assert special(eos_token_id=value) == Special((Source("config.json", ids, odd),))


def test_ids_with_and_without_a_token_keep_their_files() -> None:
    found = special(eos_token_id=[1, 7], text_config={"eos_token_id": "x"})

    assert isinstance(found, Special)
    assert found.sources == (Source("config.json", (1, 7)), Source("config.json text_config", (), ('"x"',)))
    assert found.ids == {1, 7}
