"""How long a check takes beside a script that loads both tokenizers, and beside the floor of parsing alone.

    python tests/bench/speed.py [FOLDER] [--rounds N]

FOLDER holds real models' metadata as <org>/<name>/<file>; without one it is SPECDEC_SHARED_HUB, else ../shared/hub
beside the checkout, else tokenizers made on the spot, which anybody can run and which stand for no real model.

Every run is a whole process, warm: its files are in the page cache, its modules compiled. Each round runs every
contestant of every pair once, so that a busy machine is busy for all of them; a row gives the median of the rounds and
their extremes. CPU seconds (user and system, all threads and children) say more than wall seconds where the machine
has other work. `folder` reads the models from folders, `Hub` from a loopback Hub with a warm client cache; ratios are
against AutoTokenizer from the same place. The rows `kept` let our own cache of parsed tokenizers serve; the others of
ours switch it off.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import metadata
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))  # where pytest finds the tests' own modules too

from bench.demo import make_demo  # noqa: E402
from hub.server import LoopbackHub  # noqa: E402

CHECK = "from specdec_check.compat.entry import main; main()"
LOAD_BOTH = """
import sys
from transformers import AutoTokenizer
target, drafter = (AutoTokenizer.from_pretrained(folder).get_vocab() for folder in sys.argv[1:])
print(target == drafter)
"""
PARSE_ALONE = """
import json, sys
for folder in sys.argv[1:]:
    with open(folder + "/tokenizer.json", "rb") as file:
        json.loads(file.read())
