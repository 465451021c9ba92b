"""The fast path: recorded rounds commit what the target alone commits, over prompts, gammas and schedules."""

import copy
from types import SimpleNamespace

import pytest
import torch
import transformers

from specdec_check.decode import clock
from specdec_check.decode.decoder import Decoder
from specdec_check.decode.draft import ModelDrafter
from specdec_check.decode.errors import DecodeError
from specdec_check.decode.fast_runner import FastRunner, runner_for
from specdec_check.decode.lookup import HybridDrafter, LookupDrafter
from specdec_check.decode.options import Options, Sampling
from specdec_check.decode.pairing import Pairing

FAST = ["llama", "gpt2", "gpt_neox", "qwen2", "qwen3", "phi3"]
SLOW = {
    "mistral": "sliding_window",
    "gemma2": "not all of its layers attend to the whole text",
    "gemma3_text": "not all of its layers attend to the whole text",
}
LENGTH = 16
PLANS = [*range(1, 9), "auto", (5, 0, 0, 0, 0, 2, 1, 8), (0, 3)]
SAMPLED = Sampling(0.9, top_k=20, top_p=0.95, min_p=0.01, repetition_penalty=1.1)


@pytest.fixture(scope="module")
def llama(tiny):
    return tiny.family("llama")


@pytest.fixture(scope="module")
def recited(tiny, llama):
    """200 prompts, and what transformers' `generate` makes of them."""
    return [(prompt, tiny.greedy(llama, prompt, LENGTH)) for prompt in tiny.prompts(200, seed=11)]


def rows_of(model):
    return model.get_output_embeddings().weight.shape[0]


@pytest.mark.parametrize("drafts", ["model", "lookup", "hybrid"])
def test_two_hundred_prompts_by_every_plan(tiny, llama, recited, drafts):
    facts = tiny.pairing(llama, llama)
    model, lookup = ModelDrafter(tiny.noised(llama, 0.08), facts), LookupDrafter(llama.device)
    drafter = {"model": model, "lookup": lookup, "hybrid": HybridDrafter(lookup, model)}[drafts]
    pair = Decoder(llama, facts, drafter)
    accepted = judged = 0
    for number, (prompt, expected) in enumerate(recited):
        # Every prompt by every plan, where a model drafts; what is looked up goes through the same rounds.
        for plan in PLANS if drafts == "model" else PLANS[number % 8 :: 8]:
            result = pair.generate(prompt, Options(LENGTH, plan))
            tiny.same_greedy(llama, prompt, expected, result.ids)
            accepted, judged = accepted + result.statistics.accepted, judged + result.statistics.judged
    assert pair.notes == ()
    assert 0.1 < accepted / judged < 0.95


@pytest.mark.parametrize("name", FAST)
def test_recorded_and_plain_rounds_are_the_same(tiny, monkeypatch, name):
    target = tiny.family(name)
    drafter = tiny.noised(target, 0.1)
    recording, plain = tiny.decoder(target, drafter), tiny.decoder(target, drafter)
    plain._recorder.failure = "this one does not record"
    for sampling in (Sampling(), SAMPLED):
        for prompt in tiny.prompts(4, seed=5):
            options = Options(LENGTH, 3, sampling, seed=4)
            ids = [recording.generate(prompt, options).ids for _ in range(8)]
            assert set(ids) == {plain.generate(prompt, options).ids}
    assert recording.notes == ()
    assert len(recording._recorder._recorded) >= 4
    assert not plain._recorder._recorded


@pytest.mark.parametrize("later", [10, 600])
def test_a_run_that_was_overtaken_cannot_go_on(tiny, llama, later):
    """Also where the next one needed larger buffers, and works on others."""
    pair = tiny.decoder(llama, tiny.noised(llama, 0.05))
    early = pair.start([1, 2, 3], Options(20, 2))
    next(early)
    pair.generate([4, 5, 6], Options(later, 2))
    with pytest.raises(DecodeError, match="Another run has taken over"):
        next(early)


