"""The catalogue of rules: pure functions of frozen facts, one file per family, all of them listed here."""

from __future__ import annotations

from ..finding import Rule
from . import architecture, cost, shapes, special, vocabulary

RULES: tuple[Rule, ...] = (
    *vocabulary.RULES,  # SD1xx
    *special.RULES,  # SD2xx
    *shapes.RULES,  # SD3xx
    *architecture.RULES,  # SD4xx
    *cost.RULES,  # SD5xx
)

BY_CODE = {rule.code: rule for rule in RULES}
