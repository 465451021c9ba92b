"""YAML files as people write them: each pairing is found once, at its drafter's first character."""

import json
from textwrap import dedent

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from specdec_check.compat.scan.commands import from_command
from specdec_check.compat.scan.errors import UnreadError
from specdec_check.compat.scan.found import Pairing
from specdec_check.compat.scan.kinds import json_file, yaml_file
from specdec_check.compat.scan.reading import Command, Scope
from specdec_check.compat.scan.settings import from_settings
from specdec_check.compat.scan.traced import Traced


def pairs(source, **given):
    """Target, drafter and engine of each pairing; the drafter's place is where the source has `⟦`."""
    source = dedent(source)
    places = [at - number for number, at in enumerate(at for at, char in enumerate(source) if char == "⟦")]
    source = source.replace("⟦", "")
    found = []
    for unit, scope in yaml_file.units(Traced.whole(source), Scope(given)):
        found += from_command(unit, scope) if isinstance(unit, Command) else from_settings(unit, scope)
    assert all(isinstance(one, Pairing) for one in found)
    assert {one.drafter.offset for one in found} == set(places), [source[one.drafter.offset :][:40] for one in found]
    triples = [(one.target and one.target.value, one.drafter.value, one.engine) for one in found]
    return list(dict.fromkeys(triples)) if "{{" in source or "&" in source else triples


def commands(source):
    """The words of each command."""
    found = yaml_file.units(Traced.whole(dedent(source)), Scope())
    return [[word.text for word in unit.words] for unit, _ in found if isinstance(unit, Command)]


VLLM = ("org/big", "org/small", "vllm")


def test_arguments_of_a_container():
    source = """
        apiVersion: apps/v1
        kind: Deployment
        spec:
          template:
            spec:
              containers:
              - name: vllm
                image: vllm/vllm-openai:v0.9.1
                args:
                - --model
                - org/big  # the target
                - "--speculative-config"
                - '{"model": "⟦org/small", "num_speculative_tokens": 5}'
                - --port=8000
    """
    assert pairs(source) == [VLLM]


def test_a_folded_argument():
    source = """
        containers:
        - image: vllm/vllm-openai
          command: [vllm, serve, "org/big"]
          args:
          - --speculative-config
          - >-
            {"method": "draft_model",
             "model":
               "⟦org/small"}
    """
    assert pairs(source) == [VLLM]


@pytest.mark.parametrize("shell", ['["/bin/sh", "-c"]', "[bash, -lc]", "[/usr/bin/env, bash, -euxo, pipefail, -c]"])
def test_a_script_of_a_container(shell):
    source = f"""
        containers:
        - image: vllm/vllm-openai
          env:
          - name: DRAFT
            value: "⟦org/small"
          - name: SECRET
            valueFrom: {{secretKeyRef: {{name: a, key: b}}}}
          command: {shell}
          args:
          - |
            set -e
            vllm serve org/big \\
              --speculative-config '{{"model": "'"$DRAFT"'"}}' \\
              --port 8000
    """
    assert pairs(source) == [VLLM]


def test_variables_of_a_container_in_its_arguments():
    source = """
        containers:
        - image: vllm/vllm-openai
          env: [{name: ORG, value: org}, {name: BIG, value: $(ORG)/big}]
          args: ["--model", "$(BIG)", "--speculative-model=⟦$(SMALL)"]
    """
    assert pairs(source) == [("org/big", None, "vllm")]


def test_variables_from_a_map_of_the_same_file():
    source = """
        kind: ConfigMap
        apiVersion: v1
        metadata: {name: models}
        data: {SMALL: ⟦org/small, BIG: org/big}
        ---
        containers:
        - image: vllm/vllm-openai
          envFrom: [{configMapRef: {name: models}}]
          env: [{name: D, valueFrom: {configMapKeyRef: {name: models, key: SMALL}}}]
          args: ["--model", "$(BIG)", "--speculative-model", "$(D)"]
    """
    assert pairs(source) == [VLLM]


