"""Models in a folder, and the demo models that ship with the decoder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from .errors import MalformedError, NotFoundError
from .files import DECIDING
from .gguf import Gguf, read_gguf
from .ref import Kind, ModelRef
from .snapshot import Entry
from .tokenizer import formats
from .weights import INDEX, SINGLE, Header, read_header

_NAMED = frozenset({*DECIDING, SINGLE, INDEX})
DEMO_MODELS = ("target", "drafter", "stranger")


def locate(ref: ModelRef) -> Path:
    """The folder of a local or demo model.

    Raises:
        NotFoundError: if there is no such folder or demo model.
    """
    if ref.kind is Kind.DEMO:
        return _demo(ref)
    try:
        folder = Path(ref.name).expanduser()
        found = folder.is_dir()
    except (OSError, RuntimeError, ValueError):  # out of bounds for the file system, or `~` of nobody
        found = False
    if not found:
        raise NotFoundError(
            f"{ref.original} is not a folder that can be read: check the path, or write org/name for a model on the"
            " Hub.",
            model=ref.original,
        )
    return folder


def _demo(ref: ModelRef) -> Path:
    if ref.name not in DEMO_MODELS:
        names = ", ".join(f"demo:{name}" for name in DEMO_MODELS)
        raise NotFoundError(f"{ref.original} is none of the models that ship inside: {names}.", model=ref.original)
    # By name and not by import: the check never depends on the decoder's code, only on its data.
    folder = Path(str(resources.files("specdec_check.decode") / "demo" / ref.name))
    if not folder.is_dir():
        raise NotFoundError(
            f"{ref.original} is missing from this installation: install specdec-check again.", model=ref.original
        )
    return folder


class FolderRepository:
    """A folder laid out as a Hub repository. Files in sub-folders decide nothing and are not listed."""

    def __init__(self, ref: ModelRef) -> None:
        self.ref = ref
        self.repository = ref.original
        self.commit: str | None = None
        self.notes: tuple[str, ...] = ()
        self.shared: Mapping[str, str] = MappingProxyType({})
        self._folder = locate(ref)
        try:
            self.entries: Mapping[str, Entry] = MappingProxyType({entry.path: entry for entry in _list(self._folder)})
        except OSError as error:
            raise NotFoundError(
                f"{ref.original} cannot be listed ({error.strerror}): check its permissions.", model=ref.original
            ) from error

    def read(self, path: str, limit: int) -> bytes:
        """The bytes of a file, at most `limit` of them."""
        data = self._range(path, 0, limit + 1)
        if len(data) > limit:
            raise MalformedError(
                f"{self.ref.original}: {path} is {self.entries[path].size} bytes, more than the {limit} that such a"
                " file may have: it is not read.",
                model=self.ref.original,
            )
        return data

    def header(self, path: str) -> Header:
        """The header of a weight file."""
        return read_header(lambda start, end: self._range(path, start, end), self.entries[path].size, path)

    def gguf(self, path: str) -> Gguf:
        """The head of a GGUF file."""
        return read_gguf(lambda start, end: self._range(path, start, end), self.entries[path].size, path, local=True)

    def _range(self, path: str, start: int, end: int) -> bytes:
        file = self._folder / path
        try:
            if not file.is_file():  # before it is opened: a pipe would keep us until somebody writes to it
                raise NotFoundError(
                    f"{self.ref.original}: {path} is there but is no file, or a link to none: put the file itself in"
                    " its place.",
                    model=self.ref.original,
                )
            with file.open("rb") as stream:
                stream.seek(start)
                return stream.read(end - start)
        except OSError as error:
            raise NotFoundError(
                f"{self.ref.original}: {path} cannot be read ({error.strerror}): check its permissions.",
                model=self.ref.original,
            ) from error


def _list(folder: Path) -> Iterator[Entry]:
    """Files in order of name; also what has the name of a file that decides and is none, since that is no absence."""
    for path in sorted(folder.iterdir()):
        if path.is_file():
            yield Entry(path.name, path.stat().st_size)
        elif path.name in _NAMED or formats.choose([path.name]) or not path.is_dir():
            yield Entry(path.name)
