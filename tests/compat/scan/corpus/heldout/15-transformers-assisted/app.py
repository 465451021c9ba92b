import os

import torch
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import AutoModelForCausalLM, AutoTokenizer

TARGET_ID = os.environ.get("TARGET_MODEL", "HuggingFaceTB/SmolLM2-1.7B-Instruct")
ASSISTANT_ID = os.environ.get("ASSISTANT_MODEL", "HuggingFaceTB/SmolLM2-135M-Instruct")
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"

tokenizer = AutoTokenizer.from_pretrained(TARGET_ID)
model = AutoModelForCausalLM.from_pretrained(TARGET_ID, torch_dtype=torch.bfloat16).to(DEVICE)
assistant = AutoModelForCausalLM.from_pretrained(ASSISTANT_ID, torch_dtype=torch.bfloat16).to(DEVICE)

app = FastAPI()


class Request(BaseModel):
    prompt: str
    max_new_tokens: int = 200


@app.post("/generate")
def generate(req: Request):
    inputs = tokenizer(req.prompt, return_tensors="pt").to(DEVICE)
    out = model.generate(**inputs, assistant_model=assistant,
                         max_new_tokens=req.max_new_tokens, do_sample=False)
    return {"text": tokenizer.decode(out[0, inputs.input_ids.shape[1]:], skip_special_tokens=True)}


@app.post("/summarize")
def summarize(req: Request):
    # the summary repeats the input: look the candidates up in the prompt
    inputs = tokenizer(f"Summarize:\n{req.prompt}", return_tensors="pt").to(DEVICE)
    out = model.generate(**inputs, prompt_lookup_num_tokens=10, max_new_tokens=req.max_new_tokens)
    return {"text": tokenizer.decode(out[0, inputs.input_ids.shape[1]:], skip_special_tokens=True)}
