"""A checkpoint on a device, or a sentence that says why not."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import torch
from transformers import AutoModelForCausalLM
from transformers.utils import logging

from .errors import DecodeError
from .runner import embedding_rows, logits_width

if TYPE_CHECKING:
    from transformers import PreTrainedModel


DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_WORTH_SHARING = 30_000_000  # parameters


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model that is ready to run.

    Attributes:
        model: in evaluation mode, without gradients.
        name: what errors call it.
        rows: rows of its output head and of its embedding.
    """

    model: PreTrainedModel
    name: str
    rows: int

    @property
    def device(self) -> torch.device:
        """Where it lies."""
        return self.model.device

    @property
    def dtype(self) -> torch.dtype:
        """What it computes in."""
        return self.model.dtype


def load_model(
    folder: Path,
    *,
    name: str | None = None,
    rows: int | None = None,
    device: str | torch.device = "cpu",
    dtype: torch.dtype | Literal["auto"] = "auto",
) -> LoadedModel:
    """Loads a causal language model for decoding from a folder; nothing is asked of the network.

    No code from the repository is run, and pickled weights are read by torch's restricted unpickler alone; safetensors
    are preferred.

    Args:
        folder: config, weights and tokenizer, as `save_pretrained` writes them.
        name: what to call it in errors; None takes the folder.
        rows: the certified rows of output head and embedding; None takes what is found.
        device: where to.
        dtype: what to compute in; "auto" is what the checkpoint says.

    Raises:
        DecodeError: if it cannot be loaded, lacks weights, or is not as wide as certified.
    """
    name = str(folder) if name is None else name
    if not folder.is_dir():  # transformers would take the words for a repository's name
        raise DecodeError(f"{folder} is no folder: give the one that holds the checkpoint.", model=name)
    where = device_of(device)
    with _quiet():
        model = _loaded(folder, name, where, dtype)
    found = {"output head": logits_width(model), "embedding": embedding_rows(model)}
    certified = found["output head"] if rows is None else rows
    for part, width in found.items():
        if width != certified:
            raise DecodeError(
                f"{name}'s {part} has {width} rows where {certified} were expected: check the pair again, and run only"
                " what was checked.",
                model=name,
            )
    return LoadedModel(model, name, certified)


def device_of(device: str | torch.device) -> torch.device:
    """The device of that name, if torch can use it.

    Raises:
        DecodeError: if it names none, or one that is not here.
    """
    try:
        where = torch.device(device)
    except RuntimeError:
        raise DecodeError(f"'{device}' names no device: give cpu, cuda or cuda:N.") from None
    if where.type not in ("cpu", "cuda"):
        raise DecodeError(f"'{device}' is no device to decode on: give cpu, cuda or cuda:N.")
    if where.type == "cuda" and not torch.cuda.is_available():
        raise DecodeError("There is no CUDA device that torch can use: give cpu.")
    if where.type == "cuda" and (where.index or 0) >= torch.cuda.device_count():
        raise DecodeError(f"There is no {where}: the last is cuda:{torch.cuda.device_count() - 1}.")
    return where


def share_out(target: PreTrainedModel) -> None:
    """One thread for a small model on a CPU: its matrices take less time than threads take to meet."""
    small = sum(weight.numel() for weight in target.parameters()) < _WORTH_SHARING
    if target.device.type == "cpu" and small and "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)


def _loaded(folder: Path, name: str, device: torch.device, dtype: torch.dtype | Literal["auto"]) -> PreTrainedModel:
    """The model on its device, or what transformers said, as a sentence."""
    try:
        loaded = AutoModelForCausalLM.from_pretrained(
            str(folder),
            dtype=dtype,
            local_files_only=True,
            trust_remote_code=False,
            weights_only=True,
            output_loading_info=True,
        )
        model, report = cast("tuple[PreTrainedModel, dict[str, Any]]", loaded)
        model.to(device).eval().requires_grad_(requires_grad=False)  # type: ignore[arg-type] # its stub is off
    except torch.OutOfMemoryError:
        raise DecodeError(
            f"{name} does not fit into {device}: take a smaller dtype, or another device.", model=name
        ) from None
    except Exception as error:  # a checkpoint can make its loader raise anything
        raise DecodeError(_sentence(name, error), model=name) from error
    if missing := sorted(report["missing_keys"]):
        raise DecodeError(
            f"{name} lacks {len(missing)} of its weights, the first {missing[0]}: it would run with random ones, so"
            " get the whole checkpoint.",
            model=name,
        )
    return model


def _sentence(name: str, error: Exception) -> str:
    said = " ".join(str(error).split()) or type(error).__name__
    if "trust_remote_code" in said:
        return f"{name} brings its own model code, and none is run here: take a model that transformers itself has."
    first = re.split(r"(?<=[.!?]) ", said)[0].rstrip(".")
    advice = {
        ImportError: "install what it needs",
        OSError: "see that the checkpoint is whole and can be read",
    }
    fix = next((text for kind, text in advice.items() if isinstance(error, kind)), "see that its files are intact")
    return f"{name} could not be loaded ({first[:300]}): {fix}."


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps transformers from writing to the terminal; what matters becomes an error."""
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
