"""The distributions that are sampled from: transformers' own processors in its own order."""

import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM
from transformers.generation import LogitsProcessorList

from specdec_check.decode.errors import DecodeError
from specdec_check.decode.options import Sampling
from specdec_check.decode.sample import draw
from specdec_check.decode.transforms import TIES, distribution, scores

SAMPLINGS = st.builds(
    Sampling,
    temperature=st.sampled_from([0.05, 0.3, 0.7, 1.0, 1.7, 10.0]),
    top_k=st.sampled_from([0, 1, 2, 5, 19, 20, 50]),
    top_p=st.sampled_from([0.0, 0.1, 0.5, 0.9, 0.999, 1.0]),
    min_p=st.sampled_from([0.0, 0.01, 0.2, 0.9, 1.0]),
    repetition_penalty=st.sampled_from([1.0, 1.1, 2.5, 0.7]),
)
DTYPES = st.sampled_from([torch.float32, torch.bfloat16, torch.float16, torch.float64])


@pytest.fixture(scope="module")
def warpers():
    """What `generate` itself would build from the options."""
    shape = {"vocab_size": 8, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}
    model = LlamaForCausalLM(LlamaConfig(**shape, num_attention_heads=1))

    def build(sampling) -> LogitsProcessorList:
        filters = {"top_k": sampling.top_k, "top_p": sampling.top_p, "min_p": sampling.min_p}
        drawn = {} if sampling.greedy else {"do_sample": True, "temperature": sampling.temperature, **filters}
        config = GenerationConfig(repetition_penalty=sampling.repetition_penalty, **drawn)
        return model._get_logits_processor(config, input_ids_seq_length=1)

    return build


def some_logits(seed, rows, size, dtype=torch.float32, ties=False):
    logits = 4 * torch.randn(rows, size, generator=torch.Generator().manual_seed(seed))
    return (logits.round() if ties else logits).to(dtype)


def some_text(seed, rows, size):
    """Ids, repeats among them, and the mask of those that are held."""
    ids = torch.randint(0, size, (rows, 7), generator=torch.Generator().manual_seed(seed))
    return ids, torch.zeros(rows, size, dtype=torch.bool).scatter_(1, ids, True)


def assert_same_but_for_ties(got, expected, unfiltered):
    """Equal; only which of several equal logits top-p drops is arbitrary, as it is in an unstable sort."""
    assert torch.equal(got.sort(-1).values, expected.sort(-1).values)
    assert torch.equal(got, unfiltered.masked_fill(got == -torch.inf, -torch.inf))  # what is kept is where it was
    tied = (unfiltered.unsqueeze(-1) == unfiltered.unsqueeze(-2)).sum(-1) > 1
    assert tied[got != expected].all()


@settings(max_examples=400, deadline=None, derandomize=True)
@given(sampling=SAMPLINGS, seed=st.integers(0, 10_000), dtype=DTYPES, ties=st.booleans())
def test_p_is_what_generate_samples_from(warpers, sampling, seed, dtype, ties):
    logits = some_logits(seed, 3, 20, dtype, ties)
    ids, seen = some_text(seed, 3, 20)
    expected, got = warpers(sampling)(ids, logits.float()), scores(logits, sampling, seen)
    unfiltered = Sampling(sampling.temperature, repetition_penalty=sampling.repetition_penalty)
    assert_same_but_for_ties(got, expected, scores(logits, unfiltered, seen))
    p = distribution(logits, sampling, seen)
    assert p.dtype == torch.float32
    assert torch.equal(p, got.softmax(-1))
    assert (p.amax(-1) > 0).all()


@settings(max_examples=200, deadline=None, derandomize=True)
@given(sampling=SAMPLINGS, top_k=st.sampled_from([1, 3, 20, 50, 150]), seed=st.integers(0, 10_000), dtype=DTYPES)
def test_a_larger_vocabulary_is_filtered_alike(warpers, sampling, top_k, seed, dtype):
    """Where only the best ids are looked at."""
    sampling = dataclasses.replace(sampling, top_k=top_k)
    logits = some_logits(seed, 3, 500, dtype)
    ids, seen = some_text(seed, 3, 500)
    unfiltered = Sampling(sampling.temperature, repetition_penalty=sampling.repetition_penalty)
    expected = warpers(sampling)(ids, logits.float())
    assert_same_but_for_ties(scores(logits, sampling, seen), expected, scores(logits, unfiltered, seen))


