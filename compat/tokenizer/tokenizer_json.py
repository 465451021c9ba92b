"""`tokenizer.json`: the format of the `tokenizers` library (BPE, Unigram, WordPiece, WordLevel)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from ..errors import MalformedError
from ..jsonfile import canonical, integer, mapping, parse_object, text, without_collector
from .added import Added, Files, Matching, extra_tokens
from .merges import digest
from .parsed import Parsed, counted, finished, two_tokens
from .spelling import Family, ambiguous, trained_tokens
from .tokenizer import Pipeline, Tokenizer

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
    "max_input_chars_per_word",
)
# What the format leaves out where it holds the default; written in, so that two spellings of one pipeline are equal.
_DEFAULTS: Mapping[str, Mapping[str, bool]] = {
    "ByteLevel": {"add_prefix_space": True, "trim_offsets": True, "use_regex": True}
}
_KNOWN_MODELS = frozenset({"BPE", "Unigram", "WordPiece", "WordLevel"})
_KNOWN_STEPS = frozenset(
    {"Sequence", "ByteLevel", "ByteFallback", "Fuse", "Metaspace", "Strip", "WordPiece", "BPEDecoder", "CTC"}
)
_Json = dict[str, Any]


def pick(listed: Collection[str]) -> tuple[str, ...]:
    """The one file of this format, where it is listed."""
    return (FILE,) if FILE in listed else ()


def read_files(contents: Mapping[str, bytes], files: Files) -> Tokenizer:
    """Reads a repository's tokenizer.json, with what its other files add on top."""
    return read(contents[FILE], extra_tokens(files))


def read(data: bytes, extra: tuple[Added, ...]) -> Tokenizer:
    """Reads a tokenizer.json.

    Args:
        data: the file.
        extra: tokens that other files of the repository add on top, in order.

    Raises:
        MalformedError: if the file is no such JSON; like every parser's, the sentence names the file alone.
    """
    file = _parse(data)
    extra = tuple(_applying(file, extra))
    return finished(file, extra, counted(file, extra))


# Two models of a family often share the file to the byte; it is then parsed once.
@lru_cache(maxsize=1)
def _parse(data: bytes) -> Parsed:
    with without_collector():
        return _file(parse_object(data, FILE))


def _file(whole: _Json) -> Parsed:
    model = mapping(whole.get("model"))
    family = _family(whole)
    ids, spellings = _trained(model.get("vocab"))
    # A Unigram model may hold a piece twice; its ids are the positions, of both.
    numbers = ids.values() if len(ids) == len(spellings) else range(len(spellings))
    tokens = dict(zip(numbers, trained_tokens(family, spellings), strict=True))
    if len(tokens) != len(spellings):
        raise two_tokens(FILE)
    own = tuple(_added(whole.get("added_tokens")))
    merges = model.get("merges")
    merged = digest(merges, FILE) if isinstance(merges, list) else None
    pipeline = replace(_pipeline(whole), pieces=_pieces(model.get("vocab"), family, ids))
    return Parsed(FILE, ids, tokens, own, family, merged, pipeline, _odd(whole))


def _trained(vocab: object) -> tuple[dict[str, int], list[str]]:
    """Spelling → id of the trained vocabulary, and its spellings in order: a map, or a list of [spelling, score]."""
    if isinstance(vocab, dict) and set(map(type, vocab.values())) <= {int}:
        return vocab, list(vocab)
    if isinstance(vocab, list) and all(isinstance(entry, list) and entry for entry in vocab):
        spellings = [entry[0] for entry in vocab]
        if set(map(type, spellings)) <= {str}:
            return {spelling: number for number, spelling in enumerate(spellings)}, spellings
    raise MalformedError(f"{FILE} holds no map from tokens to ids: it is damaged.")


def _pieces(vocab: object, family: Family, ids: Mapping[str, int]) -> str:
    """`Pipeline.pieces`."""
    scores = [entry[1:] for entry in vocab] if isinstance(vocab, list) else None
    told = canonical([family, ambiguous(family, ids), scores], FILE)
    return hashlib.sha256(told.encode()).hexdigest()


def _added(entries: object) -> Iterator[Added]:
    for entry in entries if isinstance(entries, list) else []:
        content, number = text(mapping(entry).get("content")), integer(mapping(entry).get("id"))
        if content is None or number is None:
            raise MalformedError(f"{FILE} has an added token without text or id: it is damaged.")
        special = bool(entry.get("special"))
        yield Added(content, special, number, matching=Matching.of(entry, special=special))


def _applying(file: Parsed, extra: tuple[Added, ...]) -> Iterator[Added]:
    """The tokens of other files, less those that the file's own overrule."""
    ids, contents = {token.declared for token in file.own}, {token.content for token in file.own}
    for token in extra:
        if token.declared not in ids and not (token.if_new and token.content in contents):
            yield token


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


def _odd(whole: _Json) -> str | None:
    """The kind of model, or the first step of the decoder, that is not one of those by which bytes are known."""
    kind = text(mapping(whole.get("model")).get("type"))
    if kind is not None and kind not in _KNOWN_MODELS:
        return f"model type {kind}"
    for step in _steps(whole.get("decoder")):
        kind, pattern = text(step.get("type")) or "of no type", mapping(step.get("pattern")).get("String")
        marks_spaces = (pattern, step.get("content")) == ("\u2581", " ")
        other_mark = kind == "Metaspace" and step.get("replacement", "\u2581") != "\u2581"
        if (kind not in _KNOWN_STEPS and not (kind == "Replace" and marks_spaces)) or other_mark:
            return kind
    return None


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


def _pipeline(whole: _Json) -> Pipeline:
    def part(name: str) -> str | None:
        found = whole.get(name)
        for step in _steps(found):
            for key, value in _DEFAULTS.get(text(step.get("type")) or "", {}).items():
                step.setdefault(key, value)
        return canonical(found, FILE) if found else None

    model = mapping(whole.get("model"))
    flags = {key: model.get(key) for key in _MODEL_FLAGS}
    flags["type"] = flags["type"] or _unnamed_type(model)
    # Absent, null and false mean the same to the loader; but 0 is an id.
    told = {key: value for key, value in flags.items() if value} | {"unk_id": integer(model.get("unk_id"))}
    settings = canonical({key: value for key, value in told.items() if value is not None}, FILE)
    return Pipeline(part("normalizer"), part("pre_tokenizer"), part("decoder"), part("post_processor"), settings)


def _unnamed_type(model: _Json) -> str:
    """The kind of a model in files of the first versions, which do not name it."""
    if isinstance(model.get("vocab"), list):
        return "Unigram"
    if "merges" in model:
        return "BPE"
    return "WordPiece" if "continuing_subword_prefix" in model else "WordLevel"
