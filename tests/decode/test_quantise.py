"""A quantised drafter changes what is proposed, and never what is committed."""

import sys
from importlib.util import find_spec

import pytest

from specdec_check.decode import quantise as quantising
from specdec_check.decode.errors import DecodeError
from specdec_check.decode.options import Options
from specdec_check.decode.quantise import quantise
from specdec_check.decode.runner import streamed_bytes

with_torchao = pytest.mark.skipif(find_spec("torchao") is None, reason="needs torchao")


def test_without_torchao_it_is_a_sentence(tiny, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchao.quantization", None)
    with pytest.raises(DecodeError, match=r"extra `quantise`"):
        quantise(tiny.family("llama"), "int8", "it")


@with_torchao
@pytest.mark.filterwarnings("ignore")  # torchao's own
def test_the_text_stays_the_targets_own(tiny):
    target = tiny.family("llama")
    drafter = tiny.noised(target, 0.02)
    before = streamed_bytes(drafter)
    quantise(drafter, "int8", "it")
    assert streamed_bytes(drafter) < 0.4 * before  # a byte of four, and scales
    pair = tiny.decoder(target, drafter)
    for prompt in tiny.prompts(10, seed=4):
        result = pair.generate(prompt, Options(30, 4))
        tiny.same_greedy(target, prompt, tiny.greedy(target, prompt, 30), result.ids)
    assert result.statistics.alpha > 0.3


@with_torchao
@pytest.mark.filterwarnings("ignore")
def test_what_cannot_be_quantised_is_a_sentence(tiny, monkeypatch):
    monkeypatch.setitem(quantising._CONFIGS, "int8", "NoSuchConfig")
    with pytest.raises(DecodeError, match="it could not be quantised to int8"):
        quantise(tiny.family("llama"), "int8", "it")
