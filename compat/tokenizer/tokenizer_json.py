"""`tokenizer.json`: the format of the `tokenizers` library (BPE, Unigram, WordPiece, WordLevel)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import MalformedError
from ..jsonfile import integer, mapping, parse_object, text
from .spelling import Family, added_token, plain_token
from .vocabulary import Vocabulary, build

FILE = "tokenizer.json"
_MODEL_FLAGS = (
    "type",
    "unk_token",
    "continuing_subword_prefix",
    "end_of_word_suffix",
    "fuse_unk",
    "byte_fallback",
    "ignore_merges",
    "dropout",
)
# What the format leaves out where it holds the default; written in, so that two spellings of one pipeline are equal.
_DEFAULTS: Mapping[str, Mapping[str, bool]] = {
    "ByteLevel": {"add_prefix_space": True, "trim_offsets": True, "use_regex": True}
}
_Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The steps around the vocabulary, each as canonical JSON; None where the tokenizer has no such step."""

    normalizer: str | None
    pre_tokenizer: str | None
    decoder: str | None
    post_processor: str | None
    model: str


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """What a tokenizer file says.

    Attributes:
        vocabulary: which bytes each id stands for.
        merges: sha256 of the merge list in order; None for a model that has none.
        pipeline: the steps around it.
    """

    vocabulary: Vocabulary
    merges: str | None
    pipeline: Pipeline


@dataclass(frozen=True, slots=True)
class Added:
    """A token added beside the trained vocabulary, with the id that its file declares, if any."""

    content: str
    declared: int | None
    special: bool


def read(data: bytes, extra: tuple[Added, ...]) -> Tokenizer:
    """Reads a tokenizer.json.

    Args:
        data: the file.
        extra: tokens that other files of the repository add on top, in the order of their ids.

    Raises:
        MalformedError: if the file is no such JSON; like every parser's, the sentence names the file alone.
    """
    whole = parse_object(data, FILE)
    trained = _trained(mapping(whole.get("model")))
    own = tuple(_added(whole.get("added_tokens")))
    ids = _assign(trained, own + extra)
    if any(token.declared is not None and ids[token.content] != token.declared for token in own):
        trained, ids = _ask_the_loader(data, own, extra)
    family = _family(whole)
    spell, content = plain_token(family), added_token(family)
    tokens = {token_id: spell(spelling) for spelling, token_id in trained.items()}
    if len(tokens) != len(trained):
        raise MalformedError(f"{FILE} gives one id to two tokens: it is damaged.")
    tokens |= {ids[token.content]: content(token.content) for token in own + extra}
    special = frozenset(ids[token.content] for token in own + extra if token.special)
    vocabulary = build(tokens, frozenset(ids.values()), special, FILE)
    return Tokenizer(vocabulary, _merges(mapping(whole.get("model")).get("merges")), _pipeline(whole))


def _trained(model_part: _Json) -> dict[str, int]:
    """Spelling → id of the trained vocabulary: a map, or for Unigram a list of [spelling, score]."""
    vocab = model_part.get("vocab")
    if isinstance(vocab, list):
        vocab = {entry[0]: number for number, entry in enumerate(vocab) if isinstance(entry, list) and entry}
    if not isinstance(vocab, dict) or not all(type(number) is int for number in vocab.values()):
        raise MalformedError(f"{FILE} holds no map from tokens to ids: it is damaged.")
    return vocab


def _added(entries: object) -> Iterator[Added]:
    for entry in entries if isinstance(entries, list) else []:
        content, number = text(mapping(entry).get("content")), integer(mapping(entry).get("id"))
        if content is None or number is None:
            raise MalformedError(f"{FILE} has an added token without text or id: it is damaged.")
        if content:  # the loader passes over an empty one
            yield Added(content, number, bool(entry.get("special")))


def _assign(trained: Mapping[str, int], added: tuple[Added, ...]) -> dict[str, int]:
    """The ids that the loader gives to added tokens: a trained token keeps its id, others follow the highest so far.

    The loader does not believe the id in the file (`AddedVocabulary::add_tokens` of tokenizers).
    """
    ids: dict[str, int] = {}
    following = len(trained)
    for token in added:
        if token.content not in ids:
            ids[token.content] = trained.get(token.content, following)
            following = max(following, ids[token.content] + 1)
    return ids


def _ask_the_loader(
    data: bytes, own: tuple[Added, ...], extra: tuple[Added, ...]
) -> tuple[dict[str, int], dict[str, int]]:
    """Trained and added ids as the library itself assigns them, for the rare file whose ids contradict each other."""
    import tokenizers

    try:
        loaded = tokenizers.Tokenizer.from_buffer(data)
        loaded.add_tokens([tokenizers.AddedToken(token.content, special=token.special) for token in extra])
    except BaseException as error:
        # A panic of the library arrives as a BaseException of a class that it does not export.
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        raise MalformedError(f"{FILE} is refused by the tokenizers library: {error}") from error
    everything: dict[str, int] = loaded.get_vocab(with_added_tokens=True)
    trained: dict[str, int] = loaded.get_vocab(with_added_tokens=False)
    return trained, {token.content: everything[token.content] for token in own + extra}


def _family(whole: _Json) -> Family:
    """How tokens are spelled, from the step that turns them back into text."""
    steps = list(_steps(whole.get("decoder") or whole.get("pre_tokenizer")))
    if any(step.get("type") == "ByteLevel" for step in steps):
        return Family.BYTE_LEVEL
    marks_spaces = any(
        step.get("type") == "Metaspace" or mapping(step.get("pattern")).get("String") == "\u2581" for step in steps
    )
    if marks_spaces or mapping(whole.get("model")).get("byte_fallback"):
        return Family.SENTENCEPIECE
    return Family.PLAIN


def _steps(part: object) -> Iterator[_Json]:
    """A pipeline part and, where it is a sequence, its steps."""
    waiting = [part]
    while waiting:
        step = waiting.pop()
        if isinstance(step, dict):
            yield step
            for key in ("decoders", "pretokenizers", "normalizers", "processors"):
                nested = step.get(key)
                waiting.extend(nested if isinstance(nested, list) else [])


def _merges(merges: object) -> str | None:
    """Digest of the merges, which are spelled "a b" in older files and ["a", "b"] in newer ones."""
    if not isinstance(merges, list):
        return None
    pairs = [" ".join(map(str, pair)) if isinstance(pair, list) else str(pair) for pair in merges]
    return hashlib.sha256(json.dumps(pairs).encode()).hexdigest()


def _pipeline(whole: _Json) -> Pipeline:
    def part(name: str) -> str | None:
        found = whole.get(name)
        for step in _steps(found):
            for key, value in _DEFAULTS.get(str(step.get("type")), {}).items():
                step.setdefault(key, value)
        return json.dumps(found, sort_keys=True) if found else None

    flags = {key: mapping(whole.get("model")).get(key) for key in _MODEL_FLAGS}
    if flags["type"] is None:  # files of the first versions do not name it
        flags["type"] = "BPE" if "merges" in mapping(whole.get("model")) else "Unigram"
    # Absent, null and false mean the same to the loader.
    model = json.dumps({key: value for key, value in flags.items() if value}, sort_keys=True)
    return Pipeline(part("normalizer"), part("pre_tokenizer"), part("decoder"), part("post_processor"), model)
