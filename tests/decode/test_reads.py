"""The host reads the device once a round, and nowhere but in one function.

On a CPU most reads leave no trace in torch's dispatcher, so the methods that make them are replaced; what reaches the
dispatcher all the same (a boolean index, `nonzero`) is watched there. Rounds run plainly here, so that every operation
of theirs passes by; what is recorded is recorded from these.
"""

from contextlib import contextmanager

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from specdec_check.decode import engine
from specdec_check.decode.costs import Costs
from specdec_check.decode.decoder import Decoder
from specdec_check.decode.draft import ModelDrafter
from specdec_check.decode.lookup import HybridDrafter, LookupDrafter
from specdec_check.decode.options import Options, Sampling
from specdec_check.decode.schedule import Adaptive

METHODS = ["tolist", "numpy", "cpu", "item", "__bool__", "__int__", "__index__", "__float__", "__contains__", "nonzero"]
DATA_DEPENDENT = (
    "_local_scalar_dense",
    "nonzero",
    "is_nonzero",
    "masked_select",
    "unique",
    "equal.default",
    "bincount",
)
SAMPLINGS = {
    "greedy": Sampling(),
    "penalty": Sampling(repetition_penalty=1.3),
    "sampled": Sampling(0.8),
    "all": Sampling(0.8, top_k=9, top_p=0.9, min_p=0.02, repetition_penalty=1.2),
}


class Watch(TorchDispatchMode):
    """Notes operations whose result depends on values that the host has to know."""

    def __init__(self):
        super().__init__()
        self.met = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if any(part in str(func) for part in DATA_DEPENDENT) or (
            "index.Tensor" in str(func) and any(one is not None and one.dtype == torch.bool for one in args[1])
        ):
            self.met.append(str(func))
        return func(*args, **(kwargs or {}))


@contextmanager
def watched(monkeypatch):
    """Counts what goes through `engine.read`; any other read fails."""
    reads, open_ = [], []
    with monkeypatch.context() as patch, Watch() as watch:
        for name in METHODS:
            method = getattr(torch.Tensor, name)

            def guarded(self, *args, method=method, name=name, **more):
                assert open_, f"Tensor.{name} outside of read()"
                return method(self, *args, **more)

            patch.setattr(torch.Tensor, name, guarded)
        read = engine.read

        def counted(tensor):
            reads.append(tensor.numel())
            open_.append(True)
            try:
                return read(tensor)
            finally:
                open_.pop()

        patch.setattr(engine, "read", counted)
        yield reads
    assert watch.met == []


@pytest.fixture(scope="module")
def llama(tiny):
    return tiny.family("llama")


@pytest.fixture(params=["model", "lookup", "hybrid", "none"])
def pair(request, tiny, llama):
    facts = tiny.pairing(llama, llama, proposable=((0, 20), (21, 48)))
    model, lookup = ModelDrafter(tiny.noised(llama, 0.08), facts), LookupDrafter(llama.device)
    drafters = {"model": model, "lookup": lookup, "hybrid": HybridDrafter(lookup, model), "none": None}
    made = Decoder(llama, facts, drafters[request.param])
    made._recorder.failure = "rounds run plainly here"
    return made


@pytest.mark.parametrize(("name", "block"), [*((name, False) for name in SAMPLINGS), ("sampled", True), ("all", True)])
def test_one_read_a_round(pair, monkeypatch, name, block):
    run = pair.start([1, 2, 3, 1, 2], Options(40, (3, 0, 2, 5, 1, 4), SAMPLINGS[name], seed=1, block=block))
    with watched(monkeypatch) as reads:
        rounds = list(run)
    assert len(reads) == len(rounds)
    assert [size - 4 for size in reads] == [len(done.drafted) for done in rounds]


@pytest.mark.parametrize("gamma", [0, 4, "auto"])
def test_one_read_a_round_from_recordings_too(tiny, llama, monkeypatch, gamma):
    pair = tiny.decoder(llama, tiny.noised(llama, 0.05))
    prompt = [1, 2, 3]
    for _ in range(8):
        pair.generate(prompt, Options(40, gamma))
    assert pair.notes == ()
    pair._adaptive = Adaptive(Costs(0.1, measure=False))  # gammas that need no new recording half-way
    for _ in range(8):
        pair.generate(prompt, Options(40, gamma))
    plain = pair._recorder.plain
    run = pair.start(prompt, Options(40, gamma))
    with watched(monkeypatch) as reads:
        rounds = list(run)
    assert len(reads) == len(rounds)
    assert pair._recorder.plain <= plain + 1  # the drafter reads the prompt by itself


def test_confidence_reads_every_drafted_id(tiny, llama, monkeypatch):
    pair = tiny.decoder(llama, tiny.noised(llama, 0.05))
    pair._recorder.failure = "rounds run plainly here"
    run = pair.start([1, 2, 3], Options(30, 3, confidence=0.3))
    with watched(monkeypatch) as reads:
        rounds = list(run)
    assert len(reads) == len(rounds) + sum(len(done.drafted) for done in rounds)


@pytest.mark.parametrize(
    "read",
    [
        lambda t: t.item(),
        lambda t: t.tolist(),
        lambda t: bool(t > 0),
        lambda t: int(t),
        lambda t: [1, 2][t],
        lambda t: torch.ones(2)[torch.stack((t > 0, t < 0))],
        lambda t: t.nonzero(),
    ],
)
def test_a_read_elsewhere_is_noticed(monkeypatch, read):
    with pytest.raises(AssertionError), watched(monkeypatch):
        read(torch.tensor(1))
