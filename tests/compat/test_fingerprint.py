"""Fingerprints: the tokens that further files add, special ids with their sources, the template, and damaged files."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hostile import damaged, nested, torn, tried, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import SENTENCEPIECE, make_model
from snapshots import BYTE_LEVEL, added_token, dump, header_bytes, snapshot, tokenizer

from specdec_check.compat.evidence import Unknown
from specdec_check.compat.facts import Fingerprint
from specdec_check.compat.facts_tokens import Source, Special
from specdec_check.compat.fingerprint import fingerprint
from specdec_check.compat.pipeline import check
from specdec_check.compat.relation import Pair
from specdec_check.compat.tokenizer.added import extra_tokens, named_tokens
from specdec_check.compat.verdict import Policy, decide
from specdec_check.compat.weights import INDEX, read_header

TOKENIZER = tokenizer({"a": 0, "b": 1}, ("<s>",), decoder=BYTE_LEVEL)
CONFIG = {"model_type": "llama", "vocab_size": 8, "max_position_embeddings": 64, "eos_token_id": [2, 3]}
TENSORS = {"model.embed_tokens.weight": (8, 2), "lm_head.weight": (8, 2)}


def facts(tokenizer: Any = TOKENIZER, tensors: Any = TENSORS, **files: Any) -> Fingerprint:
    """A sound model's facts, with files added or changed: `config=…` is config.json."""
    named = {f"{name}.json": value for name, value in {"config": CONFIG, **files}.items() if value is not None}
    return fingerprint(snapshot({"tokenizer.json": tokenizer, **named}, tensors))


def tokens(**files: Any) -> tuple[bytes | None, ...]:
    found = facts(**files).vocabulary
    assert not isinstance(found, Unknown)
    return found.tokens


def special(found: Special | Unknown) -> Special:
    assert isinstance(found, Special)
    return found


# Tokens of further files


def test_the_config_adds_its_list_by_id_and_then_what_it_names() -> None:
    config = {
        "added_tokens_decoder": {"9": {"content": "Y"}, "7": {"content": "X"}, "2": {"content": "<s>"}},
        "image_token": "<image>",
        "pad_token": "<pad>",
        "eos_token": {"content": "<eos>"},
        "additional_special_tokens": ["<more>", {"content": "<most>"}, "X"],
    }

    assert tokens(tokenizer_config=config)[3:] == (b"X", b"Y", b"<eos>", b"<pad>", b"<image>", b"<more>", b"<most>")


def test_with_a_list_in_the_config_the_older_files_are_not_looked_at() -> None:
    found = facts(
        tokenizer_config={"added_tokens_decoder": {}, "eos_token": "a"},
        special_tokens_map={"eos_token": "b", "pad_token": "<pad>"},
        added_tokens={"<old>": 3},
    )

    assert found.eos == Special((Source("config.json", (2, 3)), Source("tokenizer_config.json", (0,))))
    assert special(found.pad).ids == frozenset()
    assert found.vocabulary == facts(tokenizer_config={"eos_token": "a"}).vocabulary


def test_without_it_the_map_overrules_the_config() -> None:
    found = facts(
        tokenizer_config={"eos_token": "a", "bos_token": "<s>"},
        special_tokens_map={"eos_token": {"content": "b"}, "additional_special_tokens": ["<more>"]},
        added_tokens={"<late>": 5, "<soon>": 4, "": 3, "no id": None, "dropped": 2},
    )

    assert special(found.eos).sources[-1] == Source("special_tokens_map.json", (1,))
    assert special(found.bos).sources == (Source("tokenizer_config.json", (2,)),)
    assert not isinstance(found.vocabulary, Unknown)
    assert found.vocabulary.tokens == (b"a", b"b", b"<s>", b"<soon>", b"<late>", b"<more>")
    assert (found.vocabulary.added, found.vocabulary.special) == ({1, 2, 3, 4, 5}, {1, 2, 5})


