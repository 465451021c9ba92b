"""The held-out prompts of the demo pair, which ship beside its models."""

from __future__ import annotations

import json
from pathlib import Path


def demo_prompts() -> list[str]:
    """Prompts that neither demo model was trained on."""
    prompts: list[str] = json.loads((Path(__file__).parent / "demo" / "prompts.json").read_text(encoding="utf-8"))
    return prompts
