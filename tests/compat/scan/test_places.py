"""Shapes of files, each read as its kind: `¦` marks where each drafter is found."""

from __future__ import annotations

from textwrap import dedent

import pytest

from specdec_check.compat.scan.found import Pairing
from specdec_check.compat.scan.readers import reader_by_name
from specdec_check.compat.scan.reading import Scope
from specdec_check.compat.scan.scan import Located, look
from specdec_check.compat.scan.traced import Lines

SHAPES = {
    "poe: lines of flags without backslashes": (
        "pyproject.toml",
        '''
        [tool.poe.tasks.serve]
        help = "a draft model on :8000"
        cmd = """
        mlx_lm.server
          --model org/target  # the large one
          # --draft-model org/old
          --draft-model ¦org/drafter
        """
        ''',
        ["mlx-lm: org/target <- org/drafter"],
    ),
    "poe: names on lines of their own": (
        "pyproject.toml",
        '''
        [tool.poe.tasks]
        serve = """
        vllm serve
          org/target
          --speculative-config
            '{"model": "¦org/drafter", "num_speculative_tokens": 3}'
        """
        ''',
        ["vllm: org/target <- org/drafter"],
    ),
    "llama-swap: macros with dashes, one in another, one of a model": (
        "config.yaml",
        """
        macros:
          "llama-server": /app/llama-server --port ${PORT}
          fast: "${llama-server} -ngl 99"
        models:
          one:
            cmd: |
              ${fast}
              -m /m/a.gguf
              # -md /m/old.gguf
              -md ¦/m/b.gguf
          two:
            macros: {small: ¦/m/d.gguf}
            cmd: ${llama-server} -m /m/c.gguf --model-draft ${small}
        """,
        ["llama.cpp: /m/a.gguf <- /m/b.gguf", "llama.cpp: /m/c.gguf <- /m/d.gguf"],
    ),
    "a mounted file that a command names": (
        "deploy.yaml",
        """
        kind: ConfigMap
        metadata: {name: one}
        data:
          extra.yaml: |
            speculative_config: {decoding_type: DraftTarget, speculative_model: ¦org/one, max_draft_len: 4}
        ---
        kind: ConfigMap
        metadata: {name: two}
        data:
          extra.yaml: |
            speculative_config: {decoding_type: DraftTarget, speculative_model: ¦org/two, max_draft_len: 4}
        ---
        kind: Pod
        spec:
          volumes: [{name: x, configMap: {name: one}}]
          containers:
          - command: [trtllm-serve, org/a, --extra_llm_api_options=/etc/extra.yaml]
        ---
        kind: Pod
        spec:
          volumes: [{name: x, configMap: {name: two, items: [{key: extra.yaml, path: other.yaml}]}}]
          containers:
          - command: [sh, -c, "trtllm-serve org/b --config /etc/other.yaml"]
        """,
        ["tensorrt-llm: org/a <- org/one", "tensorrt-llm: org/b <- org/two"],
    ),
    "a mounted file that no command names": (
        "deploy.yaml",
        """
        kind: ConfigMap
        metadata: {name: one}
        data:
          extra.yaml: |
            speculative_config: {decoding_type: DraftTarget, speculative_model: ¦org/one, max_draft_len: 4}
        """,
        ["tensorrt-llm: None <- org/one"],
    ),
    "compose: a config of the file": (
        "compose.yaml",
        """
        services:
          serve:
            image: vllm/vllm-openai
            command: [--config=/etc/vllm.yaml]
            configs: [{source: served, target: /etc/vllm.yaml}]
        configs:
          served:
            content: |
              model: org/target
              speculative-config: {model: ¦org/drafter, num_speculative_tokens: 3}
        """,
        ["vllm: org/target <- org/drafter"],
    ),
    ".env: escapes in double quotes": (
        ".env",
        r"""
        DRAFT="¦org/drafter" # small
        VLLM_ARGS="--model org/target --speculative-config '{\"model\":\"${DRAFT}\",\"num_speculative_tokens\":4}'"
        #VLLM_ARGS="--model org/target --speculative-model org/old"
        """,
        ["vllm: org/target <- org/drafter"],
    ),
    ".env: several lines in quotes": (
        ".env",
        """
        SERVE='
          --model org/target
          --speculative-config {"model":"¦org/drafter","num_speculative_tokens":4}
        '
        LLAMA_ARG_MODEL=/m/a.gguf
        export LLAMA_ARG_MODEL_DRAFT = "¦/m/b.gguf"
        """,
        ["vllm: org/target <- org/drafter", "llama.cpp: /m/a.gguf <- /m/b.gguf"],
    ),
    "Dockerfile: ARG handed to ENV, and an entry point taken away": (
        "Dockerfile",
        r"""
        FROM vllm/vllm-openai
        ARG DRAFT=¦org/drafter
        ENV TARGET "org/target"
        ENV DRAFT=${DRAFT}
        ENTRYPOINT []
        CMD vllm serve $TARGET --speculative-config "{\"model\":\"$DRAFT\",\"num_speculative_tokens\":5}"
        """,
        ["vllm: org/target <- org/drafter"],
    ),
    "Dockerfile: a line for the shell behind an entry point": (
        "Dockerfile",
        """
        FROM x
        ENTRYPOINT ["/usr/bin/tini", "--"]
        CMD exec llama-server -m a.gguf -md ¦b.gguf
        """,
        ["llama.cpp: a.gguf <- b.gguf"],
    ),
    "systemd: single quotes protect no variable": (
        "serve.service",
        """
        [Service]
        Environment="DRAFT=¦org/drafter"
        ExecStart=/usr/bin/vllm serve org/target --speculative-config '{"model":"${DRAFT}","num_speculative_tokens":4}'
        """,
        ["vllm: org/target <- org/drafter"],
    ),
    "systemd: the instance of a template": (
        "serve@.service",
        """
        [Service]
        ExecStart=/usr/bin/vllm serve org/target --speculative-model ¦%i
        """,
        ["vllm: org/target <- None"],
    ),
    "old flags: a head by its well-known name": (
        "serve.sh",
        """
        vllm serve org/target --speculative-model ¦org/target-accelerator
        vllm serve org/other --speculative-model ¦org/medusa-other
        """,
        ["vllm: org/target <- org/target-accelerator (mlp_speculator)", "vllm: org/other <- org/medusa-other (medusa)"],
    ),
    "a program that is a variable, with flags of one engine": (
        "serve.sh",
        """
        "$LLAMA_BIN" -m a.gguf -md ¦b.gguf
        """,
        ["llama.cpp: a.gguf <- b.gguf"],
    ),
    "Python: the name of an f-string of several parts": (
        "serve.py",
        """
        import subprocess
        ROOT = "/models"
        SMALL = f"¦{ROOT}/drafter"
        subprocess.run(f"vllm serve {ROOT}/a --speculative-model ¦{ROOT}/b", shell=True)
        subprocess.run(["vllm", "serve", "org/c", "--speculative-model=" + SMALL])
        subprocess.run(f'vllm serve d -sc \\'{{"model": "¦{ROOT}/d", "num_speculative_tokens": 3}}\\'', shell=True)
        """,
        ["vllm: org/c <- /models/drafter", "vllm: /models/a <- /models/b", "vllm: d <- /models/d"],
    ),
    "Python: names put together in other ways": (
        "serve.py",
        """
        import os
        from vllm import LLM
        ORG = "org"
        LLM(model="a", speculative_config={"model": ¦ORG + "/a", "num_speculative_tokens": 3})
        LLM(model="b", speculative_config={"model": ¦os.path.join(ORG, "b"), "num_speculative_tokens": 3})
        LLM(model="c", speculative_config={"model": "¦{}/c".format(ORG), "num_speculative_tokens": 3})
        LLM(model="d", speculative_config={"model": "¦%s/d" % ORG, "num_speculative_tokens": 3})
        """,
        ["vllm: a <- org/a", "vllm: b <- org/b", "vllm: c <- org/c", "vllm: d <- org/d"],
    ),
    "Python: a function's models in the turns of a loop": (
        "bench.py",
        """
        from transformers import AutoModelForCausalLM as Auto

        def bench(target, small):
            model, assistant = Auto.from_pretrained(target), Auto.from_pretrained(small)
            for more in ({}, {"assistant_model": assistant}):
                model.generate(1, **more)

        bench("org/a", "¦org/b")
        bench(small="¦org/d", target="org/c")
        """,
        ["transformers: org/a <- org/b", "transformers: org/c <- org/d"],
    ),
    "Python: what stands in the place of a name that is not in the file": (
        "cli.py",
        """
        import argparse
        from transformers import AutoModelForCausalLM as Auto
        parser = argparse.ArgumentParser()
        parser.add_argument("--model", default="org/a")
        parser.add_argument("--assistant", required=True)
        args = parser.parse_args()
        assistant = Auto.from_pretrained(¦args.assistant)
        Auto.from_pretrained(args.model).generate(1, assistant_model=assistant)
        """,
        ["transformers: org/a <- None"],
    ),
}


