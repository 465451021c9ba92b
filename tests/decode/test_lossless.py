"""Sampled speculative decoding follows the target's own distribution; what is nearly right is told apart from it."""

import itertools
from dataclasses import replace

import pytest
import torch
from chances import (
    COMBINATIONS,
    FAIL,
    PASS,
    ROWS,
    committed,
    distributions,
    follows,
    joint,
    logit_tables,
    looked_up,
    p_value,
    pair,
    uniform,
)

from specdec_check.decode import sample
from specdec_check.decode.draft import ModelDrafter
from specdec_check.decode.options import Options, Sampling
from specdec_check.decode.sample import accept, draw, residual, verify_greedy, verify_sampled
from specdec_check.decode.transforms import distribution

SAMPLINGS = {
    "plain": Sampling(1.0),
    "cool": Sampling(0.6),
    "hot": Sampling(1.6),
    "top-k": Sampling(1.0, top_k=4),
    "top-p": Sampling(1.0, top_p=0.8),
    "min-p": Sampling(1.0, min_p=0.15),
    "penalty": Sampling(1.0, repetition_penalty=1.8),
    "all": Sampling(0.8, top_k=7, top_p=0.9, min_p=0.05),
}
DRAWN = 1_500


# One round, many at once: the sequences committed, each completed by the target, against its own distribution


@pytest.mark.parametrize("name", COMBINATIONS)
def test_rounds_follow_p_under_every_combination_of_transforms(name):
    target, drafter = pair(COMBINATIONS[name], gamma=2)
    counts, mean = committed(verify_sampled, target, drafter)
    assert p_value(counts, counts.sum() * joint(target)) > PASS
    # Leviathan et al., corollary 3.6, over the sequences: the ids kept are what the two distributions share.
    first = torch.minimum(target[0], drafter[0])
    second = (first.T * torch.minimum(target[1], drafter[1])).sum()
    assert abs(mean - (first.sum() + second)) < 0.012


@pytest.mark.parametrize("gamma", [1, 3])
@pytest.mark.parametrize("name", ["1.0", "0.7-k-p-m-r"])
def test_rounds_of_other_lengths_follow_p(name, gamma):
    assert follows(verify_sampled, *pair(COMBINATIONS[name], gamma, seed=1), count=200_000) > PASS


@pytest.mark.parametrize("name", ["1.0", "1.5-r", "0.7-k-p-m-r"])
def test_drafts_looked_up_follow_p(name):
    target, drafter = pair(COMBINATIONS[name], gamma=2)
    assert follows(verify_sampled, target, looked_up(drafter)) > PASS
    # Ids of a sampled draft that is said to be certain are accepted by p alone.
    assert follows(verify_sampled, target, drafter, judged_by=looked_up(drafter)) < FAIL


@pytest.mark.parametrize("name", COMBINATIONS)
def test_a_wrong_residual_is_found_out(name, monkeypatch):
    monkeypatch.setattr(sample, "residual", lambda p, _: p)
    assert follows(verify_sampled, *pair(COMBINATIONS[name], gamma=1)) < FAIL


@pytest.mark.parametrize("name", ["0.7", "1.0", "1.5"])
def test_another_q_than_the_sampled_one_is_found_out(name):
    """Drafted with a mask, judged without renormalising for it; drafted with temperature, judged without."""
    target, whole = pair(COMBINATIONS[name], gamma=1)
    masked = whole[0].masked_fill(torch.arange(whole[0].shape[-1]) % 3 == 0, 0)
    drafter = [masked / masked.sum(-1, keepdim=True)]
    for judged_by in (masked, whole[0], (4 * drafter[0]).softmax(-1)):
        assert follows(verify_sampled, target, drafter, judged_by=[judged_by]) < FAIL
    assert follows(verify_sampled, target, drafter) > PASS


def test_penalising_only_the_prompt_is_found_out():
    """Rows that forget the ids drafted before them are another distribution, and the chi-squared sees it."""
    tables = logit_tables(0, 3)
    sampling = COMBINATIONS["1.0-r"]
    target, forgetful = distributions(tables, sampling), distributions(tables, Sampling(1.0))
    counts, _ = committed(verify_sampled, forgetful, forgetful[:2])
    assert p_value(counts, counts.sum() * joint(target)) < FAIL


def test_equal_distributions_accept_always():
    p = distribution(torch.randn(16, generator=torch.Generator().manual_seed(0)), Sampling(1.0)).expand(100_000, -1)
    generator = torch.Generator().manual_seed(0)
    drafted = draw(p, uniform(100_000, generator=generator))
    assert accept(p, p, drafted, uniform(100_000, generator=generator)).all()
    assert torch.equal(residual(p, p), p)  # nothing is left, and nothing is divided by it


@pytest.mark.parametrize("chance", [0.0, 0.5, 1 - 2**-53])
def test_an_id_that_the_target_cannot_say_is_never_accepted(chance):
    p, q = torch.tensor([[0.0, 1.0], [0.5, 0.5]]), torch.tensor([[1.0, 0.0]])
    verdict = verify_sampled(p, torch.tensor([0]), q, torch.tensor([chance, chance], dtype=torch.float64))
    assert (verdict.accepted.item(), verdict.own.item(), verdict.sound.item()) == (0, 1, 1)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_greedy_keeps_what_is_the_best_id(count):
    scores = torch.randn(count + 1, ROWS, generator=torch.Generator().manual_seed(0))
    best = scores.argmax(-1)
    for wrong in range(count + 1):
        drafted = best[:-1].clone()
        drafted[wrong:] = (drafted[wrong:] + 1) % ROWS
        verdict = verify_greedy(scores, drafted)
        assert (verdict.accepted.item(), verdict.own.item(), verdict.sound.item()) == (wrong, best[wrong].item(), 1)
    scores[-1, 2] = torch.nan
    assert verify_greedy(scores, best[:-1]).sound.item() == 0


