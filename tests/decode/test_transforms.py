"""What makes these functions fit for a CUDA graph: no host read, no branch on data, no sort that is not needed."""

import warnings

import pytest
import torch
from chances import COMBINATIONS
from torch.utils._python_dispatch import TorchDispatchMode

from specdec_check.decode.options import Sampling
from specdec_check.decode.sample import accept, draw, leading, residual, verify_block, verify_greedy, verify_sampled
from specdec_check.decode.transforms import distribution, scores, seen_rows

VOCABULARY, GAMMA = 300, 3  # large enough that top-k reaches only a part of it
READS = ("item", "tolist", "numpy", "cpu", "nonzero", "__bool__", "__int__", "__float__", "__index__")
READING = ("_local_scalar_dense", "nonzero", "is_nonzero", "masked_select", "equal", "unique")


def inputs(seed, gamma=GAMMA):
    """Everything a round may be given; with other seeds other ids pass, tie, repeat, or turn out NaN."""
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(gamma + 1, VOCABULARY, generator=generator)
    if seed % 3 == 1:
        logits = logits.round()
    p, q = (
        logits.softmax(-1),
        (logits[:-1] + seed % 4 * torch.randn(gamma, VOCABULARY, generator=generator)).softmax(-1),
    )
    if seed == 5:
        p[-1] = torch.nan
    uniforms = torch.rand(gamma + 1, dtype=torch.float64, generator=generator)
    drafted = draw(q, torch.rand(gamma, dtype=torch.float64, generator=generator))
    if gamma > 1 and seed % 2:
        drafted[1] = drafted[0]
    return {
        "logits": logits,
        "p": p,
        "q": q,
        "drafted": drafted,
        "uniforms": uniforms,
        "seen": torch.rand(VOCABULARY, generator=generator) < 0.3,
    }


def flat(verify):
    """The verdict as a tuple, as traces want it."""

    def run(*tensors):
        verdict = verify(*tensors)
        return verdict.accepted, verdict.own, verdict.sound

    return run


def without_q(verify):
    return flat(lambda p, uniforms: verify(p, torch.zeros(0, dtype=torch.int64), None, uniforms))


# name → (function of tensors, how many are drafted, which of the inputs)
CASES = {
    "draw": (draw, GAMMA, ("p", "uniforms")),
    "accept": (lambda p, q, ids, u: accept(p[:-1], q, ids, u[:-1]), GAMMA, ("p", "q", "drafted", "uniforms")),
    "leading": (lambda u: leading(u < 0.6), GAMMA, ("uniforms",)),
    "residual": (lambda p, q: residual(p[:-1], q), GAMMA, ("p", "q")),
    "seen_rows": (seen_rows, GAMMA, ("seen", "drafted")),
    "verify_greedy": (flat(verify_greedy), GAMMA, ("logits", "drafted")),
    "verify_sampled": (flat(verify_sampled), GAMMA, ("p", "drafted", "q", "uniforms")),
    "verify_block": (flat(verify_block), GAMMA, ("p", "drafted", "q", "uniforms")),
    "verify_sampled, nothing drafted": (without_q(verify_sampled), 0, ("p", "uniforms")),
    "verify_block, nothing drafted": (without_q(verify_block), 0, ("p", "uniforms")),
    **{
        f"scores {name}": (
            lambda logits, seen, sampling=sampling: scores(logits, sampling, seen),
            1,
            ("logits", "seen"),
        )
        for name, sampling in {**COMBINATIONS, "greedy-r": Sampling(repetition_penalty=1.3)}.items()
    },
    "distribution": (lambda logits: distribution(logits, COMBINATIONS["0.7-k-p-m"]), GAMMA, ("logits",)),
}


def chosen(name, seed):
    function, gamma, names = CASES[name]
    given = inputs(seed, gamma)
    return function, tuple(given[one] for one in names)


class Watch(TorchDispatchMode):
    """Notes the operations that reach the dispatcher, with the widths that they were given."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        """Notes and carries on."""
        width = args[0].shape[-1] if args and isinstance(args[0], torch.Tensor) and args[0].dim() else 0
        self.seen.append((func.overloadpacket.__name__, width))
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_read_back_to_the_host(name, monkeypatch):
    function, tensors = chosen(name, 0)
    watch = Watch()

    def read(*_, **__):
        raise AssertionError("a tensor's value was read")

    with monkeypatch.context() as patched:
        for method in READS:
            patched.setattr(torch.Tensor, method, read)
        with watch:
            function(*tensors)
    assert watch.seen
    assert not {operation for operation, _ in watch.seen} & set(READING)


def test_a_read_would_be_noticed(monkeypatch):
    for read in (bool, int, float, list(range(9)).__getitem__, lambda value: value.tolist()):
        with monkeypatch.context() as patched:
            patched.setitem(CASES, "reading", (lambda u, read=read: read(u.argmax()), GAMMA, ("uniforms",)))
            with pytest.raises(AssertionError, match="read"):
                test_nothing_is_read_back_to_the_host("reading", monkeypatch)


@pytest.mark.parametrize("name", CASES)
def test_a_trace_holds_for_other_inputs(name):
    """A recording of the operations on one input gives on others what the function itself gives."""
    function, tensors = chosen(name, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(function, tensors, check_trace=False)
        for seed in range(1, 8):
            _, others = chosen(name, seed)
            torch.testing.assert_close(traced(*others), function(*others), rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("name", COMBINATIONS)
def test_the_whole_vocabulary_is_sorted_for_top_p_alone(name):
    sampling = COMBINATIONS[name]
    watch = Watch()
    with watch:
        scores(inputs(0)["logits"], sampling)
    widths = [width for operation, width in watch.seen if operation in ("sort", "argsort")]
    assert widths == ([VOCABULARY] if sampling.top_p < 1 and not sampling.top_k else [])


@pytest.mark.parametrize("drafted", [[], [4], [4, 4, 0], [0, 2, 5, 2, 0, 1]])
def test_every_row_has_seen_what_was_drafted_before_it(drafted):
    seen = torch.tensor([False, True, False, False, False, True])
    rows = seen_rows(seen, torch.tensor(drafted, dtype=torch.int64))
    assert rows.dtype == torch.bool
    held = {1, 5}
    assert [set(row.nonzero().flatten().tolist()) for row in rows] == [
        held | set(drafted[:i]) for i in range(len(drafted) + 1)
    ]
    assert seen.tolist() == [False, True, False, False, False, True]  # the text's own mask is left as it was


def test_a_penalty_falls_on_both_signs():
    logits = torch.tensor([2.0, -2.0, 0.0, 3.0, -torch.inf])
    seen = torch.tensor([True, True, True, False, True])
    got = scores(logits, Sampling(repetition_penalty=2.0), seen)
    assert got.tolist() == [1.0, -4.0, 0.0, 3.0, -torch.inf]


def test_nan_stays_nan_under_every_combination():
    """A row that means nothing must not be made to look like one that does."""
    for sampling in COMBINATIONS.values():
        logits = inputs(0)["logits"].index_fill(1, torch.tensor([7]), torch.nan)
        assert distribution(logits, sampling).isnan().any(-1).all()
