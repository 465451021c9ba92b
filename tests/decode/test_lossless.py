"""Sampled speculative decoding follows the target's own distribution; what is nearly right is told apart from it."""

import itertools

import pytest
import torch

from specdec_check.decode import sample
from specdec_check.decode.draft import Draft, ModelDrafter
from specdec_check.decode.options import Options, Sampling
from specdec_check.decode.sample import accept, distribution, draw, residual

PASS, FAIL = 1e-3, 1e-12  # the seeds are fixed: a true law passes once and for all, a false one fails by far
SAMPLINGS = {
    "plain": Sampling(1.0),
    "cool": Sampling(0.6),
    "hot": Sampling(1.6),
    "top-k": Sampling(1.0, top_k=4),
    "top-p": Sampling(1.0, top_p=0.8),
    "min-p": Sampling(1.0, min_p=0.15),
    "all": Sampling(0.8, top_k=7, top_p=0.9, min_p=0.05),
}
ROWS = 6  # of the scripted pair
DRAWN = 1_500


def p_value(counts, expected):
    """Pearson's chi-squared; cells expected to hold fewer than five are put together."""
    small = expected < 5
    observed = torch.cat((counts[~small], counts[small].sum()[None])).double()
    wanted = torch.cat((expected[~small], expected[small].sum()[None])).double()
    if wanted[-1] < 1e-9:  # nothing may fall where nothing is expected
        if observed[-1] > 0:
            return 0.0
        observed, wanted = observed[:-1], wanted[:-1]
    if len(wanted) < 2:
        return 1.0
    statistic = ((observed - wanted) ** 2 / wanted).sum()
    return float(torch.special.gammaincc(torch.tensor((len(wanted) - 1) / 2).double(), statistic / 2))


def logits(seed, rows=16):
    return 2 * torch.randn(rows, generator=torch.Generator().manual_seed(seed))


# The test and the residual, many at once


def one_step(p, q, generator, *, count=300_000, residual=residual, judged_by=None):
    """The first committed id of many independent rounds of one draft each: counts, and how often it was the draft."""
    p, q = p.expand(count, -1), q.expand(count, -1)
    judged_by = q if judged_by is None else judged_by.expand(count, -1)
    drafted = draw(q, generator)
    passed = accept(p, judged_by, drafted, generator)
    own = draw(residual(p, judged_by), generator)
    committed = torch.where(passed, drafted, own)
    return committed.bincount(minlength=p.shape[-1]), passed.double().mean()


@pytest.mark.parametrize("name", SAMPLINGS)
@pytest.mark.parametrize("seed", [0, 1])
def test_one_step_follows_p(name, seed):
    p, q = (distribution(logits(2 * seed + i), SAMPLINGS[name]) for i in (0, 1))
    counts, alpha = one_step(p, q, torch.Generator().manual_seed(seed))
    assert p_value(counts, 300_000 * p) > PASS
    assert abs(alpha - torch.minimum(p, q).sum()) < 5e-3  # Leviathan et al., corollary 3.6


@pytest.mark.parametrize("name", SAMPLINGS)
def test_a_wrong_residual_is_found_out(name):
    p, q = (distribution(logits(i), SAMPLINGS[name]) for i in (0, 1))
    counts, _ = one_step(p, q, torch.Generator().manual_seed(0), residual=lambda p, _: p)
    assert p_value(counts, 300_000 * p) < FAIL


@pytest.mark.parametrize("name", ["plain", "cool", "hot"])
def test_another_q_than_the_sampled_one_is_found_out(name):
    """Drafted with a mask, judged without renormalising for it; drafted with temperature, judged without."""
    p = distribution(logits(0), SAMPLINGS[name])
    raw = logits(1)
    masked = raw.masked_fill(torch.arange(16) % 3 == 0, -torch.inf)
    whole, part = distribution(raw, SAMPLINGS[name]), distribution(masked, SAMPLINGS[name])
    unnormalised = whole.masked_fill(part == 0, 0)
    generator = torch.Generator().manual_seed(0)
    for judged_by in (unnormalised, whole, distribution(raw, Sampling(2.5))):
        counts, _ = one_step(p, part, generator, judged_by=judged_by)
        assert p_value(counts, 300_000 * p) < FAIL
    counts, _ = one_step(p, part, generator)
    assert p_value(counts, 300_000 * p) > PASS


def test_equal_distributions_accept_always():
    p = distribution(logits(0), Sampling(1.0)).expand(100_000, -1)
    generator = torch.Generator().manual_seed(0)
    assert accept(p, p, draw(p, generator), generator).all()
    assert torch.equal(residual(p, p), p)  # nothing is left, and nothing is divided by it


def test_an_id_that_the_target_cannot_say_is_never_accepted():
    p, q = torch.tensor([0.0, 1.0]).expand(100_000, -1), torch.tensor([1.0, 0.0]).expand(100_000, -1)
    drafted = torch.zeros(100_000, dtype=torch.int64)
    assert not accept(p, q, drafted, torch.Generator().manual_seed(0)).any()


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
            chance *= float(distribution(table[past[-2], past[-1]], sampling)[token])
            past.append(token)
        joint = torch.cat((joint, torch.tensor([chance])))
    return joint[1:]


def counted(pair, options, prompt, runs):
    """How often each sequence of new ids came out of the decoder."""
    places = torch.tensor([ROWS**i for i in reversed(range(options.max_new_tokens))])
    sampled = [
        pair.generate(prompt, Options(options.max_new_tokens, options.gamma, options.sampling, seed)).ids
        for seed in range(runs)
    ]
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


def test_the_loop_with_a_wrong_residual_is_found_out(scripted, monkeypatch):
    monkeypatch.setattr(sample, "residual", lambda p, _: p)
    table, pair = scripted
    options = Options(3, 3, SAMPLINGS["plain"])
    counts = counted(pair, options, [1, 2], DRAWN)
    assert p_value(counts, DRAWN * exact(table, options.sampling, [1, 2], 3)) < FAIL


def test_the_loop_with_a_q_that_was_not_sampled_is_found_out(scripted, monkeypatch):
    propose = ModelDrafter.propose

    def flattened(*args):
        draft = propose(*args)
        return Draft(draft.ids, draft.q.sqrt())

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
