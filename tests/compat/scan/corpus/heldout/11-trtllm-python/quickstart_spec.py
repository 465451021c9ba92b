import argparse

from tensorrt_llm import LLM, SamplingParams
from tensorrt_llm.llmapi import (DraftTargetDecodingConfig, EagleDecodingConfig,
                                 KvCacheConfig, NGramDecodingConfig)

PROMPTS = [
    "What is the capital of France?",
    "Write a haiku about GPUs.",
]


def run_eagle3():
    spec_config = EagleDecodingConfig(
        max_draft_len=3,
        speculative_model_dir="yuhuili/EAGLE3-LLaMA3.1-Instruct-8B",
        eagle3_one_model=True,
    )
    return LLM(
        model="meta-llama/Llama-3.1-8B-Instruct",
        speculative_config=spec_config,
        kv_cache_config=KvCacheConfig(free_gpu_memory_fraction=0.8),
    )


def run_draft_target():
    spec_config = DraftTargetDecodingConfig(
        max_draft_len=4,
        speculative_model_dir="meta-llama/Llama-3.2-1B-Instruct",
    )
    return LLM(model="meta-llama/Llama-3.3-70B-Instruct", speculative_config=spec_config,
               tensor_parallel_size=4, disable_overlap_scheduler=True)


def run_ngram():
    spec_config = NGramDecodingConfig(max_draft_len=4, max_matching_ngram_size=2)
    return LLM(model="Qwen/Qwen2.5-7B-Instruct", speculative_config=spec_config)


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("algo", choices=["eagle3", "draft_target", "ngram"])
    algo = ap.parse_args().algo
    llm = {"eagle3": run_eagle3, "draft_target": run_draft_target, "ngram": run_ngram}[algo]()
    for out in llm.generate(PROMPTS, SamplingParams(max_tokens=64)):
        print(out.outputs[0].text)
