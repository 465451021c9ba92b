"""The one error of the decoder: a sentence that says what happened, to which model, and what to do next."""

from __future__ import annotations

from specdec_check.compat.errors import CheckError


class DecodeError(CheckError):
    """Decoding cannot start or cannot go on without giving wrong output."""

    kind = "decode"
