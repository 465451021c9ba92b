"""Whether the heads of attention can be dealt out to several devices (tensor parallelism): steps for `decide`.

vLLM and SGLang give each device as many heads of queries as the next one, and of keys either that or one head that
several devices hold: `QKVParallelLinear` of both, and the attention of their models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ..evidence import Unknown
from ..facts import Fingerprint
from ..facts_model import Heads
from ..relation import Pair
from . import change
from .change import Change
from .decide import Mendable
from .outcome import Judgement, Outcome
from .shared import sides

# What the runtime says of so many heads of queries on so many devices.
Message = Callable[[int, int], str]


def devices(pair: Pair) -> int:
    """How many devices each layer of the target is split over, and of the drafter, which all of these take along."""
    return pair.options.tensor_parallel or 1


def uneven_queries(pair: Pair, told: str, message: Message | None = None) -> Mendable | None:
    """Heads of queries that are no multiple of the devices.

    Args:
        pair: the two models.
        told: how the runtime is given another number of devices, with `{}` in the number's place.
        message: the runtime's own words, where it has some.
    """
    for side, heads in _known(pair):
        if heads.queries % (split := devices(pair)):
            reason = f"cannot split the {side} over {split} devices: its {heads.queries} attention heads do not divide"
            own = None if message is None else message(heads.queries, split)
            return Mendable(Judgement(Outcome.REFUSES, f"{reason} by {split}", message=own), _fewer(pair, told))
    return None


def uneven_keys(pair: Pair, told: str, outcome: Outcome = Outcome.REFUSES) -> Mendable | None:
    """Heads of keys and values that are no multiple of the devices, nor the devices of them.

    Args:
        pair: the two models.
        told: as in `uneven_queries`.
        outcome: what comes of it.
    """
    for side, heads in _known(pair):
        keys, split = heads.keys, devices(pair)
        if keys is not None and keys % split and split % keys:
            count = f"{keys} heads of keys and values"
            reason = f"cannot load the {side} on {split} devices: its {count} can be neither split nor copied evenly"
            if outcome is Outcome.UNKNOWN:
                reason = f"was not seen to spread the {count} of the {side} over {split} devices"
            return Mendable(Judgement(outcome, reason), _fewer(pair, told))
    return None


def open_heads(pair: Pair, told: str) -> Mendable | None:
    """Heads that are not known, and numbers of devices that other matrices may not be split by either."""
    if (split := devices(pair)) == 1:
        return None
    for side, facts in sides(pair):
        heads = _heads(facts)
        if heads is None or heads.keys is None:
            which = "attention heads" if heads is None else "heads of keys and values"
            reason = f"splits models by their heads, and the {side}'s config does not say how many {which} it has"
            return Mendable(Judgement(Outcome.UNKNOWN, reason), _fewer(pair, told))
    if split & (split - 1):
        reason = f"splits every matrix evenly, and whether those beside the attention divide by {split} is not told"
        return Mendable(Judgement(Outcome.UNKNOWN, f"{reason} here"), _fewer(pair, told))
    return None


def _known(pair: Pair) -> Iterator[tuple[str, Heads]]:
    """Both models' heads where there are several devices; the drafter's first, as vLLM looks at them."""
    for side, facts in reversed([*sides(pair)]):
        if devices(pair) > 1 and (heads := _heads(facts)) is not None:
            yield side, heads


def _heads(facts: Fingerprint) -> Heads | None:
    return None if isinstance(facts.architecture, Unknown) else facts.architecture.heads


def _fewer(pair: Pair, told: str) -> Change:
    """The most devices, up to those asked for, that both models are known to be split over: a power of two."""
    sizes = (1 << power for power in range(devices(pair).bit_length() - 1, 0, -1))
    size = next((size for size in sizes if all(_fits(facts, size) for _, facts in sides(pair))), 1)
    return change.other_options(told.format(size), lambda options: replace(options, tensor_parallel=size))


def _fits(facts: Fingerprint, size: int) -> bool:
    heads = _heads(facts)
    if heads is None or heads.keys is None:
        return False
    return heads.queries % size == 0 and (heads.keys % size == 0 or size % heads.keys == 0)
