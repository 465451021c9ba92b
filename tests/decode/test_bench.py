"""`specdec-run bench` in real processes, and that whoever is measured did the same work."""

import json
import statistics
from importlib.util import find_spec
from pathlib import Path

import click
import pytest
import torch
from click.testing import CliRunner, Result

from specdec_check.decode.bench import cli, measure, plan
from specdec_check.decode.bench.process import Worker, WorkerError

RUNS, TOKENS, PROMPTS = 2, 12, 2


def bench(*words: object) -> Result:
    return CliRunner().invoke(cli.bench_command, [str(word) for word in words])


def tiny(*words: object) -> Result:
    """As little as can be measured: after no minutes there is one repetition, and nothing is searched."""
    return bench(*words, "--new-tokens", TOKENS, "--prompts", 1, "--minutes", 0)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, dict, Path]:
    """The demo pair in every engine that is here: what was printed, the saved result, and where it lies."""
    file = tmp_path_factory.mktemp("bench") / "result.json"
    sizes = ("--runs", RUNS, "--new-tokens", TOKENS, "--prompts", PROMPTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "CANDIDATES", (2,))
        done = bench("demo:target", "demo:drafter", *sizes, "--json", file)
    assert done.exit_code == 0, done.output
    return done, json.loads(file.read_text(encoding="utf-8")), file


def test_every_engine_decodes_the_very_ids_of_transformers(measured: tuple[Result, dict, Path]) -> None:
    (found,) = measured[1]["results"]
    agreement = found["agreement"]

    assert agreement["reference"] == {"engine": "transformers", "mode": "plain", "gamma": 0}
    engines = {one["engine"] for one in agreement["settings"]}
    assert engines == {"ours", "transformers"} | ({"flashspec"} if find_spec("flashspec") else set())
    for one in agreement["settings"]:
        assert (one["prompts"], one["equal"], one["repeatable"], one["partings"]) == (PROMPTS, PROMPTS, True, []), one


def test_each_engine_is_measured_plain_at_the_same_gamma_and_at_its_best(measured: tuple[Result, dict, Path]) -> None:
    (found,) = measured[1]["results"]
    ran = [one for one in found["entries"] if one["samples"]]

    assert found["interleaved"]
    for engine in {one["engine"] for one in ran}:
        own = [one for one in ran if one["engine"] == engine]
        assert sum(one["best"] for one in own) == 1
        assert any(one["gamma"] == 4 for one in own)
        assert engine == "flashspec" or any(one["mode"] == "plain" for one in own)
        tried = {one["gamma"]: one["trial_tokens_per_second"] for one in found["entries"] if one["engine"] == engine}
        best = next(one for one in own if one["best"])
        assert best["trial_tokens_per_second"] == max(rate for rate in tried.values() if rate is not None)


def test_samples_count_what_was_decoded(measured: tuple[Result, dict, Path]) -> None:
    """A plain engine commits one id a round after the first; nobody is credited with more than was asked for."""
    (found,) = measured[1]["results"]
    for entry in found["entries"]:
        assert [one["repetition"] for one in entry["samples"]] in ([], list(range(RUNS)))
        for sample in entry["samples"]:
            assert 0 <= sample["rounds"] <= sample["tokens"] <= PROMPTS * (TOKENS - 1)
            assert sample["seconds"] >= 0
            if entry["mode"] == "plain":
                assert sample["rounds"] == sample["tokens"] == PROMPTS * (TOKENS - 1)
    ours = next(one for one in found["entries"] if one["engine"] == "ours" and one["gamma"] == 4)
    assert all(0 <= sample["accepted"] <= sample["judged"] <= sample["drafted"] for sample in ours["samples"])


def test_the_summary_is_of_the_samples(measured: tuple[Result, dict, Path]) -> None:
    (found,) = measured[1]["results"]
    samples = {(one["engine"], one["label"]): one["samples"] for one in found["entries"]}
    for row in found["summary"]["rows"]:
        if row["why"] is None:
            rates = [one["tokens"] / one["seconds"] for one in samples[row["engine"], row["label"]] if one["seconds"]]
            assert row["tokens_per_second"]["median"] == pytest.approx(statistics.median(rates))


def test_the_result_names_versions_and_machine_and_no_path(measured: tuple[Result, dict, Path]) -> None:
    _, document, file = measured

    assert document["versions"]["torch"] == torch.__version__
    assert document["machine"]["cores"] >= 1
    assert document["command"].startswith("specdec-run bench demo:target demo:drafter --runs 2")
    text = file.read_text(encoding="utf-8")
    assert str(file.parent) not in text
    assert str(Path(cli.__file__).parents[2]) not in text


