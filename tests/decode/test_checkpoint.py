"""Loading: a model in evaluation mode with the certified widths, or one sentence that says what to do."""

import json
from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from specdec_check.decode.checkpoint import load_model
from specdec_check.decode.errors import DecodeError
from specdec_check.decode.options import Options
from specdec_check.decode.probe import probe


@pytest.fixture
def saved(tiny, tmp_path):
    model = tiny.family("llama")
    model.save_pretrained(tmp_path)
    return model, tmp_path


def edited(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_what_is_loaded_runs_as_what_was_saved(tiny, saved, capfd):
    model, folder = saved
    loaded = load_model(folder, rows=48)
    assert (loaded.rows, loaded.dtype, loaded.device.type) == (48, torch.float32, "cpu")
    assert not loaded.model.training
    assert not any(weight.requires_grad for weight in loaded.model.parameters())
    ids = tiny.decoder(loaded.model).generate([1, 2], Options(10)).ids
    assert ids == tiny.decoder(model).generate([1, 2], Options(10)).ids
    assert capfd.readouterr() == ("", "")
    assert load_model(folder, dtype=torch.bfloat16).dtype == torch.bfloat16


def test_transformers_talks_again_afterwards(saved):
    _, folder = saved
    logging = transformers.utils.logging
    before = logging.get_verbosity(), logging.is_progress_bar_enabled()
    load_model(folder)
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == before


def test_other_widths_than_certified_are_refused(saved):
    _, folder = saved
    with pytest.raises(DecodeError, match="48 rows where 50 were expected"):
        load_model(folder, rows=50)


def test_errors_use_the_name_that_was_given(tmp_path):
    with pytest.raises(DecodeError, match="org/name could not") as caught:
        load_model(tmp_path, name="org/name")
    assert caught.value.model == "org/name"


def test_a_repository_is_never_asked_for(tmp_path, monkeypatch):
    """The network is admission's business, which pins what it fetches."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DecodeError, match="org/name is no folder"):
        load_model(Path("org/name"))


def test_missing_weights_are_refused(saved):
    _, folder = saved
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(DecodeError, match=r"lacks 1 of its weights, the first model\.layers\.1\.mlp\.up_proj\.weight"):
        load_model(folder)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: edited(folder, model_type="unheard-of"),
        lambda folder: edited(folder, hidden_size=64),
        lambda folder: edited(folder, hidden_size="many"),
        lambda folder: edited(folder, num_attention_heads=5),
        lambda folder: (folder / "config.json").unlink(),
        lambda folder: (folder / "config.json").write_text("{"),
        lambda folder: (folder / "model.safetensors").unlink(),
        lambda folder: (folder / "model.safetensors").write_bytes(b"\x10"),
        lambda folder: (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:-1000]),
        lambda folder: edited(folder, quantization_config={"quant_method": "gptq", "bits": 4}),
    ],
)
def test_damaged_checkpoints_are_one_sentence(saved, damage):
    _, folder = saved
    damage(folder)
    with pytest.raises(DecodeError) as caught:
        load_model(folder)
    said = str(caught.value)
    assert said.startswith(str(folder))
    assert said.endswith(".")
    assert "\n" not in said
    assert len(said) < 600


def test_code_from_the_repository_is_not_run(saved):
    _, folder = saved
    (folder / "modeling.py").write_text("raise SystemExit('ran')")
    edited(
        folder,
        model_type="homemade",
        auto_map={"AutoConfig": "modeling.Homemade", "AutoModelForCausalLM": "modeling.Homemade"},
    )
    with pytest.raises(DecodeError, match="none is run here"):
        load_model(folder)


class _Harmful:
    def __reduce__(self):
        return exec, ("raise SystemExit('ran')",)


def test_pickled_code_is_not_run(saved):
    model, folder = saved
    (folder / "model.safetensors").unlink()
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    assert load_model(folder).rows == 48
    torch.save(_Harmful(), folder / "pytorch_model.bin")
    with pytest.raises(DecodeError, match="could not be loaded"):
        load_model(folder)


def test_devices(saved):
    _, folder = saved
    with pytest.raises(DecodeError, match="names no device"):
        load_model(folder, device="gpu:zero")
    if not torch.cuda.is_available():
        with pytest.raises(DecodeError, match="no CUDA device"):
            load_model(folder, device="cuda")


def test_a_model_without_a_vocabulary_head_is_refused(tmp_path):
    config = transformers.BertConfig(
        vocab_size=48, hidden_size=32, num_hidden_layers=1, num_attention_heads=4, intermediate_size=48
    )
    transformers.BertModel(config).save_pretrained(tmp_path)
    with pytest.raises(DecodeError, match="lacks"):
        load_model(tmp_path)


def test_a_multimodal_checkpoint_decodes_text(tiny, tmp_path):
    text = {**tiny.COMMON, **tiny.GEMMA3}
    vision = {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 1,
        "num_attention_heads": 4,
        "image_size": 28,
        "patch_size": 14,
    }
    config = transformers.Gemma3Config(
        text_config=text, vision_config=vision, mm_tokens_per_image=4, tie_word_embeddings=False
    )
    model = tiny.peaked(transformers.Gemma3ForConditionalGeneration(config))
    model.save_pretrained(tmp_path)
    loaded = load_model(tmp_path, rows=48)
    probe(loaded.model, "gemma3")
    pair = tiny.decoder(loaded.model, tiny.noised(loaded.model, 0.1))
    prompt = [1, 2, 3]
    result = pair.generate(prompt, Options(30, 3))
    tiny.same_greedy(model, prompt, tiny.greedy(model, prompt, 30), result.ids)
