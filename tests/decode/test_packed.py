"""Packed weights: the same products, in forwards of few ids alone, and none where they could do harm."""

import time

import pytest
import torch

from specdec_check.decode import onednn, packed
from specdec_check.decode.decoder import Decoder
from specdec_check.decode.options import Options
from specdec_check.decode.packed import PackedLinears
from specdec_check.decode.pairing import Pairing
from specdec_check.decode.tolerance import distance, tolerance

pytestmark = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this build of torch has no oneDNN")
FAMILIES = ["llama", "qwen2", "gpt_neox"]  # without biases, with some, with all


@pytest.fixture(autouse=True)
def small_ones_too(monkeypatch):
    """The models here are tiny."""
    monkeypatch.setattr(packed, "_LEAST", {})


def frozen(tiny, name, **changes):
    return tiny.family(name, **changes).requires_grad_(requires_grad=False)


def watched(model, most=16):
    """Its layers, after a first forward."""
    linears = PackedLinears(model, most)
    with linears.watching(), torch.inference_mode():
        model(torch.arange(3).unsqueeze(0))
    return linears


def measured(monkeypatch, fewest):
    """As on a CPU where they are faster from so many rows on."""
    monkeypatch.setattr(onednn, "fewest_rows", lambda _: fewest)


def names(model, group):
    known = {layer: name.rpartition(".")[2] for name, layer in model.named_modules()}
    return tuple(known[layer] for layer in group)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize(("dtype", "rows"), [(torch.float32, 4), (torch.float32, 9), (torch.bfloat16, 1)])
@torch.inference_mode()
def test_products_are_the_same_but_for_rounding(tiny, name, dtype, rows):
    model = frozen(tiny, name).to(dtype)
    linears, ids = watched(model), torch.arange(rows).unsqueeze(0)
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
    model = frozen(tiny, "llama")
    linears, ids = watched(model), torch.arange(5).unsqueeze(0)
    with linears.standing_in(5):
        found = model(ids).logits
        others = [
            onednn.pack(torch.zeros(sum(layer.out_features for layer in group), group[0].in_features))
            for group in linears._groups
        ]
        linears.bind(others)
        assert not torch.equal(model(ids).logits, found)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("llama", {("q_proj", "k_proj", "v_proj"), ("o_proj",), ("gate_proj", "up_proj"), ("down_proj",)}),
        ("qwen2", {("q_proj", "k_proj", "v_proj"), ("o_proj",), ("gate_proj", "up_proj"), ("down_proj",)}),
        ("gpt_neox", {("query_key_value",), ("dense",), ("dense_h_to_4h",), ("dense_4h_to_h",)}),
    ],
)
def test_layers_that_read_the_same_are_one_product(tiny, monkeypatch, name, expected):
    model = frozen(tiny, name)
    head = model.get_output_embeddings()
    linears, products = watched(model), []
    found = {names(model, group) for group in linears._groups if head not in group}
    assert found == expected
    real = onednn.product
    monkeypatch.setattr(onednn, "product", lambda *given: products.append(0) or real(*given))
    with linears.standing_in(5), torch.inference_mode():
        model(torch.arange(5).unsqueeze(0))
    assert len(products) == 1 + len(expected) * model.config.num_hidden_layers


@torch.inference_mode()
def test_a_layer_that_is_given_something_else_than_before_computes_for_itself(tiny):
    model = frozen(tiny, "llama")
    linears, attention = watched(model), model.model.layers[0].self_attn
    one, other = torch.randn(2, 1, 5, model.config.hidden_size)
    expected = [attention.q_proj(one), attention.k_proj(other), attention.v_proj(one), attention.q_proj(one)]
    with linears.standing_in(5):
        found = [attention.q_proj(one), attention.k_proj(other), attention.v_proj(one), attention.q_proj(one)]
    torch.testing.assert_close(found, expected)


