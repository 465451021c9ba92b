"""A model that cannot be rolled back is refused with a sentence; one that can is let through."""

from types import SimpleNamespace

import pytest
import torch
import transformers

from specdec_check.decode.errors import DecodeError
from specdec_check.decode.probe import probe

SIZE = {"vocab_size": 48, "hidden_size": 32, "num_hidden_layers": 3}
HEADS = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "intermediate_size": 48}
LINEAR = {
    "linear_num_value_heads": 2,
    "linear_num_key_heads": 2,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "layer_types": ["linear_attention", "full_attention", "linear_attention"],
}
STATEFUL = {
    "Mamba": {"state_size": 4},
    "Mamba2": {"state_size": 4, "num_heads": 8, "head_dim": 8, "n_groups": 2},
    "Rwkv": {},
    "RecurrentGemma": {**HEADS, "lru_width": 32, "attention_window_size": 8},
    "Qwen3Next": {**HEADS, **LINEAR, "num_experts": 2, "num_experts_per_tok": 1},
    "Lfm2": {
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 48,
        "layer_types": ["conv", "full_attention", "conv"],
    },
}


def stateful(name):
    config = getattr(transformers, f"{name}Config")(**SIZE, **STATEFUL[name])
    return getattr(transformers, f"{name}ForCausalLM")(config).eval()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    "name", ["llama", "gpt2", "gpt_neox", "mistral", "gemma2", "gemma3_text", "qwen2", "qwen3", "phi3"]
)
def test_attention_passes(tiny, name, dtype):
    probe(tiny.family(name).to(dtype), name)


@pytest.mark.parametrize("name", STATEFUL)
@pytest.mark.parametrize("marked", [True, False])
def test_recurrent_state_is_refused(monkeypatch, name, marked):
    """By transformers' own mark, and by the runs alone."""
    model = stateful(name)
    if not marked:
        monkeypatch.setattr(type(model), "_is_stateful", False)
    with pytest.raises(DecodeError, match=r"^it cannot be decoded with rollback: .*; take a model with plain"):
        probe(model, "it")


def test_encoder_decoders_are_refused():
    config = transformers.T5Config(vocab_size=48, d_model=32, d_kv=8, d_ff=48, num_layers=1, num_heads=4)
    with pytest.raises(DecodeError, match="decoder-only"):
        probe(transformers.T5ForConditionalGeneration(config).eval(), "t5")


class Hidden(torch.nn.Module):
    """A model with a state of its own beside the cache, or with no eye for the cache at all."""

    device, dtype = torch.device("cpu"), torch.float32

    def __init__(self, *, writes):
        super().__init__()
        self.table = torch.nn.Embedding(48, 48)
        self.config = SimpleNamespace(is_encoder_decoder=False)
        self.writes = writes
        self.state = torch.zeros(48)

    def get_input_embeddings(self):
        """A row for each id."""
        return self.table

    def forward(self, input_ids, past_key_values, **_):
        """Sums what it reads, and starts anew only where the cache is empty."""
        if past_key_values.get_seq_length() == 0:
            self.state = torch.zeros(48)
        rows = []
        for row in self.table(input_ids[0]):
            self.state = 0.9 * self.state + row
            rows.append(self.state)
        if self.writes:
            past_key_values.update(*torch.zeros(2, 1, 1, len(rows), 1), 0)
        return SimpleNamespace(logits=torch.stack(rows)[None])


@pytest.mark.parametrize(("writes", "said"), [(True, "cannot be taken back"), (False, "does not use the cache")])
def test_a_state_beside_the_cache_is_found(writes, said):
    with pytest.raises(DecodeError, match=said):
        probe(Hidden(writes=writes), "it")


def test_a_past_that_is_forgotten_is_found(tiny):
    """A model that writes to the cache and never reads it."""
    model = tiny.family("llama")
    for layer in model.model.layers:
        forward = layer.self_attn.forward

        def blind(*args, _forward=forward, past_key_values, **kwargs):
            past_key_values.update(*torch.zeros(2, 1, 2, args[0].shape[1] if args else 1, 8), 0)
            kwargs["attention_mask"] = None
            return _forward(*args, past_key_values=None, **kwargs)

        layer.self_attn.forward = blind
    with pytest.raises(DecodeError, match="two steps"):
        probe(model, "it")


def test_numbers_that_are_none_are_found(tiny):
    model = tiny.family("llama")
    with torch.no_grad():
        model.lm_head.weight.fill_(torch.nan)
    with pytest.raises(DecodeError, match="NaN"):
        probe(model, "it")
