"""Pairings in command lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .arguments import Arguments, read_arguments
from .assemble import assemble
from .errors import UnreadError
from .found import Found, Key, Value, Values
from .inline import settings_in
from .program import Start, script_in, start_of
from .reading import Command, Scope, Settings
from .settings import from_settings, run_values, speculative_values
from .shell import commands_of
from .spellings import SPELLINGS, VARIABLES, Spelling, plain_name
from .traced import Traced
from .variables import expand

_DEEPEST = 4  # shells that start shells


def from_command(command: Command, scope: Scope) -> list[Found]:
    """The speculation that a command line sets up.

    The engine is known by the program or Python module (`vllm serve`, `python -m mlx_lm.server`, wherever it stands
    after `exec`, `env`, `docker run …`), by the container image, by flags or variables of the environment that only
    one engine has. Words may still hold variables (`$(DRAFT)`, `{{ .Values.draft }}`): these are looked up in `scope`.
    """
    return _found(command, scope, _DEEPEST)


def _found(command: Command, scope: Scope, depth: int) -> list[Found]:
    words = [expand(word, scope) for word in command.words]
    script = script_in(words)
    if script is not None:
        inner = scope.with_known(command.environment)
        if not depth:
            raise UnreadError(f"holds scripts that start each other more than {_DEEPEST} deep")
        made = commands_of(script, inner, command.image)
        return [found for each in made for found in _found(_inside(each, command), inner, depth - 1)]
    environment = {**command.environment, **_set_in(words)}
    start = start_of(words, command.image) or _start_by(environment)
    if start is None:
        alone = {} if words else command.files
        return [found for text in alone.values() for found in _in_file(text, command.image, scope)]
    one = assemble(start.spelling.engine, _values(start, command.files, environment), scope)
    return [one] if one else []


def _inside(command: Command, outer: Command) -> Command:
    """A command of the script that another one runs: what that one is given, it finds there."""
    environment, files = {**outer.environment, **command.environment}, {**outer.files, **command.files}
    return replace(command, environment=environment, files=files)


def _set_in(words: list[Traced]) -> Mapping[str, Traced]:
    """The variables that the command itself sets: `env NAME=VALUE …`, `docker run -e NAME=VALUE …`."""
    found = {}
    for word in words:
        name, equals, _ = word.text.partition("=")
        if equals and name in VARIABLES:
            found[name] = word.cut(len(name) + 1)
    return found


def _start_by(environment: Mapping[str, Traced]) -> Start | None:
    """The engine whose variables set up speculation."""
    for spelling in SPELLINGS.values():
        keys = {spelling.environment[name].key for name in environment if name in spelling.environment}
        if keys & {Key.DRAFTER, Key.METHOD} or (spelling.count_alone and keys >= {Key.COUNT, Key.TARGET}):
            return Start(spelling, "", (), 0)
    return None


def _in_file(text: Traced, image: str, scope: Scope) -> list[Found]:
    branch = settings_in(text)
    return from_settings(Settings(branch, image), scope) if branch else []


def _values(start: Start, files: Mapping[str, Traced], environment: Mapping[str, Traced]) -> Values:
    """All that is said to the engine; what the command line says wins over its files, these over the environment."""
    spelling = start.spelling
    given = read_arguments(spelling, start.arguments)
    values: dict[Key, Value] = {}
    for name, flag in spelling.environment.items():
        if environment.get(name):
            values.setdefault(flag.key, Value(environment[name], flag.path))
    for file in given.files:
        text = next((text for name, text in files.items() if _base(name) == _base(file.text)), None)
        branch = settings_in(text) if text else None
        values |= run_values(spelling, branch) if branch else {}
    program = plain_name(start.name)
    if program in spelling.switches:
        values.setdefault(Key.METHOD, Value(Traced.placed(spelling.switches[program], start.origin)))
    values |= given.values
    if given.bare and start.name in spelling.serving:
        values[Key.TARGET] = Value(given.bare)
    return values | _speculative(given, spelling)


def _base(file: str) -> str:
    """A file's name alone: it is often mounted under another folder."""
    return file.rsplit("/", 1)[-1]


def _speculative(given: Arguments, spelling: Spelling) -> dict[Key, Value]:
    """What `--speculative-config` and its dotted forms say."""
    values = speculative_values(spelling, given.speculative) if given.speculative else {}
    for name, text in given.dotted.items():
        if flag := spelling.speculative.get(name):
            values[flag.key] = Value(text, flag.path)
    return values
