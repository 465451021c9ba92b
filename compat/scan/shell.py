"""The commands in shell scripts: assignments followed, branches merged, loops and functions walked through."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from typing import NamedTuple

from .program import script_in
from .reading import Command, Scope
from .shell_expansion import Expansion
from .shell_variables import Held, Value, Variables
from .shell_words import Item, Operator, Redirection, Substitution, Text, Word, items_of
from .spellings import VARIABLES
from .traced import Traced, joined
from .variables import expand

_MOST_COMMANDS = 200_000
_MOST_READINGS = 16  # of one command, with each value that its variables may have
_DEEPEST = 6  # functions that call functions, shells that start shells


def commands_of(script: Traced, scope: Scope, image: str = "") -> list[Command]:
    """The command lines of a script, unquoted and expanded as far as the script tells.

    A variable that branches set to different names is not told: it stands as it is written. A command in a loop, or
    with a bundle of arguments that branches set differently, is given once for each value. A file of settings that
    the script writes and no command names is a command of its own.

    Args:
        script: the whole script, or the one line that a manifest hands to `sh -c`.
        scope: variables that are set outside of the script.
        image: the container image that it runs in.
    """
    walk = _Walk(Variables(scope), image)
    walk.run(_steps(items_of(script)))
    walk.finish()
    return walk.commands


class Step(NamedTuple):
    """A simple command, keywords before it included, and the operator after it."""

    words: Sequence[Word]
    redirections: Sequence[Redirection]
    operator: str


@dataclass(slots=True)
class _Frame:
    """An `if` or `case`: where its changes start, and what each branch so far came to."""

    keyword: str
    mark: int
    branches: list[Mapping[str, Held | None]] = field(default_factory=list)
    complete: bool = False  # whether one of the branches is always taken
    pattern: bool = False  # whether a pattern of `case` is being read


@dataclass(slots=True)
class _Walk:
    variables: Variables
    image: str
    commands: list[Command] = field(default_factory=list)
    files: dict[str, Traced] = field(default_factory=dict)
    functions: dict[str, Sequence[Step]] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)
    entered: set[int] = field(default_factory=set)  # substitutions whose commands were read
    depth: int = 0
    left: int = _MOST_COMMANDS

    def run(self, steps: Sequence[Step]) -> None:
        """Walks over commands in their order."""
        frames: list[_Frame] = []
        at = 0
        conditional = False
        while at < len(steps) and self.left > 0:
            step = steps[at]
            at += 1
            self.left -= bool(step.words)
            if frames and frames[-1].pattern:
                self._pattern(frames, step)
            elif name := _defined(steps, at - 1):
                at = self._define(name, steps, at)
            else:
                mark = len(self.variables.journal)
                self._command(self._keywords(frames, step), step.redirections)
                if conditional:
                    self.variables.merge([self.variables.taken_back(mark), {}])
                conditional = step.operator in ("&&", "||")
                if step.operator[:2] in (";;", ";&") and frames and frames[-1].keyword == "case":
                    self._branch(frames[-1])
                    frames[-1].pattern = True
        while frames:
            self._close(frames.pop())

    def finish(self) -> None:
        """Reads functions that nothing calls, and puts the files in their places."""
        for name, body in list(self.functions.items()):
            if name not in self.called:
                self.depth += 1
                self.run(body)
                self.depth -= 1
        used = {text for made in self.commands for word in made.words for text in _names(word.text)}
        alone = {name: text for name, text in self.files.items() if _names(name).isdisjoint(used)}
        if alone:
            self.commands.append(Command((), self.image, files=alone))

    def _pattern(self, frames: list[_Frame], step: Step) -> None:
        """Passes the patterns of a branch of `case`, up to their bracket."""
        if step.words and step.words[0].plain == "esac":
            self._close(frames.pop())
        elif step.operator == ")":
            frames[-1].pattern = False
            frames[-1].complete |= any(word.plain == "*" for word in step.words)

    def _branch(self, frame: _Frame) -> None:
        frame.branches.append(self.variables.taken_back(frame.mark))

    def _close(self, frame: _Frame) -> None:
        self._branch(frame)
        if not frame.complete:
            frame.branches.append({})
        self.variables.merge(frame.branches)

    def _keywords(self, frames: list[_Frame], step: Step) -> Sequence[Word]:
        """Follows the keywords at a command's start; what is left is the command."""
        words = step.words
        while words:
            keyword = words[0].plain
            if keyword in ("if", "case"):
                frames.append(_Frame(keyword, len(self.variables.journal)))
                if keyword == "case":  # the first pattern may stand on the same line
                    frames[-1].pattern = step.operator != ")"
                    frames[-1].complete = words[-1].plain == "*"
                    return ()
            elif keyword in ("else", "elif", "fi") and frames and frames[-1].keyword == "if":
                if keyword == "fi":
                    self._close(frames.pop())
                else:
                    self._branch(frames[-1])
                    frames[-1].complete = keyword == "else"
            elif keyword == "esac" and frames and frames[-1].keyword == "case":
                self._close(frames.pop())
            elif keyword == "for":
                self._loop(words)
                return ()
            elif keyword not in _KEYWORDS:
                return words
            words = words[1:]
        return words

    def _loop(self, words: Sequence[Word]) -> None:
        if len(words) > 2 and words[2].plain == "in" and words[1].plain:
            values = self._expansion().fields(words[3:])
            if values:
                self.variables.put(words[1].plain, Held(tuple(values), loop=True))

    def _define(self, name: str, steps: Sequence[Step], at: int) -> int:
        """Keeps a function's body for when it is called."""
        start = at + (steps[at - 1].operator == "(")
        at, depth = start, 0
        while at < len(steps):
            words = [word.plain for word in steps[at].words]
            depth += words.count("{") - words.count("}")
            at += 1
            if words and depth <= 0:
                break
        if self.depth < _DEEPEST:
            self.functions[name] = steps[start:at]
        return at

    def _command(self, words: Sequence[Word], redirections: Sequence[Redirection]) -> None:
        for word in words:
            self._substitutions(word)
        for redirection in redirections:
            self._substitutions(redirection.word)
        prefix = 0
        while prefix < len(words) and _assignment(words[prefix]):
            prefix += 1
        rest = words[prefix:]
        if not rest:
            for word in words:
                self._assign(word)
            if redirections:
                self._redirected("", (), redirections)
            return
        name = rest[0].plain
        if name in _DECLARING:
            for word in rest[1:]:
                self._assign(word)
        elif name == "set" and len(rest) > 1 and rest[1].plain == "--":
            self.variables.put("@", Held((tuple(self._expansion().fields(rest[2:])),)))
        elif name == "unset":
            for word in rest[1:]:
                self.variables.put(word.plain, None)
        elif name == "read":
            self._read(rest, redirections)
        elif name in self.functions and self.depth < _DEEPEST:
            self._call(name, rest)
        else:
            self._give(words[:prefix], rest, redirections)

    def _give(self, prefix: Sequence[Word], words: Sequence[Word], redirections: Sequence[Redirection]) -> None:
        environment = self._environment()
        for word in prefix:
            made = _assignment(word)
            if made and made.name in VARIABLES:
                environment[made.name] = self._expansion().text(made.value)
        for fields in self._readings(words):
            script = script_in(fields)
            if script is not None:
                self._script(script)
            elif fields:
                self.commands.append(Command(tuple(fields), self.image, environment, self.files))
        if redirections:
            self._redirected(words[0].plain, words, redirections)

    def _environment(self) -> dict[str, Traced]:
        """The variables that engines read, as far as they are set here."""
        held, known = self.variables.held, self.variables.scope.known
        names = VARIABLES & (held.keys() | known.keys()) if len(held) + len(known) < len(VARIABLES) else VARIABLES
        return {name: text for name in names if (text := self._exported(name))}

    def _exported(self, name: str) -> Traced | None:
        held = self.variables.get(name)
        value = held.values[0] if held and len(held.values) == 1 else None
        return value if isinstance(value, Traced) else None

    def _readings(self, words: Sequence[Word]) -> Iterator[list[Traced]]:
        """The fields of a command, once for each value that the variables in it may have."""
        expansion = self._expansion()
        fields = expansion.fields(words)
        if not expansion.wanted:
            yield fields
            return
        for picked in self._picks(expansion):
            yield self._expansion(picked).fields(words)

    def _picks(self, expansion: Expansion) -> Iterator[dict[str, Value]]:
        names = sorted(expansion.wanted)
        held = [self.variables.held[name].values for name in names]
        for values in islice(product(*held), _MOST_READINGS):
            yield dict(zip(names, values, strict=True))

    def _expansion(self, picked: dict[str, Value] | None = None) -> Expansion:
        return Expansion(self.variables, self._output, picked or {})

    def _assign(self, word: Word) -> None:
        found = _assignment(word)
        if not found:
            return
        name, append, value = found
        before = self.variables.get(name)
        expansion = self._expansion()
        made = [self._assigned_value(value, expansion)]
        if expansion.wanted:
            made = [self._assigned_value(value, self._expansion(picked)) for picked in self._picks(expansion)]
        if append and before:
            made = [_appended(old, new) for old in before.values for new in made][:_MOST_READINGS]
        loop = bool(before and append and before.loop) or any(
            self.variables.held[each].loop for each in expansion.wanted
        )
        self.variables.put(name, Held(tuple(made), loop))

    def _assigned_value(self, value: Word, expansion: Expansion) -> Value:
        return tuple(expansion.fields(value.array)) if value.array is not None else expansion.text(value)

    def _read(self, words: Sequence[Word], redirections: Sequence[Redirection]) -> None:
        """`read NAME` gets what nobody knows, unless a here-document stands there."""
        name = words[-1].plain
        document = next((item.word for item in redirections if item.operator.startswith("<<")), None)
        self.variables.put(name, Held((self._expansion().text(document),)) if document else None)

    def _call(self, name: str, words: Sequence[Word]) -> None:
        self.called.add(name)
        for fields in self._readings(words):
            for number, text in enumerate(fields[1:10], 1):
                self.variables.put(str(number), Held((text,)))
            self.variables.put("@", Held((tuple(fields[1:]),)))
            self.depth += 1
            self.run(self.functions[name])
            self.depth -= 1

    def _redirected(self, name: str, words: Sequence[Word], redirections: Sequence[Redirection]) -> None:
        """What is done with a here-document: kept as a file, or run by the shell that reads it."""
        document = next((item.word for item in redirections if item.operator.startswith("<<")), None)
        if document is None or name == "read":
            return
        text = self._expansion().text(document)
        target = next((item.word for item in redirections if item.operator.lstrip("&").startswith(">")), None)
        if target is None and name == "tee":
            target = next((word for word in words[1:] if not word.plain.startswith("-")), None)
        file = self._expansion().text(target).text if target else ""
        fed = any(word.plain.rsplit("/", 1)[-1] in _SHELLS for word in words) or not (words or file)
        if fed or file.endswith((".sh", ".bash")) or text.text.startswith("#!"):
            self._script(text)
        elif file:
            self.files[file] = text

    def _script(self, script: Traced) -> None:
        """Reads a script that another shell runs; it sees the variables of this one."""
        if self.depth >= _DEEPEST:
            return
        self.depth += 1
        mark = len(self.variables.journal)
        self.run(_steps(items_of(script)))
        self.variables.taken_back(mark)
        self.depth -= 1

    def _substitutions(self, word: Word) -> None:
        """Reads the commands in `$(…)`, once."""
        for part in word.parts:
            if isinstance(part, Substitution) and part.items and id(part) not in self.entered:
                self.entered.add(id(part))
                if self.depth < _DEEPEST:
                    self.depth += 1
                    self.run(_steps(part.items))
                    self.depth -= 1
        for inner in word.array or ():
            self._substitutions(inner)

    def _output(self, part: Substitution) -> Traced | None:
        """What `$(cat <<END …)` and `$(echo …)` print; a template's value; None for all else."""
        words = [item for item in part.items if isinstance(item, Word)]
        if len(words) == len(part.items) == 1 and (
            value := self.variables.scope.value(words[0].plain, part.raw.origin)
        ):
            return value  # `$(NAME)`, which Kubernetes puts in before any shell sees it
        documents = [item.word for item in part.items if isinstance(item, Redirection) and item.operator[:2] == "<<"]
        if not words:
            expanded = expand(part.raw, self.variables.scope)
            return expanded if expanded.text != part.raw.text else None
        name = words[0].plain
        if name == "cat" and len(words) == 1 and len(documents) == 1:
            return self._expansion().text(documents[0]).stripped("\n")
        if name == "echo" and not documents and not any(isinstance(item, Operator) for item in part.items):
            fields = [field for field in self._expansion().fields(words[1:]) if field.text not in ("-n", "-e")]
            return joined([piece for one in fields for piece in (one, Traced.placed(" ", one.origin))][:-1])
        return None


