"""Rounds, their ends, their counts, and what the loop may read from the device."""

import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from specdec_check.decode.errors import DecodeError
from specdec_check.decode.options import Options, Sampling
from specdec_check.decode.stats import total

SAMPLED = Sampling(1.0, top_p=0.95)


@pytest.fixture(scope="module")
def pair(tiny):
    target = tiny.family("llama")
    return tiny.decoder(target, tiny.noised(target, 0.1))


@pytest.mark.parametrize("sampling", [Sampling(), SAMPLED])
@pytest.mark.parametrize("gamma", [0, 1, 4])
def test_counts_add_up(tiny, pair, sampling, gamma):
    for prompt in tiny.prompts(3, seed=gamma):
        rounds = list(run := pair.start(prompt, Options(30, gamma, sampling, seed=1)))
        result = run.result()
        counts = result.statistics
        assert [token for done in rounds for token in done.committed] == list(result.ids)
        assert counts.new_tokens == 30 == counts.prefills + counts.rounds + counts.accepted
        assert counts.target_forwards == len(rounds) == counts.prefills + counts.rounds
        assert counts.drafted == sum(len(done.drafted) for done in rounds)
        read = len(prompt) > 1  # the first draft's own forward reads up to two ids
        assert counts.drafter_forwards == (read + counts.drafted if gamma else 0)
        assert counts.accepted == sum(done.accepted for done in rounds)
        assert counts.judged == counts.accepted + sum(done.corrected for done in rounds)
        assert max(len(done.drafted) for done in rounds) == gamma
        assert [done.number for done in rounds] == list(range(len(rounds)))
        assert [done.finish for done in rounds] == [None] * (len(rounds) - 1) + ["length"]


def test_acceptance_by_position(tiny):
    """The drafter errs at every third position of the text, the target recites."""
    target = tiny.reciting(10, [1, 2, 3, 4, 5, 6])
    drafter = tiny.reciting(10, [1, 2, 3, 4, 5, 6], wrong=range(2, 100, 3))
    counts = tiny.decoder(target, drafter).generate([0], Options(31, gamma=2)).statistics
    # After the prefill one round errs at once; nine have both drafts right, and the target's own id where the drafter
    # would err; the last may draft one.
    assert counts.rounds == 11
    assert counts.judged_by_position == (11, 9)
    assert counts.accepted_by_position == (10, 9)
    assert counts.acceptance_by_position == (10 / 11, 1)
    assert counts.alpha == 19 / 20
    assert counts.accepted_share == 19 / 21
    assert counts.tokens_per_round == 30 / 11


@pytest.mark.parametrize("eos_at", [1, 2, 3, 4, 5, 6])
def test_counts_when_the_text_ends_inside_a_draft(tiny, eos_at):
    recital = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    target, drafter = tiny.reciting(12, recital), tiny.reciting(12, recital)
    # A prompt of one id: the first new id is recital[1], the round of four drafts holds recital[2] to recital[6].
    rounds = list(run := tiny.decoder(target, drafter, eos=[recital[eos_at]]).start([0], Options(50, gamma=4)))
    counts = run.result().statistics
    assert run.ids == recital[1 : eos_at + 1]
    if eos_at == 1:
        assert (counts.rounds, counts.alpha, counts.tokens_per_round) == (0, None, None)
    elif eos_at < 6:
        assert rounds[-1].own is None
        assert counts.new_tokens == counts.rounds + counts.accepted == eos_at
        assert counts.judged == counts.accepted == eos_at - 1
    else:  # the bonus
        assert rounds[-1].own == recital[6]
        assert counts.new_tokens == 1 + counts.rounds + counts.accepted


def test_totals(tiny, pair):
    runs = [pair.generate(prompt, Options(20, gamma)).statistics for gamma, prompt in enumerate(tiny.prompts(4))]
    whole = total(runs)
    assert whole == total([total(runs[:2]), total(runs[2:])])
    assert total(runs[:1]) == runs[0]
    assert whole.new_tokens == 80 == whole.prefills + whole.rounds + whole.accepted
    assert whole.tokens_per_round == 76 / whole.rounds
    assert whole.judged == sum(run.judged for run in runs)
    assert len(whole.acceptance_by_position) == 3


