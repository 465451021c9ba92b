"""What is fuzzed: for each parser of something from outside, small sound seeds and the call that must survive them."""

from __future__ import annotations

import contextlib
import json
import random
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from zlib import crc32

import snapshots
import tokenizer_files
from fuzz import frames
from fuzz.mutations import mutated
from making_gguf import BOOL, F32, I32, STRING, Typed, gguf

from specdec_check.compat import certificate as certificates
from specdec_check.compat import ref, store
from specdec_check.compat.fingerprint import fingerprint
from specdec_check.compat.gguf import read_gguf
from specdec_check.compat.holding import hold
from specdec_check.compat.pipeline import Model, Report, judge
from specdec_check.compat.relation import Pair
from specdec_check.compat.report import machine
from specdec_check.compat.report import text as text_report
from specdec_check.compat.snapshot import Entry, Snapshot
from specdec_check.compat.tokenizer import tokenizer_json
from specdec_check.compat.verdict import Policy, decide
from specdec_check.compat.weights import INDEX, SINGLE, read_header, read_index, shards_of_interest


@dataclass(frozen=True)
class Target:
    """A parser: seeds that it reads, and the call that is given damaged ones.

    Attributes:
        name: of the parser.
        seeds: what it reads.
        call: reads something.
        damage: makes something of the seeds.
        share: one in so many cases is run, where one takes long.
    """

    name: str
    seeds: tuple[bytes, ...]
    call: Callable[[bytes], object]
    damage: Callable[[random.Random, Sequence[bytes]], bytes] = mutated
    share: int = 1


CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": 6,
    "hidden_size": 4,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 64,
    "tie_word_embeddings": False,
    "bos_token_id": 3,
    "eos_token_id": [4, 5],
}
BYTE_LEVEL = snapshots.tokenizer(
    {"a": 0, "b": 1, "ab": 2},
    ("<s>", "</s>", "<|im_end|>"),
    model={"merges": [["a", "b"]], "unk_token": None},
    pre_tokenizer=snapshots.BYTE_LEVEL,
    decoder=snapshots.BYTE_LEVEL,
)
PIECES = snapshots.tokenizer(
    {"<unk>": 0, "<0x0A>": 1, "▁a": 2},
    (snapshots.added_token("</s>", 3, special=True),),
    model={"merges": ["▁ a"], "byte_fallback": True},
    decoder=snapshots.SENTENCEPIECE,
)
UNIGRAM = snapshots.tokenizer(
    [["<unk>", 0.0], ["▁a", -1.5], ["b", -2]], ("</s>",), model={"type": "Unigram", "unk_id": 0}
)
WORDS = snapshots.tokenizer({"[UNK]": 0, "##a": 1}, model={"type": "WordPiece", "continuing_subword_prefix": "##"})
BESIDE = {
    "tokenizer_config.json": {
        "bos_token": "<s>",
        "eos_token": {"content": "</s>", "lstrip": False, "__type": "AddedToken"},
        "extra_special_tokens": {"image_token": "<image>"},
        "additional_special_tokens": ["<|im_end|>"],
        "added_tokens_decoder": {"3": {"content": "<s>", "special": True}, "4": {"content": "</s>"}},
        "chat_template": [{"name": "default", "template": "<|im_end|>{{ enable_thinking }}"}],
        "add_bos_token": True,
        "tokenizer_class": "LlamaTokenizer",
    },
    "special_tokens_map.json": {"bos_token": "<s>", "pad_token": {"content": "</s>"}},
    "added_tokens.json": {"<new>": 6, "<|im_end|>": 5},
    "generation_config.json": {"bos_token_id": 3, "eos_token_id": [4, 5], "pad_token_id": -1},
}
LAYER = "model.layers.0.mlp.up_proj.weight"
SHAPES = {"model.embed_tokens.weight": (6, 4), "lm_head.weight": (6, 4), "model.norm.weight": (4,), LAYER: (8, 4)}
FILES: dict[str, Any] = {"config.json": CONFIG, "tokenizer.json": BYTE_LEVEL}
HONEST = snapshots.snapshot(FILES, SHAPES)
HONEST_FACTS = fingerprint(HONEST)
CERTIFICATE = judge(HONEST, HONEST, Policy())
MERGES = b"#version: 0.2\na b\n"
TEMPLATE = "{# t #}{% for m in messages %}<|im_end|>{{ m['content'] }}{% if enable_thinking %}<think>{% endif %}</s>"


def settled(snapshot: Snapshot, data: bytes) -> None:
    """All that is made of a snapshot: facts, and of one in eight also a decision, a report and a certificate.

    The role that the model has, and whether it goes that far, follow from the damaged bytes.
    """
    facts = fingerprint(snapshot)
    turn = crc32(data)
    if turn % 8:
        return
    sides = ((snapshot, facts), (HONEST, HONEST_FACTS))
    target, drafter = (Model(*side) for side in (sides if turn % 16 < 8 else sides[::-1]))
    pair, policy = Pair.of(target.facts, drafter.facts), Policy()
    report = Report(target, drafter, pair, policy, decide(pair, policy))
    json.loads(machine.dump(machine.render(report, None)))
    assert text_report.render(report)
    certificates.dump(certificates.describe(report))