def _steps(items: Sequence[Item]) -> list[Step]:
    steps: list[Step] = []
    words: list[Word] = []
    redirections: list[Redirection] = []
    for item in (*items, Operator("\n")):
        if isinstance(item, Word):
            words.append(item)
        elif isinstance(item, Redirection):
            redirections.append(item)
        else:
            steps.append(Step(words, redirections, item.text))
            words, redirections = [], []
    return steps


def _names(text: str) -> set[str]:
    """The names of files that a word may mean: with and without its folder, after an equals sign."""
    value = text.partition("=")[2] or text
    return {text, value, value.rsplit("/", 1)[-1]}


def _defined(steps: Sequence[Step], at: int) -> str:
    """The name of the function that is defined here."""
    words = steps[at].words
    if len(words) > 1 and words[0].plain == "function":
        return words[1].plain
    following = steps[at + 1] if at + 1 < len(steps) else None
    brackets = steps[at].operator == "(" and following and not following.words and following.operator == ")"
    return words[0].plain if len(words) == 1 and brackets else ""


class _Assignment(NamedTuple):
    name: str
    append: bool
    value: Word


def _assignment(word: Word) -> _Assignment | None:
    """What a word assigns, if it is an assignment."""
    first = word.parts[0] if word.parts else None
    if not isinstance(first, Text) or first.quoted or not (found := _ASSIGNMENT.match(first.text.text)):
        return None
    rest = Text(first.text.cut(found.end()), quoted=False)
    return _Assignment(found[1], found[0].endswith("+="), Word((rest, *word.parts[1:]), rest.text.origin, word.array))


def _appended(old: Value, new: Value) -> Value:
    if isinstance(old, tuple):
        return (*old, *(new if isinstance(new, tuple) else (new,)))
    return old + (joined(new) if isinstance(new, tuple) else new)


_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(?:\[[^\]]*\])?\+?=")
_KEYWORDS = frozenset("then do done while until { } ! time coproc".split())
_DECLARING = frozenset("export declare local readonly typeset".split())
_SHELLS = frozenset({"bash", "sh", "zsh", "dash", "ash", "ksh", "ssh"})
