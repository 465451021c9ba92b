"""Facts of config.json and of the weights' headers: three sizes, context, kind, state, quantisation, cost."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from snapshots import snapshot

from specdec_check.compat import model_types
from specdec_check.compat.errors import MalformedError
from specdec_check.compat.facts import Architecture, Evidence, Fingerprint, Kind, Rows, Unknown, Weights
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
    found = facts({"text_config": {"vocab_size": 9}, "vocab_size": 7})

    assert "two vocabulary sizes, 9 in text_config and 7 beside it" in unknown(found.declared)


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
        ({"tie_word_embeddings": None}, TIED, 12, 12),
        ({}, TIED, 12, 12),
        ({}, {"wte.weight": (9, 4), "wpe.weight": (64, 4)}, 9, 9),
        ({}, {"transformer.wte.weight": (9, 4), "lm_head.weight": (8, 4), "lm_head.bias": (8,)}, 8, 9),
        ({}, {"gpt_neox.embed_in.weight": (9, 4), "embed_out.weight": (8, 4)}, 8, 9),
        ({}, {"model.decoder.embed_tokens.weight": (9, 4), "model.decoder.embed_positions.weight": (66, 4)}, 9, 9),
        ({}, {"transformer.word_embeddings.weight": (9, 4), "lm_head.weight": ("F8_E4M3", (8, 4))}, 8, 9),
        ({}, {"transformer.tokens_embed.weight": (9, 4), "transformer.positions_embed.weight": (64, 4)}, 9, 9),
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
    assert facts(config, tensors).rows == Rows(head, embedding, Evidence.HEADER)


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
    assert facts({}, {"wte.weight": (0, 4)}).rows == Rows(0, 0, Evidence.HEADER)


def test_pickled_weights_have_the_rows_that_are_declared() -> None:
    assert facts({"vocab_size": 7}, listed=PICKLED).rows == Rows(7, 7, Evidence.DECLARED)
    assert facts({"text_config": {"vocab_size": 7}}, listed=PICKLED).rows == Rows(7, 7, Evidence.DECLARED)
    assert "declares no vocab_size" in unknown(facts({}, listed=PICKLED).rows)
    assert "publishes neither" in unknown(facts({"vocab_size": 7}).rows)
    assert facts({"vocab_size": 7}, TIED, listed=PICKLED).rows == Rows(12, 12, Evidence.HEADER)


def sharded(config: Any, files: Any, metadata: Any = None, **shards: Any) -> Fingerprint:
    index = {"metadata": metadata or {}, "weight_map": {name: f"{shard}.safetensors" for name, shard in files.items()}}
    whole = {"config.json": {"model_type": "llama", **config}, INDEX: index}
    return fingerprint(snapshot(whole, shards={f"{name}.safetensors": inside for name, inside in shards.items()}))


def test_rows_of_a_sharded_model() -> None:
    files = {"model.embed_tokens.weight": "one", "lm_head.weight": "two", "model.norm.weight": "three"}
    one, two = {"model.embed_tokens.weight": (12, 4)}, {"lm_head.weight": (10, 4)}

    assert sharded({}, files, one=one, two=two).rows == Rows(10, 12, Evidence.HEADER)
    assert sharded({"tie_word_embeddings": True}, files, one=one, two=two).rows == Rows(12, 12, Evidence.HEADER)


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
    ],
)
def test_kinds(config: Any, kind: Kind) -> None:
    assert architecture(**config).kind is kind


def test_a_type_that_is_not_known_is_an_unknown_kind() -> None:
    found = architecture(model_type="never-heard-of", architectures=["NeverHeardOfForCausalLM"])

    assert "'never-heard-of'" in unknown(found.kind)
    assert "names no model_type" in unknown(facts({"model_type": None}).architecture)


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
    tables = (model_types.CAUSAL, model_types.ENCODERS, model_types.ENCODER_DECODERS)

    assert sum(map(len, tables)) == len(frozenset().union(*tables))


def test_the_tables_agree_with_transformers() -> None:
    """With any version: of the types that it has."""
    auto = pytest.importorskip("transformers.models.auto")
    names, known = auto.modeling_auto, dict(auto.configuration_auto.CONFIG_MAPPING)
    causal, masked = set(names.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES), set(names.MODEL_FOR_MASKED_LM_MAPPING_NAMES)

    assert causal >= model_types.CAUSAL & known.keys()
    assert masked | causal >= model_types.ENCODERS & known.keys()
    assert not model_types.CAUSAL & set(names.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES)
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
    ],
)
def test_quantisation(config: Any, method: str | None) -> None:
    assert architecture(**config).quantization == method


def test_remote_code() -> None:
    assert architecture(auto_map={"AutoModel": "x"}).remote_code
    assert not architecture().remote_code


# Cost


def test_size_of_one_file_is_counted() -> None:
    tensors = {"wte.weight": (12, 4), "a": ("F32", (3,)), "b": ("F4", (2, 4)), "c": ("F8_E4M3", ()), "d": ("I8", (0,))}

    assert facts({}, tensors).weights == Weights(96 + 12 + 4 + 1, 48 + 3 + 8 + 1, estimated=False, pickled=False)


def test_size_of_shards_is_the_index_s() -> None:
    files = {"model.embed_tokens.weight": "one", "a": "one", "b": "two"}
    one = {"model.embed_tokens.weight": (6, 4), "a": ("F32", (8,))}

    whole = sharded({}, files, {"total_size": 800}, one=one)

    assert whole.weights == Weights(800, 800 * 32 // 80, estimated=True, pickled=False)


@pytest.mark.parametrize("metadata", [{}, {"total_size": "800"}, {"total_size": -1}, {"total_size": 10**30}, []])
def test_an_index_without_a_sound_size_leaves_it_to_the_listing(metadata: Any) -> None:
    index = {"metadata": metadata, "weight_map": {"wte.weight": "one", "a": "one", "b": "two", "c": "gone"}}
    shot = snapshot({INDEX: index}, shards={"one": {"wte.weight": (6, 4)}}, listed={"one": 700, "two": 300})

    assert fingerprint(shot).weights == Weights(1000, 500, estimated=True, pickled=False)


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
