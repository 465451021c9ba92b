"""Facts from config.json: the declared size, the context, the tie; and where in it the language model's part lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeGuard

from . import model_types
from .errors import MalformedError
from .evidence import Unknown
from .jsonfile import integer, mapping, text

# Where multimodal configs keep the language model's own.
_TEXT_CONFIGS = ("text_config", "llm_config", "language_config", "thinker_config")
CONTEXT = ("max_position_embeddings", "n_positions", "n_ctx", "max_sequence_length", "max_seq_len", "seq_length")
# A length that stands above the others in configs of rotary models, such as Command R's.
_ABOVE = "model_max_length"
# Their tables of positions begin behind the padding id (`create_position_ids_from_input_ids` of transformers 5.23).
_BEHIND_PADDING = frozenset(
    "camembert data2vec-text roberta roberta-prelayernorm xlm-roberta xlm-roberta-xl xmod".split()
)
NO_CONFIG = Unknown("publishes no config.json")


@dataclass(frozen=True, slots=True)
class Config:
    """config.json: the whole, and the part that speaks of the language model (the same where nothing is nested)."""

    whole: dict[str, Any] | None
    of_text: dict[str, Any]
    path: str = ""

    @classmethod
    def of(cls, whole: dict[str, Any] | None) -> Config:
        """Finds the language model's part; `thinker_config` may hold a further `text_config`."""
        part: dict[str, Any] = whole or {}
        path: list[str] = []
        while key := next((key for key in _TEXT_CONFIGS if isinstance(part.get(key), dict)), None):
            part = part[key]
            path.append(key)
        return cls(whole, part, ".".join(path))

    @property
    def nested(self) -> bool:
        """Whether the language model's part lies inside the whole."""
        return bool(self.path)

    @property
    def parts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The language model's part before the whole."""
        return self.of_text, self.whole or {}

    @property
    def types(self) -> tuple[str | None, str | None]:
        """`model_type` of the whole, and of the language model's part."""
        return text((self.whole or {}).get("model_type")), text(self.of_text.get("model_type"))

    def number(self, *keys: str) -> int | None:
        """The first of these keys that holds a positive number, in the language model's part before the whole."""
        for part in self.parts:
            for key in keys:
                if (found := integer(part.get(key))) is not None and found > 0:
                    return found
        return None


def vocabulary_size(config: Config) -> int | Unknown | None:
    """V. What is no whole number above zero is damage.

    Of two that contradict each other the nested one counts where the model type is known to be built from its text
    config (`get_text_config` of transformers 5.23, which vLLM and SGLang follow); else neither does.
    """
    if config.whole is None:
        return NO_CONFIG
    given = _sizes(config)
    if len(set(given)) > 1 and not _built_from_text_config(config):
        return Unknown(f"declares two vocabulary sizes, {given[0]} in {config.path} and {given[1]} beside it")
    return given[0] if given else None


def outer_vocabulary(config: Config) -> int | None:
    """The `vocab_size` that stands beside that of the text config, contradicts it, and counts for nothing."""
    given = _sizes(config)
    return given[1] if len(set(given)) > 1 and _built_from_text_config(config) else None


def _sizes(config: Config) -> list[int]:
    given = [part["vocab_size"] for part in config.parts if part.get("vocab_size") is not None]
    for value in given:
        if (integer(value) or 0) < 1:
            raise MalformedError("config.json gives a vocab_size that is no whole number above zero: correct it.")
    return [int(value) for value in given]


def _built_from_text_config(config: Config) -> bool:
    nesting = model_types.WRAPPERS | model_types.MULTIMODAL
    return config.path.endswith("text_config") and config.types[0] in nesting


def context_of(config: Config) -> int | Unknown | None:
    """The longest sequence, in tokens, as the config has it: mostly `max_position_embeddings`.

    By convention that is what the stretched positions cover. Engines take it so: where they multiply it by a factor of
    `rope_scaling`, and where a config keeps the length before, is told by the facts of the rope (see `reach`).
    """
    if config.whole is None:
        return NO_CONFIG
    given = config.number(*CONTEXT)
    if given is not None and {*config.types} & _BEHIND_PADDING:
        padding = integer(config.of_text.get("pad_token_id"))
        given = max(given - 1 - (1 if padding is None else padding), 1)
    above = config.number(_ABOVE)
    if is_number(above) and (rope_parts(config) or is_number(config.of_text.get("rope_theta"))):
        return int(above)
    return given


def rope_parts(config: Config) -> list[dict[str, Any]]:
    """Every object that describes the rotary positions; that of layers with full attention before others'."""
    found = []
    for key in ("rope_parameters", "rope_scaling"):
        rope = mapping(config.of_text.get(key))
        nested = [mapping(rope.get("full_attention")), *map(mapping, rope.values())]  # one for each kind of layer
        found += [part for part in (rope, *nested) if part]
    return found


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether it can be reckoned with: a number above zero that is neither endless nor absurd."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e12


def tied_of(config: Config) -> bool | Unknown | None:
    """Whether the config says that the output head is the embedding."""
    if config.whole is None:
        return NO_CONFIG
    for part in config.parts:
        if isinstance(found := part.get("tie_word_embeddings"), bool):
            return found
    return None