@pytest.mark.parametrize("confidence", [0.0, 0.3])
def test_a_schedule_uses_a_drafter_that_is_always_right(tiny, monkeypatch, confidence):
    """It reads when a draft stood as a whole and a plain round followed: that must not keep it from drafting more.

    Here a forward takes as long as its model has layers, and a little more for each further id, however busy the
    machine is.
    """
    target = tiny.family("llama", num_hidden_layers=8)
    drafter = tiny.family("llama", num_hidden_layers=1)
    with torch.no_grad():
        for layer in target.model.layers[1:]:  # they pass on what they are given
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
    drafter.load_state_dict(target.state_dict(), strict=False)
    pair, now = tiny.decoder(target, drafter), 0.0

    def spend(model, _, given):
        nonlocal now
        now += model.config.num_hidden_layers * (1 + 0.02 * given["input_ids"].shape[1])

    for model in (target, drafter):
        model.register_forward_pre_hook(spend, with_kwargs=True)
    monkeypatch.setattr(clock, "time", SimpleNamespace(perf_counter=lambda: now))
    pair._recorder.failure = "recordings call no hooks"
    for prompt in tiny.prompts(6, seed=2):
        history = pair.generate(prompt, Options(200, "auto", confidence=confidence)).statistics.history
    assert sum(drafted == 0 for drafted, _ in history) < 0.1 * 200  # ids that came without a draft
    assert sum(accepted for _, accepted in history) > len(history)


@pytest.mark.parametrize("name", FAST)
def test_families_on_the_fast_path(tiny, name):
    assert isinstance(runner_for(tiny.family(name)), FastRunner)


@pytest.mark.parametrize("name", SLOW)
def test_families_that_cannot_take_it_say_why(tiny, name):
    target = tiny.family(name)
    pair = tiny.decoder(target, tiny.noised(target, 0.1))
    assert all(SLOW[name] in note for note in pair.notes)
    assert len(pair.notes) == 2


@pytest.mark.parametrize("kind", ["dynamic", "longrope"])
def test_a_rotation_that_depends_on_the_length_is_not_for_it(tiny, kind):
    more = (
        {"factor": 2.0} if kind == "dynamic" else {"short_factor": [1.0] * 4, "long_factor": [2.0] * 4, "factor": 2.0}
    )
    rope = {"rope_type": kind, "rope_theta": 10000.0, "original_max_position_embeddings": 64, **more}
    assert kind in (runner_for(tiny.family("llama", rope_parameters=rope)).slow or "")


def test_a_model_that_answers_otherwise_there_is_found_out(llama, monkeypatch):
    """As one would that makes something of its own of the mask."""
    odd = copy.deepcopy(llama)
    attend = odd.model.layers[1].self_attn.forward

    def blind(*args, attention_mask=None, **more):
        if attention_mask is not None and attention_mask.dtype == torch.float32:
            attention_mask = attention_mask.clone()
            attention_mask[..., 0] = torch.finfo(attention_mask.dtype).min
        return attend(*args, attention_mask=attention_mask, **more)

    monkeypatch.setattr(odd.model.layers[1].self_attn, "forward", blind)
    assert runner_for(odd).slow == "its logits come out otherwise in the fast path"


def test_the_model_is_as_it_was(tiny):
    """Attention, gradients and weights: the fast path borrows them."""
    model = tiny.family("llama")
    before = {name: weight.clone() for name, weight in model.named_parameters()}
    expected = tiny.greedy(model, [1, 2, 3], LENGTH)
    pair = tiny.decoder(model, tiny.noised(model, 0.1))
    for _ in range(8):
        pair.generate([1, 2, 3], Options(LENGTH, 2))
    assert model.config._attn_implementation == "sdpa"
    assert all(weight.requires_grad and torch.equal(weight, before[name]) for name, weight in model.named_parameters())
    assert tiny.greedy(model, [1, 2, 3], LENGTH) == expected


