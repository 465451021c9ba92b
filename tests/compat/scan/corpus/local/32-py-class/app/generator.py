import os
from functools import cached_property

from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig


class Generator:
    """Gemma 2 with an optional override of the drafter by the environment."""

    TARGET_ID = "google/gemma-2-9b-it"
    ASSISTANT_ID = os.environ.get("ASSISTANT_ID", "google/gemma-2-2b-it")

    def __init__(self, device: str = "cuda"):
        self.tokenizer = AutoTokenizer.from_pretrained(self.TARGET_ID)
        self.model = AutoModelForCausalLM.from_pretrained(self.TARGET_ID, torch_dtype="auto").to(device)
        self.assistant = AutoModelForCausalLM.from_pretrained(
            self.ASSISTANT_ID, torch_dtype="auto"
        ).to(device)

    @cached_property
    def config(self) -> GenerationConfig:
        return GenerationConfig(max_new_tokens=512, do_sample=True, temperature=0.6)

    def __call__(self, text: str) -> str:
        inputs = self.tokenizer(text, return_tensors="pt").to(self.model.device)
        # assistant_model="google/gemma-3-270m-it" has another vocabulary
        out = self.model.generate(**inputs, generation_config=self.config, assistant_model=self.assistant)
        return self.tokenizer.decode(out[0, inputs["input_ids"].shape[1]:], skip_special_tokens=True)
