"""Small models for the tests, made in milliseconds without torch: real tokenizers, configs and weight headers.

>>> target = make_model(folder / "target")
>>> drafter = make_model(folder / "drafter", rows=target.rows + 64)     # padded
>>> stranger = make_model(folder / "stranger", corpus=OTHER_CORPUS)     # another tokenizer
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # no warning where a test forks

Json = dict[str, Any]
ABSENT: Any = object()  # as a value in an override: leave the key out
CORPUS = (
    "The small model drafts and the large model verifies: what both agree on costs one step.",
    "def draft(tokens, gamma):\n    return [propose(tokens) for _ in range(gamma)]\n",
    "Ein Wörterbuch, zwei Modelle; größere Schritte. Ünïcödé läuft über mehrere Bytes: 漢字, émoji 🙂.",
    "0 1 2 3 4 5 6 7 8 9 10 11 12 100 1000 1234567890 3.14159",
)
OTHER_CORPUS = (
    "Rivers run down to the sea, and yet the sea never fills; waters return whence they came.",
    "SELECT name, price FROM goods WHERE price < 42 ORDER BY name DESC;\n",
    "Quelques mots français, où l'été s'achève; et naïveté, garçon, œuvre.",
)
WIDTHS = {"BF16": 2, "F16": 2, "F32": 4}


@dataclass(frozen=True)
class Recipe:
    """What a made model is like; every field has a default that makes a sound model.

    tokenizer: `byte-level`, `sentencepiece`, a tokenizer.json as a dict, or None. `size` counts plain tokens and
        specials; `added` come on top.
    bos, eos, pad, unk: named in tokenizer_config.json and, bos, eos and pad, by id in both configs.
    style: `llama` or `gpt2`, for the names in config.json and of the tensors.
    rows: of the embedding and the head; as many as there are tokens unless told.
    head: rows of the head where it has others, or is there beside a tied embedding.
    declared: `vocab_size`; as `rows` unless told, ABSENT leaves it out.
    text_config: whether the text model's sizes are nested under that name.
    weights: `safetensors` (zeros), `header` (no tensor data; `<file>.size` claims the size), `sharded`,
        `sharded-header`, `bin` or None. `metadata` goes into the headers, which it can make long.
    config, generation, tokenizer_config: laid over what would be written; ABSENT removes a key, None (of the last two)
        the file.
    files: written last, as they are.
    """

    tokenizer: str | Json | None = "byte-level"
    corpus: tuple[str, ...] = CORPUS
    size: int = 384
    bos: str | None = None
    eos: str | None = "<|end|>"
    pad: str | None = None
    unk: str | None = None
    specials: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    style: str = "llama"
    rows: int | None = None
    declared: Any = None
    tied: bool = False
    head: int | None = None
    context: int = 512
    hidden: int = 16
    layers: int = 1
    text_config: bool = False
    config: Mapping[str, Any] = field(default_factory=dict)
    generation: Mapping[str, Any] | None = field(default_factory=dict)
    tokenizer_config: Mapping[str, Any] | None = field(default_factory=dict)
    weights: str | None = "safetensors"
    shards: int = 2
    dtype: str = "BF16"
    metadata: Mapping[str, str] = field(default_factory=lambda: {"format": "pt"})
    files: Mapping[str, str | bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Made:
    """A model that was made: its folder, which it also is as a path, and what is known of it."""

    folder: Path
    recipe: Recipe
    ids: dict[str, int]
    used: int
    rows: int

    def __fspath__(self) -> str:
        return str(self.folder)

    def __truediv__(self, name: str) -> Path:
        return self.folder / name


SENTENCEPIECE = Recipe(tokenizer="sentencepiece", bos="<s>", eos="</s>", unk="<unk>", size=512)


def make_model(folder: Path, recipe: Recipe | None = None, **changes: Any) -> Made:
    """Write a model's files into a folder, from a recipe with some of its fields changed."""
    recipe = replace(recipe or Recipe(), **changes)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = tokenizer_json(recipe)
    ids = token_ids(tokenizer) if tokenizer else {}
    used = max(ids.values(), default=-1) + 1
    rows = recipe.rows if recipe.rows is not None else used
    if tokenizer is not None:
        write_json(folder / "tokenizer.json", tokenizer)
        if recipe.tokenizer_config is not None:
            write_json(folder / "tokenizer_config.json", _tokenizer_config(recipe))
    write_json(folder / "config.json", _config(recipe, ids, rows))
    if recipe.generation is not None:
        write_json(folder / "generation_config.json", _overlaid(_special_ids(recipe, ids), recipe.generation))
    write_weights(folder, recipe, rows)
    for name, content in recipe.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return Made(folder, recipe, ids, used, rows)