@pytest.mark.parametrize("penalty", [1.0, 1.3, 0.5])
def test_greedy_scores_know_the_penalty_alone(warpers, penalty):
    logits, (ids, seen) = some_logits(0, 3, 20, torch.bfloat16), some_text(0, 3, 20)
    sampling = Sampling(0.0, top_k=2, top_p=0.1, min_p=0.9, repetition_penalty=penalty)
    got = scores(logits, sampling, seen)
    assert got.dtype == torch.float32
    assert torch.equal(got, warpers(sampling)(ids, logits.float()))
    assert torch.equal(scores(logits, sampling), logits.float())  # a text that is not told is not penalised


def test_ids_that_tie_without_end_are_bounded():
    """Transformers would keep half of all ids here; the bound is what is documented, and still a distribution."""
    p = distribution(torch.zeros(2, 5_000), Sampling(1.0, top_k=10, top_p=0.5))
    kept = (p > 0).sum(-1)
    assert ((kept > 0) & (kept <= 20 + TIES)).all()
    torch.testing.assert_close(p.sum(-1), torch.ones(2))
    assert ((distribution(torch.zeros(2, 5_000), Sampling(1.0, top_k=10)) > 0).sum(-1) == 5_000).all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(sampling=SAMPLINGS, seed=st.integers(0, 10_000))
def test_rows_do_not_see_each_other(sampling, seed):
    logits, (_, seen) = some_logits(seed, 4, 20), some_text(seed, 4, 20)
    alone = torch.cat([distribution(row[None], sampling, held) for row, held in zip(logits, seen, strict=True)])
    torch.testing.assert_close(distribution(logits, sampling, seen), alone)
    stacked = distribution(logits.view(2, 2, -1), sampling, seen.view(2, 2, -1))
    torch.testing.assert_close(stacked.view(4, -1), alone)
    one_text = distribution(logits, sampling, seen[0])
    torch.testing.assert_close(one_text[0], alone[0])


def test_an_id_of_no_weight_is_never_drawn():
    weights = torch.zeros(200_000, 7)
    weights[:, 2], weights[:, 5] = 1e-30, 3e-30
    uniform = torch.rand(200_000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    uniform[:2] = torch.tensor([0.0, 1 - 2**-53])  # the ends of what may come in
    drawn = draw(weights, uniform)
    assert drawn[:2].tolist() == [2, 5]
    counts = drawn.bincount(minlength=7)
    assert counts[[0, 1, 3, 4, 6]].sum() == 0
    assert abs(counts[5] / counts.sum() - 0.75) < 0.005


def test_a_draw_inverts_the_cumulative_weights():
    weights = torch.tensor([0.0, 1.0, 0.0, 2.0, 1.0, 0.0])
    points = torch.tensor([0.0, 0.2499, 0.25, 0.7499, 0.75, 1 - 2**-53], dtype=torch.float64)
    assert draw(weights.expand(6, -1), points).tolist() == [1, 1, 3, 3, 4, 4]
    assert draw(weights, points[2]).shape == ()
    assert draw(torch.full((2, 6), torch.nan), points[:2]).lt(6).all()


def test_a_large_vocabulary_of_improbable_ids_is_not_favoured():
    """All of 100,000 ids together have a chance of 1e-5: about none of 2,000 draws may take one."""
    weights = torch.full((100_001,), 1e-10)
    weights[50_000] = 1
    uniform = torch.rand(2_000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    drawn = torch.stack([draw(weights, one) for one in uniform])
    assert (drawn != 50_000).sum() <= 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": -1},
        {"temperature": float("nan")},
        {"temperature": float("inf")},
        {"temperature": 1e-9},
        {"top_k": -1},
        {"top_p": 1.5},
        {"top_p": float("nan")},
        {"min_p": -0.1},
        {"repetition_penalty": 0.0},
        {"repetition_penalty": float("inf")},
    ],
)
def test_senseless_options_are_refused(wrong):
    with pytest.raises(DecodeError, match="give"):
        Sampling(**wrong)
