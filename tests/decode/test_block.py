"""Block verification follows the target as well, keeps no fewer ids in the mean, and is the paper's algorithm."""

import itertools
import math

import pytest
import torch
from chances import COMBINATIONS, FAIL, PASS, book, committed, follows, joint, looked_up, p_value, pair, uniform

from specdec_check.decode import sample
from specdec_check.decode.sample import Verdict, accept, draw, verify_block, verify_sampled

VERIFIERS = {"tokens": verify_sampled, "block": verify_block}


def tables(seed, gamma, rows, sharpness=1.5):
    """Distributions after every prefix: gamma + 1 levels of a target, gamma of a drafter, some with zeros."""
    generator = torch.Generator().manual_seed(seed)

    def level(length):
        logits = sharpness * torch.randn(rows**length, rows, generator=generator, dtype=torch.float64)
        barred = torch.rand(logits.shape, generator=generator) < 0.15
        barred[..., 0] = False
        return logits.masked_fill(barred, -torch.inf).softmax(-1)

    return [level(i) for i in range(gamma + 1)], [level(i) for i in range(gamma)]


def paths(target, drafter):
    """Every sequence that may be drafted: its chance, its ids, and the rows of p and q along it."""
    rows, gamma = target[0].shape[-1], len(drafter)
    for ids in itertools.product(range(rows), repeat=gamma):
        codes = list(itertools.accumulate(ids, lambda code, token: code * rows + token, initial=0))
        p = [table[code].tolist() for table, code in zip(target, codes, strict=True)]
        q = [table[code].tolist() for table, code in zip(drafter, codes, strict=False)]
        chance = math.prod(row[token] for row, token in zip(q, ids, strict=True))
        if chance > 0:
            yield chance, ids, p, q


def enumerated(target, drafter):
    """The paper's algorithm in expectation: the distribution over whole sequences, and the mean number kept."""
    rows, gamma = target[0].shape[-1], len(drafter)
    out = torch.zeros(rows ** (gamma + 1), dtype=torch.float64)
    mean = 0.0
    for chance, ids, p, q in paths(target, drafter):
        chances, weights = book(p, ids, q)
        for tau in range(gamma + 1):
            stops = chance * (chances[tau - 1] if tau > 0 else 1.0) * math.prod(1 - h for h in chances[tau:])
            mean += stops * tau
            code = sum(token * rows**at for at, token in enumerate(reversed(ids[:tau])))
            ends = stops * torch.tensor(weights[tau], dtype=torch.float64) / math.fsum(weights[tau])
            for level in range(tau + 1, gamma + 1):  # the rest of the sequence is the target's
                first = code * rows ** (level - tau)
                ends = (ends.unsqueeze(-1) * target[level][first : first + ends.numel()]).flatten()
            first = code * rows ** (gamma + 1 - tau)
            out[first : first + ends.numel()] += ends
    return out, mean


def one_by_one(target, drafter):
    """The mean number that token-wise verification keeps: what p and q share, prefix by prefix."""
    shared, mean = torch.ones(1, dtype=torch.float64), 0.0
    for big, small in zip(target, drafter, strict=False):
        shared = (shared.unsqueeze(-1) * torch.minimum(big, small)).flatten()
        mean += shared.sum().item()
    return mean


@pytest.mark.parametrize("name", COMBINATIONS)
def test_blocks_follow_p_under_every_combination_of_transforms(name):
    assert follows(verify_block, *pair(COMBINATIONS[name], gamma=2)) > PASS


@pytest.mark.parametrize("gamma", [1, 2, 3])
@pytest.mark.parametrize("name", ["1.0", "1.5-r", "0.7-k-p-m-r"])
def test_blocks_of_any_length_follow_p(name, gamma):
    assert follows(verify_block, *pair(COMBINATIONS[name], gamma, seed=1), count=200_000) > PASS


@pytest.mark.parametrize("name", ["1.0", "1.5-r", "0.7-k-p-m-r"])
def test_drafts_looked_up_follow_p(name):
    target, drafter = pair(COMBINATIONS[name], gamma=2)
    assert follows(verify_block, target, looked_up(drafter)) > PASS
    assert follows(verify_block, target, drafter, judged_by=looked_up(drafter)) < FAIL


@pytest.mark.parametrize("wrong", [lambda p, *_: p, lambda p, q, *_: (p - q).clamp(min=0)])
def test_a_wrong_residual_is_found_out(wrong, monkeypatch):
    monkeypatch.setattr(sample, "residual", wrong)
    assert follows(verify_block, *pair(COMBINATIONS["1.0"], gamma=3), count=200_000) < FAIL


def test_another_q_than_the_sampled_one_is_found_out():
    target, drafter = pair(COMBINATIONS["1.0"], gamma=2)
    flattened = [table.sqrt() / table.sqrt().sum(-1, keepdim=True) for table in drafter]
    assert follows(verify_block, target, drafter, judged_by=flattened) < FAIL


def test_keeping_the_last_id_that_passes_by_itself_is_found_out():
    """What a block would be if it took the tests of token-wise verification."""

    def wrong(p, drafted, q, uniforms):
        passed = accept(p[..., :-1, :], q, drafted, uniforms[..., :-1])
        accepted = (passed * torch.arange(1, drafted.shape[-1] + 1)).amax(-1, keepdim=True)
        row = p.take_along_dim(accepted.unsqueeze(-1), dim=-2)
        return Verdict(accepted, draw(row, uniforms[..., -1:]), torch.ones_like(accepted))

    assert follows(wrong, *pair(COMBINATIONS["1.0"], gamma=2)) < FAIL