def write_json(path: Path, value: Any) -> None:
    """Write JSON as the models' own tools do: indented, keys in the given order."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def edit_json(path: Path, edit: Callable[[Any], Any]) -> None:
    """Change a JSON file; `edit` changes the value in place, or returns another."""
    value = json.loads(path.read_text(encoding="utf-8"))
    changed = edit(value)
    write_json(path, value if changed is None else changed)


def respell_token(folder: Path, token: int, text: str) -> None:
    """Give another text to one plain token of a tokenizer.json, in its merges as well."""

    def edit(tokenizer: Json) -> None:
        vocab: dict[str, int] = tokenizer["model"]["vocab"]
        former = next(spelling for spelling, number in vocab.items() if number == token)
        tokenizer["model"]["vocab"] = {text if name == former else name: number for name, number in vocab.items()}
        tokenizer["model"]["merges"] = [
            [left, right] for left, right in tokenizer["model"]["merges"] if former not in (left, right, left + right)
        ]

    edit_json(folder / "tokenizer.json", edit)


# Tokenizers


def tokenizer_json(recipe: Recipe) -> Json | None:
    """Return what tokenizer.json holds."""
    if recipe.tokenizer is None or isinstance(recipe.tokenizer, dict):
        return recipe.tokenizer
    named = [token for token in (recipe.unk, recipe.bos, recipe.eos, recipe.pad) if token is not None]
    specials = tuple(dict.fromkeys([*named, *recipe.specials]))
    if recipe.tokenizer == "sentencepiece":
        text = _sentencepiece(recipe.corpus, recipe.size, specials, recipe.added, recipe.unk)
    else:
        text = _byte_level(recipe.corpus, recipe.size, specials, recipe.added)
    made: Json = json.loads(text)
    return made


def token_ids(tokenizer: Json) -> dict[str, int]:
    """Return the id of each spelling in a tokenizer.json, added tokens included."""
    vocab: dict[str, int] = tokenizer["model"]["vocab"]
    return vocab | {token["content"]: token["id"] for token in tokenizer["added_tokens"]}


@lru_cache
def _byte_level(corpus: tuple[str, ...], size: int, specials: tuple[str, ...], added: tuple[str, ...]) -> str:
    """Train a byte-level BPE as GPT-2's: plain tokens first, then specials, `size` of both together."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        corpus,
        trainers.BpeTrainer(
            vocab_size=size - len(specials),
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        ),
    )
    return _finished(tokenizer, specials, added)