def test_long_texts_cross_every_span(tiny):
    """Buffers grow, recordings are made anew, and what was held stays."""
    model = tiny.family("llama", max_position_embeddings=2048)
    pair = tiny.decoder(model, tiny.noised(model, 0.05))
    pair.generate([5], Options(4, 2))
    prompt = tiny.prompts(1, seed=2, low=240, high=241)[0]
    expected = tiny.greedy(model, prompt, 900)
    tiny.same_greedy(model, prompt, expected, pair.generate(prompt, Options(900, 4)).ids)


def test_a_prompt_in_parts(tiny):
    """Longer than what is fed at once."""
    model = tiny.family("llama", max_position_embeddings=2048)
    pair = tiny.decoder(model, tiny.noised(model, 0.05))
    prompt = tiny.prompts(1, seed=2, low=1300, high=1301)[0]
    result = pair.generate(prompt, Options(20, 4))
    tiny.same_greedy(model, prompt, tiny.greedy(model, prompt, 20), result.ids)
    assert result.statistics.target_forwards == result.statistics.rounds + 1


@pytest.mark.parametrize("gamma", [0, 1, 3, 8, "auto"])
def test_the_last_slot(tiny, gamma):
    """A text that fills the context to its end, in steps that do not divide it."""
    model = tiny.family("llama", max_position_embeddings=64)
    pair = tiny.decoder(model, tiny.noised(model, 0.05), target_context=64, drafter_context=64)
    for length in (1, 2, 40, 63, 64):
        prompt = tiny.prompts(1, seed=length, low=length, high=length + 1)[0]
        result = pair.generate(prompt, Options(100, gamma))
        assert (len(prompt) + len(result.ids), result.finish) == (64, "context")
        if length < 64:
            tiny.same_greedy(model, prompt, tiny.greedy(model, prompt, 64 - length), result.ids)


@pytest.mark.parametrize("ahead", [False, True])
def test_an_end_inside_a_draft(tiny, llama, recited, ahead):
    """Whichever of a round's ids ends the text, nothing of what follows is committed."""
    drafter = tiny.noised(llama, 0.02)
    for prompt, expected in recited[:12]:
        for at in range(1, 12):
            if expected[at] in expected[:at]:
                continue
            facts = tiny.pairing(llama, drafter, eos=(expected[at],))
            result = Decoder(llama, facts, ModelDrafter(drafter, facts), ahead=ahead).generate(
                prompt, Options(LENGTH, 6)
            )
            assert list(result.ids) == expected[: at + 1]
            assert result.finish == "eos"
        break


@pytest.mark.parametrize("sampling", [Sampling(), SAMPLED])
@pytest.mark.parametrize("gamma", [0, 2, 5])
def test_launching_ahead_changes_nothing(tiny, llama, sampling, gamma):
    drafter = tiny.noised(llama, 0.05)
    facts = tiny.pairing(llama, drafter)
    pairs = [Decoder(llama, facts, ModelDrafter(drafter, facts), ahead=ahead) for ahead in (False, True)]
    for prompt in tiny.prompts(6, seed=8) * 3:
        options = Options(40, gamma, sampling, seed=3)
        one, other = [pair.generate(prompt, options) for pair in pairs]
        assert one.ids == other.ids
        assert one.statistics.history == other.statistics.history


def test_ahead_by_a_schedule_is_lossless(tiny, llama, recited):
    drafter = tiny.noised(llama, 0.05)
    facts = tiny.pairing(llama, drafter)
    pair = Decoder(llama, facts, ModelDrafter(drafter, facts), ahead=True)
    for prompt, expected in recited[:40]:
        tiny.same_greedy(llama, prompt, expected, pair.generate(prompt, Options(LENGTH)).ids)


