"""The distributions that are sampled from: transformers' own filters in its own order."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM
from transformers.generation import LogitsProcessorList

from specdec_check.decode.errors import DecodeError
from specdec_check.decode.options import Sampling
from specdec_check.decode.sample import distribution, draw, scores

SAMPLINGS = st.builds(
    Sampling,
    temperature=st.sampled_from([0.05, 0.3, 0.7, 1.0, 1.7, 10.0]),
    top_k=st.sampled_from([0, 1, 2, 5, 19, 20, 50]),
    top_p=st.sampled_from([0.0, 0.1, 0.5, 0.9, 0.999, 1.0]),
    min_p=st.sampled_from([0.0, 0.01, 0.2, 0.9, 1.0]),
)
DTYPES = st.sampled_from([torch.float32, torch.bfloat16, torch.float16, torch.float64])


@pytest.fixture(scope="module")
def warpers():
    """What `generate` itself would build from the options."""
    shape = {"vocab_size": 8, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}
    model = LlamaForCausalLM(LlamaConfig(**shape, num_attention_heads=1))

    def build(sampling) -> LogitsProcessorList:
        config = GenerationConfig(
            do_sample=True,
            temperature=sampling.temperature,
            top_k=sampling.top_k,
            top_p=sampling.top_p,
            min_p=sampling.min_p,
        )
        return model._get_logits_processor(config, input_ids_seq_length=1)

    return build


@settings(max_examples=300, deadline=None, derandomize=True)
@given(sampling=SAMPLINGS, seed=st.integers(0, 10_000), dtype=DTYPES, ties=st.booleans())
def test_p_is_what_generate_samples_from(warpers, sampling, seed, dtype, ties):
    logits = 4 * torch.randn(3, 20, generator=torch.Generator().manual_seed(seed))
    logits = (logits.round() if ties else logits).to(dtype)
    expected = warpers(sampling)(torch.zeros(3, 1, dtype=torch.long), logits.float())
    assert torch.equal(scores(logits, sampling), expected)
    p = distribution(logits, sampling)
    assert p.dtype == torch.float32
    assert torch.equal(p, expected.softmax(-1))
    assert (p.amax(-1) > 0).all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(sampling=SAMPLINGS, seed=st.integers(0, 10_000))
def test_rows_do_not_see_each_other(sampling, seed):
    logits = 3 * torch.randn(4, 20, generator=torch.Generator().manual_seed(seed))
    alone = torch.cat([distribution(row[None], sampling) for row in logits])
    torch.testing.assert_close(distribution(logits, sampling), alone)


def test_an_id_of_no_weight_is_never_drawn():
    weights = torch.zeros(200_000, 7)
    weights[:, 2], weights[:, 5] = 1e-30, 3e-30
    drawn = draw(weights, torch.Generator().manual_seed(0)).bincount(minlength=7)
    assert drawn[[0, 1, 3, 4, 6]].sum() == 0
    assert abs(drawn[5] / drawn.sum() - 0.75) < 0.005


def test_a_large_vocabulary_of_improbable_ids_is_not_favoured():
    """All of 100,000 ids together have a chance of 1e-5: about none of 2,000 draws may take one."""
    weights = torch.full((100_001,), 1e-10)
    weights[50_000] = 1
    generator = torch.Generator().manual_seed(0)
    drawn = torch.stack([draw(weights, generator) for _ in range(2_000)])
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
    ],
)
def test_senseless_options_are_refused(wrong):
    with pytest.raises(DecodeError, match="give"):
        Sampling(**wrong)
