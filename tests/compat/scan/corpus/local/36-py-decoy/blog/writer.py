"""Write a draft with a cheap model and polish it with a better one (no speculative decoding here)."""
from dataclasses import dataclass

from django.db import models
from openai import OpenAI
from transformers import AutoModelForCausalLM

client = OpenAI()


class Draft(models.Model):
    title = models.CharField(max_length=200)
    is_draft = models.BooleanField(default=True)


@dataclass
class Settings:
    draft_model: str = "gpt-4o-mini"
    assistant_model: str = "gpt-4o"


def write(topic, draft_model="gpt-4o-mini", assistant_model="gpt-4o"):
    first = client.chat.completions.create(
        model=draft_model, messages=[{"role": "user", "content": f"Draft a post about {topic}"}]
    ).choices[0].message.content
    assistant = client.beta.assistants.create(name="editor", model=assistant_model)
    return assistant.id, first


def score(text):
    scorer = AutoModelForCausalLM.from_pretrained("openai-community/gpt2")
    # assistant = AutoModelForCausalLM.from_pretrained("distilbert/distilgpt2")
    # scorer.generate(text, assistant_model=assistant)
    return scorer.generate(text, assistant_model=None, max_new_tokens=1)


write("speculative decoding", draft_model="gpt-4.1-nano")
