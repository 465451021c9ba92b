"""What the files of a repository hold, how large they claim to be, and their digests."""

import hashlib
import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

LFS_SUFFIXES = frozenset({".safetensors", ".gguf", ".bin", ".pt", ".h5", ".onnx", ".msgpack", ".model"})
LFS_SIZE = 10_000_000
PIECE = 1 << 16

Stamp = tuple[Path, int, int]  # where the bytes lie, when they were last written (ns), how many there are
_digests: dict[tuple[Stamp, int], tuple[str, str]] = {}


@dataclass(frozen=True)
class Content:
    """Bytes in memory or in a file; zeros follow them up to `size`."""

    source: bytes | Path
    size: int

    @classmethod
    def of(cls, data: bytes) -> "Content":
        """Hold these bytes and no others."""
        return cls(data, len(data))

    def chunks(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes from start to stop, piece by piece."""
        at = start
        for piece in self._present(start, stop):
            at += len(piece)
            yield piece
        while at < stop:
            yield bytes(min(PIECE, stop - at))
            at = min(at + PIECE, stop)

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from start to stop at once."""
        return b"".join(self.chunks(start, min(stop, self.size)))

    def _present(self, start: int, stop: int) -> Iterator[bytes]:
        if isinstance(self.source, bytes):
            for at in range(start, min(stop, len(self.source)), PIECE):
                yield self.source[at : min(at + PIECE, stop)]
            return
        with self.source.open("rb") as file:
            file.seek(start)
            while start < stop and (piece := file.read(min(PIECE, stop - start))):
                start += len(piece)
                yield piece


@dataclass(frozen=True)
class File:
    """One file of a repository, with its digests as Git and Git LFS compute them."""

    path: str
    content: Content
    stamp: Stamp
    blob: str
    sha256: str

    @property
    def size(self) -> int:
        """The size that the repository claims, in bytes."""
        return self.content.size

    @property
    def is_lfs(self) -> bool:
        """Whether Git holds a pointer and the bytes lie elsewhere."""
        return self.size >= LFS_SIZE or Path(self.path).suffix in LFS_SUFFIXES

    @property
    def pointer(self) -> bytes:
        """What Git holds for an LFS file."""
        return f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {self.size}\n".encode()

    @cached_property
    def blob_id(self) -> str:
        """The object id in Git: of the pointer where the file is LFS."""
        return git_blob_id(self.pointer) if self.is_lfs else self.blob

    @property
    def etag(self) -> str:
        """What names these bytes in the Hub's answers, unquoted."""
        return self.sha256 if self.is_lfs else self.blob

    def kept(self) -> "File":
        """Return the same file with its bytes in memory."""
        return replace(self, content=Content(self.content.read(0, self.stamp[2]), self.size))

    def is_current(self) -> bool:
        """Whether the bytes can still be had: they are in memory, or the file has not been touched."""
        if isinstance(self.content.source, bytes):
            return True
        try:
            return stamp_of(self.content.source) == self.stamp
        except OSError:
            return False


def git_blob_id(data: bytes) -> str:
    """Return the object id that Git gives to these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def files_in(folder: Path) -> list[File]:
    """List a repository's folder in order of path; hidden folders such as .cache and .git are left out."""
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts[:-1])
    ]
    claims = {path.with_name(f"{path.name}.size") for path in found}
    return [read_file(folder, path) for path in found if path not in claims]


def read_file(folder: Path, path: Path) -> File:
    """Describe one file; `<file>.size` beside it gives the size that it claims."""
    source = follow(path)
    stamp = stamp_of(source)
    claim = path.with_name(path.name + ".size")
    size = int(claim.read_text()) if claim.is_file() else stamp[2]
    content = Content(source, size)
    blob, sha256 = _digests_of(content, stamp)
    return File(path.relative_to(folder).as_posix(), content, stamp, blob, sha256)


def follow(path: Path) -> Path:
    """Follow symbolic links, and those that a checkout without them left as a text that names the target."""
    path = path.resolve()
    if path.stat().st_size <= 255:
        text = path.read_bytes()
        if text.startswith(b"../") and (target := path.parent / text.decode(errors="replace")).is_file():
            return follow(target)
    return path


def stamp_of(source: Path) -> Stamp:
    """Return what changes when the file does."""
    status = source.stat()
    return source, status.st_mtime_ns, status.st_size


def _digests_of(content: Content, stamp: Stamp) -> tuple[str, str]:
    """Hash a file once, unless it is so new that a later edit could carry the same time stamp."""
    key = (stamp, content.size)
    if key not in _digests:
        digests = _hash(content, stamp[2])
        if time.time_ns() - stamp[1] < 100_000_000:
            return digests
        _digests[key] = digests
    return _digests[key]


def _hash(content: Content, present: int) -> tuple[str, str]:
    """Return Git's blob id and the SHA-256.

    Of a file that claims more bytes than there are, both digests are taken over the bytes that exist and the size.
    """
    blob = hashlib.sha1(b"blob %d\0" % content.size, usedforsecurity=False)
    sha256 = hashlib.sha256()
    for piece in content.chunks(0, min(present, content.size)):
        blob.update(piece)
        sha256.update(piece)
    if content.size != present:
        sha256.update(b"\0size %d" % content.size)
    return blob.hexdigest(), sha256.hexdigest()


def header_length(file: File) -> int:
    """Return how many bytes a safetensors file's length and header take up; 0 where there is no sane header."""
    length = int.from_bytes(file.content.read(0, 8), "little")
    return 8 + length if file.path.endswith(".safetensors") and 8 + length <= file.size else 0


def parameters(files: list[File]) -> dict[str, int] | None:
    """Count the parameters of all safetensors files by type, as the Hub's model info does; None where it cannot."""
    counts: dict[str, int] = {}
    for file in files:
        if file.path.endswith(".safetensors"):
            try:
                header: dict[str, Any] = json.loads(file.content.read(8, header_length(file)))
                for name, tensor in header.items():
                    if name != "__metadata__":
                        counts[tensor["dtype"]] = counts.get(tensor["dtype"], 0) + math.prod(tensor["shape"])
            except (ValueError, KeyError, TypeError, AttributeError):
                return None
    return counts or None
