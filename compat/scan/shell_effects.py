"""What the commands of a shell script do to its variables and files, and the values that words have in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod

from .errors import UnreadError
from .shell_expansion import Expansion
from .shell_parts import Operator, Redirection, Substitution, Word
from .shell_steps import assignment
from .shell_variables import Held, Value, Variables
from .spellings import VARIABLES
from .traced import Traced, joined
from .variables import expand

_MOST_READINGS = 64  # of one command, with each value that its variables may have


@dataclass(slots=True)
class Effects:
    """The state of a script.

    Attributes:
        variables: what was assigned.
        files: the files that here-documents were written to, by name.
        shown: the names of files that `$(cat …)` put into words.
    """

    variables: Variables
    files: dict[str, Traced] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)

    def environment(self) -> dict[str, Traced]:
        """The variables that engines read, as far as they are set here."""
        held, known = self.variables.held, self.variables.scope.known
        names = VARIABLES & (held.keys() | known.keys()) if len(held) + len(known) < len(VARIABLES) else VARIABLES
        return {name: text for name in names if (text := self._exported(name))}

    def _exported(self, name: str) -> Traced | None:
        held = self.variables.get(name)
        value = held.values[0] if held and len(held.values) == 1 else None
        return value if isinstance(value, Traced) else None

    def readings(self, words: Sequence[Word]) -> Iterator[list[Traced]]:
        """The fields of a command, once for each value that the variables in it may have."""
        expansion = self.expansion()
        fields = expansion.fields(words)
        if not expansion.wanted:
            yield fields
            return
        for picked in self._picks(expansion):
            yield self.expansion(picked).fields(words)

    def _picks(self, expansion: Expansion) -> Iterator[dict[str, Value]]:
        names = sorted(expansion.wanted)
        held = [self.variables.held[name].values for name in names]
        if prod(map(len, held)) > _MOST_READINGS:
            raise UnreadError(f"holds a command that stands for more than {_MOST_READINGS} others")
        for values in product(*held):
            yield dict(zip(names, values, strict=True))

    def expansion(self, picked: dict[str, Value] | None = None) -> Expansion:
        """Expands words by the variables as they are now."""
        return Expansion(self.variables, self.output, picked or {})

    def assign(self, word: Word) -> None:
        """Follows an assignment; any other word does nothing."""
        found = assignment(word)
        if not found:
            return
        name, append, value = found
        before = self.variables.get(name)
        expansion = self.expansion()
        made = [self._assigned_value(value, expansion)]
        if expansion.wanted:
            made = [self._assigned_value(value, self.expansion(picked)) for picked in self._picks(expansion)]
        if append and before:
            made = [_appended(old, new) for old in before.values for new in made]
            if len(made) > _MOST_READINGS:
                raise UnreadError(f"holds a variable that may have more than {_MOST_READINGS} values")
        loop = bool(before and append and before.loop) or any(
            self.variables.held[each].loop for each in expansion.wanted
        )
        self.variables.put(name, Held(tuple(made), loop))

    def _assigned_value(self, value: Word, expansion: Expansion) -> Value:
        return tuple(expansion.fields(value.array)) if value.array is not None else expansion.text(value)

    def read(self, words: Sequence[Word], redirections: Sequence[Redirection]) -> None:
        """`read NAME` gets what nobody knows, unless a here-document stands there."""
        name = words[-1].plain
        document = next((item.word for item in redirections if item.operator.startswith("<<")), None)
        self.variables.put(name, Held((self.expansion().text(document),)) if document else None)

    def output(self, part: Substitution) -> Traced | None:
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
            return self.expansion().text(documents[0]).stripped("\n")
        if name == "cat" and len(words) == 2 and not documents:
            self.shown.add(words[1].plain)
            return self.files.get(words[1].plain)
        if name == "echo" and not documents and not any(isinstance(item, Operator) for item in part.items):
            fields = [field for field in self.expansion().fields(words[1:]) if field.text not in ("-n", "-e")]
            return joined([piece for one in fields for piece in (one, Traced.placed(" ", one.origin))][:-1])
        return None


def _appended(old: Value, new: Value) -> Value:
    if isinstance(old, tuple):
        return (*old, *(new if isinstance(new, tuple) else (new,)))
    return old + (joined(new) if isinstance(new, tuple) else new)
