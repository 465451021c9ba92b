"""Synthetic pairs: published sizes, an acceptance as wished, and texts that are worth decoding."""

from __future__ import annotations

import pytest
import torch

from specdec_check.decode.decoder import Decoder
from specdec_check.decode.draft import ModelDrafter
from specdec_check.decode.errors import DecodeError
from specdec_check.decode.options import Options, Sampling
from specdec_check.decode.runner import streamed_bytes
from specdec_check.decode.stats import total
from specdec_check.decode.synthetic import build
from specdec_check.decode.synthetic_shapes import SHAPES, Shape, Sizes, unwritten

CPU = torch.device("cpu")
TOLERANCE = 0.03
SAMPLED, GREEDY = Sampling(temperature=1.0), Sampling()


def toy(alpha, **changes):
    return build(**{"shape": "toy", "alpha": alpha, "device": CPU, "dtype": torch.float32, **changes})


@pytest.fixture(scope="module")
def pair():
    """A toy pair for an acceptance of .8 at temperature 1."""
    return toy(0.8)


@pytest.fixture(scope="module")
def sampled(pair):
    """What it decodes at temperature 1."""
    return decode(pair, SAMPLED)


@pytest.fixture(scope="module")
def greedy(pair):
    """What it decodes at temperature 0."""
    return decode(pair, GREEDY, count=6)


def decode(pair, sampling, *, count=16, new_tokens=128):
    decoder = Decoder(pair.target, pair.pairing, ModelDrafter(pair.drafter, pair.pairing))
    prompts = pair.prompts(count, 12)
    options = [Options(max_new_tokens=new_tokens, gamma=4, sampling=sampling, seed=seed) for seed in range(count)]
    return [decoder.generate(prompt, option) for prompt, option in zip(prompts, options, strict=True)]


def alpha_of(results):
    return total(result.statistics for result in results).alpha


def cycle(ids):
    """The period of the ids' second half, or None."""
    half = len(ids) // 2
    return next((period for period in range(1, half) if ids[half:] == ids[half - period : -period]), None)


# Parameters with a tied head, as the model cards count them; those of Llama-3.1-8B and Qwen2.5-32B are not tied.
@pytest.mark.parametrize(
    ("name", "side", "published", "tied"),
    [
        ("8b+1b", "target", 8_030_261_248, False),
        ("8b+1b", "drafter", 1_235_814_400, True),
        ("3b+1b", "target", 3_212_749_824, True),
        ("3b+1b", "drafter", 1_235_814_400, True),
        ("32b+0.5b", "target", 32_763_876_352, False),
        ("32b+0.5b", "drafter", 494_032_768, True),
    ],
)
def test_a_shape_has_as_many_parameters_as_published(name, side, published, tied):
    shape = SHAPES[name]
    sizes = getattr(shape, side)
    model = unwritten(shape, sizes, torch.device("meta"), torch.bfloat16)
    head = sizes.vocab_size * sizes.hidden_size
    assert sum(weight.numel() for weight in model.parameters()) == published + (head if tied else 0)
    assert streamed_bytes(model) == 2 * (published if tied else published - head)


@pytest.mark.parametrize("name", SHAPES)
def test_the_two_sides_differ_in_all_but_the_core(name):
    target, drafter = SHAPES[name].target, SHAPES[name].drafter
    assert target.hidden_size > drafter.hidden_size
    assert target.num_hidden_layers > drafter.num_hidden_layers
    assert (target.num_attention_heads, target.head_size) != (drafter.num_attention_heads, drafter.head_size)


def test_the_cpu_shape_is_of_a_real_pairs_proportions():
    shape = SHAPES["70m+11m"]
    meta = torch.device("meta")
    target, drafter = (unwritten(shape, sizes, meta, torch.float32) for sizes in (shape.target, shape.drafter))
    assert 60e6 <= sum(weight.numel() for weight in target.parameters()) <= 90e6
    assert 0.1 <= streamed_bytes(drafter) / streamed_bytes(target) <= 0.15


def test_the_decoder_accepts_as_many_as_wished(pair, sampled):
    low = toy(0.6)
    assert (low.expected_alpha, pair.expected_alpha) == pytest.approx((0.6, 0.8), abs=TOLERANCE)
    assert (alpha_of(decode(low, SAMPLED)), alpha_of(sampled)) == pytest.approx((0.6, 0.8), abs=TOLERANCE)


def test_acceptance_can_be_wished_for_greedy_decoding():
    made = toy(0.7, temperature=0.0)
    results = decode(made, GREEDY)
    assert made.expected_alpha == pytest.approx(0.7, abs=TOLERANCE)
    assert alpha_of(results) == pytest.approx(0.7, abs=0.06)  # agreement is yes or no: noisier than a share
    assert not any(cycle(result.ids) for result in results)


