"""Every engine's spellings on a command line, old and new."""

from __future__ import annotations

import pytest
from scan_saying import found_in, said

from specdec_check.compat.scan.commands import from_command
from specdec_check.compat.scan.found import Key, Pairing
from specdec_check.compat.scan.reading import Command, Scope
from specdec_check.compat.scan.traced import Traced

JSON = '{"model": "org/d", "num_speculative_tokens": 4}'
ESCAPED = JSON.replace('"', '\\"')
PAIR = "vllm: org/t <- org/d"

VLLM = [
    (f"vllm serve org/t --speculative-config '{JSON}'", PAIR),
    (f"vllm serve org/t --speculative_config '{JSON}'", PAIR),
    (f"vllm serve org/t --speculative-config='{JSON}'", PAIR),
    (f"vllm serve org/t -sc '{JSON}'", PAIR),
    (f'vllm serve org/t --speculative-config "{ESCAPED}"', PAIR),
    ('vllm serve org/t --speculative-config \'{\n\t"model":\n\t\t"org/d",\n\t"num_speculative_tokens": 4}\'', PAIR),
    (f"vllm serve --port 8000 --enforce-eager org/t --speculative-config '{JSON}'", PAIR),
    (f"vllm serve --model org/t --speculative-config '{JSON}'", PAIR),
    (f"exec python3 -m vllm.entrypoints.openai.api_server --model=org/t --speculative-config '{JSON}'", PAIR),
    (f"python /opt/vllm/entrypoints/api_server.py --model org/t --speculative-config '{JSON}'", PAIR),
    (f"sudo -E env CUDA_VISIBLE_DEVICES=0 /opt/bin/vllm serve org/t --speculative-config '{JSON}'", PAIR),
    ("vllm serve org/t --speculative-config.model org/d --speculative-config.num_speculative_tokens 4", PAIR),
    ("vllm serve org/t --speculative_config.model=org/d -sc.num_speculative_tokens=4", PAIR),
    ("vllm serve org/t --speculative-model org/d --num-speculative-tokens 5", PAIR),
    ("vllm serve org/t --spec-model org/d --spec-tokens 5", PAIR),
    ("vllm serve org/t --spec-model org/d --spec-method eagle3 --spec-tokens 5", f"{PAIR} (eagle3)"),
    ("vllm serve org/t --speculative-model old/d --speculative-model org/d", PAIR),
    (f"vllm bench throughput --model org/t --speculative-config '{JSON}'", PAIR),
    ("vllm serve org/t --speculative-config {model:org/d,num_speculative_tokens:4}", PAIR),
    ('vllm serve org/t --speculative-config {"model": "org/d", "num_speculative_tokens": 4} --port 1', PAIR),
    (f"docker run --rm --gpus all --name vllm -v ~/vllm:/x vllm/vllm-openai:v0.9 --model org/t -sc '{JSON}'", PAIR),
    (f"docker run -it vllm/vllm-openai org/t -sc '{JSON}'", PAIR),
    (f"podman run --rm img vllm serve org/t -sc '{JSON}'", PAIR),
    (f"ssh host \"vllm serve org/t -sc '{JSON}'\"", PAIR),
    (f"kubectl exec pod -- bash -c \"vllm serve org/t -sc '{ESCAPED}'\"", PAIR),
    (f"--model org/t --speculative-config '{JSON}'", PAIR),
    ('vllm serve org/t -sc \'{"method": "ngram", "prompt_lookup_max": 4}\'', "vllm: ngram"),
    ("vllm serve org/t --speculative-model '[ngram]' --num-speculative-tokens 5", "vllm: ngram"),
    ('vllm serve org/t -sc \'{"method": "suffix"}\'', "vllm: suffix"),
    ('vllm serve org/t -sc \'{"method": "deepseek_mtp", "num_speculative_tokens": 1}\'', "vllm: deepseek_mtp"),
    ('vllm serve org/t -sc \'{"method": "mtp", "model": "org/t"}\'', "vllm: mtp"),
    ('vllm serve org/t -sc \'{"method": "mtp", "model": "org/d"}\'', f"{PAIR} (mtp)"),
    ('vllm serve org/t -sc \'{"model": "yuhuili/EAGLE-L"}\'', "vllm: org/t <- yuhuili/EAGLE-L (eagle)"),
    ('vllm serve org/t -sc \'{"model": "r/x-speculator.eagle3"}\'', "vllm: org/t <- r/x-speculator.eagle3 (eagle3)"),
    ('vllm serve org/t -sc \'{"model": "z-lab/X-DFlash"}\'', "vllm: org/t <- z-lab/X-DFlash (dflash)"),
    ('vllm serve org/t -sc \'{"method": "medusa", "model": "org/d"}\'', f"{PAIR} (medusa)"),
    ('vllm serve org/t -sc "$CFG"', "vllm: org/t <- ?$CFG"),
    ("vllm serve <target> --speculative-model <draft>", "vllm: ?<target> <- ?<draft>"),
    ("vllm serve org/t -sc '{\"model\": '", 'vllm: org/t <- ?{"model":'),
    ("vllm serve --speculative-model org/d", "vllm: none <- org/d"),
]
SGLANG = [
    (f"python -m sglang.launch_server --model-path org/t {flags}", expected)
    for flags, expected in (
        ("--speculative-algorithm STANDALONE --speculative-draft-model-path org/d", "sglang: org/t <- org/d"),
        ("--speculative-algorithm STANDALONE --speculative-draft-model=org/d", "sglang: org/t <- org/d"),
        ("--speculative-algo EAGLE --speculative-draft org/d", "sglang: org/t <- org/d (EAGLE)"),
        ("--speculative-algorithm EAGLE3 --speculative-draft-model-path org/d", "sglang: org/t <- org/d (EAGLE3)"),
        ("--speculative-algorithm DFLASH --speculative-draft-model-path org/d", "sglang: org/t <- org/d (DFLASH)"),
        ("--speculative-algorithm DSPARK --speculative-draft-model-path org/d", "sglang: org/t <- org/d (DSPARK)"),
        ("--speculative-algorithm NEXTN", "sglang: NEXTN"),
        ("--speculative-algorithm EAGLE --speculative-num-steps 3", "sglang: EAGLE"),
        ("--speculative-algorithm EAGLE --speculative-draft-model-path org/t", "sglang: EAGLE"),
        ("--speculative-algorithm NGRAM", "sglang: NGRAM"),
    )
] + [
    ("sglang serve org/t --speculative-draft-model-path org/d", "sglang: org/t <- org/d"),
    ("sglang serve --model org/t --speculative-draft-model-path org/d", "sglang: org/t <- org/d"),
    (
        "docker run lmsysorg/sglang python3 -m sglang.launch_server --model org/t --speculative-draft org/d",
        "sglang: org/t <- org/d",
    ),
]
LLAMA = [
    ("llama-server -m t.gguf -md d.gguf", "llama.cpp: t.gguf <- d.gguf"),
    ("./build/bin/llama-cli --model t.gguf --model-draft d.gguf", "llama.cpp: t.gguf <- d.gguf"),
    ("llama-speculative-simple -m t.gguf --spec-draft-model d.gguf", "llama.cpp: t.gguf <- d.gguf"),
    ("./main -m t.gguf -md d.gguf", "llama.cpp: t.gguf <- d.gguf"),
    ("./speculative -m t.gguf -md d.gguf", "llama.cpp: t.gguf <- d.gguf"),
    ("llama-server -hf org/t:Q8_0 -hfd org/d", "llama.cpp: org/t:Q8_0 <- org/d"),
    ("llama-server -hfr org/t -hfrd org/d", "llama.cpp: org/t <- org/d"),
    ("llama-server --hf-repo org/t --hf-repo-draft org/d", "llama.cpp: org/t <- org/d"),
    ("llama-server --hf-repo org/t --spec-draft-hf org/d", "llama.cpp: org/t <- org/d"),
    ("llama-server -m t.gguf -md d.gguf --spec-type draft-simple,ngram-mod", "llama.cpp: t.gguf <- d.gguf"),
    ("llama-server -m t.gguf -md d.gguf --spec-type draft-eagle3", "llama.cpp: t.gguf <- d.gguf (draft-eagle3)"),
    ("llama-server -m t.gguf -md d.gguf --spec-type draft-dflash", "llama.cpp: t.gguf <- d.gguf (draft-dflash)"),
    ("llama-server -m t.gguf -md d.gguf --spec-type draft-mtp", "llama.cpp: t.gguf <- d.gguf (draft-mtp)"),
    ("llama-server -m t.gguf --spec-type draft-mtp", "llama.cpp: draft-mtp"),
    ("llama-server -m t.gguf --spec-type ngram-mod,ngram-map-k", "llama.cpp: ngram-mod,ngram-map-k"),
    ("llama-server -m t.gguf --spec-default", "llama.cpp: ngram-mod"),
    ("llama-lookup -m t.gguf --draft 5", "llama.cpp: lookup"),
    ("docker run -v /m:/m ghcr.io/ggml-org/llama.cpp:server -m t.gguf -md d.gguf", "llama.cpp: t.gguf <- d.gguf"),
    ("docker run ghcr.io/ggml-org/llama.cpp:full --server -m t.gguf -md d.gguf", "llama.cpp: t.gguf <- d.gguf"),
    ("docker run -e LLAMA_ARG_HF_REPO=org/t -e LLAMA_ARG_HFD_REPO=org/d img", "llama.cpp: org/t <- org/d"),
    ("LLAMA_ARG_MODEL_DRAFT=d.gguf llama-server -m t.gguf", "llama.cpp: t.gguf <- d.gguf"),
    ("export LLAMA_ARG_SPEC_DRAFT_MODEL=d.gguf\nllama-server -m t.gguf", "llama.cpp: t.gguf <- d.gguf"),
]
OTHERS = [
    ("mlx_lm.generate --model org/t --draft-model org/d --prompt hi", "mlx-lm: org/t <- org/d"),
    ("mlx_lm server --model org/t --draft-model org/d", "mlx-lm: org/t <- org/d"),
    ("python -m mlx_lm.server --model org/t --draft-model org/d", "mlx-lm: org/t <- org/d"),
    ("python -m mlx_lm server --model org/t --draft-model org/d", "mlx-lm: org/t <- org/d"),
    ("uv run --with mlx-lm mlx_lm.server --draft-model org/d --num-draft-tokens 3", "mlx-lm: none <- org/d"),
    ("text-generation-launcher --model-id org/t --speculate 3", "tgi: speculate"),
    ("docker run ghcr.io/huggingface/text-generation-inference:3 --model-id org/t --speculate 3", "tgi: speculate"),
]


