"""Two snapshots → how their tokenizers behave: the probes, and every plain token's own text, encoded by both."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from .behaviour import Behaviour, Example
from .evidence import Unknown
from .facts import Fingerprint
from .probes import PROBES
from .relation import Comparison, Pair, Relation
from .snapshot import Snapshot
from .tokenizer import formats, tokenizer_json
from .tokenizer.encoding import Encoded, Runnable, encode
from .tokenizer.tokenizer import Pipeline
from .tokenizer.vocabulary import Vocabulary

_CERTIFIABLE = (Relation.IDENTICAL, Relation.PADDED, Relation.EXTENDS, Relation.SPECIALS_DIFFER)
_LONGEST = 4096  # bytes of a token; the longest real one known here, a run of blanks, has 512
_UNDECODABLE = "\ufffd"
_EXAMPLES = 3


def probe(target: Snapshot, drafter: Snapshot, pair: Pair) -> Behaviour | Unknown | None:
    """How the tokenizers of a pair encode; None where they are sure to be equal, or the pair is not to be certified.

    Each runs as the `tokenizers` library builds it from tokenizer.json, with the added tokens of the repository's
    other files, and without special tokens around the text.
    """
    compared, vocabulary = pair.comparison, pair.target.vocabulary
    if isinstance(compared, Unknown) or isinstance(vocabulary, Unknown) or compared.relation not in _CERTIFIABLE:
        return None
    if _equal_steps(pair.target, pair.drafter) or _equal_files(target, drafter, pair):
        return None
    runnable: list[Runnable] = []
    for name, side in (("target", _runnable(target, pair.target)), ("drafter", _runnable(drafter, pair.drafter))):
        if isinstance(side, str):
            return Unknown(f"the {name} {side}")
        runnable.append(side)
    plain = plain_texts(vocabulary, pair.target.pipeline)
    open_texts = _not_proved(plain, pair.target, pair.drafter, _foreign(compared))
    encoded: list[Encoded] = []
    results = encode(runnable, [*(text for _, text in PROBES), *open_texts])
    for name, found in zip(("target", "drafter"), results, strict=True):
        if isinstance(found, str):
            return Unknown(f"the {name}'s tokenizer {found}")
        encoded.append(found)
    counted = _behaviour(open_texts, encoded[0], encoded[1], _foreign(compared))
    return replace(counted, tokens=len(plain))


def plain_texts(vocabulary: Vocabulary, pipeline: Pipeline | Unknown) -> dict[str, int]:
    """Text → id of the plain tokens, each decoded alone, as far as that gives a text of its own.

    A decoder that strips the blank which its normalizer put in front strips that of a token alone as well.
    """
    decoder = "" if isinstance(pipeline, Unknown) else pipeline.decoder or ""
    strips = '"type": "Strip"' in decoder or '"type": "Metaspace"' in decoder
    apart = vocabulary.added | vocabulary.special
    found: dict[str, int] = {}
    for number, token in enumerate(vocabulary.tokens):
        if token is None or number in apart or len(token) > _LONGEST:
            continue
        try:
            text = token.decode()
        except UnicodeDecodeError:
            continue
        if strips and text.startswith(" "):
            text = text[1:]
        if text and _UNDECODABLE not in text:
            found.setdefault(text, number)
    return found


def _not_proved(
    plain: dict[str, int], target: Fingerprint, drafter: Fingerprint, foreign: frozenset[int]
) -> dict[str, int]:
    """The texts that must be encoded to know whether they come out alike.

    Where nothing but added tokens differs, and these are looked for in the raw text, a text without any of those that
    differ is cut alike and encoded alike.
    """
    ours, theirs = target.pipeline, drafter.pipeline
    if isinstance(ours, Unknown) or isinstance(theirs, Unknown) or not _equal_core(target, drafter):
        return plain
    differing = _rows(ours) ^ _rows(theirs)
    if ours.normalizer and any(normalized for *_, normalized in differing):
        return plain
    joined = "\0".join(plain)
    contents = [content for content in {row[0] for row in differing} if content in joined]
    return {
        text: number
        for text, number in plain.items()
        if number in foreign or any(content in text for content in contents)
    }


def _rows(pipeline: Pipeline) -> set[tuple[Any, ...]]:
    return set(map(tuple, json.loads(pipeline.added)))


def _equal_steps(target: Fingerprint, drafter: Fingerprint) -> bool:
    """Whether all that encoding depends on is equal; what stands around a text and turns ids back has no part in it."""
    ours, theirs = target.pipeline, drafter.pipeline
    if isinstance(ours, Unknown) or isinstance(theirs, Unknown) or ours.added != theirs.added:
        return False
    return _equal_core(target, drafter) and _vocabulary_digest(target) == _vocabulary_digest(drafter)


def _equal_core(target: Fingerprint, drafter: Fingerprint) -> bool:
    """Whether text between added tokens is encoded alike, as far as both name the same tokens."""
    ours, theirs = target.pipeline, drafter.pipeline
    if isinstance(ours, Unknown) or isinstance(theirs, Unknown) or ours.pieces is None:
        return False
    return (target.merges, ours.normalizer, ours.pre_tokenizer, ours.model, ours.pieces) == (
        drafter.merges,
        theirs.normalizer,
        theirs.pre_tokenizer,
        theirs.model,
        theirs.pieces,
    )


def _vocabulary_digest(facts: Fingerprint) -> str | None:
    return None if isinstance(facts.vocabulary, Unknown) else facts.vocabulary.digest


def _equal_files(target: Snapshot, drafter: Snapshot, pair: Pair) -> bool:
    """Whether two tokenizers in a format that tells no steps are one file, with the same tokens added on top."""
    ours, theirs = formats.choose(target.entries), formats.choose(drafter.entries)
    if ours is None or ours != theirs or ours[0].name == tokenizer_json.FILE:
        return False
    a, b = pair.target.vocabulary, pair.drafter.vocabulary
    if isinstance(a, Unknown) or isinstance(b, Unknown):
        return False
    same_files = all(target.contents.get(path) == drafter.contents.get(path) for path in ours[1])
    return same_files and (a.digest, a.added, a.special) == (b.digest, b.added, b.special)


def _runnable(snapshot: Snapshot, facts: Fingerprint) -> Runnable | str:
    """What the library needs to run a tokenizer, or why it cannot, as a clause."""
    if isinstance(facts.vocabulary, Unknown):
        return facts.vocabulary.why
    if facts.vocabulary.file != tokenizer_json.FILE:
        return f"publishes its tokenizer as {facts.vocabulary.file}, which is not run here"
    if isinstance(facts.pipeline, Unknown):
        return facts.pipeline.why
    if json.loads(facts.pipeline.model).get("dropout"):
        return "has a tokenizer that leaves out merges at random (dropout), which no probe can compare"
    return Runnable(snapshot.contents[tokenizer_json.FILE], json.loads(facts.pipeline.added))


def _foreign(compared: Comparison) -> frozenset[int]:
    """Ids that do not stand for the same token on both sides."""
    return frozenset((*compared.differ, *compared.target_only, *compared.drafter_only))


def _behaviour(plain: dict[str, int], target: Encoded, drafter: Encoded, foreign: frozenset[int]) -> Behaviour:
    names = [*(name for name, _ in PROBES), *(f"token {number}" for number in plain.values())]
    unequal: list[tuple[int, Sequence[int], Sequence[int]]] = []
    explained = 0
    for place, ours, theirs in _differing(target, drafter):
        if foreign.isdisjoint(ours) and foreign.isdisjoint(theirs):
            unequal.append((place, ours, theirs))
        else:
            explained += 1
    texts = [*(text for _, text in PROBES), *plain] if unequal else []
    probes = tuple(names[place] for place, _, _ in unequal if place < len(PROBES))
    return Behaviour(
        probes=len(PROBES),
        probes_differ=probes,
        tokens=len(plain),
        tokens_differ=len(unequal) - len(probes),
        explained=explained,
        examples=tuple(
            Example(names[place], texts[place], tuple(ours), tuple(theirs))
            for place, ours, theirs in unequal[:_EXAMPLES]
        ),
    )


def _differing(target: Encoded, drafter: Encoded) -> Iterator[tuple[int, Sequence[int], Sequence[int]]]:
    if target != drafter:
        for place, (ours, theirs) in enumerate(zip(target, drafter, strict=True)):
            if ours != theirs:
                yield place, ours, theirs
