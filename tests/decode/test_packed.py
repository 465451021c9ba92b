"""Arranged weights: the same products, in forwards of few ids alone, and none where they could do harm."""

import pytest
import torch

from specdec_check.decode import packed
from specdec_check.decode.decoder import Decoder
from specdec_check.decode.options import Options
from specdec_check.decode.packed import PackedLinears
from specdec_check.decode.pairing import Pairing
from specdec_check.decode.tolerance import distance, tolerance

pytestmark = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this build of torch has no oneDNN")
FAMILIES = ["llama", "qwen2", "gpt_neox"]  # without biases, with some, with all


def wide(tiny, name, **changes):
    """A model whose feed-forward layers are three times as wide as its hidden size."""
    return tiny.family(name, intermediate_size=96, **changes).requires_grad_(requires_grad=False)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize(("dtype", "rows"), [(torch.float32, 4), (torch.float32, 9), (torch.bfloat16, 1)])
@torch.inference_mode()
def test_products_are_the_same_but_for_rounding(tiny, name, dtype, rows):
    model = wide(tiny, name).to(dtype)
    linears, ids = PackedLinears(model, 16), torch.arange(rows).unsqueeze(0)
    expected = model(ids).logits
    with linears.standing_in(rows):
        assert linears.tensors()
        assert any("forward" in vars(layer) for layer in model.modules())
        found = model(ids).logits
    assert distance(found.float(), expected.float()) <= tolerance(dtype)
    assert not any("forward" in vars(layer) for layer in model.modules())
    assert torch.equal(model(ids).logits, expected)


@torch.inference_mode()
def test_what_is_bound_is_what_is_used(tiny):
    """Otherwise a recording would hold weights of its own."""
    model = wide(tiny, "llama")
    linears, ids = PackedLinears(model, 16), torch.arange(5).unsqueeze(0)
    with linears.standing_in(5):
        found = model(ids).logits
        others = [packed._arrange(torch.zeros_like(layer.weight)) for layer in linears._layers]
        linears.bind(others)
        assert not torch.equal(model(ids).logits, found)


def test_other_rows_and_narrow_layers_are_left_alone(tiny):
    linears = PackedLinears(wide(tiny, "llama"), 16)
    for rows in (1, 3, 17, 512):
        with linears.standing_in(rows):
            assert not linears.tensors()
    square = PackedLinears(tiny.family("llama", intermediate_size=32, vocab_size=32), 16)
    with square.standing_in(5):
        assert not square.tensors()


def test_there_is_a_limit(tiny, monkeypatch):
    model = wide(tiny, "llama")
    taken = sum(layer.weight.nbytes for layer in PackedLinears(model, 16)._layers)
    monkeypatch.setattr(packed, "_MOST", taken - 1)
    linears = PackedLinears(model, 16)
    with linears.standing_in(5):
        assert not linears.tensors()


@pytest.mark.parametrize("fault", ["raises", "wrong"])
def test_where_they_do_not_work_they_are_not_used(tiny, monkeypatch, fault):
    def faulty(*given):
        if fault == "raises":
            raise RuntimeError
        return 2 * real(*given)

    real = packed._product
    monkeypatch.setattr(packed, "_product", faulty)
    model = wide(tiny, "llama")
    linears = PackedLinears(model, 16)
    with linears.standing_in(5):
        assert not linears.tensors()
        assert not any("forward" in vars(layer) for layer in model.modules())


def test_a_layer_that_is_more_than_linear_is_left_alone(tiny):
    class Own(torch.nn.Linear):
        """Somebody's."""

    model = wide(tiny, "llama")
    count = len(PackedLinears(model, 16)._layers)
    model.model.layers[1].mlp.up_proj.__class__ = Own
    assert len(PackedLinears(model, 16)._layers) == count - 1


@pytest.mark.parametrize("name", FAMILIES)
def test_verifications_use_them_and_stay_lossless(tiny, name):
    model = wide(tiny, name)
    pair = tiny.decoder(model, tiny.noised(model, 0.05))
    for prompt in tiny.prompts(12, seed=9):
        result = pair.generate(prompt, Options(24, 4))
        tiny.same_greedy(model, prompt, tiny.greedy(model, prompt, 24), result.ids)
    assert pair.notes == ()
    assert pair._target._linears.tensors()
    assert not any("forward" in vars(layer) for layer in model.modules())
    assert not pair._drafter._runner._linears.tensors()  # it never feeds more than two ids again and again


def test_in_bfloat16_plain_and_recorded_rounds_are_the_same(tiny):
    """Whatever is arranged is so from the first forward on, so that a run repeats."""
    target = wide(tiny, "llama").to(torch.bfloat16)
    pair = tiny.decoder(target, tiny.noised(target, 0.05))
    prompt = tiny.prompts(1, seed=3)[0]
    assert len({pair.generate(prompt, Options(24, 3)).ids for _ in range(8)}) == 1
    assert pair.notes == ()
    assert pair._drafter._runner._linears.tensors()
    assert pair._recorder._recorded


def test_weights_that_change_are_arranged_anew(tiny):
    model = wide(tiny, "llama")
    pair = tiny.decoder(model, tiny.noised(model, 0.05))
    prompt = tiny.prompts(1, seed=4)[0]
    for _ in range(3):
        pair.generate(prompt, Options(24, 4))
    other = tiny.family("llama", intermediate_size=96, seed=5)
    model.load_state_dict(other.state_dict())
    expected = tiny.greedy(model, prompt, 24)
    assert expected == tiny.greedy(other, prompt, 24)
    for _ in range(3):
        tiny.same_greedy(model, prompt, expected, pair.generate(prompt, Options(24, 4)).ids)


def test_decoders_of_one_model_share_them(tiny):
    model = wide(tiny, "llama")
    one, other = (tiny.decoder(model, tiny.noised(model, 0.05)) for _ in range(2))
    prompt = tiny.prompts(1, seed=4)[0]
    found = []
    for pair in (one, other):
        pair.generate(prompt, Options(8, 4))
        found.append(pair._target._linears.tensors())
    assert all(mine is yours for mine, yours in zip(*found, strict=True))


def test_an_interrupted_forward_leaves_the_model_as_it_was(tiny, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    model = wide(tiny, "llama")
    linears = PackedLinears(model, 16)
    with linears.standing_in(5):
        pass
    monkeypatch.setattr(packed, "_product", interrupted)
    with pytest.raises(KeyboardInterrupt), linears.standing_in(5):
        model(torch.arange(5).unsqueeze(0))
    assert not any("forward" in vars(layer) for layer in model.modules())


def test_without_a_drafter_nothing_is_copied_in_float32(tiny):
    model = wide(tiny, "llama")
    pair = Decoder(model, Pairing.alone(48))
    pair.generate(tiny.prompts(1, seed=4)[0], Options(8))
    assert not pair._target._linears.tensors()
