"""Facts from config.json and the weights' headers: sizes, kind, context."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Any

from . import model_types
from .errors import MalformedError
from .facts import Architecture, Evidence, Kind, Rows, Unknown, Weights
from .jsonfile import integer, mapping, text
from .snapshot import Snapshot
from .weights import INDEX, PICKLED, SINGLE, Header, Index, embedding_tensor, head_tensor, packed_head

# Where multimodal configs keep the language model's own.
_TEXT_CONFIGS = ("text_config", "llm_config", "language_config", "thinker_config")
_CONTEXT = ("max_position_embeddings", "n_positions", "n_ctx", "max_sequence_length", "max_seq_len", "seq_length")
_BITS = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("BF16", "F16", "I16", "U16"), 16),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    "F4": 4,
}
_NO_CONFIG = Unknown("publishes no config.json")


@dataclass(frozen=True, slots=True)
class Config:
    """config.json: the whole, and the part that speaks of the language model (the same where nothing is nested)."""

    whole: dict[str, Any] | None
    of_text: dict[str, Any]
    path: str = ""

    @classmethod
    def of(cls, whole: dict[str, Any] | None) -> Config:
        """Finds the language model's part; `thinker_config` may hold a further `text_config`."""
        part: dict[str, Any] = whole or {}
        path: list[str] = []
        while key := next((key for key in _TEXT_CONFIGS if isinstance(part.get(key), dict)), None):
            part = part[key]
            path.append(key)
        return cls(whole, part, ".".join(path))

    @property
    def nested(self) -> bool:
        """Whether the language model's part lies inside the whole."""
        return bool(self.path)

    def number(self, *keys: str) -> int | None:
        """The first of these keys that holds a positive number, in the language model's part before the whole."""
        for part in (self.of_text, self.whole or {}):
            for key in keys:
                if (found := integer(part.get(key))) is not None and found > 0:
                    return found
        return None


def vocabulary_size(config: Config) -> int | Unknown | None:
    """V. What is no whole number above zero is damage; two sizes that contradict each other are none."""
    if config.whole is None:
        return _NO_CONFIG
    given = [part["vocab_size"] for part in (config.of_text, config.whole) if part.get("vocab_size") is not None]
    for value in given:
        if (integer(value) or 0) < 1:
            raise MalformedError("config.json gives a vocab_size that is no whole number above zero: correct it.")
    if len(set(given)) > 1:
        return Unknown(f"declares two vocabulary sizes, {given[0]} in {config.path} and {given[1]} beside it")
    return int(given[0]) if given else None


def context_of(config: Config) -> int | Unknown | None:
    """The longest sequence that the positions cover, in tokens."""
    return _NO_CONFIG if config.whole is None else config.number(*_CONTEXT)


def tied_of(config: Config) -> bool | Unknown | None:
    """Whether the config says that the output head is the embedding."""
    if config.whole is None:
        return _NO_CONFIG
    for part in (config.of_text, config.whole):
        if isinstance(found := part.get("tie_word_embeddings"), bool):
            return found
    return None


def architecture(config: Config) -> Architecture | Unknown:
    """What the model is, by its type and `is_encoder_decoder`; a class name's ending says nothing for sure."""
    if config.whole is None:
        return _NO_CONFIG
    model_type = text(config.whole.get("model_type"))
    if model_type is None:
        return Unknown("names no model_type in config.json")
    return Architecture(
        model_type=model_type,
        kind=_kind(model_type, config),
        stateful=_stateful(model_type, config.of_text),
        remote_code="auto_map" in config.whole,
        quantization=_quantization(config.whole) or _quantization(config.of_text),
        rope_switch=_rope_switch(config),
    )


def _rope_switch(config: Config) -> int | None:
    """Where LongRoPE goes from its short to its long factors (arXiv 2402.13753, as transformers computes it)."""
    for key in ("rope_parameters", "rope_scaling"):
        rope = mapping(config.of_text.get(key))
        for part in (rope, *map(mapping, rope.values())):  # newer configs have one for each kind of layer
            if (part.get("rope_type") or part.get("type")) in ("longrope", "su"):
                own = integer(part.get("original_max_position_embeddings"))
                return own or config.number("original_max_position_embeddings", *_CONTEXT)
    return None


def _stateful(model_type: str, of_text: dict[str, Any]) -> bool:
    types = {model_type, text(of_text.get("model_type"))}
    layers = of_text.get("layer_types")
    kinds = {text(layer) for layer in layers} if isinstance(layers, list) else set()
    return bool(types & model_types.STATEFUL or kinds & model_types.STATEFUL_LAYERS)