@pytest.mark.parametrize(("script", "expected"), [*VLLM, *SGLANG, *LLAMA, *OTHERS])
def test_each_spelling_gives_its_pairing_at_its_place(script, expected):
    assert said(found_in(script), script) == [expected]


NOTHING = [
    "vllm serve org/t",
    "vllm serve org/t --speculative-model ''",
    "vllm serve org/t --speculative-config '{}'",
    "vllm serve org/t --speculative-config 'null'",
    "vllm serve org/t --served-model-name d # --speculative-model org/d",
    "llama-server -m t.gguf -md ''",
    'DRAFT=\nllama-server -m t.gguf -md "$DRAFT"',
    "llama-server -m t.gguf --spec-type none",
    "python train.py --model org/t --draft-model org/d",
    "echo vllm serve org/t --speculative-model org/d",
    "echo 'use --speculative-model org/d'",
    "grep -- --speculative-model org/d file",
    "text-generation-launcher --model-id org/t --speculate 0",
    "whisper --model large --speculate-words 3",
    "pip install vllm==0.9 speculators",
    "git commit -m 'llama-server -md d.gguf'",
    "",
]


@pytest.mark.parametrize("script", NOTHING)
def test_what_sets_up_no_speculation_is_nothing(script):
    assert found_in(script) == []


