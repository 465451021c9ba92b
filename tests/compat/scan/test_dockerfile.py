"""Dockerfiles: both forms of instructions, variables of each stage, here-documents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scan_saying import found_in_units, said

from specdec_check.compat.scan.kinds.dockerfile import units
from specdec_check.compat.scan.reading import Scope
from specdec_check.compat.scan.traced import Traced

PAIR = "vllm: org/t <- org/d"
JSON = '{"model": "org/d", "num_speculative_tokens": 4}'
ESCAPED = JSON.replace('"', '\\"')


def found_in(text: str, scope: Scope | None = None) -> list[str]:
    found = found_in_units(units(Traced.whole(text), scope or Scope()))
    return list(dict.fromkeys(said(found, text)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"FROM x\nCMD vllm serve org/t -sc '{JSON}'\n", [PAIR]),
        (f'FROM x\nCMD ["vllm", "serve", "org/t", "-sc", "{ESCAPED}"]\n', [PAIR]),
        (f'FROM vllm/vllm-openai\nCMD ["--model", "org/t", "-sc", "{ESCAPED}"]\n', [PAIR]),
        (f'FROM x\nENTRYPOINT ["vllm", "serve"]\nCMD ["org/t", "-sc", "{ESCAPED}"]\n', [PAIR]),
        ('FROM x\nENTRYPOINT ["sh", "-c", "vllm serve $T --speculative-model org/d"]\nENV T=org/t\n', [PAIR]),
        ("FROM x\nENV T=org/t D='org/d'\nCMD vllm serve $T --speculative-model ${D}\n", [PAIR]),
        ("FROM x\nENV T org/t\nENV D org/d\nCMD vllm serve $T --speculative-model ${D}\n", [PAIR]),
        ("FROM x\nARG D=org/d\nENV DRAFT=$D\nCMD vllm serve org/t --speculative-model $DRAFT\n", [PAIR]),
        ("FROM x\nCMD vllm serve org/t \\\n  # the drafter\n  --speculative-model \\\n\n  org/d\n", [PAIR]),
        ("FROM x\nRUN --mount=type=cache,target=/x vllm serve org/t --speculative-model org/d\n", [PAIR]),
        ("FROM x\nRUN <<EOF\nvllm serve org/t --speculative-model org/d\nEOF\n", [PAIR]),
        ("FROM x\nRUN cat > run.sh <<'EOF'\nvllm serve org/t --speculative-model org/d\nEOF\nRUN y\n", [PAIR]),
        (
            "FROM x\nRUN <<EOF cat > /c.yml\nspeculative_config:\n  decoding_type: DraftTarget\n"
            "  speculative_model: org/d\nEOF\nCMD trtllm-serve org/t --config /c.yml\n",
            ["tensorrt-llm: org/t <- org/d"],
        ),
        (
            "FROM x\nCOPY <<EOF /c.yml\n"
            "speculative_config: {decoding_type: DraftTarget, speculative_model: org/d}\nEOF\n"
            "CMD trtllm-serve org/t --config /c.yml\n",
            ["tensorrt-llm: org/t <- org/d"],
        ),
        ("FROM x AS base\nENV D=org/d\nFROM base\nCMD vllm serve org/t --speculative-model $D\n", [PAIR]),
        ("ARG I=vllm/vllm-openai\nFROM ${I}:v1\nCMD --model org/t --speculative-model org/d\n", [PAIR]),
        (
            "FROM ghcr.io/ggml-org/llama.cpp:server\nENV LLAMA_ARG_MODEL=t.gguf\nENV LLAMA_ARG_MODEL_DRAFT=d.gguf\n",
            ["llama.cpp: t.gguf <- d.gguf"],
        ),
        ("# escape=`\nFROM x\nCMD vllm serve org/t `\n  --speculative-model org/d\n", [PAIR]),
        ("from x\ncmd vllm serve org/t --speculative-model org/d\n", [PAIR]),
        (
            "FROM x AS a\nENV D=org/d\nFROM y\nCMD vllm serve org/t --speculative-model $D\n",
            ["vllm: org/t <- ?$D"],
        ),
        ('FROM x\nENV D=org/d\nCMD ["vllm", "serve", "org/t", "--speculative-model", "$D"]\n', ["vllm: org/t <- ?$D"]),
        ("FROM x\n# CMD vllm serve org/t --speculative-model org/d\n", []),
        ("FROM x\nLABEL cmd='vllm serve org/t --speculative-model org/d'\n", []),
        ('FROM x\nCMD ["vllm", "serve", "org/t", "--speculative-model", ""]\n', []),
    ],
)
def test_pairings_in_dockerfiles(text, expected):
    assert found_in(text) == expected


def test_what_is_given_wins():
    text = "FROM x\nENV D=org/e\nCMD vllm serve org/t --speculative-model $D\n"
    (found,) = found_in_units(units(Traced.whole(text), Scope(given={"D": "org/d"})))
    assert found.drafter.value == "org/d"


@given(
    st.lists(
        st.sampled_from(
            [
                "FROM x",
                " AS a",
                "\n",
                "RUN ",
                "CMD ",
                '["a"',
                "]",
                "<<E",
                "E\n",
                "\\\n",
                "ENV ",
                "A=b",
                "$A",
                "ENTRYPOINT ",
                "COPY ",
                "#",
                "ARG ",
                '"',
                "'",
            ]
        ),
        max_size=40,
    ).map("".join)
)
def test_any_text_is_read(text):
    found_in(text)
