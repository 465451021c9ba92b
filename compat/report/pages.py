"""The page of a rule: what it finds, why it matters, what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..finding import Rule
from ..project import rules as of_projects
from ..rules import BY_CODE
from .entries import NOT_PASSED, Found
from .prose import prose

_PLACE = re.compile(r"\{(\w+)\}")
_LEVELS = ("note", "warning", "error")


@dataclass(frozen=True, slots=True)
class Page:
    """What is known of a rule without running it.

    Attributes:
        code: as in SD101.
        name: states the fault.
        worst: error, warning, note or open.
        finds: the finding as a sentence, `<args>` in place of values.
        why: why it matters.
        fix: what to do.
        needs: the facts that it looks at.
    """

    code: str
    name: str
    worst: str
    finds: str
    why: str
    fix: str
    needs: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The fault as words, such as "Tokens differ"."""
        return self.name.replace("-", " ").capitalize()

    @property
    def level(self) -> str:
        """The worst that it can be, as error, warning or note."""
        return self.worst if self.worst in _LEVELS else "error"

    @property
    def text(self) -> str:
        """The page for a terminal."""
        return (
            f"{self.code} {self.name} (at worst: {self.worst})\n\nFinds: {self.finds}\n\nWhy: {self.why}\n\n"
            f"What to do: {self.fix}\n" + (f"\nLooks at: {', '.join(self.needs)}\n" if self.needs else "")
        )

    @property
    def markdown(self) -> str:
        """The page as Markdown, in which nothing but this layout acts."""
        return (
            f"**Finds:** {prose(self.finds)}\n\n**Why:** {prose(self.why)}\n\n**What to do:** {prose(self.fix)}\n\n"
            f"`specdec-check rule {self.code}` prints this page.\n"
        )


_STAND_IN = Page(
    NOT_PASSED,
    NOT_PASSED,
    "error",
    "The pair did not pass, for the reason that its answer gives.",
    "A pair that did not pass is shown wherever findings are, also where no rule speaks of it.",
    "Do what the answer says.",
)


def page(code: str) -> Page | None:
    """The page of a rule of the catalogue or of the project's; None where this version knows no such code."""
    rule = BY_CODE.get(code) or of_projects.BY_CODE.get(code)
    if rule is None:
        return _STAND_IN if code == NOT_PASSED else None
    finds = _PLACE.sub(lambda place: f"<{place[1]}>", rule.message)
    needs = rule.needs if isinstance(rule, Rule) else ()
    return Page(rule.code, rule.name, str(rule.worst), finds, rule.why, rule.fix, needs)


def pages() -> list[Page]:
    """The page of every rule, of the catalogue and then of the project's."""
    found = (page(code) for code in (*BY_CODE, *of_projects.BY_CODE))
    return [one for one in found if one is not None]


def page_of(finding: Found) -> Page:
    """The page of a finding's rule; made of the finding itself where its code is a newer version's."""
    known = page(finding["code"])
    if known is not None:
        return known
    why = "This version of specdec-check does not know the rule; the one that found it does."
    return Page(finding["code"], finding["name"], finding["severity"], finding["message"], why, finding["fix"])
