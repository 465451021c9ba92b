"""Facts of the model itself: kind, rows, positions, mixture, weights."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .evidence import Evidence, Unknown


class Kind(StrEnum):
    """How a model turns tokens into logits."""

    CAUSAL = "causal"
    ENCODER = "encoder"
    ENCODER_DECODER = "encoder-decoder"


@dataclass(frozen=True, slots=True)
class Rows:
    """R: how many rows the matrices have that are as tall as the vocabulary.

    Attributes:
        head: rows of the output head, of the embedding where the two are tied. The width of the logits.
        embedding: rows of the input embedding; ids at or above it cannot be fed.
        evidence: `header`, or `declared` where no header can be read.
        unused: rows of an output head that the weights hold beside the embedding that the config ties it to; None where
            they hold none, or the config does not tie them.
    """

    head: int
    embedding: int
    evidence: Evidence
    unused: int | None = None


@dataclass(frozen=True, slots=True)
class Rope:
    """Rotary positions.

    Attributes:
        theta: the base.
        scaling: how they are stretched (`llama3`, `yarn`, `linear`, …); None where they are not.
        factor: by how much.
        original: the length before, in tokens.
    """

    theta: float | None = None
    scaling: str | None = None
    factor: float | None = None
    original: int | None = None


@dataclass(frozen=True, slots=True)
class Experts:
    """A mixture: how many experts a layer has, and how many of them a token goes through."""

    total: int
    active: int


@dataclass(frozen=True, slots=True)
class Heads:
    """Heads of attention in a layer, which tensor parallelism deals out to devices.

    Attributes:
        queries: `num_attention_heads`.
        keys: `num_key_value_heads`; None where neither the config nor its class's rule says.
    """

    queries: int
    keys: int | None = None


@dataclass(frozen=True, slots=True)
class Architecture:
    """What the model is.

    Attributes:
        model_type: `config.json`'s, of the whole model.
        kind: how it turns tokens into logits.
        stateful: whether its layers keep a state that cannot be rolled back.
        remote_code: whether the repository names code of its own (`auto_map`).
        quantization: the method named in `quantization_config`, if any.
        rope_switch: the length in tokens at which `longrope` changes the rotary factors of a whole forward; None where
            they never change.
        classes: `architectures` of the config.
        multimodal: whether it reads images, sound or video beside text.
        mrope: whether its rotary positions have several axes (`mrope_section`).
        window: the sliding window of attention in tokens; None where every layer sees all.
        rope: its rotary positions; None where the config has none.
        experts: its mixture; None where it has none.
        trained_head: the method of a head that drafts for one target and is no model by itself (`eagle`, `medusa`, …).
        draft_vocabulary: ids of a head with a reduced vocabulary.
        outer_vocabulary: `vocab_size` beside a nested text config that has another one, which is the one that counts.
        lacking: layers that the config declares and the weights do not hold; None where all are there, or where the
            tensors' names do not tell.
        heads: those of its attention; None where the config does not say, or has one count for each layer.
    """

    model_type: str
    kind: Kind | Unknown
    stateful: bool
    remote_code: bool
    quantization: str | None
    rope_switch: int | None = None
    classes: tuple[str, ...] = ()
    multimodal: bool = False
    mrope: bool = False
    window: int | None = None
    rope: Rope | None = None
    experts: Experts | None = None
    trained_head: str | None = None
    draft_vocabulary: int | None = None
    outer_vocabulary: int | None = None
    lacking: int | None = None
    heads: Heads | None = None


@dataclass(frozen=True, slots=True)
class Weights:
    """Size of the weights.

    Attributes:
        size: bytes of all tensors.
        parameters: how many; None where only bytes are known.
        estimated: whether a part of what is said here was worked out rather than read.
        pickled: whether there are no safer weights.
        step: bytes that one decoding step of batch 1 streams: of a mixture the active experts alone, and of an
            embedding that is not also the head nothing; None where that is not known.
        active: parameters that a token passes through; all of them where there is no mixture, None where not known.
        experts: bytes of all experts together; 0 where there is no mixture, None where that is not known.
        head: bytes of the output head, of the embedding where the two are tied; None where that is not known.
    """

    size: int
    parameters: int | None
    estimated: bool
    pickled: bool
    step: int | None = None
    active: int | None = None
    experts: int | None = None
    head: int | None = None
