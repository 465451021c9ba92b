"""What a repository's tokenizer is, whatever format it was read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The steps around the vocabulary, each as canonical JSON; None where the tokenizer has no such step.

    Attributes:
        model: its settings.
        added: content, id, `lstrip`, `rstrip`, `single_word`, `normalized` of every added token, by id.
        pieces: digest of what the bytes of trained tokens do not tell and encoding depends on: how they are spelled,
            and the scores of a Unigram model.
    """

    normalizer: str | None
    pre_tokenizer: str | None
    decoder: str | None
    post_processor: str | None
    model: str
    added: str = "[]"
    pieces: str | None = None


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """What a repository's tokenizer is.

    Attributes:
        vocabulary: which bytes each id stands for.
        added: text → id of every added token.
        merges: sha256 of the merge list in order; None for a model that has none, and in formats that keep ranks.
        pipeline: the steps around it; None where the format does not carry them.
        odd: a step that changes what ids stand for in a way that is not known here, if there is one.
    """

    vocabulary: Vocabulary
    added: Mapping[str, int]
    merges: str | None = None
    pipeline: Pipeline | None = None
    odd: str | None = None
