"""A result as rows of words, for a terminal, a pipe, or a document."""

from __future__ import annotations

from typing import Any

from .summary import Spread

COLUMNS = (
    "pair",
    "engine",
    "setting",
    "tokens/s",
    "least-most",
    "× transformers plain",
    "× ours plain",
    "bound",
    "α",
    "tokens/round",
    "GB/s",
    "of copy",
)
RATIO_COLUMNS = ("pair", "ours", "peer", "ours ÷ peer", "least-most")
NUMBERS_FROM = 3  # columns from this one on hold numbers
_NONE = "-"


def rows(result: dict[str, Any]) -> list[list[str]]:
    """One row for each setting, under `COLUMNS`; the title of a synthetic pair says so in every row."""
    return [_row(result, one) for one in result["summary"]["rows"]]


def ratio_rows(result: dict[str, Any]) -> list[list[str]]:
    """One row for each comparison of ours with a peer, under `RATIO_COLUMNS`."""
    return [
        [
            result["title"],
            one["ours"],
            f"{one['peer']}: {one['setting']}",
            _median(one["ratio"], 2),
            _range(one["ratio"], 2),
        ]
        for one in result["summary"]["ratios"]
    ]


def remarks(result: dict[str, Any]) -> list[str]:
    """What has to be said beside the tables, as sentences."""
    summary, models = result["summary"], result["models"]
    sizes = " and ".join(f"{side} {count / 1e6:.1f} M" for side, count in models["parameters"].items())
    threads = "" if models["threads"] is None else f", {models['threads']} thread{'s'[: models['threads'] != 1]} each"
    where = models["gpu"] or "CPU"
    said = [
        f"{result['title']}: {sizes} parameters in {models['dtype']} on {where}{threads};"
        f" c {_number(summary['c'], 3)}, α {_number(summary['alpha'], 3)}, copy"
        f" {result['copy_bytes_per_second'] / 1e9:.1f} GB/s; runs"
        f" {'interleaved' if result['interleaved'] else 'one engine after another'}."
    ]
    if result["synthetic"]:
        said.append(
            f"{result['title']} has synthetic weights: its text is noise, and alpha was asked for"
            f" ({result['alpha_asked']:g}, found {models['expected_alpha']:.3f})."
        )
    if result["agreement"] is not None:
        said += _agreement(result["agreement"])
    return [*said, *result["notes"]]


def _agreement(found: dict[str, Any]) -> list[str]:
    """How many settings decoded the very same ids, and where others part."""
    if not found["settings"]:
        return []
    reference, others = found["reference"], found["settings"]
    alike = [one for one in others if one["equal"] == one["prompts"]]
    named = f"{reference['engine']} {reference['mode']}"
    said = [f"{len(alike)} of {len(others)} settings decoded the ids of {named} for every prompt."]
    if len(alike) < len(others):
        said += _self_agreement(others)
    for one in others:
        for parting in one["partings"]:
            margin = "unknown" if parting["margin"] is None else f"{parting['margin']:.2g}"
            said.append(
                f"{one['engine']} {one['mode']} (γ {one['gamma']}) parts from it on prompt {parting['prompt'] + 1} at"
                f" token {parting['position'] + 1}, where the target's two best logits are {margin} apart."
            )
        if not one["repeatable"]:
            said.append(f"{one['engine']} {one['mode']} (γ {one['gamma']}) did not repeat its own ids.")
    return said


def _self_agreement(settings: list[dict[str, Any]]) -> list[str]:
    """Whether drafting changed what an engine decodes by itself: the question where dtypes round."""
    drafting = [one for one in settings if one["mode"] == "speculative" and one["as_plain"] is not None]
    said = []
    for engine in dict.fromkeys(one["engine"] for one in drafting):
        own = [one for one in drafting if one["engine"] == engine]
        alike = sum(one["as_plain"] == one["prompts"] for one in own)
        said.append(f"{alike} of {len(own)} settings of {engine} with a drafter decoded the ids of {engine} plain.")
    return said


def _row(result: dict[str, Any], one: dict[str, Any]) -> list[str]:
    label = f"{one['label']} (best)" if one["best"] else one["label"]
    head = [result["title"], one["engine"], label]
    if one["why"] is not None and one["tokens_per_second"] is None:
        return [*head, one["why"], *[""] * (len(COLUMNS) - len(head) - 1)]
    streamed, copied = one["bytes_per_second"], result["copy_bytes_per_second"]
    return [
        *head,
        _median(one["tokens_per_second"], 1),
        _range(one["tokens_per_second"], 1),
        _median(one["vs_transformers"], 2),
        _median(one["vs_plain"], 2),
        _number(one["bound"], 2),
        _number(one["alpha"], 3),
        _number(one["tokens_per_round"], 2),
        _NONE if streamed is None else f"{streamed / 1e9:.2f}",
        _NONE if streamed is None else f"{streamed / copied:.0%}",
    ]


def _median(spread: Spread | None, digits: int) -> str:
    return _NONE if spread is None else f"{spread['median']:.{digits}f}"


def _range(spread: Spread | None, digits: int) -> str:
    return _NONE if spread is None else f"{spread['min']:.{digits}f}-{spread['max']:.{digits}f}"


def _number(value: float | None, digits: int) -> str:
    return _NONE if value is None else f"{value:.{digits}f}"
