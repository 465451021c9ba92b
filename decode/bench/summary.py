"""Numbers from samples: medians with their spread, ratios within a repetition, and the bound of the model.

Everything here works on the plain values that `measure` gives, so that a saved result can be summed up again.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from .plan import FLASHSPEC, OURS, TRANSFORMERS
from .turns import rate

_LONGEST_DRAFT = 16  # among which the bound of an engine that chooses for itself is sought

Entry = dict[str, Any]
Spread = dict[str, float]


def expected_tokens(alpha: float, gamma: int) -> float:
    """Tokens that a round of gamma drafts commits in the mean, E of Leviathan et al. (2023).

    (1 - alpha^(gamma + 1)) / (1 - alpha), where every draft is accepted with chance alpha by itself.
    """
    return gamma + 1.0 if alpha == 1 else (1 - alpha ** (gamma + 1)) / (1 - alpha)


def bound(alpha: float, gamma: int, c: float) -> float:
    """How many times as fast as plain decoding drafts can be: E / (1 + gamma c)."""
    return expected_tokens(alpha, gamma) / (1 + gamma * c)


def spread(values: Iterable[float | None]) -> Spread | None:
    """Median, least and greatest; None where there are none."""
    known = [value for value in values if value is not None]
    return {"median": statistics.median(known), "min": min(known), "max": max(known)} if known else None


def paired(upper: Entry, lower: Entry) -> Spread | None:
    """The ratio of two settings' tokens per second, repetition by repetition: what slowed one slowed the other."""
    below = {sample["repetition"]: rate(sample) for sample in lower["samples"]}
    ratios = []
    for sample in upper["samples"]:
        over, under = rate(sample), below.get(sample["repetition"])
        if over is not None and under:
            ratios.append(over / under)
    return spread(ratios)


def summarise(result: dict[str, Any]) -> dict[str, Any]:
    """What a table says of one pair.

    Returns:
        `c` and `alpha` of the pair by our own runs, `rows` for the settings that were measured or could not be, and
        `ratios` of ours against each peer.
    """
    entries = [one for one in result["entries"] if one["samples"] or one["why"]]
    plain = find(result, OURS, "plain")
    c, alpha = step_ratio(result), acceptance(result)
    baseline = find(result, TRANSFORMERS, "plain")
    rows = []
    for entry in sorted(entries, key=_order):
        row = {name: entry[name] for name in ("engine", "mode", "gamma", "label", "best", "why")}
        row["tokens_per_second"] = spread(map(rate, entry["samples"]))
        row["vs_transformers"] = None if baseline is None else paired(entry, baseline)
        row["vs_plain"] = None if plain is None else paired(entry, plain)
        row["alpha"] = _share(entry, "accepted", "judged")
        row["tokens_per_round"] = _share(entry, "tokens", "rounds")
        row["bound"] = None if c is None or alpha is None else _bound_of(entry, alpha, c)
        row["bytes_per_second"] = streamed(entry, result["models"]["streamed_bytes"])
        rows.append(row)
    return {"c": c, "alpha": alpha, "rows": rows, "ratios": _against(result)}


def find(result: dict[str, Any], engine: str, mode: str, fits: Callable[[Entry], bool] = bool) -> Entry | None:
    """The measured entry of an engine in a mode, if there is one."""
    same = (one for one in result["entries"] if (one["engine"], one["mode"]) == (engine, mode))
    return next((one for one in same if one["samples"] and fits(one)), None)


def step_ratio(result: dict[str, Any]) -> float | None:
    """c: our drafter's time for an id, over our target's time for a step without drafts."""
    drafts = _of_the_model(result)
    plain = find(result, OURS, "plain")
    if plain is None:
        return None
    draft = spread(_shares(drafts, "draft_seconds", "drafted"))
    verify = spread(_shares([plain], "verify_seconds", "verified"))
    return draft["median"] / verify["median"] if draft and verify and verify["median"] > 0 else None


def acceptance(result: dict[str, Any]) -> float | None:
    """Alpha: accepted over judged ids, of all our runs with the drafter alone."""
    samples = [sample for one in _of_the_model(result) for sample in one["samples"] if sample["judged"]]
    judged = sum(sample["judged"] for sample in samples)
    return sum(sample["accepted"] for sample in samples) / judged if judged else None


def _of_the_model(result: dict[str, Any]) -> list[Entry]:
    """Our speculative entries in which the drafter alone drafts."""
    ours = (one for one in result["entries"] if one["engine"] == OURS and one["mode"] == "speculative")
    return [one for one in ours if isinstance(one["gamma"], int) or one["gamma"] == "auto"]


def streamed(entry: Entry, sizes: dict[str, int]) -> float | None:
    """Bytes of weights read per second of decoding, by counted forwards: the median; None where they are not known."""
    found = spread(
        (sizes["target"] * one["target_forwards"] + sizes["drafter"] * one["drafter_forwards"]) / one["seconds"]
        for one in entry["samples"]
        if one["target_forwards"] is not None and one["drafter_forwards"] is not None and one["seconds"] > 0
    )
    return None if found is None else found["median"]


def _against(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Ours over each peer: plain over plain, the same gamma over the same gamma, best over best."""
    found = []
    for upper, lower in _matches(result):
        ratio = paired(upper, lower) if upper is not None and lower is not None else None
        if upper is None or lower is None or ratio is None:
            continue
        one = {"ours": upper["label"], "peer": lower["engine"], "setting": lower["label"], "ratio": ratio}
        if one not in found:  # the best may be at a gamma that was asked for
            found.append(one)
    return found


def _matches(result: dict[str, Any]) -> Iterator[tuple[Entry | None, Entry | None]]:
    """Our setting and a peer's that do the same, or are each one's best."""
    plain, best = find(result, OURS, "plain"), find(result, OURS, "speculative", _is_best)
    gammas = sorted({one["gamma"] for one in result["entries"] if isinstance(one["gamma"], int) and one["gamma"]})
    for peer in (TRANSFORMERS, FLASHSPEC):
        yield plain, find(result, peer, "plain")
        yield plain, find(result, peer, "compiled")
        for gamma in gammas:
            alike = partial(_is_at, gamma)
            yield find(result, OURS, "speculative", alike), find(result, peer, "speculative", alike)
        yield best, find(result, peer, "speculative", _is_best)
    yield best, plain


def _is_best(entry: Entry) -> bool:
    return bool(entry["best"])


def _is_at(gamma: int, entry: Entry) -> bool:
    return bool(entry["gamma"] == gamma)


def _bound_of(entry: Entry, alpha: float, c: float) -> float | None:
    """The bound of a setting; of one that chooses for itself, the best that any gamma has."""
    if entry["mode"] != "speculative":
        return None
    if isinstance(entry["gamma"], int):
        return bound(alpha, entry["gamma"], c)
    return max(bound(alpha, gamma, c) for gamma in range(_LONGEST_DRAFT + 1))


def _shares(entries: Iterable[Entry], part: str, whole: str) -> list[float]:
    samples = [sample for entry in entries for sample in entry["samples"]]
    return [one[part] / one[whole] for one in samples if one[part] is not None and one[whole]]


def _share(entry: Entry, part: str, whole: str) -> float | None:
    found = spread(_shares([entry], part, whole))
    return None if found is None else found["median"]


def _order(entry: Entry) -> tuple[int, int]:
    engines, modes = (OURS, TRANSFORMERS, FLASHSPEC), ("plain", "compiled", "speculative")
    return engines.index(entry["engine"]), modes.index(entry["mode"])
