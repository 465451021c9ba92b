"""Tokenizers that an earlier run has parsed, kept on disk: parsing is most of a run, and files seldom change.

An entry's name says what decided it: the sha256 of every file that was read for it, and of the code that read them,
which is this tool's version to the letter. It holds the tokens as lengths and bytes, the other facts as JSON, and a
digest over each. Whatever is not to the letter what was written counts as absent and is written anew; what does not
read back as the very same facts is not kept. So a run's answer does not depend on whether there is an entry.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import fields
from io import BytesIO
from pathlib import Path
from typing import Any

from .tokenizer.tokenizer import Pipeline, Tokenizer
from .tokenizer.vocabulary import MAX_ID, Vocabulary
from .whole import write_whole

# Set to anything but 0, it keeps everything that is parsed off the disk.
SWITCH = "SPECDEC_CHECK_NO_CACHE"
_MAGIC = b"specdec-check tokenizer 1\n"
# What `write_whole` and this file name: nothing else in the folder is ours to remove.
_OURS = re.compile(r"[0-9a-f]{64}|[0-9a-f]{16}\.part")
_ENTRY_LIMIT = 64 * 1024 * 1024
_FOLDER_LIMIT = 128 * 1024 * 1024
# Lengths of: the JSON in bytes, the tokens in number; both behind the magic, the name and the JSON's sha256.
_HEAD = struct.Struct(f"<{len(_MAGIC)}s32s32sII")
# What an entry that is no entry can lead to, and what a full or read-only disk does.
_UNSOUND = (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, struct.error)


class Store:
    """Parsed tokenizers: the last one in memory, and all in a folder where there is one.

    Args:
        folder: of this tool alone; None keeps nothing on disk.
        version: of the code that parses; entries of another are not seen.
    """

    def __init__(self, folder: Path | None = None, version: str = "") -> None:
        self._folder, self._version = folder, version
        self._last: tuple[bytes, Tokenizer] | None = None
        self._digests: dict[str, tuple[bytes, str]] = {}

    def tokenizer(self, form: str, files: Mapping[str, bytes], read: Callable[[], Tokenizer]) -> Tokenizer:
        """What `read` makes of these files, from here if it was read before.

        Args:
            form: the format's name.
            files: path → bytes of every file that decides.
            read: parses them; its errors are let through, and not remembered.
        """
        digests = {path: self._digest(path, data) for path, data in files.items()}
        key = hashlib.sha256(json.dumps([self._version, form, digests], sort_keys=True).encode()).digest()
        if self._last is None or self._last[0] != key:
            self._last = (key, self._load(key) or self._save(key, read()))
        return self._last[1]

    def _digest(self, path: str, data: bytes) -> str:
        # The other model's file of this name is often equal, and comparing takes less than digesting.
        known = self._digests.get(path)
        if known is None or known[0] != data:
            self._digests[path] = known = (data, hashlib.sha256(data).hexdigest())
        return known[1]

    def _load(self, key: bytes) -> Tokenizer | None:
        if self._folder is None:
            return None
        with suppress(*_UNSOUND):
            return _unpacked(_read(self._folder / key.hex()), key)
        return None

    def _save(self, key: bytes, tokenizer: Tokenizer) -> Tokenizer:
        if self._folder is None:
            return tokenizer
        with suppress(*_UNSOUND):
            entry = _packed(tokenizer, key)
            if len(entry) <= _ENTRY_LIMIT and _unpacked(entry, key) == tokenizer:
                write_whole(self._folder / key.hex(), entry)
                _evict(self._folder)
        return tokenizer


def of_this_machine() -> Store:
    """The store beside the Hub client's cache, in `HF_HOME`; one without a folder where the environment says so."""
    if os.environ.get(SWITCH, "0") not in ("", "0"):
        return Store()
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("HF_HOME") or f"{caches}/huggingface"  # as the client has it, which is slow to import
    try:
        folder = Path(os.path.expandvars(home)).expanduser() / "specdec-check" / "tokenizers"
        return Store(folder, _version())
    except (OSError, RuntimeError):  # a package without source files, `~` of nobody
        return Store()


