"""Command lines in Python: calls that start programs, and lists of words."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .commands import from_command
from .found import Found
from .nodes import Node
from .python_names import Site
from .python_values import Values
from .reading import Branch, Command, Items, Scope
from .shell import commands_of
from .traced import Traced


class Commands:
    """Looks for command lines that set up speculation."""

    def __init__(self, values: Values, scope: Scope) -> None:
        self._values = values
        self._scope = scope

    def found(self, call: ast.Call, site: Site) -> Iterator[Found]:
        """A call that starts a program."""
        name = self._values.following.imported(call.func, site)
        last = name.rpartition(".")[2]
        given = {one.arg: one.value for one in call.keywords}
        if last not in RUNNING or (last == "split" and not name.startswith("shlex")):
            return
        if last == "create_subprocess_exec":
            words = [self._values.tree(one, site) for one in call.args if not isinstance(one, ast.Starred)]
            yield from self._one(Items(tuple(words)), call, site)
            return
        place = 1 if last.startswith(("exec", "spawn")) and len(call.args) > 1 else 0
        line = call.args[place] if len(call.args) > place else given.get("args") or given.get("command")
        if line is not None and not isinstance(line, ast.Starred):
            for tree in self._lines(line, site):
                yield from self._one(tree, call, site)

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

    def _one(self, tree: Node, call: ast.Call, site: Site) -> Iterator[Found]:
        environment: dict[str, Traced] = {}
        for keyword in call.keywords:
            if keyword.arg == "env" and isinstance(known := self._values.tree(keyword.value, site), Branch):
                environment = {name: value for name, (_, value) in known.entries.items() if isinstance(value, Traced)}
        if isinstance(tree, Traced):
            for command in commands_of(tree, self._scope):
                yield from from_command(command, self._scope)
        else:
            yield from self.words(tree, environment)

    def words(self, tree: Node, environment: dict[str, Traced]) -> Iterator[Found]:
        """A list of words that may be a command line."""
        words = [one for one in tree.nodes if isinstance(one, Traced)] if isinstance(tree, Items) else []
        if words or environment:
            yield from from_command(Command(words, environment=environment), self._scope)


# Functions that run a command line.
RUNNING = frozenset(
    "run Popen call check_call check_output getoutput getstatusoutput system popen split create_subprocess_exec "
    "create_subprocess_shell execv execvp execve execvpe spawnv spawnvp exec_command sh shell execute run_command "
    "local sudo launch_server_cmd execute_shell_command".split()
)
