"""The cache: any history of feeding and taking back ends where a fresh run of the same ids does."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from specdec_check.decode.cache import RollbackCache
from specdec_check.decode.fast_runner import FastRunner, runner_for
from specdec_check.decode.runner import ReferenceRunner

FAMILIES = ["llama", "gpt2", "gpt_neox", "mistral", "gemma2", "gemma3_text", "qwen3", "phi3"]
# Gemma 2 caps its attention's logits, which sdpa cannot.
COMBINATIONS = [(name, how) for name in FAMILIES for how in ("sdpa", "eager") if (name, how) != ("gemma2", "sdpa")]
# What is fed, and how many ids are taken back before; twice the window of the sliding families in the end.
STEPS = st.lists(st.tuples(st.integers(0, 6), st.integers(1, 9)), min_size=3, max_size=8)


@pytest.fixture(scope="module")
def models(tiny):
    return {name_how: tiny.family(name_how[0], attention=name_how[1]) for name_how in COMBINATIONS}


def fresh(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids]), use_cache=False).logits[0]


@pytest.mark.parametrize(("name", "attention"), COMBINATIONS)
@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS, seed=st.integers(0, 999))
@torch.inference_mode()
def test_history_leaves_no_trace(models, name, attention, steps, seed):
    model = models[name, attention]
    generator = torch.Generator().manual_seed(seed)
    runners = [ReferenceRunner(model, capacity=1)]
    if isinstance(runner_for(model), FastRunner):
        runners.append(FastRunner(model, most=16))
    held = []
    for back, count in [*steps, (3, 9), (1, 9)]:
        held = held[: max(0, len(held) - back)]
        at = torch.tensor([len(held)])
        new = torch.randint(0, 48, (count,), generator=generator)
        held += new.tolist()
        expected = fresh(model, held)[-count:]
        for runner in runners:
            runner.rollback(int(at))
            runner.see(len(held))
            torch.testing.assert_close(runner.feed(new, at, keep=count), expected, atol=2e-5, rtol=1e-4)


def test_rollback_is_one_number(tiny):
    cache = RollbackCache()
    model = tiny.family("llama")
    with torch.inference_mode():
        model(torch.arange(9)[None], past_key_values=cache, use_cache=True)
    cache.position = 9
    keys = [layer.keys for layer in cache.layers]
    before = [key.clone() for key in keys]
    cache.rollback(4)
    assert cache.get_seq_length() == cache.layers[2].get_seq_length() == 4
    assert all(layer.keys is key for layer, key in zip(cache.layers, keys, strict=True))
    assert all(torch.equal(key, old) for key, old in zip(keys, before, strict=True))


def test_rollback_never_goes_forward():
    cache = RollbackCache()
    cache.position = 5
    cache.rollback(8)
    assert cache.position == 5


def test_buffers_double_and_keep_what_they_hold():
    cache = RollbackCache(capacity=2)
    written = torch.arange(30.0).view(1, 1, 30, 1)
    for at in range(30):
        keys, values = cache.update(written[:, :, at : at + 1], -written[:, :, at : at + 1], 0)
        cache.position += 1
        assert torch.equal(keys, written[:, :, : at + 1])
        assert torch.equal(values, -written[:, :, : at + 1])
    assert cache.capacity == 32


def test_what_is_read_is_a_view_of_the_buffer():
    """Nothing is concatenated or copied on the way to the attention."""
    cache = RollbackCache(capacity=16)
    for _ in range(3):
        keys, _ = cache.update(torch.ones(1, 2, 2, 4), torch.ones(1, 2, 2, 4), 1)
        cache.position += 2
        assert keys.data_ptr() == cache.layers[1].keys.data_ptr()
    assert not cache.is_sliding[1]
    assert cache.written
    assert not RollbackCache().written
