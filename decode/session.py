"""An admitted pair, loaded and proved to roll back: what `load` gives, and what `specdec-run` decodes with."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import torch
import transformers

from specdec_check.compat.certificate import tool_version

from .checkpoint import DTYPES, device_of, load_model, share_out
from .decoder import Decoder
from .draft import ModelDrafter
from .errors import DecodeError
from .generation_config import options_for
from .lookup import HybridDrafter, LookupDrafter
from .options import Options
from .probe import probe
from .prompt import prompt_ids
from .quantise import quantise
from .streamer import feeding

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedTokenizerFast

    from .admit import Admission, Admitted
    from .draft import Drafter
    from .generation_config import Gamma
    from .options import Drafts
    from .prompt import Prompt
    from .quantise import Quantisation
    from .results import Result, Round
    from .streamer import Streamer


@dataclass(frozen=True, slots=True)
class Session:
    """A loaded pair, or a target whose drafts are looked up.

    Attributes:
        admission: the pair, as it was admitted.
        decoder: the models on their device.
        tokenizer: the target's.
        device: where they lie.
        dtype: what they compute in.
        generation_config: the target's own, which `generate` starts from; None where it has none.
        drafts: who drafts.
    """

    admission: Admission
    decoder: Decoder
    tokenizer: PreTrainedTokenizerFast
    device: torch.device
    dtype: torch.dtype
    generation_config: GenerationConfig | None
    drafts: Drafts = "model"

    @classmethod
    def load(
        cls,
        admission: Admission,
        device: str | torch.device | None,
        dtype: str | torch.dtype | None,
        drafts: Drafts = "model",
        quantised: Quantisation | None = None,
    ) -> Session:
        """Loads the target, and the drafter unless all drafts are looked up.

        Args:
            admission: the pair.
            device: where to; None takes CUDA if there is any.
            dtype: what to compute in, by torch's name or as torch's object; None takes float32 on a CPU, and "auto" the
                checkpoint's own, which is also what None takes elsewhere.
            drafts: who drafts.
            quantised: how to store the drafter's weights in 8 bits; None leaves them.

        Raises:
            CheckError: if device or dtype names none, or a model cannot be had or loaded, is not as wide as certified,
                or cannot be rolled back.
        """
        where = device_of(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        computing = _dtype_of(dtype, where)
        target = _model(admission.target, where, computing)
        share_out(target)
        decoder = Decoder(target, admission.pairing, _drafter(admission, target.device, computing, drafts, quantised))
        tokenizer = _tokenizer(admission.target)
        return cls(admission, decoder, tokenizer, target.device, target.dtype, target.generation_config, drafts)

    @property
    def title(self) -> str:
        """What decodes, where and in what."""
        names = {"lookup": "prompt lookup", "hybrid": f"{self.admission.drafter.name} and prompt lookup"}
        drafter = names.get(self.drafts, self.admission.drafter.name)
        return f"{self.admission.target.name} × {drafter}, {str(self.dtype).removeprefix('torch.')} on {self.device}"

    def encode(self, prompt: Prompt) -> list[int]:
        """The prompt as the target reads it: what `prompt_ids` takes, gives and raises."""
        return prompt_ids(prompt, self.tokenizer)

    def generate(
        self,
        prompt: Prompt,
        generation_config: GenerationConfig | Options | None = None,
        *,
        streamer: Streamer | None = None,
        on_round: Callable[[Round], object] | None = None,
        gamma: Gamma = "auto",
        block: bool = False,
        seed: int | None = None,
        reuse: bool = False,
        **keywords: Any,  # noqa: ANN401 - transformers' options have types of their own
    ) -> Result:
        """Decodes one prompt to its end, with the options that `generate` of transformers takes.

        They mean what they mean there: without any, 20 new tokens as the target's generation_config.json says, greedy
        if it says nothing. `do_sample=True` draws, from the 50 most probable tokens unless `top_k` says otherwise.

        Args:
            prompt: text, ids, a tensor of them of shape (n,) or (1, n), or messages with a role and a content.
            generation_config: transformers' `GenerationConfig`, or the decoder's own `Options`, which say all.
            streamer: told of the prompt's ids and of what each round commits; its `end` is called once, also when
                decoding fails.
            on_round: sees each round once it is committed.
            gamma: how many ids to draft in a round: a number, "auto", or a number for each round. The same as
                `num_assistant_tokens`.
            block: whether sampled drafts are judged as a block (Sun et al., 2024).
            seed: repeats a run; drawn, and named by the result, if not given.
            reuse: whether to keep what the caches hold of the last run, as far as the prompt begins with its text.
            **keywords: max_new_tokens, max_length, do_sample, temperature, top_k, top_p, min_p, repetition_penalty,
                stop_strings, eos_token_id (in place of the target's own), num_assistant_tokens and
                assistant_confidence_threshold.

        Raises:
            DecodeError: if the prompt or an option cannot be honoured, or the pair's logits are NaN or infinite.
        """
        with feeding(streamer, on_round) as feed:
            ids = self.encode(prompt)
            if not isinstance(generation_config, Options):
                options = options_for(
                    generation_config, keywords, self.generation_config, len(ids), gamma=gamma, block=block, seed=seed
                )
            elif keywords or block or seed is not None or gamma != "auto":
                raise DecodeError("Options say all there is to say: leave out the keywords beside them.")
            else:
                options = generation_config
            feed.prompt(ids)
            return self.decoder.generate(ids, options, self.tokenizer, feed.round, reuse=reuse)

    def alone(self, prompt: Prompt, options: Options) -> Result:
        """The same without drafts: the target's own decoding."""
        return self.generate(prompt, replace(options, gamma=0))

    def to_dict(self, results: Sequence[Result], prompts: Sequence[str]) -> dict[str, Any]:
        """One object: a single run's own numbers, or all runs and their sums."""
        from .stats import total

        where = {
            "target": self.admission.target.name,
            "drafter": None if self.drafts == "lookup" else self.admission.drafter.name,
            "drafts": self.drafts,
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


def _drafter(
    admission: Admission,
    device: torch.device,
    dtype: torch.dtype | Literal["auto"],
    drafts: Drafts,
    quantised: Quantisation | None,
) -> Drafter:
    if drafts == "lookup":
        return LookupDrafter(device)
    loaded = _model(admission.drafter, device, dtype)
    if quantised is not None:
        quantise(loaded, quantised, admission.drafter.name)
    model = ModelDrafter(loaded, admission.pairing)
    return HybridDrafter(LookupDrafter(device), model) if drafts == "hybrid" else model


def _dtype_of(dtype: str | torch.dtype | None, device: torch.device) -> torch.dtype | Literal["auto"]:
    if dtype is None:
        return torch.float32 if device.type == "cpu" else "auto"
    name = str(dtype).removeprefix("torch.")
    if name == "auto":
        return "auto"
    if name not in DTYPES:
        raise DecodeError(f"'{name}' is no dtype to decode in: give {', '.join(DTYPES)} or auto.")
    return DTYPES[name]


def _model(
    admitted: Admitted, device: torch.device, dtype: torch.dtype | Literal["auto"]
) -> transformers.PreTrainedModel:
    loaded = load_model(admitted.folder(), name=admitted.name, rows=admitted.rows, device=device, dtype=dtype)
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
