"""How often a cold check waits for the Hub: requests that are under way together count once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from hub.answers import Answer
from hub.server import LoopbackHub
from making import OTHER_CORPUS, Made, edit_json

from specdec_check.compat.pipeline import check

INDEX = "model.safetensors.index.json"
LONG = {"note": "x" * 150_000}  # a header of more than one request
Publish = Callable[..., Made]


class Waves:
    """Holds every answer back until no further request comes, then lets all of them go: each time is one round trip.

    Args:
        quiet: seconds without a request after which none is taken to come before an answer.
    """

    def __init__(self, quiet: float = 0.4) -> None:
        self.waves: list[int] = []
        self._quiet, self._turn = quiet, threading.Condition()
        self._held, self._last, self._ended = 0, 0.0, False

    def hold(self, answer: Answer) -> Answer:
        """As a fault: wait for the others."""
        with self._turn:
            wave, self._held, self._last = len(self.waves), self._held + 1, time.monotonic()
            self._turn.wait_for(lambda: self._ended or len(self.waves) > wave)
        return answer

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._turn:
            self._ended = True
            self._turn.notify_all()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended:
            time.sleep(self._quiet / 20)
            with self._turn:
                if self._held and time.monotonic() - self._last > self._quiet:
                    self.waves.append(self._held)
                    self._held = 0
                    self._turn.notify_all()


@pytest.fixture
def waves(hub: LoopbackHub, client: Path) -> Iterator[Waves]:
    """Counts the round trips to the Hub and its other host, on which the weights lie."""
    hub.cdn = True
    with Waves() as waves:
        hub.break_with(waves.hold)
        yield waves


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
@pytest.mark.parametrize("metadata", [{}, LONG], ids=["short header", "long header"])
@pytest.mark.parametrize("weights", ["header", "sharded-header"])
def test_a_cold_pair(hub: LoopbackHub, waves: Waves, publish: Publish, weights: str, metadata: Any, tied: bool) -> None:
    for name in ("org/target", "org/drafter"):
        publish(name, weights=weights, shards=4, layers=4, tied=tied, metadata=metadata)

    report = check("org/target", "org/drafter")

    assert report.target.facts.rows.head == 50_000
    assert len(waves.waves) <= 4, waves.waves
    hub.assert_only_headers_read()


def test_a_head_in_a_shard_that_nobody_would_guess(hub, waves, publish):
    target = publish("org/target", weights="sharded-header", shards=4, layers=4)
    publish("org/drafter", corpus=OTHER_CORPUS)
    names = [f"model-0000{number}-of-00004.safetensors" for number in (3, 4)]
    for ending in ("", ".size"):
        one, two = ((target / f"{name}{ending}") for name in names)
        whole = one.read_bytes(), two.read_bytes()
        one.write_bytes(whole[1])
        two.write_bytes(whole[0])
    swap = dict(zip(names, reversed(names), strict=True))

    def swapped(index: Any) -> Any:
        return index | {"weight_map": {name: swap.get(file, file) for name, file in index["weight_map"].items()}}

    edit_json(target / INDEX, swapped)

    report = check("org/target", "org/drafter")

    assert report.target.facts.rows.head == 50_000
    assert [path[:11] for path in report.target.snapshot.headers] == ["model-00001", "model-00003"]
    assert len(waves.waves) <= 4, waves.waves
    hub.assert_only_headers_read()


def test_a_warm_pair_asks_what_the_branches_are_and_for_the_headers(hub, waves, publish):
    publish("org/target", weights="sharded-header", shards=3, layers=4)
    publish("org/drafter")
    check("org/target", "org/drafter")
    waves.waves.clear()
    hub.forget()

    check("org/target", "org/drafter")

    assert len(waves.waves) == 3, waves.waves
    assert {request.path.rpartition(".")[2] for request in hub.requests("*/resolve/*")} == {"safetensors"}


def test_a_gated_target_does_not_keep_the_drafter_waiting(hub, waves, publish):
    publish("org/target", layers=2)
    publish("org/drafter")
    hub.gate("org/target", "hf_somebody")

    check("org/target", "org/drafter")

    assert len(waves.waves) <= 4, waves.waves


def test_where_the_weights_lie_is_asked_once(hub, client, publish):
    hub.cdn = True
    publish("org/target", metadata=LONG)
    publish("org/drafter")

    check("org/target", "org/drafter")

    assert hub.count(match="/org/target/resolve/*/model.safetensors") == 1
    assert len(hub.requests("*/model.safetensors", host="cdn")) == 3


def test_a_place_that_is_no_longer_good_is_asked_for_again(hub, client, publish):
    from hub import faults

    hub.cdn = True
    publish("org/target", metadata=LONG)
    publish("org/drafter")
    served = []

    def once(answer: Answer) -> Answer:
        served.append(answer)
        return faults.status(403)(answer) if len(served) == 2 else answer

    hub.break_with(once, "/org/target/*", host="cdn")

    report = check("org/target", "org/drafter")

    assert report.target.facts.rows.head == 50_000
    assert not report.target.snapshot.withheld
    assert hub.count(match="/org/target/resolve/*/model.safetensors") == 2
