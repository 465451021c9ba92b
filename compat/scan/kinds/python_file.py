"""Python: calls of the engines' own libraries, command lines in lists and strings, settings in dicts.

Nothing is run or imported. What a name holds is followed through the file; what may not run (`if False:`) is nothing.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import replace

from ..commands import from_command
from ..errors import UnreadError
from ..found import Found, Name, Pairing
from ..nodes import Node
from ..python_blocks import Names
from ..python_models import Models
from ..python_names import CHANGES, Function, How, Site
from ..python_source import Source
from ..python_turns import turns
from ..python_values import Values
from ..reading import Branch, Command, Items, Scope, Settings
from ..settings import from_settings
from ..shell import commands_of
from ..spellings import SPELLINGS
from ..traced import Traced
from ..tree_units import units_of


def found(text: Traced, scope: Scope) -> list[Found]:
    """The speculation that Python code sets up.

    Raises:
        UnreadError: the text is no Python, or takes too much to follow.
    """
    try:
        return _distinct([_written(one) for one in _Reader(text, scope).found()])
    except RecursionError:
        raise UnreadError("is no Python that can be followed: it is nested too deeply") from None


class _Reader:
    def __init__(self, text: Traced, scope: Scope) -> None:
        source = Source(text)
        self._names = Names(source.tree)
        self._values = Values(source, self._names, scope)
        self._models = Models(self._values, scope)
        self._scope = scope
        self._holders = _holders(self._names)

    def found(self) -> Iterator[Found]:
        """What calls set up, then what literals do that no such call uses."""
        calls = [(node, site) for node, site in self._names.uses if isinstance(node, ast.Call)]
        for look in (self._call, self._run):
            for call, at in calls:
                if _may_speculate(call):
                    for turn in turns(self._values.following, at):
                        yield from look(call, turn)
        silent: set[int] = set()
        for node, site in self._names.uses:
            if isinstance(node, ast.Call) or id(node) in silent or id(node) in self._values.used:
                continue
            if id(node) in self._holders or _speaks(node, silent):
                yield from self._literal(node, site)

    def _call(self, call: ast.Call, site: Site) -> Iterator[Found]:
        """A call of an engine's library."""
        yield from self._models.found(call, site)
        name = self._values.following.imported(call.func, site)
        last = name.rpartition(".")[2]
        keywords = {one.arg for one in call.keywords}
        if last not in _ENGINES and (keywords.isdisjoint(_SPECULATING) or self._own(call, site)):
            return
        if last not in _ENGINES and last.endswith(("DecodingConfig", "SpeculativeConfig")):
            return  # its settings are those of the call that it is given to
        first = "model" if last in _ENGINES and _ENGINES[last] != "sglang" else ""
        spelling = SPELLINGS.get(_ROOTS.get(name.partition(".")[0], ""))
        image = spelling.images[0] if spelling else ""
        for branch in self._values.branches(call, first, site):
            yield from from_settings(Settings(branch, image), self._scope)

    def _own(self, call: ast.Call, site: Site) -> bool:
        """Whether a call is of a function of this file, where the settings are put to use."""
        if not isinstance(call.func, ast.Name | ast.Attribute):
            return False
        return any(isinstance(one.node, Function) for one in self._values.following.follow(call.func, site))

    def _run(self, call: ast.Call, site: Site) -> Iterator[Found]:
        """A call that starts a program."""
        name = self._values.following.imported(call.func, site)
        last = name.rpartition(".")[2]
        given = {one.arg: one.value for one in call.keywords}
        if last not in _RUNNING or (last == "split" and not name.startswith("shlex")):
            return
        if last == "create_subprocess_exec":
            words = [self._values.tree(one, site) for one in call.args if not isinstance(one, ast.Starred)]
            yield from self._command(Items(tuple(words)), call, site)
            return
        place = 1 if last.startswith(("exec", "spawn")) and len(call.args) > 1 else 0
        line = call.args[place] if len(call.args) > place else given.get("args") or given.get("command")
        if line is not None and not isinstance(line, ast.Starred):
            for tree in self._lines(line, site):
                yield from self._command(tree, call, site)

    def _lines(self, line: ast.expr, site: Site) -> list[Node]:
        """What a command line may be: its words, also where they are joined to a text, or its text."""
        lines: list[Node] = []
        for made in self._values.ways(line, site):
            match made.node:
                case ast.Call(func=ast.Attribute(attr="join"), args=[words]) if not made.changes:
                    lines += self._values.trees(words, made.site)
                case ast.Call(func=ast.Attribute(attr="split", value=script), args=[]):
                    lines.append(self._values.text(script, made.site))
        return lines or self._values.trees(line, site)

    def _command(self, tree: Node, call: ast.Call, site: Site) -> Iterator[Found]:
        environment: dict[str, Traced] = {}
        for keyword in call.keywords:
            if keyword.arg == "env" and isinstance(known := self._values.tree(keyword.value, site), Branch):
                environment = {name: value for name, (_, value) in known.entries.items() if isinstance(value, Traced)}
        if isinstance(tree, Traced):
            for command in commands_of(tree, self._scope):
                yield from from_command(command, self._scope)
        else:
            yield from self._words(tree, environment)

    def _words(self, tree: Node, environment: dict[str, Traced]) -> Iterator[Found]:
        words = [one for one in tree.nodes if isinstance(one, Traced)] if isinstance(tree, Items) else []
        if words or environment:
            yield from from_command(Command(words, environment=environment), self._scope)

    def _literal(self, node: ast.expr, site: Site) -> Iterator[Found]:
        """A dict that reads as settings or a list that reads as a command line, with what is done to it later."""
        written, at = self._holders.get(id(node), (node, site))
        for turn in turns(self._values.following, at):
            trees = self._values.trees(written, turn)
            if id(node) not in self._values.used:
                trees = self._values.trees(node, turn)
            for tree in trees:
                if not isinstance(tree, Branch):
                    yield from self._words(tree, {})
                    continue
                for unit, scope in units_of([tree], self._scope, ""):
                    yield from from_command(unit, scope) if isinstance(unit, Command) else from_settings(unit, scope)


