"""Rounds of speculation by the hundred thousand over tables of tiny vocabularies, and the test of what they commit."""

import itertools
import math

import torch

from specdec_check.decode.options import Sampling
from specdec_check.decode.sample import draw
from specdec_check.decode.transforms import distribution

PASS, FAIL = 1e-3, 1e-12  # the seeds are fixed: a true law passes once and for all, a false one fails by far
ROWS = 6

# Every combination of transforms, under names such as "0.7-k-p-m-r".
COMBINATIONS = {
    "-".join([str(temperature), *(mark for mark, on in zip("kpmr", chosen, strict=True) if on)]): Sampling(
        temperature,
        top_k=4 if chosen[0] else 0,
        top_p=0.85 if chosen[1] else 1.0,
        min_p=0.12 if chosen[2] else 0.0,
        repetition_penalty=1.6 if chosen[3] else 1.0,
    )
    for temperature in (0.7, 1.0, 1.5)
    for chosen in itertools.product((False, True), repeat=4)
}


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


def uniform(*shape, generator):
    """Independent float64 uniforms in [0, 1)."""
    return torch.rand(shape, dtype=torch.float64, generator=generator)


def logit_tables(seed, lengths, rows=ROWS):
    """One (rows ** i, rows) table for i = 0 .. lengths - 1: the next id's logits after every sequence of i ids."""
    generator = torch.Generator().manual_seed(seed)
    return [1.1 * torch.randn(rows**i, rows, generator=generator) for i in range(lengths)]


def distributions(tables, sampling, seen=(0, 3)):
    """Their distributions, in a text that holds the ids `seen`, and in each row those that led there."""
    out = []
    for length, table in enumerate(tables):
        ids = torch.tensor([[*seen, *path] for path in itertools.product(range(table.shape[-1]), repeat=length)])
        held = torch.zeros_like(table, dtype=torch.bool).scatter_(1, ids, True)
        out.append(distribution(table, sampling, held))
    return out


def pair(sampling, gamma, seed=0):
    """Tables of a target, and of a drafter that agrees with it in part."""
    target = logit_tables(2 * seed, gamma + 1)
    noise = logit_tables(2 * seed + 1, gamma)
    drafter = [0.6 * own + 0.8 * other for own, other in zip(target, noise, strict=False)]
    return distributions(target, sampling), distributions(drafter, sampling)


def joint(tables):
    """The distribution over whole sequences, by their number in base `rows`."""
    chance = torch.ones(1, dtype=torch.float64)
    for table in tables:
        chance = (chance.unsqueeze(-1) * table.double()).flatten()
    return chance


def committed(verify, target, drafter, *, count=50_000, seed=0, judged_by=None):
    """Counts of the sequences that rounds commit, each completed from the target; and how many drafts were kept.

    Args:
        verify: `verify_sampled`, `verify_block` or one to be found out.
        target: gamma + 1 tables.
        drafter: gamma tables.
        count: how many rounds.
        seed: of all randomness.
        judged_by: tables that stand as q in place of the drafter's.
    """
    generator = torch.Generator().manual_seed(seed)
    gamma, rows = len(drafter), target[0].shape[-1]
    code = torch.zeros(count, dtype=torch.int64)
    p, q, drafted = [target[0][code]], [], []
    for level in range(gamma):
        drafted.append(draw(drafter[level][code], uniform(count, generator=generator)))
        q.append((judged_by or drafter)[level][code])
        code = code * rows + drafted[-1]
        p.append(target[level + 1][code])
    ids = torch.stack(drafted, 1)
    verdict = verify(torch.stack(p, 1), ids, torch.stack(q, 1), uniform(count, gamma + 1, generator=generator))
    accepted, own = verdict.accepted.squeeze(1), verdict.own.squeeze(1)
    assert verdict.sound.all()
    code = torch.zeros(count, dtype=torch.int64)
    for level in range(gamma + 1):
        said = draw(target[level][code], uniform(count, generator=generator))
        said = torch.where(accepted == level, own, said)
        if level < gamma:
            said = torch.where(accepted > level, drafted[level], said)
        code = code * rows + said
    return code.bincount(minlength=rows ** (gamma + 1)), accepted.double().mean().item()


def follows(verify, target, drafter, **more):
    """The p-value of what rounds commit against the target's own distribution."""
    counts, _ = committed(verify, target, drafter, **more)
    return p_value(counts, counts.sum() * joint(target))


def looked_up(tables):
    """Tables of a drafter that always says one id, as a prompt lookup does."""
    return [torch.nn.functional.one_hot(table.argmax(-1), table.shape[-1]).float() for table in tables]


def book(p, drafted, q):
    """Algorithm 2 of Sun et al. word by word, on lists: the chances to pass each test, and the weights after each stop.

    Returns:
        h_1 .. h_gamma, and for tau = 0 .. gamma the weights that the next id is drawn from.
    """
    gamma, kept = len(drafted), 1.0
    chances, weights = [], []
    for at in range(gamma + 1):
        if at > 0:
            kept = min(kept * p[at - 1][drafted[at - 1]] / q[at - 1][drafted[at - 1]], 1.0)
        if at == gamma:
            chances.append(kept)
            weights.append(list(p[at]))
        else:
            left = [max(kept * big - small, 0.0) for big, small in zip(p[at], q[at], strict=True)]
            mass = math.fsum(left)
            chances.append(1.0 if mass + 1 - kept == 0 else mass / (mass + 1 - kept))
            weights.append(left if mass > 0 else list(p[at]))
    return chances[1:], weights
