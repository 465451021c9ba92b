#!/usr/bin/env python3
"""Starts one server of each kind and waits."""
import subprocess
import sys

MODELS = "/data/models"
SGLANG_TARGET = "Qwen/Qwen2.5-32B-Instruct"
SGLANG_DRAFT = "Qwen/Qwen2.5-1.5B-Instruct"

sglang_cmd = [
    sys.executable, "-m", "sglang.launch_server",
    "--model-path", SGLANG_TARGET,
    "--speculative-algorithm", "STANDALONE",
    "--speculative-draft-model-path", SGLANG_DRAFT,
    "--speculative-num-steps", "4",
    "--speculative-eagle-topk", "1",
    "--speculative-num-draft-tokens", "5",
    "--port", "30000",
]

vllm_cmd = (
    f"vllm serve {MODELS}/Meta-Llama-3-70B-Instruct-AWQ --port 8000 "
    f"--speculative-model {MODELS}/Llama-3.2-1B-Instruct --num-speculative-tokens 5"
)


def main() -> int:
    procs = [subprocess.Popen(sglang_cmd), subprocess.Popen(vllm_cmd, shell=True)]
    try:
        return max(p.wait() for p in procs)
    except KeyboardInterrupt:
        for p in procs:
            p.terminate()
        return 130


if __name__ == "__main__":
    sys.exit(main())