def test_times_and_json(pair):
    result = pair.generate([1, 2], Options(20, 3))
    seconds = result.statistics.seconds
    assert min(seconds.prefill, seconds.draft, seconds.verify) > 0
    assert seconds.prefill + seconds.draft + seconds.verify <= seconds.total
    told = json.loads(json.dumps(result.to_dict()))
    assert told["ids"] == list(result.ids)
    assert told["alpha"] == result.statistics.alpha
    assert told["text"] is None
    assert told["seconds"]["total"] == seconds.total


@pytest.mark.parametrize("gamma", [0, 3])
def test_a_seed_repeats_a_run(pair, gamma):
    first = pair.generate([1, 2], Options(30, gamma, SAMPLED, seed=5))
    assert first.ids == pair.generate([1, 2], Options(30, gamma, SAMPLED, seed=5)).ids
    others = {pair.generate([1, 2], Options(30, gamma, SAMPLED, seed=seed)).ids for seed in range(6, 10)}
    assert first.ids not in others
    assert len(others) == 4


def test_a_drawn_seed_is_told(pair):
    first = pair.generate([1, 2], Options(20, 3, SAMPLED))
    again = pair.generate([1, 2], Options(20, 3, SAMPLED, seed=first.seed))
    assert first.ids == again.ids
    assert pair.generate([1, 2], Options(20, 3, SAMPLED)).seed != first.seed


def test_the_global_generator_is_left_alone(pair):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    pair.generate([1, 2], Options(10, 3, SAMPLED))
    assert torch.equal(before, torch.get_rng_state())


READS = ["tolist", "numpy", "cpu", "item", "__bool__", "__int__", "__float__", "__index__", "nonzero"]


@pytest.mark.parametrize("sampling", [Sampling(), SAMPLED])
def test_one_read_a_round(tiny, monkeypatch, sampling):
    """Every value that reaches the host costs a wait on a GPU."""
    target, drafter = tiny.reciting(10, [1, 2, 3, 4, 5, 6]), tiny.reciting(10, [1, 2, 3, 4, 5, 6], wrong=[5, 8, 9])
    drafter.answer, target.answer = map(on_device, (drafter.answer, target.answer))
    decoder = tiny.decoder(target, drafter, proposable=((0, 7), (8, 10)), eos=[9])
    read = []
    for name in READS:
        original = getattr(torch.Tensor, name)

        def counted(*args, _original=original, _name=name, **kwargs):
            read.append(_name)
            return _original(*args, **kwargs)

        monkeypatch.setattr(torch.Tensor, name, counted)
    rounds = list(decoder.start([0], Options(40, 3, sampling, seed=0)))
    assert read == ["tolist"] * len(rounds)
    assert len(rounds) < 30


def on_device(answer):
    """The same answer, computed before anyone counts reads."""
    table = torch.stack([answer([0] * length) for length in range(1, 64)])
    return lambda past: table[len(past) - 1]


def test_stop_strings_end_the_text_at_the_same_id_with_and_without_drafts(tiny, words):
    text = "one two three four five six seven"
    ids = words.encode(text).ids
    target = tiny.reciting(words.get_vocab_size(), [0, *ids])
    for stop, kept in {("four",): "one two three ", ("x s", "ee fo"): "one two thr", ("never",): None}.items():
        results = []
        for gamma in range(6):
            decoder = tiny.decoder(target, tiny.reciting(words.get_vocab_size(), [0, *ids], wrong=[3, 9]))
            shown = []
            options = Options(len(ids), gamma, stop=stop)
            result = decoder.generate([0], options, words, lambda done, shown=shown: shown.extend(done.pieces))
            assert "".join(shown) == result.text == (text if kept is None else kept)
            assert result.finish == ("length" if kept is None else "stop")
            results.append((result.ids, result.text))
        assert len(set(results)) == 1


