"""What speculation costs where it does not help: `gamma="auto"` beside plain decoding, over drafters of every kind.

A target of 16 layers and 12 million parameters, drafters of its own shape with fewer or more, and acceptance by script:
each drafter runs its model, and then proposes the target's own next id with a fixed chance, and another id otherwise.
Costs, counts, verification and text are real. Prints, for each, c and alpha, what the rounds would take by their counts
and the measured times of a round at their gamma beside those of a plain one, and what they took, both as shares of
plain decoding (1 is as fast, less is a loss). Each run lies between two plain ones and is compared with their mean; the
last column is each plain run beside its neighbours: what the clock of this machine can tell.

    python tests/bench/never_costs.py
"""

from __future__ import annotations

import statistics
import time

import torch
import transformers

from specdec_check.decode.decoder import Decoder
from specdec_check.decode.draft import ModelDrafter
from specdec_check.decode.options import Options
from specdec_check.decode.pairing import Pairing

ROWS, LAYERS, TOKENS, RUNS = 512, 16, 512, 9
HIDDEN = 256
COSTS, PLAIN, ROUNDS = 15, 60, 30  # interleaved measurements of costs; ids of a plain run, rounds of one that drafts
DEPTHS = (1, 4, 8, 16, 24)  # of drafters
ALPHAS = (0.0, 0.5, 0.8, 1.0)
PROMPT = [1, 2, 3, 4, 5, 6, 7, 8]


def model(layers: int, seed: int) -> transformers.PreTrainedModel:
    """A small model with random weights."""
    torch.manual_seed(seed)
    config = transformers.LlamaConfig(
        vocab_size=ROWS,
        hidden_size=HIDDEN,
        intermediate_size=5 * HIDDEN // 2,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        initializer_range=3.4 / HIDDEN**0.5,
        tie_word_embeddings=False,
    )
    return transformers.LlamaForCausalLM(config).eval().requires_grad_(requires_grad=False)


class Scripted(ModelDrafter):
    """Runs its model, and proposes the target's own text with a fixed chance instead of what the model says."""

    def script(self, text: list[int], alpha: float) -> None:
        """The target's own text, prompt included, and the chance of proposing it."""
        self._text = torch.tensor([*text, *[0] * 64])
        self._hit = torch.rand(self._text.shape, generator=torch.Generator().manual_seed(1)) < alpha

    def _chosen(self, state, logits, sampling):
        super()._chosen(state, logits, sampling)
        right = self._text.index_select(0, state.length + state.step)
        hit = self._hit.index_select(0, state.length + state.step)
        return torch.where(hit, right, (right + 1) % ROWS)


def seconds_of(pair: Decoder, options: Options) -> tuple[float, object]:
    """Of decoding, without the reading of prompts; and the result."""
    started = time.perf_counter()
    result = pair.generate(PROMPT, options)
    return time.perf_counter() - started - result.statistics.seconds.prefill, result


def costs_at(pair: Decoder, gammas: list[int]) -> dict[int, tuple[float, float]]:
    """What a draft and a verification take at each gamma, in plain rounds of runs right beside: medians."""
    found: dict[int, list[tuple[float, float]]] = {gamma: [] for gamma in gammas}
    for _ in range(COSTS):
        for gamma in gammas:
            plain = pair.generate(PROMPT, Options(PLAIN, 0)).statistics
            step = plain.seconds.verify / plain.rounds
            done = pair.generate(PROMPT, Options(ROUNDS * (gamma + 1), gamma)).statistics
            found[gamma].append((done.seconds.draft / done.rounds / step, done.seconds.verify / done.rounds / step))
    return {gamma: tuple(map(statistics.median, zip(*seen, strict=True))) for gamma, seen in found.items()}


def beside(before: list[float], ones: list[float], behind: list[float]) -> float:
    """Times beside the means of those before and behind them, so that a drift of the speed cancels out: the median."""
    return statistics.median((first + last) / 2 / one for first, one, last in zip(before, ones, behind, strict=False))


def row(pair: Decoder, text: list[int]) -> list[str]:
    """One line of the table, without alpha."""
    for gamma in (0, "auto", "auto", "auto"):
        seconds_of(pair, Options(TOKENS, gamma))
    plain, chosen, history = [seconds_of(pair, Options(TOKENS, 0))[0]], [], []
    for _ in range(RUNS):
        seconds, result = seconds_of(pair, Options(TOKENS, "auto"))
        assert list(result.ids) == text[len(PROMPT) :]
        chosen.append(seconds)
        history.append(result.statistics.history)
        plain.append(seconds_of(pair, Options(TOKENS, 0))[0])
    costs = costs_at(pair, sorted({drafted for one in history for drafted, _ in one} | {1})) | {0: (0.0, 1.0)}
    counted = [(TOKENS - 1) / sum(sum(costs[drafted]) for drafted, _ in one) for one in history]
    drafting = statistics.mean(sum(drafted > 0 for drafted, _ in one) / len(one) for one in history)
    clocks = beside(plain, chosen, plain[1:]), beside(plain, plain[1:], plain[2:])
    return [f"{one:.3f}" for one in (costs[1][0], drafting, statistics.median(counted), *clocks)]


def main() -> None:
    """Prints the table."""
    torch.set_num_threads(1)
    target = model(LAYERS, 0)
    facts = Pairing(ROWS, ROWS, ((0, ROWS),), 0, frozenset())
    alone = Decoder(target, Pairing.alone(ROWS))
    for _ in range(2):
        text = [*PROMPT, *alone.generate(PROMPT, Options(TOKENS)).ids]
    print("alpha", "c", "rounds with drafts", "by counts", "by the clock", "plain by the clock", sep="  ")
    for depth in DEPTHS:
        drafter = Scripted(model(depth, 1), facts)
        for alpha in ALPHAS:
            drafter.script(text, alpha)
            print(alpha, *row(Decoder(target, facts, drafter), text), sep="  ", flush=True)


if __name__ == "__main__":
    main()
