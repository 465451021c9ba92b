"""Pairs that were built to get a wrong answer: each looks like a good one, and no engine could run it usefully."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from making import ABSENT, SENTENCEPIECE, Recipe, edit_json, make_model
from making_gguf import metadata_of, tensors_of, write_gguf
from running import CommandLine

from specdec_check.compat import model_types, store
from specdec_check.compat.certificate import seal
from specdec_check.compat.engines.outcome import Outcome
from specdec_check.compat.errors import MalformedError
from specdec_check.compat.pipeline import Report, check
from specdec_check.compat.relation import Relation
from specdec_check.compat.tokenizer.vocabulary import Vocabulary
from specdec_check.compat.verdict import Policy, Verdict

NOT_TIED_BY_DEFAULT: Any = {"tied": True, "config": {"tie_word_embeddings": ABSENT}}


def judged(folder: Path, target: Any = None, drafter: Any = None, policy: Policy | None = None) -> Report:
    """The report of two made models."""
    ours = make_model(folder / "target", hidden=64, **(target or {}))
    return check(str(ours.folder), str(make_model(folder / "drafter", **(drafter or {})).folder), policy)


def refusing(report: Report) -> set[str]:
    """Codes of the rules that refuse the pair."""
    assert report.decision.verdict is Verdict.REFUSED
    return {found.code for found in report.decision.findings if found.severity == "error"}


def test_a_drafter_without_rows_for_most_tokens(tmp_path: Path) -> None:
    """The tokenizers are equal; the drafter can propose 64 ids of 384."""
    report = judged(tmp_path, {"eos": None}, {"eos": None, "rows": 64})

    assert report.decision.relation is Relation.PADDED
    assert refusing(report) == {"SD105"}


def test_a_target_with_few_rows_too_is_no_matter(tmp_path: Path) -> None:
    few = {"eos": None, "rows": 64}

    assert judged(tmp_path, few, few).decision.verdict is Verdict.CERTIFIED


def test_plain_words_added_to_each_model_by_itself_are_not_allowed_as_control_tokens(tmp_path: Path) -> None:
    target, drafter = ({"added": tuple(f"{word}{number}" for number in range(500))} for word in ("word", "mot"))

    report = judged(tmp_path, target, drafter, Policy(allow_specials=True))

    assert report.decision.relation is Relation.SPECIALS_DIFFER
    assert refusing(report) == {"SD105"}


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "gemma3_text", "use_bidirectional_attention": True},
        {"model_type": "gemma4_text", "use_bidirectional_attention": "all"},
        {"is_causal": False},
    ],
)
def test_a_decoder_that_looks_ahead_is_an_encoder(tmp_path: Path, config: Any) -> None:
    """EmbeddingGemma has Gemma 3's tokens, type and tied embedding, and predicts nothing."""
    assert "SD401" in refusing(judged(tmp_path, drafter={"config": config}))


def test_images_seen_both_ways_are_no_matter(tmp_path: Path) -> None:
    config = {"model_type": "gemma4_text", "use_bidirectional_attention": "vision"}

    assert judged(tmp_path, drafter={"config": config}).decision.verdict is Verdict.CERTIFIED


@pytest.mark.parametrize(
    "name", ["LlamaForSequenceClassification", "Qwen2ForRewardModel", "MistralModel", "LlamaForTokenClassification"]
)
def test_a_class_for_another_task_is_no_known_drafter(tmp_path: Path, name: str) -> None:
    """With a tied embedding its weights lack nothing."""
    report = judged(tmp_path, drafter={"tied": True, "config": {"architectures": [name]}})

    assert report.decision.verdict is Verdict.UNDECIDED
    assert {question.fact for question in report.decision.questions} == {"architecture.kind"}


def test_layers_counted_by_two_keys(tmp_path: Path) -> None:
    """LongCat's `num_layers` are blocks of two layers each."""
    config = {"model_type": "longcat_flash", "num_layers": 2, "num_hidden_layers": 4}

    assert judged(tmp_path, drafter={"layers": 2, "config": config}).decision.verdict is Verdict.CERTIFIED


@pytest.mark.parametrize("name", ["GPT2LMHeadModel", "GPT2DoubleHeadsModel", "LlamaForCausalLM", "XLMWithLMHeadModel"])
def test_a_class_that_predicts_tokens_is_fine(tmp_path: Path, name: str) -> None:
    report = judged(tmp_path, drafter={"tied": True, "config": {"architectures": [name]}})

    assert report.decision.verdict is Verdict.CERTIFIED


