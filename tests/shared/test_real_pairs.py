"""Every real pair of PAIRS.md: the relation and its counts."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest
from shared.independent import Counts, Kind, counts, kind_of, tokens_of
from shared.models import Row, rows
from tokenizers import Tokenizer

from specdec_check.compat.facts import Fingerprint
from specdec_check.compat.facts_model import Rows
from specdec_check.compat.fingerprint import fingerprint
from specdec_check.compat.pipeline import Access, read
from specdec_check.compat.ref import parse
from specdec_check.compat.relation import Comparison, Pair, Relation

pytestmark = pytest.mark.shared

ROWS = rows()
CLASSES = {
    "same on all shared ids": {Relation.EXTENDS},
    "few ids differ": {Relation.SPECIALS_DIFFER},
    "DIFFERENT": {Relation.OVERLAP, Relation.DISJOINT},
}


@lru_cache(maxsize=8)
def facts(folder: Path) -> Fingerprint:
    """Our facts of a model; the pairs of a family stand together."""
    reference = parse(str(folder))
    return fingerprint(read(reference, reference, Access())[0])


@lru_cache(maxsize=8)
def independent(tokenizer: Path) -> tuple[Kind, dict[int, bytes]]:
    """The other script's id → bytes."""
    library = Tokenizer.from_file(str(tokenizer))
    return kind_of(library), tokens_of(library)


def compared(row: Row, models: Path) -> tuple[Pair, Comparison]:
    """A pair of PAIRS.md."""
    pair = Pair.of(facts(models / row.target), facts(models / row.drafter))
    assert isinstance(pair.comparison, Comparison)
    return pair, pair.comparison


def test_the_tables_are_read() -> None:
    assert len(ROWS) > 50
    assert {row.verdict.partition(";")[0] for row in ROWS} == {"same map", *CLASSES}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.target}-{row.drafter}")
def test_relation_and_counts(row: Row, models: Path) -> None:
    """Those of the table, and of a script of its own.

    The table counts spellings. Where both sides spell in one way, equal spellings are equal bytes and it must agree to
    the id. Else "Ġthe" and "▁the" are one token in two spellings, and so are "<0x61>" and "a": there may only be more
    ids that agree, and how many is for the script to say.
    """
    pair, found = compared(row, models)
    widths = [side.rows.head if isinstance(side.rows, Rows) else None for side in (pair.target, pair.drafter)]
    ours = Counts(found.same, len(found.differ), (len(found.target_only), len(found.drafter_only)))
    (kind, target), (other, drafter) = (
        independent((models / model / "tokenizer.json").resolve()) for model in (row.target, row.drafter)
    )

    same_map = {Relation.IDENTICAL if None in widths or widths[0] == widths[1] else Relation.PADDED}
    assert found.relation in CLASSES.get(row.verdict.partition(";")[0], same_map)
    assert ours == counts(target, drafter)
    if kind is other:
        assert ours == Counts(row.same, row.differ, row.only)
    else:
        assert (ours.same >= row.same, ours.only) == (True, row.only)
    if found.differ:
        assert found.shared_tokens == len({*target.values()} & {*drafter.values()})
