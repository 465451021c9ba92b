"""The simple commands of a shell script, and what their first words are: assignments, functions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from .shell_parts import Item, Operator, Redirection, Text, Word

_FLAG = re.compile(r"--?[A-Za-z]")
_NAME = re.compile(r"\w[\w.-]*/[\w.-]+")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(?:\[[^\]]*\])?\+?=")


class Step(NamedTuple):
    """A simple command, keywords before it included, and the operator after it."""

    words: Sequence[Word]
    redirections: Sequence[Redirection]
    operator: str


def steps_of(items: Sequence[Item]) -> list[Step]:
    """The simple commands of a script, in order."""
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


def continued(items: Sequence[Item]) -> list[Item]:
    """The items of a text that no shell reads: a line that begins with a flag goes on the line before.

    So does the value of a flag that ends a line, and a model's name alone before a line of flags.
    """
    found: list[Item] = []
    # Empty lines and those with nothing but a comment end no line.
    kept = [item for at, item in enumerate(items) if not (_is_end(item) and at and _is_end(items[at - 1]))]
    for at, item in enumerate(kept):
        if not (_is_end(item) and _goes_on(found, kept[at + 1 : at + 4])):
            found.append(item)
    return found


def _goes_on(before: Sequence[Item], after: Sequence[Item]) -> bool:
    if not before or not after or not isinstance(before[-1], Word):
        return False
    if _is_flag(after[0]) or (_is_flag(before[-1]) and isinstance(after[0], Word)):
        return True
    alone = len(after) == 3 and _is_end(after[1]) and _is_flag(after[2])
    return alone and isinstance(after[0], Word) and bool(_NAME.fullmatch(after[0].plain))


def _is_end(item: Item) -> bool:
    return isinstance(item, Operator) and item.text == "\n"


def _is_flag(item: Item) -> bool:
    first = item.parts[0] if isinstance(item, Word) and item.parts else None
    return isinstance(first, Text) and bool(_FLAG.match(first.text.text))


def file_names(text: str) -> set[str]:
    """The names of files that a word may mean: with and without its folder, after an equals sign."""
    value = text.partition("=")[2] or text
    return {text, value, value.rsplit("/", 1)[-1]}


def defined(steps: Sequence[Step], at: int) -> str:
    """The name of the function that is defined here."""
    words = steps[at].words
    if len(words) > 1 and words[0].plain == "function":
        return words[1].plain
    following = steps[at + 1] if at + 1 < len(steps) else None
    brackets = steps[at].operator == "(" and following and not following.words and following.operator == ")"
    return words[0].plain if len(words) == 1 and brackets else ""


class Assignment(NamedTuple):
    """`NAME=value`, or `NAME+=value`, which appends."""

    name: str
    append: bool
    value: Word


def assignment(word: Word) -> Assignment | None:
    """What a word assigns, if it is an assignment."""
    first = word.parts[0] if word.parts else None
    if not isinstance(first, Text) or first.quoted or not (found := _ASSIGNMENT.match(first.text.text)):
        return None
    rest = Text(first.text.cut(found.end()), quoted=False)
    return Assignment(found[1], found[0].endswith("+="), Word((rest, *word.parts[1:]), rest.text.origin, word.array))
