"""Dockerfiles, after the Dockerfile reference of BuildKit: what a build runs and what an image starts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ..errors import UnreadError
from ..reading import Command, Items, Scope, Unit
from ..shell import commands_of
from ..shell_expansion import Expansion
from ..shell_parts import Word
from ..shell_variables import Variables
from ..shell_words import items_of
from ..traced import Traced, joined
from ..variables import expand
from ..yaml_tree import documents

_MOST = 5000
_INSTRUCTION = re.compile(r"\s*(?P<name>[A-Za-z]+)\s+(?P<rest>.*)", re.DOTALL)
_OPTIONS = re.compile(r"(?:--[a-z-]+(?:=\S*)?\s+)*")
_HERE = re.compile(r"<<-?\s*(['\"]?)(?P<end>\w+)\1")
_FROM = re.compile(r"(?P<image>\S+)(?:\s+[Aa][Ss]\s+(?P<name>\S+))?\s*")
_ESCAPE = re.compile(r"#\s*escape\s*=\s*`", re.IGNORECASE)


@dataclass(slots=True)
class _Stage:
    """What a stage of the build has set so far.

    Attributes:
        image: the image that it starts from.
        build: variables that the build's own commands see.
        environment: variables that the image's program sees as well.
        entry: ENTRYPOINT: words, or a line for the shell.
        command: CMD: the same.
        files: files of settings that the build writes.
    """

    image: str = ""
    build: dict[str, Traced] = field(default_factory=dict)
    environment: dict[str, Traced] = field(default_factory=dict)
    entry: tuple[Traced, ...] | Traced | None = None
    command: tuple[Traced, ...] | Traced | None = None
    files: dict[str, Traced] = field(default_factory=dict)


def units(text: Traced, scope: Scope) -> Iterator[tuple[Unit, Scope]]:
    """The commands that a build runs, and what each stage's image starts, with the variables that they see.

    Raises:
        UnreadError: if it holds more instructions than any honest build.
    """
    stages: dict[str, _Stage] = {}
    stage = _Stage()
    for number, (name, rest) in enumerate(_instructions(text)):
        if number > _MOST:
            raise UnreadError(f"holds more than {_MOST} instructions")
        if name == "FROM":
            yield from _started(stage, scope)
            stage = _from(rest, stage, stages, scope)
        elif name == "RUN":
            for command in _run(rest, stage, scope):
                yield command, Scope()
        else:
            _take(name, rest, stage, scope)
    yield from _started(stage, scope)


def _from(rest: Traced, before: _Stage, stages: dict[str, _Stage], scope: Scope) -> _Stage:
    """The stage that starts: from an earlier one by its name, or from an image; it sees no variables of the others."""
    first = not stages
    globals_ = stages.setdefault("", replace(before, build=dict(before.build))) if first else stages[""]
    expanded = expand(rest.cut(_options(rest)), scope.with_known(globals_.build))
    found = _FROM.fullmatch(expanded.text)
    image, name = (found["image"], found["name"]) if found else (expanded.text, None)
    base = stages.get(image.lower())
    made = (
        replace(base, build={**base.build}, environment={**base.environment}, files={**base.files})
        if base
        else _Stage(image)
    )
    stages[(name or str(len(stages) - 1)).lower()] = made
    stages.setdefault("", globals_)
    made.build |= {key: value for key, value in globals_.build.items() if key not in made.build and not base}
    return made


def _take(name: str, rest: Traced, stage: _Stage, scope: Scope) -> None:
    """An instruction that only sets something."""
    match name:
        case "ENV" | "ARG":
            for key, value in _assignments(rest, scope.with_known(stage.build), plain=name == "ENV"):
                stage.build[key] = value
                if name == "ENV":
                    stage.environment[key] = value
        case "ENTRYPOINT":
            stage.entry, stage.command = _form(rest) or None, None  # `ENTRYPOINT []` takes the image's own away
        case "CMD":
            stage.command = _form(rest) or None
        case "COPY" | "ADD":
            here = _HERE.search(rest.text)
            newline = rest.text.find("\n")
            if here and newline > 0:
                target = rest.text[:newline].split()[-1]
                stage.files[target] = rest.cut(newline + 1)


def _run(rest: Traced, stage: _Stage, scope: Scope) -> Iterator[Command]:
    rest = rest.cut(_options(rest))
    inner = scope.with_known(stage.build)
    form = _form(rest)
    if isinstance(form, tuple):
        yield Command(form, stage.image, stage.build)
        return
    for command in commands_of(form, inner, stage.image):
        stage.files |= command.files
        if command.words:
            yield command


def _started(stage: _Stage, scope: Scope) -> Iterator[tuple[Unit, Scope]]:
    """What the image of a stage starts."""
    inner = scope.with_known(stage.environment)
    entry, command = stage.entry, stage.command
    words = (*entry, *_words(command)) if isinstance(entry, tuple) else entry or command
    seen: set[str] = set()
    if isinstance(words, Traced):
        for made in commands_of(words, inner, stage.image):
            seen |= {word.text.rsplit("/", 1)[-1] for word in made.words}
            yield Command(made.words, stage.image, stage.environment, stage.files), Scope()
    elif words or stage.environment:
        seen = {word.text.rsplit("/", 1)[-1] for word in words or ()}
        yield Command(words or (), stage.image, stage.environment, stage.files if words else {}), Scope(scope.given)
    left = {name: text for name, text in stage.files.items() if name.rsplit("/", 1)[-1] not in seen}
    if left:
        yield Command((), stage.image, files=left), Scope()


def _words(command: tuple[Traced, ...] | Traced | None) -> tuple[Traced, ...]:
    """CMD as an ENTRYPOINT of words gets it: a line for the shell with its shell."""
    if not isinstance(command, Traced):
        return command or ()
    return (Traced.placed("/bin/sh", command.origin), Traced.placed("-c", command.origin), command)


def _form(rest: Traced) -> tuple[Traced, ...] | Traced:
    """An instruction's words, where it is a JSON list; else the line that a shell gets."""
    if not rest.text.lstrip().startswith("["):
        return rest
    try:
        read = documents(rest.stripped())
    except UnreadError:
        return rest
    items = read[0].nodes if len(read) == 1 and isinstance(read[0], Items) else None
    words = tuple(item for item in items or () if isinstance(item, Traced))
    return words if items is not None and len(words) == len(items) else rest


