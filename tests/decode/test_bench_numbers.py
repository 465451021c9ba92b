"""Medians, ratios and bounds of made-up samples, and whose turn it is."""

import pytest

from specdec_check.decode.bench.agreement import Agreement
from specdec_check.decode.bench.engines import Wish
from specdec_check.decode.bench.facts import shown
from specdec_check.decode.bench.plan import Conditions, Setting, settings
from specdec_check.decode.bench.process import WorkerError
from specdec_check.decode.bench.show import aligned
from specdec_check.decode.bench.summary import bound, expected_tokens, paired, spread, summarise
from specdec_check.decode.bench.turns import Clock, Turns

NOTHING = dict.fromkeys(
    [
        "target_forwards",
        "drafter_forwards",
        "judged",
        "accepted",
        "draft_seconds",
        "drafted",
        "verify_seconds",
        "verified",
    ]
)


def entry(engine: str, mode: str, gamma: object, seconds: list[float], **more: object) -> dict:
    """100 tokens in so many seconds, repetition by repetition."""
    samples = [
        {"repetition": number, "tokens": 100, "rounds": 50, "seconds": one, "first_seconds": 0.1, **NOTHING, **more}
        for number, one in enumerate(seconds)
    ]
    label = Setting(engine, mode, gamma).label
    head = {"engine": engine, "mode": mode, "gamma": gamma, "label": label, "best": False, "why": None}
    return head | {"trial_tokens_per_second": None, "samples": samples}


def result(*entries: dict) -> dict:
    return {"title": "a pair", "entries": list(entries), "models": {"streamed_bytes": {"target": 10, "drafter": 2}}}


def test_the_bound_is_that_of_leviathan() -> None:
    assert expected_tokens(0.8, 4) == pytest.approx(1 + 0.8 + 0.64 + 0.512 + 0.4096)
    assert bound(0.8, 4, 0.25) == pytest.approx(3.3616 / 2)
    assert bound(1.0, 3, 0.5) == pytest.approx(4 / 2.5)
    assert bound(0.0, 4, 0.25) == pytest.approx(1 / 2)
    assert bound(0.7, 0, 0.25) == 1


def test_a_spread_is_median_least_and_most() -> None:
    assert spread([3, None, 1, 2]) == {"median": 2, "min": 1, "max": 3}
    assert spread([None]) is None


def test_ratios_are_of_the_same_repetition() -> None:
    """A machine that slows down under both changes neither; medians of each alone would say 1.5."""
    fast, slow = entry("ours", "plain", 0, [1, 2, 4]), entry("transformers", "plain", 0, [2, 3, 4])
    assert paired(fast, slow) == {"median": 1.5, "min": 1.0, "max": 2.0}
    slow["samples"].pop(0)
    assert paired(fast, slow) == {"median": 1.25, "min": 1.0, "max": 1.5}


def test_a_run_with_nothing_to_time_has_no_rate() -> None:
    assert paired(entry("ours", "plain", 0, [0]), entry("ours", "plain", 0, [1])) is None


def test_a_summary_by_hand() -> None:
    """Target step 0.5 / 50, draft 0.4 / 200: c is 0.2; 75 of 100 accepted; 50 and 200 forwards read 900 bytes."""
    plain = entry("ours", "plain", 0, [0.5, 0.5], verify_seconds=0.5, verified=50, target_forwards=100)
    counted = {"judged": 100, "accepted": 75, "draft_seconds": 0.4, "drafted": 200}
    ours = entry("ours", "speculative", 4, [0.25, 0.5], **counted, target_forwards=50, drafter_forwards=200)
    theirs = entry("transformers", "plain", 0, [1.0, 1.0])
    found = summarise(result(theirs, ours, plain))

    assert found["c"] == pytest.approx(0.2)
    assert found["alpha"] == 0.75
    assert [row["engine"] for row in found["rows"]] == ["ours", "ours", "transformers"]
    row = found["rows"][1]
    assert row["tokens_per_second"] == {"median": 300, "min": 200, "max": 400}
    assert row["vs_transformers"]["median"] == 3
    assert row["vs_plain"]["median"] == 1.5
    assert row["bound"] == pytest.approx(expected_tokens(0.75, 4) / 1.8)
    assert row["tokens_per_round"] == 2
    assert row["bytes_per_second"] == pytest.approx((900 / 0.25 + 900 / 0.5) / 2)
    assert found["ratios"] == [
        {"ours": "plain", "peer": "transformers", "setting": "plain", "ratio": {"median": 2, "min": 2, "max": 2}}
    ]


def test_best_is_held_against_best_and_a_gamma_against_the_same() -> None:
    ours = [entry("ours", "speculative", 4, [1]), entry("ours", "speculative", "auto", [0.5])]
    theirs = [entry("flashspec", "speculative", 4, [2]), entry("flashspec", "speculative", "default", [1.5])]
    for pair in (ours, theirs):
        pair[1]["best"] = True
    found = {
        (one["ours"], one["setting"]): one["ratio"]["median"] for one in summarise(result(*ours, *theirs))["ratios"]
    }

    assert found == {
        ("speculative, γ 4", "speculative, γ 4"): 2,
        ("speculative, auto", "speculative, its own defaults"): 3,
    }