def test_options_that_decide_how_the_pair_is_taken_come_along():
    script = (
        "vllm serve org/t --revision v1 -tp 2 --max-model-len 8192 --max-num-seqs 16 --speculative-config "
        '\'{"model": "org/d", "revision": "v2", "num_speculative_tokens": 4, "use_heterogeneous_vocab": true, '
        '"draft_tensor_parallel_size": 1, "max_model_len": 2048}\''
    )
    (found,) = found_in(script)
    assert isinstance(found, Pairing)
    assert found.options == {
        Key.TARGET_REVISION: "v1",
        Key.TENSOR_PARALLEL: "2",
        Key.CONTEXT: "8192",
        Key.BATCH: "16",
        Key.DRAFTER_REVISION: "v2",
        Key.COUNT: "4",
        Key.HETEROGENEOUS: "true",
        Key.DRAFT_TENSOR_PARALLEL: "1",
        Key.DRAFT_CONTEXT: "2048",
    }


def test_llama_cpp_tells_paths_from_repositories():
    (paths,) = found_in("llama-server -m org/t -md org/d")
    (names,) = found_in("llama-server -hf org/t -hfd org/d")
    assert isinstance(paths, Pairing)
    assert isinstance(names, Pairing)
    assert paths.target
    assert names.target
    assert (paths.target.path, paths.drafter.path) == (True, True)
    assert (names.target.path, names.drafter.path) == (False, False)