def test_piped_tables_have_one_line_for_each_row(measured: tuple[Result, dict, Path]) -> None:
    done, document, _ = measured
    (found,) = document["results"]
    rows = [line for line in done.stdout.splitlines() if line.startswith("demo:target × demo:drafter  ")]

    assert len(rows) == len(found["summary"]["rows"]) + len(found["summary"]["ratios"])
    assert "without --compile" in done.stdout or torch.cuda.is_available()


def test_a_saved_result_is_rendered(measured: tuple[Result, dict, Path], tmp_path: Path) -> None:
    done = bench("--render", measured[2], "--markdown", tmp_path / "BENCHMARKS.md")
    text = (tmp_path / "BENCHMARKS.md").read_text(encoding="utf-8")

    assert done.stdout == measured[0].stdout
    assert f"`{measured[1]['command']}`" in text
    widths = {line.count(" | ") for line in text.splitlines() if line.startswith("| demo:target")}
    assert widths == {4, 11}


def test_a_file_that_is_no_result_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    file.write_text('{"bench": 99}')
    for name in (file, tmp_path / "nowhere.json"):
        done = bench("--render", name)
        assert done.exit_code != 0
        assert str(name) in str(done.exception)


def test_synthetic_says_so_in_every_row() -> None:
    done = tiny("--synthetic", "toy", "--alpha", 0.9, "--prompt-tokens", 8, "--peers", "transformers")

    assert done.exit_code == 0, done.output
    rows = [line for line in done.stdout.splitlines() if "plain" in line or "γ 4" in line]
    assert len([row for row in rows if row.startswith("synthetic toy, α 0.9  ")]) >= 4
    assert "synthetic weights" in done.stdout


def test_a_peer_that_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(measure, "find_spec", {}.get)
    done = tiny("demo:target", "demo:drafter", "--peers", "flashspec", "--json", tmp_path / "x.json")
    (found,) = json.loads((tmp_path / "x.json").read_text())["results"]

    assert "not installed" in next(line for line in done.stdout.splitlines() if "flashspec" in line)
    assert [one["why"] for one in found["entries"] if one["engine"] == "flashspec"] == ["not installed"]
    assert all(one["vs_transformers"] is None for one in found["summary"]["rows"])


def test_a_refused_pair_is_not_measured() -> None:
    done = bench("demo:target", "demo:stranger")

    assert done.exit_code == 1
    assert "error:" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("demo:target",),
        ("--synthetic", "toy"),
        ("--peers", "vllm", "demo:target", "demo:drafter"),
        ("--render", "x.json", "demo:target", "demo:drafter"),
        ("--synthetic", "toy", "--alpha", "0.5", "demo:target", "demo:drafter"),
        ("demo:target", "demo:drafter", "--alpha", "0.5"),
    ],
)
def test_what_names_no_measurement_is_a_usage_error(words: tuple[str, ...]) -> None:
    assert bench(*words).exit_code == click.UsageError.exit_code


def test_an_unknown_shape_is_an_error_in_one_sentence() -> None:
    done = tiny("--synthetic", "90b", "--alpha", 0.5)

    assert "no synthetic shape 90b" in str(done.exception)


def test_a_worker_answers_fails_and_ends() -> None:
    with Worker("ours", None) as worker:
        with pytest.raises(WorkerError, match="no pair is loaded"):
            worker.ask("copy_rate", 60)
        with pytest.raises(WorkerError, match="no engine is loaded"):
            worker.ask("decode", 60, setting={}, prompts=[], wish={})
        assert worker.alive
    assert not worker.alive


def test_a_worker_that_dies_is_an_error_and_not_a_wait() -> None:
    with Worker("ours", None) as worker:
        worker._process.kill()
        with pytest.raises(WorkerError, match=r"its process ended \(status -9"):
            worker.ask("copy_rate", 60)


def test_a_worker_that_does_not_answer_in_time_is_ended() -> None:
    with Worker("ours", None) as worker:
        with pytest.raises(WorkerError, match="had not answered"):
            worker.receive(0.01)
        assert not worker.alive


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_same_on_a_gpu() -> None:
    done = tiny("--synthetic", "toy", "--alpha", 0.9, "--prompt-tokens", 64, "--device", "cuda", "--dtype", "float32")

    assert done.exit_code == 0, done.output
    assert "compiled, static cache" in done.stdout
