"""Where and with what a result was had: versions, machine, command. No names of hosts and no paths."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = ("torch", "transformers", "flashspec")


def versions() -> dict[str, str | None]:
    """Of Python, this project and what it is measured with; None for what is not installed."""
    found: dict[str, str | None] = {"python": platform.python_version(), "specdec-check": _version("specdec-check")}
    return found | {name: _version(name) for name in _PACKAGES}


def machine() -> dict[str, Any]:
    """The processor, and how many of its cores may be used."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"cpu": _processor(), "cores": usable}


def today() -> str:
    """The date, UTC."""
    return datetime.now(UTC).date().isoformat()


def shown(word: str) -> str:
    """A word of the command line as it may be published: of a path the last part alone."""
    return Path(word).name if Path(word).exists() and os.sep in word else word


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    """The processor's name, where the system says it."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text(encoding="utf-8").splitlines() if listing.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())
