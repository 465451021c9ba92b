"""A drafter with smaller weights: it proposes sooner, and what is committed stays the target's own.

Every step of a drafter streams its weights once, so half the bytes are nearly half the time. The target is never
quantised here: p would be another distribution.
"""

from __future__ import annotations

import importlib
import logging
import warnings
from typing import TYPE_CHECKING, Literal

from .errors import DecodeError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Quantisation = Literal["int8", "fp8"]

# torchao's names: weights alone are stored small, and are widened where they are multiplied.
_CONFIGS = {"int8": "Int8WeightOnlyConfig", "fp8": "Float8WeightOnlyConfig"}


def quantise(model: PreTrainedModel, how: Quantisation, name: str) -> None:
    """Stores a drafter's linear layers in 8 bits, in place; embeddings stay as they are.

    Args:
        model: in evaluation mode.
        how: "int8", or "fp8" (e4m3), whose products need a GPU of compute capability 8.9.
        name: what to call it in errors.

    Raises:
        DecodeError: if torchao is missing, or cannot do it with this model.
    """
    logging.getLogger("torchao").setLevel(logging.ERROR)  # kernels for other machines than this one are no news
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torchao = importlib.import_module("torchao.quantization")
    except ImportError:
        raise DecodeError(
            'Quantising needs torchao, which comes with the extra `quantise`: run `python -m pip install ".[quantise]"`'
            " in a checkout of specdec-check, or decode without."
        ) from None
    try:
        torchao.quantize_(model, getattr(torchao, _CONFIGS[how])())
    except Exception as error:
        why = str(error).partition("\n")[0][:200]
        raise DecodeError(f"{name} could not be quantised to {how} ({why}): load it without.", model=name) from error
