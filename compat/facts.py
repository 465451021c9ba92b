"""The facts of one model, frozen: all that rules may look at.

A fact is a value, None where the model's files are known not to say, or `Unknown` where it could not be had.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .tokenizer.tokenizer import Pipeline
from .tokenizer.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that could not be had, and why: a clause such as "publishes no config.json"."""

    why: str


class Evidence(StrEnum):
    """Where a fact came from."""

    CONTENT = "content"  # the bytes were read
    DIGEST = "digest"  # proved equal to bytes that were read, by the digests that the Hub lists
    HEADER = "header"  # the weights' header was read
    DECLARED = "declared"  # a config claims it


class Kind(StrEnum):
    """How a model turns tokens into logits."""

    CAUSAL = "causal"
    ENCODER = "encoder"
    ENCODER_DECODER = "encoder-decoder"


@dataclass(frozen=True, slots=True)
class Source:
    """The ids that one file gives for a special token.

    Attributes:
        file: which, and where inside it.
        ids: in order.
        odd: what it gives that can be no id, as JSON, shortened; of many the first few.
    """

    file: str
    ids: tuple[int, ...]
    odd: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Special:
    """A special token's ids, by the file that names them; empty where none does."""

    sources: tuple[Source, ...] = ()

    @property
    def ids(self) -> frozenset[int]:
        """Every id that some file gives."""
        return frozenset(number for source in self.sources for number in source.ids)


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
class Framing:
    """What encoding puts around a text where special tokens are asked for.

    Attributes:
        prefix: ids before the text, such as begin-of-text.
        suffix: ids behind it.
        add_bos: what a config claims (`add_bos_token`); None where none does.
    """

    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    add_bos: bool | None = None


@dataclass(frozen=True, slots=True)
class Control:
    """A control token by its text, and its id in the model that it is of."""

    id: int
    text: str


@dataclass(frozen=True, slots=True)
class Template:
    """The chat template, as text: it is searched, never run.

    Attributes:
        digest: sha256 of the text without comments and without whitespace that changes nothing.
        controls: the control tokens that it spells out, or names as `bos_token` and the like, by id.
        thinking: the switches and marks of thinking that it mentions, such as `enable_thinking (on by default)`.
    """

    digest: str
    controls: tuple[Control, ...]
    thinking: tuple[str, ...]


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


@dataclass(frozen=True, slots=True)
class Reading:
    """How a model's files came to be known. No fact of the model, and so in no digest: another run may read others.

    Attributes:
        withheld: files that the Hub lists and would not give.
        proved: files that it would not give either, known since their listed digests are those of files that were read.
        alike: files withheld on both sides of the pair, and equal there by the digests that are listed for them.
    """

    withheld: tuple[str, ...] = ()
    proved: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GgufFacts:
    """The tokenizer of a GGUF file as llama.cpp loads it, its own defaults where the file is silent.

    Attributes:
        model: `tokenizer.ggml.model`; None where the file has none.
        kind: the type of tokenizer that this is there: `SPM`, `BPE`, `WPM`, `UGM`, `RWKV`, `PLaMo2`, `no vocab`.
        pre: `tokenizer.ggml.pre`; None where the file has none.
        texts: index = id; the token's text as the file spells it, placeholders too, which llama.cpp compares by letter.
        bos: begin-of-text id; None where there is none.
        eos: end-of-text id; None where there is none.
        add_bos: whether a text is put behind begin-of-text.
        add_eos: whether end-of-text is put behind a text.
    """

    model: str | None
    kind: str
    pre: str | None
    texts: tuple[bytes, ...] = field(repr=False)
    bos: int | None
    eos: int | None
    add_bos: bool
    add_eos: bool


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One model's facts. See the attributes' own classes for units.

    Attributes:
        vocabulary: id → bytes.
        merges: sha256 of the merges; None where the tokenizer has none, and in formats that keep ranks instead.
        pipeline: normalizer, pre-tokenizer, decoder, post-processor.
        special: `bos`, `eos`, `pad`, `unk`, in this order.
        framing: what encoding puts around a text.
        template: the chat template; None where there is none.
        template_ids: ids of the added tokens that the chat template spells out.
        declared: V, `vocab_size` in the config (of the text model where nested); None where the config has none.
        nested: whether V, or its absence, is that of a nested text config.
        rows: R.
        tied: whether the config says that the head is the embedding; None where it does not say.
        context: the longest sequence, in tokens; None where the config does not say.
        architecture: what the model is.
        weights: how large it is.
        gguf: what llama.cpp reads of the GGUF file that the model is; None where it is safetensors.
        reading: how the files behind all this came to be known.
    """

    vocabulary: Vocabulary | Unknown
    merges: str | Unknown | None
    pipeline: Pipeline | Unknown
    bos: Special | Unknown
    eos: Special | Unknown
    pad: Special | Unknown
    unk: Special | Unknown
    framing: Framing | Unknown
    template: Template | Unknown | None
    template_ids: frozenset[int] | Unknown
    declared: int | Unknown | None
    nested: bool
    rows: Rows | Unknown
    tied: bool | Unknown | None
    context: int | Unknown | None
    architecture: Architecture | Unknown
    weights: Weights | Unknown
    gguf: GgufFacts | None = None
    reading: Reading = Reading()

    def to_dict(self) -> dict[str, Any]:
        """The facts as JSON values; of the vocabulary size, flags and a digest of its ids and bytes."""
        names = (field.name for field in dataclasses.fields(self) if field.name != "reading")
        return {name: _plain(getattr(self, name)) for name in names}

    def digests(self) -> dict[str, str]:
        """Fact → sha256 of its canonical JSON: small enough for a certificate, and names the fact that drifted."""
        return {name: _sha256(value) for name, value in self.to_dict().items()}

    @property
    def digest(self) -> str:
        """Sha256 over all facts."""
        return _sha256(self.digests())


def _sha256(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON has no narrower type
    if isinstance(value, Vocabulary):
        return {
            "used": value.used,
            "added": sorted(value.added),
            "special": sorted(value.special),
            "base": value.base,
            "digest": value.digest,
        }
    if isinstance(value, GgufFacts):
        told = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        spelled = b"".join(len(text).to_bytes(4, "little") + text for text in value.texts)
        return told | {"texts": hashlib.sha256(spelled).hexdigest()}
    if isinstance(value, Unknown):
        return {"unknown": value.why}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, frozenset):
        return sorted(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
