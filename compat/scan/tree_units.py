"""Trees into units: the commands that containers, steps and lists of arguments hold, and the settings that remain."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from . import containers
from .compose import interpolated, is_compose
from .errors import UnreadError
from .inline import trees_in
from .macros import has_macros, with_macros
from .mounted import files_of, held_files
from .nodes import Node, leaves, texts, without
from .program import script_in, start_of
from .reading import Branch, Command, Items, Scope, Settings, Unit
from .shell import commands_of
from .shell_steps import file_names
from .traced import Traced, joined

_FLAG = re.compile(r"--?[A-Za-z][\w.-]*(?=[=\s]|$)")
_FLAGGED = re.compile(r"(?:^|[\s\"'])--?[A-Za-z]")
_SCRIPTS = frozenset("script before_script after_script run commands cmds steps setup".split())
# What people read and no program does.
_PROSE = frozenset(
    "description summary title help doc docs documentation notes note comment message annotations labels".split()
)
_REFERENCE = re.compile(r"\$[({]?([A-Za-z_]\w*)")
_NAMES = frozenset("name id displayName label".split())
_DEEPEST_TEXT = 3  # a file in a file in a file
_NO_VALUES: Mapping[str, Traced] = {}


@dataclass(frozen=True, slots=True)
class _Place:
    """What is known where a node stands.

    Attributes:
        scope: the variables.
        key: under which it stands.
        environment: of the container.
        image: of the container.
        model: that a mapping above or here names beside its arguments.
        files: that are mounted in the container, by name.
        depth: how many texts that hold trees stand around it.
    """

    scope: Scope
    key: str = ""
    environment: Mapping[str, Traced] = field(default_factory=lambda: _NO_VALUES)
    image: str = ""
    model: Traced | None = None
    files: Mapping[str, Traced] = field(default_factory=lambda: _NO_VALUES)
    depth: int = 0


def units_of(documents: Sequence[Node], scope: Scope, source: str) -> Iterator[tuple[Unit, Scope]]:
    """The commands and settings in a file's trees, each with the variables that it sees.

    Args:
        documents: the trees.
        scope: what is known from elsewhere.
        source: the file's text.
    """
    trees = [with_macros(document) if has_macros(document) else document for document in documents]
    reader = _Reader(trees, source)
    yield from reader.units(trees, _Place(scope, files=reader.files))
    yield from reader.unnamed()


class _Reader:
    def __init__(self, documents: Sequence[Node], source: str) -> None:
        self._maps = containers.config_maps(documents)
        self._held = held_files(documents, self._maps)
        self.files = {name: text for held in self._held.values() for name, text in held.items()}
        self._mountable = {id(text) for held in self._held.values() for text in held.values()}
        self._waiting: list[tuple[Traced, _Place]] = []
        self._named: set[int] = set()  # files that an engine reads: their settings are those of its command
        self._templated = "{{" in source
        self._referred = frozenset(_REFERENCE.findall(source))
        self._used: dict[int, Node] = {}  # held by their identity, so that settings do not read what a command did
        self._hosts: set[str] = set()  # variables of the host that nobody can tell

    def units(self, documents: Sequence[Node], place: _Place) -> Iterator[tuple[Unit, Scope]]:
        values = self._values(documents)
        for document in documents:
            tree = interpolated(document, place.scope, self._hosts) if is_compose(document) else document
            here = replace(place, scope=place.scope.with_known(values))
            yield from self._node(tree, here)
            rest = without(tree, lambda node: id(node) in self._used)
            for branch in rest.nodes if isinstance(rest, Items) else (rest,):
                if isinstance(branch, Branch):
                    yield Settings(branch), here.scope

    def unnamed(self) -> Iterator[tuple[Unit, Scope]]:
        """What the files hold that no engine's command names."""
        self._mountable.clear()
        for text, place in self._waiting:
            if id(text) not in self._named:
                yield from self._text(text, place)

    def _values(self, documents: Sequence[Node]) -> Mapping[str, Traced]:
        """What Helm's `.Values` would be if the file holds them itself."""
        if not self._templated:
            return {}
        trees = [one for one in documents if not (isinstance(one, Branch) and "apiVersion" in one.entries)]
        return {".Values." + ".".join(path): leaf for tree in trees for path, leaf in leaves(tree) if path and leaf}

    def _node(self, node: Node, place: _Place) -> Iterator[tuple[Unit, Scope]]:
        match node:
            case Branch():
                yield from self._branch(node, place)
            case Items(nodes):
                words = texts(node)
                if words and place.key in _SCRIPTS:
                    self._use(node)
                    lines = [part for word in words for part in (word, Traced.placed("\n", word.origin))]
                    yield from self._script(joined(lines), place)
                elif words and any(_FLAG.match(word.text) for word in words):
                    self._use(node)
                    yield from self._command(
                        [part for word in words for part in containers.flag_and_value(word)], place
                    )
                else:
                    for item in nodes:
                        yield from self._node(item, place)
            case Traced():
                yield from self._text(node, place)

    def _branch(self, branch: Branch, place: _Place) -> Iterator[tuple[Unit, Scope]]:
        environment = containers.environment_of(branch, self._maps)
        if environment:
            place = self._knowing(environment, place)
        image, model = containers.image_of(branch), containers.model_of(branch)
        if files := files_of(branch, self._held):
            place = replace(place, files=files)
        if image or model:
            place = replace(place, image=image or place.image, model=model or place.model)
        parts = containers.entry(branch)
        if parts and (len(parts) > 1 or place.key not in _PROSE):
            yield from self._started(parts, place)
        elif environment and "image" in branch.entries:
            yield Command((), place.image, place.environment), place.scope
        for key, (_, value) in branch.entries.items():
            if key in containers.ENVIRONMENTS:
                yield from self._environment(value, environment, place)
            elif key in _PROSE:
                self._use(value)
            elif key not in parts:
                yield from self._node(value, replace(place, key=key))

    def _knowing(self, environment: Mapping[str, Traced], place: _Place) -> _Place:
        known = {name: value for name, value in environment.items() if name not in self._hosts}
        scope = place.scope.with_known({**known, **{f"env.{name}": value for name, value in known.items()}})
        return replace(place, scope=scope, environment={**place.environment, **environment})

    def _environment(
        self, node: Node, environment: Mapping[str, Traced], place: _Place
    ) -> Iterator[tuple[Unit, Scope]]:
        """Flags in variables that nothing in the file refers to: an image's own script takes them."""
        self._use(node)
        for name, value in environment.items():
            if _FLAGGED.search(value.text) and name not in self._referred:
                yield from self._text(value, replace(place, key=name))
        for inner in node.entries.values() if isinstance(node, Branch) else ():
            if not isinstance(inner[1], Traced):
                yield from self._node(inner[1], place)

    def _started(self, parts: Mapping[str, Node], place: _Place) -> Iterator[tuple[Unit, Scope]]:
        """What a mapping starts, from its parts one after the other."""
        words: list[Traced] = []
        for key, part in parts.items():
            self._use(part)
            if not isinstance(part, Traced):
                words += texts(part) or ()
            elif key == "module":
                words += [Traced.placed("python", part.origin), Traced.placed("-m", part.origin), part]
            elif key in ("program", "runtimeExecutable"):
                words.append(part)
            else:
                script = containers.before_shell(part, place.scope)
                commands = commands_of(script, place.scope, place.image, shell=False)
                for command in commands[:-1]:
                    yield self._in_container(command, place), place.scope
                words += commands[-1].words if commands else ()
        if words:
            yield from self._command(words, place)

    def _command(self, words: Sequence[Traced], place: _Place) -> Iterator[tuple[Unit, Scope]]:
        if (script := script_in(words)) is not None:
            rest = words[[id(word) for word in words].index(id(script)) + 1 :]
            if not _POSITIONAL.search(script.text) and any(_FLAG.match(word.text) for word in rest):
                # The shell drops them; the file puts them together all the same.
                script = joined([part for word in (script, *rest) for part in (word, Traced.placed(" ", word.origin))])
            yield from self._script(script, place, rest)
            return
        yield self._in_container(Command(containers.with_model(words, place.model), place.image), place), place.scope

    def _script(
        self, script: Traced, place: _Place, rest: Sequence[Traced] = (), *, shell: bool = True
    ) -> Iterator[tuple[Unit, Scope]]:
        """The commands of a script; `rest` are the words that its shell gets after it, for `"$@"`."""
        script = containers.before_shell(script, place.scope)
        commands = commands_of(script, place.scope, place.image, shell=shell)
        for command in commands:
            words = [part for word in command.words for part in (rest[1:] if word.text in _ALL else (word,))]
            yield self._in_container(replace(command, words=words), place), place.scope

    def _text(self, text: Traced, place: _Place) -> Iterator[tuple[Unit, Scope]]:
        if id(text) in self._mountable:
            self._use(text)
            self._waiting.append((text, place))
        elif trees := trees_in(text, place.key):
            if place.depth >= _DEEPEST_TEXT:
                raise UnreadError(f"holds settings inside texts more than {_DEEPEST_TEXT} deep")
            self._use(text)
            yield from self.units(trees, replace(place, depth=place.depth + 1))
        elif place.key in _NAMES:
            return
        elif place.key in _SCRIPTS or (_FLAGGED.search(text.text) and not text.text.lstrip().startswith(("{", "["))):
            self._use(text)
            shell = place.key in _SCRIPTS or place.key.endswith(".sh") or text.text.startswith("#!")
            yield from self._script(text, place, shell=shell)

    def _use(self, node: Node) -> None:
        self._used[id(node)] = node

    def _in_container(self, command: Command, place: _Place) -> Command:
        """A command with the environment of its container and the files that are mounted there."""
        environment = {**place.environment, **command.environment} if command.environment else place.environment
        if not (command.words and place.files):
            return replace(command, environment=environment)
        if start_of(command.words, place.image):
            named = {name for word in command.words for name in file_names(word.text)}
            self._named.update(id(place.files[name]) for name in named & place.files.keys())
        files = {**place.files, **command.files} if command.files else place.files
        return replace(command, environment=environment, files=files)


_POSITIONAL = re.compile(r"\$\{?[@*0-9]")
_ALL = ("$@", "$*", "${@}", "${*}")
