"""Offline batch generation with a draft model."""
import json
import sys

from vllm import LLM, SamplingParams

TARGET = "deepseek-ai/deepseek-coder-33b-instruct"
SPEC = {
    "method": "draft_model",
    "model": "deepseek-ai/deepseek-coder-1.3b-instruct",
    "num_speculative_tokens": 5,
}


def main(path: str) -> None:
    with open(path) as f:
        prompts = [json.loads(line)["prompt"] for line in f]

    llm = LLM(model=TARGET, tensor_parallel_size=2, speculative_config=SPEC,
              gpu_memory_utilization=0.9)
    params = SamplingParams(temperature=0.0, max_tokens=512)
    for out in llm.generate(prompts, params):
        print(json.dumps({"text": out.outputs[0].text}))


if __name__ == "__main__":
    main(sys.argv[1])
