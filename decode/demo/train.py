"""Makes the demo models from scratch: `python -m specdec_check.decode.demo.train --out DIR`."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import click
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional
from transformers import LlamaForCausalLM

from .agreement import agreement
from .bpe import train_strange_tokenizer, train_tokenizer
from .corpus import Corpus, docstrings, read_corpus
from .learn import Budget, fit
from .models import DRAFTER, STRANGER, TARGET, Shape, build, save

# Steps, and shares of the minutes (the rest goes to reading, tokenizing and measuring).
TARGET_STEPS: Final = 2000
DRAFTER_STEPS: Final = 2000
STRANGER_STEPS: Final = 200
TARGET_SHARE: Final = 0.6
DRAFTER_SHARE: Final = 0.33
STRANGER_SHARE: Final = 0.03
DRAFTER_EMBEDDING_RATE: Final = 0.005  # it starts from one that is learnt already


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Where the folders go.")
@click.option("--minutes", type=click.FloatRange(min=0.1), default=28.0, show_default=True, help="At most so long.")
def main(out: Path, minutes: float) -> None:
    """Train target, drafter and stranger on the standard library's sources, and print how target and drafter agree.

    Seeds are fixed: a machine that takes all steps within the time makes nearly the same models again.
    """
    torch.set_num_threads(min(2, torch.get_num_threads()))
    begun = time.monotonic()
    corpus = read_corpus()
    tokenizer = train_tokenizer(text for _, text in corpus.learned)
    learned, held_out = _encode(tokenizer, corpus.learned), _encode(tokenizer, corpus.held_out)
    _report_corpus(corpus, learned, held_out)

    target = _learn_text("target", TARGET, learned, Budget(TARGET_STEPS, minutes * 60 * TARGET_SHARE))
    target = save(target, tokenizer, out / "target")
    drafter = _learn_from(target, learned, Budget(DRAFTER_STEPS, minutes * 60 * DRAFTER_SHARE))
    drafter = save(drafter, tokenizer, out / "drafter")

    prose = [(name, docstrings(text)) for name, text in corpus.learned]
    strange = train_strange_tokenizer(text for _, text in prose)
    ids = _encode(strange, prose)
    stranger = _learn_text("stranger", STRANGER, ids, Budget(STRANGER_STEPS, minutes * 60 * STRANGER_SHARE))
    save(stranger, strange, out / "stranger")

    found = agreement(target, drafter, held_out, 256)
    click.echo(f"held-out text: alpha {found.sampled:.3f} at temperature 1, {found.greedy:.3f} greedy")
    click.echo(f"{time.monotonic() - begun:.0f} s in all")


def _encode(tokenizer: Tokenizer, files: Iterable[tuple[str, str]]) -> Tensor:
    # (N,): every file's ids after the id that begins a text.
    return torch.tensor([i for _, text in files for i in (0, *tokenizer.encode(text).ids)])


def _report_corpus(corpus: Corpus, learned: Tensor, held_out: Tensor) -> None:
    click.echo(f"{len(corpus.learned)} files to learn from, {len(learned)} tokens")
    click.echo(f"{len(corpus.held_out)} files held out, {len(held_out)} tokens: ")
    click.echo("  " + " ".join(name for name, _ in corpus.held_out))


def _learn_text(name: str, shape: Shape, ids: Tensor, budget: Budget) -> LlamaForCausalLM:
    model = build(shape, seed=0)

    def loss_of(batch: Tensor) -> Tensor:
        return _surprise(model(batch, use_cache=False).logits, batch)

    fit(name, model, ids, loss_of, budget)
    return model


def _learn_from(target: LlamaForCausalLM, ids: Tensor, budget: Budget) -> LlamaForCausalLM:
    """The drafter, distilled from the target: it learns q towards p, not the text.

    Half the Kullback-Leibler divergence, which has a slope everywhere, and twice the total variation distance, which
    is one minus the acceptance at temperature 1 (Leviathan et al., 2023).
    """
    drafter = build(DRAFTER, seed=0)
    with torch.no_grad():  # the target's embedding is a better start than none, and as wide
        drafter.model.embed_tokens.weight.copy_(target.model.embed_tokens.weight)
        drafter.model.norm.weight.copy_(target.model.norm.weight)

    def loss_of(batch: Tensor) -> Tensor:
        with torch.no_grad():
            p = target(batch, use_cache=False).logits.softmax(-1).flatten(0, 1)
        log_q = drafter(batch, use_cache=False).logits.log_softmax(-1).flatten(0, 1)
        divergence = functional.kl_div(log_q, p, reduction="none").sum(-1).mean()
        distance = 1 - torch.minimum(p, log_q.exp()).sum(-1).mean()
        return 0.5 * divergence + 2 * distance

    fit("drafter", drafter, ids, loss_of, budget, other_rate=DRAFTER_EMBEDDING_RATE)
    return drafter


def _surprise(logits: Tensor, batch: Tensor) -> Tensor:
    return functional.cross_entropy(logits[:, :-1].flatten(0, 1), batch[:, 1:].flatten())


if __name__ == "__main__":
    main()