@lru_cache
def _sentencepiece(
    corpus: tuple[str, ...], size: int, specials: tuple[str, ...], added: tuple[str, ...], unk: str | None
) -> str:
    """Train a BPE with byte fallback as Llama-2's: specials, the 256 bytes, merged tokens, single characters."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    room = size - len(specials) - 256
    trained.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=room, show_progress=False))
    model = json.loads(trained.to_str())["model"]
    by_id = sorted(model["vocab"], key=model["vocab"].get)
    plain = [token for token in by_id if len(token) > 1] + [token for token in by_id if len(token) == 1]
    order = [*specials, *(f"<0x{byte:02X}>" for byte in range(256)), *plain]
    tokenizer = Tokenizer(
        models.BPE(
            {token: number for number, token in enumerate(order)},
            [(left, right) for left, right in model["merges"]],
            unk_token=unk,
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return _finished(tokenizer, specials, added)


def _finished(tokenizer: Tokenizer, specials: tuple[str, ...], added: tuple[str, ...]) -> str:
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in specials])
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in added])
    return tokenizer.to_str()


def _tokenizer_config(recipe: Recipe) -> Json:
    classes = {"byte-level": "PreTrainedTokenizerFast", "sentencepiece": "LlamaTokenizer"}
    kind = recipe.tokenizer if isinstance(recipe.tokenizer, str) else "byte-level"
    config: Json = {"tokenizer_class": classes[kind], "model_max_length": recipe.context}
    for name in ("bos", "eos", "pad", "unk"):
        config[f"{name}_token"] = getattr(recipe, name)
    if kind == "sentencepiece":
        config |= {"add_bos_token": True, "add_eos_token": False, "legacy": True}
    return _overlaid(config, recipe.tokenizer_config or {})


# Configs


def _special_ids(recipe: Recipe, ids: dict[str, int]) -> Json:
    named = {f"{name}_token_id": getattr(recipe, name) for name in ("bos", "eos", "pad")}
    return {name: ids[token] for name, token in named.items() if token in ids}


def _config(recipe: Recipe, ids: dict[str, int], rows: int) -> Json:
    sizes: Json = {"vocab_size": rows if recipe.declared is None else recipe.declared}
    outer: Json
    if recipe.style == "gpt2":
        outer = {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2"}
        sizes |= {"n_positions": recipe.context, "n_ctx": recipe.context, "n_embd": recipe.hidden}
        sizes |= {"n_layer": recipe.layers, "n_head": 2}
    else:
        outer = {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}
        sizes |= {"max_position_embeddings": recipe.context, "hidden_size": recipe.hidden, "hidden_act": "silu"}
        sizes |= {"intermediate_size": 2 * recipe.hidden, "num_hidden_layers": recipe.layers}
        sizes |= {"num_attention_heads": 2, "num_key_value_heads": 1, "rms_norm_eps": 1e-05, "rope_theta": 10000.0}
    dtype = {"BF16": "bfloat16", "F16": "float16", "F32": "float32"}[recipe.dtype]
    outer |= {"tie_word_embeddings": recipe.tied, "torch_dtype": dtype, "transformers_version": "4.57.0"}
    inner = _overlaid(sizes | _special_ids(recipe, ids), {})
    return _overlaid(outer | ({"text_config": inner} if recipe.text_config else inner), recipe.config)


def _overlaid(config: Json, changes: Mapping[str, Any]) -> Json:
    return {name: value for name, value in {**config, **changes}.items() if value is not ABSENT}


# Weights


# Each tensor of one layer, its shape in hidden sizes.
LAYER_PREFIXES = {"llama": "model.layers", "gpt2": "h"}
LAYERS: dict[str, dict[str, tuple[float, ...]]] = {
    "llama": {
        "input_layernorm.weight": (1,),
        "self_attn.q_proj.weight": (1, 1),
        "self_attn.k_proj.weight": (0.5, 1),
        "self_attn.v_proj.weight": (0.5, 1),
        "self_attn.o_proj.weight": (1, 1),
        "post_attention_layernorm.weight": (1,),
        "mlp.gate_proj.weight": (2, 1),
        "mlp.up_proj.weight": (2, 1),
        "mlp.down_proj.weight": (1, 2),
    },
    "gpt2": {
        "ln_1.weight": (1,),
        "ln_1.bias": (1,),
        "attn.c_attn.weight": (1, 3),
        "attn.c_attn.bias": (3,),
        "attn.c_proj.weight": (1, 1),
        "attn.c_proj.bias": (1,),
        "ln_2.weight": (1,),
        "ln_2.bias": (1,),
        "mlp.c_fc.weight": (1, 4),
        "mlp.c_fc.bias": (4,),
        "mlp.c_proj.weight": (4, 1),
        "mlp.c_proj.bias": (1,),
    },
}


def shapes(recipe: Recipe, rows: int) -> dict[str, tuple[int, ...]]:
    """Return the tensors of the model: embedding first; the head, where it has its own, last."""
    wide = recipe.hidden
    tensors: dict[str, tuple[int, ...]] = {}
    if recipe.style == "gpt2":
        tensors |= {"wte.weight": (rows, wide), "wpe.weight": (recipe.context, wide)}
    else:
        tensors |= {"model.embed_tokens.weight": (rows, wide)}
    for layer in range(recipe.layers):
        for name, shape in LAYERS[recipe.style].items():
            tensors[f"{LAYER_PREFIXES[recipe.style]}.{layer}.{name}"] = tuple(int(size * wide) for size in shape)
    if recipe.style == "gpt2":
        tensors |= {"ln_f.weight": (wide,), "ln_f.bias": (wide,)}
    else:
        tensors |= {"model.norm.weight": (wide,)}
    head = {"lm_head.weight": (rows if recipe.head is None else recipe.head, wide)}
    return tensors if recipe.tied and recipe.head is None else tensors | head


def write_weights(folder: Path, recipe: Recipe, rows: int) -> None:
    """Write the weights, or their headers, in the layout that the recipe names."""
    tensors = shapes(recipe, rows)
    whole = recipe.weights in ("safetensors", "sharded")
    match recipe.weights:
        case None:
            return
        case "bin":
            (folder / "pytorch_model.bin").write_bytes(b"PK\x03\x04" + bytes(prod((rows, recipe.hidden)) * 2))
        case "safetensors" | "header":
            write_safetensors(folder / "model.safetensors", tensors, recipe, whole=whole)
        case "sharded" | "sharded-header":
            _write_shards(folder, tensors, recipe, whole=whole)
        case other:
            raise ValueError(f"no such weights: {other}")


def write_safetensors(path: Path, tensors: Mapping[str, tuple[int, ...]], recipe: Recipe, *, whole: bool) -> int:
    """Write one safetensors file of zeros, or its header with the size beside it; return the bytes of its tensors."""
    header: Json = {"__metadata__": dict(recipe.metadata)} if recipe.metadata else {}
    end = 0
    for name, shape in sorted(tensors.items()):
        start, end = end, end + prod(shape) * WIDTHS[recipe.dtype]
        header[name] = {"dtype": recipe.dtype, "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    head = len(text).to_bytes(8, "little") + text
    path.write_bytes(head + bytes(end) if whole else head)
    if not whole:
        path.with_name(path.name + ".size").write_text(str(len(head) + end))
    return end


def _write_shards(folder: Path, tensors: dict[str, tuple[int, ...]], recipe: Recipe, *, whole: bool) -> None:
    names, count = list(tensors), min(recipe.shards, len(tensors))
    weight_map: dict[str, str] = {}
    total = 0
    for number in range(count):
        file = f"model-{number + 1:05}-of-{count:05}.safetensors"
        part = names[number * len(names) // count : (number + 1) * len(names) // count]
        total += write_safetensors(folder / file, {name: tensors[name] for name in part}, recipe, whole=whole)
        weight_map |= dict.fromkeys(part, file)
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))}
    write_json(folder / "model.safetensors.index.json", index)
