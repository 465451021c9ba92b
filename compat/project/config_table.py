"""The tables of a configuration file, read key by key: what is wrong is noted with its place, and reading goes on."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from ..toml_places import Path
from ..visible import shortened, visible
from .config_document import Document
from .declared import Place

_LONGEST = 1000  # characters of a text
_LARGEST = 1_000_000_000
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


class Table:
    """A table of the file. Each reading method gives the value, or the default where it is absent or wrong."""

    def __init__(self, document: Document, path: Path, name: str, known: Collection[str] | None) -> None:
        """Looks through the keys.

        Args:
            document: the file.
            path: the table's.
            name: the same for messages, without the part that all tables share.
            known: the keys that it may have; None where all may be.
        """
        self.document = document
        self.path = path
        self._name = name
        value: Any = document.toml.tree
        for part in path:
            value = value[part]
        self._values: dict[str, Any] = value
        if known is not None:
            for key in [key for key in value if key not in known]:
                self._unknown(key, known)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def place(self, key: str | None = None, *more: int) -> Place:
        """Where a key's value stands, or the table."""
        return self.document.place(self.path if key is None else (*self.path, key, *more))

    def wrong(self, sentence: str, key: str | None = None, *more: int) -> None:
        """Notes what is wrong with a key's value, with a part of it, or with the table.

        Args:
            sentence: what is wrong and what to write, read after the key's name.
            key: the key; None means the table.
            more: index of an item in the value.
        """
        path = self.path if key is None else (*self.path, key, *more)
        self.document.note(path, f"{quoted(self._name if key is None else self._below(key))} {sentence}")

    def written(self, key: str, *more: int) -> str:
        """A value as the file has it, for messages."""
        span = self.document.toml.values.get((*self.path, key, *more))
        if span is None:
            return "a table"
        text = self.document.toml.text[span.start : span.end]
        value = self._values[key][more[0]] if more else self._values[key]
        return quoted(text) if isinstance(value, str) else shortened(visible(text))

    def flag(self, key: str, default: bool) -> bool:
        """A truth value."""
        value = self._values.get(key, default)
        if isinstance(value, bool):
            return value
        self.wrong(f"must be true or false, not {self.written(key)}.", key)
        return default

    def count(self, key: str) -> int | None:
        """A whole number above zero."""
        value = self._values.get(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _LARGEST):
            return value
        self.wrong(f"must be a whole number from 1 to {_LARGEST:,}, not {self.written(key)}.", key)
        return None

    def choice(self, key: str, choices: Sequence[str], default: str) -> str:
        """One of a few words."""
        value = self._values.get(key, default)
        if value in choices:
            return str(value)
        self.wrong(f"must be {' or '.join(repr(choice) for choice in choices)}, not {self.written(key)}.", key)
        return default

    def text(self, key: str, *, blank: bool = False) -> str | None:
        """A text without line ends and other control characters, and not blank unless it may be."""
        value = self._values.get(key)
        return value if value is None or (blank and value == "") else self._text(value, key)

    def needed(self, key: str, example: str) -> str | None:
        """A text that must be there."""
        if key not in self._values:
            self.wrong(f'lacks {key}: add {key} = "{example}".')
        return self.text(key)

    def folded(self, key: str) -> str | None:
        """A text that may run over lines, as one line."""
        value = self._values.get(key)
        return None if value is None else self._text(" ".join(value.split()) if isinstance(value, str) else value, key)

    def texts(self, key: str, *, least: int = 0) -> list[tuple[int, str]] | None:
        """A list of at least so many texts, each with its index; those that are wrong are left out."""
        value = self._values.get(key)
        if value is None:
            return None
        if not isinstance(value, list):
            self.wrong(f"must be a list of texts in brackets, not {self.written(key)}.", key)
            return None
        if len(value) < least:
            self.wrong("is an empty list: name what is meant, or leave it out.", key)
        read = [(index, self._text(item, key, index)) for index, item in enumerate(value)]
        return [(index, item) for index, item in read if item is not None]

    def date(self, key: str) -> date | None:
        """A date, or a text in that form."""
        value = self._values.get(key)
        if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
            return value
        if isinstance(value, str) and _DATE.fullmatch(value):
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass  # a month or a day that is none
        self.wrong(f"must be a date such as 2027-01-31, not {self.written(key)}.", key)
        return None

    def table(self, key: str, known: Collection[str] | None) -> Table | None:
        """A table in this one; None where it is absent."""
        value = self._values.get(key)
        if value is None or isinstance(value, dict):
            return None if value is None else Table(self.document, (*self.path, key), self._below(key), known)
        self.wrong(f"must be a table, [{self._below(key)}], not {self.written(key)}.", key)
        return None

    def tables(self, key: str, known: Collection[str]) -> list[Table]:
        """An array of tables."""
        value = self._values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            shown = "one table" if isinstance(value, dict) else self.written(key)
            self.wrong(f"must be an array of tables, each under [[{self._below(key)}]], not {shown}.", key)
            return []
        return [Table(self.document, (*self.path, key, index), self._below(key), known) for index in range(len(value))]

    def _below(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key

    def _text(self, value: object, key: str, *more: int) -> str | None:
        shown = "an empty text" if value == "" else self.written(key, *more)
        if not isinstance(value, str):
            self.wrong(f"must be a text in quotes, not {shown}.", key, *more)
        elif not value.strip():
            self.wrong("must not be blank: write what is meant.", key, *more)
        elif len(value) > _LONGEST:
            self.wrong(f"is too long: {len(value):,} characters, and {_LONGEST:,} may be.", key, *more)
        elif not value.isprintable():
            self.wrong(f"holds a control or an invisible character: write {shown} without it.", key, *more)
        else:
            return value
        return None

    def _unknown(self, key: str, known: Collection[str]) -> None:
        where = f"in {quoted(self._name)}" if self._name else "here"
        sentence = f"there is no key {quoted(key)} {where}{nearest(key, known)}"
        self.document.note((*self.path, key), sentence, of_key=True)


def quoted(text: str) -> str:
    """A name for messages."""
    return f"'{shortened(visible(text))}'"


def nearest(word: str, known: Collection[str]) -> str:
    """The end of a sentence on a word that is not known: the nearest word that is, or all of them."""
    close = difflib.get_close_matches(word.lower()[:_LONGEST], [one.lower() for one in known], n=1)
    found = next((one for one in known if close and one.lower() == close[0]), None)
    return f": did you mean '{found}'?" if found else f": write one of {', '.join(known)}."
