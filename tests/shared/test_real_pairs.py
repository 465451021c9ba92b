"""Every real pair of PAIRS.md: the relation and its counts."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest
from shared.independent import Counts, counts, tokens_of
from shared.models import Row, rows
from specdec_check.compat.facts import Fingerprint, Rows, Unknown
from specdec_check.compat.fingerprint import fingerprint
from specdec_check.compat.pipeline import Access, read
from specdec_check.compat.ref import parse
from specdec_check.compat.relation import Comparison, Pair, Relation
from tokenizers import Tokenizer

pytestmark = pytest.mark.shared

ROWS = rows()
CLASSES = {
    "same on all shared ids": {Relation.EXTENDS},
    "few ids differ": {Relation.SPECIALS_DIFFER},
    "DIFFERENT": {Relation.OVERLAP, Relation.DISJOINT},
}


@lru_cache
def facts(folder: Path) -> Fingerprint:
    """Our facts of a model, each model read once."""
    reference = parse(str(folder))
    return fingerprint(read(reference, reference, Access())[0])


@lru_cache
def independent(tokenizer: Path) -> dict[int, bytes]:
    """The other script's id → bytes, each file read once."""
    return tokens_of(Tokenizer.from_file(str(tokenizer)))


def compared(row: Row, models: Path) -> tuple[Pair, Comparison]:
    """A pair of PAIRS.md."""
    pair = Pair.of(facts(models / row.target), facts(models / row.drafter))
    assert isinstance(pair.comparison, Comparison)
    return pair, pair.comparison


def test_the_tables_are_read() -> None:
    assert len(ROWS) > 50
    assert {row.verdict.partition(";")[0] for row in ROWS} == {"same map", *CLASSES}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.target}-{row.drafter}")
def test_the_relation_is_that_of_the_table(row: Row, models: Path) -> None:
    pair, found = compared(row, models)

    widths = [side.rows.head if isinstance(side.rows, Rows) else None for side in (pair.target, pair.drafter)]
    same_map = {Relation.IDENTICAL if None in widths or widths[0] == widths[1] else Relation.PADDED}
    assert found.relation in CLASSES.get(row.verdict.partition(";")[0], same_map)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.target}-{row.drafter}")
def test_the_counts_are_those_of_a_script_of_its_own(row: Row, models: Path) -> None:
    _, found = compared(row, models)
    sides = [independent((models / model / "tokenizer.json").resolve()) for model in (row.target, row.drafter)]

    expected = counts(*sides)

    ours = (found.same, len(found.differ), (len(found.target_only), len(found.drafter_only)))
    assert ours == (expected.same, expected.differ, expected.only)
    assert found.shared_tokens == expected.shared or not found.differ


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.target}-{row.drafter}")
def test_the_counts_are_those_of_the_table(row: Row, models: Path) -> None:
    _, found = compared(row, models)

    ours = (found.same, len(found.differ), (len(found.target_only), len(found.drafter_only)))
    assert ours == (row.same, row.differ, row.only)
