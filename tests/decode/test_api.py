"""The decoder from Python, for somebody who knows transformers' `generate`."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, GenerationConfig, TextIteratorStreamer, TextStreamer

import specdec_check.decode
from specdec_check.compat import certificate as certificates
from specdec_check.compat.pipeline import check
from specdec_check.decode import DecodeError, NotAdmittedError, Options, Sampling, load

DEMO = Path(specdec_check.decode.__file__).parent / "demo"
TEMPLATE = (
    "{% for one in messages %}{% if one.role not in ['system', 'user', 'assistant'] %}"
    "{{ raise_exception('Only three may speak') }}{% endif %}# {{ one.role }}: {{ one.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}# assistant: {% endif %}"
)


@pytest.fixture(scope="module")
def decoder():
    return load(("demo:target", "demo:drafter"), device="cpu")


@pytest.fixture
def templated(decoder, monkeypatch):
    monkeypatch.setattr(decoder.tokenizer, "chat_template", TEMPLATE)
    return decoder


class Recorder:
    """A streamer that remembers."""

    def __init__(self, fails_at=None):
        self.put_values, self.ends, self._fails_at = [], 0, fails_at

    def put(self, value):
        """Keeps it, or fails."""
        if len(self.put_values) == self._fails_at:
            raise RuntimeError("the reader has gone")
        self.put_values.append(value)

    def end(self):
        """Counts."""
        self.ends += 1


def test_importing_the_package_and_refusing_a_pair_import_no_torch():
    code = (
        "import sys; from specdec_check.decode import load, DecodeError\n"
        "try: load(('demo:target', 'demo:stranger'))\n"
        "except DecodeError as error: print(error.message)\n"
        "assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "REFUSED for bundled: demo:target × demo:stranger" in done.stdout


def test_load_stays_a_function_whatever_was_imported_before(decoder):
    """A module of that name would take its place in the package."""
    from specdec_check import decode

    assert callable(decode.load)
    assert not (Path(decode.__file__).parent / "load.py").exists()


def test_greedy_is_the_targets_own_generate(decoder):
    model = AutoModelForCausalLM.from_pretrained(DEMO / "target", dtype=torch.float32)
    ids = decoder.tokenizer("def parse(", return_tensors="pt")
    out = model.generate(**ids, do_sample=False, max_new_tokens=32, pad_token_id=0)[0, ids["input_ids"].shape[1] :]

    found = decoder.generate("def parse(", GenerationConfig(max_new_tokens=32), gamma=4)
    assert list(found.ids) == out.tolist()
    assert found.text == decoder.tokenizer.decode(out)
    assert found.statistics.drafted > 0
    assert decoder.generate("def parse(", max_new_tokens=32, num_assistant_tokens=0).ids == found.ids


def test_a_prompt_is_text_or_ids_or_a_tensor(decoder):
    ids = decoder.encode("def parse(")
    shapes = [ids, tuple(ids), torch.tensor(ids), torch.tensor([ids]), torch.tensor(ids, dtype=torch.int32)]
    text = decoder.generate("def parse(", max_new_tokens=8)
    assert {decoder.generate(prompt, max_new_tokens=8).ids for prompt in shapes} == {text.ids}


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        (torch.zeros(2, 3, dtype=torch.int64), r"shape \(2, 3\)"),
        (torch.zeros(3), "torch.float32"),
        (3, "type int"),
        ([1, "x"], "type list"),
        ([{"role": "user"}], "no chat template"),
        ("\ud800", "not UTF-8"),
        ([], "empty"),
    ],
)
def test_what_is_no_prompt_is_a_sentence(decoder, prompt, sentence):
    with pytest.raises(DecodeError, match=sentence):
        decoder.generate(prompt)


def test_messages_are_rendered_by_the_template_up_to_the_answer(templated):
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "def"}]
    rendered = "# system: Be brief.\n# user: def\n# assistant: "
    assert templated.tokenizer.decode(templated.encode(messages)) == rendered
    assert templated.generate(messages, max_new_tokens=8).ids == templated.generate(rendered, max_new_tokens=8).ids


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ({"role": "tool", "content": "x"}, "does not take these messages .Only three may speak"),
        ({"role": "user"}, "has"),
    ],
)
def test_messages_that_have_no_form_are_a_sentence(templated, message, sentence):
    with pytest.raises(DecodeError, match=sentence):
        templated.generate([message])


def test_a_template_cannot_reach_out_of_its_sandbox(decoder, monkeypatch):
    monkeypatch.setattr(decoder.tokenizer, "chat_template", "{{ ''.__class__.__mro__[1].__subclasses__() }}")
    with pytest.raises(DecodeError, match="unsafe"):
        decoder.generate([{"role": "user", "content": "x"}])


def test_a_streamer_gets_the_prompt_then_each_round_then_one_end(decoder):
    recorder, rounds = Recorder(), []
    found = decoder.generate("def parse(", max_new_tokens=24, gamma=4, streamer=recorder, on_round=rounds.append)

    prompt, *committed = recorder.put_values
    assert prompt.tolist() == [decoder.encode("def parse(")]
    assert [value.tolist() for value in committed] == [list(one.committed) for one in rounds]
    assert torch.cat(committed).tolist() == list(found.ids)
    assert all(value.device.type == "cpu" and value.dtype == torch.int64 for value in recorder.put_values)
    assert recorder.ends == 1


@pytest.mark.parametrize(("prompt", "fails_at"), [("def", 0), ("def", 2), (3, None)])
def test_a_streamer_is_ended_once_also_on_an_error(decoder, prompt, fails_at):
    recorder = Recorder(fails_at)
    with pytest.raises((RuntimeError, DecodeError)):
        decoder.generate(prompt, max_new_tokens=24, gamma=2, streamer=recorder)
    assert recorder.ends == 1


def test_transformers_own_streamers_work(decoder, capsys):
    found = decoder.generate("def parse(", max_new_tokens=16, streamer=TextStreamer(decoder.tokenizer))
    assert capsys.readouterr().out == f"def parse({found.text}\n"

    streamer = TextIteratorStreamer(decoder.tokenizer, skip_prompt=True, timeout=60)
    thread = threading.Thread(
        target=decoder.generate, args=("def parse(",), kwargs={"max_new_tokens": 16, "streamer": streamer}
    )
    thread.start()
    assert "".join(streamer) == found.text
    thread.join()


def test_an_eos_id_that_is_asked_for_ends_the_text(decoder):
    whole = decoder.generate("def parse(", max_new_tokens=16).ids
    found = decoder.generate("def parse(", max_new_tokens=16, eos_token_id=[whole[5]])
    assert found.ids == whole[: whole.index(whole[5]) + 1]
    assert found.finish == "eos"


def test_a_stop_string_ends_the_text(decoder):
    whole = decoder.generate("def parse(", max_new_tokens=16).text
    found = decoder.generate("def parse(", max_new_tokens=16, stop_strings=whole[4:7])
    assert (found.text, found.finish) == (whole[: whole.index(whole[4:7])], "stop")


def test_a_seed_repeats_a_run_and_another_does_not(decoder):
    def drawn(seed):
        return decoder.generate("def parse(", do_sample=True, max_new_tokens=24, gamma=3, seed=seed)

    assert drawn(7).ids == drawn(7).ids
    assert len({drawn(seed).ids for seed in range(4)}) > 1
    assert drawn(7).seed == 7


def test_the_decoders_own_options_say_all(decoder):
    options = Options(max_new_tokens=8, gamma=2, sampling=Sampling(1.0), seed=3)
    found = decoder.generate("def", options)
    assert (len(found.ids), found.seed) == (8, 3)
    with pytest.raises(DecodeError, match="leave out the keywords"):
        decoder.generate("def", options, max_new_tokens=4)


def test_a_certificate_is_loaded_by_its_path(decoder, tmp_path):
    file = tmp_path / "pair.json"
    file.write_bytes(certificates.dump(certificates.issue(check("demo:target", "demo:drafter"))))
    expected = decoder.generate("def", max_new_tokens=8).ids
    for path in (file, str(file)):
        assert load(path, device="cpu").generate("def", max_new_tokens=8).ids == expected


def test_a_target_alone_looks_its_drafts_up(decoder):
    alone = load("demo:target", device="cpu")
    expected = decoder.generate("import os\nimport ", max_new_tokens=32).ids
    found = alone.generate("import os\nimport ", max_new_tokens=32, gamma=4)
    assert found.ids == expected
    assert found.statistics.accepted > 0
    assert found.statistics.drafter_forwards == 0


def test_a_hybrid_decodes_the_same_text(decoder):
    hybrid = load(("demo:target", "demo:drafter"), device="cpu", drafts="hybrid")
    found = hybrid.generate("import os\nimport ", max_new_tokens=32, gamma=4)
    assert found.ids == decoder.generate("import os\nimport ", max_new_tokens=32).ids


@pytest.mark.parametrize("dtype", ["bfloat16", torch.bfloat16])
def test_a_dtype_goes_by_its_name_or_itself(dtype):
    assert load(("demo:target", "demo:drafter"), "cpu", dtype).dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("asked", "keywords", "sentence"),
    [
        (("demo:target",), {}, "A pair is a target and a drafter"),
        (3, {}, "A int names no pair"),
        ("demo:target", {"drafts": "model"}, "a target alone"),
        ("nowhere.json", {}, "nowhere.json cannot be read"),
        (("demo:target", "demo:drafter"), {"device": "abacus"}, "abacus"),
        (("demo:target", "demo:drafter"), {"dtype": "float12"}, "'float12' is no dtype"),
        (("demo:target", "demo:drafter"), {"timeout": 0}, "timeout"),
    ],
)
def test_what_cannot_be_loaded_is_a_sentence(asked, keywords, sentence):
    from specdec_check.compat import CheckError

    with pytest.raises(CheckError, match=sentence):
        load(asked, **keywords)


def test_a_stranger_is_not_admitted():
    with pytest.raises(NotAdmittedError) as caught:
        load(("demo:target", "demo:stranger"))
    assert caught.value.refused