def found(name: str, text: str) -> list[Located]:
    reader = reader_by_name(name, env=True, markdown=True)
    assert reader is not None
    return look(name, text, reader, Scope())


def said(one: Pairing) -> str:
    head = f" ({one.head})" if one.head else ""
    return f"{one.engine}: {one.target and one.target.value} <- {one.drafter.value}{head}"


@pytest.mark.parametrize("shape", SHAPES)
def test_a_drafter_is_found_where_its_name_is_written(shape):
    name, marked, expected = SHAPES[shape]
    before, *parts = dedent(marked).split("¦")
    text = before + "".join(parts)
    places = [len(before) + sum(map(len, parts[:number])) for number in range(len(parts))]
    located = found(name, text)
    pairings = [one.found for one in located if isinstance(one.found, Pairing)]
    assert [said(one) for one in pairings] == expected
    assert [(one.line, one.column) for one in located] == [Lines(text).position(place) for place in places]


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("a.sh", "text-generation-launcher \\\n  --model-id org/a \\\n  --speculate \\\n  3\n", 3),
        ("a.yaml", "image: text-generation-inference\nargs:\n- --model-id\n- a/b\n- --speculate\n- '3'\n", 5),
        ("a.yaml", "image: text-generation-inference\nargs:\n- --model-id=a/b\n- --speculate=3\n", 4),
    ],
)
def test_a_bare_number_of_drafted_tokens_stands_at_its_flag(name, text, line):
    assert [one.line for one in found(name, text)] == [line]


def test_a_shell_in_a_container_sees_the_container_s_variables():
    text = """
image: vllm/vllm-openai
env: [{name: LLAMA_ARG_MODEL_DRAFT, value: /m/b.gguf}]
command: [sh, -c, "sh -c 'llama-server -m /m/a.gguf'"]
"""
    assert [said(one.found) for one in found("a.yaml", text) if isinstance(one.found, Pairing)] == [
        "llama.cpp: /m/a.gguf <- /m/b.gguf"
    ]
