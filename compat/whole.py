"""Files that are written whole or not at all."""

from __future__ import annotations

import secrets
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file, and the folders above it, so that a reader beside us never sees half of it.

    Raises:
        OSError: if the disk is full or read-only; nothing is left behind then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{secrets.token_hex(8)}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
