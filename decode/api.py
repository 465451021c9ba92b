"""The decoder from Python: `load` admits a pair and gives what decodes with it."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from specdec_check.compat.pipeline import DEFAULT_SECONDS, Access

from .admit import Admission, by_certificate, by_check, by_target
from .errors import DecodeError

if TYPE_CHECKING:
    import torch

    from .options import Drafts
    from .quantise import Quantisation
    from .session import Session


def load(
    certificate_or_pair: str | os.PathLike[str] | tuple[str, str],
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
    *,
    drafts: Drafts | None = None,
    quantised: Quantisation | None = None,
    allow_specials: bool = False,
    offline: bool = False,
    timeout: float = DEFAULT_SECONDS,
) -> Session:
    """Loads a pair for decoding, if it is certified and still what was certified.

    Args:
        certificate_or_pair: the path of a certificate (a name that ends in .json, or any file), whose pair is loaded
            at its commits; or target and drafter, as `specdec-check` takes them, which are checked first; or a target
            alone, whose drafts are then looked up in the text.
        device: where to, such as "cpu" or "cuda:1"; None takes CUDA if there is any.
        dtype: what to compute in, such as "bfloat16" or `torch.bfloat16`; None takes float32 on a CPU, and the
            checkpoint's own elsewhere.
        drafts: who drafts: "model", "lookup", or "hybrid", which looks up where the text repeats itself and asks the
            model elsewhere. None takes the model where there is one.
        quantised: "int8" or "fp8" stores the drafter's weights in 8 bits, which needs the extra `quantise`.
        allow_specials: load a pair whose control tokens differ; a certificate says so itself.
        offline: read models from the cache alone.
        timeout: the longest that the Hub may take, in seconds per model.

    Raises:
        NotAdmittedError: if the pair is refused or undecided, or drifted from its certificate.
        CheckError: if the certificate or a model cannot be had or loaded.
    """
    need_libraries()
    access = Access(offline, timeout)
    drafts = drafts or ("lookup" if _is_target(certificate_or_pair) else "model")
    admission = _admitted(certificate_or_pair, access, drafts, allow_specials=allow_specials)
    # torch and transformers are imported only for a pair that may run: they cost seconds.
    from .session import Session

    return Session.load(admission, device, dtype, drafts, quantised)


def need_libraries() -> None:
    """Says so before anything is fetched, where the light installation lacks what decoding needs.

    Raises:
        DecodeError: naming what is missing, and how to install it.
    """
    if missing := [name for name in ("torch", "transformers") if find_spec(name) is None]:
        raise DecodeError(
            f"Decoding needs {' and '.join(missing)}, which the light installation leaves out: in a"
            ' checkout of specdec-check, run `python -m pip install ".[decode]"`.'
        )


def _admitted(asked: object, access: Access, drafts: Drafts, *, allow_specials: bool) -> Admission:
    if isinstance(asked, (tuple, list)):
        if len(asked) != 2 or not all(isinstance(one, str) for one in asked):
            raise DecodeError(f"A pair is a target and a drafter, two names, and not {str(asked)[:100]}.")
        target, drafter = asked
        return by_check(target, drafter, access, allow_specials=allow_specials)
    if not isinstance(asked, (str, os.PathLike)):
        raise DecodeError(
            f"A {type(asked).__name__} names no pair: give a certificate's path, or target and drafter as a tuple."
        )
    if not _is_target(asked):
        return by_certificate(Path(asked), access)
    if drafts != "lookup":
        raise DecodeError(f"{os.fspath(asked)} is a target alone, and there is no model to draft: give a pair.")
    return by_target(str(os.fspath(asked)), access)


def _is_target(asked: object) -> bool:
    """Whether a target is named, rather than a pair or a certificate."""
    if not isinstance(asked, (str, os.PathLike)):
        return False
    path = Path(asked)
    return path.suffix != ".json" and (path.suffix == ".gguf" or not path.is_file())