def in_file(path: str, data: bytes, beside: Mapping[str, Any] = FILES) -> None:
    """The model with one of its files replaced."""
    settled(snapshots.snapshot({**beside, path: data}, SHAPES), data)


def in_files(data: bytes) -> None:
    """Several files at once, or where the damage left no object of them, each in turn with all of it."""
    try:
        files = json.loads(data)
    except (ValueError, RecursionError):
        files = None
    if not isinstance(files, dict):
        return in_file([*BESIDE][len(data) % len(BESIDE)], data)
    named = {path: files[path] for path in BESIDE if path in files}
    return settled(snapshots.snapshot({**FILES, **named}, SHAPES), data)


def in_header(data: bytes) -> None:
    """The head of a weight file, of known and of unknown size."""
    header = read_header(lambda start, end: data[start:end], len(data) if len(data) % 2 else None, SINGLE)
    settled(replace(HONEST, headers={SINGLE: header}), data)


def in_index(data: bytes) -> None:
    """The index of weights in shards."""
    read_index(data), shards_of_interest(data)
    shards = {"a.safetensors": {"lm_head.weight": (6, 4)}, "b.safetensors": {"model.embed_tokens.weight": (6, 4)}}
    settled(snapshots.snapshot({**FILES, INDEX: data}, shards=shards), data)


def in_gguf(data: bytes) -> None:
    """The head of a GGUF file."""
    path, size = "model.gguf", len(data) if len(data) % 2 else None
    head = read_gguf(lambda start, end: data[start:end], size, path)
    settled(Snapshot(HONEST.ref, "org/model", "0" * 40, {path: Entry(path, size)}, {}, {}, gguf={path: head}), data)


def in_certificate(data: bytes) -> None:
    """A certificate, held against the models that it was issued for."""
    hold(certificates.load(data, "pair.json"), HONEST, HONEST)


def as_reference(data: bytes) -> None:
    """A model's name as the command line gives it."""
    ref.parse(data.decode("utf-8", "surrogateescape"))


def _kept(folder: Path) -> None:
    files = {"tokenizer.json": snapshots.dump(BYTE_LEVEL)}
    keep = store.Store(folder).tokenizer("tokenizer.json", files, lambda: tokenizer_json.read(*files.values(), ()))
    assert keep == tokenizer_json.read(*files.values(), ())


def kept_entry() -> bytes:
    """An entry of the store of parsed tokenizers."""
    with tempfile.TemporaryDirectory() as folder:
        _kept(Path(folder))
        (file,) = Path(folder).iterdir()
        return file.read_bytes()


def as_entry(data: bytes) -> None:
    """An entry of that store: it is refused, or gives what was kept."""
    key = ENTRY[26:58]
    with contextlib.suppress(*store._UNSOUND):
        assert store._unpacked(data, key) == store._unpacked(ENTRY, key)


