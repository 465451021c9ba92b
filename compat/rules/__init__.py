"""The catalogue of rules: pure functions of frozen facts, one file per family, all of them listed here."""

from __future__ import annotations

from ..finding import Rule
from . import architecture, behaviour, controls, cost, provenance, shapes, special, template, vocabulary

_FAMILIES: tuple[Rule, ...] = (
    *vocabulary.RULES,  # SD1xx
    *controls.RULES,
    *behaviour.RULES,
    *special.RULES,  # SD2xx
    *template.RULES,
    *shapes.RULES,  # SD3xx
    *architecture.RULES,  # SD4xx
    *cost.RULES,  # SD5xx
    *provenance.RULES,  # SD6xx
)

RULES = tuple(sorted(_FAMILIES, key=lambda rule: rule.code))
BY_CODE = {rule.code: rule for rule in RULES}
