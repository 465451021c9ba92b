"""Summaries with assisted generation, three ways."""
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, pipeline

TEXT = open("article.txt", encoding="utf-8").read()


def with_pipeline():
    pipe = pipeline(
        "text-generation",
        model="meta-llama/Llama-3.1-8B",
        assistant_model="meta-llama/Llama-3.2-1B",
        torch_dtype=torch.bfloat16,
        device_map="auto",
    )
    return pipe(TEXT, max_new_tokens=200, do_sample=False)[0]["generated_text"]


def self_speculative():
    # LayerSkip checkpoints draft with their own first layers
    checkpoint = "facebook/layerskip-llama3.2-1B"
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = AutoModelForCausalLM.from_pretrained(checkpoint)
    inputs = tokenizer(TEXT, return_tensors="pt")
    out = model.generate(**inputs, assistant_early_exit=4, do_sample=False, max_new_tokens=200)
    return tokenizer.batch_decode(out, skip_special_tokens=True)[0]


def plain():
    pipe = pipeline("text-generation", model="meta-llama/Llama-3.2-1B", assistant_model=None)
    return pipe(TEXT, max_new_tokens=200)[0]["generated_text"]


if __name__ == "__main__":
    for f in (plain, self_speculative, with_pipeline):
        print(f.__name__, f())