def test_flags_of_named_tokens() -> None:
    found = facts(
        tokenizer_config={"eos_token": "a", "added_tokens_decoder": {"7": {"content": "X", "special": False}}}
    )

    assert not isinstance(found.vocabulary, Unknown)
    assert found.vocabulary.added == {0, 2, 3}
    assert found.vocabulary.special == {0}


FILES = {
    "list": {
        "added_tokens_decoder": {
            "3": added_token("<x>", 3, special=True),
            "2": added_token("<y>", 2),
            "0": added_token("a", 0),
        },
        "eos_token": "<y>",
        "pad_token": "<pad>",
    },
    "listed and named": {"added_tokens_decoder": {"2": added_token("<s>", 2)}, "eos_token": "<s>"},
    "named": {"eos_token": "<eos>", "pad_token": "b", "unk_token": "<s>"},
    "more": {"additional_special_tokens": ["<more>", "<s>", "<most>"], "bos_token": "<bos>"},
    "own names": {"image_token": "<image>", "extra_special_tokens": {"audio_token": "<audio>"}},
    "nothing": {},
}
for _told in FILES.values():
    for _entry in _told.get("added_tokens_decoder", {}).values():
        _entry.pop("id")
OLDER: dict[str, dict[str, Any]] = {
    "none": {},
    "map": {"special_tokens_map": {"eos_token": "<end>", "bos_token": {"content": "<bos>", "lstrip": False}}},
    "more": {"special_tokens_map": {"additional_special_tokens": ["<even>", "<more>"]}},
    "added": {"added_tokens": {"<late>": 9, "<soon>": 3, "<s>": 2, "<dropped>": 2}},
    "all": {"added_tokens": {"<end>": 4}, "special_tokens_map": {"eos_token": "<end>", "mask_token": "<mask>"}},
}