def test_a_head_that_nothing_ties_and_nobody_published(tmp_path: Path) -> None:
    """Loaders would make it of random numbers."""
    assert judged(tmp_path, drafter=NOT_TIED_BY_DEFAULT).decision.verdict is Verdict.UNDECIDED


def test_a_head_that_is_tied_by_default(tmp_path: Path) -> None:
    tied = {**NOT_TIED_BY_DEFAULT, "config": {"tie_word_embeddings": ABSENT, "model_type": "gemma2"}}

    assert judged(tmp_path, drafter=tied).decision.verdict is Verdict.CERTIFIED


@pytest.mark.parametrize(
    "name", ["llama", "mistral", "qwen2", "qwen3_moe", "phi3", "gpt_neox", "gemma2", "gpt2", "opt"]
)
def test_types_that_do_not_tie_by_default(name: str) -> None:
    transformers = pytest.importorskip("transformers")

    assert transformers.CONFIG_MAPPING[name]().tie_word_embeddings is (name not in model_types.UNTIED)


def test_encoders_that_have_a_class_which_generates() -> None:
    auto = pytest.importorskip("transformers.models.auto.modeling_auto")

    assert model_types.ENCODERS & auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.keys() == model_types.DECODERS


def test_an_encoder_without_such_a_class_stays_one(tmp_path: Path) -> None:
    config = {"model_type": "distilbert", "is_decoder": True}

    assert "SD401" in refusing(judged(tmp_path, drafter={"config": config}))


def edit_header(file: Path, edit: Callable[[str, Any], tuple[str, Any] | None]) -> None:
    """Rename, change or (None) remove tensors in the header of a safetensors file."""
    data = file.read_bytes()
    size = int.from_bytes(data[:8], "little")
    edited = (edit(name, info) for name, info in json.loads(data[8 : 8 + size]).items())
    text = json.dumps(dict(tensor for tensor in edited if tensor)).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + size :])


