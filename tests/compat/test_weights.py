"""Headers of safetensors files and the index of a sharded model: read within bounds, or refused with a sentence."""

import hashlib
import json
from typing import Any

import pytest
from making import make_model
from snapshots import header_bytes

from specdec_check.compat.errors import MalformedError
from specdec_check.compat.weights import (
    FIRST_READ,
    INDEX,
    Header,
    Tensor,
    embedding_tensor,
    head_tensor,
    packed_head,
    read_header,
    read_index,
    shards_of_interest,
    weight_map,
)

SOUND = header_bytes({"wte.weight": (8, 2), "ln.weight": ("F32", (2,))})


class Reader:
    """Bytes that are read in ranges, which are remembered."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.ranges: list[tuple[int, int]] = []

    def __call__(self, start: int, end: int) -> bytes:
        """Give a range."""
        self.ranges.append((start, end))
        return self.data[start:end]


def whole(text: bytes, tail: bytes = b"") -> bytes:
    return len(text).to_bytes(8, "little") + text + tail


def read(data: bytes, size: int | None = None) -> Header:
    return read_header(Reader(data), size, "model.safetensors")


def refused(data: bytes, size: int | None = None) -> str:
    with pytest.raises(MalformedError) as caught:
        read(data, size)
    assert "model.safetensors" in caught.value.message
    assert caught.value.message.count("\n") == 0
    return caught.value.message


def test_tensors_and_digest() -> None:
    found = read(SOUND + b"\0" * 40, len(SOUND) + 40)

    assert found.tensors == {"wte.weight": Tensor("BF16", (8, 2)), "ln.weight": Tensor("F32", (2,))}
    assert found.file_size == len(SOUND) + 40
    assert found.sha256 == hashlib.sha256(SOUND).hexdigest()


def test_the_digest_is_the_header_s_alone() -> None:
    assert read(SOUND + b"one").sha256 == read(SOUND + b"another", 10**9).sha256


def test_a_short_header_is_one_read_of_at_most_100_kib() -> None:
    assert FIRST_READ <= 102_400
    for size, first in ((None, FIRST_READ), (10**9, FIRST_READ), (len(SOUND), len(SOUND))):
        reader = Reader(SOUND)
        read_header(reader, size, "x")
        assert reader.ranges == [(0, first)]


def test_a_longer_header_is_one_more_read_of_the_rest() -> None:
    data = whole(json.dumps({"__metadata__": {"note": "x" * 200_000}, "a": {"dtype": "F32", "shape": [1]}}).encode())
    reader = Reader(data + b"\0" * 10**6)

    assert read_header(reader, None, "x").tensors == {"a": Tensor("F32", (1,))}
    assert reader.ranges == [(0, FIRST_READ), (FIRST_READ, len(data))]


def test_a_header_that_is_exactly_the_first_read() -> None:
    text = json.dumps({"a": {"dtype": "F32", "shape": [1]}}).encode()
    reader = Reader(whole(text + b" " * (FIRST_READ - 8 - len(text))) + b"\0" * 99)

    assert read_header(reader, None, "x").tensors
    assert reader.ranges == [(0, FIRST_READ)]


@pytest.mark.parametrize("claim", [len(SOUND) - 7, 10**6, 2**40, 2**64 - 1])
def test_a_header_longer_than_its_file(claim: int) -> None:
    data = claim.to_bytes(8, "little") + SOUND[8:]

    assert "longer than the file" in refused(data, len(data))
    refused(data)


def test_a_header_that_no_model_needs_is_not_read() -> None:
    reader = Reader((2**40).to_bytes(8, "little") + SOUND[8:])

    with pytest.raises(MalformedError, match="more than the"):
        read_header(reader, 2**50, "x")
    assert reader.ranges == [(0, FIRST_READ)]


@pytest.mark.parametrize("data", [b"", b"\0", b"\0" * 7, b"\0" * 8, whole(b""), whole(b"{}")[:-1], whole(b"[]")])
def test_what_is_no_header(data: bytes) -> None:
    refused(data)
    refused(data, len(data))


def test_no_tensors_are_a_header() -> None:
    assert read(whole(b"{}")).tensors == read(whole(b'{"__metadata__": 7}')).tensors == {}


@pytest.mark.parametrize(
    "tensor",
    [
        None,
        7,
        [],
        {},
        {"dtype": "F32"},
        {"shape": [1]},
        {"dtype": None, "shape": [1]},
        {"dtype": ["F32"], "shape": [1]},
        {"dtype": "F32", "shape": None},
        {"dtype": "F32", "shape": "12"},
        {"dtype": "F32", "shape": {"0": 1}},
        {"dtype": "F32", "shape": [-1]},
        {"dtype": "F32", "shape": [1.0]},
        {"dtype": "F32", "shape": [True]},
        {"dtype": "F32", "shape": [None]},
        {"dtype": "F32", "shape": [[1]]},
        {"dtype": "F32", "shape": [10**4000]},
        {"dtype": "F32", "shape": [2**40, 2**40]},
        {"dtype": "F32", "shape": [0, 2**60]},
        {"dtype": "F32", "shape": [1] * 1000},
        {"dtype": "F32", "shape": [9] * 10**6},
    ],
    ids=range(21),
)
def test_what_is_no_tensor(tensor: Any) -> None:
    refused(whole(json.dumps({"wte.weight": tensor}).encode()))


@pytest.mark.parametrize("text", [b'{"a": {"dtype": "F32", "shape": [1e999]}}', b'{"a": NaN}', b"{" * 10**6, b"\xff"])
def test_what_is_no_sound_json(text: bytes) -> None:
    refused(whole(text))


# Names


@pytest.mark.parametrize(
    ("names", "head", "embedding"),
    [
        ([], None, None),
        (["lm_head.weight", "model.embed_tokens.weight"], "lm_head.weight", "model.embed_tokens.weight"),
        (["xlm_head.weight", "my_embed_tokens.weight", "not_wte.weight"], None, None),
        (["lm_head.weight.absmax", "embed_tokens.weight_scale"], None, None),
        (["b.wte.weight", "a.wte.weight", "transformer.wte.weight"], None, "a.wte.weight"),
        (["model.wte.weight", "draft.model.wte.weight"], None, "model.wte.weight"),
        (["model.language_model.embed_tokens.weight", "model.visual.embed_tokens.weight"], None, 0),
        (["model.mtp.0.embed_tokens.weight", "model.layers.3.embed_tokens.weight"], None, None),
    ],
)
def test_the_two_matrices_are_found_by_name(names: list[str], head: Any, embedding: Any) -> None:
    for order in (names, names[::-1]):
        assert head_tensor(order) == head
        assert embedding_tensor(order) == (names[embedding] if isinstance(embedding, int) else embedding)


def test_every_architecture_of_transformers_has_its_matrices_found() -> None:
    """Those whose small defaults are quick to make; of the rest the names were compared once, by hand."""
    transformers, torch = pytest.importorskip("transformers"), pytest.importorskip("torch")
    quick = {"hidden_size": 8, "num_hidden_layers": 1, "intermediate_size": 8, "vocab_size": 32}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 4}
    for model_type in ("llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "phi", "phi3", "olmo2"):
        config = transformers.AutoConfig.for_model(model_type, **quick, **heads, pad_token_id=0)
        with torch.device("meta"):
            model = transformers.AutoModelForCausalLM.from_config(config)
        named = {id(tensor): name for name, tensor in model.named_parameters(remove_duplicate=False)}
        names = list(model.state_dict())
        assert embedding_tensor(names) in names, model_type
        embedding, head = model.get_input_embeddings().weight, model.get_output_embeddings().weight
        found = model.get_parameter(embedding_tensor(names) or "")
        assert found is embedding, (model_type, named[id(embedding)])
        assert head is embedding or model.get_parameter(head_tensor(names) or "") is head, model_type


@pytest.mark.parametrize(
    ("names", "packed"),
    [
        (["lm_head.weight"], "lm_head.weight"),
        (["lm_head.bias", "x.qweight"], None),
        (["lm_head.qzeros", "lm_head.bias", "lm_head.qweight"], "lm_head.qweight"),
        (["model.embed_out.weight_packed"], "model.embed_out.weight_packed"),
        (["my_lm_head.qweight", "lm_head"], None),
    ],
)
def test_parts_of_a_packed_head(names: list[str], packed: str | None) -> None:
    assert packed_head(names) == packed


# The index


def index(**whole: Any) -> bytes:
    return json.dumps(whole).encode()


def test_the_index_of_a_made_model(tmp_path: Any) -> None:
    made = make_model(tmp_path, weights="sharded", shards=3, layers=4)
    data = (made / INDEX).read_bytes()

    assert shards_of_interest(data) == ["model-00001-of-00003.safetensors", "model-00003-of-00003.safetensors"]
    assert read_index(data).total_size == sum(
        path.stat().st_size - len(path.read_bytes()[: 8 + int.from_bytes(path.read_bytes()[:8], "little")])
        for path in tmp_path.glob("*.safetensors")
    )


def test_shards_of_interest_are_those_of_the_two_matrices() -> None:
    files = {"model.embed_tokens.weight": "b", "lm_head.weight": "a", "model.layers.0.x.weight": "c"}

    assert shards_of_interest(index(weight_map=files)) == ["a", "b"]
    assert shards_of_interest(index(weight_map=dict.fromkeys(files, "a"))) == ["a"]
    assert shards_of_interest(index(weight_map={"model.embed_tokens.weight": "b"})) == ["b"]
    assert shards_of_interest(index(weight_map={"x": "c"})) == []
    assert weight_map(index(weight_map=files)) == files


@pytest.mark.parametrize("value", [None, [], "x", 7, {"lm_head.weight": None}, {"lm_head.weight": ["a"]}])
def test_an_index_without_a_map(value: Any) -> None:
    for use in (shards_of_interest, weight_map, read_index):
        with pytest.raises(MalformedError, match="no map from tensors to files"):
            use(index(weight_map=value))


@pytest.mark.parametrize(("size", "expected"), [(9, 9), (0, None), (-9, None), (9.0, None), ("9", None), (2**60, None)])
def test_total_size(size: Any, expected: int | None) -> None:
    assert read_index(index(metadata={"total_size": size}, weight_map={})).total_size == expected
    assert read_index(index(metadata=size, weight_map={})).total_size is None
