import asyncio

import sglang as sgl

PROMPTS = [
    "Write a haiku about compilers.",
    "Explain the draft model in speculative decoding in two sentences.",
]


def make_engine(eagle: bool = True) -> sgl.Engine:
    return sgl.Engine(
        model_path="meta-llama/Llama-2-7b-chat-hf",
        speculative_algorithm="EAGLE",
        speculative_draft_model_path="lmsys/sglang-EAGLE-llama2-chat-7B",
        speculative_num_steps=3,
        speculative_eagle_topk=4,
        speculative_num_draft_tokens=16,
        cuda_graph_max_bs=8,
    )


async def main():
    engine = make_engine()
    for p in PROMPTS:
        out = await engine.async_generate(p, {"temperature": 0, "max_new_tokens": 64})
        print(out["text"])


if __name__ == "__main__":
    asyncio.run(main())
