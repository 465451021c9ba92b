"""Facts of config.json and of the weights' headers: three sizes, context, kind, state, quantisation, cost."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from snapshots import snapshot

from specdec_check.compat import model_types
from specdec_check.compat.errors import MalformedError
from specdec_check.compat.evidence import Evidence, Unknown
from specdec_check.compat.facts import Fingerprint
from specdec_check.compat.facts_model import Architecture, Experts, Heads, Kind, Rope, Rows, Weights
from specdec_check.compat.fingerprint import fingerprint
from specdec_check.compat.weights import INDEX

LLAMA = {"model.embed_tokens.weight": (12, 4), "lm_head.weight": (10, 4)}
TIED = {"model.embed_tokens.weight": (12, 4)}
PICKLED = {"pytorch_model.bin": 900}


def facts(config: Any = None, tensors: Any = None, **more: Any) -> Fingerprint:
    files = {} if config is None else {"config.json": {"model_type": "llama", **config}}
    return fingerprint(snapshot(files, tensors, **more))


def architecture(**config: Any) -> Architecture:
    found = facts(config).architecture
    assert isinstance(found, Architecture)
    return found


def unknown(fact: object) -> str:
    assert isinstance(fact, Unknown)
    return fact.why


# Declared


@pytest.mark.parametrize(
    ("config", "declared", "nested"),
    [
        ({"vocab_size": 7}, 7, False),
        ({}, None, False),
        ({"text_config": {"vocab_size": 9}}, 9, True),
        ({"text_config": {"vocab_size": 9}, "vocab_size": 9}, 9, True),
        ({"text_config": {}, "vocab_size": 7}, 7, True),
        ({"text_config": {"hidden_size": 4}}, None, True),
        ({"text_config": None, "vocab_size": 7}, 7, False),
        ({"thinker_config": {"text_config": {"vocab_size": 5}, "vocab_size": 6}}, 5, True),
        ({"llm_config": {"vocab_size": 5}}, 5, True),
        ({"language_config": {"vocab_size": 5}}, 5, True),
        ({"vocab_size": 10**9}, 10**9, False),
    ],
)
def test_declared_size(config: Any, declared: int | None, nested: bool) -> None:
    found = facts(config)

    assert (found.declared, found.nested) == (declared, nested)


@pytest.mark.parametrize("value", [0, -5, True, "7", 7.0, [7], {}])
def test_a_declared_size_that_is_none_is_damage(value: object) -> None:
    """Passing it over would make a loader's crash a certified pair."""
    with pytest.raises(MalformedError, match="no whole number above zero"):
        facts({"vocab_size": value})


def test_two_declared_sizes_that_contradict_each_other_are_no_fact() -> None:
    """A llama is built from the outer one; what a type that nobody knows is built from, nobody knows."""
    for model_type in ("llama", "never-heard-of"):
        found = facts({"model_type": model_type, "text_config": {"vocab_size": 9}, "vocab_size": 7})

        assert "two vocabulary sizes, 9 in text_config and 7 beside it" in unknown(found.declared)


@pytest.mark.parametrize("model_type", ["llava", "paligemma", "gemma3"])
def test_of_two_declared_sizes_the_text_config_s_counts_where_loaders_build_from_it(model_type: str) -> None:
    found = facts({"model_type": model_type, "text_config": {"vocab_size": 9}, "vocab_size": 7})

    assert isinstance(found.architecture, Architecture)
    assert (found.declared, found.architecture.outer_vocabulary) == (9, 7)
    agreeing = facts({"model_type": model_type, "text_config": {"vocab_size": 9}, "vocab_size": 9}).architecture
    assert isinstance(agreeing, Architecture)
    assert agreeing.outer_vocabulary is None


def test_transformers_builds_from_the_text_config_too() -> None:
    mapping = pytest.importorskip("transformers.models.auto").configuration_auto.CONFIG_MAPPING
    for model_type in ("llava", "paligemma"):
        inner = {"model_type": "gemma" if model_type == "paligemma" else "llama", "vocab_size": 9}

        assert mapping[model_type](text_config=inner, vocab_size=7).get_text_config().vocab_size == 9


