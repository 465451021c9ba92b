import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

PROMPT = "The quick brown fox"
device = "cuda" if torch.cuda.is_available() else "cpu"


def bench(target_name, assistant_name, max_new_tokens=128):
    tokenizer = AutoTokenizer.from_pretrained(target_name)
    target = AutoModelForCausalLM.from_pretrained(target_name, torch_dtype=torch.float16).to(device)
    assistant = AutoModelForCausalLM.from_pretrained(assistant_name, torch_dtype=torch.float16).to(device)
    inputs = tokenizer(PROMPT, return_tensors="pt").to(device)

    for kwargs in ({}, {"assistant_model": assistant}):
        start = time.perf_counter()
        target.generate(**inputs, max_new_tokens=max_new_tokens, do_sample=False, **kwargs)
        print(target_name, bool(kwargs), round(time.perf_counter() - start, 2))


if __name__ == "__main__":
    bench("facebook/opt-1.3b", "facebook/opt-125m")
    bench(
        assistant_name='EleutherAI/pythia-70m-deduped',
        target_name='EleutherAI/pythia-1.4b-deduped',
        max_new_tokens=64,
    )
    # bench("bigscience/bloom-7b1", "bigscience/bloom-560m")
