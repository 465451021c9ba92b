"""Work on the device that is recorded once and repeated without Python.

A round is the same few hundred small operations every time; launching them from Python takes longer than the
arithmetic of a small model. On CUDA the work becomes a graph (as gpt-fast, nano-vllm and SGLang do), on a CPU a trace
that torch's own interpreter runs. Nothing is compiled: a recording takes no longer than some runs of the work itself.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor

if TYPE_CHECKING:
    from .state import State

Work = Callable[[], None]

# How often work runs plainly before it is recorded: a trace takes as long as some thirty runs, a graph as two or three.
_EAGER_RUNS = {"cpu": 6, "cuda": 1}
# Torch's interpreter rewrites a trace when it first runs: that takes many times as long as what follows.
_SETTLING = {"cpu": 2, "cuda": 1}
_MOST = 128  # recordings kept


class Holder(Protocol):
    """Whoever holds tensors that work reads and writes."""

    def tensors(self) -> list[Tensor]:
        """The tensors."""

    def bind(self, tensors: list[Tensor]) -> None:
        """Puts others in their place."""

    def recording(self) -> AbstractContextManager[None]:
        """Around a recording: whatever must be otherwise while work is recorded."""


class Recorder:
    """Runs work under keys: plainly at first, from a recording later.

    The work must be the same whenever its key is: it depends on tensors of the holders alone, reads none of them to the
    host, and gives the same when run twice on the same `State`.

    Attributes:
        failure: why work could not be recorded and runs plainly, as a clause; None while all could.
        plain: how often work ran otherwise than it will from now on: without its recording, or while that was made.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._runs: OrderedDict[Hashable, int] = OrderedDict()
        self._recorded: dict[Hashable, Work] = {}
        self._pool: Any = None  # torch has no public name for it
        self.failure: str | None = None
        self.plain = 0

    def run(self, key: Hashable, work: Work, state: State, holders: Sequence[Holder]) -> None:
        """Runs the work.

        Args:
            key: names the work, with every number that is fixed in it.
            work: the work itself.
            state: the sequence that it works on.
            holders: all whose tensors it touches, `state` among them.
        """
        recorded = self._recorded.get(key)
        if recorded is not None:
            self._runs.move_to_end(key)
            recorded()
            return
        runs = self._runs[key] = self._runs.get(key, 0) + 1
        self._runs.move_to_end(key)
        if self.failure is not None:
            work()
            return
        self.plain += 1
        if runs <= _EAGER_RUNS[self._device.type]:
            work()
        else:
            self._record(key, work, state, holders)

    def forget(self) -> None:
        """Drops every recording: the tensors that they work on are no more."""
        self._runs.clear()
        self._recorded.clear()
        self._pool = None

    def _record(self, key: Hashable, work: Work, state: State, holders: Sequence[Holder]) -> None:
        """Records the work and runs it once, by the recording if that gives what the work gives."""
        saved = state.saved()
        work()
        expected = state.saved()
        state.restore(saved)
        try:
            recorded = self._recorded_work(work, holders)
            for _ in range(_SETTLING[self._device.type]):
                state.restore(saved)
                with _unwatched():
                    recorded()
            if not state.same(expected):
                self.failure = "what was recorded of its work gives something else"
        except Exception as error:  # noqa: BLE001 - a model can do anything that cannot be recorded
            why = str(error).partition("\n")[0][:200]
            self.failure = f"its work could not be recorded ({type(error).__name__}: {why})"
        if self.failure is not None:
            state.restore(saved)
            work()
            return
        self._recorded[key] = recorded
        while len(self._recorded) > _MOST:
            oldest = next(iter(self._runs))
            del self._runs[oldest]
            self._recorded.pop(oldest, None)

    def _recorded_work(self, work: Work, holders: Sequence[Holder]) -> Work:
        with ExitStack() as stack:
            for holder in holders:
                stack.enter_context(holder.recording())
            return self._graph(work) if self._device.type == "cuda" else _trace(work, holders)

    def _graph(self, work: Work) -> Work:
        """A CUDA graph; all share one pool of memory, since only one runs at a time."""
        torch.cuda.synchronize(self._device)
        graph = torch.cuda.CUDAGraph()
        # The stream in use is named, so that it comes back even where a capture breaks off.
        with torch.cuda.device(self._device), torch.cuda.stream(torch.cuda.current_stream(self._device)):
            aside = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
            with torch.cuda.graph(graph, pool=self._pool, stream=aside, capture_error_mode="thread_local"):
                work()
        self._pool = graph.pool()
        return graph.replay


def _trace(work: Work, holders: Sequence[Holder]) -> Work:
    """A trace for torch's interpreter. The holders' tensors are its arguments, so that it folds none of them away.

    Raises:
        RuntimeError: if the work turned a tensor into a number of the host's, which the trace would keep for ever.
    """
    tensors = [holder.tensors() for holder in holders]

    def named(*given: Tensor) -> Tensor:
        left = list(given)
        for holder, own in zip(holders, tensors, strict=True):
            holder.bind(left[: len(own)])
            del left[: len(own)]
        work()
        return given[0]

    flat = tuple(tensor for own in tensors for tensor in own)
    try:
        with warnings.catch_warnings():
            # torch announces that `trace` will go; when it does, work runs plainly and slower, and this says so.
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("error", torch.jit.TracerWarning)  # type: ignore[attr-defined]
            traced = torch.jit.trace(named, flat, check_trace=False)  # type: ignore[no-untyped-call]
    finally:
        for holder, own in zip(holders, tensors, strict=True):
            holder.bind(own)

    def repeat() -> None:
        traced(*flat)

    return repeat


@contextmanager
def _unwatched() -> Iterator[None]:
    """Traces that first run inside are rewritten at once, and not watched for a run or two before: shapes are fixed."""
    before = torch._C._jit_set_profiling_mode(False)
    try:
        yield
    finally:
        torch._C._jit_set_profiling_mode(before)
