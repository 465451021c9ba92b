"""The pair that a worker measures: loaded from folders, or built."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import torch

from ..checkpoint import DTYPES, device_of, load_model, share_out
from ..pairing import Pairing

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from ..admit import Admission


class Prompts(Protocol):
    """Where prompts come from."""

    def prompts(self, count: int, length: int) -> list[list[int]]:
        """That many prompts as ids; texts keep their own lengths."""


@dataclass(frozen=True, slots=True)
class OpenPair:
    """Two models on one device.

    Attributes:
        target: the big one.
        drafter: the small one.
        pairing: their facts, without end-of-sequence ids: every engine decodes as many ids as are asked for.
        source: of prompts.
        epsilon: of a synthetic pair, what its acceptance was set by, for others to build the same without a search.
        expected_alpha: of a synthetic pair, the acceptance that it was found to have.
    """

    target: PreTrainedModel
    drafter: PreTrainedModel
    pairing: Pairing
    source: Prompts
    epsilon: float | None = None
    expected_alpha: float | None = None

    @property
    def device(self) -> torch.device:
        """Where both lie."""
        return self.target.device

    @property
    def bytes(self) -> int:
        """Of all weights."""
        both = (*self.target.parameters(), *self.drafter.parameters())
        return sum(weight.numel() * weight.element_size() for weight in both)


class _Texts:
    """Prompts of a real pair: the texts that ship with the demo models, as the target reads them."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def prompts(self, count: int, _length: int) -> list[list[int]]:
        from transformers import AutoTokenizer

        from .. import demo

        texts = demo.prompts()
        tokenizer = AutoTokenizer.from_pretrained(self._folder, trust_remote_code=False)
        return [tokenizer(texts[number % len(texts)])["input_ids"] for number in range(count)]


def folders(admission: Admission) -> dict[str, Any]:
    """What a worker needs of an admitted pair, as JSON can carry it.

    Raises:
        CheckError: if the weights cannot be had.
    """
    sides = {"target": admission.target, "drafter": admission.drafter}
    models = {side: {"folder": str(one.folder()), "name": one.name, "rows": one.rows} for side, one in sides.items()}
    return {"kind": "folders", **models, "pairing": asdict(admission.pairing) | {"eos": []}}


def synthetic(shape: str, alpha: float, *, seed: int, temperature: float) -> dict[str, Any]:
    """The same of a pair that every worker builds for itself, from the same seed."""
    return {"kind": "synthetic", "shape": shape, "alpha": alpha, "seed": seed, "temperature": temperature}


def open_pair(pair: dict[str, Any], device: str | None, dtype: str | None, threads: int | None) -> OpenPair:
    """Both models on the device, with as many threads as all engines are given.

    Raises:
        DecodeError: if a model cannot be loaded or built.
    """
    where = device_of(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    if threads is not None:
        torch.set_num_threads(threads)
    found = _synthetic(pair, where, dtype) if pair["kind"] == "synthetic" else _loaded(pair, where, dtype)
    if threads is None:
        share_out(found.target)
    return found


def _loaded(pair: dict[str, Any], device: torch.device, dtype: str | None) -> OpenPair:
    chosen = dtype or ("float32" if device.type == "cpu" else "auto")
    target, drafter = (
        load_model(
            Path(pair[side]["folder"]),
            name=pair[side]["name"],
            rows=pair[side]["rows"],
            device=device,
            dtype=DTYPES.get(chosen, "auto"),
        ).model
        for side in ("target", "drafter")
    )
    facts = pair["pairing"]
    proposable = tuple((start, end) for start, end in facts["proposable"])
    pairing = Pairing(**facts | {"proposable": proposable, "eos": frozenset()})
    return OpenPair(target, drafter, pairing, _Texts(pair["target"]["folder"]))


def _synthetic(pair: dict[str, Any], device: torch.device, dtype: str | None) -> OpenPair:
    from ..synthetic import build

    chosen = DTYPES[dtype or ("float32" if device.type == "cpu" else "bfloat16")]
    made = build(
        pair["shape"],
        pair["alpha"],
        device=device,
        dtype=chosen,
        seed=pair["seed"],
        temperature=pair["temperature"],
        epsilon=pair.get("epsilon"),
    )
    return OpenPair(made.target, made.drafter, made.pairing, made, made.epsilon, made.expected_alpha)
