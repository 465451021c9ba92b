"""Checks whether a drafter fits a target for speculative decoding, from what the two models publish about themselves.

`check("org/target", "org/drafter")` reads both models and returns a `Report`; `report.decision.verdict` is the answer.
Nothing here imports torch or transformers, and names are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .errors import CheckError
    from .pipeline import Access, Report, check
    from .verdict import Policy, Verdict

__all__ = ["Access", "CheckError", "Policy", "Report", "Verdict", "check"]

_HOMES = {"CheckError": ".errors", "Policy": ".verdict", "Verdict": ".verdict"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES.get(name, ".pipeline"), __name__), name)