def test_two_decoders_share_a_drafter(tiny, llama):
    """One that has its buffers replaced for a longer text leaves the other no recording over the old ones."""
    drafter = tiny.noised(llama, 0.05)
    facts = tiny.pairing(llama, drafter)
    shared = ModelDrafter(drafter, facts)
    one, other, alone = (Decoder(llama, facts, each) for each in (shared, shared, ModelDrafter(drafter, facts)))
    for number, prompt in enumerate(tiny.prompts(6, seed=12)):
        result, expected = (pair.generate(prompt, Options(60, 4)) for pair in (one, alone))
        assert result.ids == expected.ids
        assert result.statistics.history == expected.statistics.history
        if number == 2:
            other.generate(prompt, Options(400, 4))


def test_what_two_prompts_share_is_read_once(tiny, llama):
    pair = tiny.decoder(llama, tiny.noised(llama, 0.05))
    prompt = tiny.prompts(1, seed=6, low=30, high=31)[0]
    first = pair.generate(prompt, Options(10, 3))
    fed = []
    handle = llama.register_forward_pre_hook(
        lambda _, __, given: fed.append(given["input_ids"].shape[1]), with_kwargs=True
    )
    again = [*prompt, *first.ids, 7, 8, 9]
    second = pair.generate(again, Options(10, 0), reuse=True)
    handle.remove()
    assert fed[0] == 4  # the last committed id was never fed
    tiny.same_greedy(llama, again, tiny.greedy(llama, again, 10), second.ids)
    changed = [*prompt[:20], 1, *again[21:]]
    tiny.same_greedy(
        llama, changed, tiny.greedy(llama, changed, 10), pair.generate(changed, Options(10, 3), reuse=True).ids
    )


def test_what_was_never_read_is_not_kept(tiny, llama):
    """A run that was begun and not gone on with, or broken off while it read its prompt."""
    pair = tiny.decoder(llama, tiny.noised(llama, 0.05))
    prompt = tiny.prompts(1, seed=6, low=30, high=31)[0]
    expected = tiny.greedy(llama, prompt, 10)
    pair.start(prompt, Options(10, 3))
    tiny.same_greedy(llama, prompt, expected, pair.generate(prompt, Options(10, 3), reuse=True).ids)

    def fail(*_):
        raise KeyboardInterrupt

    handle = llama.model.layers[1].register_forward_hook(fail)
    other = [*reversed(prompt)]
    with pytest.raises(KeyboardInterrupt):
        pair.generate(other, Options(10, 3))
    handle.remove()
    tiny.same_greedy(llama, other, tiny.greedy(llama, other, 10), pair.generate(other, Options(10, 3), reuse=True).ids)


def test_a_run_that_was_overtaken_says_so(tiny, llama):
    pair = tiny.decoder(llama, tiny.noised(llama, 0.05))
    first = pair.start([1, 2, 3], Options(10, 3))
    pair.start([4, 5, 6], Options(10, 3))
    with pytest.raises(DecodeError, match="Another run has taken over"):
        next(first)


def test_a_confident_drafter_drafts_on_and_another_stops(tiny, llama, recited):
    drafter = tiny.noised(llama, 0.08)
    pair = tiny.decoder(llama, drafter)
    drafted = {}
    for confidence in (0.0, 0.5, 1.0):
        runs = [
            (expected, prompt, pair.generate(prompt, Options(LENGTH, 6, confidence=confidence)))
            for prompt, expected in recited[:20]
        ]
        for expected, prompt, result in runs:
            tiny.same_greedy(llama, prompt, expected, result.ids)
        drafted[confidence] = sum(result.statistics.drafted for *_, result in runs)
        rounds = sum(result.statistics.rounds for *_, result in runs)
    assert drafted[0.0] > drafted[0.5] > drafted[1.0]
    assert rounds - 20 <= drafted[1.0] <= rounds  # each draft ends after its first id; the last round may draft none


def test_alone(tiny, llama, recited):
    pair = Decoder(llama, Pairing.alone(rows_of(llama)))
    for prompt, expected in recited[:10]:
        assert list(pair.generate(prompt, Options(LENGTH)).ids) == expected
    assert pair.notes == ()


def test_transformers_is_of_a_version_that_this_was_run_on():
    major, minor, *_ = transformers.__version__.split(".")
    assert (int(major), int(minor)) >= (5, 17)
