"""The arguments of an engine, as argparse and its kin take them: of a flag that stands twice, the last counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .found import Key, Value
from .spellings import Flag, Spelling, plain_name
from .traced import Traced, joined


@dataclass(slots=True)
class Arguments:
    """What the arguments say.

    Attributes:
        values: of the flags, by meaning.
        bare: the first word that belongs to no flag.
        speculative: the value of `--speculative-config`.
        dotted: the values of `--speculative-config.model` and the like, by what follows the dot.
        files: the names of files of settings.
    """

    values: dict[Key, Value] = field(default_factory=dict)
    bare: Traced | None = None
    speculative: Traced | None = None
    dotted: dict[str, Traced] = field(default_factory=dict)
    files: list[Traced] = field(default_factory=list)


def read_arguments(spelling: Spelling, words: Sequence[Traced]) -> Arguments:
    """The arguments, by an engine's table; flags that the table lacks are left out with their values."""
    made = Arguments()
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if not _is_flag(word.text):
            made.bare = made.bare or (word or None)
            continue
        name, equals, _ = word.text.partition("=")
        plain, _, sub = plain_name(name).partition(".")
        if plain in spelling.switches:
            made.values[Key.METHOD] = Value(Traced.placed(spelling.switches[plain], word.origin))
            continue
        if equals:
            value: Traced | None = word.cut(len(name) + 1)
        elif at < len(words) and not _is_flag(words[at].text) and not plain.startswith(_SWITCHES):
            value, at = _whole(words, at)
        else:
            value = None
        if value is not None:
            _take(made, spelling, word.cut(0, len(name)), sub, value)
    return made


def _take(made: Arguments, spelling: Spelling, name: Traced, sub: str, value: Traced) -> None:
    plain = plain_name(name.text).partition(".")[0]
    long = name.text.startswith("--")
    flag: Flag | None = spelling.flags.get(plain) if long else spelling.short.get(name.text)
    if plain in spelling.speculative_flags:
        if sub:
            made.dotted[plain_name(sub)] = value
        else:
            made.speculative = value
    elif flag:
        made.values[flag.key] = Value(value, flag.path, name.origin)
    elif plain in spelling.file_flags:
        made.files.append(value)


def _whole(words: Sequence[Traced], at: int) -> tuple[Traced, int]:
    """The value that starts here, and what follows it: JSON without quotes around it stands in several words."""
    value, end = words[at], at + 1
    depth = _depth(value.text)
    if not value.text.startswith("{") or depth <= 0:
        return value, end
    parts = [value]
    while end < len(words) and depth > 0:
        parts += [Traced.placed(" ", words[end].origin), words[end]]
        depth += _depth(words[end].text)
        end += 1
    return (joined(parts), end) if depth == 0 else (value, at + 1)


def _depth(text: str) -> int:
    return text.count("{") - text.count("}")


def _is_flag(word: str) -> bool:
    return len(word) > 1 and word.startswith("-") and not word[1].isdigit()


# Flags that begin so take no value, whatever the engine, so that a bare word after one is nobody's.
_SWITCHES = ("enable_", "disable_", "no_", "trust_remote", "enforce_", "skip_", "use_", "headless", "verbose")