def _holders(names: Names) -> dict[int, tuple[ast.expr, Site]]:
    """For literals that are changed later: the name that each is bound to, at the end of its block."""
    found: dict[int, tuple[ast.expr, Site]] = {}
    for block in names.blocks.values():
        for name, bindings in block.bindings.items():
            if any(binding.how in CHANGES for binding in bindings):
                for binding in bindings:
                    if binding.how is How.SET and isinstance(binding.value, ast.Dict | ast.List | ast.Tuple):
                        end = replace(binding.site, block=block, arms=binding.arms, order=sys.maxsize)
                        holder = ast.copy_location(ast.Name(id=name, ctx=ast.Load()), binding.value)
                        found.setdefault(id(binding.value), (holder, end))
    return found


def _may_speculate(call: ast.Call) -> bool:
    """Whether a call may matter, by what is written in it: most calls of a file do not."""
    func = call.func
    last = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
    keywords = {one.arg for one in call.keywords}
    return not keywords.isdisjoint(_TELLING) or last in _ENGINES or last in _RUNNING or last in _MODEL_CALLS


def _speaks(node: ast.expr, silent: set[int]) -> bool:
    """Whether a literal holds words that pairings are made of; if it does not, all within it is noted as silent."""
    within = list(ast.walk(node))
    for one in within:
        if isinstance(one, ast.Starred) or (
            isinstance(one, ast.Constant) and isinstance(one.value, str) and _WORDS.search(one.value)
        ):
            return True
    silent.update(id(one) for one in within)
    return False


def _written(one: Found) -> Found:
    """With names that cannot be told as Python writes such places: `{draft}`."""
    if not isinstance(one, Pairing):
        return one
    target = _plainly(one.target) if one.target else None
    return replace(one, target=target, drafter=_plainly(one.drafter))


def _plainly(name: Name) -> Name:
    return name if name.value is not None else replace(name, written=name.written.replace("${", "{"))


def _distinct(founds: list[Found]) -> list[Found]:
    """Each finding once, in the order of the file; without a target only where none with one has the same drafter."""
    paired = {one.drafter.offset for one in founds if isinstance(one, Pairing) and one.target}
    kept: dict[tuple[object, ...], Found] = {}
    for one in founds:
        if isinstance(one, Pairing):
            if one.target or one.drafter.offset not in paired:
                target = one.target.value or one.target.written if one.target else None
                kept.setdefault((one.engine, one.drafter.offset, one.drafter.written, target), one)
        else:
            kept.setdefault((one.engine, one.offset, one.method), one)
    return sorted(kept.values(), key=lambda one: one.drafter.offset if isinstance(one, Pairing) else one.offset)


# The classes of the engines' libraries whose arguments are settings.
_ENGINES = {
    **dict.fromkeys(("LLM", "EngineArgs", "AsyncEngineArgs", "LLMEngine", "AsyncLLMEngine", "AsyncLLM"), "vllm"),
    **dict.fromkeys(("VLLM", "Vllm", "LLMConfig"), "vllm"),
    **dict.fromkeys(("Engine", "ServerArgs", "Runtime"), "sglang"),
}
# Which engine a module belongs to.
_ROOTS = {"vllm": "vllm", "sglang": "sglang", "tensorrt_llm": "tensorrt-llm"}
_SPECULATING = frozenset({"speculative_config"}) | SPELLINGS["vllm"].marks | SPELLINGS["sglang"].marks
_TELLING = _SPECULATING | {
    *("assistant_model", "draft_model", "prompt_lookup_num_tokens", "assistant_early_exit", "generate_kwargs", None)
}
# What stands in every pairing's flags or keys: without it a list or dict is none.
_WORDS = re.compile(r"draft|spec|assistant|^-(?:md|hfd|sc)|decoding_type", re.IGNORECASE)
_MODEL_CALLS = frozenset({"generate", "stream_generate", "speculative_generate_step", "pipeline"})
# Functions that run a command line.
_RUNNING = frozenset(
    "run Popen call check_call check_output getoutput getstatusoutput system popen split create_subprocess_exec "
    "create_subprocess_shell execv execvp execve execvpe spawnv spawnvp exec_command sh shell execute run_command "
    "local sudo launch_server_cmd execute_shell_command".split()
)
