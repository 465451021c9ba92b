"""Facts of special tokens, of what encoding adds, and of the chat template."""

from __future__ import annotations

from dataclasses import dataclass, field


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
