"""Real models' metadata: left out where there is no such folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub.server import LoopbackHub
from running import CommandLine
from shared.models import FOLDER, link_all


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselects the tests of this folder where there is nothing to read."""
    here = Path(__file__).parent
    without = [item for item in items if FOLDER is None and item.path.is_relative_to(here)]
    if without:
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if item not in without]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models as folders with plain links, as a check of a folder needs them."""
    folder = tmp_path_factory.mktemp("models")
    link_all(folder)
    return folder


@pytest.fixture
def hub(models: Path) -> Iterator[LoopbackHub]:
    """A Hub that has these models."""
    with LoopbackHub(models) as hub:
        yield hub


@pytest.fixture
def specdec_check(hub: LoopbackHub, tmp_path: Path) -> CommandLine:
    """The command line, with that Hub and an empty cache."""
    return CommandLine(hub, tmp_path / "home", tmp_path / "work")
