"""The training loop that the demo models share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import click
import torch
from torch import Tensor
from transformers import LlamaForCausalLM

MATRIX_RATE: Final = 0.012
OTHER_RATE: Final = 0.02
WARM_UP: Final = 0.02  # of the whole
LONG_FROM: Final = 0.75  # of the whole; from here on windows are twice as long, and half as many
WINDOW: Final = 256  # tokens
BATCH: Final = 8  # windows


@dataclass(frozen=True)
class Budget:
    """When training ends: after so many steps, or sooner where the machine is too slow for them."""

    steps: int
    seconds: float


def windows(ids: Tensor, length: int, count: int, seed: int) -> Iterator[Tensor]:
    """Yield batches (count, length) without end: each pass cuts ids (N,) elsewhere and goes through all cuts once."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        offset = int(torch.randint(length, (1,), generator=generator))
        cuts = (len(ids) - offset) // length
        table = ids[offset : offset + cuts * length].view(cuts, length)
        for chosen in torch.split(torch.randperm(cuts, generator=generator), count):
            if len(chosen) == count:
                yield table[chosen]


def fit(
    name: str,
    model: LlamaForCausalLM,
    ids: Tensor,
    loss_of: Callable[[Tensor], Tensor],
    budget: Budget,
    other_rate: float = OTHER_RATE,
) -> None:
    """Train a model in place, and log the loss and the number of steps.

    Args:
        name: for the log.
        model: what is trained.
        ids: all the text, (N,).
        loss_of: takes a batch of ids (B, T), gives the loss.
        budget: when to end; the learning rate falls to zero by then.
        other_rate: learning rate of the embedding and the norms.
    """
    optimizers = _optimizers(model, other_rate)
    short = windows(ids, WINDOW, BATCH, seed=1)
    long = windows(ids, 2 * WINDOW, BATCH // 2, seed=2)
    model.train()
    begun, step, done = time.monotonic(), 0, 0.0
    while done < 1:
        loss = loss_of(next(short if done < LONG_FROM else long))
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * min(1.0, done / WARM_UP) * (1 - done)
            optimizer.step()
            optimizer.zero_grad()
        step += 1
        seconds = time.monotonic() - begun
        done = max(step / budget.steps, seconds / budget.seconds)
        if step % 100 == 0 or done >= 1:
            click.echo(f"{name}: step {step}, {seconds:.0f} s, loss {loss.item():.3f}")
    model.train(False)


def _optimizers(model: LlamaForCausalLM, other_rate: float) -> list[torch.optim.Optimizer]:
    # Muon takes fewer steps than AdamW to the same loss on the matrices of so small a model.
    embedding = model.get_input_embeddings().weight
    matrices = [p for p in model.parameters() if p.ndim == 2 and p is not embedding]
    others = [p for p in model.parameters() if p.ndim != 2 or p is embedding]
    found: list[torch.optim.Optimizer] = [
        torch.optim.Muon(matrices, lr=MATRIX_RATE, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=other_rate, betas=(0.9, 0.95), weight_decay=0.0),
    ]
    for optimizer in found:
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
    return found
