"""Options as transformers' users know them: they mean what they mean there, or they are refused by name."""

import pytest
from transformers import GenerationConfig

from specdec_check.decode.errors import DecodeError
from specdec_check.decode.generation_config import options_for
from specdec_check.decode.options import Sampling

pytestmark = pytest.mark.filterwarnings("ignore:Decoding is greedy")


def options(config=None, own=None, prompt=5, **keywords):
    ours = {name: keywords.pop(name) for name in ("gamma", "block", "seed") if name in keywords}
    return options_for(config, keywords, own, prompt, **ours)


def test_without_any_option_20_tokens_are_decoded_greedily():
    found = options()
    assert (found.max_new_tokens, found.sampling.greedy, found.gamma, found.eos) == (20, True, "auto", None)


@pytest.mark.parametrize("form", ["object", "keywords"])
@pytest.mark.parametrize(
    ("asked", "sampling"),
    [
        ({}, Sampling()),
        ({"temperature": 1.0, "top_k": 50}, Sampling()),
        ({"do_sample": False, "temperature": 0.7, "repetition_penalty": 1.2}, Sampling(repetition_penalty=1.2)),
        ({"do_sample": True}, Sampling(1.0, 50)),
        ({"do_sample": True, "top_k": 0}, Sampling(1.0)),
        (
            {"do_sample": True, "temperature": 0.7, "top_k": 9, "top_p": 0.8, "min_p": 0.1, "repetition_penalty": 1.1},
            Sampling(0.7, 9, 0.8, 0.1, 1.1),
        ),
    ],
)
def test_sampling_is_as_in_transformers(asked, sampling, form):
    found = options(GenerationConfig(**asked)) if form == "object" else options(**asked)
    assert found.sampling == sampling


def test_the_targets_own_file_stands_below_what_is_asked():
    own = GenerationConfig(do_sample=True, temperature=0.6, top_p=0.9, max_length=300, eos_token_id=7)
    assert options(own=own).sampling == Sampling(0.6, 50, 0.9)
    assert options(own=own).max_new_tokens == 295
    assert options(own=own).eos is None, "the pairing has them, certified"
    assert options(GenerationConfig(temperature=0.5), own).sampling == Sampling(0.5, 50, 0.9)
    assert options(GenerationConfig(temperature=0.5), own, top_p=None, temperature=0.4).sampling == Sampling(0.4, 50)
    assert options(own=own, do_sample=False).sampling.greedy


def test_how_the_targets_file_wants_it_computed_is_not_its_text():
    own = GenerationConfig(use_cache=False, cache_implementation="hybrid", num_assistant_tokens=3, output_scores=True)
    assert options(own=own) == options()


def test_what_the_targets_file_asks_and_cannot_be_done_is_told_and_can_be_turned_off():
    own = GenerationConfig(suppress_tokens=[3])
    with pytest.raises(
        DecodeError, match=r"generation_config.json sets suppress_tokens to \[3\].*suppress_tokens=None"
    ):
        options(own=own)
    assert options(own=own, suppress_tokens=None) == options()


def test_lengths_count_as_in_transformers():
    assert options(max_length=12).max_new_tokens == 7
    assert options(max_length=12, max_new_tokens=3).max_new_tokens == 3
    with pytest.raises(DecodeError, match="leaves no room after a prompt of 5 tokens"):
        options(max_length=5)


@pytest.mark.parametrize(("asked", "ids"), [(7, {7}), ([7, 9], {7, 9}), (None, set()), ([], set())])
def test_eos_ids_replace_the_pairings(asked, ids):
    assert options(eos_token_id=asked).eos == ids


def test_drafting_goes_by_both_names():
    assert options(num_assistant_tokens=3).gamma == options(gamma=3).gamma == 3
    assert options(assistant_confidence_threshold=0.4).confidence == 0.4
    with pytest.raises(DecodeError, match="two names of one thing"):
        options(num_assistant_tokens=3, gamma=4)


@pytest.mark.parametrize(("asked", "stop"), [("x", ("x",)), (["x", "yz"], ("x", "yz")), (None, ())])
def test_stop_strings_are_one_or_several(asked, stop):
    assert options(stop_strings=asked).stop == stop


@pytest.mark.parametrize(
    "asked",
    [
        {"num_beams": 4},
        {"num_return_sequences": 2, "do_sample": True},
        {"penalty_alpha": 0.6},
        {"bad_words_ids": [[3]]},
        {"guidance_scale": 1.5},
        {"no_repeat_ngram_size": 2},
        {"min_new_tokens": 4},
        {"typical_p": 0.9},
        {"use_cache": False},
        {"cache_implementation": "static"},
        {"forced_eos_token_id": 0},  # an id, not "no"
        {"return_dict_in_generate": True},
        {"max_time": 2.0},
        {"num_assistant_tokens_schedule": "heuristic"},
    ],
    ids=lambda asked: next(iter(asked)),
)
def test_what_cannot_be_honoured_is_refused_by_name(asked):
    with pytest.raises(DecodeError, match=rf"^{next(iter(asked))}="):
        options(**asked)


def test_transformers_own_defaults_ask_for_nothing():
    """Whoever writes them out gets what everybody gets."""
    defaults = GenerationConfig._get_default_generation_params()
    names = set(defaults) - {"max_length", "num_assistant_tokens", "assistant_confidence_threshold"}
    others = {"assistant_lookbehind", "target_lookbehind"}  # of drafters with another tokenizer
    assert options(**{name: defaults[name] for name in names - others}) == options()


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"max_tokens": 3}, "max_tokens is no option.* Did you mean max_new_tokens?"),
        ({"assistant_model": object()}, "assistant_model is no option"),
        ({"max_new_tokens": 2.5}, "max_new_tokens=2.5 is no whole number"),
        ({"do_sample": True, "temperature": "hot"}, "temperature=hot is no number"),
        ({"do_sample": True, "temperature": -1}, "temperature"),
        ({"do_sample": True, "top_k": 2.5}, "top_k=2.5 is no whole number"),
        ({"gamma": "4"}, "gamma=4 is no whole number"),
        ({"gamma": (4, 2.5)}, "gamma=2.5 is no whole number"),
        ({"gamma": -1}, "A gamma of -1"),
        ({"stop_strings": 3}, "stop_strings=3 are no strings"),
        ({"eos_token_id": "</s>"}, "eos_token_id=</s> is no whole number"),
    ],
)
def test_what_means_nothing_is_a_sentence(asked, sentence):
    with pytest.raises(DecodeError, match=sentence):
        options(**asked)


def test_an_object_of_another_kind_is_a_sentence():
    with pytest.raises(DecodeError, match="type dict cannot be read"):
        options({"max_new_tokens": 3})


def test_filters_without_sampling_are_told_to_change_nothing():
    with pytest.warns(UserWarning, match="so temperature and top_p will change nothing"):
        assert options(temperature=0.7, top_p=0.9).sampling.greedy