@torch.inference_mode()
def test_writing_into_one_share_leaves_the_others(tiny):
    model = frozen(tiny, "llama")
    linears, attention = watched(model), model.model.layers[0].self_attn
    given = torch.randn(1, 5, model.config.hidden_size)
    expected = attention.k_proj(given), attention.q_proj(given)
    with linears.standing_in(5):
        attention.q_proj(given).zero_()
        torch.testing.assert_close((attention.k_proj(given), attention.q_proj(given)), expected)


@torch.inference_mode()
def test_a_layer_that_is_called_twice_is_left_alone(tiny):
    model = frozen(tiny, "llama")
    model.model.layers[1].self_attn.o_proj = model.model.layers[0].self_attn.o_proj
    groups = watched(model)._groups
    assert not any(model.model.layers[0].self_attn.o_proj in group for group in groups)
    assert any(model.model.layers[1].self_attn.q_proj in group for group in groups)


@pytest.mark.parametrize(("fewest", "others"), [(4, (1, 3, 17, 512)), (1, (17, 512))])
def test_other_rows_are_left_alone(tiny, monkeypatch, fewest, others):
    measured(monkeypatch, fewest)
    linears = watched(frozen(tiny, "llama"))
    for rows in others:
        with linears.standing_in(rows):
            assert not linears.tensors()
    with linears.standing_in(fewest):
        assert linears.tensors()


@pytest.mark.parametrize(("slow", "fewest"), [("plain", 1), ("packed", 4)])
def test_one_row_uses_them_where_they_are_faster(monkeypatch, slow, fewest):
    """By the times of both on this machine, of which one is made much longer here."""

    def slowed(work):
        def late(*given):
            time.sleep(0.05)
            return work(*given)

        return late

    owner, name = (torch.nn.functional, "linear") if slow == "plain" else (onednn, "product")
    assert onednn.fewest_rows(torch.float32) in (1, 4)  # by what this machine is
    onednn._gains_at_one_row.cache_clear()
    monkeypatch.setattr(owner, name, slowed(getattr(owner, name)))
    assert onednn.fewest_rows(torch.float32) == fewest
    onednn._gains_at_one_row.cache_clear()


def test_a_dtype_that_nothing_was_measured_of_has_none():
    assert onednn.fewest_rows(torch.float64) is None


