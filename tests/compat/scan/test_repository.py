"""A repository of twelve files: every pairing is found where it is written, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from making import OTHER_CORPUS, Made
from running import CommandLine

# « and » stand around each drafter's name where it is written; the files are written without them.
FILES = {
    "serve.sh": """\
        #!/usr/bin/env bash
        set -euo pipefail
        # vllm serve org/target --speculative-model org/old   (before we moved to the JSON)
        exec vllm serve org/target --tensor-parallel-size 2 \\
            --speculative-config '{
              "method": "draft_model",
              "model": "«org/drafter»",
              "num_speculative_tokens": 5
            }'
        """,
    "Dockerfile": """\
        FROM vllm/vllm-openai:v0.33.0
        # The drafter is org/stranger in the branch of the same name.
        ENV HF_HOME=/cache
        ENTRYPOINT ["vllm", "serve"]
        CMD ["org/target", "--speculative-config", "{\\"model\\": \\"«org/drafter»\\"}"]
        """,
    "units/sglang.service": """\
        [Unit]
        Description=SGLang with a drafter
        [Service]
        Environment=TARGET=org/target
        ExecStart=/usr/bin/python3 -m sglang.launch_server --model-path ${TARGET} \\
            --speculative-algorithm STANDALONE \\
            --speculative-draft-model-path «org/drafter» --speculative-num-steps 3
        Restart=on-failure
        """,
    "deploy/deployment.yaml": """\
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: chat}
        spec:
          template:
            spec:
              containers:
                - name: engine
                  image: vllm/vllm-openai:latest
                  args:
                    - --model=org/target
                    - --max-model-len=8192
                    - --speculative-config
                    - '{"method": "draft_model", "model": "«org/stranger»", "num_speculative_tokens": 4}'
                - name: lookup
                  image: vllm/vllm-openai:latest
                  args: ["--model", "org/target", "--speculative-config", '{"method": "ngram", "prompt_lookup_max": 4}']
        """,
    "docker-compose.yml": """\
        services:
          chat:
            image: lmsysorg/sglang:latest
            command: >
              python3 -m sglang.launch_server --model-path org/target
              --speculative-algorithm STANDALONE
              --speculative-draft-model ${DRAFT:-«org/drafter»}
          local:
            image: ghcr.io/ggml-org/llama.cpp:server-cuda
            command: ["-hf", "org/target", "-hfd", "«org/drafter»", "--draft-max", "8"]
          plain:
            image: vllm/vllm-openai
            command: ["--model", "org/target", "--speculative-model", ""]
        """,
    "chart/values.yaml": """\
        replicaCount: 1
        vllm:
          model: org/target
          extraArgs:
            - "--speculative-model"
            - "«org/drafter»"
            - "--num-speculative-tokens"
            - "5"
        """,
    ".github/workflows/bench.yml": """\
        name: bench
        on: push
        jobs:
          bench:
            runs-on: macos-15
            steps:
              - name: Compare with org/other
                run: |
                  pip install mlx-lm
                  mlx_lm.generate --model org/target \\
                    --draft-model «org/drafter» --prompt "2 + 2"
        """,
    "trt/engine.yaml": """\
        model: org/target
        max_batch_size: 8
        speculative_config:
          decoding_type: DraftTarget
          max_draft_len: 4
          speculative_model: «org/drafter»
        """,
    "config/sglang.json": """\
        {
          "model_path": "org/target",
          "speculative_algorithm": "STANDALONE",
          "speculative_draft_model_path": "«org/drafter»",
          "description": "as org/target with org/stranger, but faster"
        }
        """,
    "settings.toml": """\
        title = "engines"
        [vllm]
        model = "org/target"
        speculative_model = "«org/stranger»" # the one that we had
        num_speculative_tokens = 5
        """,
    "app/engines.py": """\
        '''Engines: LLM(model="org/target", speculative_config={"model": "org/stranger"}) would not do.'''

        from transformers import AutoModelForCausalLM
        from vllm import LLM, EngineArgs

        DRAFTER = "«org/drafter»"


        def served():
            return LLM(model="org/target", speculative_config={"model": DRAFTER, "num_speculative_tokens": 5})


        def arguments():
            return EngineArgs(model="org/target", speculative_config={"model": "«org/drafter»"})


        def assisted(inputs):
            target = AutoModelForCausalLM.from_pretrained("org/target").to("cuda")
            assistant = AutoModelForCausalLM.from_pretrained("«org/drafter»").to("cuda")
            return target.generate(**inputs, assistant_model=assistant)
        """,
    "docs/running.md": """\
        # Running it

        We pair org/target with org/stranger in this sentence alone; `--speculative-model` is explained below.

        ```console
        $ vllm serve org/target --speculative-model «org/drafter»
        ```
        """,
}


def dedented(text: str) -> str:
    return "".join(line[8:] if line.strip() else "\n" for line in text.splitlines(keepends=True))


def marked() -> dict[str, tuple[str, list[tuple[int, int, str]]]]:
    """File → its text, and line, column and name of each drafter in it."""
    found = {}
    for name, text in FILES.items():
        places = []
        for number, line in enumerate(dedented(text).splitlines(), 1):
            before, *rest = line.split("«")
            column = len(before)
            for part in rest:
                places.append((number, column + 1, part.partition("»")[0]))
                column += len(part) - 1
        found[name] = dedented(text).replace("«", "").replace("»", ""), places
    return found


EXPECTED = {(name, *place) for name, (_, places) in marked().items() for place in places}


@pytest.fixture
def repository(specdec_check: CommandLine) -> Path:
    for name, (text, _) in marked().items():
        file = specdec_check.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return specdec_check.folder


def test_all_are_found_where_they_are_written_and_none_is_invented(specdec_check, repository):
    assert (len(FILES), len(EXPECTED)) == (12, 15)

    run = specdec_check("scan", "--markdown", "--format", "json")

    found = {(one["file"], one["line"], one["column"], one["drafter"]) for one in run.json["pairings"]}
    assert found == EXPECTED
    assert len(run.json["pairings"]) == 15
    assert {one["target"] for one in run.json["pairings"]} == {"org/target"}
    assert {one["status"] for one in run.json["pairings"]} == {"ready"}
    assert [(one["file"], one["engine"], one["method"]) for one in run.json["no_pair"]] == [
        ("deploy/deployment.yaml", "vllm", "ngram")
    ]
    assert (run.status, run.json["unread"]) == (0, [])


def test_each_is_judged_for_the_engine_that_it_is_written_for(specdec_check, repository, publish: Callable[..., Made]):
    publish("org/target", layers=2)
    publish("org/drafter")
    publish("org/stranger", corpus=OTHER_CORPUS)

    run = specdec_check("gate", "--markdown", "--format", "json")

    failed = {(one["place"]["file"], one["place"]["line"]) for one in run.json["pairs"] if one["result"] == "failed"}
    assert failed == {(name, line) for name, line, _, drafter in EXPECTED if drafter == "org/stranger"}
    engines = {one["place"]["file"]: one["asked"] for one in run.json["pairs"]}
    assert engines["units/sglang.service"] == ["sglang"]
    assert engines["trt/engine.yaml"] == ["tensorrt-llm"]
    assert engines[".github/workflows/bench.yml"] == ["mlx-lm"]
    sized = next(one for one in run.json["pairs"] if one["place"]["file"] == "serve.sh")
    assert sized["options"] == {"tensor_parallel": 2}
