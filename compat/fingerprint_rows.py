"""R, from the weights' headers: how tall the matrices are that have a row for each id."""

from __future__ import annotations

from collections.abc import Mapping

from . import model_types
from .errors import MalformedError
from .evidence import Evidence, Unknown
from .facts_model import Rows
from .fingerprint_config import Config, tied_of
from .snapshot import Snapshot
from .visible import shortened
from .weights import INDEX, PICKLED, SINGLE, Index, Tensor, embedding_tensor, head_tensor, packed_head


def tensors_of(snapshot: Snapshot) -> dict[str, Tensor]:
    """Every tensor whose header was read, by name."""
    return {name: tensor for header in snapshot.headers.values() for name, tensor in header.tensors.items()}


def rows_of(snapshot: Snapshot, index: Index | None, config: Config) -> Rows | Unknown:
    """R from the headers; from the config's claim where the weights have no header that can be read."""
    if elsewhere := _weights_elsewhere(snapshot, config):
        return Unknown(elsewhere)
    if snapshot.headers:
        return _rows_in_headers(tensors_of(snapshot), index, _ties(config))
    claimed = config.number("vocab_size")
    if any(path in snapshot.entries for path in PICKLED) and claimed is not None:
        return Rows(claimed, claimed, Evidence.DECLARED)
    if any(path in snapshot.entries for path in PICKLED):
        return Unknown("publishes pickled weights alone, which have no header, and declares no vocab_size")
    return Unknown(f"publishes neither {SINGLE} nor {INDEX}, so its logits' width is not known")


def _ties(config: Config) -> bool | Unknown | None:
    """Whether the head is the embedding: what the config says, or else that it is not where that is the default."""
    said = tied_of(config)
    return False if said is None and {*config.types} & model_types.UNTIED else said


def _weights_elsewhere(snapshot: Snapshot, config: Config) -> str | None:
    """Why a loader would take other weights than those whose header is read, if it would."""
    if "transformers_weights" in (config.whole or {}):
        return "names weights of its own choosing (transformers_weights), which this version does not follow"
    if "adapter_config.json" in snapshot.entries:
        return "holds an adapter, which loaders merge into other weights: merge it and publish the result"
    return None


def _rows_in_headers(tensors: Mapping[str, Tensor], index: Index | None, tied: bool | Unknown | None) -> Rows | Unknown:
    names = tensors if index is None else index.files
    head, embedding = head_tensor(names), embedding_tensor(names)
    if embedding is None:
        return Unknown("has no embedding under a name that this version knows")
    unused = None
    if tied is True:
        head, unused = embedding, head
    elif head is None and (part := packed_head(names)):
        return Unknown(f"keeps its output head packed ({part}), so its rows cannot be read off a shape")
    elif head is None and tied is False:
        return Unknown("does not tie its output head to its embedding, and has no output head among its weights")
    rows = []
    for name in (head or embedding, embedding):
        if name not in tensors:
            raise MalformedError(
                f"{INDEX} names {shortened(name)} in a file that does not hold it: the upload is damaged."
            )
        if len(tensors[name].shape) != 2 or not tensors[name].dtype.startswith(("F", "BF")):
            part, kept_as = shortened(name), shortened(tensors[name].dtype)
            return Unknown(f"keeps {part} packed ({kept_as}), so its rows cannot be read off its shape")
        rows.append(tensors[name].shape[0])
    spare = tensors.get(unused) if unused else None
    plain = spare is not None and len(spare.shape) == 2 and spare.dtype.startswith(("F", "BF"))
    return Rows(rows[0], rows[1], Evidence.HEADER, spare.shape[0] if spare is not None and plain else None)
