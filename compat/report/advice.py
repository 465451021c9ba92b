"""What to do about a checked pair."""

from __future__ import annotations

from ..engines.outcome import Judgement
from ..finding import Severity
from ..pipeline import Report
from ..rules import BY_CODE
from ..verdict import Verdict
from ..visible import visible

_NOTHING = "Nothing"  # how the fix of a rule begins where there is nothing to do


def fix_of(judged: Judgement, report: Report) -> str | None:
    """What would make the pair run in an engine, with the pair's own names in place of TARGET and DRAFTER."""
    if judged.fix is None:
        return None
    named = judged.fix.replace("TARGET", report.target.snapshot.ref.original)
    return named.replace("DRAFTER", report.drafter.snapshot.ref.original)


def advice(report: Report) -> list[str]:
    """What to do, most pressing first, each with the code of the rule or the name of the engine that it answers."""
    decision, policy = report.decision, report.policy
    refused = decision.verdict is Verdict.REFUSED
    found = {
        finding.code: BY_CODE[finding.code].fix
        for finding in decision.findings
        if (policy.refuses(finding.severity) if refused else finding.severity is not Severity.NOTE)
    }
    told = [f"{code}: {fix}" for code, fix in found.items() if not fix.startswith(_NOTHING)]
    if decision.verdict is not Verdict.CERTIFIED:
        told += [f"{name}: {fix}." for name in policy.engines if (fix := fix_of(decision.judgements[name], report))]
    if refused:
        told += _of_policy(report)
    if decision.verdict is Verdict.UNDECIDED:
        told += _remedies(report)
    return list(dict.fromkeys(told))


def _of_policy(report: Report) -> list[str]:
    """Which options refuse a pair that would be certified without them."""
    decision, policy = report.decision, report.policy
    if any(found.severity is Severity.ERROR for found in decision.findings):
        return []
    if any(not decision.judgements[name].outcome.usable for name in policy.engines):
        return []
    given = {"--strict": policy.strict, "--fail-on warning": policy.fail_on is not Severity.ERROR}
    options = [option for option, is_given in given.items() if is_given]
    return [f"Leave out {' and '.join(options)}, if what is warned of is no reason against the pair."]


def _remedies(report: Report) -> list[str]:
    """What could settle the questions that leave the pair undecided."""
    reasons = [asked.why for asked in report.decision.questions if report.policy.refuses(asked.worst)]
    remedies = []
    if any(why.startswith("publishes") for why in reasons):
        remedies.append("Put the missing files beside the others, in the repository or in a folder of your own.")
    for model in (report.target, report.drafter):
        fixes = dict.fromkeys(denial.fix for denial in model.snapshot.withheld.values())
        remedies += [f"{visible(model.snapshot.ref.original)}: {fix}" for fix in fixes]
    if any(not why.startswith(("publishes", "withholds")) for why in reasons):
        remedies.append("Try a newer version of specdec-check: what this one does not know, it does not guess.")
    return remedies
