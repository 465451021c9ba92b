"""Snapshot → Fingerprint: the model's files become facts, and nothing is read after this."""

from __future__ import annotations

from .errors import about
from .facts import Fingerprint, Unknown
from .fingerprint_config import Config, architecture, context_of, rows_of, tied_of, vocabulary_size, weights_of
from .fingerprint_special import framing, special
from .fingerprint_template import template, template_ids
from .jsonfile import parse_object
from .snapshot import Snapshot
from .tokenizer import added, formats
from .tokenizer.added import Files
from .tokenizer.tokenizer import Pipeline, Tokenizer
from .weights import INDEX, read_index

_CONFIG = "config.json"
_JSON_FILES = (_CONFIG, "generation_config.json", added.CONFIG, added.MAP, added.ADDED)


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
        pipeline=_pipeline(tokenizer),
        bos=special("bos", files, config, tokenizer),
        eos=special("eos", files, config, tokenizer),
        pad=special("pad", files, config, tokenizer),
        unk=special("unk", files, config, tokenizer),
        framing=framing(files, tokenizer),
        template=template(snapshot, files, tokenizer),
        template_ids=template_ids(snapshot, files, tokenizer),
        declared=vocabulary_size(config),
        nested=config.nested,
        rows=rows_of(snapshot, index, config),
        tied=tied_of(config),
        context=context_of(config),
        architecture=architecture(config),
        weights=weights_of(snapshot, index),
    )


def _tokenizer(snapshot: Snapshot, files: Files) -> Tokenizer | Unknown:
    chosen = formats.choose(snapshot.entries)
    if chosen is None:
        return Unknown("publishes no tokenizer in a format that is read here")
    form, paths = chosen
    tokenizer = form.read({path: snapshot.contents[path] for path in paths}, files)
    if tokenizer.odd is not None:
        return Unknown(f"decodes its tokens by a step that this version does not know ({tokenizer.odd})")
    return tokenizer


def _pipeline(tokenizer: Tokenizer | Unknown) -> Pipeline | Unknown:
    if isinstance(tokenizer, Unknown):
        return tokenizer
    return tokenizer.pipeline or Unknown(f"publishes its tokenizer as {tokenizer.vocabulary.file}, which tells no steps")