@pytest.mark.parametrize("older", OLDER)
@pytest.mark.parametrize("told", FILES)
def test_tokens_are_as_transformers_loads_them(told: str, older: str, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    files = {"tokenizer_config": {"tokenizer_class": "PreTrainedTokenizerFast", **FILES[told]}, **OLDER[older]}
    (tmp_path / "tokenizer.json").write_bytes(dump(TOKENIZER))
    (tmp_path / "config.json").write_bytes(dump({"model_type": "llama"}))
    for name, value in files.items():
        (tmp_path / f"{name}.json").write_bytes(dump(value))
    loaded = transformers.AutoTokenizer.from_pretrained(tmp_path)

    found = facts(**files)

    assert not isinstance(found.vocabulary, Unknown)
    ours = {token.decode(): number for number, token in enumerate(found.vocabulary.tokens) if token is not None}
    assert ours == loaded.get_vocab()
    kept = {number for number in ours.values() if loaded.decode([number], skip_special_tokens=True)}
    assert found.vocabulary.special == set(ours.values()) - kept
    for role in ("bos", "eos", "pad", "unk"):
        sources = special(getattr(found, role)).sources
        by_tokenizer = [source.ids for source in sources if source.file != "config.json"]
        token = getattr(loaded, f"{role}_token_id")
        assert by_tokenizer == ([] if token is None else [(token,)])


def test_names_of_a_made_model_add_nothing(tmp_path: Path) -> None:
    made = make_model(tmp_path, SENTENCEPIECE, pad="<pad>", added=("<tool>",))
    files = {path.name: json.loads(path.read_bytes()) for path in tmp_path.glob("*.json")}

    assert named_tokens(files)["pad_token"] == ("tokenizer_config.json", "<pad>")
    assert {token.content for token in extra_tokens(files)} <= made.ids.keys()


# Special ids


def test_special_ids_are_united_and_each_names_its_file() -> None:
    found = facts(
        config={**CONFIG, "eos_token_id": [5, -1, 2, 5, True, None, "7", 1.0], "text_config": {"eos_token_id": 1}},
        generation_config={"eos_token_id": 6, "bos_token_id": -1, "pad_token_id": [0]},
        tokenizer_config={"eos_token": "<s>", "bos_token": None, "unk_token": ""},
    )

    assert special(found.eos).sources == (
        Source("config.json", (2, 5), ("true", '"7"', "1.0")),
        Source("config.json text_config", (1,)),
        Source("generation_config.json", (6,)),
        Source("tokenizer_config.json", (2,)),
    )
    assert special(found.eos).ids == {1, 2, 5, 6}
    assert (found.bos, found.unk) == (Special(), Special())
    assert found.pad == Special((Source("generation_config.json", (0,)),))


def test_a_name_without_a_tokenizer_is_an_unknown_id() -> None:
    named = {"config.json": CONFIG, "tokenizer_config.json": {"eos_token": "<s>"}}
    found = fingerprint(snapshot(named, TENSORS, listed={"vocab.txt": 9, "README.md": 1}))

    assert found.vocabulary == Unknown("publishes no tokenizer in a format that is read here")
    assert found.eos == found.vocabulary == found.merges == found.pipeline == found.template_ids
    assert found.bos == Special()


def test_the_same_text_as_a_plain_token_is_never_taken_for_the_named_one() -> None:
    both = tokenizer({"Ġ": 0, "<s>": 1}, ("Ġ ",), decoder=BYTE_LEVEL)

    assert special(facts(both, tokenizer_config={"eos_token": "Ġ"}).eos).sources[-1].ids == (0,)
    assert special(facts(both, tokenizer_config={"eos_token": "Ġ "}).eos).sources[-1].ids == (2,)


# The chat template


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, set()),
        ({"tokenizer_config.json": {"chat_template": "{{ '<s>' }} \n"}}, {2}),
        ({"tokenizer_config.json": {"chat_template": [{"name": "x", "template": "<s>"}, {"template": "<e>"}]}}, {2, 4}),
        ({"chat_template.jinja": b"\xff<e>"}, {4}),
        ({"chat_template.jinja": b"<e>", "tokenizer_config.json": {"chat_template": "<s>"}}, {2, 4}),
        ({"tokenizer_config.json": {"chat_template": [7, {"template": None}, "<s>"]}}, set()),
        ({"tokenizer_config.json": {"chat_template": {"default": "<s>"}}}, set()),
    ],
)
def test_control_tokens_in_the_template(files: dict[str, Any], expected: set[int]) -> None:
    whole = tokenizer({"a": 0, "template": 1}, ("<s>", "\n", "<e>"))
    sound = {"tokenizer.json": whole, "config.json": CONFIG}

    assert fingerprint(snapshot({**sound, **files}, TENSORS)).template_ids == expected


def test_a_template_too_long_to_be_searched_is_unknown() -> None:
    whole = tokenizer({"a": 0}, tuple(f"<{number}>" for number in range(2000)))
    template = {"tokenizer_config.json": {"chat_template": "<1>" * 300_000}}

    found = fingerprint(snapshot({"tokenizer.json": whole, "config.json": CONFIG, **template}, TENSORS)).template_ids

    assert isinstance(found, Unknown)
    assert found.why.startswith("has a chat template of 900000 characters")


# Laws

WHOLE = {
    "config.json": {**CONFIG, "text_config": {"vocab_size": 8, "rope": {"b": [1, 2], "a": None}}},
    "generation_config.json": {"eos_token_id": [3, 2], "pad_token_id": 0},
    "tokenizer.json": tokenizer(
        {"a": 0, "b": 1, "Ġ": 2},
        ("<s>", "<e>"),
        model={"merges": [["a", "b"]]},
        decoder=BYTE_LEVEL,
        normalizer={"type": "Sequence", "normalizers": [{"type": "NFC"}]},
    ),
    "tokenizer_config.json": {
        "eos_token": "<e>",
        "added_tokens_decoder": {"3": {"content": "<s>"}, "4": {"content": "<e>", "special": True}},
        "chat_template": "<e>",
    },
    "special_tokens_map.json": {"eos_token": {"content": "<e>"}},
    "added_tokens.json": {"<s>": 3, "<e>": 4},
    INDEX: {"metadata": {"total_size": 32}, "weight_map": dict.fromkeys(TENSORS, "one.safetensors")},
}
SHARDS = {"one.safetensors": TENSORS}


