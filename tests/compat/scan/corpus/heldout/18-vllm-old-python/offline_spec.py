import argparse
import time

from vllm import LLM, SamplingParams


def main(args):
    llm = LLM(
        model=args.target_model,
        tensor_parallel_size=args.tp,
        speculative_model=args.draft_model,
        num_speculative_tokens=args.k,
        use_v2_block_manager=True,
        trust_remote_code=True,
    )
    params = SamplingParams(temperature=0.0, max_tokens=args.max_tokens)
    start = time.perf_counter()
    outputs = llm.generate(["The future of AI is"] * args.batch, params)
    took = time.perf_counter() - start
    n = sum(len(o.outputs[0].token_ids) for o in outputs)
    print(f"{n / took:.1f} tok/s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--target-model", type=str, default="lmsys/vicuna-13b-v1.5")
    parser.add_argument("--draft-model", type=str, default="double7/vicuna-68m")
    parser.add_argument("--k", type=int, default=4, help="number of speculative tokens")
    parser.add_argument("--tp", type=int, default=1)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--max-tokens", type=int, default=256)
    main(parser.parse_args())