"""
MIB = 1024 * 1024
WIDTHS = (24, 26, 10, 24, 0)  # of the table's columns


@dataclass(frozen=True)
class Pair:
    """Two models, as org/name, and the bounds that the project sets itself for them."""

    target: str
    drafter: str
    faster: float | None = None  # than the script that loads both
    peak: int | None = None  # MiB
    seconds: float | None = None  # of wall time
    within: tuple[str, float] | None = None  # so many times the time of another pair's target


REAL = (
    Pair("meta-llama/Llama-3.2-3B", "openai-community/gpt2", faster=6, peak=300),
    Pair("google/gemma-3-4b-it", "google/gemma-3-1b-it", peak=450, within=("meta-llama/Llama-3.2-3B", 2)),
    Pair("meta-llama/Meta-Llama-3-70B-Instruct", "meta-llama/Meta-Llama-3-8B-Instruct", seconds=3),
)
DEMO = (Pair("made/wide", "made/narrow"), Pair("made/large", "made/large"))


@dataclass
class Contestant:
    """A command, its surroundings, and what its runs took."""

    name: str
    command: list[str]
    environment: dict[str, str]
    beside: str  # the contestant that its ratios are against
    runs: list[dict[str, Any]] = field(default_factory=list)

    def run(self) -> None:
        """One process, from its start to its end."""
        words = [sys.executable, "-I", "-S", str(TESTS / "bench" / "measure.py"), *self.command]
        done = subprocess.run(words, env=self.environment, stdout=subprocess.PIPE, check=True)
        taken: dict[str, Any] = json.loads(done.stdout)
        if taken["status"] not in (0, 1) or "Traceback" in taken["said"]:
            raise SystemExit(f"{self.name} failed with {taken['status']}: {taken['said']}")
        self.runs.append(taken)

    def column(self, what: str) -> list[float]:
        """One figure of every run but the first, which only warms up."""
        return [run[what] for run in self.runs[1:]]

    def median(self, what: str) -> float:
        """The same, as its median."""
        return statistics.median(self.column(what))


def contestants(pair: Pair, folder: Path, hub: LoopbackHub, home: Path) -> list[Contestant]:
    """Ours and the script that loads both, from folders and from a Hub; and the floor."""
    folders = [str(folder / name) for name in (pair.target, pair.drafter)]
    # Without bytecode, every run would compile what has no compiled file yet: a thing of the first run alone.
    known = {name: value for name, value in hub.environment(home).items() if name != "PYTHONDONTWRITEBYTECODE"}
    alone = {**known, "SPECDEC_CHECK_NO_CACHE": "1"}
    check, load = [sys.executable, "-c", CHECK], [sys.executable, "-c", LOAD_BOTH]
    bare = [sys.executable, "-I", "-S", "-c", PARSE_ALONE]
    found = []
    for place, words in (("folder", folders), ("Hub", [pair.target, pair.drafter])):
        loader = f"AutoTokenizer, {place}"
        found.append(Contestant(f"check, {place}", [*check, *words], alone, loader))
        found.append(Contestant(f"check, {place}, kept", [*check, *words], known, loader))
        if find_spec("transformers"):
            found.append(Contestant(loader, [*load, *words], known, loader))
    return [*found, Contestant("json.loads alone", [*bare, *folders], known, "AutoTokenizer, folder")]


def spread(values: list[float], form: str = ".2f") -> str:
    """The median and, in brackets, the extremes."""
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def table(found: list[Contestant]) -> None:
    """Prints what each took; ratios are against the script that loads both from the same place, round by round."""
    named = {one.name: one for one in found}
    titles = ("CPU s", "wall s", "peak MiB", "times faster, CPU", "times faster, wall")
    print(f"  {'':22}" + "".join(f"{title:{width}}" for title, width in zip(titles, WIDTHS, strict=True)))
    for one in found:
        cells = [spread(one.column("cpu")), spread(one.column("wall")), f"{max(one.column('peak')) / MIB:.0f}"]
        for what in ("cpu", "wall"):
            if loader := named.get(one.beside):
                pairs = zip(loader.column(what), one.column(what), strict=True)
                cells.append(spread([theirs / own for theirs, own in pairs], ".1f"))
        row = "".join(f"{cell:{width}}" for cell, width in zip(cells, WIDTHS, strict=False))
        print(f"  {one.name:22}{row}")


def bounds(pair: Pair, found: list[Contestant], others: dict[str, float]) -> None:
    """Prints which of the project's own bounds this machine kept, by the first contestant's medians."""
    ours = found[0]
    told: list[tuple[str, bool]] = []
    loader = next((one for one in found if one.name == ours.beside), None)
    if pair.faster and loader:
        ratio = loader.median("cpu") / ours.median("cpu")
        told.append((f"at least {pair.faster:g} times faster than AutoTokenizer: {ratio:.1f}", ratio >= pair.faster))
    if pair.within and pair.within[0] in others:
        times = ours.median("cpu") / others[pair.within[0]]
        bound = f"under {pair.within[1]:g} times the CPU time of {pair.within[0]}'s pair: {times:.1f}"
        told.append((bound, times < pair.within[1]))
    if pair.seconds:
        wall = ours.median("wall")
        told.append((f"the whole check, probes among it, within {pair.seconds:g} s: {wall:.2f}", wall <= pair.seconds))
    if pair.peak:
        peak = max(ours.column("peak")) / MIB
        told.append((f"under {pair.peak} MiB: {peak:.0f}", peak < pair.peak))
    for sentence, kept in told:
        print(f"  {'met   ' if kept else 'MISSED'} {sentence}")


def surroundings() -> str:
    """What the figures depend on."""
    versions = [f"Python {platform.python_version()}"]
    for name in ("specdec-check", "transformers", "tokenizers"):
        with suppress(metadata.PackageNotFoundError):
            versions.append(f"{name} {metadata.version(name)}")
    return f"{', '.join(versions)}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"


def main() -> None:
    """Measures every pair and prints its table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", nargs="?", type=Path, help="real models' metadata")
    options.add_argument("--rounds", type=int, default=5, help="rounds that count, after one that warms up")
    options.add_argument("--demo", action="store_true", help="made tokenizers, whatever folder there is")
    given = options.parse_args()
    if given.folder:
        os.environ["SPECDEC_SHARED_HUB"] = str(given.folder)
    from shared.models import FOLDER, link_all

    with tempfile.TemporaryDirectory() as work:
        folder, pairs = Path(work) / "models", REAL
        if given.demo or FOLDER is None:
            pairs = DEMO
            make_demo(folder)
            print("made tokenizers, of no real model's size or speed")
        else:
            link_all(folder)
        pairs = tuple(one for one in pairs if (folder / one.target).is_dir() and (folder / one.drafter).is_dir())
        print(f"{surroundings()}; {given.rounds} rounds, medians (and extremes)")
        with LoopbackHub(folder) as hub:
            found = {pair: contestants(pair, folder, hub, Path(work) / "home") for pair in pairs}
            for _ in range(1 + given.rounds):
                for one in chain.from_iterable(found.values()):
                    one.run()
        for pair, several in found.items():
            print(f"\n{pair.target} × {pair.drafter}")
            table(several)
            bounds(pair, several, {other.target: them[0].median("cpu") for other, them in found.items()})


if __name__ == "__main__":
    main()
