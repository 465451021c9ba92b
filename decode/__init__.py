"""The bundled speculative decoder: runs pairs that `specdec_check.compat` certifies.

`load(("org/target", "org/drafter"))` admits and loads a pair; what it gives has `generate`, with the options that
transformers' `generate` takes. Nothing here imports torch or transformers, and names are imported when they are first
used: the check reads the demo models' files through this package.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .admit import NotAdmittedError
    from .api import load
    from .errors import DecodeError
    from .options import Options, Sampling

__all__ = ["DecodeError", "NotAdmittedError", "Options", "Sampling", "load"]

_HOMES = {"DecodeError": ".errors", "NotAdmittedError": ".admit", "load": ".api"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES.get(name, ".options"), __name__), name)
