"""How well a scan finds pairings in snippets that were labelled by people who had not seen the scanner.

    python tests/bench/scanning.py [CORPUS …]

CORPUS is the name of a folder in tests/compat/scan/corpus; without one, all of them. Precision is the part of what was
found that is labelled so, recall the part of what is labelled that was found; a pairing counts only where engine, line,
column, both names and its status are those of the label. What is measured here is how the scanner is now, after its
faults in these corpora were mended; "first contact" is what each corpus measured before anybody had seen it.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))  # where pytest finds the tests' own modules too

from scan_corpus import FIRST_CONTACT, NAMES, Counts, counted, load, outcome  # noqa: E402

TITLES = {"all": "all", "corpus": "by corpus", "engine": "by engine", "kind": "by kind of file"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", nargs="*", default=NAMES)
    chosen = parser.parse_args().corpus
    outcomes = [outcome(snippet) for corpus in chosen for snippet in load(corpus)]
    counts = counted(outcomes)
    print(f"{'':22} snippets pairings precision  recall")
    for group, title in TITLES.items():
        if group != "all":
            print(title)
        for _, name in sorted(key for key in counts if key[0] == group):
            print(line(f"  {name}" if name else title, counts[group, name]))
    print("first contact")
    for entry in json.loads(FIRST_CONTACT.read_text()):
        if set(entry["corpora"]) <= set(chosen):
            print(f"{'  ' + '+'.join(entry['corpora']):22} {'':17} {entry['precision']:9.3f} {entry['recall']:7.3f}")
    for one in outcomes:
        for difference in one.differences():
            print(f"{one.snippet.corpus}/{one.snippet.file}: {difference}", file=sys.stderr)


def line(name: str, count: Counts) -> str:
    labelled = count.right + count.missed
    return f"{name:22} {count.snippets:8} {labelled:8} {count.precision:9.3f} {count.recall:7.3f}"


if __name__ == "__main__":
    main()