def test_engines_that_read_their_flags_from_the_environment():
    source = """
        services:
          llama:
            image: ghcr.io/ggml-org/llama.cpp:server-cuda
            environment:
              LLAMA_ARG_MODEL: /models/big.gguf
              LLAMA_ARG_MODEL_DRAFT: ⟦/models/small.gguf
    """
    assert pairs(source) == [("/models/big.gguf", "/models/small.gguf", "llama.cpp")]


def test_compose_with_the_hosts_variables():
    source = """
        services:
          one:
            image: vllm/vllm-openai
            environment: [SMALL=other/other]
            command: --model ${BIG:-org/big} --speculative-model ⟦${SMALL}
          two:
            image: vllm/vllm-openai
            environment:
              - TWO=⟦org/small
            entrypoint: ["sh", "-c"]
            command: ["vllm serve org/big --speculative-model $$TWO"]
    """
    assert pairs(source) == [("org/big", None, "vllm"), VLLM]
    assert pairs(source.replace("⟦${SMALL}", "⟦$SMALL"), SMALL="org/small") == [VLLM, VLLM]


def test_anchors_of_a_compose_file():
    source = """
        x-base: &base
          image: vllm/vllm-openai
          command: &command
            - --model=org/big
            - --speculative-model=⟦org/small
        services:
          a: {<<: *base, ports: [80]}
          b: {image: vllm/vllm-openai, command: *command}
    """
    assert pairs(source) == [VLLM]


def test_steps_of_a_workflow():
    source = """
        on: push
        env: {BIG: org/big}
        jobs:
          test:
            env:
              SMALL: ⟦org/small
            steps:
            - name: Serve it --speculative-model x/y
              run: |
                pip install vllm
                vllm serve ${{ env.BIG }} --speculative-model $SMALL &
            - run: vllm serve "$BIG" --speculative-model ⟦${{ matrix.draft }}
    """
    assert pairs(source) == [VLLM, ("org/big", None, "vllm")]


def test_a_template_of_a_chart():
    source = """
        {{- if .Values.enabled }}
        containers:
          - name: {{ .Chart.Name }}
            image: "vllm/vllm-openai:{{ .Values.tag }}"
            args:
              - --model
              - {{ .Values.model | quote }}
              {{- if .Values.draft }}
              - --speculative-model
              - "⟦{{ .Values.draft.name }}"
              {{- end }}
              {{- toYaml .Values.extraArgs | nindent 14 }}
        {{- end }}
    """
    assert pairs(source) == [(None, None, "vllm")]
    assert pairs(source, **{".Values.model": "org/big", ".Values.draft.name": "org/small"}) == [VLLM]


def test_each_branch_of_a_condition():
    source = """
        args:
          - --model
          {{- if .Values.large }}
          - org/big
          {{- else }}
          - org/middle
          {{- end }}
          - --speculative-model
          - ⟦org/small
    """
    assert pairs(source) == [VLLM, ("org/middle", "org/small", "vllm")]


def test_a_script_in_a_template_goes_on_over_control():
    source = """
        command: ["sh", "-c"]
        args:
          - |
            vllm serve org/big \\
            {{- if .Values.draft }}
              --speculative-model ⟦org/small \\
            {{- end }}
              --port 8000
    """
    assert pairs(source) == [VLLM]


def test_values_of_a_chart():
    source = """
        servingEngineSpec:
          modelSpec:
          - name: llama
            repository: vllm/vllm-openai
            modelURL: org/big
            vllmConfig:
              extraArgs: ["--speculative-config", '{"model": "⟦org/small"}']
        small: other/other
        other:
          args: --model {{ .Values.big }} --speculative-model {{ .Values.tiny }}
        big: org/big
        tiny: ⟦org/tiny
    """
    assert pairs(source) == [VLLM, ("org/big", "org/tiny", "vllm")]


def test_files_in_a_map():
    source = """
        kind: ConfigMap
        data:
          start.sh: |
            #!/bin/bash
            D=⟦org/small
            vllm serve org/big --speculative-model $D
          config.yaml: |
            model: org/big
            speculative_config:
              model: ⟦org/tiny
              num_speculative_tokens: 3
    """
    assert pairs(source) == [VLLM, ("org/big", "org/tiny", "vllm")]


