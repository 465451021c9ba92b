"""Exceptions that a project makes, each with a reason: what they leave out stays visible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import fnmatchcase

from . import rules
from .declared import Ignore
from .items import Item, item


@dataclass
class Ignores:
    """The exceptions of a project on one day, and which of them were needed.

    Attributes:
        ignores: as the configuration has them.
        today: the day.
    """

    ignores: Sequence[Ignore]
    today: date
    _used: set[Ignore] = field(default_factory=set)

    def applied(self, items: Iterable[Item], pair: str | None) -> list[Item]:
        """The items, those that are left out with the exception that does it.

        Args:
            items: of one pair, or of the project.
            pair: the pair's id; None for what is not of one pair, which goes by its file.
        """
        return [self._applied(one, pair) for one in items]

    def _applied(self, found: Item, pair: str | None) -> Item:
        for ignore in self.ignores:
            about = found.place.file if pair is None and found.place else pair
            if ignore.rule == found.code and _is_meant(ignore, about):
                self._used.add(ignore)
                if not ignore.expired(self.today):
                    return replace(found, ignored=ignore)
        return found

    def told(self) -> Iterator[Item]:
        """What is to say of the exceptions themselves: those that ended, and those that nothing needs."""
        for ignore in self.ignores:
            if ignore.expired(self.today):
                args = {"what": ignore.rule, "reason": ignore.reason, "until": str(ignore.until)}
                yield item(rules.EXPIRED, args, "project", decides=False, place=ignore.place)
            elif ignore not in self._used:
                args = {"what": ignore.rule, "reason": ignore.reason}
                yield item(rules.UNUSED, args, "project", decides=False, place=ignore.place)


def _is_meant(ignore: Ignore, pair: str | None) -> bool:
    return ignore.pair is None or (pair is not None and (pair == ignore.pair or fnmatchcase(pair, ignore.pair)))
