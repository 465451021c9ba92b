"""Offline throughput of both engines on the same prompts."""
import json
import sys
import time


def run_vllm(prompts):
    from vllm import LLM, SamplingParams

    llm = LLM(
        model="Qwen/Qwen3-8B",
        tensor_parallel_size=1,
        max_model_len=8192,
        speculative_config={
            "method": "draft_model",
            "model": "Qwen/Qwen3-0.6B",
            "num_speculative_tokens": 5,
        },
    )
    return [o.outputs[0].text for o in llm.generate(prompts, SamplingParams(temperature=0, max_tokens=256))]


def run_sglang(prompts):
    import sglang as sgl

    engine = sgl.Engine(
        model_path="Qwen/Qwen3-8B",
        speculative_algorithm="EAGLE3",
        speculative_draft_model_path="Tengyunw/qwen3_8b_eagle3",
        speculative_num_steps=6,
        speculative_eagle_topk=10,
        speculative_num_draft_tokens=32,
        mem_fraction_static=0.8,
    )
    outs = engine.generate(prompts, {"temperature": 0, "max_new_tokens": 256})
    engine.shutdown()
    return [o["text"] for o in outs]


if __name__ == "__main__":
    prompts = [json.loads(line)["prompt"] for line in open(sys.argv[2])]
    t = time.time()
    {"vllm": run_vllm, "sglang": run_sglang}[sys.argv[1]](prompts)
    print(f"{sys.argv[1]}: {time.time() - t:.1f}s")
