"""A Hub on loopback, models on it, and the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hub.server import LoopbackHub
from huggingface_hub import close_session, constants
from making import Made, make_model
from running import CommandLine


@pytest.fixture
def hub() -> Iterator[LoopbackHub]:
    """A Hub without models."""
    with LoopbackHub() as hub:
        yield hub


@pytest.fixture
def specdec_check(hub: LoopbackHub, tmp_path: Path) -> CommandLine:
    """The command line."""
    return CommandLine(hub, tmp_path / "home", tmp_path / "work")


@pytest.fixture
def client(hub: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Points the Hub's client in this very process to the loopback Hub and an empty cache, and gives that."""
    home = tmp_path / "home"
    settings = {
        "ENDPOINT": hub.endpoint,
        "HUGGINGFACE_CO_URL_TEMPLATE": hub.endpoint + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HOME": str(home),
        "HF_HUB_CACHE": str(home / "hub"),
        "HF_TOKEN_PATH": str(home / "token"),
        "HF_HUB_OFFLINE": False,
        "HF_HUB_DISABLE_TELEMETRY": True,
        "HF_HUB_DISABLE_XET": True,
    }
    for name, value in settings.items():
        monkeypatch.setattr(constants, name, value)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    yield home
    close_session()


@pytest.fixture
def publish(hub: LoopbackHub, tmp_path: Path) -> Callable[..., Made]:
    """Makes a model and shows it on the Hub: `publish("org/name", rows=…)`.

    Its weights are a header that claims tensors far larger than may be read.
    """

    def published(name: str, revision: str = "main", **recipe: Any) -> Made:
        folder = tmp_path / "published" / name / revision.replace("/", "-")
        made = make_model(folder, **{"weights": "header", "rows": 50_000, "hidden": 64} | recipe)
        hub.add(name, made, revision)
        return made

    return published


@pytest.fixture
def pair(publish: Callable[..., Made]) -> tuple[Made, Made]:
    """`org/target` and `org/drafter` on the Hub, certified as identical."""
    return publish("org/target", layers=2), publish("org/drafter")