def _assignments(rest: Traced, scope: Scope, *, plain: bool) -> Iterator[tuple[str, Traced]]:
    """`A=b C="d e"`, and where `plain` is set the older `A b c`."""
    expansion = Expansion(Variables(scope), lambda _: None)
    words = [item for item in items_of(rest) if isinstance(item, Word)]
    for number, word in enumerate(words):
        text = expansion.text(word)
        name, equals, _ = text.text.partition("=")
        if equals:
            yield name, text.cut(len(name) + 1)
        elif plain and not number and len(words) == 2:
            yield text.text, expansion.text(words[1])
            return
        elif plain and not number and len(words) > 1:
            start = len(rest.text) - len(rest.text.lstrip()) + len(text.text)
            yield text.text, expand(rest.cut(start).stripped(), scope)
            return


def _options(rest: Traced) -> int:
    found = _OPTIONS.match(rest.text)
    return found.end() if found else 0


def _instructions(text: Traced) -> Iterator[tuple[str, Traced]]:
    """The instructions, with lines joined, comments left out and here-documents at the end."""
    lines = text.lines()
    parts: list[Traced] = []
    escape = "\\"
    for line in lines:
        if _ESCAPE.match(line.text) and not parts:
            escape = "`"
        if line.text.lstrip().startswith("#") or (parts and not line.text.strip()):
            continue
        kept = line.text.rstrip()
        if kept.endswith(escape):
            parts.append(line.cut(0, len(kept) - 1))
            continue
        whole = joined([*parts, line])
        parts = []
        found = _INSTRUCTION.fullmatch(whole.text)
        if not found:
            continue
        name, rest = found["name"].upper(), whole.matched(found, "rest")
        if name in ("RUN", "COPY", "ADD"):
            rest = joined([rest, *_documents(rest, lines, name)])
        yield name, rest
    if parts and (found := _INSTRUCTION.fullmatch(joined(parts).text)):
        yield found["name"].upper(), joined(parts).matched(found, "rest")


def _documents(rest: Traced, lines: Iterator[Traced], name: str) -> Iterator[Traced]:
    """The here-documents that an instruction announces, each with the line that ends it where a shell reads them."""
    for here in _HERE.finditer(rest.text):
        yield Traced.placed("\n", rest.origin)
        for line in lines:
            over = line.text.strip() == here["end"]
            if not over or name == "RUN":
                yield line
                yield Traced.placed("\n", line.at[-1] + 1 if line.at else line.origin)
            if over:
                break