def shuffled(value: Any, order: st.DataObject) -> Any:
    """The same JSON with its keys in another order; ids of a vocabulary are such an object too."""
    if isinstance(value, dict):
        keys = order.draw(st.permutations(list(value)))
        return {key: shuffled(value[key], order) for key in keys}
    return [shuffled(item, order) for item in value] if isinstance(value, list) else value


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([None, 0, 2, "\t"]), st.booleans())
def test_order_of_keys_and_whitespace_are_no_facts(data: st.DataObject, indent: Any, escaped: bool) -> None:
    expected = fingerprint(snapshot(WHOLE, shards=SHARDS))
    respelled = {
        path: json.dumps(shuffled(value, data), indent=indent, ensure_ascii=escaped).encode() + b"\n"
        for path, value in WHOLE.items()
    }

    found = fingerprint(snapshot(dict(reversed(respelled.items())), shards=SHARDS))

    assert found == expected
    assert found.digests() == expected.digests()
    assert found.digest == expected.digest


def test_merges_in_both_forms_give_one_fingerprint(tmp_path: Path) -> None:
    one, other = make_model(tmp_path / "one"), make_model(tmp_path / "other")
    whole = json.loads((other / "tokenizer.json").read_bytes())
    assert isinstance(whole["model"]["merges"][0], list)
    whole["model"]["merges"] = [" ".join(pair) for pair in whole["model"]["merges"]]
    (other / "tokenizer.json").write_bytes(dump(whole))

    report = check(str(one.folder), str(other.folder))

    assert report.target.facts.digest == report.drafter.facts.digest


@pytest.mark.parametrize(
    ("path", "old", "new", "changed"),
    [
        ("config.json", '"max_position_embeddings": 64', '"max_position_embeddings": 65', {"context"}),
        ("config.json", '"model_type": "llama"', '"model_type": "mistral"', {"architecture"}),
        ("config.json", '"vocab_size": 8, "r', '"vocab_size": 9, "r', {"declared"}),
        ("generation_config.json", "[3, 2]", "[3, 1]", {"eos"}),
        ("tokenizer.json", '"b": 1', '"c": 1', {"vocabulary"}),
        ("tokenizer.json", '["a", "b"]', '["b", "a"]', {"merges"}),
        ("tokenizer.json", "NFC", "NFD", {"pipeline"}),
        ("tokenizer_config.json", '"chat_template": "<e>"', '"chat_template": "<s>"', {"template", "template_ids"}),
        ("tokenizer_config.json", '"special": true', '"special": false', {"pipeline"}),  # matched otherwise
        (INDEX, "32", "64", {"weights"}),
    ],
)
def test_a_changed_fact_changes_its_own_digest_alone(path: str, old: str, new: str, changed: set[str]) -> None:
    text = dump(WHOLE[path]).decode()
    assert text.count(old) == 1
    before = fingerprint(snapshot(WHOLE, shards=SHARDS))

    after = fingerprint(snapshot({**WHOLE, path: text.replace(old, new).encode()}, shards=SHARDS))

    digests = before.digests(), after.digests()
    assert {name for name in digests[0] if digests[0][name] != digests[1][name]} == changed
    assert (before.digest == after.digest) == (not changed)


PROGRAM = """
import sys
from specdec_check.compat.pipeline import check
report = check(sys.argv[1], sys.argv[2])
print(report.target.facts.digest, report.drafter.facts.digests())
"""


def test_every_process_computes_the_same_fingerprint(tmp_path: Path) -> None:
    make_model(tmp_path / "one", pad="<pad>", specials=("<a>", "<b>"), added=("<c>",))
    make_model(tmp_path / "other", SENTENCEPIECE, weights="sharded")

    printed = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM, str(tmp_path / "one"), str(tmp_path / "other")],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }

    assert len(printed) == 1


# Damaged files


