"""A real pair that ships inside: `demo:target`, `demo:drafter`, and `demo:stranger`, which fits neither.

Trained from scratch by `python -m specdec_check.decode.demo.train` on the sources of the Python standard library (PSF
licence), with whole files held out; the script prints how target and drafter agree on those. All three are Llama
models of 2048 rows over byte-level BPE, in bfloat16: target 12 layers of 128 and 2,034,816 parameters, drafter 1 layer
of 128 and 340,352, stranger 1 layer of 64 and 172,224. The target learnt the text (2.5 million tokens), the drafter the
target. The stranger is as wide and has a tokenizer of its own, so that a refusal can be shown. Acceptance on held-out
files, teacher-forced: 0.686 at temperature 1, 0.570 greedy. Training took 23 minutes on two busy cores, and stopped at
its time limit: a quiet machine takes more steps and gives other weights, and the same tokenizers.
"""

from __future__ import annotations

import json
from pathlib import Path


def prompts() -> list[str]:
    """Held-out prompts in the text's style, written for this purpose: neither model has seen them."""
    found: list[str] = json.loads((Path(__file__).parent / "prompts.json").read_text(encoding="utf-8"))
    return found
