"""SD5xx: whether the drafter can pay for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..evidence import Evidence
from ..facts_model import Experts, Weights
from ..finding import Finding, PairRule, Severity, Subject, known
from ..options import Options
from ..relation import Comparison, Pair, Relation
from ..speedup import best_drafted, break_even, experts_touched, speed_up

_HARDLY_EVER = 0.8  # few pairs accept more, measured over text of all kinds
_ACCEPTANCES = (0.6, 0.7, 0.8, 0.9)
_FEW_TIMES = 4  # active parameters of a mixture over the drafter's
_LARGE_SHARE = 1 / 3


def _not_smaller(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    target, drafter = known(pair.target.weights), known(pair.drafter.weights)
    measures = (
        ("parameters", target.parameters, drafter.parameters),
        ("bytes streamed per step", target.step, drafter.step),
    )
    known_both = [(unit, ours, theirs) for unit, ours, theirs in measures if ours and theirs]
    for unit, ours, theirs in known_both or [("bytes of weights", target.size, drafter.size)]:
        if theirs >= ours:
            told = {"target": ours, "drafter": theirs, "unit": unit}
            yield rule.finds(Severity.WARNING, Subject.DRAFTER, Evidence.HEADER, **told)
            return


NOT_SMALLER = PairRule(
    code="SD501",
    name="drafter-not-smaller",
    worst=Severity.WARNING,
    needs=("weights",),
    message="The drafter is no smaller than the target: {drafter} {unit} against {target}.",
    why=(
        "With c the drafter's step time over the target's and α the acceptance, a round gains only where α > c"
        " (Leviathan et al., 2023, corollary 3.9). A drafter as large as its target has c of 1 or more."
    ),
    fix="Swap the two if they are the wrong way round; otherwise take a smaller drafter.",
    check=_not_smaller,
)


def _mixture(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    target, drafter = known(pair.target.weights), known(pair.drafter.weights)
    experts = known(pair.target.architecture).experts
    if experts is None or not target.active or not drafter.active or target.active >= _FEW_TIMES * drafter.active:
        return
    told = {"active": target.active, "drafter": drafter.active, "experts": experts.active, "total": experts.total}
    yield rule.finds(Severity.WARNING, Subject.PAIR, Evidence.HEADER, **told)


MIXTURE = PairRule(
    code="SD502",
    name="mixture-and-dense-drafter",
    worst=Severity.WARNING,
    needs=("weights", "architecture"),
    message=(
        "A token goes through {experts} of the target's {total} experts, {active} parameters; the drafter's {drafter}"
        " are more than a quarter of that."
    ),
    why=(
        "A mixture is fast because each token reads few experts. Verifying several drafts at once reads all the experts"
        " that any of them chooses, so the verification costs more than a plain step, and a drafter that is not much"
        " smaller than the active part makes the pair slower than the target alone."
    ),
    fix="Take a much smaller drafter, draft few tokens, or use the target's own multi-token prediction head.",
    check=_mixture,
)


def _speed(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    target, drafter = known(pair.target.weights), known(pair.drafter.weights)
    if not target.step or not drafter.step or drafter.step >= target.step:
        return  # not known, or SD501's to tell
    if known(pair.drafter.architecture).trained_head is not None:
        return  # it does not draft step by step with all of its weights
    if isinstance(pair.comparison, Comparison) and pair.comparison.relation in (Relation.OVERLAP, Relation.DISJOINT):
        return  # such drafts are not accepted at any rate worth reckoning with
    cost = drafter.step / target.step
    verify = _verification(target, known(pair.target.architecture).experts)
    least = break_even(cost, verify)
    speeds = []
    for acceptance in _ACCEPTANCES:
        drafted = best_drafted(acceptance, cost, verify)
        gain = speed_up(acceptance, drafted, cost, verify(drafted))
        speeds.append({"acceptance": acceptance, "drafted": drafted, "speed_up": round(gain, 1)})
    yield rule.finds(
        Severity.WARNING if least is None or least > _HARDLY_EVER else Severity.NOTE,
        Subject.PAIR,
        Evidence.HEADER,
        target=_size(target.step),
        drafter=_size(drafter.step),
        cost=float(f"{cost:.2g}"),
        mixture="; verifying drafts reads more of its experts than one step" if target.experts else "",
        least=("no acceptance" if least is None else f"an acceptance above {least:.2g}") + _left_out(pair.options),
        speeds=speeds,
    )


def _left_out(options: Options) -> str:
    """What a planned batch would cost and is not reckoned: no fact of a model tells the size of its caches."""
    if (batch := options.batch or 1) == 1:
        return ""
    planned = f"{batch} sequences" if options.context is None else f"{batch} sequences of {options.context} tokens"
    return (
        f", one sequence at a time; what {planned} at once gain is not reckoned, for no fact tells how large caches are"
    )


def _verification(target: Weights, experts: Experts | None) -> Callable[[int], float]:
    """γ → what verifying γ drafts streams over what a step streams."""
    if experts is None or not target.experts or not target.step:
        return lambda _: 1.0
    of_experts, share, step = target.experts, experts.active / experts.total, target.step
    rest = max(step - share * of_experts, 0)
    return lambda drafted: (rest + experts_touched(share, drafted + 1) * of_experts) / step


def _size(size: int) -> str:
    unit, name = next((unit, name) for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B")) if size >= unit)
    return f"{round(size / unit, 2):g} {name}"


SPEED = PairRule(
    code="SD503",
    name="expected-speed",
    worst=Severity.WARNING,
    needs=("weights", "architecture"),
    message=(
        "A step streams {drafter} of the drafter and {target} of the target (c ≈ {cost}{mixture}): drafting pays at"
        " {least}. Expected at batch 1, each draft accepted independently: {speeds}."
    ),
    why=(
        "Theorem 3.8 of Leviathan et al. (2023), at the γ that is best for each α. It takes every draft to be accepted"
        " with the same probability α, independently of the others, and a step to last as long as reading its weights"
        " once: batch 1, short contexts. A mixture verifies with all the experts that γ + 1 tokens choose"
        " independently. Launching, sampling and long contexts cost more, so this is what to hope for, not a promise."
    ),
    fix="Measure α on your own traffic and choose γ by it. Below the break-even, take a smaller drafter.",
    check=_speed,
)


def _head_share(rule: PairRule, pair: Pair) -> Iterator[Finding]:
    found, rows = known(pair.drafter.weights), known(pair.drafter.rows)
    if found.step and found.head and found.head > _LARGE_SHARE * found.step:
        share = round(100 * found.head / found.step)
        yield rule.finds(Severity.NOTE, Subject.DRAFTER, rows.evidence, share=share, rows=rows.head)


HEAD_SHARE = PairRule(
    code="SD504",
    name="head-share",
    worst=Severity.NOTE,
    needs=("weights", "rows"),
    message="The output head ({rows} rows) is {share}% of what a step of the drafter streams.",
    why=(
        "A small model with a large vocabulary spends its time on the head: fewer layers would not make it faster. A"
        " head over the frequent tokens alone proposes nearly as well at a fraction of the cost."
    ),
    fix="Nothing. Where drafting is the bottleneck, an engine that prunes the drafter's head helps.",
    check=_head_share,
)

RULES = (NOT_SMALLER, MIXTURE, SPEED, HEAD_SHARE)
