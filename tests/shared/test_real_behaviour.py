"""Every real pair that can be certified: how many texts its two tokenizers encode differently, as PAIRS.md has it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest
from shared.models import FOLDER, Row, distinct_tokenizers, rows
from shared.test_real_tokens import loaded

from specdec_check.compat import probing
from specdec_check.compat.behaviour import Behaviour
from specdec_check.compat.facts import Fingerprint
from specdec_check.compat.fingerprint import fingerprint
from specdec_check.compat.pipeline import Access, read
from specdec_check.compat.ref import parse
from specdec_check.compat.relation import Pair
from specdec_check.compat.snapshot import Snapshot
from specdec_check.compat.tokenizer.encode_process import _built

pytestmark = pytest.mark.shared


def probed() -> dict[tuple[str, str], tuple[int, int]]:
    """The column `probe` of PAIRS.md, where it has counts: texts that differ, texts."""
    known = {row.target.rpartition("/")[2]: row.target for row in rows()} | {
        row.drafter.rpartition("/")[2]: row.drafter for row in rows()
    }
    found = {}
    for line in (FOLDER / "PAIRS.md").read_text(encoding="utf-8").splitlines() if FOLDER else []:
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) == 13 and " of " in cells[11]:
            names = [known.get(cell.strip("†‡* ")) for cell in cells[:2]]
            differ, texts = map(int, cells[11].split(" of "))
            if names[0] and names[1]:
                found[names[0], names[1]] = (differ, texts)
    return found


PROBED = probed()
CERTIFIABLE = [row for row in rows() if (row.target, row.drafter) in PROBED and not row.verdict.startswith("DIFFERENT")]

ONE_OF_A_FAMILY = list({PROBED[row.target, row.drafter][1]: row for row in CERTIFIABLE}.values())


@lru_cache(maxsize=2)
def taken(folder: Path) -> tuple[Snapshot, Fingerprint]:
    """A model's files and facts."""
    reference = parse(str(folder))
    snapshot = read(reference, reference, Access())[0]
    return snapshot, fingerprint(snapshot)


@pytest.mark.parametrize("row", CERTIFIABLE, ids=lambda row: f"{row.target}-{row.drafter}")
def test_counts(row: Row, models: Path) -> None:
    (target, ours), (drafter, theirs) = taken(models / row.target), taken(models / row.drafter)

    found = probing.probe(target, drafter, Pair.of(ours, theirs))

    expected = PROBED[row.target, row.drafter]
    if found is None:  # the facts prove the two equal
        assert expected[0] == 0
    else:
        assert isinstance(found, Behaviour)
        assert (found.tokens_differ, found.tokens) == expected


@pytest.mark.parametrize("row", ONE_OF_A_FAMILY, ids=lambda row: f"{row.target}-{row.drafter}")
def test_what_the_facts_prove_is_what_encoding_gives(row: Row, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text is encoded, though most need not be."""
    (target, ours), (drafter, theirs) = taken(models / row.target), taken(models / row.drafter)
    pair = Pair.of(ours, theirs)
    proved = probing.probe(target, drafter, pair)
    monkeypatch.setattr(probing, "_equal_core", lambda *_: False)

    found = probing.probe(target, drafter, pair)

    assert isinstance(found, Behaviour)
    assert (found.tokens_differ, found.tokens) == PROBED[row.target, row.drafter]
    assert proved in (None, found)


def test_the_expected_pairs_are_among_them(models: Path) -> None:
    assert {differ for differ, _ in PROBED.values()} > {0, 588}
    assert len(CERTIFIABLE) > 15


def test_a_split_of_digits_is_found(models: Path) -> None:
    pair = ("ibm-granite/granite-3.1-1b-a400m-instruct", "ibm-granite/granite-3b-code-instruct-128k")
    (target, ours), (drafter, theirs) = (taken(models / model) for model in pair)

    found = probing.probe(target, drafter, Pair.of(ours, theirs))

    assert isinstance(found, Behaviour)
    assert found.tokens_differ == 0
    assert "digits, other scripts" in found.probes_differ


@pytest.mark.parametrize("model", distinct_tokenizers())
def test_added_tokens_are_found_as_the_loader_finds_them(model: str, models: Path) -> None:
    """The flags of every added token, after all the files that may set them."""
    snapshot, facts = taken(models / model)
    runnable = probing._runnable(snapshot, facts)
    assert not isinstance(runnable, str)

    built = _built(runnable.data, [list(row) for row in runnable.added])

    expected = loaded(models / model).get_added_tokens_decoder()
    assert {number: _told(token) for number, token in built.get_added_tokens_decoder().items()} == {
        number: _told(token) for number, token in expected.items()
    }


def _told(token: object) -> tuple[object, ...]:
    return tuple(getattr(token, name) for name in ("content", "lstrip", "rstrip", "single_word", "normalized"))
