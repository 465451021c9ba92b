"""SD2xx: the chat templates, and the control tokens and switches that they use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..facts_tokens import Template
from ..finding import Finding, PairRule, Severity, Subject, known
from ..relation import Pair
from .shown import token_text


def _templates(pair: Pair) -> tuple[Template, Template] | None:
    """Both chat templates, where both models have one."""
    ours, theirs = known(pair.target.template), known(pair.drafter.template)
    return None if ours is None or theirs is None else (ours, theirs)


def _template_differs(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    both = _templates(pair)
    if both is None or both[0].digest == both[1].digest:
        return
    target, drafter = ([control.text for control in template.controls] for template in both)
    # One that uses more of the same tokens formats turns alike, and has a tool or a date more.
    related = bool(target) == bool(drafter) and (set(target) <= set(drafter) or set(drafter) <= set(target))
    yield rule.finds(
        Severity.NOTE if related else Severity.WARNING,
        Subject.PAIR,
        shared=len({*target} & {*drafter}),
        all=len(target),
        target=target,
        drafter=drafter,
    )


TEMPLATE_DIFFERS = PairRule(
    code="SD205",
    name="chat-template-differs",
    worst=Severity.WARNING,
    needs=("template",),
    message="The chat templates differ; the drafter's uses {shared} of the {all} control tokens in the target's.",
    why=(
        "The target's template formats the prompt for both models. The drafter was tuned on another format, so it"
        " drafts worse, the more the two differ: a note where one uses more of the same control tokens, a warning where"
        " each has its own."
    ),
    fix="Take a drafter that was tuned with the target's own chat format. Measure the acceptance if there is none.",
    check=_template_differs,
)


def _not_shared(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    template, theirs = known(pair.target.template), known(pair.drafter.vocabulary)
    ours = known(pair.target.vocabulary)
    controls = template.controls if template else ()
    told_elsewhere = frozenset(known(pair.comparison).differ)  # by SD101, or one by one by SD110
    missing = [
        control
        for control in controls
        if theirs.token(control.id) != ours.token(control.id) and control.id not in told_elsewhere
    ]
    if not missing:
        return
    wanted = {ours.token(control.id) for control in missing}
    elsewhere = {token: number for number, token in enumerate(theirs.tokens) if token in wanted}
    told: list[dict[str, Any]] = [
        {"id": control.id, "target": control.text, "drafter": token_text(theirs.token(control.id))}
        | ({"elsewhere": elsewhere[token]} if (token := ours.token(control.id)) in elsewhere else {})
        for control in missing
    ]
    yield rule.finds(Severity.WARNING, Subject.PAIR, count=len(told), all=len(controls), tokens=told)


NOT_SHARED = PairRule(
    code="SD206",
    name="template-token-not-shared",
    worst=Severity.WARNING,
    needs=("template", "vocabulary"),
    message="The target's chat template uses {all} control tokens; the drafter lacks {count} at their ids: {tokens}.",
    why=(
        "Chat prompts hold these ids. The drafter takes them for other tokens or has never seen them, so it"
        " misreads where turns begin and end, and cannot draft them."
    ),
    fix="Take a drafter with the target's own control tokens. One that it has at another id hints at a bad conversion.",
    check=_not_shared,
)


def _thinking(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    both = _templates(pair)
    if both and both[0].thinking != both[1].thinking:
        target, drafter = (list(template.thinking) or None for template in both)
        yield rule.finds(Severity.WARNING, Subject.PAIR, target=target, drafter=drafter)


THINKING = PairRule(
    code="SD207",
    name="thinking-switch-differs",
    worst=Severity.WARNING,
    needs=("template",),
    message="Of thinking, the target's chat template mentions: {target}; the drafter's: {drafter}.",
    why=(
        "A model that thinks before it answers writes other text than one that does not. Where only one of the two"
        " does, or their switches stand differently by default, few drafts are accepted while the target thinks."
    ),
    fix="Measure the acceptance with thinking as you will use it, and set the switch alike where both have one.",
    check=_thinking,
)


def _tuned_and_base(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    ours, theirs = known(pair.target.template), known(pair.drafter.template)
    if (ours is None) != (theirs is None):
        yield rule.finds(Severity.WARNING, Subject.TARGET if ours else Subject.DRAFTER)


TUNED_AND_BASE = PairRule(
    code="SD208",
    name="tuned-and-base",
    worst=Severity.WARNING,
    needs=("template",),
    message="Only the {subject} publishes a chat template: a tuned model beside what looks like a base model.",
    why=(
        "A base model continues text and a tuned one answers in turns. The drafter is accepted less where it was not"
        " trained as the target was, most of all around the marks of turns."
    ),
    fix="Take the drafter's tuned version for a tuned target, the base version for a base target.",
    check=_tuned_and_base,
)

RULES = (TEMPLATE_DIFFERS, NOT_SHARED, THINKING, TUNED_AND_BASE)
