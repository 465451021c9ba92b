"""One model's published files at one moment: everything that was read, and nothing read after it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import Denial
from .gguf import Gguf
from .ref import ModelRef
from .weights import Header


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as the repository lists it.

    Attributes:
        path: inside the repository.
        size: in bytes, where known.
        git_blob: git's id of the content (40 hexadecimal digits); for an LFS file that of its pointer.
        sha256: of the content, where the repository keeps it (LFS files).

    Raises:
        ValueError: if no file can be listed so: the values come from outside, whatever their types say here.
    """

    path: str
    size: int | None = None
    git_blob: str | None = None
    sha256: str | None = None

    def __post_init__(self) -> None:
        """Holds the values to what they are said to be."""
        if not isinstance(self.path, str) or {"", ".", ".."} & {*self.path.split("/")}:
            raise ValueError(f"no file has the path {self.path!r}")
        if not all(digest is None or isinstance(digest, str) for digest in (self.git_blob, self.sha256)):
            raise ValueError(f"no file has the digests {self.git_blob!r} and {self.sha256!r}")
        if self.size is not None and (not isinstance(self.size, int) or self.size < 0):
            raise ValueError(f"no file has the size {self.size!r}")

    @property
    def digest(self) -> str | None:
        """What proves a file of the same digest equal; of an LFS file never git's, which is that of its pointer."""
        return self.sha256 or self.git_blob


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was read of one model.

    Attributes:
        ref: what the user wrote.
        repository: what that turned out to be: the Hub's own name for it where an alias was written.
        commit: the Hub commit, 40 hexadecimal digits; None for a folder.
        entries: every file listed.
        contents: path → bytes of the deciding files that exist, and of the weights' index if there is one.
        headers: path → header of the weight files that hold the output head or the embedding.
        gguf: path → head of the GGUF files that are the model, the part with the metadata first; of a model in GGUF
            nothing else is read, since nothing else is loaded.
        withheld: path → why the Hub would not give a deciding file that it lists, which then is in none of these.
        twins: path → the repository whose equal file was read instead of a withheld one, proved by its listed digest.
        alike: those withheld files whose listed digest is that of a file withheld of the other model of the pair.
        shared: path → the repository whose equal file was read although this one's could have been.
        notes: what a reader of the report should know about where this came from, such as an offline cache.
    """

    ref: ModelRef
    repository: str
    commit: str | None
    entries: Mapping[str, Entry] = field(repr=False)
    contents: Mapping[str, bytes] = field(repr=False)
    headers: Mapping[str, Header] = field(repr=False)
    notes: tuple[str, ...] = ()
    withheld: Mapping[str, Denial] = field(default_factory=dict)
    twins: Mapping[str, str] = field(default_factory=dict)
    alike: tuple[str, ...] = ()
    shared: Mapping[str, str] = field(default_factory=dict)
    gguf: Mapping[str, Gguf] = field(default_factory=dict, repr=False)

    def digests(self) -> dict[str, str]:
        """Path → sha256 of every deciding file; of a weight file, of its header alone (`path#header`)."""
        files = {path: hashlib.sha256(data).hexdigest() for path, data in self.contents.items()}
        heads: dict[str, Header | Gguf] = {**self.headers, **self.gguf}
        headers = {f"{path}#header": head.sha256 for path, head in heads.items()}
        return dict(sorted((files | headers).items()))
