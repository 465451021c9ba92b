"""What a model is, from config.json: kind, state, positions, window, mixture, and whether it is a model by itself."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from . import model_types
from .evidence import Unknown
from .facts_model import Architecture, Experts, Kind, Rope
from .fingerprint_config import CONTEXT, NO_CONFIG, Config, context_of, is_number, outer_vocabulary, rope_parts
from .fingerprint_heads import heads_of
from .jsonfile import integer, mapping, text
from .visible import shortened
from .weights import OTHER_PARTS, Tensor

_EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")
_ACTIVE = ("num_experts_per_tok", "num_experts_per_token", "experts_per_token", "moe_topk", "moe_top_k", "moe_k")
_OTHER_MEDIA = ("vision_config", "audio_config", "speech_config", "visual")
# Types that slide only where they say so, and from `max_window_layers` on.
_SLIDES_WHERE_ASKED = frozenset(
    "qwen2 qwen2_moe qwen3 qwen3_moe qwen2_vl qwen2_vl_text qwen2_5_vl qwen2_5_vl_text qwen2_5_omni_text".split()
)
# Parts that only quantised matrices have: those of GPTQ and AWQ, compressed-tensors, bitsandbytes, block-wise fp8.
_SMALL = ("F8", "F6", "F4", "I8", "U8")
_PACKED = ("qweight", "weight_packed", "absmax", "SCB", "weight_scale_inv")
_DEPTH = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
_LAYER = re.compile(r"(?:^|\.)(?:layers|h|blocks)\.(\d+)\.")
_NUMBERED = re.compile(r"\.\d+\.")
_MOST_CLASSES, _LONGEST_CLASS, _LONGEST_METHOD = 8, 128, 32


def architecture(config: Config, tensors: Mapping[str, Tensor], names: Collection[str]) -> Architecture | Unknown:
    """What the model is, by its type, its keys and `is_encoder_decoder`.

    Args:
        config: config.json.
        tensors: those whose header was read.
        names: of all tensors, as far as they are known.
    """
    if config.whole is None:
        return NO_CONFIG
    model_type = config.types[0]
    if model_type is None:
        return Unknown("names no model_type in config.json")
    classes = _classes(config.whole)
    head = _trained_head(model_type, config.whole, classes)
    return Architecture(
        model_type=model_type,
        kind=_kind(model_type, config, classes if head is None else ()),
        stateful=_stateful(config),
        remote_code="auto_map" in config.whole,
        quantization=_quantization(config.whole) or _quantization(config.of_text) or _packed(tensors),
        rope_switch=_rope_switch(config),
        classes=classes,
        multimodal=_multimodal(model_type, config.whole),
        mrope=any("mrope_section" in part or _rope_type(part) == "mrope" for part in rope_parts(config)),
        window=_window(config),
        rope=_rope(config),
        experts=_experts(config),
        trained_head=head,
        draft_vocabulary=_draft_vocabulary(config, tensors),
        outer_vocabulary=outer_vocabulary(config),
        lacking=_lacking(config, names),
        heads=heads_of(config),
    )


def _classes(whole: dict[str, Any]) -> tuple[str, ...]:
    listed = whole.get("architectures")
    names = [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
    return tuple(shortened(name, _LONGEST_CLASS) for name in names[:_MOST_CLASSES])


def _kind(model_type: str, config: Config, classes: tuple[str, ...]) -> Kind | Unknown:
    whole, types = config.whole or {}, {*config.types} - {None}
    encodes = whole.get("is_encoder_decoder") or config.of_text.get("is_encoder_decoder")
    if encodes or types & model_types.ENCODER_DECODERS:
        return Kind.ENCODER_DECODER
    if _sees_both_ways(config):
        return Kind.ENCODER
    if types & model_types.ENCODERS:
        decodes = whole.get("is_decoder") is True and types & model_types.DECODERS
        return Kind.CAUSAL if decodes else Kind.ENCODER
    if classes and all(re.fullmatch(model_types.OTHER_TASKS, name, re.ASCII) for name in classes):
        return Unknown(f"is published as {classes[0]}, a class without a head that predicts the next token")
    if model_type in model_types.CAUSAL:
        return Kind.CAUSAL
    if model_type in model_types.WRAPPERS:
        for inner in types - {model_type} - model_types.CAUSAL - model_types.WRAPPED:
            return Unknown(f"has a language model of type '{inner}' inside, which this version does not know")
        return Kind.CAUSAL
    return Unknown(f"is of model type '{model_type}', which this version does not know")


def _sees_both_ways(config: Config) -> bool:
    """Whether a decoder's layers look ahead, as those of embedding models do (EmbeddingGemma, Gemma 3 and 4's key).

    `vision` in this place means images alone.
    """
    return config.types[0] not in model_types.WRAPPERS and any(
        part.get("is_causal") is False or part.get("use_bidirectional_attention") in (True, "all")
        for part in config.parts
    )


def _stateful(config: Config) -> bool:
    layers = config.of_text.get("layer_types")
    kinds = {text(layer) for layer in layers} if isinstance(layers, list) else set()
    return bool({*config.types} & model_types.STATEFUL or kinds & model_types.STATEFUL_LAYERS)


def _quantization(config: dict[str, Any]) -> str | None:
    found = config.get("quantization_config") or config.get("compression_config")
    if found:
        return text(mapping(found).get("quant_method")) or "an unnamed method"
    return "mlx" if "bits" in mapping(config.get("quantization")) else None


def _packed(tensors: Mapping[str, Tensor]) -> str | None:
    """What tells quantised weights apart whose config is silent, as that of early GPTQ and AWQ repositories."""
    leaves = {name.rpartition(".")[2] for name in tensors}
    matrices = [tensor for name, tensor in tensors.items() if name.endswith(".weight") and len(tensor.shape) == 2]
    small = sorted({tensor.dtype for tensor in matrices if tensor.dtype.startswith(_SMALL)})
    found = next((leaf for leaf in _PACKED if leaf in leaves), None) or next(iter(small), None)
    return found and f"unnamed, with {shortened(found, _LONGEST_METHOD)} among its tensors"


def _lacking(config: Config, names: Collection[str]) -> int | None:
    # LongCat counts its blocks by one key, and by another the two halves that each of them has.
    depth = min((given for key in _DEPTH if (given := config.number(key)) is not None), default=None)
    if depth is None or not names:
        return None
    layers = (_LAYER.search(name) for name in names if not any(part in name for part in OTHER_PARTS))
    held = {int(layer[1][:9]) for layer in layers if layer}
    if not held and any(_NUMBERED.search(name) for name in names):
        return None  # they are named in another way
    return depth - sum(number < depth for number in held) or None


def _multimodal(model_type: str, whole: dict[str, Any]) -> bool:
    known = model_type in model_types.WRAPPERS | model_types.MULTIMODAL
    return known or any(isinstance(whole.get(key), dict) for key in _OTHER_MEDIA)


def _rope_type(part: dict[str, Any]) -> str | None:
    return text(part.get("rope_type")) or text(part.get("type"))


def _rope_switch(config: Config) -> int | None:
    """Where LongRoPE goes from its short to its long factors (arXiv 2402.13753, as transformers computes it)."""
    for part in rope_parts(config):
        if _rope_type(part) in ("longrope", "su"):
            own = integer(part.get("original_max_position_embeddings"))
            return own or config.number("original_max_position_embeddings", *CONTEXT)
    return None


def _rope(config: Config) -> Rope | None:
    parts = rope_parts(config)
    bases = (part.get("rope_theta") for part in (config.of_text, *parts))
    theta = next((float(base) for base in bases if is_number(base)), None)
    scaled = next((part for part in parts if _rope_type(part) not in (None, "default", "mrope")), None)
    if theta is None and scaled is None:
        return None
    if scaled is None:
        return Rope(theta)
    factor, own = scaled.get("factor"), integer(scaled.get("original_max_position_embeddings"))
    original = own or config.number("original_max_position_embeddings")
    return Rope(
        theta,
        _rope_type(scaled),
        float(factor) if is_number(factor) else None,
        int(original) if is_number(original) else None,
    )


def _window(config: Config) -> int | None:
    part = config.of_text
    layers = part.get("layer_types")
    if isinstance(layers, list) and not {"sliding_attention", "chunked_attention"} & {text(kind) for kind in layers}:
        return None
    if part.get("use_sliding_window") is False:
        return None
    if {*config.types} & _SLIDES_WHERE_ASKED and not isinstance(layers, list):
        full, depth = integer(part.get("max_window_layers")), integer(part.get("num_hidden_layers"))
        if part.get("use_sliding_window") is not True or (full is not None and depth is not None and full >= depth):
            return None
    window = next((part[key] for key in _window_keys(config) if (integer(part.get(key)) or 0) > 0), None)
    context = context_of(config)
    covers_all = window is not None and isinstance(context, int) and window >= context
    return None if covers_all else window


def _window_keys(config: Config) -> tuple[str, ...]:
    """The names that a window has in these types; elsewhere the same words mean other things."""
    if "gpt_neo" in config.types:
        return ("window_size",)
    return ("attention_chunk_size",) if {"llama4", "llama4_text"} & {*config.types} else ("sliding_window",)


def _experts(config: Config) -> Experts | None:
    nested = mapping(config.of_text.get("ffn_config"))  # DBRX keeps them there
    total = config.number(*_EXPERTS) or integer(nested.get("moe_num_experts")) or 0
    active = config.number(*_ACTIVE, "top_k_experts") or integer(nested.get("moe_top_k")) or 0
    return Experts(total, min(active, total)) if total > 1 and active > 0 else None


def _trained_head(model_type: str, whole: dict[str, Any], classes: tuple[str, ...]) -> str | None:
    if method := model_types.HEAD_TYPES.get(model_type):
        return method
    if named := text(whole.get("speculators_model_type")):
        return shortened(named, _LONGEST_METHOD)
    for key, method in model_types.HEAD_KEYS.items():
        if whole.get(key):
            return method
    for name in classes:
        for pattern, method in model_types.HEAD_CLASSES.items():
            if re.fullmatch(pattern, name, re.ASCII):
                return method
    return None


def _draft_vocabulary(config: Config, tensors: Mapping[str, Tensor]) -> int | None:
    """How many ids a reduced head has, by its config or by the length of the table that translates them (`d2t`)."""
    declared, whole = config.number("draft_vocab_size"), config.number("vocab_size")
    if declared is not None and (whole is None or declared < whole):
        return declared
    tables = [tensor for name, tensor in tensors.items() if name.rpartition(".")[2] == "d2t" and len(tensor.shape) == 1]
    length = tables[0].shape[0] if tables else None
    return length if length is not None and (whole is None or length < whole) else None
