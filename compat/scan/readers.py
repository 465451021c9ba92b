"""Which reader a file gets: by its name, by its first line, by the word behind a code block's fence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from . import commands, settings
from .errors import UnreadError
from .found import Found
from .kinds import dockerfile, dotenv, json_file, markdown, python_file, shell_script, systemd, toml_file, yaml_file
from .reading import Command, Scope, Unit
from .traced import Traced

Reader = Callable[[Traced, Scope], Iterable[Found]]


def reader_by_name(name: str, *, env: bool, markdown: bool) -> Reader | None:
    """The reader of a file, by its name; None for one that is not looked into.

    Args:
        name: without its folder.
        env: whether to look into files of environment variables.
        markdown: whether to look into Markdown.
    """
    if name in _OWN:
        return None
    plain = name
    for suffix in _TEMPLATES:
        plain = plain.removesuffix(suffix)
    if plain.lower().startswith(("dockerfile", "containerfile")) and not plain.endswith((".md", ".py", ".sh")):
        return _DOCKER
    if plain == ".env" or plain.startswith(".env."):
        return _ENV if env else None
    reader = _BY_SUFFIX.get(Path(plain).suffix.lower())
    return None if (reader is _ENV and not env) or (reader is _blocks and not markdown) else reader


def reader_by_first_line(text: str) -> Reader | None:
    """A script without a suffix, by the program that its first line names."""
    first = text.partition("\n")[0]
    if not first.startswith("#!"):
        return None
    words = first[2:].replace("/", " ").split()
    if any(word in _SHELLS for word in words):
        return _SHELL
    return python_file.found if any(word.startswith("python") for word in words) else None


def reader_of(language: str) -> Reader | None:
    """The reader of a kind, by a file's suffix or the word behind a code block's fence."""
    return _BY_SUFFIX.get(f".{language.lower()}") or _LANGUAGES.get(language.lower())


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
_TEMPLATES = (".j2", ".jinja", ".jinja2", ".tmpl", ".template", ".example", ".sample", ".dist", ".in")
# Ours: what they pair is declared, or was found elsewhere.
_OWN = frozenset({"specdec.toml", "specdec.lock"})
_SHELLS = ("sh", "bash", "zsh", "ksh", "dash")
