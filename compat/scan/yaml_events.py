"""PyYAML, seen as a stream of events: no objects are made, nothing recurses, and all of it is typed from here on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

import yaml

from .errors import UnreadError

# The same parser in C where PyYAML was built with it: a megabyte in a tenth of a second instead of seconds.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LONGEST_PROBLEM = 80


class Kind(Enum):
    """What happens in a document."""

    SCALAR = auto()
    ALIAS = auto()
    MAPPING = auto()
    SEQUENCE = auto()
    END = auto()  # of a mapping or a sequence


@dataclass(frozen=True, slots=True)
class Event:
    """A scalar, an alias, or where a collection starts or ends.

    Attributes:
        kind: which of these.
        start: the offset of its first character; an anchor's or a tag's where it has one.
        end: the offset after it.
        anchor: the name that it defines, or that an alias uses.
        tagged: whether a tag stands before it.
        value: of a scalar.
        style: of a scalar: a quote, `|`, `>`, or nothing for a plain one.
    """

    kind: Kind
    start: int
    end: int
    anchor: str = ""
    tagged: bool = False
    value: str = ""
    style: str = ""


_KINDS = {
    yaml.ScalarEvent: Kind.SCALAR,
    yaml.AliasEvent: Kind.ALIAS,
    yaml.MappingStartEvent: Kind.MAPPING,
    yaml.SequenceStartEvent: Kind.SEQUENCE,
    yaml.MappingEndEvent: Kind.END,
    yaml.SequenceEndEvent: Kind.END,
}


def events(text: str, written: str) -> Iterator[Event]:
    """The events of all documents of a text, one document after the other.

    Args:
        text: what is parsed.
        written: the text as the file has it, where that differs: the lines of errors are counted in it.

    Raises:
        UnreadError: if the text is no YAML.
    """
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if kind := _KINDS.get(type(event)):
                yield Event(
                    kind,
                    event.start_mark.index,
                    event.end_mark.index,
                    getattr(event, "anchor", None) or "",
                    bool(getattr(event, "tag", None)),
                    getattr(event, "value", ""),
                    getattr(event, "style", None) or "",
                )
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = written.count("\n", 0, mark.index) + 1 if mark else 1
        raise UnreadError(f"is no YAML (line {line}: {(error.problem or 'damaged')[:_LONGEST_PROBLEM]})") from error
    except (yaml.YAMLError, ValueError) as error:  # a character that YAML does not allow, half a surrogate pair
        raise UnreadError("is no YAML (it holds characters that YAML forbids)") from error
