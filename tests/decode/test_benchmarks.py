"""The numbers that are published are those that were saved, and nothing else."""

import re
from pathlib import Path

from specdec_check.decode.bench.render import markdown, read

ROOT = Path(__file__).parents[2]
RESULTS = sorted((ROOT / "tests/bench/results").glob("*.json"))


def test_the_document_is_rendered_from_the_saved_results():
    assert RESULTS
    written = (ROOT / "decode/BENCHMARKS.md").read_text(encoding="utf-8")
    assert written.startswith(markdown([read(file) for file in RESULTS]))


def test_what_is_synthetic_is_called_so():
    for result in (one for file in RESULTS for one in read(file)["results"]):
        assert result["title"].startswith("synthetic ") == result["synthetic"]


def test_what_was_decoded_is_the_same_but_for_rounding():
    """What README says of outputs."""
    for document in map(read, RESULTS):
        rounds = document["conditions"]["dtype"] == "bfloat16"
        for one in (one for result in document["results"] for one in result["agreement"]["settings"]):
            assert one["repeatable"] or (rounds and "auto" in str(one["gamma"]))  # then times choose among roundings
            if rounds and one["engine"] == "ours":
                assert all(parting["margin"] <= 0.0625 for parting in one["partings"])
            elif not rounds:
                assert one["equal"] == one["prompts"] > 0


def test_the_readmes_ratios_are_among_the_saved_ones():
    """Each row of its table, to the last digit."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| (\d+\.\d\d) \| (\d+\.\d\d) to (\d+\.\d\d) \|$", readme, re.MULTILINE
    )
    assert len(rows) >= 10
    saved = {
        (
            result["title"],
            one["ours"],
            f"{one['peer']}: {one['setting']}",
            *(f"{one['ratio'][key]:.2f}" for key in ("median", "min", "max")),
        )
        for file in RESULTS
        for result in read(file)["results"]
        for one in result["summary"]["ratios"]
    }
    assert set(rows) <= saved


def test_the_readmes_example_of_decoding_runs(capsys):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    example = next(one for one in re.findall(r"```python\n(.*?)\n```", readme, re.DOTALL) if "decode" in one)
    exec(example, {})  # noqa: S102 - our own README
    text, alpha = capsys.readouterr().out.rsplit(maxsplit=1)
    assert text
    assert 0 < float(alpha) <= 1
