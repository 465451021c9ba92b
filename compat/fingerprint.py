"""Snapshot → Fingerprint: the model's files become facts, and nothing is read after this."""

from __future__ import annotations

from .errors import about
from .evidence import Unknown
from .facts import Fingerprint
from .fingerprint_architecture import architecture
from .fingerprint_config import Config, context_of, tied_of, vocabulary_size
from .fingerprint_framing import framing
from .fingerprint_gguf import of_gguf
from .fingerprint_rows import rows_of, tensors_of
from .fingerprint_special import special
from .fingerprint_template import template, template_ids
from .fingerprint_weights import weights_of
from .jsonfile import parse_object
from .snapshot import Snapshot
from .store import Store
from .tokenizer import added, formats
from .tokenizer.added import Files
from .tokenizer.tokenizer import Pipeline, Tokenizer
from .weights import INDEX, read_index
from .withheld import unknown, weight_files, without_withheld

_CONFIG = "config.json"
_ADDING = (added.CONFIG, added.MAP, added.ADDED)
_JSON_FILES = (_CONFIG, "generation_config.json", *_ADDING)


def fingerprint(snapshot: Snapshot, store: Store | None = None) -> Fingerprint:
    """The facts of a model.

    Args:
        snapshot: its files.
        store: keeps what was parsed, for the other model of a pair and later runs.

    Raises:
        MalformedError: if a file that is there cannot be what its name says. A file that is absent is a known fact.
    """
    with about(snapshot.ref.original):
        if snapshot.gguf and not snapshot.withheld:
            return without_withheld(of_gguf(snapshot), snapshot)
        return _fingerprint(snapshot, store or Store())


def _fingerprint(snapshot: Snapshot, store: Store) -> Fingerprint:
    files = {path: parse_object(snapshot.contents[path], path) for path in _JSON_FILES if path in snapshot.contents}
    config = Config.of(files.get(_CONFIG))
    tokenizer = _tokenizer(snapshot, files, store)
    index = read_index(snapshot.contents[INDEX]) if INDEX in snapshot.contents else None
    tensors = tensors_of(snapshot)
    what = architecture(config, tensors, tensors if index is None else index.files)
    facts = Fingerprint(
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
        rows=unknown(snapshot, weight_files(snapshot)) or rows_of(snapshot, index, config),
        tied=tied_of(config),
        context=context_of(config),
        architecture=what,
        weights=weights_of(snapshot, index, config, what),
    )
    return without_withheld(facts, snapshot)


def _tokenizer(snapshot: Snapshot, files: Files, store: Store) -> Tokenizer | Unknown:
    chosen = formats.choose(snapshot.entries)
    if chosen is None:
        return Unknown("publishes no tokenizer in a format that is read here")
    form, paths = chosen
    if missing := unknown(snapshot, paths):
        return missing
    contents = {path: snapshot.contents[path] for path in paths}
    # No other file may have a part in a tokenizer, since these and its own are what it is kept by.
    beside = {path: files[path] for path in _ADDING if path in files}
    decided = contents | {path: snapshot.contents[path] for path in beside}
    tokenizer = store.tokenizer(form.name, decided, lambda: form.read(contents, beside))
    if tokenizer.odd is not None:
        return Unknown(f"has a tokenizer with a part that this version does not know ({tokenizer.odd})")
    return tokenizer


def _pipeline(tokenizer: Tokenizer | Unknown) -> Pipeline | Unknown:
    if isinstance(tokenizer, Unknown):
        return tokenizer
    return tokenizer.pipeline or Unknown(
        f"publishes its tokenizer as {tokenizer.vocabulary.file}, which tells no steps"
    )
