"""How far Python code is followed: so many steps for each place that is looked at, so many for a file."""

from __future__ import annotations

from .errors import UnreadError


class Steps:
    """Counts steps.

    What is followed for one place and takes too many is left open there, and all else of the file is read. In a file
    that takes many all together the places behind get fewer, which is enough for what is written down plainly.

    Attributes:
        cut: how often something was left open: for its depth, or because it leads back to itself, or here.
    """

    def __init__(self) -> None:
        self.cut = 0
        self._left = _PLACE
        self._spent = 0

    def begin(self) -> None:
        """Starts with a place."""
        self._left = _PLACE if self._spent < _FILE else _LATER

    @property
    def exhausted(self) -> bool:
        """Whether this place has taken all of its steps."""
        return self._left < 0

    def spend(self, steps: int, *, plain: bool = False) -> bool:
        """Counts steps; whether there were as many left for this place, which takes none for what is plain.

        Raises:
            UnreadError: if the file takes more than any honest one.
        """
        self._spent += steps
        if self._spent > _HOSTILE:
            raise UnreadError("holds Python that takes too many steps to follow")
        if plain:
            return True
        self._left -= steps
        if self._left < 0:
            self.cut += 1
        return self._left >= 0


_PLACE = 2_000
_FILE = 20_000
_LATER = 100
_HOSTILE = 500_000
