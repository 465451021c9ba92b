"""The same laws on a CUDA device: graphs, one read a round, memory, and what bfloat16 makes of ties."""

import itertools

import pytest
import torch

from specdec_check.decode.decoder import Decoder
from specdec_check.decode.draft import ModelDrafter
from specdec_check.decode.lookup import HybridDrafter, LookupDrafter
from specdec_check.decode.options import Options, Sampling

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")]

SAMPLINGS = {
    "greedy": Sampling(),
    "sampled": Sampling(0.8),
    "all": Sampling(0.8, top_k=9, top_p=0.9, min_p=0.02, repetition_penalty=1.2),
}


@pytest.fixture(scope="module")
def llama(tiny):
    return tiny.family("llama").to("cuda")


def decoder(tiny, target, noise=0.05, *, drafts="model", ahead=False):
    facts = tiny.pairing(target, target)
    model = ModelDrafter(tiny.noised(target.cpu(), noise).to(target.dtype).to("cuda"), facts)
    target.to("cuda")
    lookup = LookupDrafter(target.device)
    drafter = {"model": model, "lookup": lookup, "hybrid": HybridDrafter(lookup, model)}[drafts]
    return Decoder(target, facts, drafter, ahead=ahead)


def greedy(model, prompt, count):
    ids = torch.tensor([prompt], device="cuda")
    out = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=count)
    return out[0, len(prompt) :].tolist()


def margin(model, prompt, ids):
    """By how much of its logits' spread the target prefers its best id to its second after these."""
    with torch.no_grad():
        logits = model(torch.tensor([[*prompt, *ids]], device="cuda")).logits[0, -1].float()
    best = logits.topk(2).values
    return float((best[0] - best[1]) / logits.std())


@pytest.mark.parametrize("drafts", ["model", "lookup", "hybrid"])
@pytest.mark.parametrize("ahead", [False, True])
def test_greedy_float32_is_the_targets_own(tiny, llama, drafts, ahead):
    pair = decoder(tiny, llama, drafts=drafts, ahead=ahead)
    for prompt, gamma in itertools.product(tiny.prompts(6, seed=2), (0, 1, 4, "auto")):
        found = list(pair.generate(prompt, Options(40, gamma)).ids)
        expected = greedy(llama, prompt, 40)
        if found != expected:
            at = next(i for i, (one, other) in enumerate(zip(found, expected, strict=True)) if one != other)
            assert margin(llama, prompt, expected[:at]) < 1e-4
    assert pair.notes == ()
    assert pair._recorder._recorded


@pytest.mark.filterwarnings("ignore:Synchronization debug mode")  # torch announces that it is a prototype
@pytest.mark.parametrize("name", SAMPLINGS)
@pytest.mark.parametrize("ahead", [False, True])
def test_no_host_waits_for_the_device_but_at_the_one_read(tiny, llama, name, ahead):
    pair = decoder(tiny, llama, ahead=ahead)
    options = Options(60, 4, SAMPLINGS[name], seed=3)
    ids = {pair.generate([1, 2, 3], options).ids for _ in range(5)}
    assert len(ids) == 1
    run = pair.start([1, 2, 3], options)
    next(run)
    next(run)  # the drafter has read the prompt
    try:
        torch.cuda.set_sync_debug_mode("error")
        for _ in run:
            pass
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert tuple(run.ids) in ids


def test_memory_is_steady(tiny, llama):
    pair = decoder(tiny, llama)
    prompts = tiny.prompts(200, seed=9)
    for prompt in prompts[:20]:
        pair.generate(prompt, Options(40))
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    for prompt in prompts:
        pair.generate(prompt, Options(40))
    torch.cuda.synchronize()
    assert torch.cuda.memory_allocated() <= before + 2**20


def test_a_prompt_of_eight_thousand_tokens_and_the_last_slot(tiny):
    model = tiny.family("llama", max_position_embeddings=8192).to("cuda")
    pair = decoder(tiny, model)
    prompt = tiny.prompts(1, seed=1, low=8100, high=8101)[0]
    found = list(pair.generate(prompt, Options(92, 4)).ids)
    expected = greedy(model, prompt, 92)
    if found != expected:
        at = next(i for i, (one, other) in enumerate(zip(found, expected, strict=True)) if one != other)
        assert margin(model, prompt, expected[:at]) < 1e-3


class Hopeless(LookupDrafter):
    """Proposes ids that are never right: plain decoding through forwards as wide as speculation's."""

    def matched(self, state):
        """As if the text had a continuation."""
        return torch.ones_like(state.length)

    def propose(self, state, count, *_, **__):
        """Id 0, which is hardly ever the best."""
        state.drafted[:count] = 0


def test_bfloat16_parts_only_at_ties(tiny, llama):
    """Forwards of different width round otherwise, so texts may part, but only where the target hardly prefers.

    Against plain decoding through forwards of the same width, what is left are rows that round by their place.
    """
    model = tiny.family("llama").to("cuda", torch.bfloat16)
    pair = decoder(tiny, model)
    facts = tiny.pairing(model, model)
    wide = Decoder(model, facts, Hopeless(model.device))
    parted = {"one wide": 0, "as wide": 0}
    prompts = tiny.prompts(20, seed=5)
    for prompt in prompts:
        found = list(pair.generate(prompt, Options(40, 4)).ids)
        for width, reference in (
            ("one wide", pair.generate(prompt, Options(40, 0))),
            ("as wide", wide.generate(prompt, Options(40, 4))),
        ):
            expected = list(reference.ids)
            if found != expected:
                parted[width] += 1
                at = next(i for i, (one, other) in enumerate(zip(found, expected, strict=True)) if one != other)
                assert margin(model, prompt, expected[:at]) < 0.1, (width, at)
    print(f"of {len(prompts)} texts parted: {parted}")


def test_sampling_follows_the_target(tiny):
    """Chi-squared of the first two ids after the prefill's, against the target's own distribution."""
    from chances import p_value

    from specdec_check.decode.transforms import distribution

    rows, prompt, runs = 6, [1, 2, 3], 3000
    model = tiny.family("llama", vocab_size=rows, num_hidden_layers=1).to("cuda")
    sampling = Sampling(0.7, top_p=0.95)
    expected = []
    for ids in itertools.product(range(rows), repeat=3):
        with torch.no_grad():
            logits = model(torch.tensor([[*prompt, *ids]], device="cuda")).logits[0, 2:5]
        chances = distribution(logits, sampling).gather(1, torch.tensor(ids, device="cuda")[:, None])
        expected.append(float(chances.prod()))
    pair = decoder(tiny, model, noise=0.3)
    counts = torch.zeros(rows**3)
    for seed in range(runs):
        one, two, three = pair.generate(prompt, Options(3, 2, sampling, seed)).ids
        counts[one * rows * rows + two * rows + three] += 1
    assert p_value(counts, runs * torch.tensor(expected)) > 1e-3