def test_greedy_agreement_is_below_the_sampled_acceptance(greedy, sampled):
    assert alpha_of(greedy) < alpha_of(sampled)


def test_acceptance_is_calibrated_in_the_dtype_of_the_models():
    made = toy(0.8, dtype=torch.bfloat16)
    assert made.target.dtype == made.drafter.dtype == torch.bfloat16
    assert made.expected_alpha == pytest.approx(0.8, abs=TOLERANCE)
    assert alpha_of(decode(made, SAMPLED, count=4)) == pytest.approx(made.expected_alpha, abs=0.08)


def test_texts_neither_cycle_nor_are_flat_noise(pair, sampled, greedy):
    assert not any(cycle(result.ids) for result in (*sampled, *greedy))
    with torch.no_grad():
        logits = pair.target(torch.tensor([result.ids for result in sampled])).logits
    entropy = torch.distributions.Categorical(logits=logits).entropy().mean()
    assert 2 < entropy < 5


QWEN = Shape(Sizes(96, 96, 4, 12, 4, 530), Sizes(64, 64, 3, 4, 2, 512), qwen=True, context=256)


@pytest.mark.parametrize("name", ["toy", "qwen"])
def test_without_epsilon_both_are_one_function(name, monkeypatch):
    """Other heads, head sizes, key and value heads, rows and a bias included."""
    monkeypatch.setitem(SHAPES, "qwen", QWEN)
    made = toy(1.0, shape=name)
    assert (made.epsilon, made.expected_alpha) == (0, pytest.approx(1, abs=1e-3))
    ids = torch.tensor(made.prompts(4, 48))
    with torch.no_grad():
        expected, got = (model(ids).logits[..., : made.pairing.shared_rows] for model in (made.target, made.drafter))
    torch.testing.assert_close(got, expected, atol=2e-3, rtol=0)
    assert expected.std() > 1
    assert alpha_of(decode(made, GREEDY, count=2)) > 0.99


def test_an_acceptance_out_of_reach_is_told():
    """Two distributions over 512 ids never have nothing in common."""
    made = toy(0.0)
    assert 0.01 < made.expected_alpha < 0.2
    assert torch.isfinite(made.target(torch.tensor(made.prompts(1, 8))).logits).all()


def test_only_queries_hold_zeros(pair):
    """A weight of zeros would make a forward cheaper than a real one on some hardware."""
    for model in (pair.target, pair.drafter):
        for name, weight in model.named_parameters():
            assert "q_proj" in name or weight.count_nonzero() == weight.numel(), name
            assert not weight.requires_grad
        assert not model.training


def test_the_same_seed_gives_the_same_pair(pair):
    again, other = toy(0.8), toy(0.8, seed=1)
    assert (again.epsilon, again.expected_alpha) == (pair.epsilon, pair.expected_alpha)
    for one, two in ((again.target, pair.target), (again.drafter, pair.drafter)):
        for name, weight in one.state_dict().items():
            assert torch.equal(weight, two.state_dict()[name]), name
    rebuilt = toy(0.1, epsilon=pair.epsilon)
    assert rebuilt.expected_alpha is None
    for one, two in ((rebuilt.target, pair.target), (rebuilt.drafter, pair.drafter)):
        assert all(map(torch.equal, one.parameters(), two.parameters()))
    assert not torch.equal(other.target.lm_head.weight, pair.target.lm_head.weight)
    assert pair.prompts(3, 5) == again.prompts(3, 5) != pair.prompts(3, 5, seed=1)


def test_a_build_leaves_the_global_generator_alone():
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    toy(1.0)
    assert torch.equal(torch.rand(4), expected)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"shape": "9b"}, "choose one of 8b\\+1b"),
        ({"alpha": 1.5}, "from 0 to 1"),
        ({"alpha": float("nan")}, "from 0 to 1"),
        ({"temperature": -1.0}, "0 \\(greedy\\)"),
        ({"epsilon": -0.1}, "an earlier pair"),
    ],
)
def test_what_means_nothing_is_refused(wrong, said):
    with pytest.raises(DecodeError, match=said):
        toy(**{"alpha": 0.8, **wrong})


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_pair_is_made_on_the_device():
    made = toy(0.8, device=torch.device("cuda"), dtype=torch.bfloat16)
    tensors = [*made.target.parameters(), *made.target.buffers(), *made.drafter.parameters()]
    assert {tensor.device.type for tensor in tensors} == {"cuda"}
    assert alpha_of(decode(made, SAMPLED)) == pytest.approx(0.8, abs=TOLERANCE)
