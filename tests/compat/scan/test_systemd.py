"""systemd units and quadlets."""

from __future__ import annotations

import pytest
from scan_saying import found_in_units, said

from specdec_check.compat.scan.kinds.systemd import units
from specdec_check.compat.scan.reading import Scope
from specdec_check.compat.scan.traced import Traced

PAIR = "vllm: org/t <- org/d"
RUN = "vllm serve org/t --speculative-model org/d"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"[Service]\nExecStart=/usr/bin/{RUN}\n", [PAIR]),
        (f"[Service]\nExecStart=-/usr/bin/{RUN}\n", [PAIR]),
        (f"[Service]\nExecStart=+/usr/bin/{RUN}\n", [PAIR]),
        (f"[Service]\nExecStart=/bin/bash -lc '{RUN}'\n", [PAIR]),
        (
            "[Service]\nExecStart=vllm serve org/t \\\n# the drafter\n; it is small\n"
            "  --speculative-model \\\n  org/d\n",
            [PAIR],
        ),
        ("[Service]\nEnvironment=D=org/d\nExecStart=vllm serve org/t --speculative-model ${D}\n", [PAIR]),
        ('[Service]\nExecStart=vllm serve $T --speculative-model $D\nEnvironment="D=org/d" T=org/t\n', [PAIR]),
        (
            "[Service]\nEnvironmentFile=/etc/x\nExecStart=vllm serve org/t --speculative-model ${D}\n",
            ["vllm: org/t <- ?${D}"],
        ),
        (
            "[Service]\nEnvironment=LLAMA_ARG_MODEL_DRAFT=d.gguf\nExecStart=llama-server -m t.gguf\n",
            ["llama.cpp: t.gguf <- d.gguf"],
        ),
        ('[Service]\nExecStart=vllm serve org/t -sc \'{"model": "org/d"}\'\n', [PAIR]),
        ("[Container]\nImage=docker.io/vllm/vllm-openai:v1\nExec=--model org/t --speculative-model org/d\n", [PAIR]),
        (f"[Service]\n#ExecStart={RUN}\n;ExecStart={RUN}\n", []),
        (f"[Unit]\nDescription={RUN}\n", []),
        ('[Service]\nExecStart=vllm serve org/t --speculative-model ""\n', []),
    ],
)
def test_pairings_in_units(text, expected):
    assert said(found_in_units(units(Traced.whole(text), Scope())), text) == expected
