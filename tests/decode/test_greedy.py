"""Greedy speculative decoding is the target's own greedy decoding, token for token, whatever the drafter."""

import pytest

from specdec_check.decode.options import Options
from specdec_check.decode.pairing import ranges

FAMILIES = ["llama", "gpt2", "gpt_neox", "mistral", "gemma2", "gemma3_text", "qwen2", "qwen3", "phi3"]
LENGTH = 40


@pytest.fixture(scope="module")
def llama(tiny):
    return tiny.family("llama")


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_and_every_gamma(tiny, name):
    target = tiny.family(name)
    pair = tiny.decoder(target, tiny.noised(target, 0.1))
    prompts = tiny.prompts(8, seed=3)
    alphas = []
    for gamma, prompt in enumerate(prompts):  # 0 is plain decoding
        expected = tiny.greedy(target, prompt, LENGTH)
        result = pair.generate(prompt, Options(max_new_tokens=LENGTH, gamma=gamma))
        tiny.same_greedy(target, prompt, expected, result.ids)
        alphas.append(result.statistics.alpha)
    # Neither a drafter that is always right nor one that never is would test the rollback.
    assert 0.1 < min(alphas[1:]) < 0.95


@pytest.fixture(scope="module")
def recited(tiny, llama):
    """Prompts, and what transformers makes of them."""
    return [(prompt, tiny.greedy(llama, prompt, LENGTH)) for prompt in tiny.prompts(9, seed=4)]


@pytest.mark.parametrize("gamma", range(1, 8))
def test_many_prompts(tiny, llama, recited, gamma):
    pair = tiny.decoder(llama, tiny.noised(llama, 0.07))
    for prompt, expected in recited:
        tiny.same_greedy(llama, prompt, expected, pair.generate(prompt, Options(LENGTH, gamma)).ids)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("name", ["llama", "mistral", "gemma3_text"])
def test_attention_implementations(tiny, name, attention):
    target = tiny.family(name, attention=attention)
    assert target.config._attn_implementation == attention
    pair = tiny.decoder(target, tiny.noised(target, 0.1))
    for prompt in tiny.prompts(2, seed=5):
        expected = tiny.greedy(target, prompt, LENGTH)
        tiny.same_greedy(target, prompt, expected, pair.generate(prompt, Options(LENGTH, 4)).ids)


def test_a_drafter_of_another_family(tiny, llama):
    pair = tiny.decoder(llama, tiny.family("gpt2", seed=9))
    prompt = [1, 2, 3]
    result = pair.generate(prompt, Options(LENGTH, 4))
    tiny.same_greedy(llama, prompt, tiny.greedy(llama, prompt, LENGTH), result.ids)
    assert result.statistics.alpha < 0.2


def test_the_target_as_its_own_drafter_is_always_right(tiny, llama):
    pair = tiny.decoder(llama, tiny.noised(llama, 0))
    prompt = [1, 2, 3]
    result = pair.generate(prompt, Options(1 + 5 * 8, gamma=4))
    assert list(result.ids) == tiny.greedy(llama, prompt, 1 + 5 * 8)
    assert result.statistics.alpha == 1
    assert result.statistics.tokens_per_round == 5


def test_the_shortest_prompt_and_the_shortest_text(tiny, llama):
    pair = tiny.decoder(llama, tiny.noised(llama, 0.1))
    result = pair.generate([7], Options(max_new_tokens=1))
    assert list(result.ids) == tiny.greedy(llama, [7], 1)
    assert result.finish == "length"
    assert (result.statistics.target_forwards, result.statistics.drafter_forwards) == (1, 0)


@pytest.mark.parametrize("count", range(1, 12))
def test_max_new_tokens_is_exact(tiny, llama, count):
    pair = tiny.decoder(llama, tiny.noised(llama, 0))
    result = pair.generate([5, 6], Options(count, gamma=4))
    assert list(result.ids) == tiny.greedy(llama, [5, 6], count)


def test_eos_anywhere_in_a_round(tiny, llama):
    """With a drafter that is always right, each possible place of the end: first draft, last draft, bonus."""
    prompt = next(p for p in tiny.prompts(50, seed=8) if len(set(tiny.greedy(llama, p, 12))) >= 10)
    expected = tiny.greedy(llama, prompt, 12)
    for place, eos in enumerate(expected):
        cut = expected[: expected.index(eos) + 1]
        pair = tiny.decoder(llama, tiny.noised(llama, 0), eos=[eos])
        result = pair.generate(prompt, Options(12, gamma=4))
        assert list(result.ids) == cut
        assert result.finish == "eos", place
        plain = tiny.decoder(llama, eos=[eos]).generate(prompt, Options(12))
        assert plain.ids == result.ids
        assert plain.finish == "eos"


