"""What a user of transformers asks of `generate`, as the decoder's own options.

Options mean what they mean there, and layer as they do there: transformers' defaults, then the target's
generation_config.json, then a `GenerationConfig`, then keywords. What cannot be done is an error, never passed over.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from transformers import GenerationConfig

from .errors import DecodeError
from .options import Options, Sampling

if TYPE_CHECKING:
    Gamma = int | Literal["auto"] | tuple[int, ...]

_KNOWN = frozenset(vars(GenerationConfig()))  # type: ignore[no-untyped-call]
_DEFAULT_NEW_TOKENS = 20  # where neither max_new_tokens nor max_length is given
_DEFAULTS: dict[str, Any] = {"do_sample": False, "temperature": 1.0, "top_k": 50}
_OFF = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "repetition_penalty": 1.0}
_SAMPLING = ("temperature", "top_k", "top_p", "min_p")
_DRAFTING = ("num_assistant_tokens", "assistant_confidence_threshold")
_TAKEN = {"do_sample", *_OFF, *_DRAFTING, "max_new_tokens", "max_length", "stop_strings", "eos_token_id"}

# They change no text where one beam of one sequence is decoded without padding.
_WITHOUT_EFFECT = {"bos_token_id", "early_stopping", "length_penalty", "pad_token_id", "renormalize_logits"}
# Values other than None, False and empty that ask for nothing.
_NEUTRAL: dict[str, Any] = {
    "use_cache": True,
    "num_assistant_tokens_schedule": "constant",
    **dict.fromkeys(("num_beams", "num_beam_groups", "num_return_sequences"), 1),
    **dict.fromkeys(("encoder_repetition_penalty", "guidance_scale", "typical_p"), 1.0),
    **dict.fromkeys(("diversity_penalty", "epsilon_cutoff", "eta_cutoff", "penalty_alpha"), 0.0),
    **dict.fromkeys(("encoder_no_repeat_ngram_size", "min_length", "min_new_tokens", "no_repeat_ngram_size"), 0),
}
# Of the target's own file, what concerns the way it is computed, not the text.
_COMPUTING = (
    "assistant_",
    "cache_",
    "compile_",
    "disable_compile",
    "is_assistant",
    "low_memory",
    "max_cache_len",
    "max_matching_ngram_size",
    "num_assistant_",
    "output_",
    "prefill_chunk_size",
    "prompt_lookup_",
    "return_dict_in_generate",
    "speculation_type",
    "target_lookbehind",
    "use_cache",
    "use_mtp",
)


def options_for(
    config: GenerationConfig | None,
    keywords: Mapping[str, Any],
    own: GenerationConfig | None,
    prompt_length: int,
    *,
    gamma: Gamma = "auto",
    block: bool = False,
    seed: int | None = None,
) -> Options:
    """The options of one run.

    Args:
        config: what is asked as an object; what it leaves at None is not asked.
        keywords: what is asked by name. None turns off what a layer below sets: a filter, a limit, or with
            `eos_token_id` every end-of-sequence id.
        own: the target's generation_config.json, if it has one. Its end-of-sequence ids are left to the pairing, which
            has them.
        prompt_length: ids in the prompt, which `max_length` counts.
        gamma: how many ids to draft, as `Options` has it; `num_assistant_tokens` is another name for it.
        block: as `Options` has it.
        seed: as `Options` has it.

    Raises:
        DecodeError: naming an option that is unknown, cannot be honoured, or has no meaning.
    """
    asked = _asked(config, keywords)
    wanted = _DEFAULTS | _of_the_target(own) | asked
    for name, value in wanted.items():
        if name not in _TAKEN | _WITHOUT_EFFECT and not _asks_nothing(name, value):
            raise DecodeError(_cannot(name, value, by_target=name not in asked))
    return Options(
        max_new_tokens=_new_tokens(wanted, prompt_length),
        gamma=_gamma(wanted, gamma),
        sampling=_sampling(wanted, asked),
        seed=seed,
        stop=_strings(wanted.get("stop_strings")),
        eos=_ids(asked["eos_token_id"]) if "eos_token_id" in asked else None,
        block=block,
        confidence=_real("assistant_confidence_threshold", wanted.get("assistant_confidence_threshold"), 0.0),
    )


def _asked(config: GenerationConfig | None, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """What the caller set, in either way."""
    if config is not None and not isinstance(config, GenerationConfig):
        raise DecodeError(
            f"A generation config of type {type(config).__name__} cannot be read: give a GenerationConfig of"
            " transformers, this package's Options, or keywords."
        )
    asked = _set_in(config) | dict(keywords)
    if strange := [name for name in asked if name not in _KNOWN]:
        near = difflib.get_close_matches(strange[0], [*sorted(_TAKEN), "gamma", "seed"], n=1)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise DecodeError(f"{strange[0]} is no option that decoding with a drafter takes here.{meant}")
    return asked


def _of_the_target(own: GenerationConfig | None) -> dict[str, Any]:
    known = _KNOWN - {"eos_token_id"}
    return {name: value for name, value in _set_in(own).items() if name in known and not name.startswith(_COMPUTING)}


def _set_in(config: GenerationConfig | None) -> dict[str, Any]:
    if config is None:
        return {}
    return {
        name: value
        for name, value in vars(config).items()
        if value is not None and name != "transformers_version" and not name.startswith("_")
    }


def _asks_nothing(name: str, value: object) -> bool:
    if name in _NEUTRAL:
        return value is None or bool(value == _NEUTRAL[name])
    return value is None or value is False or (isinstance(value, (list, tuple, dict, set)) and not value)


def _cannot(name: str, value: object, *, by_target: bool) -> str:
    if by_target:
        return (
            f"The target's generation_config.json sets {name} to {str(value)[:60]}, which decoding with a drafter does"
            f" not do here: pass {name}=None to go without."
        )
    return f"{name}={str(value)[:60]} is not among what decoding with a drafter does here: leave it out."


def _new_tokens(wanted: Mapping[str, Any], prompt_length: int) -> int:
    if (count := wanted.get("max_new_tokens")) is not None:
        return _whole("max_new_tokens", count)
    if (length := wanted.get("max_length")) is None:
        return _DEFAULT_NEW_TOKENS
    if _whole("max_length", length) <= prompt_length:
        raise DecodeError(
            f"A max_length of {length} leaves no room after a prompt of {prompt_length} tokens: give max_new_tokens."
        )
    return _whole("max_length", length) - prompt_length


def _gamma(wanted: Mapping[str, Any], gamma: Gamma) -> Gamma:
    count = wanted.get("num_assistant_tokens")
    if count is not None and gamma != "auto":
        raise DecodeError("gamma and num_assistant_tokens are two names of one thing: give one of them.")
    if count is not None:
        return _whole("num_assistant_tokens", count)
    if isinstance(gamma, (list, tuple)):
        return tuple(_whole("gamma", one) for one in gamma)
    return gamma if gamma == "auto" else _whole("gamma", gamma)


def _sampling(wanted: Mapping[str, Any], asked: Mapping[str, Any]) -> Sampling:
    """Greedy unless do_sample is set, whatever the temperature, as in transformers."""
    value = {name: _real(name, wanted.get(name), off) for name, off in _OFF.items()}
    if not wanted["do_sample"]:
        unheard = [
            name for name in _SAMPLING if name in asked and value[name] not in (0, _OFF[name], _DEFAULTS.get(name))
        ]
        if unheard:
            warnings.warn(
                f"Decoding is greedy without do_sample=True, so {' and '.join(unheard)} will change nothing.",
                stacklevel=4,
            )
        return Sampling(repetition_penalty=value["repetition_penalty"])
    if wanted["top_k"] is not None:
        _whole("top_k", wanted["top_k"])
    return Sampling(
        value["temperature"], int(value["top_k"]), value["top_p"], value["min_p"], value["repetition_penalty"]
    )


def _ids(value: object) -> frozenset[int]:
    if value is None:
        return frozenset()
    plain = value.tolist() if hasattr(value, "tolist") else value
    ids = plain if isinstance(plain, (list, tuple, set, frozenset)) else [plain]
    return frozenset(_whole("eos_token_id", one) for one in ids)


def _strings(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    strings = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, (list, tuple)) else (value,)
    if not all(isinstance(one, str) for one in strings):
        raise DecodeError(f"stop_strings={str(value)[:60]} are no strings: give one, or a list of them.")
    return strings


def _whole(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise DecodeError(f"{name}={str(value)[:60]} is no whole number: give one.")
    return value


def _real(name: str, value: object, off: float) -> float:
    if value is None:
        return off
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise DecodeError(f"{name}={str(value)[:60]} is no number: give one.")
    return value
