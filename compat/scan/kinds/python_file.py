"""Python: calls of the engines' own libraries, command lines in lists and strings, settings in dicts.

Nothing is run or imported. What a name holds is followed through the file; what may not run (`if False:`) is nothing.

What cannot be told is still a pairing, with a name left open, where somebody writes one down: a name from the
environment, from an option without a default, from a configuration object, from a call or from text with such parts.
It is none where code only hands on what others give it, as libraries do: where the drafter is a parameter (or an
attribute that is set from one) that no call, default or literal of the file gives a value, and the target is no more
than that. A parameter that somebody outside may fill from a command line stays open: one of a function that is
decorated, or that is an argument itself, such as `fire.Fire(main)`.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import replace

from ..commands import from_command
from ..errors import UnreadError
from ..found import Found, Name, Pairing
from ..python_blocks import Names
from ..python_commands import RUNNING, Commands
from ..python_models import Models
from ..python_names import CHANGES, Function, How, Site
from ..python_reach import Reach
from ..python_source import Source
from ..python_turns import turns
from ..python_values import Values
from ..reading import Branch, Command, Scope, Settings
from ..settings import from_settings
from ..spellings import SPELLINGS
from ..traced import Traced
from ..tree_units import units_of


def found(text: Traced, scope: Scope) -> list[Found]:
    """The speculation that Python code sets up.

    Raises:
        UnreadError: the text is no Python, or made to take long.
    """
    reader = _Reader(text, scope)
    try:
        founds = list(reader.found())
        return _distinct([_written(one) for one in founds if not reader.only_hands_on(one)])
    except RecursionError:
        raise UnreadError("is no Python that can be followed: it is nested too deeply") from None


class _Reader:
    def __init__(self, text: Traced, scope: Scope) -> None:
        source = Source(text)
        self._names = Names(source.tree)
        self._values = Values(source, self._names, scope)
        self._reach = Reach(self._names)
        self._models = Models(self._values, scope)
        self._commands = Commands(self._values, scope)
        self._scope = scope
        self._holders = _holders(self._names)

    def found(self) -> Iterator[Found]:
        """What calls set up, then what literals do that no such call uses."""
        following = self._values.following
        uses = [(node, site) for node, site in self._names.uses if self._reach.speaks(node, self._held_by(node))]
        calls = [(node, site) for node, site in uses if isinstance(node, ast.Call) and _may_speculate(node)]
        for look in (self._call, self._commands.found):
            for call, at in calls:
                following.begin()
                for turn in turns(following, at):
                    yield from look(call, turn)
        for node, site in uses:
            if not isinstance(node, ast.Call) and id(node) not in self._values.used:
                following.begin()
                yield from self._literal(node, site)

    def only_hands_on(self, one: Found) -> bool:
        """Whether a pairing is that of code which gets both models from others."""
        handed = self._values.is_handed
        return isinstance(one, Pairing) and handed(one.drafter) and (one.target is None or handed(one.target))

    def _held_by(self, node: ast.expr) -> str:
        """The name of a literal that is changed later."""
        name = self._holders[id(node)][0] if id(node) in self._holders else None
        return name.id.rpartition(".")[2] if isinstance(name, ast.Name) else ""

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

    def _literal(self, node: ast.expr, site: Site) -> Iterator[Found]:
        """A dict that reads as settings or a list that reads as a command line, with what is done to it later."""
        written, at = self._holders.get(id(node), (node, site))
        for turn in turns(self._values.following, at):
            trees = self._values.trees(written, turn)
            if id(node) not in self._values.used:
                trees = self._values.trees(node, turn)
            for tree in trees:
                if not isinstance(tree, Branch):
                    yield from self._commands.words(tree, {})
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
    """Whether a call may matter by its name and arguments: most calls of a file do not."""
    func = call.func
    last = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
    keywords = {one.arg for one in call.keywords}
    return not keywords.isdisjoint(_TELLING) or last in _ENGINES or last in RUNNING or last in _MODEL_CALLS


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
_MODEL_CALLS = frozenset({"generate", "stream_generate", "speculative_generate_step", "pipeline"})