def _version() -> str:
    """Digest of the code that turns files into tokenizers, and of all that it may import: no change of it is missed."""
    here = Path(__file__).parent
    sources = sorted([*here.glob("*.py"), *here.glob("tokenizer/*.py")])
    texts = [source.read_bytes() for source in sources]
    if not texts:
        raise FileNotFoundError(here)
    return hashlib.sha256(b"\0".join(texts)).hexdigest()


def _packed(tokenizer: Tokenizer, key: bytes) -> bytes:
    vocabulary = tokenizer.vocabulary
    facts = {field.name: _plain(getattr(tokenizer, field.name)) for field in fields(tokenizer)}
    text = json.dumps(facts).encode("ascii")
    lengths = [-1 if token is None else len(token) for token in vocabulary.tokens]
    return b"".join(
        [
            _HEAD.pack(_MAGIC, key, hashlib.sha256(text).digest(), len(text), len(lengths)),
            text,
            struct.pack(f"<{len(lengths)}i", *lengths),
            *filter(None, vocabulary.tokens),
        ]
    )


def _plain(value: object) -> object:
    if isinstance(value, Vocabulary):
        ids = {"added": sorted(value.added), "special": sorted(value.special)}
        return ids | {"file": value.file, "digest": value.digest, "base": value.base}
    if isinstance(value, Pipeline):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return dict(value) if isinstance(value, Mapping) else value


def _unpacked(entry: bytes, key: bytes) -> Tokenizer:
    """The tokenizer in an entry.

    Raises:
        ValueError: and other errors, if that is no sound entry of this key.
    """
    magic, name, digest, size, count = _HEAD.unpack_from(entry)
    text, rest = entry[_HEAD.size : _HEAD.size + size], memoryview(entry)[_HEAD.size + size :]
    if (magic, name, digest) != (_MAGIC, key, hashlib.sha256(text).digest()) or count > MAX_ID + 1:
        raise ValueError("not an entry of this name")
    facts: dict[str, Any] = json.loads(text)
    vocabulary, pipeline = facts.pop("vocabulary"), facts.pop("pipeline")
    # What the vocabulary's own digest is made of: lengths, then bytes.
    if hashlib.sha256(rest).hexdigest() != vocabulary["digest"]:
        raise ValueError("the tokens are not those of the digest")
    lengths = struct.unpack_from(f"<{count}i", rest)
    return Tokenizer(
        vocabulary=Vocabulary(
            _tokens(lengths, rest[4 * count :]),
            frozenset(vocabulary["added"]),
            frozenset(vocabulary["special"]),
            vocabulary["file"],
            vocabulary["digest"],
            vocabulary["base"],
        ),
        pipeline=pipeline and Pipeline(**pipeline),
        **facts,
    )


def _tokens(lengths: tuple[int, ...], data: memoryview) -> tuple[bytes | None, ...]:
    gaps = lengths.count(-1)
    if sum(lengths) + gaps != len(data) or min(lengths) < -1:
        raise ValueError("the tokens are cut at other places")
    read = BytesIO(data).read
    return tuple(None if length == -1 else read(length) for length in lengths) if gaps else tuple(map(read, lengths))


def _read(file: Path) -> bytes:
    found = file.lstat()
    # Another user's could say anything, and a pipe would keep us waiting.
    ours = not hasattr(os, "geteuid") or found.st_uid == os.geteuid()
    if not ours or not stat.S_ISREG(found.st_mode) or found.st_size > _ENTRY_LIMIT:
        raise ValueError("not a file of ours")
    return file.read_bytes()


def _evict(folder: Path) -> None:
    """Removes the oldest files until those left are within bounds."""
    room = _FOLDER_LIMIT
    ours = ((path.lstat(), path) for path in folder.iterdir() if _OURS.fullmatch(path.name))
    for found, path in sorted(ours, key=lambda one: -one[0].st_mtime_ns):
        room -= found.st_size
        if room < 0 and stat.S_ISREG(found.st_mode):
            path.unlink(missing_ok=True)
