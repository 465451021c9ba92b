"""Facts from config.json and the weights' headers: sizes, kind, context."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import model_types
from .facts import Architecture, Evidence, Kind, Rows, Unknown, Weights
from .jsonfile import integer, mapping, parse_object, text
from .snapshot import Snapshot
from .weights import INDEX, PICKLED, SINGLE, Header, embedding_tensor, head_tensor

# Where multimodal configs keep the language model's own.
_TEXT_CONFIGS = ("text_config", "llm_config", "language_config", "thinker_config")
_CONTEXT = ("max_position_embeddings", "n_positions", "n_ctx", "max_sequence_length", "max_seq_len", "seq_length")
_BYTES = {
    "F64": 8,
    "F32": 4,
    "BF16": 2,
    "F16": 2,
    "F8_E4M3": 1,
    "F8_E5M2": 1,
    "I64": 8,
    "I32": 4,
    "I16": 2,
    "I8": 1,
    "U8": 1,
}
_NO_CONFIG = Unknown("publishes no config.json")


@dataclass(frozen=True, slots=True)
class Config:
    """config.json: the whole, and the part that speaks of the language model (the same where nothing is nested)."""

    whole: dict[str, Any] | None
    of_text: dict[str, Any]
    nested: bool

    @classmethod
    def of(cls, whole: dict[str, Any] | None) -> Config:
        """Finds the language model's part; `thinker_config` may hold a further `text_config`."""
        part, nested = whole or {}, False
        while key := next((key for key in _TEXT_CONFIGS if isinstance(part.get(key), dict)), None):
            part, nested = part[key], True
        return cls(whole, part, nested)

    def number(self, *keys: str) -> int | None:
        """The first of these keys that holds a positive number, in the language model's part before the whole."""
        for part in (self.of_text, self.whole or {}):
            for key in keys:
                if (found := integer(part.get(key))) is not None and found > 0:
                    return found
        return None


def vocabulary_size(config: Config) -> int | Unknown | None:
    """V."""
    return _NO_CONFIG if config.whole is None else config.number("vocab_size")


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
    types = {model_type, text(config.of_text.get("model_type")) or model_type}
    return Architecture(
        model_type=model_type,
        kind=_kind(model_type, config.whole),
        stateful=bool(types & model_types.STATEFUL),
        remote_code="auto_map" in config.whole,
        quantization=_quantization(config.whole),
    )


def _kind(model_type: str, whole: dict[str, Any]) -> Kind | Unknown:
    if whole.get("is_encoder_decoder") is True or model_type in model_types.ENCODER_DECODERS:
        return Kind.ENCODER_DECODER
    if model_type in model_types.ENCODERS:
        return Kind.CAUSAL if whole.get("is_decoder") is True else Kind.ENCODER
    if model_type in model_types.CAUSAL:
        return Kind.CAUSAL
    return Unknown(f"is of model type '{model_type}', which this version does not know")


def _quantization(whole: dict[str, Any]) -> str | None:
    found = whole.get("quantization_config")
    if not found:
        return None
    return text(mapping(found).get("quant_method")) or "an unnamed method"


def rows_of(snapshot: Snapshot, config: Config) -> Rows | Unknown:
    """R from the headers; from the config's claim where the weights have no header that can be read."""
    if snapshot.headers:
        return _rows_in_headers(snapshot, tied_of(config) is True)
    claimed = config.number("vocab_size")
    if any(path in snapshot.entries for path in PICKLED) and claimed is not None:
        return Rows(claimed, claimed, Evidence.DECLARED)
    if any(path in snapshot.entries for path in PICKLED):
        return Unknown("publishes pickled weights alone, which have no header, and declares no vocab_size")
    return Unknown(f"publishes neither {SINGLE} nor {INDEX}, so its logits' width is not known")


def _rows_in_headers(snapshot: Snapshot, tied: bool) -> Rows | Unknown:
    tensors = {name: tensor for header in snapshot.headers.values() for name, tensor in header.tensors.items()}
    head, embedding = head_tensor(tensors), embedding_tensor(tensors)
    if embedding is None:
        return Unknown("has no embedding under a name that this version knows")
    if tied or head is None:
        head = embedding
    for name in (head, embedding):
        if len(tensors[name].shape) != 2 or not tensors[name].dtype.startswith(("F", "BF")):
            return Unknown(f"keeps {name} packed ({tensors[name].dtype}), so its rows cannot be read off its shape")
    return Rows(tensors[head].shape[0], tensors[embedding].shape[0], Evidence.HEADER)


def weights_of(snapshot: Snapshot) -> Weights | Unknown:
    """Bytes and parameters, from the one header or from the index; of pickled weights, bytes from the listing."""
    if SINGLE in snapshot.headers:
        return _counted(snapshot.headers[SINGLE])
    if INDEX in snapshot.contents:
        metadata = mapping(parse_object(snapshot.contents[INDEX], INDEX).get("metadata"))
        size = integer(metadata.get("total_size"))
        if size is not None and snapshot.headers:
            first = next(iter(next(iter(snapshot.headers.values())).tensors.values()), None)
            width = _BYTES.get(first.dtype) if first else None
            return Weights(size, size // width if width else None, estimated=True, pickled=False)
    sizes = [entry.size or 0 for path, entry in snapshot.entries.items() if path.endswith(".bin") and "model" in path]
    return (
        Weights(sum(sizes), None, estimated=True, pickled=True)
        if sizes
        else Unknown("publishes no weights that this version reads")
    )


def _counted(header: Header) -> Weights:
    parameters = size = 0
    for tensor in header.tensors.values():
        count = 1
        for length in tensor.shape:
            count *= length
        parameters += count
        size += count * _BYTES.get(tensor.dtype, 1)
    return Weights(size, parameters, estimated=False, pickled=False)
