import argparse

from mlx_lm import load, stream_generate
from mlx_lm.sample_utils import make_sampler

parser = argparse.ArgumentParser()
parser.add_argument("--model", default="mlx-community/Llama-3.3-70B-Instruct-4bit")
parser.add_argument("--draft", default="mlx-community/Llama-3.2-1B-Instruct-4bit")
parser.add_argument("--num-draft-tokens", type=int, default=3)
args = parser.parse_args()

model, tokenizer = load(args.model)
draft_model, _ = load(args.draft)
# draft_model, _ = load("mlx-community/Llama-3.2-3B-Instruct-4bit")

messages = []
while True:
    try:
        messages.append({"role": "user", "content": input("> ")})
    except EOFError:
        break
    prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True)
    text = ""
    for r in stream_generate(
        model,
        tokenizer,
        prompt,
        max_tokens=1024,
        sampler=make_sampler(temp=0.7),
        draft_model=draft_model,
        num_draft_tokens=args.num_draft_tokens,
    ):
        text += r.text
        print(r.text, end="", flush=True)
    print(f"\n[{r.generation_tps:.1f} tok/s]")
    messages.append({"role": "assistant", "content": text})
