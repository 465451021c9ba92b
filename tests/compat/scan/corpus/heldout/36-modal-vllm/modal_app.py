import json
import subprocess

import modal

MODEL_NAME = "Qwen/Qwen3-Coder-30B-A3B-Instruct"
DRAFT_MODEL = "z-lab/Qwen3-Coder-30B-A3B-DFlash"
VLLM_PORT = 8000
MINUTES = 60

image = (
    modal.Image.from_registry("nvidia/cuda:12.8.1-devel-ubuntu22.04", add_python="3.12")
    .uv_pip_install("vllm==0.20.0", "huggingface-hub[hf_xet]")
    .env({"HF_XET_HIGH_PERFORMANCE": "1"})
)
hf_cache = modal.Volume.from_name("huggingface-cache", create_if_missing=True)

app = modal.App("coder-dflash")


@app.function(
    image=image,
    gpu="H100",
    scaledown_window=15 * MINUTES,
    timeout=10 * MINUTES,
    volumes={"/cache/huggingface": hf_cache},
)
@modal.concurrent(max_inputs=32)
@modal.web_server(port=VLLM_PORT, startup_timeout=10 * MINUTES)
def serve():
    spec = {
        "method": "dflash",
        "model": DRAFT_MODEL,
        "num_speculative_tokens": 15,
    }
    cmd = [
        "vllm",
        "serve",
        MODEL_NAME,
        "--host", "0.0.0.0",
        "--port", str(VLLM_PORT),
        "--speculative-config", json.dumps(spec),
        # "--enforce-eager",
    ]
    subprocess.Popen(cmd)
