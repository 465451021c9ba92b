"""Snapshot → Fingerprint: the model's files become facts, and nothing is read after this."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import about
from .facts import Fingerprint, Source, Special, Unknown
from .fingerprint_config import Config, architecture, context_of, rows_of, tied_of, vocabulary_size, weights_of
from .jsonfile import integer, mapping, parse_object, text
from .snapshot import Snapshot
from .tokenizer import added
from .tokenizer.added import Files
from .tokenizer.tokenizer_json import FILE as TOKENIZER
from .tokenizer.tokenizer_json import Tokenizer, read

_CONFIG = "config.json"
_GENERATION = "generation_config.json"
_TEMPLATE = "chat_template.jinja"
_JSON_FILES = (_CONFIG, _GENERATION, added.CONFIG, added.MAP, added.ADDED)
_OTHER_FORMATS = ("tokenizer.model", "tekken.json", "vocab.json", "tiktoken.model")


def fingerprint(snapshot: Snapshot) -> Fingerprint:
    """The facts of a model.

    Raises:
        MalformedError: if a file that is there cannot be what its name says. A file that is absent is a known fact.
    """
    with about(snapshot.ref.original):
        return _fingerprint(snapshot)


def _fingerprint(snapshot: Snapshot) -> Fingerprint:
    files = {path: parse_object(snapshot.contents[path], path) for path in _JSON_FILES if path in snapshot.contents}
    tokenizer = _tokenizer(snapshot, files)
    vocabulary = tokenizer.vocabulary if isinstance(tokenizer, Tokenizer) else tokenizer
    config = Config.of(files.get("config.json"))
    return Fingerprint(
        vocabulary=vocabulary,
        merges=tokenizer.merges if isinstance(tokenizer, Tokenizer) else tokenizer,
        pipeline=tokenizer.pipeline if isinstance(tokenizer, Tokenizer) else tokenizer,
        bos=_special("bos", files, vocabulary),
        eos=_special("eos", files, vocabulary),
        pad=_special("pad", files, vocabulary),
        unk=_special("unk", files, vocabulary),
        template_ids=_template_ids(snapshot, files, vocabulary),
        declared=vocabulary_size(config),
        nested=config.nested,
        rows=rows_of(snapshot, config),
        tied=tied_of(config),
        context=context_of(config),
        architecture=architecture(config),
        weights=weights_of(snapshot),
    )


def _tokenizer(snapshot: Snapshot, files: _Files) -> Tokenizer | Unknown:
    data = snapshot.contents.get(TOKENIZER)
    if data is None:
        other = [path for path in _OTHER_FORMATS if path in snapshot.entries]
        found = f" (it has {', '.join(other)}, which this version does not read)" if other else ""
        return Unknown(f"publishes no {TOKENIZER}{found}")
    return _read_once(data, tuple(_extra(files)))


# Two models of a family often share the file to the byte; it is then parsed once.
_read_once = lru_cache(maxsize=2)(read)


def _extra(files: _Files) -> Iterator[Added]:
    """Tokens that the loader adds on top of tokenizer.json, in the order of the ids that their files declare."""
    declared: dict[int, Added] = {}
    for content, number in files.get("added_tokens.json", {}).items():
        if (known := integer(number)) is not None:
            declared[known] = Added(content, None, special=False)
    for key, entry in mapping(files.get("tokenizer_config.json", {}).get("added_tokens_decoder")).items():
        content_here = text(mapping(entry).get("content"))
        if content_here and key.isdecimal():
            declared[int(key)] = Added(content_here, None, special=bool(entry.get("special")))
    yield from (declared[number] for number in sorted(declared))


def _special(role: str, files: _Files, vocabulary: Vocabulary | Unknown) -> Special | Unknown:
    """A special token's ids from every file that names it.

    The configs give ids, the tokenizer's files give text, which the vocabulary turns into an id.
    """
    config, generation = files.get("config.json", {}), files.get("generation_config.json", {})
    found = [
        Source("config.json", _ids(config.get(f"{role}_token_id"))),
        Source("config.json text_config", _ids(mapping(config.get("text_config")).get(f"{role}_token_id"))),
        Source("generation_config.json", _ids(generation.get(f"{role}_token_id"))),
    ]
    for path in ("tokenizer_config.json", "special_tokens_map.json"):
        if (named := _token_text(files.get(path, {}).get(f"{role}_token"))) is None:
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
    """The id of a token by its text: among the control tokens first, since plain text can look like one."""
    wanted = {spelling.encode("utf-8", "surrogatepass") for spelling in (named, named.replace("\u2581", " "))}
    control = sorted(vocabulary.added | vocabulary.special)
    for number in (*control, *range(vocabulary.used)):
        if vocabulary.tokens[number] in wanted:
            return (number,)
    return ()


def _template_ids(snapshot: Snapshot, files: _Files, vocabulary: Vocabulary | Unknown) -> frozenset[int] | Unknown:
    """Ids of the control tokens whose text the chat template contains. The template is searched, never run."""
    if isinstance(vocabulary, Unknown):
        return vocabulary
    inline = files.get("tokenizer_config.json", {}).get("chat_template")
    several = [mapping(one).get("template") for one in inline] if isinstance(inline, list) else [inline]
    whole = "\n".join(text(one) or "" for one in several).encode("utf-8", "surrogatepass")
    whole += b"\n" + snapshot.contents.get("chat_template.jinja", b"")

    def spelled_out(number: int) -> bool:
        token = vocabulary.tokens[number]
        # One-character tokens such as a newline would be found in any template, and say nothing.
        return token is not None and len(token.strip()) > 1 and token in whole

    return frozenset(filter(spelled_out, vocabulary.added | vocabulary.special))
