"""Ray Serve deployment around vLLM's async engine."""
import os

from ray import serve
from vllm import AsyncEngineArgs, AsyncLLMEngine

ENGINE_ARGS = {
    "model": os.getenv("MODEL_ID", "tiiuae/Falcon3-10B-Instruct"),
    "max_model_len": 8192,
    "gpu_memory_utilization": 0.92,
    "speculative_config": {
        "method": "draft_model",
        "model": "tiiuae/Falcon3-1B-Instruct",
        "num_speculative_tokens": 4,
    },
    "enable_prefix_caching": True,
}

if os.getenv("AGENT_MODE"):
    # agents repeat themselves: the suffix tree beats the drafter
    ENGINE_ARGS["speculative_config"] = {"method": "suffix", "num_speculative_tokens": 16}


@serve.deployment(ray_actor_options={"num_gpus": 1})
class Engine:
    def __init__(self):
        self.engine = AsyncLLMEngine.from_engine_args(AsyncEngineArgs(**ENGINE_ARGS))


app = Engine.bind()
