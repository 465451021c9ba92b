#!/usr/bin/env python3
import argparse

from transformers import AutoModelForCausalLM, AutoTokenizer, TextStreamer


def main():
    ap = argparse.ArgumentParser(description="greedy chat with a drafter")
    ap.add_argument("prompt")
    ap.add_argument("--model", default="HuggingFaceTB/SmolLM2-1.7B-Instruct")
    ap.add_argument("--assistant", required=True, help="e.g. HuggingFaceTB/SmolLM2-135M-Instruct")
    ap.add_argument("--lookup", action="store_true", help="no drafter, copy n-grams of the prompt")
    args = ap.parse_args()

    tok = AutoTokenizer.from_pretrained(args.model)
    model = AutoModelForCausalLM.from_pretrained(args.model, device_map="auto")
    inputs = tok(args.prompt, return_tensors="pt").to(model.device)
    streamer = TextStreamer(tok, skip_prompt=True)

    if args.lookup:
        model.generate(**inputs, prompt_lookup_num_tokens=10, max_new_tokens=256)
        return

    assistant = AutoModelForCausalLM.from_pretrained(args.assistant, device_map="auto")
    assistant.generation_config.num_assistant_tokens = 6
    assistant.generation_config.num_assistant_tokens_schedule = "constant"
    model.generate(**inputs, streamer=streamer, assistant_model=assistant, max_new_tokens=256)


if __name__ == "__main__":
    main()