def _kind(model_type: str, config: Config) -> Kind | Unknown:
    whole, types = config.whole or {}, {model_type, text(config.of_text.get("model_type"))}
    encodes = whole.get("is_encoder_decoder") or config.of_text.get("is_encoder_decoder")
    if encodes or types & model_types.ENCODER_DECODERS:
        return Kind.ENCODER_DECODER
    if types & model_types.ENCODERS:
        return Kind.CAUSAL if whole.get("is_decoder") is True else Kind.ENCODER
    if model_type in model_types.CAUSAL:
        return Kind.CAUSAL
    return Unknown(f"is of model type '{model_type}', which this version does not know")


def _quantization(config: dict[str, Any]) -> str | None:
    found = config.get("quantization_config")
    if not found:
        return None
    return text(mapping(found).get("quant_method")) or "an unnamed method"


def rows_of(snapshot: Snapshot, index: Index | None, config: Config) -> Rows | Unknown:
    """R from the headers; from the config's claim where the weights have no header that can be read."""
    if elsewhere := _weights_elsewhere(snapshot, config):
        return Unknown(elsewhere)
    if snapshot.headers:
        return _rows_in_headers(snapshot, index, tied_of(config))
    claimed = config.number("vocab_size")
    if any(path in snapshot.entries for path in PICKLED) and claimed is not None:
        return Rows(claimed, claimed, Evidence.DECLARED)
    if any(path in snapshot.entries for path in PICKLED):
        return Unknown("publishes pickled weights alone, which have no header, and declares no vocab_size")
    return Unknown(f"publishes neither {SINGLE} nor {INDEX}, so its logits' width is not known")


def _weights_elsewhere(snapshot: Snapshot, config: Config) -> str | None:
    """Why a loader would take other weights than those whose header is read, if it would."""
    if "transformers_weights" in (config.whole or {}):
        return "names weights of its own choosing (transformers_weights), which this version does not follow"
    if "adapter_config.json" in snapshot.entries:
        return "holds an adapter, which loaders merge into other weights: merge it and publish the result"
    return None


def _rows_in_headers(snapshot: Snapshot, index: Index | None, tied: bool | Unknown | None) -> Rows | Unknown:
    tensors = {name: tensor for header in snapshot.headers.values() for name, tensor in header.tensors.items()}
    names = tensors if index is None else index.files
    head, embedding = head_tensor(names), embedding_tensor(names)
    if embedding is None:
        return Unknown("has no embedding under a name that this version knows")
    if tied is True:
        head = embedding
    elif head is None and (part := packed_head(names)):
        return Unknown(f"keeps its output head packed ({part}), so its rows cannot be read off a shape")
    elif head is None and tied is False:
        return Unknown("says that its output head is not its embedding, and has no output head among its weights")
    rows = []
    for name in (head or embedding, embedding):
        if name not in tensors:
            raise MalformedError(f"{INDEX} names {name} in a file that does not hold it: the upload is damaged.")
        if len(tensors[name].shape) != 2 or not tensors[name].dtype.startswith(("F", "BF")):
            return Unknown(f"keeps {name} packed ({tensors[name].dtype}), so its rows cannot be read off its shape")
        rows.append(tensors[name].shape[0])
    return Rows(rows[0], rows[1], Evidence.HEADER)


def weights_of(snapshot: Snapshot, index: Index | None) -> Weights | Unknown:
    """Bytes and parameters: from the one header, or from the index and the listing; of pickled weights bytes alone."""
    read, parameters = _counted(snapshot.headers.values())
    if SINGLE in snapshot.headers:
        return Weights(read, parameters, estimated=False, pickled=False)
    if index is not None and (size := index.total_size or _listed(snapshot, index.files.values())):
        # What a parameter takes on average in the shards that were read, it is taken to take in the others.
        return Weights(size, size * parameters // read if read else None, estimated=True, pickled=False)
    pickled = (path for path in snapshot.entries if path.endswith(".bin") and "model" in path)
    if size := _listed(snapshot, pickled):
        return Weights(size, None, estimated=True, pickled=True)
    return Unknown("publishes no weights whose size this version can tell")


def _listed(snapshot: Snapshot, paths: Iterable[str]) -> int:
    """Bytes of these files, as the repository lists them."""
    return sum(snapshot.entries[path].size or 0 for path in set(paths) if path in snapshot.entries)


def _counted(headers: Iterable[Header]) -> tuple[int, int]:
    """Bytes and parameters of the tensors in these headers."""
    tensors = [tensor for header in headers for tensor in header.tensors.values()]
    counts = [(prod(tensor.shape), _BITS.get(tensor.dtype, 8)) for tensor in tensors]
    return sum(count * bits // 8 for count, bits in counts), sum(count for count, _ in counts)