@pytest.mark.parametrize("gamma", [1, 2, 3])
def test_the_algorithm_is_lossless_to_the_last_digit_and_keeps_no_fewer(gamma):
    """By enumeration of every draft and every outcome, over random tables."""
    gains = []
    for seed in range(60 if gamma < 3 else 15):
        target, drafter = tables(seed, gamma, rows=3 + seed % 2, sharpness=(0.5, 1.5, 4.0)[seed % 3])
        out, mean = enumerated(target, drafter)
        torch.testing.assert_close(out, joint(target), rtol=0, atol=1e-14)
        gains.append(mean - one_by_one(target, drafter))
    assert min(gains) > -1e-12
    assert gamma == 1 or max(gains) > 0.02  # a single id has nothing to be judged together with


@pytest.mark.parametrize("gamma", [1, 2, 4])
def test_each_verdict_is_the_paper_s(gamma):
    """Rounds with given uniforms, against the algorithm on lists; and rounds alone against rounds at once."""
    generator = torch.Generator().manual_seed(gamma)
    count, rows = 300, 5
    p = (2 * torch.randn(count, gamma + 1, rows, generator=generator)).softmax(-1)
    q = (2 * torch.randn(count, gamma, rows, generator=generator)).softmax(-1)
    q[::4] = p[::4, :-1]  # where w = 1 meets p = q, and nothing is left
    drafted = draw(q, uniform(count, gamma, generator=generator))
    uniforms = uniform(count, gamma + 1, generator=generator)
    verdict = verify_block(p, drafted, q, uniforms)
    for i in range(count):
        chances, weights = book(p[i].tolist(), drafted[i].tolist(), q[i].tolist())
        tau = max([0, *(at for at, (u, h) in enumerate(zip(uniforms[i].tolist(), chances, strict=False), 1) if u < h)])
        assert verdict.accepted[i].item() == tau
        running = list(itertools.accumulate(weights[tau]))
        point = uniforms[i, -1].item() * running[-1]
        assert verdict.own[i].item() == next(at for at, mass in enumerate(running) if mass > point)
        alone = verify_block(p[i], drafted[i], q[i], uniforms[i])
        assert (alone.accepted.tolist(), alone.own.tolist()) == ([tau], verdict.own[i].tolist())


@pytest.mark.parametrize("gamma", [2, 3])
def test_it_keeps_as_many_as_enumerated(gamma):
    target, drafter = pair(COMBINATIONS["1.0"], gamma)
    _, expected = enumerated([table.double() for table in target], [table.double() for table in drafter])
    _, block = committed(verify_block, target, drafter, count=200_000)
    _, tokens = committed(verify_sampled, target, drafter, count=200_000)
    assert abs(block - expected) < 0.01
    assert abs(tokens - one_by_one(target, drafter)) < 0.01
    assert block > tokens


@pytest.mark.parametrize("verify", VERIFIERS.values(), ids=VERIFIERS)
def test_a_perfect_drafter_is_always_kept(verify):
    target, _ = pair(COMBINATIONS["1.0"], gamma=3)
    counts, mean = committed(verify, target, target[:-1])
    assert mean == 3
    assert p_value(counts, counts.sum() * joint(target)) > PASS


@pytest.mark.parametrize("verify", VERIFIERS.values(), ids=VERIFIERS)
def test_a_useless_drafter_is_never_kept(verify):
    target = [torch.tensor([0.0, 0.0, 0.3, 0.7]).expand(4**i, -1) for i in range(3)]
    drafter = [torch.tensor([0.5, 0.5, 0.0, 0.0]).expand(4**i, -1) for i in range(2)]
    counts, mean = committed(verify, target, drafter, count=20_000)
    assert mean == 0
    assert p_value(counts, counts.sum() * joint(target)) > PASS


@pytest.mark.parametrize("verify", VERIFIERS.values(), ids=VERIFIERS)
def test_without_a_draft_the_id_is_the_target_s(verify):
    p = pair(COMBINATIONS["1.0"], gamma=1)[0][0]
    nothing = torch.zeros(100_000, 0, dtype=torch.int64)
    uniforms = uniform(100_000, 1, generator=torch.Generator().manual_seed(0))
    for q in (None, torch.zeros(100_000, 0, p.shape[-1])):
        verdict = verify(p.expand(100_000, 1, -1), nothing, q, uniforms)
        assert not verdict.accepted.any()
        assert p_value(verdict.own.flatten().bincount(minlength=p.shape[-1]), 100_000 * p[0]) > PASS
    alone = verify(p, nothing[0], None, uniforms[0])
    assert [alone.accepted.shape, alone.own.shape, alone.sound.shape] == [(1,)] * 3


def test_ratios_beyond_float32_are_carried():
    """The chance to keep a prefix comes back from 1e-60 when later ids are that much likelier to the target."""
    tiny = 1e-30
    p = torch.tensor([[tiny, 1.0], [tiny, 1.0], [1.0, tiny], [1.0, tiny], [0.5, 0.5]])
    q = torch.tensor([[1.0, tiny], [1.0, tiny], [tiny, 1.0], [tiny, 1.0]])
    uniforms = torch.full((5,), 0.3, dtype=torch.float64)
    verdict = verify_block(p, torch.tensor([0, 0, 0, 0]), q, uniforms)
    assert (verdict.accepted.item(), verdict.own.item(), verdict.sound.item()) == (4, 0, 1)


@pytest.mark.parametrize("broken", range(3))
def test_nan_in_any_drafted_position_shows(broken):
    p, uniforms = torch.full((3, 4), 0.25), torch.full((3,), 0.5, dtype=torch.float64)
    row = p.index_fill(0, torch.tensor([broken]), torch.nan)
    verdict = verify_block(row, torch.tensor([1, 2]), p[:2], uniforms)
    assert verdict.sound.item() == 0
    assert 0 <= verdict.own.item() < 4