@pytest.mark.parametrize(
    ("image", "words", "expected"),
    [
        ("vllm/vllm-openai:v0.9.1", ["--model", "org/t", "--speculative-config", JSON], PAIR),
        ("vllm/vllm-openai:v0.9.1", ["org/t", "--speculative-config", JSON], PAIR),
        (
            "lmsysorg/sglang:latest",
            ["--model-path", "org/t", "--speculative-draft-model", "org/d"],
            "sglang: org/t <- org/d",
        ),
        ("ghcr.io/ggml-org/llama.cpp:server-cuda", ["-m", "t.gguf", "-md", "d.gguf"], "llama.cpp: t.gguf <- d.gguf"),
        ("nvcr.io/nvidia/tensorrt-llm/release:1", ["trtllm-serve", "org/t"], None),
        ("", ["sh", "-c", f"vllm serve org/t -sc '{JSON}'"], PAIR),
        ("", ["-m", "t.gguf", "-md", "d.gguf"], "llama.cpp: t.gguf <- d.gguf"),
        ("", ["--model", "org/t", "--draft-model", "org/d"], None),
    ],
)
def test_arguments_alone_are_known_by_their_image_or_by_flags_of_one_engine(image, words, expected):
    text = "\n".join(words)
    places = [text.index(word) for word in words]
    traced = [Traced.whole(text).cut(at, at + len(word)) for at, word in zip(places, words, strict=True)]
    found = from_command(Command(traced, image), Scope())
    assert said(found, text) == ([expected] if expected else [])


def test_variables_in_words_are_looked_up_in_the_scope():
    text = "$(TARGET) ${DRAFT:-org/d} org/t"
    words = [Traced.whole("vllm"), Traced.whole("serve")]
    words += [Traced.whole(text).cut(0, 9), Traced.placed("--speculative-model", 0), Traced.whole(text).cut(10, 25)]
    scope = Scope(known={"TARGET": Traced.whole(text).cut(26)})
    assert said(from_command(Command(words), scope), text) == ["vllm: org/t <- org/d"]


def test_a_container_s_variables_set_up_a_pairing_without_any_word():
    text = "org/t org/d"
    whole = Traced.whole(text)
    environment = {"LLAMA_ARG_HF_REPO": whole.cut(0, 5), "LLAMA_ARG_SPEC_DRAFT_HF_REPO": whole.cut(6)}
    assert said(from_command(Command((), environment=environment), Scope()), text) == ["llama.cpp: org/t <- org/d"]
    assert from_command(Command((), environment={"DRAFT_MODEL": whole}), Scope()) == []
