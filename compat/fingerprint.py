"""Snapshot → Fingerprint: the model's files become facts, and nothing is read after this."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from .facts import Fingerprint, Source, Special, Unknown
from .fingerprint_config import Config, architecture, context_of, rows_of, tied_of, vocabulary_size, weights_of
from .jsonfile import integer, mapping, parse_object, text
from .snapshot import Snapshot
from .tokenizer.tokenizer_json import FILE as TOKENIZER
from .tokenizer.tokenizer_json import Added, Tokenizer, read
from .tokenizer.vocabulary import Vocabulary

_ROLES = ("bos", "eos", "pad", "unk")
_Json = dict[str, Any]


def fingerprint(snapshot: Snapshot) -> Fingerprint:
    """The facts of a model.

    Raises:
        MalformedError: if a file that is there cannot be what its name says. A file that is absent is a known fact.
    """
    model = snapshot.ref.original
    files = {path: _object(snapshot, path) for path in _JSON_FILES}
    tokenizer = _tokenizer(snapshot, files, model)
    vocabulary = tokenizer.vocabulary if isinstance(tokenizer, Tokenizer) else tokenizer
    config = Config.of(files["config.json"])
    special = {role: _special(role, files, vocabulary) for role in _ROLES}
    return Fingerprint(
        vocabulary=vocabulary,
        merges=tokenizer.merges if isinstance(tokenizer, Tokenizer) else tokenizer,
        pipeline=tokenizer.pipeline if isinstance(tokenizer, Tokenizer) else tokenizer,
        bos=special["bos"],
        eos=special["eos"],
        pad=special["pad"],
        unk=special["unk"],
        template_ids=_template_ids(snapshot, files, vocabulary),
        declared=vocabulary_size(config),
        nested=config.nested,
        rows=rows_of(snapshot, config),
        tied=tied_of(config),
        context=context_of(config),
        architecture=architecture(config),
        weights=weights_of(snapshot),
    )


_JSON_FILES = (
    "config.json",
    "generation_config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
)


def _object(snapshot: Snapshot, path: str) -> _Json | None:
    data = snapshot.contents.get(path)
    return None if data is None else parse_object(data, path, snapshot.ref.original)


def _tokenizer(snapshot: Snapshot, files: dict[str, _Json | None], model: str) -> Tokenizer | Unknown:
    data = snapshot.contents.get(TOKENIZER)
    if data is None:
        other = [path for path in _OTHER_FORMATS if path in snapshot.entries]
        found = f" (it has {', '.join(other)}, which this version does not read)" if other else ""
        return Unknown(f"publishes no {TOKENIZER}{found}")
    return _read_once(data, tuple(_extra(files)), model)


_OTHER_FORMATS = ("tokenizer.model", "tekken.json", "vocab.json", "tiktoken.model")


@lru_cache(maxsize=2)
def _read_once(data: bytes, extra: tuple[Added, ...], model: str) -> Tokenizer:
    """Two models of a family often share the file to the byte; it is then parsed once."""
    return read(data, extra, model)


def _extra(files: dict[str, _Json | None]) -> Iterator[Added]:
    """Tokens that the loader adds on top of tokenizer.json, in the order of the ids that their files declare."""
    declared: dict[int, Added] = {}
    for content, number in (files["added_tokens.json"] or {}).items():
        if (known := integer(number)) is not None:
            declared[known] = Added(content, None, special=False)
    for key, entry in mapping((files["tokenizer_config.json"] or {}).get("added_tokens_decoder")).items():
        content = text(mapping(entry).get("content"))
        if content and key.isdecimal():
            declared[int(key)] = Added(content, None, special=bool(entry.get("special")))
    yield from (declared[number] for number in sorted(declared))


def _special(role: str, files: dict[str, _Json | None], vocabulary: Vocabulary | Unknown) -> Special | Unknown:
    """A special token's ids from every file that names it.

    The configs give ids, the tokenizer's files give text, which the vocabulary turns into an id.
    """
    config, generation = files["config.json"] or {}, files["generation_config.json"] or {}
    found = [Source("config.json", _ids(config.get(f"{role}_token_id")))]
    for nested in ("text_config",):
        found.append(Source(f"config.json {nested}", _ids(mapping(config.get(nested)).get(f"{role}_token_id"))))
    found.append(Source("generation_config.json", _ids(generation.get(f"{role}_token_id"))))
    for path in ("tokenizer_config.json", "special_tokens_map.json"):
        named = _token_text((files[path] or {}).get(f"{role}_token"))
        if named is None:
            continue
        if isinstance(vocabulary, Unknown):
            return vocabulary
        found.append(Source(path, _ids_of(named, vocabulary)))
        break  # the map only fills in what tokenizer_config.json leaves out
    return Special(tuple(source for source in found if source.ids))


def _ids(value: object) -> tuple[int, ...]:
    many = value if isinstance(value, list) else [value]
    # A negative id is how some configs say "none".
    return tuple(sorted({number for item in many if (number := integer(item)) is not None and number >= 0}))


def _token_text(value: object) -> str | None:
    return text(value) or text(mapping(value).get("content"))


def _ids_of(named: str, vocabulary: Vocabulary) -> tuple[int, ...]:
    wanted = {named.encode("utf-8", "surrogatepass"), named.replace("\u2581", " ").encode("utf-8", "surrogatepass")}
    control = vocabulary.added | vocabulary.special
    exact = [number for number in sorted(control) if vocabulary.tokens[number] in wanted]
    return tuple(exact[:1]) or tuple(number for number, token in enumerate(vocabulary.tokens) if token in wanted)[:1]


def _template_ids(
    snapshot: Snapshot, files: dict[str, _Json | None], vocabulary: Vocabulary | Unknown
) -> frozenset[int] | Unknown:
    """Ids of the control tokens whose text the chat template contains. The template is searched, never run."""
    if isinstance(vocabulary, Unknown):
        return vocabulary
    templates = [text((files["tokenizer_config.json"] or {}).get("chat_template")) or ""]
    several = (files["tokenizer_config.json"] or {}).get("chat_template")
    if isinstance(several, list):
        templates += [text(mapping(one).get("template")) or "" for one in several]
    data = snapshot.contents.get("chat_template.jinja", b"")
    whole = "\n".join(templates).encode("utf-8", "surrogatepass") + b"\n" + data
    control = vocabulary.added | vocabulary.special
    # One-character tokens such as a newline would be found in any template, and say nothing.
    return frozenset(
        number
        for number in control
        if (token := vocabulary.tokens[number]) and len(token.strip()) > 1 and token in whole
    )