def test_every_engine_is_tried_at_the_gammas_that_are_asked_for() -> None:
    for engine in ("ours", "transformers", "flashspec"):
        gammas = [one.gamma for one in settings(engine, (3, 4), compiled=True) if one.mode == "speculative"]
        assert [gamma for gamma in gammas if isinstance(gamma, int)] == [1, 2, 3, 4, 8]
    assert [one.mode for one in settings("transformers", (4,), compiled=True)][:2] == ["plain", "compiled"]
    assert "compiled" not in [one.mode for one in settings("transformers", (4,), compiled=False)]


def test_outputs_that_part_are_told_with_the_margin() -> None:
    """Whoever is first stands in until the reference is known."""
    one, other, third = (
        Setting("ours", "plain"),
        Setting("transformers", "plain"),
        Setting("flashspec", "speculative", 4),
    )
    drafting = Setting("transformers", "speculative", 4)
    asked: list[list[int]] = []

    def margin(ids: list[int]) -> float:
        asked.append(ids)
        return 0.25

    agreement = Agreement()
    agreement.book(one, [[1, 2, 3], [4, 5, 6]])
    agreement.book(other, [[1, 2, 3], [4, 9, 6]])
    agreement.book(third, [[1, 2, 3], [4, 9, 6]])
    agreement.book(third, [[1, 2, 3], [4, 9, 7]])
    agreement.book(drafting, [[1, 2, 3], [4, 5, 6]])
    agreement.refer(other, [[0], [7, 8]], margin)
    rows = agreement.to_dict()["settings"]
    found = {row["engine"]: row for row in rows}

    assert asked == [[7, 8, 4], [7, 8, 4]]
    assert [row["as_plain"] for row in rows] == [2, 2, None, 1]
    assert found["ours"]["equal"] == 1
    assert found["ours"]["partings"] == [{"prompt": 1, "position": 1, "margin": 0.25}]
    assert found["flashspec"]["equal"] == 2
    assert not found["flashspec"]["repeatable"]


class Scripted:
    """Stands in for a worker's process: answers at once, and writes down what it was asked."""

    alive = True

    def __init__(self, engine: str, log: list, broken: object = None) -> None:
        self.engine, self._log, self._broken = engine, log, broken

    def ask(self, do: str, seconds: float, *, setting: dict, prompts: list, wish: dict) -> list[dict]:
        """As a worker does."""
        assert do == "decode"
        assert seconds > 0
        self._log.append((self.engine, setting["mode"], setting["gamma"]))
        if setting["gamma"] == self._broken:
            raise WorkerError("it broke")
        rate = 100 + (setting["gamma"] if isinstance(setting["gamma"], int) else 0)
        text = {"ids": [1] * wish["new_tokens"], "tokens": rate, "rounds": 1, "seconds": 1.0, "first_seconds": 0.0}
        return [text | NOTHING for _ in prompts]


def turns(conditions: Conditions, seconds: float) -> tuple[Turns, list[str]]:
    notes: list[str] = []
    wish = Wish(4, 0.0, 0, 8)
    return Turns(conditions, wish, [[1], [2]], Agreement(), notes, Clock(seconds), lambda _: None), notes


def test_repetitions_are_interleaved_and_their_order_rotates() -> None:
    log: list = []
    taking, notes = turns(Conditions(gammas=(8,), runs=3), 3600)
    entries = taking.measure([Scripted("ours", log), Scripted("transformers", log)], False, 0, 1)
    chosen = [
        ("ours", "plain", 0),
        ("ours", "speculative", 8),
        ("transformers", "plain", 0),
        ("transformers", "speculative", 8),
    ]

    assert log[-12:] == [*chosen, *chosen[1:], *chosen[:1], *chosen[2:], *chosen[:2]]
    assert [one.setting.gamma for one in entries if one.best] == [8, 8]
    assert [sample["repetition"] for sample in entries[0].samples] == [0, 1, 2]
    assert entries[0].samples[0]["tokens"] == 200  # both prompts
    assert notes == []


def test_when_the_time_is_over_no_repetition_begins_and_that_is_said() -> None:
    log: list = []
    taking, notes = turns(Conditions(runs=9, minutes=0), -1)
    entries = taking.measure([Scripted("ours", log)], False, 0, 1)

    assert [len(one.samples) for one in entries if one.samples] == [1, 1]
    assert {one.setting.gamma for one in entries if one.samples} == {0, 4}
    assert any("8 of 9 repetitions were left out" in note for note in notes)
    assert any("candidates" in note for note in notes)


def test_a_setting_that_fails_is_a_row_and_the_others_go_on() -> None:
    log: list = []
    taking, _ = turns(Conditions(runs=2), 3600)
    entries = taking.measure([Scripted("ours", log), Scripted("flashspec", log, broken=4)], False, 0, 1)
    found = {(one.setting.engine, one.setting.gamma): one for one in entries}

    assert found["flashspec", 4].why == "it broke"
    assert found["flashspec", 4].samples == []
    assert len(found["flashspec", 8].samples) == len(found["ours", 4].samples) == 2


def test_a_long_remark_widens_no_column() -> None:
    assert aligned([["a", "b", "c"], ["1", "22", "333"], ["1", "a long remark", ""]]) == [
        "a  b   c",
        "1  22  333",
        "1  a long remark",
    ]


def test_of_a_path_the_command_shows_the_last_part_alone(tmp_path) -> None:
    assert shown(str(tmp_path)) == tmp_path.name
    assert shown("demo:target") == "demo:target"
    assert shown("org/name") == "org/name"