def test_settings_of_an_engine():
    source = "model: org/big\nspeculative-config: {model: ⟦org/small, num_speculative_tokens: 2}\n"
    assert pairs(source) == [VLLM]


def test_decoys():
    source = """
        # args: ["--model", "a/b", "--speculative-model", "c/d"]
        description: "Run vllm serve a/b --speculative-model c/d"
        metadata:
          annotations: {note: "vllm serve a/b --speculative-model c/d"}
        speculative_model:
        containers:
        - image: vllm/vllm-openai
          args: ["--model", "a/b", "--speculative-model", ""]
        - image: busybox
          args: ["--model", "a/b", "--name", "speculative"]
    """
    assert pairs(source) == []


def test_flags_in_a_variable_are_read_once():
    source = """
        services:
          a:
            image: vllm/vllm-openai
            environment:
              VLLM_ARGS: --speculative-model ⟦org/small
            entrypoint: bash -c
            command: ["vllm serve org/big $$VLLM_ARGS"]
    """
    assert pairs(source) == [VLLM]


@pytest.mark.parametrize(
    "script",
    [
        """["exec vllm serve \\"$@\\"", "--", org/big, --speculative-model, ⟦org/small]""",
        """[vllm serve org/big, --speculative-model ⟦org/small]""",
    ],
)
def test_words_after_a_script(script):
    assert pairs(f"image: vllm/vllm-openai\ncommand: [sh, -c]\nargs: {script}\n") == [VLLM]


def test_a_container_without_a_shell_gets_its_arguments_as_they_are():
    assert commands("image: a\nargs:\n- --model a/b\n- --port=1\n") == [["--model a/b", "--port=1"]]


def test_values_in_an_application_of_argo():
    source = """
        apiVersion: argoproj.io/v1alpha1
        spec:
          source:
            helm:
              values: |
                small: ⟦org/small
                args: ["--model={{ .Values.big }}", "--speculative-model", "{{ .Values.small }}"]
                big: org/big
    """
    assert pairs(source) == [VLLM]


def test_a_list_that_a_chart_joins():
    assert commands("extraArgs:\n- --draft a/b\n- --port 1\nmodel: c/d\n") == [
        ["--model", "c/d", "--draft", "a/b", "--port", "1"]
    ]


def test_what_is_no_yaml_is_refused():
    with pytest.raises(UnreadError, match=r"is no YAML \(line 3"):
        list(yaml_file.units(Traced.whole("a: {{ b }}\n{{- if c }}\nd: e: f\n"), Scope()))


KEYS = st.sampled_from(
    "image command args entrypoint env environment run script module program model services data name value kind "
    "metadata envFrom configMapRef valueFrom configMapKeyRef key a.yaml b.json c.toml extraArgs description".split()
)
TEXTS = st.sampled_from(
    r"""
    •sh•-c•--model•a/b•--speculative-model c/d•$A ${B:-c} $$D $(E)•{{ .Values.a }}•vllm serve•a: b
c: [•{"model": "e"}
•x --y 'z
•ConfigMap•A=b•\•--x=$(A)

| < >""".split("•")
)
TREES = st.recursive(
    TEXTS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=25,
)


@given(tree=TREES)
def test_whatever_stands_under_the_keys_that_matter_is_read(tree):
    for read, source in (
        (yaml_file, yaml.safe_dump(tree)),
        (json_file, json.dumps(tree)),
        (yaml_file, yaml.safe_dump({"services": {"a": tree}}, default_flow_style=True)),
    ):
        try:
            found = list(read.units(Traced.whole(source), Scope({"A": "x"})))
        except UnreadError:
            continue
        for unit, scope in found:
            made = from_command(unit, scope) if isinstance(unit, Command) else from_settings(unit, scope)
            for one in made:
                assert 0 <= (one.drafter.offset if isinstance(one, Pairing) else one.offset) <= len(source)