def test_nan_in_the_row_that_is_drawn_from_shows():
    p = torch.full((3, ROWS), 1 / ROWS)
    drafted, uniforms = torch.tensor([1, 2]), torch.full((3,), 0.5, dtype=torch.float64)
    for broken in range(3):
        row = p.index_fill(0, torch.tensor([broken]), torch.nan)
        verdict = verify_sampled(row, drafted, p[:2], uniforms)
        assert verdict.sound.item() == 0
        assert 0 <= verdict.own.item() < ROWS


# The whole loop, on scripted models whose next id depends on the last two


def walk(rows, seed, sharpness=2.0):
    table = sharpness * torch.randn(rows, rows, rows, generator=torch.Generator().manual_seed(seed))
    return table, lambda past: table[past[-2] if len(past) > 1 else 0, past[-1]]


def exact(table, sampling, prompt, count):
    """The target's distribution over the next `count` ids, one dimension each."""
    joint = torch.ones(1)
    for ids in itertools.product(range(table.shape[0]), repeat=count):
        chance, past = 1.0, list(prompt)
        for token in ids:
            held = torch.zeros(table.shape[0], dtype=torch.bool).index_fill_(0, torch.tensor(past), value=True)
            chance *= float(distribution(table[past[-2], past[-1]], sampling, held)[token])
            past.append(token)
        joint = torch.cat((joint, torch.tensor([chance])))
    return joint[1:]


def counted(pair, options, prompt, runs):
    """How often each sequence of new ids came out of the decoder."""
    places = torch.tensor([ROWS**i for i in reversed(range(options.max_new_tokens))])
    sampled = [pair.generate(prompt, replace(options, seed=seed)).ids for seed in range(runs)]
    codes = (torch.tensor(sampled) * places).sum(-1)
    return codes.bincount(minlength=ROWS**options.max_new_tokens)


@pytest.fixture
def scripted(tiny):
    """A pair that agrees in part, the drafter wider than the target and with ids that it may not propose."""
    table, answer = walk(ROWS, seed=0)
    wide = ROWS + 3
    own = 1.5 * torch.randn(wide, wide, wide, generator=torch.Generator().manual_seed(7))
    own[:ROWS, :ROWS, :ROWS] += 0.7 * table
    drafter = tiny.Scripted(wide, lambda past: own[past[-2] if len(past) > 1 else 0, past[-1]])
    pair = tiny.decoder(tiny.Scripted(ROWS, answer), drafter, proposable=((0, 2), (3, ROWS)))
    return table, pair


@pytest.mark.parametrize(
    ("gamma", "name"), [(0, "plain"), (0, "all"), (1, "plain"), (1, "all"), *((3, name) for name in SAMPLINGS)]
)
def test_the_loop_follows_the_target(scripted, gamma, name):
    table, pair = scripted
    options = Options(3, gamma, SAMPLINGS[name])
    counts = counted(pair, options, [1, 2], DRAWN)
    assert p_value(counts, DRAWN * exact(table, options.sampling, [1, 2], 3)) > PASS


@pytest.mark.parametrize("name", ["penalty", "all"])
def test_the_loop_with_blocks_follows_the_target(scripted, name):
    table, pair = scripted
    options = Options(3, 3, SAMPLINGS[name], block=True)
    counts = counted(pair, options, [1, 2], DRAWN)
    assert p_value(counts, DRAWN * exact(table, options.sampling, [1, 2], 3)) > PASS


def test_the_loop_with_a_wrong_residual_is_found_out(scripted, monkeypatch):
    monkeypatch.setattr(sample, "residual", lambda p, _: p)
    table, pair = scripted
    options = Options(3, 3, SAMPLINGS["plain"])
    counts = counted(pair, options, [1, 2], DRAWN)
    assert p_value(counts, DRAWN * exact(table, options.sampling, [1, 2], 3)) < FAIL


def test_the_loop_with_a_q_that_was_not_sampled_is_found_out(scripted, monkeypatch):
    propose = ModelDrafter.propose

    def flattened(drafter, state, count, *args, **more):
        propose(drafter, state, count, *args, **more)
        drafted = torch.arange(count) + state.step - count
        state.q.index_copy_(0, drafted, state.q.index_select(0, drafted).sqrt())

    monkeypatch.setattr(ModelDrafter, "propose", flattened)
    table, pair = scripted
    options = Options(3, 3, SAMPLINGS["plain"])
    counts = counted(pair, options, [1, 2], DRAWN)
    assert p_value(counts, DRAWN * exact(table, options.sampling, [1, 2], 3)) < FAIL


def test_transformers_models_follow_the_target(tiny):
    """The same through real attention and both caches, in the ids after the first."""
    target = tiny.family("llama", vocab_size=ROWS, num_hidden_layers=1)
    pair = tiny.decoder(target, tiny.noised(target, 0.3))
    prompt, options = [1, 2, 3], Options(3, 2, Sampling(0.7, top_p=0.95))
    runs = 1_000
    expected = torch.ones(1)
    for ids in itertools.product(range(ROWS), repeat=3):
        with torch.no_grad():
            rows = distribution(target(torch.tensor([[*prompt, *ids]])).logits[0, 2:5], options.sampling)
        expected = torch.cat((expected, rows.gather(1, torch.tensor(ids)[:, None]).prod()[None]))
    assert p_value(counted(pair, options, prompt, runs), runs * expected[1:]) > PASS
