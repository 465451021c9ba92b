"""Tiny models made on the spot, for the laws of the decoder. Without torch the whole folder is left out."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

if find_spec("torch") is None or find_spec("transformers") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    import copy
    from types import SimpleNamespace

    import tokenizers
    import torch
    import transformers

    from specdec_check.decode.decoder import Decoder
    from specdec_check.decode.draft import ModelDrafter
    from specdec_check.decode.pairing import Pairing

    torch.set_num_threads(1)  # the models are too small to share
    transformers.logging.set_verbosity_error()

    VOCABULARY = 48
    WINDOW = 8  # of the sliding-window families, far shorter than what is decoded
    COMMON = {
        "vocab_size": VOCABULARY,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "bos_token_id": None,
        "eos_token_id": None,
        "pad_token_id": None,
        "tie_word_embeddings": False,
    }
    GPT2 = {
        "vocab_size": VOCABULARY,
        "n_embd": 32,
        "n_layer": 3,
        "n_head": 4,
        "n_positions": 256,
        "bos_token_id": None,
        "eos_token_id": None,
        "tie_word_embeddings": False,
    }
    ALTERNATING = ["sliding_attention", "full_attention", "sliding_attention"]
    GEMMA3 = {"head_dim": 8, "sliding_window": WINDOW, "layer_types": ALTERNATING}
    # name → (model class, configuration class, what differs from COMMON)
    FAMILIES = {
        "llama": ("LlamaForCausalLM", "LlamaConfig", {}),
        "gpt2": ("GPT2LMHeadModel", "GPT2Config", GPT2),
        "gpt_neox": ("GPTNeoXForCausalLM", "GPTNeoXConfig", {}),
        "mistral": ("MistralForCausalLM", "MistralConfig", {"sliding_window": WINDOW}),
        "gemma2": ("Gemma2ForCausalLM", "Gemma2Config", {"head_dim": 8, "sliding_window": WINDOW}),
        "gemma3_text": ("Gemma3ForCausalLM", "Gemma3TextConfig", GEMMA3),
        "qwen2": ("Qwen2ForCausalLM", "Qwen2Config", {}),
        "qwen3": ("Qwen3ForCausalLM", "Qwen3Config", {"head_dim": 8}),
        "phi3": ("Phi3ForCausalLM", "Phi3Config", {}),
    }

    def family(name, *, seed=0, attention=None, **changes):
        """A model whose next id depends on all that came before, with logits as peaked as a trained model's."""
        model_class, config_class, differing = FAMILIES[name]
        base = {} if name == "gpt2" else COMMON
        config = getattr(transformers, config_class)(**{**base, **differing, **changes})
        if attention is not None:
            config._attn_implementation = attention
        return peaked(getattr(transformers, model_class)(config), seed)

    def peaked(model, seed=0):
        """Weights large enough that attention attends and the text does not fall into a cycle."""
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for weight in model.parameters():
                if weight.dim() > 1:
                    weight.copy_(torch.randn(weight.shape, generator=generator) * 1.5 / weight.shape[-1] ** 0.5)
            model.get_input_embeddings().weight.mul_(3)
            model.get_output_embeddings().weight.mul_(2)
        return model.eval()

    def noised(model, amount, seed=1):
        """A copy with every weight off by a share of its tensor's spread: 0 agrees always, 1 hardly ever."""
        generator = torch.Generator().manual_seed(seed)
        twin = copy.deepcopy(model)
        with torch.no_grad():
            for weight in twin.parameters():
                if weight.dim() > 1:
                    weight.add_(torch.randn(weight.shape, generator=generator) * weight.std() * amount)
        return twin

    def pairing(target, drafter, *, eos=(), **changes):
        """The plain facts of two models over one vocabulary."""
        rows = [model.get_output_embeddings().weight.shape[0] for model in (target, drafter)]
        facts = {"proposable": ((0, min(rows)),), "stand_in": 0, "eos": frozenset(eos), **changes}
        return Pairing(rows[0], rows[1], **facts)

    def decoder(target, drafter=None, *, facts=None, **changes):
        """A decoder for the two, on facts given or plain."""
        if drafter is None:
            rows = target.get_output_embeddings().weight.shape[0]
            return Decoder(target, facts or Pairing.alone(rows, **changes))
        facts = facts or pairing(target, drafter, **changes)
        return Decoder(target, facts, ModelDrafter(drafter, facts))

    def prompts(count, *, seed=0, low=1, high=24, rows=VOCABULARY):
        """Random prompts of random lengths."""
        generator = torch.Generator().manual_seed(seed)
        lengths = torch.randint(low, high, (count,), generator=generator).tolist()
        return [torch.randint(0, rows, (length,), generator=generator).tolist() for length in lengths]

    def greedy(model, prompt, count):
        """What transformers' own `generate` decodes."""
        ids = torch.tensor([prompt])
        out = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=count)
        return out[0, len(prompt) :].tolist()

    def undecided(model, prompt, expected, got):
        """Whether the two part where the target itself cannot tell: its best two logits equal but for rounding."""
        parting = next(i for i, (a, b) in enumerate(zip(expected, got, strict=False)) if a != b)
        ids = torch.tensor([prompt + expected[:parting]])
        with torch.no_grad():
            best = model(ids).logits[0, -1].topk(2).values
        return bool(best[0] - best[1] < 1e-4)

    def same_greedy(model, prompt, expected, got):
        """Asserts equal ids, but for a tie in the target's own logits."""
        got = list(got)
        assert got == expected or undecided(model, prompt, expected, got), (expected, got)

    class Scripted(torch.nn.Module):
        """Stands in for a model where real ones would be slow or unruly: logits are a function of the ids so far.

        It keeps ids in its own memory, at the positions that the cache tells it, as a model keeps keys and values: a
        wrong rollback shows in what it answers.
        """

        def __init__(self, rows, answer):
            super().__init__()
            self.head = torch.nn.Embedding(rows, 1)
            self.config = SimpleNamespace(is_encoder_decoder=False)
            self.answer = answer
            self.memory = {}

        device = torch.device("cpu")
        dtype = torch.float32

        def get_output_embeddings(self):
            """Something with as many rows as there are ids."""
            return self.head

        get_input_embeddings = get_output_embeddings

        def forward(self, input_ids, past_key_values, logits_to_keep, **_):
            """Answers for the last positions, from the ids that stand before each."""
            start = past_key_values.get_seq_length()
            rows = []
            for at, token in enumerate(input_ids[0].unbind(), start):
                self.memory[at] = token
                rows.append(self.answer([self.memory[i] for i in range(at + 1)]))
            return SimpleNamespace(logits=torch.stack(rows[-logits_to_keep:])[None])

    def reciting(rows, ids, wrong=()):
        """A scripted model that recites ids by position, but for positions where it says the next id instead."""

        def answer(past):
            at = len(past)
            said = ids[at % len(ids)]
            return torch.nn.functional.one_hot(torch.tensor((said + (at in wrong)) % rows), rows) * 20.0

        return Scripted(rows, answer)

    @pytest.fixture(scope="session")
    def words():
        """A byte-level tokenizer whose tokens are bytes and some pairs of them."""
        tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
        tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = tokenizers.decoders.ByteLevel()
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=300, initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(), show_progress=False
        )
        tokenizer.train_from_iterator(["one two three four déjà vu the then there 日本 日本語"] * 3, trainer)
        return tokenizer

    @pytest.fixture(scope="session")
    def tiny():
        """The makers above, since test modules cannot import from here."""
        return SimpleNamespace(**{name: value for name, value in globals().items() if not name.startswith("_")})