def test_there_is_a_limit_and_the_widest_go_first(tiny, monkeypatch):
    model = frozen(tiny, "llama")
    whole = watched(model)._groups
    taken = sum(layer.weight.nbytes for group in whole for layer in group)
    monkeypatch.setattr(packed, "_MOST", taken - 1)
    linears = watched(model)
    assert linears._groups == whole[:-1]
    with linears.standing_in(5):
        assert len(linears.tensors()) == len(whole) - 1
    width = [sum(layer.out_features for layer in group) / group[0].in_features for group in whole]
    assert width == sorted(width, reverse=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_small_ones_are_left_alone_where_a_call_costs_more_than_it_gains(tiny, monkeypatch, dtype):
    model = frozen(tiny, "llama").to(dtype)
    whole = watched(model)._groups
    size = {group: sum(layer.weight.nbytes for layer in group) for group in whole}
    least = max(size.values())
    assert min(size.values()) < least
    monkeypatch.setattr(packed, "_LEAST", {torch.float32: least})
    big = [group for group in whole if size[group] == least]
    assert watched(model)._groups == (big if dtype == torch.float32 else whole)


@pytest.mark.parametrize("fault", ["raises", "wrong"])
def test_where_they_do_not_work_they_are_not_used(tiny, monkeypatch, fault):
    def faulty(*given):
        if fault == "raises":
            raise RuntimeError
        return 2 * real(*given)

    real = onednn.product
    onednn._works.cache_clear()
    monkeypatch.setattr(onednn, "product", faulty)
    model = frozen(tiny, "llama")
    linears = watched(model)
    with linears.standing_in(5):
        assert not linears.tensors()
        assert not any("forward" in vars(layer) for layer in model.modules())
    onednn._works.cache_clear()


def test_a_layer_that_is_more_than_linear_is_left_alone(tiny):
    class Own(torch.nn.Linear):
        """Somebody's."""

    model = frozen(tiny, "llama")
    own = model.model.layers[1].mlp.up_proj
    own.__class__ = Own
    groups = watched(model)._groups
    assert not any(own in group for group in groups)
    assert (model.model.layers[1].mlp.gate_proj,) in groups


def test_a_layer_that_somebody_patched_since_is_left_alone(tiny):
    model = frozen(tiny, "llama")
    linears, layer = watched(model), model.model.layers[1].mlp.up_proj
    layer.forward = mine = lambda given: 0 * given
    with linears.standing_in(5):
        assert layer.forward is mine
        assert "forward" not in vars(model.model.layers[1].mlp.gate_proj)
        assert "forward" in vars(model.model.layers[0].mlp.gate_proj)
    assert layer.forward is mine


@pytest.mark.parametrize("fewest", [1, 4])
@pytest.mark.parametrize("name", FAMILIES)
def test_verifications_use_them_and_stay_lossless(tiny, monkeypatch, name, fewest):
    measured(monkeypatch, fewest)
    model = frozen(tiny, name)
    pair = tiny.decoder(model, tiny.noised(model, 0.05))
    for prompt in tiny.prompts(12, seed=9):
        result = pair.generate(prompt, Options(24, 4))
        tiny.same_greedy(model, prompt, tiny.greedy(model, prompt, 24), result.ids)
    assert pair.notes == ()
    assert pair._target._linears.tensors()
    assert not any("forward" in vars(layer) for layer in model.modules())
    assert bool(pair._drafter._runner._linears.tensors()) == (fewest == 1)  # it never feeds more than two ids again


def test_in_bfloat16_plain_and_recorded_rounds_are_the_same(tiny):
    """Whatever is packed is so from the first forward on, so that a run repeats."""
    target = frozen(tiny, "llama").to(torch.bfloat16)
    pair = tiny.decoder(target, tiny.noised(target, 0.05))
    prompt = tiny.prompts(1, seed=3)[0]
    assert len({pair.generate(prompt, Options(24, 3)).ids for _ in range(8)}) == 1
    assert pair.notes == ()
    assert pair._drafter._runner._linears.tensors()
    assert pair._recorder._recorded


def test_weights_that_change_are_packed_anew(tiny):
    model = frozen(tiny, "llama")
    pair = tiny.decoder(model, tiny.noised(model, 0.05))
    prompt = tiny.prompts(1, seed=4)[0]
    for _ in range(3):
        pair.generate(prompt, Options(24, 4))
    other = tiny.family("llama", seed=5)
    model.load_state_dict(other.state_dict())
    expected = tiny.greedy(model, prompt, 24)
    assert expected == tiny.greedy(other, prompt, 24)
    for _ in range(3):
        tiny.same_greedy(model, prompt, expected, pair.generate(prompt, Options(24, 4)).ids)


def test_decoders_of_one_model_share_them(tiny):
    model = frozen(tiny, "llama")
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

    model = frozen(tiny, "llama")
    linears = watched(model)
    with linears.standing_in(5):
        pass
    monkeypatch.setattr(onednn, "product", interrupted)
    with pytest.raises(KeyboardInterrupt), linears.standing_in(5):
        model(torch.arange(5).unsqueeze(0))
    assert not any("forward" in vars(layer) for layer in model.modules())


@pytest.mark.parametrize("fewest", [1, 4])
def test_without_a_drafter_nothing_is_copied_unless_one_row_gains(tiny, monkeypatch, fewest):
    measured(monkeypatch, fewest)
    model = frozen(tiny, "llama")
    pair = Decoder(model, Pairing.alone(48))
    prompt = tiny.prompts(1, seed=4)[0]
    result = pair.generate(prompt, Options(24))
    tiny.same_greedy(model, prompt, tiny.greedy(model, prompt, 24), result.ids)
    assert bool(pair._target._linears.tensors()) == (fewest == 1)
