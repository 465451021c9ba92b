"""How one engine spells a pairing: its programs, images, flags, settings, variables and methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..found import Key


@dataclass(frozen=True, slots=True)
class Flag:
    """What a flag, a setting or a variable says.

    Attributes:
        key: the meaning.
        path: whether its value is a path on disk, whatever it looks like.
    """

    key: Key
    path: bool = False


@dataclass(frozen=True, slots=True)
class Spelling:
    """One engine's spellings, across its versions.

    Flags and settings are written in snake case here; `plain_name` brings what a file says into that form.

    Attributes:
        engine: its name, as in `--engine` where the engine has a profile.
        programs: names of programs, which stand at a path's end.
        local_programs: names so common that they count only where a path is written (`./main`).
        modules: what follows `python -m`, or a script's path with dots for slashes, begins so.
        subcommands: a program that has these is one only where one of them follows.
        serving: programs and subcommands after which a bare word is the target.
        images: parts of the names of container images.
        flags: by name, without dashes.
        short: flags of a single dash, as they are written.
        switches: flags without a value, and programs, each with the method that it turns on.
        own: flags that tell this engine from every other.
        speculative_flags: flags whose value is a JSON object of `speculative` settings.
        file_flags: flags that name a file of settings.
        settings: keys in a tree of settings.
        marks: the keys that tell this engine from every other.
        beside_target: whether the marks are words of many programs, and count beside a target's key alone.
        speculative: keys inside `speculative_config`.
        environment: variables that the engine reads.
        unpaired: methods without a second model; `ngram` stands for every method that begins so.
        heads: methods whose drafter is trained for one target.
        own_heads: those of the heads that may lie in the target itself.
        head_names: parts of a drafter's name that tell a head where no method is written, with the method.
        count_alone: whether the count of drafted tokens turns on speculation without a second model, and how called.
    """

    engine: str
    programs: frozenset[str] = frozenset()
    local_programs: frozenset[str] = frozenset()
    modules: tuple[str, ...] = ()
    subcommands: frozenset[str] = frozenset()
    serving: frozenset[str] = frozenset()
    images: tuple[str, ...] = ()
    flags: Mapping[str, Flag] = field(default_factory=dict)
    short: Mapping[str, Flag] = field(default_factory=dict)
    switches: Mapping[str, str] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    speculative_flags: frozenset[str] = frozenset()
    file_flags: frozenset[str] = frozenset()
    settings: Mapping[str, Flag] = field(default_factory=dict)
    marks: frozenset[str] = frozenset()
    beside_target: bool = False
    speculative: Mapping[str, Flag] = field(default_factory=dict)
    environment: Mapping[str, Flag] = field(default_factory=dict)
    unpaired: frozenset[str] = frozenset()
    heads: frozenset[str] = frozenset()
    own_heads: frozenset[str] = frozenset()
    head_names: tuple[tuple[str, str], ...] = ()
    count_alone: str = ""


def flags(key: Key, names: str, *, path: bool = False) -> dict[str, Flag]:
    """The same meaning under each of the names."""
    return dict.fromkeys(names.split(), Flag(key, path))


# Keys by which settings of any engine name the model.
TARGETS = "model model_path model_id model_tag model_name_or_path model_url model_source model_dir"
