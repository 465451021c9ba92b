"""A file that could not be looked through: to be told, since a pairing may stand in it."""

from __future__ import annotations


class UnreadError(ValueError):
    """The file is not what its name says; the message is a clause that follows its name, such as "is no YAML"."""