@pytest.mark.parametrize(
    ("rope", "context"),
    [
        ({"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}, 256),
        ({"rope_type": "yarn", "factor": 2, "original_max_position_embeddings": 16}, 64),
        ({"rope_type": "yarn", "factor": 4.0}, 64),
        ({"rope_type": "yarn", "factor": 1e300, "original_max_position_embeddings": 64}, 64),
        ({"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 10**400}, 64),
        ({"rope_type": "yarn", "factor": float("nan"), "original_max_position_embeddings": 64}, 64),
        ({"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 64}, 64),
        ({"type": "linear", "factor": 4.0}, 64),
        ("yarn", 64),
    ],
)
def test_yarn_that_keeps_the_length_before_reaches_further(rope: Any, context: int) -> None:
    """Qwen's configs for long texts keep max_position_embeddings; all others have it stretched already."""
    found = facts({"max_position_embeddings": 64, "rope_scaling": rope})

    assert (found.context, found.reach) == (64, context)
    assert facts({"max_position_embeddings": 64, "rope_parameters": {"full_attention": rope}}).reach == context


@pytest.mark.parametrize(
    ("config", "switch"),
    [
        ({}, None),
        ({"rope_scaling": {"rope_type": "llama3", "original_max_position_embeddings": 8}}, None),
        ({"rope_scaling": {"rope_type": "longrope", "original_max_position_embeddings": 8}}, 8),
        ({"rope_scaling": {"type": "su"}, "original_max_position_embeddings": 8}, 8),
        ({"text_config": {"rope_scaling": {"type": "su", "original_max_position_embeddings": 8}}}, 8),
        ({"rope_scaling": {"type": ["longrope"], "x": [1]}, "rope_parameters": "longrope"}, None),
        ({"rope_parameters": {"full_attention": {"rope_type": "longrope"}}, "max_position_embeddings": 16}, 16),
    ],
)
def test_where_longrope_switches(config: Any, switch: int | None) -> None:
    assert architecture(model_type="llama", **config).rope_switch == switch


@pytest.mark.parametrize("key", ["max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "seq_length"])
def test_context_by_any_of_its_names(key: str) -> None:
    assert facts({key: 2048}).context == facts({"text_config": {key: 2048}, key: 7}).context == 2048
    assert facts({key: None}).context is None


def test_without_a_config_everything_of_it_is_unknown() -> None:
    found = facts(None, LLAMA)

    assert {unknown(getattr(found, name)) for name in ("declared", "context", "tied", "architecture")} == {
        "publishes no config.json"
    }
    assert not found.nested
    assert found.rows == Rows(10, 12, Evidence.HEADER)


# Rows


@pytest.mark.parametrize(
    ("config", "tensors", "head", "embedding"),
    [
        ({}, LLAMA, 10, 12),
        ({"tie_word_embeddings": False}, LLAMA, 10, 12),
        ({"tie_word_embeddings": True}, LLAMA, 12, 12),
        ({"text_config": {"tie_word_embeddings": True}}, LLAMA, 12, 12),
        ({"text_config": {"tie_word_embeddings": False}, "tie_word_embeddings": True}, LLAMA, 10, 12),
        ({"tie_word_embeddings": True}, TIED, 12, 12),
        ({"model_type": "gemma2", "tie_word_embeddings": None}, TIED, 12, 12),
        ({"model_type": "gemma2"}, TIED, 12, 12),
        ({"model_type": "gpt2"}, {"wte.weight": (9, 4), "wpe.weight": (64, 4)}, 9, 9),
        ({}, {"transformer.wte.weight": (9, 4), "lm_head.weight": (8, 4), "lm_head.bias": (8,)}, 8, 9),
        ({}, {"gpt_neox.embed_in.weight": (9, 4), "embed_out.weight": (8, 4)}, 8, 9),
        (
            {"model_type": "opt"},
            {"model.decoder.embed_tokens.weight": (9, 4), "model.decoder.embed_positions.weight": (66, 4)},
            9,
            9,
        ),
        ({}, {"transformer.word_embeddings.weight": (9, 4), "lm_head.weight": ("F8_E4M3", (8, 4))}, 8, 9),
        (
            {"model_type": "openai-gpt"},
            {"transformer.tokens_embed.weight": (9, 4), "transformer.positions_embed.weight": (64, 4)},
            9,
            9,
        ),
        ({}, {"shared.weight": (9, 4), "encoder.embed_tokens.weight": (7, 4), "lm_head.weight": (9, 4)}, 9, 9),
        (
            {},
            {
                "language_model.model.embed_tokens.weight": (9, 4),
                "language_model.lm_head.weight": (8, 4),
                "vision_tower.embed_tokens.weight": (3, 4),
                "visual.lm_head.weight": (3, 4),
                "audio_tower.wte.weight": (3, 4),
                "mtp.embed_tokens.weight": (5, 4),
                "talker.lm_head.weight": (2, 4),
            },
            8,
            9,
        ),
        (
            {},
            {
                "model.embed_tokens.weight": (9, 4),
                "model.layers.61.embed_tokens.weight": (7, 4),
                "lm_head.weight": (9, 4),
                "model.layers.61.shared_head.head.weight": (7, 4),
            },
            9,
            9,
        ),
    ],
)
def test_rows_in_the_header(config: Any, tensors: Any, head: int, embedding: int) -> None:
    found = facts(config, tensors).rows

    assert isinstance(found, Rows)
    assert (found.head, found.embedding, found.evidence) == (head, embedding, Evidence.HEADER)


@pytest.mark.parametrize(
    ("config", "tensors", "unused"),
    [
        ({"tie_word_embeddings": True}, LLAMA, 10),
        ({"tie_word_embeddings": True}, TIED, None),
        ({"tie_word_embeddings": True}, {**TIED, "lm_head.weight": ("U8", (40, 1))}, None),
        ({"tie_word_embeddings": False}, LLAMA, None),
        ({}, LLAMA, None),
    ],
)
def test_a_head_beside_a_tied_embedding_is_told(config: Any, tensors: Any, unused: int | None) -> None:
    found = facts(config, tensors).rows

    assert isinstance(found, Rows)
    assert found.unused == unused


@pytest.mark.parametrize(
    ("tensors", "named"),
    [
        ({**TIED, "lm_head.qweight": ("I32", (4, 2)), "lm_head.bias": (10,)}, "lm_head.qweight"),
        ({**TIED, "language_model.lm_head.weight_packed": ("I32", (4, 2))}, "lm_head.weight_packed"),
        ({**TIED, "lm_head.weight": ("U8", (40, 1))}, "lm_head.weight"),
        ({**LLAMA, "model.embed_tokens.weight": ("U32", (12, 1))}, "model.embed_tokens.weight"),
        ({**LLAMA, "lm_head.weight": (40,)}, "lm_head.weight"),
    ],
)
def test_rows_of_a_packed_matrix_are_unknown(tensors: Any, named: str) -> None:
    assert unknown(facts({}, tensors).rows).startswith("keeps ")
    assert named in unknown(facts({}, tensors).rows)


def test_a_packed_head_that_is_tied_is_not_used() -> None:
    tensors = {**TIED, "lm_head.weight": ("U8", (40, 1))}

    assert facts({"tie_word_embeddings": True}, tensors).rows == Rows(12, 12, Evidence.HEADER)


def test_rows_of_a_head_that_is_neither_tied_nor_there_are_unknown() -> None:
    assert "no output head among its weights" in unknown(facts({"tie_word_embeddings": False}, TIED).rows)


def test_rows_are_unknown_where_a_loader_takes_other_weights() -> None:
    assert "transformers_weights" in unknown(facts({"transformers_weights": "other.safetensors"}, LLAMA).rows)
    assert "an adapter" in unknown(facts({}, LLAMA, listed={"adapter_config.json": 9}).rows)


def test_rows_of_a_model_without_a_known_embedding_are_unknown() -> None:
    assert "no embedding" in unknown(facts({}, {"lm_head.weight": (8, 4)}).rows)
    assert "no embedding" in unknown(facts({}, {"model.embed_tokens.qweight": ("I32", (8, 4))}).rows)


def test_an_empty_matrix_has_no_rows() -> None:
    assert facts({"model_type": "gpt2"}, {"wte.weight": (0, 4)}).rows == Rows(0, 0, Evidence.HEADER)


def test_pickled_weights_have_the_rows_that_are_declared() -> None:
    assert facts({"vocab_size": 7}, listed=PICKLED).rows == Rows(7, 7, Evidence.DECLARED)
    assert facts({"text_config": {"vocab_size": 7}}, listed=PICKLED).rows == Rows(7, 7, Evidence.DECLARED)
    assert "declares no vocab_size" in unknown(facts({}, listed=PICKLED).rows)
    assert "publishes neither" in unknown(facts({"vocab_size": 7}).rows)
    tied = {"vocab_size": 7, "tie_word_embeddings": True}
    assert facts(tied, TIED, listed=PICKLED).rows == Rows(12, 12, Evidence.HEADER)


def sharded(config: Any, files: Any, metadata: Any = None, **shards: Any) -> Fingerprint:
    index = {"metadata": metadata or {}, "weight_map": {name: f"{shard}.safetensors" for name, shard in files.items()}}
    whole = {"config.json": {"model_type": "llama", **config}, INDEX: index}
    return fingerprint(snapshot(whole, shards={f"{name}.safetensors": inside for name, inside in shards.items()}))


def test_rows_of_a_sharded_model() -> None:
    files = {"model.embed_tokens.weight": "one", "lm_head.weight": "two", "model.norm.weight": "three"}
    one, two = {"model.embed_tokens.weight": (12, 4)}, {"lm_head.weight": (10, 4)}

    assert sharded({}, files, one=one, two=two).rows == Rows(10, 12, Evidence.HEADER)
    assert sharded({"tie_word_embeddings": True}, files, one=one, two=two).rows == Rows(12, 12, Evidence.HEADER, 10)


def test_a_packed_head_in_a_shard_that_nobody_reads() -> None:
    files = {"model.embed_tokens.weight": "one", "lm_head.qweight": "two"}

    assert "lm_head.qweight" in unknown(sharded({}, files, one={"model.embed_tokens.weight": (12, 4)}).rows)


def test_an_index_that_names_a_tensor_in_the_wrong_file() -> None:
    files = {"model.embed_tokens.weight": "one", "lm_head.weight": "one"}

    with pytest.raises(MalformedError, match=r"names lm_head\.weight in a file that does not hold it"):
        sharded({}, files, one={"model.embed_tokens.weight": (12, 4)})


# Kind and state


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        ({"model_type": "llama"}, Kind.CAUSAL),
        ({"model_type": "gpt2"}, Kind.CAUSAL),
        ({"model_type": "gemma3"}, Kind.CAUSAL),
        ({"model_type": "llama", "is_encoder_decoder": False}, Kind.CAUSAL),
        ({"model_type": "llama", "is_encoder_decoder": True}, Kind.ENCODER_DECODER),
        ({"model_type": "llama", "is_encoder_decoder": "yes"}, Kind.ENCODER_DECODER),
        ({"model_type": "novel", "text_config": {"is_encoder_decoder": True}}, Kind.ENCODER_DECODER),
        ({"model_type": "novel", "text_config": {"model_type": "t5"}}, Kind.ENCODER_DECODER),
        ({"model_type": "novel", "text_config": {"model_type": "bert"}}, Kind.ENCODER),
        ({"model_type": "t5"}, Kind.ENCODER_DECODER),
        ({"model_type": "bert"}, Kind.ENCODER),
        ({"model_type": "bert", "is_decoder": False}, Kind.ENCODER),
        ({"model_type": "bert", "is_decoder": True}, Kind.CAUSAL),
        ({"model_type": "bert", "architectures": ["BertForCausalLM"]}, Kind.ENCODER),
        ({"model_type": "llava", "text_config": {"model_type": "mistral"}}, Kind.CAUSAL),
        ({"model_type": "qwen2_5_vl", "text_config": {"model_type": "qwen2_5_vl_text"}}, Kind.CAUSAL),
        ({"model_type": "qwen2_5_vl", "vision_config": {}}, Kind.CAUSAL),
        ({"model_type": "llava", "text_config": {"model_type": "t5"}}, Kind.ENCODER_DECODER),
        ({"model_type": "florence2"}, Kind.ENCODER_DECODER),
    ],
)
def test_kinds(config: Any, kind: Kind) -> None:
    assert architecture(**config).kind is kind


def test_a_type_that_is_not_known_is_an_unknown_kind() -> None:
    found = architecture(model_type="never-heard-of", architectures=["NeverHeardOfForCausalLM"])

    assert "'never-heard-of'" in unknown(found.kind)
    assert "names no model_type" in unknown(facts({"model_type": None}).architecture)
    inside = architecture(model_type="llava", text_config={"model_type": "never-heard-of"})
    assert "'never-heard-of' inside" in unknown(inside.kind)


@pytest.mark.parametrize(
    ("config", "stateful"),
    [
        ({"model_type": "llama"}, False),
        ({"model_type": "mamba"}, True),
        ({"model_type": "jamba"}, True),
        ({"model_type": "qwen3_5", "text_config": {"model_type": "qwen3_5_text"}}, True),
        ({"model_type": "novel", "text_config": {"model_type": "qwen3_next"}}, True),
        ({"model_type": "novel", "layer_types": ["full_attention", "linear_attention"]}, True),
        ({"model_type": "novel", "text_config": {"layer_types": ["mamba"]}}, True),
        ({"model_type": "gemma3", "text_config": {"layer_types": ["sliding_attention", "full_attention"]}}, False),
        ({"model_type": "inkling_text"}, True),
        ({"model_type": "llama", "layer_types": "mamba"}, False),
        ({"model_type": "llama", "layer_types": [None, ["mamba"]]}, False),
    ],
)
def test_state_that_cannot_be_rolled_back(config: Any, stateful: bool) -> None:
    assert architecture(**config).stateful is stateful


def test_no_type_is_of_two_kinds() -> None:
    tables = (model_types.CAUSAL, model_types.WRAPPERS, model_types.WRAPPED)
    tables += (model_types.ENCODERS, model_types.ENCODER_DECODERS, frozenset(model_types.HEAD_TYPES))

    assert sum(map(len, tables)) == len(frozenset().union(*tables))


def test_the_tables_agree_with_transformers() -> None:
    """With any version: of the types that it has."""
    auto = pytest.importorskip("transformers.models.auto")
    names, known = auto.modeling_auto, dict(auto.configuration_auto.CONFIG_MAPPING)
    causal, masked = set(names.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES), set(names.MODEL_FOR_MASKED_LM_MAPPING_NAMES)

    assert causal >= model_types.CAUSAL & known.keys()
    assert masked | causal >= model_types.ENCODERS & known.keys()
    assert not model_types.CAUSAL & set(names.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES)
    for model_type in model_types.MULTIMODAL - {"phi4_multimodal"} & known.keys():
        assert "text_config" in known[model_type].sub_configs, model_type
    for model_type in model_types.WRAPPERS & known.keys():
        made = _made(known[model_type])
        assert model_type not in causal, model_type
        assert not getattr(made, "is_encoder_decoder", False), model_type
        inner = getattr(made, "model_type", model_type)
        assert inner in model_types.CAUSAL | model_types.WRAPPED | {model_type}, model_type
        layers = getattr(made, "layer_types", None) or ()
        stateful = model_types.STATEFUL_LAYERS.intersection(layers)
        assert not stateful or {inner, model_type} & model_types.STATEFUL, model_type
    for model_type in model_types.CAUSAL & known.keys():
        layers = getattr(_made(known[model_type]), "layer_types", None) or ()
        assert not model_types.STATEFUL_LAYERS.intersection(layers) or model_type in model_types.STATEFUL, model_type


def _made(config: Any) -> Any:
    try:
        return config().get_text_config()
    except (TypeError, ValueError, AttributeError, KeyError):  # a few have no defaults
        return None


@pytest.mark.parametrize(
    ("config", "method"),
    [
        ({}, None),
        ({"quantization_config": None}, None),
        ({"quantization_config": {"quant_method": "gptq"}}, "gptq"),
        ({"quantization_config": {"bits": 4}}, "an unnamed method"),
        ({"quantization_config": "fp8"}, "an unnamed method"),
        ({"text_config": {"quantization_config": {"quant_method": "compressed-tensors"}}}, "compressed-tensors"),
        ({"compression_config": {"quant_method": "compressed-tensors"}}, "compressed-tensors"),
        ({"quantization": {"group_size": 64, "bits": 4}}, "mlx"),
        ({"quantization": "none"}, None),
    ],
)
def test_quantisation(config: Any, method: str | None) -> None:
    assert architecture(**config).quantization == method


def test_remote_code() -> None:
    assert architecture(auto_map={"AutoModel": "x"}).remote_code
    assert not architecture().remote_code


# What else it is


@pytest.mark.parametrize(
    ("config", "window"),
    [
        ({}, None),
        ({"sliding_window": 8}, 8),
        ({"sliding_window": None}, None),
        ({"sliding_window": True}, None),
        ({"sliding_window": 8, "use_sliding_window": False}, None),
        ({"sliding_window": 8, "layer_types": ["full_attention"]}, None),
        ({"sliding_window": 8, "layer_types": ["full_attention", "sliding_attention"]}, 8),
        ({"sliding_window": 64, "max_position_embeddings": 64}, None),
        ({"text_config": {"sliding_window": 8}}, 8),
        ({"model_type": "qwen2", "sliding_window": 8}, None),
        ({"model_type": "qwen2", "sliding_window": 8, "use_sliding_window": True}, 8),
        (
            {
                "model_type": "qwen2",
                "sliding_window": 8,
                "use_sliding_window": True,
                "max_window_layers": 4,
                "num_hidden_layers": 4,
            },
            None,
        ),
        ({"model_type": "gpt_neo", "window_size": 8}, 8),
        ({"model_type": "llama", "window_size": 8}, None),
        ({"model_type": "llama4_text", "attention_chunk_size": 8}, 8),
    ],
)
def test_sliding_windows(config: Any, window: int | None) -> None:
    assert architecture(**{"model_type": "mistral", **config}).window == window


@pytest.mark.parametrize(
    ("config", "rope"),
    [
        ({}, None),
        ({"rope_theta": 1e4}, Rope(1e4)),
        ({"rope_theta": "1e4"}, None),
        ({"rope_parameters": {"rope_theta": 5, "rope_type": "default"}}, Rope(5.0)),
        ({"rope_scaling": {"type": "linear", "factor": 4}}, Rope(None, "linear", 4.0)),
        (
            {"rope_scaling": {"rope_type": "yarn", "factor": 2.0, "original_max_position_embeddings": 8}},
            Rope(None, "yarn", 2.0, 8),
        ),
        ({"rope_scaling": {"type": "su"}, "original_max_position_embeddings": 8}, Rope(None, "su", None, 8)),
        (
            {
                "rope_parameters": {
                    "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
                    "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
                }
            },
            Rope(1e6, "linear", 8.0),
        ),
        ({"rope_scaling": {"type": "mrope", "mrope_section": [1, 2]}, "rope_theta": 1e4}, Rope(1e4)),
        ({"rope_scaling": {"type": ["yarn"], "factor": -1}}, None),
    ],
)
def test_rotary_positions(config: Any, rope: Rope | None) -> None:
    assert architecture(**config).rope == rope


def test_positions_with_several_axes() -> None:
    assert architecture(rope_scaling={"type": "mrope", "mrope_section": [16, 24, 24]}).mrope
    assert architecture(text_config={"rope_parameters": {"rope_type": "default", "mrope_section": [1]}}).mrope
    assert not architecture(rope_scaling={"type": "yarn"}, mrope_section=[1]).mrope


@pytest.mark.parametrize(
    ("config", "experts"),
    [
        ({}, None),
        ({"num_local_experts": 8, "num_experts_per_tok": 2}, Experts(8, 2)),
        ({"num_experts": 128, "num_experts_per_tok": 8}, Experts(128, 8)),
        ({"n_routed_experts": 256, "num_experts_per_tok": 8}, Experts(256, 8)),
        ({"n_routed_experts": None, "num_experts_per_tok": None}, None),
        ({"num_local_experts": 1, "num_experts_per_tok": 1}, None),
        ({"num_local_experts": 8}, None),
        ({"num_experts": 4, "num_experts_per_tok": 9}, Experts(4, 4)),
        ({"num_experts": 64, "moe_topk": 8}, Experts(64, 8)),
        ({"text_config": {"num_experts": 64, "top_k_experts": 8}}, Experts(64, 8)),
        ({"ffn_config": {"moe_num_experts": 16, "moe_top_k": 4}}, Experts(16, 4)),
    ],
)
def test_mixtures(config: Any, experts: Experts | None) -> None:
    assert architecture(**config).experts == experts


@pytest.mark.parametrize(
    ("config", "multimodal"),
    [
        ({}, False),
        ({"vision_config": {}}, True),
        ({"vision_config": None}, False),
        ({"audio_config": {"x": 1}}, True),
        ({"model_type": "llava"}, True),
        ({"model_type": "gemma3"}, True),
        ({"model_type": "gemma3_text"}, False),
        ({"text_config": {}}, False),
    ],
)
def test_other_media(config: Any, multimodal: bool) -> None:
    assert architecture(**config).multimodal is multimodal


@pytest.mark.parametrize(
    ("config", "method"),
    [
        ({}, None),
        ({"architectures": ["LlamaForCausalLM"]}, None),
        ({"num_nextn_predict_layers": 1}, None),
        ({"architectures": ["LlamaForCausalLMEagle3"]}, "eagle3"),
        ({"architectures": ["Eagle3LlamaForCausalLM"]}, "eagle3"),
        ({"architectures": ["EagleLlamaForCausalLM"]}, "eagle"),
        ({"architectures": ["EagleDeepSeekMTPModel"]}, "eagle"),
        ({"architectures": ["Qwen3NextMTP"]}, "mtp"),
        ({"architectures": ["DeepSeekMTPModel"]}, "mtp"),
        ({"architectures": ["MedusaModel"]}, "medusa"),
        ({"architectures": ["MLPSpeculatorPreTrainedModel"]}, "mlp-speculator"),
        ({"architectures": ["DFlashDraftModel"]}, "dflash"),
        ({"architectures": ["Eagle2_5_VLForConditionalGeneration"]}, None),
        ({"architectures": ["Eagle2ChatModel"]}, None),
        ({"architectures": ["MiMoForCausalLM", None, 3]}, None),
        ({"architectures": "MedusaModel"}, None),
        ({"model_type": "medusa"}, "medusa"),
        ({"model_type": "gemma4_assistant"}, "mtp"),
        ({"eagle_config": {"parallel": 1}}, "eagle"),
        ({"medusa_num_heads": 5}, "medusa"),
        ({"speculators_model_type": "eagle3"}, "eagle3"),
    ],
)
def test_trained_heads(config: Any, method: str | None) -> None:
    assert architecture(**config).trained_head == method


@pytest.mark.parametrize(
    ("config", "tensors", "count"),
    [
        ({"vocab_size": 12}, TIED, None),
        ({"vocab_size": 12, "draft_vocab_size": 5}, TIED, 5),
        ({"vocab_size": 12, "draft_vocab_size": 12}, TIED, None),
        ({"draft_vocab_size": 5}, TIED, 5),
        ({"vocab_size": 12}, {**TIED, "d2t": ("I32", (5,)), "t2d": ("U8", (12,))}, 5),
        ({"vocab_size": 12}, {**TIED, "d2t": ("I32", (12,))}, None),
        ({"vocab_size": 12}, {**TIED, "d2t": ("I32", (5, 2))}, None),
    ],
)
def test_reduced_heads(config: Any, tensors: Any, count: int | None) -> None:
    found = facts(config, tensors).architecture

    assert isinstance(found, Architecture)
    assert found.draft_vocabulary == count


def test_classes_are_kept_in_bounds() -> None:
    assert architecture(architectures=["A", 3, None, "B"]).classes == ("A", "B")
    assert architecture(architectures={"A": 1}).classes == ()
    assert [len(name) for name in architecture(architectures=["x" * 999] * 99).classes] == [128] * 8


# Cost


def weights(found: Fingerprint) -> Weights:
    assert isinstance(found.weights, Weights)
    return found.weights


def totals(found: Fingerprint) -> tuple[int, int | None, bool, bool]:
    each = weights(found)
    return each.size, each.parameters, each.estimated, each.pickled


def test_size_of_one_file_is_counted() -> None:
    tensors = {"wte.weight": (12, 4), "a": ("F32", (3,)), "b": ("F4", (2, 4)), "c": ("F8_E4M3", ()), "d": ("I8", (0,))}

    assert totals(facts({}, tensors)) == (96 + 12 + 4 + 1, 48 + 3 + 8 + 1, False, False)


def test_size_of_shards_is_the_index_s() -> None:
    files = {"model.embed_tokens.weight": "one", "a": "one", "b": "two"}
    one = {"model.embed_tokens.weight": (6, 4), "a": ("F32", (8,))}

    whole = sharded({}, files, {"total_size": 800}, one=one)

    assert totals(whole) == (800, 800 * 32 // 80, True, False)


@pytest.mark.parametrize("metadata", [{}, {"total_size": "800"}, {"total_size": -1}, {"total_size": 10**30}, []])
def test_an_index_without_a_sound_size_leaves_it_to_the_listing(metadata: Any) -> None:
    index = {"metadata": metadata, "weight_map": {"wte.weight": "one", "a": "one", "b": "two", "c": "gone"}}
    shot = snapshot({INDEX: index}, shards={"one": {"wte.weight": (6, 4)}}, listed={"one": 700, "two": 300})

    assert totals(fingerprint(shot)) == (1000, 500, True, False)


def test_size_of_pickled_weights_is_listed() -> None:
    listed = {"pytorch_model-00001-of-00002.bin": 5, "pytorch_model-00002-of-00002.bin": 7, "optimizer.bin": 3}

    assert facts({}, listed=listed).weights == Weights(12, None, estimated=True, pickled=True)


@pytest.mark.parametrize("listed", [{}, {"pytorch_model.bin": None}, {"pytorch_model.bin": 0}, {"model.gguf": 5}])
def test_a_size_that_nobody_tells_is_unknown(listed: Any) -> None:
    unknown(facts({}, listed=listed).weights)


@given(st.lists(st.tuples(st.sampled_from(["BF16", "F32", "I8"]), st.lists(st.integers(0, 9), max_size=3)), max_size=4))
def test_parameters_are_never_fewer_than_bytes_allow(tensors: Any) -> None:
    found = facts({}, {f"{number}.weight": tensor for number, tensor in enumerate(tensors)}).weights

    assert isinstance(found, Weights)
    assert found.parameters is not None
    assert found.parameters <= found.size <= 4 * found.parameters


@pytest.mark.parametrize(
    ("config", "tensors", "step", "head"),
    [
        # Untied, the embedding is looked up; tied, it is the head and read once.
        ({}, {"model.embed_tokens.weight": (12, 4), "lm_head.weight": (12, 4), "x.weight": (5, 4)}, 96 + 40, 96),
        ({"tie_word_embeddings": True}, {**TIED, "x.weight": (5, 4)}, 96 + 40, 96),
        ({"tie_word_embeddings": True}, {**TIED, "lm_head.weight": (12, 4), "x.weight": (5, 4)}, 96 + 40, 96),
        # Tables of positions, masks, other media and multi-token prediction take no part.
        ({}, {"wte.weight": (12, 4), "wpe.weight": (9, 4), "h.0.attn.bias": ("F32", (1, 1, 8, 8))}, 96, 96),
        ({}, {**TIED, "vision_tower.x": (9, 9), "multi_modal_projector.x": (9, 9), "mtp.x": (9, 9)}, 96, 96),
        ({"num_hidden_layers": 2}, {**TIED, "model.layers.1.x": (5, 4), "model.layers.2.x": (9, 4)}, 96 + 40, 96),
        # Quantised weights count as the bytes that they take; a packed head has no matrix of its own.
        ({}, {**LLAMA, "x.qweight": ("I32", (2, 4))}, 80 + 32, 80),
        ({}, {**TIED, "lm_head.qweight": ("I32", (2, 4))}, 32, None),
    ],
)
def test_what_a_step_streams(config: Any, tensors: Any, step: int, head: int | None) -> None:
    found = weights(facts(config, tensors))

    assert (found.step, found.head, found.experts) == (step, head, 0)


def test_parameters_of_packed_weights_are_not_told() -> None:
    assert weights(facts({}, {**LLAMA, "x.qweight": ("I32", (2, 4))})).parameters is None
    assert weights(facts({}, {**LLAMA, "d2t": ("I32", (2,))})).parameters == 48 + 40 + 2


MIXTURE = {"num_local_experts": 4, "num_experts_per_tok": 1}


@pytest.mark.parametrize(
    "experts",
    [
        {"model.layers.0.mlp.experts.gate_up_proj": (4, 10, 5)},
        {"model.layers.0.moe.input_linear.weight": (4, 10, 5)},
        {f"model.layers.0.mlp.experts.{number}.up_proj.weight": (10, 5) for number in range(4)},
    ],
)
def test_of_a_mixture_the_active_experts_count(experts: Any) -> None:
    shared = {"model.layers.0.mlp.shared_experts.up_proj.weight": (3, 5), "model.layers.0.mlp.gate.weight": (4, 5)}
    found = weights(facts(MIXTURE, {**LLAMA, **shared, **experts}))

    assert (found.step, found.experts) == (80 + 30 + 40 + 100, 400)
    assert (found.parameters, found.active) == (48 + 40 + 15 + 20 + 200, 48 + 40 + 15 + 20 + 50)


def test_layers_in_shards_that_nobody_reads_are_as_large_as_those_that_are_read() -> None:
    layer = {"mlp.experts.0.up.weight": (10, 5), "mlp.experts.1.up.weight": (10, 5), "norm.weight": (4,)}
    first = {**LLAMA, **{f"model.layers.0.{name}": shape for name, shape in layer.items()}}
    names = [*first, *(f"model.layers.{number}.{name}" for number in (1, 2) for name in layer)]
    files = {name: "one" if name in first else "two" for name in names}
    size = 96 + 80 + 3 * (200 + 8)

    whole = sharded({"num_experts": 2, "num_experts_per_tok": 1}, files, {"total_size": size}, one=first)

    assert whole.weights == Weights(
        size,
        size // 2,
        estimated=False,
        pickled=False,
        step=80 + 3 * (100 + 8),
        active=48 + 40 + 3 * (50 + 4),
        experts=600,
        head=80,
    )
    assert weights(sharded({}, files, {"total_size": size + 2}, one=first)).estimated


def test_without_a_config_or_an_embedding_a_step_is_not_known() -> None:
    for found in (facts(None, LLAMA), facts({}, {"x.weight": (5, 4)}), facts({}, listed=PICKLED)):
        assert (weights(found).step, weights(found).active, weights(found).head) == (None, None, None)


def test_an_index_of_endless_names_and_numbers_is_counted_in_bounds() -> None:
    files = {"model.embed_tokens.weight": "one"} | {f"model.layers.{'9' * 5000}.{n}.x": "two" for n in range(2000)}

    found = sharded({"num_hidden_layers": 2}, files, {"total_size": 96}, one={"model.embed_tokens.weight": (12, 4)})

    assert weights(found).step == 96


# Heads


@pytest.mark.parametrize(
    ("config", "heads"),
    [
        ({"num_attention_heads": 14, "num_key_value_heads": 2}, Heads(14, 2)),
        ({"num_attention_heads": 14}, Heads(14, 14)),
        ({"num_attention_heads": 14, "num_key_value_heads": None}, Heads(14, 14)),
        ({"num_attention_heads": 32, "model_type": "qwen2"}, Heads(32)),
        ({"num_attention_heads": 232, "num_kv_heads": 8, "multi_query": True, "model_type": "falcon"}, Heads(232, 1)),
        (
            {"num_attention_heads": 232, "num_kv_heads": 8, "new_decoder_architecture": True, "model_type": "falcon"},
            Heads(232, 8),
        ),
        ({"n_head": 71, "multi_query": False, "model_type": "falcon"}, Heads(71, 71)),
        ({"n_head": 12, "model_type": "gpt2"}, Heads(12, 12)),
        ({"num_heads": 12, "model_type": "gpt_neo"}, Heads(12, 12)),
        ({"n_head": 12, "model_type": "gpt_bigcode"}, Heads(12, 1)),
        ({"n_head": 12, "multi_query": False, "model_type": "gpt_bigcode"}, Heads(12, 12)),
        ({"n_heads": 48, "attn_config": {"kv_n_heads": 8}, "model_type": "dbrx"}, Heads(48, 8)),
        ({"n_heads": 48, "attn_config": [], "model_type": "dbrx"}, Heads(48)),
        ({"num_heads": 128, "model_type": "mamba2"}, None),
        ({"num_attention_heads": [8, 4]}, None),
        ({"num_attention_heads": 0}, None),
        ({"num_attention_heads": True}, None),
        ({"model_type": "llava", "text_config": {"model_type": "llama", "num_attention_heads": 8}}, Heads(8, 8)),
        ({"model_type": "llava", "text_config": {"model_type": "llama"}, "num_attention_heads": 16}, None),
        ({"model_type": "gemma3", "text_config": {"model_type": "gemma3_text"}}, Heads(8, 4)),
        ({"model_type": "gemma3", "text_config": {"model_type": "gemma3_text", "num_attention_heads": []}}, None),
        ({}, None),
    ],
)
def test_heads(config: Any, heads: Heads | None) -> None:
    assert architecture(**config).heads == heads


@pytest.mark.parametrize(
    ("config", "context"),
    [
        ({"max_position_embeddings": 8192, "model_max_length": 131072, "rope_theta": 8e6}, 131072),
        ({"max_position_embeddings": 8192, "model_max_length": 10**30, "rope_theta": 8e6}, 8192),
        ({"max_position_embeddings": 8192, "model_max_length": "many", "rope_theta": 8e6}, 8192),
        ({"n_positions": 1024, "model_max_length": 4096, "model_type": "gpt2"}, 1024),
    ],
)
def test_a_length_above_the_others(config: Any, context: int) -> None:
    assert facts(config).context == context
