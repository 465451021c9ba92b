"""Facts whose files the Hub lists and does not give: what cannot be known of a model, and why."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields, replace
from typing import Any

from .errors import WithheldError
from .evidence import Unknown
from .facts import Fingerprint, Reading
from .files import DECIDING
from .snapshot import Snapshot
from .tokenizer import formats

_CONFIG = "config.json"
_OF_CONFIG = frozenset({"declared", "tied", "context", "architecture"})
_OF_TOKENIZER = frozenset({"vocabulary", "merges"})
_OF_WEIGHTS = frozenset({"rows", "weights"})
_NEVER_OPEN = frozenset({"nested", "gguf", "reading"})


def unknown(snapshot: Snapshot, files: Collection[str]) -> Unknown | None:
    """Why a fact that these files give cannot be had; None where none of them is withheld.

    The clause names all that is withheld, so that one access is asked for once.
    """
    if not any(path in snapshot.withheld for path in files):
        return None
    by_reason: dict[str, list[str]] = {}
    for path, denial in sorted(snapshot.withheld.items()):
        by_reason.setdefault(denial.why, []).append(path)
    return Unknown("withholds " + ", and ".join(f"{_listed(paths)}, as {why}" for why, paths in by_reason.items()))


def without_withheld(facts: Fingerprint, snapshot: Snapshot) -> Fingerprint:
    """The facts, less those that withheld files give or could change.

    The tokens are an exception: they are known where the tokenizer's own files are, if not those that a withheld
    config adds. No such model is certified.
    """
    reading = Reading(tuple(sorted(snapshot.withheld)), tuple(sorted(snapshot.twins)), snapshot.alike)
    open_facts: dict[str, Any] = {}
    for name in (field.name for field in fields(facts) if field.name not in _NEVER_OPEN):
        if missing := unknown(snapshot, _sources(name, snapshot)):
            open_facts[name] = missing
    return replace(facts, reading=reading, **open_facts)


def demand(snapshot: Snapshot) -> None:
    """Asks for all of a model.

    Raises:
        WithheldError: if something is withheld, where neither yes nor no could be said without it.
    """
    for denial in snapshot.withheld.values():
        raise WithheldError(snapshot.ref.original, _listed(sorted(snapshot.withheld)), denial)


def weight_files(snapshot: Snapshot) -> set[str]:
    """Withheld files that hold weights, or say where they lie."""
    return {path for path in snapshot.withheld if path not in DECIDING and path not in _tokenizer(snapshot)}


def _sources(fact: str, snapshot: Snapshot) -> Collection[str]:
    if any(path.endswith(".gguf") for path in snapshot.withheld):  # one file, which holds everything
        return snapshot.withheld
    if fact in _OF_CONFIG:
        return (_CONFIG,)
    if fact in _OF_TOKENIZER:
        return _tokenizer(snapshot)
    if fact in _OF_WEIGHTS:
        return (_CONFIG, *weight_files(snapshot))
    return (*DECIDING, *_tokenizer(snapshot))


def _tokenizer(snapshot: Snapshot) -> tuple[str, ...]:
    chosen = formats.choose(snapshot.entries)
    return chosen[1] if chosen else ()


def _listed(paths: list[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{', '.join(paths[:-1])} and {paths[-1]}"