def test_pieces_belong_to_committed_ids(tiny, words):
    ids = words.encode("Zoë says: déjà vu, 日本語, 🎉 and more").ids
    rows = words.get_vocab_size()
    decoder = tiny.decoder(tiny.reciting(rows, [0, *ids]), tiny.reciting(rows, [0, *ids], wrong=[4]))
    rounds = list(decoder.start([0], Options(len(ids), 3), words))
    assert all(len(done.pieces) == len(done.committed) for done in rounds)
    assert "".join(piece for done in rounds for piece in done.pieces) == words.decode(ids)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    gamma=st.integers(0, 7),
    count=st.integers(1, 25),
    wrong=st.sets(st.integers(1, 40)),
    eos=st.sets(st.integers(0, 11), max_size=2),
    prompt=st.integers(1, 9),
    context=st.one_of(st.none(), st.integers(9, 30)),
    drafter_context=st.one_of(st.none(), st.integers(1, 30)),
)
def test_drafts_never_change_the_text(tiny, gamma, count, wrong, eos, prompt, context, drafter_context):
    """Any drafter, any end, any limit: the ids and the reason are those of plain decoding."""
    recital = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4]
    target, drafter = tiny.reciting(12, recital), tiny.reciting(12, recital, wrong=wrong)
    plain = tiny.decoder(target, eos=eos, target_context=context).generate([0] * prompt, Options(count))
    pair = tiny.decoder(target, drafter, eos=eos, target_context=context, drafter_context=drafter_context)
    result = pair.generate([0] * prompt, Options(count, gamma))
    assert (result.ids, result.finish) == (plain.ids, plain.finish)
    assert max(drafter.memory, default=-1) < (drafter_context or 99)
    assert max(target.memory) < (context or 99)


def test_a_run_that_was_overtaken_says_so(pair):
    first = pair.start([1, 2], Options(20, 3))
    next(first)
    pair.generate([3], Options(5, 3))
    with pytest.raises(DecodeError, match="Another run"):
        next(first)
    with pytest.raises(DecodeError, match="not at its end"):
        first.result()


@pytest.mark.parametrize("sampling", [Sampling(), SAMPLED])
def test_numbers_that_are_none_are_refused(tiny, sampling):
    target = tiny.reciting(10, [1, 2, 3])
    broken = tiny.Scripted(10, lambda past: torch.full((10,), torch.nan if len(past) > 3 else 0.0))
    with pytest.raises(DecodeError, match="target's logits"):
        tiny.decoder(broken).generate([0], Options(10, sampling=sampling))
    pair = tiny.decoder(target, broken)
    if sampling.greedy:  # a greedy draft is only compared
        assert pair.generate([0], Options(10, 3)).ids == tiny.decoder(target).generate([0], Options(10)).ids
    else:
        with pytest.raises(DecodeError, match="drafter's logits"):
            pair.generate([0], Options(10, 3, sampling))


@pytest.mark.parametrize(
    ("prompt", "options", "said"),
    [
        ([], Options(), "empty"),
        ([48], Options(), "48 rows"),
        ([-1], Options(), "id -1"),
        ([1] * 11, Options(), "holds 10"),
        ([1], Options(stop=("x",)), "tokenizer"),
    ],
)
def test_prompts_that_cannot_be_decoded(tiny, prompt, options, said):
    decoder = tiny.decoder(tiny.family("llama"), target_context=10)
    with pytest.raises(DecodeError, match=said):
        decoder.generate(prompt, options)


@pytest.mark.parametrize(
    "wrong", [{"max_new_tokens": 0}, {"gamma": -1}, {"seed": -1}, {"seed": 2**63}, {"stop": ("a", "")}]
)
def test_senseless_options_are_refused(wrong):
    with pytest.raises(DecodeError):
        Options(**wrong)


def test_models_of_other_widths_than_certified_are_refused(tiny):
    target, drafter = tiny.family("llama"), tiny.family("llama", vocab_size=40)
    facts = tiny.pairing(target, drafter)
    with pytest.raises(DecodeError, match="40 output"):
        tiny.decoder(drafter, facts=facts)
    with pytest.raises(DecodeError, match="48 output"):
        tiny.decoder(target, target, facts=facts)
    with pytest.raises(DecodeError, match="no id"):
        tiny.decoder(target, drafter, proposable=())
