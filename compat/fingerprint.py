"""Snapshot → Fingerprint: the model's files become facts, and nothing is read after this."""

from __future__ import annotations

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
from .weights import INDEX, read_index

_CONFIG = "config.json"
_GENERATION = "generation_config.json"
_TEMPLATE = "chat_template.jinja"
_JSON_FILES = (_CONFIG, _GENERATION, added.CONFIG, added.MAP, added.ADDED)
# Characters of the template times added tokens: Gemma 3's come to 10 million. It bounds the time.
_SEARCH_LIMIT = 1_000_000_000
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
    config = Config.of(files.get(_CONFIG))
    tokenizer = _tokenizer(snapshot, files)
    index = read_index(snapshot.contents[INDEX]) if INDEX in snapshot.contents else None
    return Fingerprint(
        vocabulary=tokenizer if isinstance(tokenizer, Unknown) else tokenizer.vocabulary,
        merges=tokenizer if isinstance(tokenizer, Unknown) else tokenizer.merges,
        pipeline=tokenizer if isinstance(tokenizer, Unknown) else tokenizer.pipeline,
        bos=_special("bos", files, config, tokenizer),
        eos=_special("eos", files, config, tokenizer),
        pad=_special("pad", files, config, tokenizer),
        unk=_special("unk", files, config, tokenizer),
        template_ids=_template_ids(snapshot, files, tokenizer),
        declared=vocabulary_size(config),
        nested=config.nested,
        rows=rows_of(snapshot, index, config),
        tied=tied_of(config),
        context=context_of(config),
        architecture=architecture(config),
        weights=weights_of(snapshot, index),
    )


def _tokenizer(snapshot: Snapshot, files: Files) -> Tokenizer | Unknown:
    data = snapshot.contents.get(TOKENIZER)
    if data is None:
        other = [path for path in snapshot.entries if path in _OTHER_FORMATS or path.endswith(".tiktoken")]
        found = f" (it has {', '.join(other)}, which this version does not read)" if other else ""
        return Unknown(f"publishes no {TOKENIZER}{found}")
    tokenizer = read(data, added.extra_tokens(files))
    if tokenizer.odd is not None:
        return Unknown(f"decodes its tokens by a step that this version does not know ({tokenizer.odd})")
    return tokenizer


def _special(role: str, files: Files, config: Config, tokenizer: Tokenizer | Unknown) -> Special | Unknown:
    """A special token's ids from every file that names it.

    The configs give ids, the tokenizer's files give text, which the tokenizer turns into an id.
    """
    key = f"{role}_token_id"
    found = [Source(_CONFIG, _ids(config.whole, key)), Source(_GENERATION, _ids(files.get(_GENERATION), key))]
    if config.nested:
        found.insert(1, Source(f"{_CONFIG} {config.path}", _ids(config.of_text, key)))
    if named := added.named_tokens(files).get(f"{role}_token"):
        if isinstance(tokenizer, Unknown):
            return tokenizer
        path, content = named
        found.append(Source(path, (tokenizer.added[content],)))
    return Special(tuple(source for source in found if source.ids))


def _ids(config: dict[str, Any] | None, key: str) -> tuple[int, ...]:
    value = (config or {}).get(key)
    many = value if isinstance(value, list) else [value]
    # A negative id is how some configs say "none".
    return tuple(sorted({number for item in many if (number := integer(item)) is not None and number >= 0}))


def _template_ids(snapshot: Snapshot, files: Files, tokenizer: Tokenizer | Unknown) -> frozenset[int] | Unknown:
    """Ids of the added tokens whose text the chat template contains. The template is searched, never run."""
    if isinstance(tokenizer, Unknown):
        return tokenizer
    inline = files.get(added.CONFIG, {}).get("chat_template")
    several = [mapping(one).get("template") for one in inline] if isinstance(inline, list) else [inline]
    whole = "\n".join(filter(None, map(text, several)))
    whole += "\n" + snapshot.contents.get(_TEMPLATE, b"").decode("utf-8", "replace")
    if len(whole) * len(tokenizer.added) > _SEARCH_LIMIT:
        return Unknown(f"has a chat template of {len(whole)} characters, too many to be searched for its tokens")
    # One-character tokens such as a newline would be found in any template, and say nothing.
    return frozenset(
        number for content, number in tokenizer.added.items() if len(content.strip()) > 1 and content in whole
    )
