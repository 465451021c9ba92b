import argparse

from tensorrt_llm import LLM, SamplingParams
from tensorrt_llm.llmapi import (DraftTargetDecodingConfig, EagleDecodingConfig, KvCacheConfig,
                                 MedusaDecodingConfig, NGramDecodingConfig)

PROMPTS = ["What is the capital of France?", "What is the future of AI?"]
KV = KvCacheConfig(enable_block_reuse=False)


def draft_target():
    spec = DraftTargetDecodingConfig(
        max_draft_len=4, speculative_model_dir="Qwen/Qwen3-0.6B")
    return LLM(model="Qwen/Qwen3-14B", speculative_config=spec,
               disable_overlap_scheduler=True, kv_cache_config=KV)


def eagle3():
    spec_config = EagleDecodingConfig(max_draft_len=3,
                                      speculative_model_dir="yuhuili/EAGLE3-LLaMA3.1-Instruct-8B",
                                      eagle3_one_model=True)
    return LLM("meta-llama/Llama-3.1-8B-Instruct", speculative_config=spec_config, kv_cache_config=KV)


def medusa():
    return LLM(model="lmsys/vicuna-7b-v1.3",
               speculative_config=MedusaDecodingConfig(
                   num_medusa_heads=4, max_draft_len=63,
                   speculative_model_dir="FasterDecoding/medusa-vicuna-7b-v1.3"))


def ngram():
    cfg = NGramDecodingConfig(max_draft_len=3, max_matching_ngram_size=4, is_public_pool=True)
    return LLM("meta-llama/Llama-3.1-8B-Instruct", speculative_config=cfg, kv_cache_config=KV)


if __name__ == "__main__":
    modes = {f.__name__: f for f in (draft_target, eagle3, medusa, ngram)}
    ap = argparse.ArgumentParser()
    ap.add_argument("mode", choices=modes)
    for out in modes[ap.parse_args().mode]().generate(PROMPTS, SamplingParams(max_tokens=64)):
        print(out.outputs[0].text)