def test_an_eos_that_is_only_drafted_ends_nothing(tiny):
    target = tiny.reciting(10, [1, 2, 3, 4, 5, 6])
    drafter = tiny.reciting(10, [1, 2, 9, 4, 5, 9])
    result = tiny.decoder(target, drafter, eos=[9]).generate([0], Options(20, gamma=3))
    assert result.finish == "length"
    assert 9 not in result.ids


@pytest.mark.parametrize(("target_rows", "drafter_rows"), [(64, 48), (48, 64)])
def test_padded_widths(tiny, target_rows, drafter_rows):
    """Forty ids are in use, and both heads are padded, each to its own width, with logits as large as the others'."""
    target = tiny.family("llama", vocab_size=target_rows)
    drafter = tiny.family("qwen2", vocab_size=drafter_rows, seed=2)
    pair = tiny.decoder(target, drafter, proposable=((0, 40),))
    for prompt in tiny.prompts(4, rows=40):
        rounds = list(run := pair.start(prompt, Options(LENGTH, 3)))
        tiny.same_greedy(target, prompt, tiny.greedy(target, prompt, LENGTH), run.ids)
        assert all(token < 40 for done in rounds for token in done.drafted)


def test_ids_that_the_drafter_cannot_embed(tiny):
    """The prompt holds them and the target emits them: the drafter reads a stand-in, and nothing changes."""
    target = tiny.family("llama", vocab_size=64)
    drafter = tiny.family("llama", vocab_size=40, seed=2)
    pair = tiny.decoder(target, drafter, stand_in=5)
    past_the_end = 0
    for prompt in tiny.prompts(6, rows=64):
        result = pair.generate([63, *prompt], Options(LENGTH, 3))
        tiny.same_greedy(target, [63, *prompt], tiny.greedy(target, [63, *prompt], LENGTH), result.ids)
        past_the_end += sum(token >= 40 for token in result.ids)
    assert past_the_end > 20


def test_proposals_keep_to_scattered_ids(tiny, llama):
    allowed = {0, 1, 2, 11, 12, 30, 47}
    pair = tiny.decoder(llama, tiny.noised(llama, 0.05), proposable=ranges(allowed))
    run = pair.start([3, 4], Options(LENGTH, 4))
    proposed = {token for done in run for token in done.drafted}
    assert proposed
    assert proposed <= allowed
    assert run.ids == tiny.greedy(llama, [3, 4], LENGTH)


def test_past_the_drafters_context_decoding_goes_on_plain(tiny):
    target = tiny.family("gpt2")
    drafter = tiny.family("gpt2", n_positions=20)  # learned positions: one more would be out of range
    pair = tiny.decoder(target, drafter, drafter_context=20)
    prompt = [1] * 6
    rounds = list(run := pair.start(prompt, Options(LENGTH, 4)))
    tiny.same_greedy(target, prompt, tiny.greedy(target, prompt, LENGTH), run.ids)
    lengths = [len(done.drafted) for done in rounds]
    assert max(lengths) == 4
    assert lengths[-10:] == [0] * 10
    # A text that just fills the context still has room for one draft, which is never fed.
    held = 6
    for done in rounds:
        assert len(done.drafted) <= max(0, 20 - held + 1)
        held += len(done.committed)


def test_a_prompt_past_the_drafters_context(tiny):
    target = tiny.family("gpt2")
    pair = tiny.decoder(target, tiny.family("gpt2", n_positions=8), drafter_context=8)
    prompt = list(range(20))
    result = pair.generate(prompt, Options(10, 4))
    assert list(result.ids) == tiny.greedy(target, prompt, 10)
    assert result.statistics.drafter_forwards == 0


@pytest.mark.parametrize("prompt_length", [1, 27, 29, 30, 31, 32])
def test_the_targets_context_ends_the_text(tiny, prompt_length):
    """Learned positions: an index past the limit would raise."""
    target = tiny.family("gpt2", n_positions=32)
    prompt = [index % 48 for index in range(prompt_length)]
    for drafter in (None, tiny.noised(target, 0)):
        result = tiny.decoder(target, drafter, target_context=32).generate(prompt, Options(100, 5))
        assert len(result.ids) == 32 - prompt_length
        assert result.finish == "context"
        if result.ids:
            assert list(result.ids) == tiny.greedy(target, prompt, 32 - prompt_length)


def test_one_decoder_decodes_prompt_after_prompt(tiny, llama):
    pair = tiny.decoder(llama, tiny.noised(llama, 0.1))
    once = [pair.generate(prompt, Options(20, 3)).ids for prompt in tiny.prompts(4)]
    assert once == [pair.generate(prompt, Options(20, 3)).ids for prompt in tiny.prompts(4)]
