"""Facts of the model in a GGUF file: what it is, its rows, and its size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import prod

from . import gguf_types
from .evidence import Evidence, Unknown
from .facts_model import Architecture, Experts, Heads, Kind, Rope, Rows, Weights
from .gguf import Gguf
from .gguf_types import FILE_TYPES, UNQUANTIZED, size_of
from .weights import Tensor

_EMBEDDING = "token_embd.weight"
_HEAD = "output.weight"
# Looked up row by row: the embedding, unless it is the head too, and the tables of positions, types and layers' inputs.
_LOOKED_UP = ("position_embd.weight", "token_types.weight", "per_layer_token_embd.weight")
# All experts of a layer in one tensor, and in files of the first versions one by one.
_EXPERTS = ("_exps.weight", "_exps.bias")
_Tensors = Mapping[str, Tensor]


def architecture(head: Gguf, name: str, tensors: _Tensors) -> Architecture:
    """What the model is, by the name of its architecture in llama.cpp.

    LongRoPE's factors are chosen once there, by the length of the context that is asked for, and never change.
    """
    return Architecture(
        model_type=name,
        kind=_kind(head, name),
        stateful=name in gguf_types.STATEFUL,
        remote_code=False,
        quantization=_quantization(head, tensors),
        mrope=f"{name}.rope.dimension_sections" in head.metadata,
        window=head.integer(f"{name}.attention.sliding_window") or None,
        rope=_rope(head, name, tensors),
        experts=_experts(head, name),
        trained_head=gguf_types.HEADS.get(name),
        draft_vocabulary=tensors[_HEAD].shape[0] if "d2t" in tensors and _is_matrix(tensors.get(_HEAD)) else None,
        lacking=_lacking(head, name, tensors),
        heads=_heads(head, name),
    )


def _lacking(head: Gguf, name: str, tensors: _Tensors) -> int | None:
    """Blocks that the file counts and does not hold; it loads no such model."""
    depth = head.integer(f"{name}.block_count")
    numbers = {tensor.split(".")[1] for tensor in tensors if tensor.startswith("blk.")}
    held = [int(number[:9]) for number in numbers if number.isdecimal()]
    return None if depth is None or not held else depth - sum(number < depth for number in held) or None


def _kind(head: Gguf, name: str) -> Kind | Unknown:
    if name in gguf_types.ENCODER_DECODERS:
        return Kind.ENCODER_DECODER
    if name in gguf_types.ENCODERS or head.flag(f"{name}.attention.causal") is False:
        return Kind.ENCODER
    if name in gguf_types.CAUSAL or name in gguf_types.HEADS:
        return Kind.CAUSAL
    if name in gguf_types.DIFFUSION:
        return Unknown(f"decodes whole texts at once, as models of the architecture '{name}' do")
    return Unknown(f"is of the GGUF architecture '{name}', which this version does not know")


def _quantization(head: Gguf, tensors: _Tensors) -> str | None:
    """What the file calls itself; failing that, the type that most bytes are of."""
    if (named := FILE_TYPES.get(head.integer("general.file_type") or 0)) is not None:
        return named
    sizes: Counter[str] = Counter()
    for tensor in tensors.values():
        sizes[tensor.dtype] += size_of(tensor) or prod(tensor.shape)
    most = max(sizes, key=sizes.__getitem__, default="F32")
    return None if most in UNQUANTIZED else most


def _rope(head: Gguf, name: str, tensors: _Tensors) -> Rope | None:
    theta, scaling = head.number(f"{name}.rope.freq_base"), head.text(f"{name}.rope.scaling.type")
    if scaling == "none":
        scaling = None
    if scaling is None and name == "llama" and "rope_freqs.weight" in tensors:
        scaling = "llama3"  # written as a factor for each frequency
    if theta is None and scaling is None:
        return None
    original = head.integer(f"{name}.rope.scaling.original_context_length")
    return Rope(theta, scaling, head.number(f"{name}.rope.scaling.factor"), original)


def _heads(head: Gguf, name: str) -> Heads | None:
    """Those of keys are as many as those of queries where the file names none."""
    queries, key = head.integer(f"{name}.attention.head_count") or 0, f"{name}.attention.head_count_kv"
    keys = head.integer(key) if key in head.metadata else queries
    return Heads(queries, keys or None) if queries > 0 else None


def _experts(head: Gguf, name: str) -> Experts | None:
    total, active = (head.integer(f"{name}.expert_{which}") or 0 for which in ("count", "used_count"))
    return Experts(total, active) if 0 < active <= total else None


def rows_of(tensors: _Tensors) -> Rows | Unknown:
    """R, from the shapes of the output head and the embedding, which is the head where there is none."""
    embedding = tensors.get(_EMBEDDING)
    head = tensors.get(_HEAD, embedding)
    if embedding is None or head is None:
        return Unknown(f"has no {_EMBEDDING} in its GGUF file")
    if not _is_matrix(embedding) or not _is_matrix(head):
        return Unknown(f"has an embedding or an output head of the shape {embedding.shape} or {head.shape}")
    return Rows(head.shape[0], embedding.shape[0], Evidence.HEADER)


def _is_matrix(tensor: Tensor | None) -> bool:
    return tensor is not None and len(tensor.shape) == 2


def weights_of(head: Gguf, name: str, tensors: _Tensors) -> Weights | Unknown:
    """Size and cost, counted in blocks of each tensor's type."""
    sizes = {tensor: size_of(found) for tensor, found in tensors.items()}
    if unknown := sorted({tensors[tensor].dtype for tensor, size in sizes.items() if size is None}):
        return Unknown(f"has tensors of {unknown[0]}, whose size this version does not know")
    known = {tensor: size for tensor, size in sizes.items() if size is not None}
    output = _HEAD if _HEAD in known else _EMBEDDING
    mixture = _experts(head, name)
    idle = {tensor for tensor in known if tensor in _LOOKED_UP or (tensor == _EMBEDDING and output == _HEAD)}
    resting = 1 - mixture.active / mixture.total if mixture else 0.0
    experts = [tensor for tensor in known if mixture and (tensor.endswith(_EXPERTS) or _is_one_expert(tensor))]
    streamed = sum(size for tensor, size in known.items() if tensor not in idle)
    in_experts = sum(known[tensor] for tensor in experts)
    return Weights(
        sum(known.values()),
        _elements(tensors.values()),
        estimated=False,
        pickled=False,
        step=int(streamed - resting * in_experts) or None,
        active=int(_elements(tensors.values()) - resting * _elements(tensors[tensor] for tensor in experts)),
        experts=in_experts,
        head=known.get(output),
    )


def _is_one_expert(name: str) -> bool:
    """Whether this is one expert's own matrix, as in `blk.0.ffn_up.7.weight`."""
    parts = name.split(".")
    return len(parts) == 5 and parts[2].startswith("ffn_") and parts[3].isdecimal()


def _elements(tensors: Iterable[Tensor]) -> int:
    return sum(prod(tensor.shape) for tensor in tensors)
