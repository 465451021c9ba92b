import argparse
import os

from vllm import EngineArgs, LLMEngine
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.engine.async_llm_engine import AsyncLLMEngine


def parse():
    p = argparse.ArgumentParser()
    p.add_argument("--target", default="bigcode/starcoder2-15b")
    p.add_argument("--draft", default="bigcode/starcoder2-3b",
                   help="small model with the same vocabulary, e.g. bigcode/starcoder2-7b")
    p.add_argument("--k", type=int, default=4)
    return p.parse_args()


def build_sync() -> LLMEngine:
    args = parse()
    return LLMEngine.from_engine_args(EngineArgs(
        model=args.target,
        speculative_config={"method": "draft_model", "model": args.draft, "num_speculative_tokens": args.k},
        trust_remote_code=True,
    ))


def build_async() -> AsyncLLMEngine:
    # vLLM 0.6 worker image: the old keyword arguments
    engine_args = AsyncEngineArgs(
        model=os.environ.get("MODEL_NAME", "facebook/opt-13b"),
        speculative_model=os.environ.get("DRAFT_NAME", "facebook/opt-350m"),
        num_speculative_tokens=5,
        use_v2_block_manager=True,
    )
    return AsyncLLMEngine.from_engine_args(engine_args)
