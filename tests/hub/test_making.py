"""The models that the tests make."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import get_local_safetensors_metadata, parse_local_safetensors_file_metadata
from making import ABSENT, OTHER_CORPUS, SENTENCEPIECE, Recipe, edit_json, make_model, respell_token
from tokenizers import Tokenizer

TEXTS = ("The model drafts.", "größere 漢字 🙂\n\tx = 1234", " <|end|> unseen: ЖЩ ☃")


def read(path: Path):
    return json.loads(path.read_text())


@pytest.mark.parametrize("recipe", [Recipe(), SENTENCEPIECE], ids=["byte-level", "sentencepiece"])
def test_a_tokenizer_holds_any_text(tmp_path, recipe):
    made = make_model(tmp_path, recipe)
    tokenizer = Tokenizer.from_file(str(made / "tokenizer.json"))
    assert tokenizer.get_vocab() == made.ids
    assert sorted(made.ids.values()) == list(range(recipe.size)) == list(range(made.used))
    for text in TEXTS:
        assert tokenizer.decode(tokenizer.encode(text).ids, skip_special_tokens=False) == text


def test_the_same_recipe_gives_the_same_bytes_in_another_process(tmp_path):
    make_model(tmp_path / "here")
    make_model(tmp_path / "here" / "pieces", SENTENCEPIECE)
    program = (
        "import sys; from pathlib import Path; from making import SENTENCEPIECE, make_model\n"
        "make_model(Path(sys.argv[1])); make_model(Path(sys.argv[1]) / 'pieces', SENTENCEPIECE)"
    )
    where = Path(__file__).parents[1]
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "there")], check=True, cwd=where)
    here, there = (
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        for root in (tmp_path / "here", tmp_path / "there")
    )
    assert here == there


def test_another_corpus_gives_another_tokenizer_of_the_same_size(tmp_path):
    one, two = make_model(tmp_path / "one"), make_model(tmp_path / "two", corpus=OTHER_CORPUS)
    assert one.used == two.used
    assert one.ids != two.ids


@pytest.mark.parametrize("style", ["llama", "gpt2"])
@pytest.mark.parametrize("tied", [True, False])
def test_the_header_tells_the_rows(tmp_path, style, tied):
    made = make_model(tmp_path, style=style, tied=tied, rows=400)
    tensors = parse_local_safetensors_file_metadata(made / "model.safetensors").tensors
    embedding = "wte.weight" if style == "gpt2" else "model.embed_tokens.weight"
    assert tensors[embedding].shape == [400, 16]
    assert ("lm_head.weight" in tensors) is not tied
    assert read(made / "config.json")["tie_word_embeddings"] is tied
    end = max(tensor.data_offsets[1] for tensor in tensors.values())
    length = int.from_bytes((made / "model.safetensors").read_bytes()[:8], "little")
    assert (made / "model.safetensors").stat().st_size == 8 + length + end


def test_shards_and_their_index(tmp_path):
    metadata = get_local_safetensors_metadata(make_model(tmp_path, weights="sharded", shards=3).folder)
    assert len(metadata.files_metadata) == 3
    weights = metadata.weight_map
    assert weights["model.embed_tokens.weight"] < weights["lm_head.weight"]
    tensors = [tensor for file in metadata.files_metadata.values() for tensor in file.tensors.values()]
    assert read(tmp_path / "model.safetensors.index.json")["metadata"]["total_size"] == sum(
        tensor.data_offsets[1] - tensor.data_offsets[0] for tensor in tensors
    )


@pytest.mark.parametrize(("part", "whole"), [("header", "safetensors"), ("sharded-header", "sharded")])
def test_headers_alone_claim_the_size_of_the_whole(tmp_path, part, whole):
    heads = make_model(tmp_path / "part", weights=part).folder
    for file in make_model(tmp_path / "whole", weights=whole).folder.glob("*.safetensors"):
        head = (heads / file.name).read_bytes()
        assert file.read_bytes().startswith(head)
        assert int((heads / f"{file.name}.size").read_text()) == file.stat().st_size > len(head)


def test_three_sizes_that_differ(tmp_path):
    made = make_model(tmp_path, rows=512, declared=500, added=("<extra>",))
    assert (made.used, made.rows, read(made / "config.json")["vocab_size"]) == (385, 512, 500)


def test_what_may_be_left_out_or_laid_over(tmp_path):
    changes = {"weights": None, "generation": None, "tokenizer_config": {"chat_template": "{{ messages }}"}}
    made = make_model(tmp_path, text_config=True, declared=ABSENT, config={"architectures": ABSENT}, **changes)
    config = read(made / "config.json")
    assert "architectures" not in config
    assert "vocab_size" not in config["text_config"]
    assert read(made / "tokenizer_config.json")["chat_template"]
    assert {path.name for path in tmp_path.iterdir()} == {"config.json", "tokenizer.json", "tokenizer_config.json"}
    assert {path.name for path in make_model(tmp_path / "b", tokenizer=None, weights="bin").folder.iterdir()} == {
        "config.json",
        "generation_config.json",
        "pytorch_model.bin",
    }


def test_one_token_with_another_text(tmp_path):
    made = make_model(tmp_path)
    before = Tokenizer.from_file(str(made / "tokenizer.json")).get_vocab()
    respell_token(made.folder, 300, "zzz")
    after = Tokenizer.from_file(str(made / "tokenizer.json")).get_vocab()
    assert [token for token in after if token not in before] == ["zzz"]
    assert after["zzz"] == 300


def test_edit_json_takes_changes_in_place_or_a_new_value(tmp_path):
    path = tmp_path / "x.json"
    path.write_text('{"a": 1}')
    edit_json(path, lambda value: value.update(b=2))
    assert read(path) == {"a": 1, "b": 2}
    edit_json(path, lambda _: [])
    assert read(path) == []
