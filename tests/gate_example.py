"""A gate's result with one of everything: what a team with five pairings sees on a bad day."""

from hashlib import sha256
from typing import Any

Json = dict[str, Any]


def place(file: str, line: int, column: int) -> Json:
    return {"file": file, "line": line, "column": column}


def finding(whose: str, code: str, name: str, severity: str, message: str, fix: str, **other: Any) -> Json:
    subject = other.get("subject", "pair")
    return {
        "code": code,
        "name": name,
        "severity": severity,
        "subject": subject,
        "message": message,
        "fix": fix,
        "place": None,
        "ignored": None,
        "decides": severity in ("error", "open"),
        "fingerprint": sha256(f"{whose}\0{code}\0{subject}".encode()).hexdigest()[:32],
        **other,
    }


def model(name: str, commit: str) -> Json:
    commit = sha256(commit.encode()).hexdigest()
    return {"original": name, "repository": name, "commit": commit[:40], "fingerprint": commit}


def engine(outcome: str, reason: str, version: str, **other: Any) -> Json:
    return {"outcome": outcome, "reason": reason, "fix": None, "message": None, "version": version, **other}


def pair(name: str, where: Json, engine: str, target: str | None, drafter: str | None, **other: Any) -> Json:
    return {
        "id": name,
        "source": "scanned",
        "place": where,
        "asked": [engine],
        "target": target,
        "drafter": drafter,
        "written": {"target": target, "drafter": drafter},
        "options": {},
        "result": "passed",
        "verdict": "certified",
        "answer": "",
        "relation": None,
        "findings": [],
        "passed": [],
        "engines": {},
        "models": {"target": None, "drafter": None},
        "advice": [],
        "notes": [],
        "certificate": None,
        **other,
    }


QWEN = ("Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-0.5B-Instruct")
LLAMA = ("meta-llama/Llama-3.1-8B-Instruct", "JackFram/llama-160m")
GEMMA = ("google/gemma-3-27b-it", "google/gemma-3-1b-it")
VLLM_ID = f"deploy/vllm.yaml: {LLAMA[0]} × {LLAMA[1]} (vllm)"
OPEN_ID = f"scripts/serve.sh: {QWEN[0]} × ${{DRAFT_MODEL}} (sglang)"
HEAD_ID = f"deploy/eagle.yaml: {LLAMA[0]} × yuhuili/EAGLE3-LLaMA3.1-Instruct-8B (vllm)"

CHAT = pair(
    "chat",
    place("pyproject.toml", 31, 11),
    "bundled",
    *QWEN,
    source="declared",
    options={"context": 8192},
    answer=f"CERTIFIED for bundled: {QWEN[0]} × {QWEN[1]}: padded, all 151665 tokens are equal and only unused logits"
    " differ (1 warning)",
    relation="padded",
    findings=[
        finding(
            "chat",
            "SD503",
            "expected-speed",
            "warning",
            "A step streams 988 MB of the drafter and 3,087 MB of the target (c ≈ 0.32): drafting pays at α > 0.32."
            " Expected at batch 1, each draft accepted independently: 1.06x at α 0.5 (γ 1), 1.35x at α 0.7 (γ 2).",
            "Measure α on your own traffic and choose γ by it. Below the break-even, take a smaller drafter.",
        )
    ],
    passed=["SD101", "SD102", "SD201", "SD301"],
    engines={"bundled": engine("runs", "takes equal tokens, whatever the widths", "0.1.0", gated=True)},
    models={"target": model(QWEN[0], "a"), "drafter": model(QWEN[1], "b")},
    notes=[f"{QWEN[0]}: main moved to 4bd1e8c20f1a, and the files that decide did not change"],
    certificate="certificates/chat.json",
)

VLLM = pair(
    VLLM_ID,
    place("deploy/vllm.yaml", 14, 31),
    "vllm",
    *LLAMA,
    options={"heterogeneous_vocab": True, "num_speculative_tokens": 5},
    result="failed",
    verdict="refused",
    answer=f"REFUSED for vllm: {LLAMA[0]} × {LLAMA[1]}: overlap, 259 of 32000 shared ids carry the same token",
    relation="overlap",
    findings=[
        finding(
            VLLM_ID,
            "SD101",
            "tokens-differ",
            "error",
            "Of 32000 ids that both models name, 259 stand for the same token and 31741 do not; first: id 3 is '$' /"
            " '<0x00>', id 27 is '<|im_start|>' / '`'.",
            "Choose a drafter of the target's own family, one that was trained with the same tokenizer.",
        ),
        finding(
            VLLM_ID,
            "SD704",
            "engine-does-not-run",
            "error",
            "vllm refuses: compares vocab_size, and 128256 is not 32000.",
            "Do what the engine's line says, or take another drafter.",
        ),
        finding(
            VLLM_ID,
            "SD201",
            "eos-sets-differ",
            "warning",
            "Generation ends at 128001, 128008, 128009 for the target and at 2 for the drafter.",
            "Give the drafter the target's eos_token_id in generation_config.json.",
        ),
        finding(
            VLLM_ID,
            "SD504",
            "head-share",
            "note",
            "The output head (32000 rows) is 15% of what a step of the drafter streams.",
            "Nothing: it is worth knowing when the drafter is made smaller.",
            subject="drafter",
        ),
    ],
    passed=["SD301"],
    engines={
        "vllm": engine(
            "refuses",
            "compares vocab_size, and 128256 is not 32000",
            "0.33.0",
            message="Target and draft model should have the same vocabulary size.",
            gated=True,
        )
    },
    models={"target": model(LLAMA[0], "c"), "drafter": model(LLAMA[1], "d")},
    advice=["SD101: Choose a drafter of the target's own family, one that was trained with the same tokenizer."],
)

