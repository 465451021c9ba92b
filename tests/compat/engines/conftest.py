"""Pairs of made models, and what an engine says of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from making import make_model

from specdec_check.compat.pipeline import check
from specdec_check.compat.relation import Pair


@pytest.fixture
def pair_of(tmp_path: Path) -> Callable[..., Pair]:
    """Makes two models from recipes and compares them: `pair_of({"rows": 512}, {})`. Weights are headers alone."""

    def made(target: dict[str, Any] | None = None, drafter: dict[str, Any] | None = None) -> Pair:
        folders = [tmp_path / "target", tmp_path / "drafter"]
        for folder, recipe in zip(folders, (target or {}, drafter or {}), strict=True):
            make_model(folder, **{"weights": "header", "hidden": 8} | recipe)
        return check(str(folders[0]), str(folders[1])).pair

    return made
