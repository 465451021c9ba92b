"""The models and engines of a configuration: `[[pairs]]`, `[models]` and `engines`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..engines import ENGINES
from ..errors import BadReferenceError
from ..ref import Kind, ModelRef, parse
from .config_table import Table, nearest, quoted
from .declared import DeclaredPair, Project, bare

PAIR = (
    *("name", "target", "target-revision", "drafter", "drafter-revision", "engines", "context", "batch"),
    *("tensor-parallel", "draft-tensor-parallel", "heterogeneous-vocab", "allow-specials"),
)


def engines(table: Table) -> tuple[str, ...]:
    """Engines that are known, each once; a version is anything after `@`."""
    found = {}
    for index, name in table.texts("engines", least=1) or ():
        engine, at, version = name.partition("@")
        if engine not in ENGINES:
            table.wrong(f"holds {quoted(name)}, which is no known engine{nearest(engine, ENGINES)}", "engines", index)
        elif at and not version:
            table.wrong(f"names no version after '@': write {engine}@{ENGINES[engine].version}.", "engines", index)
        else:
            found[name] = True
    return tuple(found)


def models(table: Table, root: Path) -> dict[str, str]:
    """Local paths and aliases, without a slash at the end."""
    found: dict[str, str] = {}
    given = table.table("models", None)
    if given is None:
        return found
    for key in given:
        name = given.text(key)
        if name is None:
            continue
        if not key.strip() or not key.isprintable():
            given.wrong("is no path or alias: write it without control characters, and not blank.", key)
        elif bare(key) in found:
            given.wrong("stands twice, with and without a slash at its end: leave one out.", key)
        elif _reference(given, key, partial(parse, name, root)):
            found[bare(key)] = name
    return found


def pairs(table: Table, project: Project) -> tuple[DeclaredPair, ...]:
    """[[pairs]], each name once."""
    found: dict[str, DeclaredPair] = {}
    for one in table.tables("pairs", PAIR):
        pair = _pair(one, project)
        if pair is None:
            continue
        if pair.name in found:
            line = found[pair.name].place.line
            one.wrong(
                f'has the name {quoted(pair.name)}, as the pair by line {line} has: give it another, name = "…".',
                "name" if "name" in one else None,
            )
        else:
            found[pair.name] = pair
    return tuple(found.values())


def _pair(table: Table, project: Project) -> DeclaredPair | None:
    """One of [[pairs]]; None where something that it needs is wrong."""
    target = _model(table, "target", project)
    drafter = _model(table, "drafter", project)
    name = table.text("name")
    asked = engines(table)
    context, batch = table.count("context"), table.count("batch")
    tensor_parallel, draft_tensor_parallel = table.count("tensor-parallel"), table.count("draft-tensor-parallel")
    heterogeneous_vocab = table.flag("heterogeneous-vocab", False)
    allow_specials = table.flag("allow-specials", project.policy.allow_specials)
    if target is None or drafter is None:
        return None
    return DeclaredPair(
        name or f"{target[0].original} × {drafter[0].original}",
        *(target[0], drafter[0]),
        *(target[1], drafter[1]),
        asked or project.policy.engines,
        *(context, batch),
        *(tensor_parallel, draft_tensor_parallel),
        heterogeneous_vocab,
        allow_specials,
        table.place("drafter"),
    )


def _model(table: Table, side: str, project: Project) -> tuple[ModelRef, str] | None:
    """A model of a pair, with its revision where that has a key of its own, and as it is written."""
    written = table.needed(side, "org/name")
    revision = table.text(f"{side}-revision")
    if written is None:
        return None
    found = _reference(table, side, partial(project.model, written))
    if found is None or revision is None:
        return None if found is None else (found, written)
    key = f"{side}-revision"
    if found.kind is not Kind.HUB:
        table.wrong(f"is set, and {quoted(written)} is no model of the Hub: leave the revision out.", key)
    elif found.revision is not None:
        table.wrong(f"is set, and {quoted(written)} names a revision too: leave one of them out.", key)
    else:
        prefix = "hf://" if found.original.startswith("hf://") else ""
        file = f":{found.file}" if found.file else ""
        whole = f"{prefix}{found.name}@{revision}{file}"
        pinned = _reference(table, key, partial(parse, whole, project.root))
        if pinned and pinned.revision == revision:
            return pinned, written
        if pinned:  # with a colon in it, which would name a file
            table.wrong("is no branch, tag or commit: write its name alone.", key)
    return None


def _reference(table: Table, key: str, model: Callable[[], ModelRef]) -> ModelRef | None:
    """A model; None, and noted, where its reference names none."""
    try:
        return model()
    except BadReferenceError as error:
        table.wrong(f"is wrong: {error.message}", key)
        return None
