"""The facts of one model, frozen: all that rules may look at."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from .evidence import Unknown
from .facts_model import Architecture, Rope, Rows, Weights
from .facts_tokens import Framing, GgufFacts, Special, Template
from .tokenizer.tokenizer import Pipeline
from .tokenizer.vocabulary import Vocabulary


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
        context: the longest sequence, in tokens, as published; None where the config does not say.
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
    def reach(self) -> int | Unknown | None:
        """The longest sequence that the stretched positions cover, in tokens.

        That is past `context` in YaRN configs that keep the length before beside the factor, as those of Qwen2.5 do.
        Engines that read the config alone do not count it; llama.cpp ends at a file's own length.
        """
        rope = None if isinstance(self.architecture, Unknown) else self.architecture.rope
        if rope is None or rope.scaling != "yarn" or not rope.original or not rope.factor or self.gguf is not None:
            return self.context
        return self.context if isinstance(self.context, Unknown) else max(self.context or 0, _product(rope))

    @property
    def digest(self) -> str:
        """Sha256 over all facts."""
        return _sha256(self.digests())


def _product(rope: Rope) -> int:
    return int((rope.original or 0) * (rope.factor or 0))


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