@pytest.mark.parametrize(("leaf", "dtype"), [("qweight", "I32"), ("weight", "F8_E4M3")])
def test_quantised_weights_of_a_silent_config(tmp_path: Path, leaf: str, dtype: str) -> None:
    """Early GPTQ repositories name the method in a file of its own; the layers would be loaded as random numbers."""

    def pack(name: str, info: Any) -> tuple[str, Any]:
        if not name.endswith("q_proj.weight"):
            return name, info
        rows, width = info["shape"]
        return name.replace("weight", leaf), {**info, "dtype": dtype, "shape": [rows // 2, width]}

    drafter = make_model(tmp_path / "drafter")
    edit_header(drafter / "model.safetensors", pack)

    report = check(str(make_model(tmp_path / "target", hidden=64).folder), str(drafter.folder))

    assert report.decision.verdict is Verdict.UNDECIDED
    assert (dtype if leaf == "weight" else leaf) in report.decision.judgements["bundled"].reason


@pytest.mark.parametrize("weights", ["safetensors", "sharded"])
def test_weights_with_fewer_layers_than_declared(tmp_path: Path, weights: str) -> None:
    drafter = {"layers": 2, "weights": weights, "config": {"num_hidden_layers": 3}}

    report = judged(tmp_path, drafter=drafter)

    assert refusing(report) == {"SD310"}
    assert report.decision.judgements["bundled"].outcome is Outcome.REFUSES


@pytest.mark.parametrize(("gone", "count"), [("layers.1.", 1), ("layers.", 3)])
def test_weights_with_a_hole_or_no_layer_at_all(tmp_path: Path, gone: str, count: int) -> None:
    """The second is what an EAGLE 3 head comes to whose config names a plain class: its one layer has no number."""
    drafter = make_model(tmp_path / "drafter", layers=3)
    edit_header(drafter / "model.safetensors", lambda name, info: None if gone in name else (name, info))

    report = check(str(make_model(tmp_path / "target", hidden=64).folder), str(drafter.folder))

    assert refusing(report) == {"SD310"}
    assert [found.args["count"] for found in report.decision.findings if found.code == "SD310"] == [count]


def test_weights_with_more_layers_than_declared_are_fine(tmp_path: Path) -> None:
    """Prediction layers lie behind the model's own."""
    drafter = {"layers": 3, "config": {"num_hidden_layers": 2}}

    assert judged(tmp_path, drafter=drafter).decision.verdict is Verdict.CERTIFIED


def test_a_model_that_keeps_no_cache(tmp_path: Path) -> None:
    config = {"style": "gpt2", "tied": True, "config": {"model_type": "openai-gpt", "architectures": ABSENT}}

    judgement = judged(tmp_path, config, config).decision.judgements["bundled"]

    assert (judgement.outcome, "cache" in judgement.reason) == (Outcome.REFUSES, True)


def test_special_tokens_listed_beside_named_ones(tmp_path: Path) -> None:
    """`extra_special_tokens` as an object gives names; the list of the older key counts beside it."""
    settings = {
        "added_tokens_decoder": {},
        "additional_special_tokens": ["<new>"],
        "extra_special_tokens": {"boi_token": "</s>"},
    }
    model = make_model(tmp_path / "model", Recipe(**{**vars(SENTENCEPIECE), "tokenizer_config": settings}))
    found = check(str(model.folder), str(model.folder)).target.facts.vocabulary

    transformers = pytest.importorskip("transformers")
    loaded = transformers.AutoTokenizer.from_pretrained(str(model.folder)).get_vocab()

    assert isinstance(found, Vocabulary)
    assert found.used == 1 + max(loaded.values())
    assert found.token(loaded["<new>"]) == b"<new>"


@pytest.mark.parametrize(("rows", "blocks", "code"), [(448, 1, None), (384, 2, "SD310")])
def test_gguf_files_whose_tensors_are_not_what_they_count(
    tmp_path: Path, rows: int, blocks: int, code: str | None
) -> None:
    """llama.cpp makes its matrices as tall as the list of tokens, where no `vocab_size` speaks against the file."""
    made = make_model(tmp_path / "made")
    sound = write_gguf(tmp_path / "sound.gguf", metadata_of(made), tensors_of(made.rows, layers=2))
    told = metadata_of(made, llama__vocab_size=None, llama__block_count=blocks)
    odd = write_gguf(tmp_path / "odd.gguf", told, tensors_of(rows))

    report = check(str(sound), str(odd), Policy(("llama.cpp",)))

    assert refusing(report) == ({code} if code else set())
    assert not report.decision.judgements["llama.cpp"].outcome.usable


def test_a_table_of_positions_that_begins_behind_the_padding_id(tmp_path: Path) -> None:
    config = {"model_type": "roberta", "is_decoder": True, "max_position_embeddings": 514, "pad_token_id": 1}

    assert judged(tmp_path, {"config": config}).target.facts.context == 512


def test_a_table_of_positions_of_no_known_length(tmp_path: Path) -> None:
    """Past its end the look-up is out of range, and the decoder would not know where to stop drafting."""
    config = {"n_positions": ABSENT, "n_ctx": ABSENT}

    assert judged(tmp_path, drafter={"style": "gpt2", "config": config}).decision.verdict is Verdict.UNDECIDED


def test_a_config_without_a_size_is_filled_in_by_its_class(tmp_path: Path) -> None:
    """Llama's default is 32,000, for which these weights have too few rows. Nested configs leave out defaults alone."""
    report = judged(tmp_path, drafter={"declared": ABSENT})

    assert report.decision.verdict is Verdict.UNDECIDED
    assert report.decision.judgements["bundled"].fix == "write vocab_size into the drafter's config.json"


@pytest.mark.parametrize("by", ["the file", "its tensors"])
def test_gguf_types_that_llama_cpp_has_removed(tmp_path: Path, by: str) -> None:
    """Files of this kind are still published; it stops at the first tensor."""
    made = make_model(tmp_path / "made")
    told = {"general__file_type": 33} if by == "the file" else {"general__file_type": None}
    tensors = tensors_of(made.rows) | {"blk.0.ffn_up.weight": (31, (1024, 1024))}
    sound = write_gguf(tmp_path / "sound.gguf", metadata_of(made), tensors_of(made.rows))
    removed = write_gguf(tmp_path / "removed.gguf", metadata_of(made, **told), tensors)

    judgement = check(str(sound), str(removed), Policy(("llama.cpp",))).decision.judgements["llama.cpp"]

    assert judgement.outcome is Outcome.REFUSES
    assert "Q4_0_4_4, a type that was removed" in judgement.reason


def test_a_cache_that_is_someone_s_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Making room removes what the store wrote, and nothing else."""
    monkeypatch.setattr(store, "_FOLDER_LIMIT", 10)
    (tmp_path / "thesis.txt").write_text("all of it, and no copy")
    (tmp_path / f"{'a' * 64}").write_text("an entry that is too old to keep")

    store._evict(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_engine_s_version_that_would_steer_a_terminal(tmp_path: Path, specdec_check: CommandLine) -> None:
    """From the command line, and from a certificate whose seal matches."""
    made = str(make_model(tmp_path / "made").folder)
    asked = specdec_check(made, made, "--engine", "vllm@\x1b[31m\u202e")
    file = tmp_path / "pair.json"
    specdec_check(made, made, "--certificate", file)
    statement = json.loads(file.read_text())
    statement["predicate"]["policy"]["engines"] = ["vllm@\x1b[31m"]
    statement["predicate"]["seal"] = seal(statement)
    file.write_text(json.dumps(statement))
    verified = specdec_check("verify", file)

    for run in (asked, verified):
        assert run.status == 2
        assert all(char.isprintable() or char == "\n" for char in run.stdout + run.stderr)


@pytest.mark.parametrize("part", [0.5, 0.99])
def test_weights_whose_transfer_was_broken_off(tmp_path: Path, part: float) -> None:
    """The commonest damage there is: the head is sound, and tensors are missing at the end."""
    made = make_model(tmp_path / "made", layers=2)
    gguf = write_gguf(tmp_path / "made.gguf", metadata_of(made), tensors_of(made.rows, 256), whole=True)
    check(str(gguf), str(gguf), Policy(("llama.cpp",)))
    for file in (gguf, made / "model.safetensors"):
        data = file.read_bytes()
        file.write_bytes(data[: max(int(len(data) * part), len(data) - 4096)])

        named = str(gguf) if file is gguf else str(made.folder)
        with pytest.raises(
            MalformedError, match=r"bytes, and its tensors reach to \d+: a transfer of it was broken off"
        ):
            check(named, named)


def test_a_pointer_in_place_of_the_weights(tmp_path: Path) -> None:
    made = make_model(tmp_path / "made")
    (made / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")

    with pytest.raises(MalformedError, match=r"model\.safetensors is a pointer of git-lfs"):
        check(str(made.folder), str(made.folder))


@pytest.mark.parametrize(
    ("names", "split", "error"),
    [
        (("a.gguf",), {"split__count": 3}, "is one of 3 parts by what it says"),
        (("a-00001-of-00002.gguf", "a-00002-of-00002.gguf"), {}, "is one of 1 parts by what it says"),
        (("a-00001-of-00002.gguf", "a-00002-of-00002.gguf"), {"split__count": 2}, "the parts are not of one model"),
    ],
)
def test_parts_that_are_not_what_they_say(
    tmp_path: Path, names: tuple[str, ...], split: dict[str, int], error: str
) -> None:
    made = make_model(tmp_path / "made")
    for name in names:
        write_gguf(tmp_path / "parts" / name, metadata_of(made, **split), tensors_of(made.rows))
    first = str(tmp_path / "parts" / names[0])

    with pytest.raises(MalformedError, match=error):
        check(first, first, Policy(("llama.cpp",)))


def test_a_byte_level_gguf_without_merges(tmp_path: Path) -> None:
    made = make_model(tmp_path / "made")
    told = metadata_of(made)
    sound = write_gguf(tmp_path / "sound.gguf", told, tensors_of(made.rows))
    bare = write_gguf(tmp_path / "bare.gguf", metadata_of(made, tokenizer__ggml__merges=None), tensors_of(made.rows))

    judgement = check(str(sound), str(bare), Policy(("llama.cpp",))).decision.judgements["llama.cpp"]

    assert (judgement.outcome, judgement.message) == (
        Outcome.REFUSES,
        "cannot find tokenizer merges in model file",
    )


def test_a_kind_of_tokenizer_that_no_library_builds(tmp_path: Path) -> None:
    made = make_model(tmp_path / "made")
    edit_json(made / "tokenizer.json", lambda whole: whole["model"].update(type="Zork"))
    report = check(str(made.folder), str(made.folder))

    assert report.decision.verdict is Verdict.UNDECIDED
    assert not [name for name, judged in report.decision.judgements.items() if judged.outcome.usable]
