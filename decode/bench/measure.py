"""The parent: opens the pair in every engine's process, has them take turns, and writes down what was seen.

First every setting is warmed up, then an engine's candidates are tried and its best is chosen, then the runs that
count begin: repetition 1 of every engine and setting, repetition 2, and so on, in an order that rotates. The runs that
chose the best do not count, so that luck in the search is not measured.
"""

from __future__ import annotations

from contextlib import ExitStack
from importlib.util import find_spec
from typing import Any

from ..errors import DecodeError
from .agreement import Agreement
from .engines import Wish
from .plan import FLASHSPEC, OURS, PEERS, TRANSFORMERS, Case, Conditions, Setting
from .process import Worker, WorkerError
from .turns import Clock, Entry, Tell, Turns

_PATIENCE = 60.0  # seconds for what takes no time to speak of
_LOADING = 600.0
_SPARE = 1.3  # of a pair's weights: caches, work space and what a process keeps for itself
_DEFAULTS = {"cpu": (4, 128), "cuda": (2, 1024)}  # prompts, and tokens of a synthetic one


def measure(case: Case, conditions: Conditions, seconds: float, tell: Tell) -> dict[str, Any]:
    """Measures one pair.

    Args:
        case: which.
        conditions: what holds for every engine.
        seconds: after which no further repetition is begun.
        tell: is told what is going on.

    Returns:
        All that was seen, as plain values; `summary.summarise` makes numbers of it.

    Raises:
        DecodeError: if our own engine cannot have the pair.
    """
    with ExitStack() as stack:
        return _Bench(case, conditions, seconds, tell, stack).result()


class _Bench:
    """One pair's measurement."""

    def __init__(self, case: Case, conditions: Conditions, seconds: float, tell: Tell, stack: ExitStack) -> None:
        self._case, self._conditions, self._tell, self._stack = case, conditions, tell, stack
        self._clock = Clock(seconds)
        self._pair = case.pair
        self._notes: list[str] = []
        self._agreement = Agreement()
        try:
            self._ours = self._open(OURS)
            self._facts: dict[str, Any] = self._opened(self._ours)
            if case.synthetic:
                self._pair = case.pair | {"epsilon": self._facts["epsilon"]}  # found once, for all
            self._copy_rate = self._ours.ask("copy_rate", _PATIENCE)
            count, length = _DEFAULTS[self._facts["device"]]
            self._prompts: list[list[int]] = self._ours.ask(
                "prompts",
                _PATIENCE,
                count=conditions.prompts or count,
                length=conditions.prompt_tokens or length,
            )
        except WorkerError as error:
            raise DecodeError(f"The bench could not open the pair: {error}") from None
        longest = max(map(len, self._prompts)) + conditions.new_tokens
        wish = Wish(conditions.new_tokens, conditions.temperature, conditions.seed, longest)
        self._turns = Turns(conditions, wish, self._prompts, self._agreement, self._notes, self._clock, tell)

    def result(self) -> dict[str, Any]:
        """Measures everything."""
        peers, missing = self._peers()
        together = self._fit(1 + len(peers))
        groups = [[OURS, *peers]] if together else [[name] for name in (OURS, *peers)]
        entries: list[Entry] = []
        for number, group in enumerate(groups):
            workers, failed = self._begin(group)
            missing += failed
            begin, end = number / len(groups), (number + 1) / len(groups)
            entries += self._turns.measure(workers, self._compiled, begin, end)
            self._compare(workers, entries)
            for worker in workers:
                worker.close()
        if not self._compiled and TRANSFORMERS in peers:
            why = "not run on a CPU without --compile: it needs a C++ compiler and minutes"
            missing.append(Entry(Setting(TRANSFORMERS, "compiled"), why=why))
        return {
            "title": self._case.title,
            "synthetic": self._case.synthetic,
            "alpha_asked": self._case.alpha,
            "models": self._facts,
            "copy_bytes_per_second": self._copy_rate,
            "prompt_tokens": [len(prompt) for prompt in self._prompts],
            "interleaved": together,
            "notes": self._notes,
            "agreement": self._agreement.to_dict() if self._conditions.temperature == 0 else None,
            "entries": [entry.to_dict() for entry in entries + missing],
        }

    @property
    def _compiled(self) -> bool:
        return self._conditions.compile_on_cpu or self._facts["device"] != "cpu"

    def _open(self, engine: str) -> Worker:
        """A worker that is opening the pair."""
        conditions = self._conditions
        self._tell(f"opening {self._case.title} in {engine}")
        worker = self._stack.enter_context(Worker(engine, conditions.threads))
        worker.send(
            "load",
            engine=engine,
            pair=self._pair,
            device=conditions.device,
            dtype=conditions.dtype,
            threads=conditions.threads,
        )
        return worker

    def _opened(self, worker: Worker) -> Any:  # noqa: ANN401 - what JSON holds
        """What a worker says of the pair, once it is open."""
        return worker.receive(max(_LOADING, self._clock.left()))

    def _peers(self) -> tuple[list[str], list[Entry]]:
        """The peers that are installed, flashspec before transformers, and a row for each that is not.

        transformers comes last, because the others' outputs are compared with its own while it still runs.
        """
        asked = [name for name in reversed(PEERS) if name in self._conditions.peers]
        there = [name for name in asked if find_spec(name) is not None]
        return there, [_absent(name, "not installed") for name in asked if name not in there]

    def _begin(self, group: list[str]) -> tuple[list[Worker], list[Entry]]:
        """Workers for these engines; ours is open already. One that cannot open the pair becomes a row."""
        workers, failed = [self._ours] if OURS in group else [], []
        for worker in [self._open(name) for name in group if name != OURS]:  # all at once
            try:
                self._opened(worker)
            except WorkerError as error:
                failed.append(_absent(worker.engine, str(error)))
                continue
            workers.append(worker)
        return workers, failed

    def _fit(self, engines: int) -> bool:
        """Whether all engines' models fit on the device at once, by what the first left free."""
        free = self._facts["free_bytes"]
        if free is None or (engines - 1) * _SPARE * self._facts["bytes"] <= free:
            return True
        self._notes.append("The engines do not fit on the device at once, so they ran one after another.")
        return False

    def _compare(self, workers: list[Worker], entries: list[Entry]) -> None:
        """Compares all outputs so far with transformers' own plain decoding, once that has run."""
        reference = Setting(TRANSFORMERS, "plain")
        done = any(entry.setting == reference and entry.why is None for entry in entries)
        worker = next((one for one in workers if one.engine == TRANSFORMERS and one.alive), None)
        if worker is None or not done or self._conditions.temperature > 0:
            return

        def margin(ids: list[int]) -> float:
            found: float = worker.ask("margin", _PATIENCE, ids=ids)
            return found

        try:
            self._agreement.refer(reference, self._prompts, margin)
        except WorkerError as error:
            self._notes.append(f"Where outputs part, the margins could not be had: {error}.")


def _absent(engine: str, why: str) -> Entry:
    return Entry(Setting(engine, "speculative" if engine == FLASHSPEC else "plain"), why=why)
