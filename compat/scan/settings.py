"""Pairings in trees of settings."""

from __future__ import annotations

from collections.abc import Mapping

from .assemble import assemble
from .errors import UnreadError
from .found import Found, Key, Value
from .inline import settings_in
from .nodes import Node
from .reading import Branch, Items, Scope, Settings
from .spellings import SPELLINGS, Flag, Spelling, engine_of_image, plain_name
from .traced import Traced
from .variables import is_open

_MOST_NODES = 200_000
# How far up the model stands from the settings that speculate: `model_loading_config` beside `engine_kwargs`.
_LEVELS_UP = 2
_SPECULATIVE = "speculative_config"
_LOADING = "model_loading_config"
# What tells speculative settings that stand under no key of that name, such as a file of them alone.
_COUNT = "num_speculative_tokens"

Plain = Mapping[str, tuple[Traced, Node]]


def from_settings(settings: Settings, scope: Scope) -> list[Found]:
    """The speculation that a tree of settings sets up, wherever in the tree it stands.

    Keys are an engine's own, in snake, kebab or camel case; `speculative_config` may be a mapping or JSON in a string.
    Variables of the environment (`LLAMA_ARG_MODEL_DRAFT`) are no settings: they are a `Command`'s `environment`.
    """
    image = engine_of_image(settings.image)
    found: list[Found] = []
    waiting: list[tuple[Node, tuple[Plain, ...], str]] = [(settings.tree, (), "")]
    seen = 0
    while waiting:
        if (seen := seen + 1) > _MOST_NODES:
            raise UnreadError(f"holds more than {_MOST_NODES} values")
        node, above, name = waiting.pop()
        if isinstance(node, Items):
            waiting += [(child, above, name) for child in reversed(node.nodes)]
        elif isinstance(node, Branch):
            plain = {plain_name(key): entry for key, entry in node.entries.items()}
            values = _values(plain, above, name, image)
            if values and (made := assemble(*values, scope)):
                found.append(made)
            further = [(key, child) for key, (_, child) in plain.items() if not (values and key == _SPECULATIVE)]
            waiting += [(child, (plain, *above)[:_LEVELS_UP], key) for key, child in reversed(further)]
    return found


def speculative_values(spelling: Spelling, node: Node) -> dict[Key, Value]:
    """What `speculative_config` says: a mapping, JSON in a string, or something that cannot be told.

    A string that is no JSON, such as a variable, stands for the drafter: what it holds, nobody can tell.
    """
    branch = settings_in(node) if isinstance(node, Traced) else node
    if isinstance(branch, Branch):
        return _read({plain_name(key): entry for key, entry in branch.entries.items()}, spelling.speculative)
    if not isinstance(node, Traced) or not node.text.strip(" \n{}"):
        return {}
    unread = is_open(node.text) or node.text.lstrip().startswith("{")
    return {Key.DRAFTER: Value(node)} if unread else {}


def run_values(spelling: Spelling, branch: Branch) -> dict[Key, Value]:
    """All that a file of settings says that a command line names."""
    plain = {plain_name(key): entry for key, entry in branch.entries.items()}
    values = _read(plain, spelling.settings)
    if _SPECULATIVE in plain:
        values |= speculative_values(spelling, plain[_SPECULATIVE][1])
    return values


def _values(
    plain: Plain, above: tuple[Plain, ...], name: str, image: Spelling | None
) -> tuple[str, dict[Key, Value]] | None:
    """The engine and the values of a mapping that speculates."""
    if _SPECULATIVE in plain:
        node = plain[_SPECULATIVE][1]
        spelling = _engine_of_speculative(node, image)
        values = speculative_values(spelling, node)
        run = {key: value for key, value in _read(plain, spelling.settings).items() if key not in values}
        return (spelling.engine, {**_target(spelling, above), **run, **values}) if values else None
    if alone := _speculative_alone(plain, name):
        values = _read(plain, alone.speculative)
        return alone.engine, {**_target(alone, above), **values}
    for spelling in SPELLINGS.values():
        if not spelling.marks.isdisjoint(plain):
            values = {**_target(spelling, above), **_read(plain, spelling.settings)}
            return (spelling.engine, values) if Key.TARGET in values or not spelling.beside_target else None
    return None


def _engine_of_speculative(node: Node, image: Spelling | None) -> Spelling:
    """Whose `speculative_config` it is: `decoding_type` is TensorRT-LLM's, all else vLLM's."""
    branch = settings_in(node) if isinstance(node, Traced) else node
    keys = {plain_name(key) for key in branch.entries} if isinstance(branch, Branch) else set()
    spelling = SPELLINGS["tensorrt-llm"]
    return spelling if keys & spelling.marks or (image is spelling and "method" not in keys) else SPELLINGS["vllm"]


def _speculative_alone(plain: Plain, name: str) -> Spelling | None:
    """Whose speculative settings a mapping is that stands under another key, or is all that a file holds."""
    spelling = SPELLINGS["tensorrt-llm"]
    if "decoding_type" in plain and ("max_draft_len" in plain or any(key in plain for key in spelling.speculative)):
        return spelling
    spelling = SPELLINGS["vllm"]
    if _COUNT not in plain or not spelling.marks.isdisjoint(plain) or not plain.keys() & {"model", "method"}:
        return None
    return spelling if "method" in plain or "spec" in name else None


def _target(spelling: Spelling, above: tuple[Plain, ...]) -> dict[Key, Value]:
    """The model that the settings further up name, nearest first."""
    for plain in above:
        loading = plain.get(_LOADING)
        branch = loading[1] if loading else None
        # Ray's `model_source` is the model, and `model_id` only what clients call it where both are there.
        sources = branch.entries if isinstance(branch, Branch) else plain
        read = _read({"model": sources["model_source"]} if "model_source" in sources else sources, spelling.settings)
        if target := read.get(Key.TARGET):
            return {Key.TARGET: target}
    return {}


def _read(plain: Plain, names: Mapping[str, Flag]) -> dict[Key, Value]:
    """What the known keys say; of two that mean the same, the one that the table has first."""
    values: dict[Key, Value] = {}
    for name, flag in names.items():
        node = plain[name][1] if name in plain else None
        if isinstance(node, Traced) and node and flag.key not in values:
            values[flag.key] = Value(node, flag.path)
    return values