def outcome(files: Mapping[str, Any], shards: Any = SHARDS) -> None:
    """Facts, or MalformedError; and whatever facts there are, the rules and digests can take."""
    found, refusal = tried(fingerprint, snapshot(files, shards=shards))

    if found is None:
        assert refusal.startswith("org/model: ")
        assert len(refusal) < 400
        return
    assert found.digest == fingerprint(snapshot(files, shards=shards)).digest
    sound = fingerprint(snapshot(WHOLE, shards=SHARDS))
    for pair in (Pair.of(found, sound), Pair.of(sound, found)):
        decide(pair, Policy())


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_damaged_files_are_facts_or_malformed(data: st.DataObject) -> None:
    files: dict[str, Any] = dict(WHOLE)
    for path in data.draw(st.lists(st.sampled_from(sorted(files)), min_size=1, max_size=2, unique=True)):
        files[path] = data.draw(damaged(WHOLE[path]).map(written) | torn(dump(WHOLE[path])))

    outcome(files)


@pytest.mark.parametrize("path", sorted(WHOLE))
@pytest.mark.parametrize(
    "data",
    [b"", b"null", b"[]", b'"text"', b"7", b"{}", b"\xff", nested(1_000_000), b'{"a": ' + b"7" * 5000 + b"}"],
    ids=range(9),
)
def test_files_that_are_something_else(path: str, data: bytes) -> None:
    outcome({**WHOLE, path: data})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("tokenizer_config.json", {"added_tokens_decoder": {"9" * 5000: {"content": "x"}, "٣": {"content": "y"}}}),
        ("tokenizer_config.json", {"added_tokens_decoder": [1]}),
        ("tokenizer_config.json", {"added_tokens_decoder": {"1": "x", "-1": {"content": "y"}}}),
        ("tokenizer_config.json", {"extra_special_tokens": {"a_token": 7}, "additional_special_tokens": [[], {}, ""]}),
        ("tokenizer_config.json", {"eos_token": {"content": {"content": "x"}}, "_token": "z"}),
        ("added_tokens.json", {"x": 10**30, "y": -(10**30), "\ud800": 1, "z": []}),
        ("config.json", {"model_type": "llama", "vocab_size": 10**4000, "eos_token_id": [10**4000]}),
        ("config.json", {"model_type": ["llama"], "text_config": {"text_config": {"text_config": None}}}),
        ("config.json", {"model_type": "llama", "quantization_config": ["x"], "layer_types": [[], {}, 1]}),
        (INDEX, {"metadata": {"total_size": 10**4000}, "weight_map": dict.fromkeys(TENSORS, "one.safetensors")}),
        (INDEX, {"metadata": {"total_size": -1}, "weight_map": dict.fromkeys(TENSORS, "../../etc/passwd")}),
        (INDEX, {"metadata": [], "weight_map": {"lm_head.weight": "one.safetensors"}}),
        (INDEX, {"weight_map": {"wte.weight": "one.safetensors"}}),
    ],
)
def test_hostile_values(path: str, value: Any) -> None:
    outcome({**WHOLE, path: written(value)})


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_damaged_headers_are_facts_or_malformed(data: st.DataObject) -> None:
    honest = header_bytes({"wte.weight": (8, 2), "h.0.ln_1.weight": ("F32", (2,))})
    inside = json.loads(honest[8:])
    changed = data.draw(damaged(inside).map(written) | torn(honest[8:]))
    length = data.draw(st.just(len(changed)) | st.sampled_from([0, 1, len(changed) + 1, 2**63, 2**64 - 1]))
    raw = length.to_bytes(8, "little") + changed
    size = data.draw(st.none() | st.integers(0, len(raw) + 9))
    head, refusal = tried(read_header, lambda start, end: raw[start:end], size, "model.safetensors")

    if head is None:
        assert "model.safetensors" in refusal
        return
    shot = snapshot({path: value for path, value in WHOLE.items() if path != INDEX})
    object.__setattr__(shot, "headers", {"model.safetensors": head})

    assert fingerprint(shot).digest
