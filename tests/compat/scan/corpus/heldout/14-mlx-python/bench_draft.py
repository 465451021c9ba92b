"""Tokens per second with and without a draft model on Apple silicon."""
import time

from mlx_lm import load, stream_generate

MODEL = "mlx-community/Llama-3.3-70B-Instruct-4bit"
DRAFT_MODEL = "mlx-community/Llama-3.2-1B-Instruct-4bit"
PROMPT = "Explain speculative decoding to a systems engineer."


def measure(model, tokenizer, prompt, **kw):
    tic, last = time.perf_counter(), None
    for last in stream_generate(model, tokenizer, prompt, max_tokens=256, **kw):
        pass
    return last.generation_tps, time.perf_counter() - tic


def main():
    model, tokenizer = load(MODEL)
    draft_model, draft_tokenizer = load(DRAFT_MODEL)
    assert draft_tokenizer.vocab_size == tokenizer.vocab_size

    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": PROMPT}], add_generation_prompt=True
    )
    print("plain: %.1f tok/s (%.1fs)" % measure(model, tokenizer, prompt))
    print("draft: %.1f tok/s (%.1fs)" % measure(
        model, tokenizer, prompt, draft_model=draft_model, num_draft_tokens=3))


if __name__ == "__main__":
    main()
