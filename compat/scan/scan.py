"""Looks through files for pairings: each file is read as its kind, and what is found gets its line and column."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import CheckError
from ..taking import Advance
from . import commands, settings
from .errors import UnreadError
from .found import Found, Pairing, Unpaired
from .kinds import dockerfile, dotenv, json_file, markdown, python_file, shell_script, systemd, toml_file, yaml_file
from .reading import Command, Scope, Unit
from .traced import Lines, Traced
from .walk import files, shown

_LIMIT = 1024 * 1024  # characters of a file that is parsed
_LONGEST = 64 * 1024 * 1024  # bytes of one that is searched
# What no file without a pairing needs to be parsed for: some word of every flag and setting that names a drafter or a
# method, in any case and with any joint.
_MENTIONS = re.compile(
    r"speculat|assistant[-_ ]?(?:model|early)|draft[-_ ]?model|model[-_ ]?draft|(?:^|[-_\W])spec[-_][a-z]"
    r"|(?<![\w-])-(?:sc|md|hfd|hfrd)\b|hfr?d[-_]repo|repo[-_]draft|prompt[-_]?lookup|llama[-_]lookup|decodingconfig",
    re.IGNORECASE,
)
Reader = Callable[[Traced, Scope], Iterable[Found]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look into, and what is known beforehand.

    Attributes:
        given: variables' values, from the command line or the project's configuration.
        env: whether to look into .env files.
        markdown: whether to look into the code blocks of Markdown.
        exclude: patterns of paths that are left out.
    """

    given: Mapping[str, str] = field(default_factory=dict)
    env: bool = False
    markdown: bool = False
    exclude: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Located:
    """Something found, and where.

    Attributes:
        file: relative to the project's root, with slashes.
        line: from 1.
        column: in characters, from 1.
        found: what it is.
    """

    file: str
    line: int
    column: int
    found: Found


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan came to.

    Attributes:
        located: in the order of files and places.
        unread: file → why it could not be looked through, as a clause.
        files: how many were looked at.
    """

    located: tuple[Located, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    files: int = 0

    def pairings(self) -> Iterator[tuple[Located, Pairing]]:
        """The pairings among it."""
        for one in self.located:
            if isinstance(one.found, Pairing):
                yield one, one.found

    def unpaired(self) -> Iterator[tuple[Located, Unpaired]]:
        """The speculation that needs no pair."""
        for one in self.located:
            if isinstance(one.found, Unpaired):
                yield one, one.found


def scan(root: Path, paths: Sequence[Path], wanted: Wanted, advance: Advance = lambda _: None) -> Scanned:
    """Looks through files and folders.

    Args:
        root: the project's folder, which files are named relative to.
        paths: where to look; a file that is named itself is looked into whatever `wanted` says of its kind.
        wanted: what else decides.
        advance: told the number of files met, as they are.

    Raises:
        CheckError: if a path does not exist or cannot be read.
    """
    located: list[Located] = []
    unread: dict[str, str] = {}
    count = 0
    for file in files(root, paths, wanted.exclude):
        advance(1)
        reader = _reader(file.name, wanted, named=file in paths)
        name = shown(root, file)
        try:
            text = _text(file) if reader or _has_no_suffix(file) else None
            reader = reader or (text is not None and _by_first_line(text)) or None
            if text is None or reader is None:
                continue
            count += 1
            located += look(name, text, reader, Scope(wanted.given))
        except UnreadError as error:
            unread[name] = str(error)
    return Scanned(tuple(located), unread, count)


def look(name: str, text: str, reader: Reader, scope: Scope) -> list[Located]:
    """What one file's text holds.

    Raises:
        UnreadError: if the text may hold a pairing and cannot be read as its kind.
    """
    if not _MENTIONS.search(text):
        return []
    if len(text) > _LIMIT:
        raise UnreadError("is longer than 1 MiB")
    lines = Lines(text)
    try:
        found = {_key(one): one for one in reversed(list(reader(Traced.whole(text), scope)))}
    except RecursionError as error:
        raise UnreadError("is nested too deep") from error
    placed = [Located(name, *lines.position(_offset(one)), one) for one in found.values()]
    return sorted(placed, key=lambda one: (one.line, one.column))


def reader_of(language: str) -> Reader | None:
    """The reader of a kind, by a file's suffix or the word behind a code block's fence."""
    return _BY_SUFFIX.get(f".{language.lower()}") or _LANGUAGES.get(language.lower())


def _offset(found: Found) -> int:
    return found.drafter.offset if isinstance(found, Pairing) else found.offset


def _key(found: Found) -> tuple[object, ...]:
    """What is found in two ways is one."""
    if isinstance(found, Unpaired):
        return found.engine, found.offset
    return found.engine, found.drafter.offset, found.drafter.value, found.target and found.target.value


def _has_no_suffix(file: Path) -> bool:
    return not file.suffix


def _text(file: Path) -> str | None:
    """A file's text; None where it is no text at all.

    Raises:
        UnreadError: if the file is too long.
    """
    try:
        with file.open("rb") as stream:
            data = stream.read(_LONGEST + 1)
    except OSError as error:
        raise CheckError(f"{file} cannot be read ({error.strerror}): check its permissions.") from error
    if len(data) > _LONGEST:
        raise UnreadError("is longer than 64 MiB")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    if b"\0" in data[:8192]:
        return None
    # What is no UTF-8 stays in its place: names of models are ASCII.
    text = data.decode("utf-8", "replace")
    return text.removeprefix("\ufeff")


def _of_units(units: Callable[[Traced, Scope], Iterator[tuple[Unit, Scope]]]) -> Reader:
    def read(text: Traced, scope: Scope) -> Iterator[Found]:
        for unit, known in units(text, scope):
            if isinstance(unit, Command):
                yield from commands.from_command(unit, known)
            else:
                yield from settings.from_settings(unit, known)

    return read


def _blocks(text: Traced, scope: Scope) -> Iterator[Found]:
    """The code blocks of Markdown, each as its language; one that does not parse is an example with gaps."""
    for language, block in markdown.blocks(text):
        if (reader := reader_of(language)) is not None and reader is not _blocks:
            try:
                yield from list(reader(block, scope))
            except UnreadError:
                continue


_SHELL, _YAML, _JSON = _of_units(shell_script.units), _of_units(yaml_file.units), _of_units(json_file.units)
_DOCKER, _SYSTEMD, _TOML = _of_units(dockerfile.units), _of_units(systemd.units), _of_units(toml_file.units)
_ENV = _of_units(dotenv.units)
_BY_SUFFIX: dict[str, Reader] = {
    **dict.fromkeys((".sh", ".bash", ".zsh", ".ksh", ".slurm", ".sbatch"), _SHELL),
    **dict.fromkeys((".yaml", ".yml", ".tpl", ".gotmpl"), _YAML),
    **dict.fromkeys((".json", ".jsonc", ".json5"), _JSON),
    **dict.fromkeys((".dockerfile", ".containerfile"), _DOCKER),
    **dict.fromkeys((".service", ".container"), _SYSTEMD),
    ".toml": _TOML,
    **dict.fromkeys((".py", ".pyw"), python_file.found),
    ".env": _ENV,
    **dict.fromkeys((".md", ".markdown", ".mdx"), _blocks),
}
_LANGUAGES: dict[str, Reader] = {
    **dict.fromkeys(("", "shell", "console", "shell-session", "sh-session", "terminal"), _SHELL),
    **dict.fromkeys(("docker",), _DOCKER),
    **dict.fromkeys(("python", "python3", "ipython", "pycon"), python_file.found),
    **dict.fromkeys(("systemd", "ini"), _SYSTEMD),
    **dict.fromkeys(("dotenv",), _ENV),
}
_TEMPLATES = (".j2", ".jinja", ".jinja2", ".tmpl", ".template", ".example", ".sample", ".dist")
# Ours: what they pair is declared, or was found elsewhere.
_OWN = frozenset({"specdec.toml", "specdec.lock"})
_SHELLS = ("sh", "bash", "zsh", "ksh", "dash")


def _reader(name: str, wanted: Wanted, *, named: bool) -> Reader | None:
    if name in _OWN:
        return None
    plain = name
    for suffix in _TEMPLATES:
        plain = plain.removesuffix(suffix)
    if plain.lower().startswith(("dockerfile", "containerfile")) and not plain.endswith((".md", ".py", ".sh")):
        return _DOCKER
    if plain == ".env" or plain.startswith(".env."):
        return _ENV if wanted.env or named else None
    reader = _BY_SUFFIX.get(Path(plain).suffix.lower())
    if (reader is _ENV and not (wanted.env or named)) or (reader is _blocks and not (wanted.markdown or named)):
        return None
    return reader


def _by_first_line(text: str) -> Reader | None:
    """A script without a suffix, by the program that its first line names."""
    first = text.partition("\n")[0]
    if not first.startswith("#!"):
        return None
    words = first[2:].replace("/", " ").split()
    if any(word in _SHELLS for word in words):
        return _SHELL
    return python_file.found if any(word.startswith("python") for word in words) else None
