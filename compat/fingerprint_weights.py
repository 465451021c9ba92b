"""Size and cost, from the weights' headers: bytes, parameters, and what a decoding step streams."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import prod

from .evidence import Unknown
from .facts_model import Architecture, Experts, Weights
from .fingerprint_config import Config, tied_of
from .fingerprint_rows import tensors_of
from .snapshot import Snapshot
from .weights import OTHER_PARTS, SINGLE, Index, Tensor, embedding_tensor, head_tensor, packed_head

_BITS = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("BF16", "F16", "I16", "U16"), 16),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    "F4": 4,
}
# Elements of these types hold several parameters each in the usual formats (GPTQ, AWQ, MLX, bitsandbytes, MXFP4).
_PACKING = frozenset(("I32", "U32", "U8"))
_LAYER = re.compile(r"(?:^|\.)layers\.(\d+)\.")
_NUMBER = re.compile(r"\.\d+(?=\.)")
# Looked up by position rather than streamed.
_POSITIONS = ("wpe.weight", "embed_positions.weight", "positions_embed.weight", "position_embeddings.weight")


@dataclass(frozen=True, slots=True)
class _Size:
    """Bytes and parameters of a tensor; an average where it was not read."""

    bytes: float
    parameters: float


def weights_of(
    snapshot: Snapshot, index: Index | None, config: Config, found: Architecture | Unknown
) -> Weights | Unknown:
    """Size and cost: from the one header, or from the index and the headers read; of pickled weights bytes alone."""
    tensors = tensors_of(snapshot)
    read = {name: _size(tensor) for name, tensor in tensors.items()}
    if SINGLE in snapshot.headers:
        size = sum(round(each.bytes) for each in read.values())
        return _counted(size, read, tensors, config, found, estimated=False)
    if index is not None and (size := index.total_size or _listed(snapshot, index.files.values())):
        sizes, estimated = _spread(size, index.files, read)
        return _counted(size, sizes, tensors, config, found, estimated=estimated)
    pickled = (path for path in snapshot.entries if path.endswith(".bin") and "model" in path)
    if size := _listed(snapshot, pickled):
        return Weights(size, None, estimated=True, pickled=True)
    return Unknown("publishes no weights whose size this version can tell")


def _listed(snapshot: Snapshot, paths: Iterable[str]) -> int:
    """Bytes of these files, as the repository lists them."""
    return sum(snapshot.entries[path].size or 0 for path in set(paths) if path in snapshot.entries)


def _size(tensor: Tensor) -> _Size:
    count = prod(tensor.shape)
    return _Size(count * _BITS.get(tensor.dtype, 8) // 8, count)


def _spread(total: int, names: Iterable[str], read: Mapping[str, _Size]) -> tuple[dict[str, _Size], bool]:
    """The size of every tensor of a sharded model, of which one or two headers were read; and whether it is a guess.

    Layers repeat, so a tensor is as large as those of the same name in other layers. What no layer that was read has
    shares the bytes that are left, at the read ones' bytes per parameter.
    """
    kinds: dict[str, list[_Size]] = {}
    for name, size in read.items():
        kinds.setdefault(_kind(name), []).append(size)
    means = {
        kind: _Size(sum(size.bytes for size in sizes) / len(sizes), sum(size.parameters for size in sizes) / len(sizes))
        for kind, sizes in kinds.items()
    }
    found = {name: read.get(name) or means.get(_kind(name)) for name in names}
    known = [size for size in found.values() if size is not None]
    taken, parameters = sum(size.bytes for size in known), sum(size.parameters for size in known)
    unseen = len(found) - len(known)
    left = max(total - taken, 0) / max(unseen, 1)
    rest = _Size(left, left * parameters / taken if taken else 0)
    return {name: size or rest for name, size in found.items()}, unseen > 0 or taken != total


def _kind(name: str) -> str:
    """A tensor's name without the numbers of its layer and its expert."""
    return _NUMBER.sub(".*", name)


def _counted(
    size: int,
    sizes: Mapping[str, _Size],
    tensors: Mapping[str, Tensor],
    config: Config,
    found: Architecture | Unknown,
    *,
    estimated: bool,
) -> Weights:
    """What the tensors come to; parameters are not told where elements hold several of them."""
    mixture = None if isinstance(found, Unknown) else found.experts
    whole = sum(each.parameters for each in sizes.values())
    parameters = None if any(_is_packed(tensor) for tensor in tensors.values()) else round(whole)
    head, embedding = _matrices(sizes, tied_of(config))
    if embedding is None or isinstance(found, Unknown):
        return Weights(size, parameters, estimated=estimated, pickled=False)
    idle = {*_idle(sizes, tensors, config), *({embedding} if head != embedding else ())}
    if head == embedding and (spare := head_tensor(sizes)):
        idle.add(spare)
    experts = _Size(0, 0)
    for name, each in sizes.items():
        if name not in idle and _is_expert(name, tensors.get(name), mixture):
            experts = _Size(experts.bytes + each.bytes, experts.parameters + each.parameters)
    streamed = sum(each.bytes for name, each in sizes.items() if name not in idle)
    passed = sum(each.parameters for name, each in sizes.items() if name not in idle or name == embedding)
    resting = 0.0 if mixture is None else 1 - mixture.active / mixture.total
    return Weights(
        size,
        parameters,
        estimated=estimated,
        pickled=False,
        step=round(streamed - resting * experts.bytes) or None,
        active=None if parameters is None else round(passed - resting * experts.parameters),
        experts=round(experts.bytes),
        head=None if head is None else round(sizes[head].bytes),
    )


def _is_packed(tensor: Tensor) -> bool:
    return tensor.dtype in _PACKING and len(tensor.shape) > 1 and not _is_mask(tensor)


def _is_mask(tensor: Tensor) -> bool:
    """Whether this is an attention mask, which old checkpoints keep beside the weights."""
    return len(tensor.shape) == 4 and tensor.shape[:2] == (1, 1)


def _matrices(names: Iterable[str], tied: bool | Unknown | None) -> tuple[str | None, str | None]:
    """The output head and the embedding; one name twice where they are one, no head where it is packed or missing."""
    names = tuple(names)
    head, embedding = head_tensor(names), embedding_tensor(names)
    is_embedding = tied is True or (head is None and tied is not False and packed_head(names) is None)
    return (embedding if is_embedding else head), embedding


def _idle(names: Iterable[str], tensors: Mapping[str, Tensor], config: Config) -> Iterator[str]:
    """What a step of text does not stream: other media, tables of positions, masks, and layers past the model's own."""
    depth = config.number("num_hidden_layers")
    for name in names:
        layer = _LAYER.search(name)
        beyond = depth is not None and layer is not None and int(layer[1][:9]) >= depth
        tensor = tensors.get(name)
        mask = tensor is not None and _is_mask(tensor)
        if beyond or mask or name.endswith(_POSITIONS) or any(part in name for part in OTHER_PARTS):
            yield name


def _is_expert(name: str, tensor: Tensor | None, mixture: Experts | None) -> bool:
    """Whether a tensor belongs to experts, one or all of them, that a token may pass by."""
    if mixture is None:
        return False
    stacked = tensor is not None and len(tensor.shape) == 3 and tensor.shape[0] == mixture.total
    return stacked or (".experts." in name and ".shared_experts." not in name)
