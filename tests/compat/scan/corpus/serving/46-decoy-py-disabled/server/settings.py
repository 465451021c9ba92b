"""Server settings.

Example with a draft model:

    LLM(model="meta-llama/Llama-3.1-70B-Instruct",
        speculative_config={"model": "meta-llama/Llama-3.2-1B-Instruct", "num_speculative_tokens": 5})
"""
from typing import Optional

from pydantic_settings import BaseSettings
from vllm import LLM


class Settings(BaseSettings):
    model: str = "meta-llama/Llama-3.1-70B-Instruct"
    tensor_parallel_size: int = 4
    max_model_len: int = 8192


settings = Settings()


def load() -> LLM:
    return LLM(
        model=settings.model,
        tensor_parallel_size=settings.tensor_parallel_size,
        max_model_len=settings.max_model_len,
        # speculative_model="meta-llama/Llama-3.2-1B-Instruct",
        # num_speculative_tokens=5,
        speculative_config=None,
    )


def draft_of(text: str, assistant: Optional[str] = None) -> str:
    """Return the draft e-mail for a ticket; not a draft model."""
    return f"Dear customer,\n\n{text}\n\n-- {assistant or 'support'}"