ENTRY = kept_entry()
GGUF_KEYS = {
    "general.architecture": "llama",
    "general.file_type": 1,
    "llama.context_length": 64,
    "llama.block_count": 1,
    "llama.vocab_size": 4,
    "llama.rope.freq_base": 1e4,
    "tokenizer.ggml.model": "llama",
    "tokenizer.ggml.tokens": ["<unk>", "<0x0A>", "▁a", "</s>"],
    "tokenizer.ggml.scores": Typed(9, [0.0, -1.0, -2.0, 0.0], F32),
    "tokenizer.ggml.token_type": Typed(9, [2, 6, 1, 3], I32),
    "tokenizer.ggml.eos_token_id": 3,
    "tokenizer.ggml.add_bos_token": Typed(BOOL, True),
    "tokenizer.chat_template": TEMPLATE,
}
GPT2_KEYS = GGUF_KEYS | {
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "default",
    "tokenizer.ggml.tokens": ["a", "b", "ab", "<|im_end|>"],
    "tokenizer.ggml.merges": Typed(9, ["a b"], STRING),
    "tokenizer.ggml.token_type": Typed(9, [1, 1, 1, 3], I32),
}
GGUF_SHAPES = {"token_embd.weight": (4, 4), "output.weight": (8, (4, 32))}
GGUF_PLAIN, GPT2_PLAIN = (
    {key: value.value if isinstance(value, Typed) else value for key, value in keys.items()}
    for keys in (GGUF_KEYS, GPT2_KEYS)
)
PARSED_GGUF = {
    "metadata": GPT2_PLAIN,
    "tensors": {
        "token_embd.weight": [1, [4, 4]],
        "output.weight": [8, [4, 32]],
        "blk.0.ffn_gate_exps.weight": [12, [256]],
    },
}
PARSERS = (
    Target(
        "tokenizer.json",
        tuple(map(snapshots.dump, (BYTE_LEVEL, PIECES, UNIGRAM, WORDS))),
        partial(in_file, "tokenizer.json"),
    ),
    Target(
        "config.json",
        (
            snapshots.dump(CONFIG),
            snapshots.dump(
                {
                    "model_type": "gemma3",
                    "text_config": CONFIG | {"layer_types": ["sliding_attention"], "sliding_window": 8},
                }
            ),
            snapshots.dump(
                CONFIG
                | {
                    "rope_scaling": {"rope_type": "longrope", "factor": 8.0, "original_max_position_embeddings": 8},
                    "num_local_experts": 8,
                    "num_experts_per_tok": 2,
                    "quantization_config": {"quant_method": "gptq"},
                }
            ),
        ),
        partial(in_file, "config.json"),
    ),
    Target("files beside", (snapshots.dump(BESIDE),), in_files),
    Target(
        "chat template", (TEMPLATE.encode(), b"<s>{%- if x -%}</s>{% raw %}"), partial(in_file, "chat_template.jinja")
    ),
    Target(
        "safetensors header",
        (snapshots.header_bytes(SHAPES), snapshots.header_bytes({"wte.weight": ("F4", (6, 4))})),
        in_header,
    ),
    Target(
        "safetensors index",
        (
            snapshots.dump(
                {
                    "metadata": {"total_size": 96},
                    "weight_map": {"lm_head.weight": "a.safetensors", "model.embed_tokens.weight": "b.safetensors"},
                }
            ),
        ),
        in_index,
    ),
    Target("certificate", (certificates.dump(certificates.issue(CERTIFICATE)),), in_certificate),
    Target(
        "reference",
        (
            b"org/name",
            b"org/name@main",
            b"hf://org/name@v1.0",
            b"./folder",
            b"demo:target",
            b"~nobody/x",
            b"org/name:file-Q4_K_M.gguf",
        ),
        as_reference,
    ),
    Target("kept tokenizer", (ENTRY,), as_entry),
    Target(
        "tokenizer.model",
        (
            tokenizer_files.sentencepiece(
                (*tokenizer_files.FIRST, ("<0x0A>", tokenizer_files.BYTE), ("▁a", tokenizer_files.NORMAL))
            ),
            tokenizer_files.sentencepiece((*tokenizer_files.FIRST, ("b", tokenizer_files.USER_DEFINED)), unigram=True),
        ),
        partial(in_file, "tokenizer.model", beside={"config.json": CONFIG, "added_tokens.json": {"<new>": 5}}),
    ),
    Target(
        "tekken.json",
        (
            snapshots.dump(tokenizer_files.tekken([b"a", b"\xff", b" b"], ["<s>", "</s>"])),
            snapshots.dump(tokenizer_files.tekken([b"a", b"b"], None, reserved=40, config={"version": "v3"})),
        ),
        partial(in_file, "tekken.json", beside={"config.json": CONFIG}),
    ),
    Target(
        "tiktoken",
        (tokenizer_files.tiktoken([b"a", b"\xff", b" the"]),),
        partial(
            in_file,
            "tiktoken.model",
            beside={"config.json": CONFIG, "tokenizer_config.json": BESIDE["tokenizer_config.json"]},
        ),
    ),
    Target(
        "vocab.json",
        (snapshots.dump({"a": 0, "b": 1, "ab": 2, "Ġ": 3}),),
        partial(in_file, "vocab.json", beside={"config.json": CONFIG, "merges.txt": MERGES}),
    ),
    Target(
        "merges.txt",
        (MERGES, b"a b\nab a\n"),
        partial(in_file, "merges.txt", beside={"config.json": CONFIG, "vocab.json": {"a": 0, "b": 1, "ab": 2}}),
    ),
    Target("GGUF", (gguf(GGUF_KEYS, GGUF_SHAPES), gguf(GPT2_KEYS, GGUF_SHAPES)), in_gguf),
    # The same parsers again, with damage that leaves the frame sound.
    Target(
        "safetensors header in a sound frame",
        (snapshots.header_bytes(SHAPES)[8:],),
        lambda data: in_header(frames.safetensors(data)),
    ),
    Target(
        "tokenizer.model in a sound frame",
        (snapshots.dump([["<unk>", 2], ["<0x0A>", 6], ["▁a", 1], ["b", 4], ["</s>", 3]]),),
        lambda data: in_file("tokenizer.model", frames.sentencepiece(data), {"config.json": CONFIG}),
    ),
    Target(
        "GGUF in a sound frame",
        (snapshots.dump(PARSED_GGUF), snapshots.dump(PARSED_GGUF | {"metadata": GGUF_PLAIN})),
        lambda data: in_gguf(frames.gguf_file(data)),
    ),
)
