"""Recordings: what cannot be recorded runs plainly and says why, and nothing that differs is ever used."""

import pytest
import torch

from specdec_check.decode import capture
from specdec_check.decode.capture import Recorder
from specdec_check.decode.options import Options
from specdec_check.decode.state import State


@pytest.fixture(autouse=True)
def early(monkeypatch):
    """Work is recorded when it comes for the third time."""
    monkeypatch.setitem(capture._EAGER_RUNS, "cpu", 2)


@pytest.fixture
def state():
    made = State(rows=8, capacity=16, most=4, device=torch.device("cpu"))
    with torch.inference_mode():
        made.begin([1, 2, 3])
    return made


def grow(state):
    """Commits one id, so that running it twice would show."""
    state.ids.index_copy_(0, state.length, state.length)
    state.length.add_(1)
    state.outcome[:1] = state.length


@torch.inference_mode()
def repeated(recorder, state, work, times=8):
    for _ in range(times):
        recorder.run("work", work, state, (state,))
    return state.ids.tolist(), int(state.length)


def test_work_runs_once_each_time_however_it_runs(state):
    recorder = Recorder(torch.device("cpu"))
    ids, length = repeated(recorder, state, lambda: grow(state))
    assert (ids[:11], length) == ([1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10], 11)
    assert recorder.failure is None
    assert set(recorder._recorded) == {"work"}
    assert recorder.plain == 3  # two runs and the one that was recorded


def test_work_that_asks_a_tensor_runs_plainly_and_says_so(state):
    recorder = Recorder(torch.device("cpu"))

    def work():
        grow(state)
        if state.length > 5:
            state.outcome[1:2] = 7

    _, length = repeated(recorder, state, work)
    assert length == 11
    assert int(state.outcome[1]) == 7
    assert "could not be recorded" in recorder.failure
    assert not recorder._recorded


def test_work_that_comes_out_otherwise_is_not_repeated(state):
    """A recording holds the numbers of the run that it was made from."""
    recorder = Recorder(torch.device("cpu"))
    calls = []

    def work():
        calls.append(None)
        grow(state)
        state.outcome[1:2] = len(calls)

    repeated(recorder, state, work)
    assert recorder.failure == "what was recorded of its work gives something else"
    assert int(state.outcome[1]) == len(calls)
    assert int(state.length) == 11


@pytest.mark.parametrize("error", [RuntimeError(""), ValueError("first line\nsecond line")])
def test_a_recording_that_fails_is_told_in_a_line(state, monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(capture, "_trace", fail)
    recorder = Recorder(torch.device("cpu"))
    _, length = repeated(recorder, state, lambda: grow(state))
    assert length == 11
    assert recorder.failure.startswith(f"its work could not be recorded ({type(error).__name__}")
    assert "second" not in recorder.failure


def test_what_is_forgotten_is_made_anew(state):
    recorder = Recorder(torch.device("cpu"))
    repeated(recorder, state, lambda: grow(state), times=4)
    recorder.forget()
    assert not recorder._recorded
    repeated(recorder, state, lambda: grow(state), times=4)
    assert set(recorder._recorded) == {"work"}
    assert int(state.length) == 11


def test_recordings_are_bounded(state, monkeypatch):
    monkeypatch.setattr(capture, "_MOST", 3)
    recorder = Recorder(torch.device("cpu"))
    with torch.inference_mode():
        for number in range(6):
            for _ in range(4):
                state.length.fill_(3)
                recorder.run(number, lambda: grow(state), state, (state,))
    assert set(recorder._recorded) == {3, 4, 5}


def test_a_model_that_asks_a_tensor_decodes_plainly(tiny):
    """As one with a branch on its own numbers: right, slower, and said."""
    target = tiny.family("llama")
    layer = target.model.layers[0]
    layer.register_forward_hook(lambda _, __, out: out if float(out.sum()) < 1e9 else out * 2)
    pair = tiny.decoder(target, tiny.noised(tiny.family("llama"), 0.05))
    for prompt in tiny.prompts(5, seed=1):
        expected = tiny.greedy(target, prompt, 20)
        tiny.same_greedy(target, prompt, expected, pair.generate(prompt, Options(20, 3)).ids)
    assert any("launched by itself" in note for note in pair.notes)
