"""The commands in shell scripts: assignments followed, branches merged, loops and functions walked through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .errors import UnreadError
from .program import script_in, start_of
from .reading import Command, Scope
from .shell_effects import Effects
from .shell_parts import Redirection, Substitution, Word
from .shell_steps import Step, assignment, continued, defined, file_names, steps_of
from .shell_variables import Held, Variables
from .shell_words import items_of
from .spellings import VARIABLES
from .traced import Traced

_MOST_COMMANDS = 20_000
_DEEPEST = 6  # functions that call functions, shells that start shells


def commands_of(script: Traced, scope: Scope, image: str = "", *, shell: bool = True) -> list[Command]:
    """The command lines of a script, unquoted and expanded as far as the script tells.

    A variable that branches set to different names is not told: it stands as it is written. A command in a loop, or
    with a bundle of arguments that branches set differently, is given once for each value. A file of settings that
    the script writes and no command names is a command of its own.

    Args:
        script: the whole script, or the one line that a manifest hands to `sh -c`.
        scope: variables that are set outside of the script.
        image: the container image that it runs in.
        shell: whether a shell reads it; if none does, lines that begin with a flag need no backslash before them.

    Raises:
        UnreadError: if it runs more commands than any honest script.
    """
    walk = _Walk(Effects(Variables(scope)), image)
    items = items_of(script)
    walk.run(steps_of(items if shell else continued(items)))
    walk.finish()
    return walk.commands


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
    effects: Effects
    image: str
    commands: list[Command] = field(default_factory=list)
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
        while at < len(steps):
            step = steps[at]
            at += 1
            self.left -= bool(step.words)
            if self.left < 0:
                raise UnreadError(f"runs more than {_MOST_COMMANDS} commands")
            if frames and frames[-1].pattern:
                self._pattern(frames, step)
            elif name := defined(steps, at - 1):
                at = self._define(name, steps, at)
            else:
                mark = len(self.effects.variables.journal)
                self._command(self._keywords(frames, step), step.redirections)
                if conditional:
                    self.effects.variables.merge([self.effects.variables.taken_back(mark), {}])
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
        if not self.effects.files:
            return
        engines = (made for made in self.commands if start_of(made.words, self.image))
        used = {text for made in engines for word in made.words for text in file_names(word.text)} | self.effects.shown
        alone = {name: text for name, text in self.effects.files.items() if file_names(name).isdisjoint(used)}
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
        frame.branches.append(self.effects.variables.taken_back(frame.mark))

    def _close(self, frame: _Frame) -> None:
        self._branch(frame)
        if not frame.complete:
            frame.branches.append({})
        self.effects.variables.merge(frame.branches)

    def _keywords(self, frames: list[_Frame], step: Step) -> Sequence[Word]:
        """Follows the keywords at a command's start; what is left is the command."""
        words = step.words
        while words:
            keyword = words[0].plain
            if keyword in ("if", "case"):
                frames.append(_Frame(keyword, len(self.effects.variables.journal)))
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
            values = self.effects.expansion().fields(words[3:])
            if values:
                self.effects.variables.put(words[1].plain, Held(tuple(values), loop=True))

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
        while prefix < len(words) and assignment(words[prefix]):
            prefix += 1
        rest = words[prefix:]
        if not rest:
            for word in words:
                self.effects.assign(word)
            if redirections:
                self._redirected("", (), redirections)
            return
        name = rest[0].plain
        if name in _DECLARING:
            for word in rest[1:]:
                self.effects.assign(word)
        elif name == "set" and len(rest) > 1 and rest[1].plain == "--":
            self.effects.variables.put("@", Held((tuple(self.effects.expansion().fields(rest[2:])),)))
        elif name == "unset":
            for word in rest[1:]:
                self.effects.variables.put(word.plain, None)
        elif name == "read":
            self.effects.read(rest, redirections)
        elif name in self.functions and self.depth < _DEEPEST:
            self._call(name, rest)
        else:
            self._give(words[:prefix], rest, redirections)

    def _give(self, prefix: Sequence[Word], words: Sequence[Word], redirections: Sequence[Redirection]) -> None:
        environment = self.effects.environment()
        for word in prefix:
            made = assignment(word)
            if made and made.name in VARIABLES:
                environment[made.name] = self.effects.expansion().text(made.value)
        for fields in self.effects.readings(words):
            script = script_in(fields)
            if script is not None:
                self._script(script)
            elif fields:
                self.commands.append(Command(tuple(fields), self.image, environment, self.effects.files))
        if redirections:
            self._redirected(words[0].plain, words, redirections)

    def _call(self, name: str, words: Sequence[Word]) -> None:
        self.called.add(name)
        for fields in self.effects.readings(words):
            for number, text in enumerate(fields[1:10], 1):
                self.effects.variables.put(str(number), Held((text,)))
            self.effects.variables.put("@", Held((tuple(fields[1:]),)))
            self.depth += 1
            self.run(self.functions[name])
            self.depth -= 1

    def _redirected(self, name: str, words: Sequence[Word], redirections: Sequence[Redirection]) -> None:
        """What is done with a here-document: kept as a file, or run by the shell that reads it."""
        document = next((item.word for item in redirections if item.operator.startswith("<<")), None)
        if document is None or name == "read":
            return
        text = self.effects.expansion().text(document)
        target = next((item.word for item in redirections if item.operator.lstrip("&").startswith(">")), None)
        if target is None and name == "tee":
            target = next((word for word in words[1:] if not word.plain.startswith("-")), None)
        file = self.effects.expansion().text(target).text if target else ""
        fed = any(word.plain.rsplit("/", 1)[-1] in _SHELLS for word in words) or not (words or file)
        if fed or file.endswith((".sh", ".bash")) or text.text.startswith("#!"):
            self._script(text)
        elif file:
            self.effects.files[file] = text

    def _script(self, script: Traced) -> None:
        """Reads a script that another shell runs; it sees the variables of this one."""
        if self.depth >= _DEEPEST:
            raise UnreadError(f"holds scripts that start each other more than {_DEEPEST} deep")
        self.depth += 1
        mark = len(self.effects.variables.journal)
        self.run(steps_of(items_of(script)))
        self.effects.variables.taken_back(mark)
        self.depth -= 1

    def _substitutions(self, word: Word) -> None:
        """Reads the commands in `$(…)`, once."""
        for part in word.parts:
            if isinstance(part, Substitution) and part.items and id(part) not in self.entered:
                self.entered.add(id(part))
                if self.depth >= _DEEPEST:
                    raise UnreadError(f"holds commands that nest more than {_DEEPEST} deep")
                self.depth += 1
                self.run(steps_of(part.items))
                self.depth -= 1
        for inner in word.array or ():
            self._substitutions(inner)


_KEYWORDS = frozenset("then do done while until { } ! time coproc".split())
_DECLARING = frozenset("export declare local readonly typeset".split())
_SHELLS = frozenset({"bash", "sh", "zsh", "dash", "ash", "ksh", "ssh"})
