"""An admitted pair, loaded and proved to roll back: what `specdec-run` decodes with."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
import transformers

from specdec_check.compat.certificate import tool_version

from .decoder import Decoder
from .draft import ModelDrafter
from .errors import DecodeError
from .load import device_of, load_model
from .probe import probe

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from .admit import Admission, Admitted
    from .options import Options
    from .results import Result
    from .show import RoundPrinter


_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_WORTH_SHARING = 30_000_000  # parameters


@dataclass(frozen=True, slots=True)
class Session:
    """A loaded pair.

    Attributes:
        admission: the pair, as it was admitted.
        decoder: the models on their device.
        tokenizer: the target's.
        device: where they lie.
        dtype: what they compute in.
    """

    admission: Admission
    decoder: Decoder
    tokenizer: PreTrainedTokenizerFast
    device: torch.device
    dtype: torch.dtype

    @classmethod
    def load(cls, admission: Admission, device: str | None, dtype: str | None) -> Session:
        """Loads both models.

        Args:
            admission: the pair.
            device: where to; None takes CUDA if there is any.
            dtype: what to compute in; None takes float32 on a CPU, and the checkpoint's own elsewhere.

        Raises:
            CheckError: if a model cannot be had or loaded, is not as wide as certified, or cannot be rolled back.
        """
        where = device_of(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        target = _model(admission.target, where, dtype)
        _share_out(target)
        drafter = _model(admission.drafter, where, dtype)
        decoder = Decoder(target, admission.pairing, ModelDrafter(drafter, admission.pairing))
        return cls(admission, decoder, _tokenizer(admission.target), target.device, target.dtype)

    def encode(self, prompt: str) -> list[int]:
        """The prompt as the target reads it, with the special tokens that its tokenizer adds."""
        try:
            prompt.encode()
        except UnicodeEncodeError:
            raise DecodeError("The prompt is not UTF-8 text: give it in that encoding.") from None
        ids: list[int] = self.tokenizer(prompt)["input_ids"]
        if not ids and isinstance(start := self.tokenizer.bos_token_id, int):
            return [start]
        return ids

    def generate(self, prompt: str, options: Options, printer: RoundPrinter | None = None) -> Result:
        """Decodes one prompt to its end; `printer` sees every round as it is committed."""
        on_round = None if printer is None else lambda done: printer.show(done, self.tokenizer)
        return self.decoder.generate(self.encode(prompt), options, self.tokenizer, on_round)

    def alone(self, prompt: str, options: Options) -> Result:
        """The same without drafts: the target's own decoding."""
        return self.generate(prompt, replace(options, gamma=0))

    def to_dict(self, results: Sequence[Result], prompts: Sequence[str]) -> dict[str, Any]:
        """One object: a single run's own numbers, or all runs and their sums."""
        from .stats import total

        where = {
            "target": self.admission.target.name,
            "drafter": self.admission.drafter.name,
            "devices": {"target": str(self.device), "drafter": str(self.device)},
            "dtype": str(self.dtype).removeprefix("torch."),
            "versions": {
                "specdec-check": tool_version(),
                "torch": torch.__version__,
                "transformers": transformers.__version__,
                "python": platform.python_version(),
            },
        }
        if len(results) == 1:
            return results[0].to_dict() | {"prompt": prompts[0]} | where
        runs = [{"prompt": prompt} | result.to_dict() for prompt, result in zip(prompts, results, strict=True)]
        return total([result.statistics for result in results]).to_dict() | {"runs": runs} | where


def _share_out(target: transformers.PreTrainedModel) -> None:
    """One thread for a small model on a CPU: its matrices take less time than threads take to meet."""
    small = sum(weight.numel() for weight in target.parameters()) < _WORTH_SHARING
    if target.device.type == "cpu" and small and "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)


def _model(admitted: Admitted, device: torch.device, dtype: str | None) -> transformers.PreTrainedModel:
    chosen = dtype or ("float32" if device.type == "cpu" else "auto")
    loaded = load_model(
        admitted.folder(),
        name=admitted.name,
        rows=admitted.rows,
        device=device,
        dtype=_DTYPES.get(chosen, "auto"),
    )
    probe(loaded.model, admitted.name)
    return loaded.model


def _tokenizer(admitted: Admitted) -> PreTrainedTokenizerFast:
    try:
        found = transformers.AutoTokenizer.from_pretrained(str(admitted.folder()), trust_remote_code=False)
    except Exception as error:
        raise DecodeError(
            f"{admitted.name}'s tokenizer could not be loaded ({str(error).splitlines()[0][:200]}): check its files.",
            model=admitted.name,
        ) from error
    if not isinstance(found, transformers.PreTrainedTokenizerFast):
        raise DecodeError(f"{admitted.name} has no fast tokenizer, which decoding text needs.", model=admitted.name)
    return found