OPEN = pair(
    OPEN_ID,
    place("scripts/serve.sh", 9, 24),
    "sglang",
    QWEN[0],
    None,
    written={"target": QWEN[0], "drafter": "${DRAFT_MODEL}"},
    result="undecided",
    verdict=None,
    answer=f"UNDECIDED for sglang: {QWEN[0]} × ${{DRAFT_MODEL}}: The drafter is '${{DRAFT_MODEL}}', which cannot be"
    " told from this file.",
    findings=[
        finding(
            OPEN_ID,
            "SD701",
            "pairing-not-resolved",
            "open",
            "The drafter is '${DRAFT_MODEL}', which cannot be told from this file.",
            "Give the value with --set NAME=VALUE, or ignore this finding with a reason and a date.",
        )
    ],
    advice=["SD701: Give the value with --set NAME=VALUE, or ignore this finding with a reason and a date."],
)

HEAD = pair(
    HEAD_ID,
    place("deploy/eagle.yaml", 22, 20),
    "vllm",
    LLAMA[0],
    "yuhuili/EAGLE3-LLaMA3.1-Instruct-8B",
    verdict=None,
    answer=f"CERTIFIED for vllm: {LLAMA[0]} × yuhuili/EAGLE3-LLaMA3.1-Instruct-8B: passes by exception from SD702",
    findings=[
        finding(
            HEAD_ID,
            "SD702",
            "trained-head-not-checked",
            "open",
            "The drafter is a trained head (eagle3): it fits the one target that it was trained for, and which that is,"
            " is not checked here.",
            "Read on the head's model card which target it was trained for.",
            subject="drafter",
            ignored={"reason": "its card names this target", "until": "2027-01-31"},
            decides=False,
        )
    ],
)

DRIFTED = pair(
    "summaries",
    place("pyproject.toml", 38, 11),
    "bundled",
    *GEMMA,
    source="declared",
    result="failed",
    answer=f"CERTIFIED for bundled: {GEMMA[0]} × {GEMMA[1]}: padded, all 262144 tokens are equal and only unused"
    " logits differ; fails by SD710",
    relation="padded",
    findings=[
        finding(
            "summaries",
            "SD710",
            "differs-from-lock",
            "error",
            "tokenizer.json of google/gemma-3-1b-it is another than the one that was locked, and 12 ids carry another"
            " token than then.",
            "Run `specdec-check lock --upgrade`, look at what changed, and commit the lock.",
            subject="drafter",
            place=place("specdec.lock", 47, 1),
        )
    ],
    passed=["SD101", "SD102"],
    engines={"bundled": engine("runs", "takes equal tokens, whatever the widths", "0.1.0", gated=True)},
    models={"target": model(GEMMA[0], "e"), "drafter": model(GEMMA[1], "f")},
    advice=["SD710: Run `specdec-check lock --upgrade`, look at what changed, and commit the lock."],
)

EXAMPLE: Json = {
    "schema": 1,
    "kind": "gate",
    "tool": {"name": "specdec-check", "version": "0.1.0"},
    "verdict": "undecided",
    "answer": "UNDECIDED: 2 of 5 pairings fail, 1 cannot be settled, 1 finding on the project itself"
    " (2 warnings, 1 ignored)",
    "mode": {"locked": True, "frozen": False, "offline": False},
    "scanned": {"files": 12},
    "pairs": [CHAT, VLLM, OPEN, HEAD, DRIFTED],
    "findings": [
        finding(
            "deploy/values.yaml",
            "SD715",
            "file-not-read",
            "open",
            "The file is no YAML (line 3: mapping values are not allowed here), and it may hold a pairing.",
            "Mend the file, or leave it out under [scan] exclude.",
            subject="project",
            place=place("deploy/values.yaml", 3, 17),
        )
    ],
    "no_pair": [{"file": "scripts/batch.sh", "line": 4, "column": 38, "engine": "vllm", "method": "ngram"}],
}
