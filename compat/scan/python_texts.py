"""The texts that Python expressions come to, as far as the file tells; their characters know their places."""

from __future__ import annotations

import ast
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import UnreadError
from .found import Name
from .nodes import Node
from .python_blocks import Names
from .python_follow import Follow
from .python_given import Made
from .python_names import How, Site, dotted
from .python_source import Source
from .reading import Scope
from .traced import Traced


class UntoldError(Exception):
    """An expression's value cannot be told from the file."""


class Texts(ABC):
    """Texts of expressions.

    What cannot be told stands as a variable, such as `${args.draft_model}`, at the place of the expression, so that
    one that is given on the command line is put in like any other. None is an empty text.
    """

    def __init__(self, source: Source, names: Names, scope: Scope) -> None:
        self.source = source
        self.following = Follow(names)
        self.used: set[int] = set()
        self._scope = scope
        self._depth = 0
        # What stands for expressions that cannot be told, by their places.
        self._handed: dict[int, str] = {}
        self._asked: set[int] = set()

    @abstractmethod
    def tree(self, node: ast.expr, site: Site) -> Node:
        """An expression's tree; an open text if it depends on which branch is taken."""

    def text(self, node: ast.expr, site: Site) -> Traced:
        """An expression's text; numbers as they are written, truth values as JSON has them."""
        try:
            return self.told(node, site)
        except UntoldError:
            return self.open(node, site)

    def leaf(self, made: Made, written: ast.expr, use: Site) -> Traced:
        """The text of what was made; if that cannot be told, what stands for the expression that leads there."""
        try:
            return self._text(made)
        except UntoldError:
            return self.open(written, use)

    def open(self, node: ast.expr, site: Site) -> Traced:
        """What stands for an expression that cannot be told."""
        written = self.source.segment(node)
        name = dotted(node) or _UNNAMED.sub("_", written.text[:_LONGEST_NAME]).strip("_")
        for known in (name, name.rpartition(".")[2]):
            if known in self._scope.given:
                return Traced.placed(self._scope.given[known], written.origin)
        text = f"${{{name or '_'}}}"
        if self._hands_on(node, site):
            self._handed[written.origin] = text
        else:
            self._asked.add(written.origin)
        return Traced.placed(text, written.origin)

    def is_handed(self, name: Name) -> bool:
        """Whether a name that cannot be told is a parameter that nothing in the file gives a value."""
        told = name.value is not None or name.offset in self._asked
        return not told and self._handed.get(name.offset) == name.written

    def _hands_on(self, node: ast.expr, site: Site) -> bool:
        ends = self.following.follow(node, site)
        some = [end for end in ends if end.handed or not end.is_nothing()]
        return bool(some) and all(
            (end.handed or isinstance(end.node, ast.ClassDef)) and not end.changes for end in some
        )

    def is_too_much(self, node: ast.expr) -> bool:
        """Whether expressions in expressions were gone into as far as any honest ones need; counts one."""
        return not self.following.steps.spend(1, plain=isinstance(node, ast.Constant)) or self._depth >= _DEEPEST

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Goes into an expression."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def told(self, node: ast.expr, site: Site) -> Traced:
        """An expression's text.

        Raises:
            UntoldError: if it cannot be told, or depends on which branch is taken.
        """
        if self.is_too_much(node):
            raise UntoldError
        with self.deeper():
            texts = [self._text(made) for made in self.ways(node, site)]
        if len({text.text for text in texts}) != 1:
            raise UntoldError
        return texts[0]

    def ways(self, node: ast.expr, site: Site) -> list[Made]:
        """What makes an expression's value; None and empty texts count only where there is nothing else."""
        ends = self.following.follow(node, site)
        self.used.update(id(end.node) for end in ends)
        something = [end for end in ends if not end.is_nothing()]
        return something or ends

    def _text(self, made: Made) -> Traced:
        """The text of what was made.

        Raises:
            UntoldError: if it cannot be told.
        """
        node, site = made.node, made.site
        if made.take or not isinstance(node, ast.expr):
            raise UntoldError
        if any(change.how is not How.ADD for change in made.changes):
            raise UntoldError
        text = self.expression(node, site)
        if made.open and not text:
            raise UntoldError
        for change in made.changes:
            if not isinstance(change.value, ast.expr):
                raise UntoldError
            text = text + self.told(change.value, change.site.seen_from(site))
        if len(text.text) > _LONGEST:
            raise UnreadError("holds Python whose texts grow beyond all bounds")
        return text

    @abstractmethod
    def expression(self, node: ast.expr, site: Site) -> Traced:
        """The text of an expression that is no name.

        Raises:
            UntoldError: if it cannot be told.
        """


_UNNAMED = re.compile(r"[^\w.]+")
_LONGEST_NAME = 60
_LONGEST = 1 << 16
_DEEPEST = 60
