#!/bin/bash
# One big chat model, one small autocomplete model; both pulled from the Hub.
export LLAMA_CACHE=/var/cache/llama
trap 'kill 0' EXIT

llama-server -hf unsloth/Qwen3-32B-GGUF:Q4_K_XL -hfd unsloth/Qwen3-0.6B-GGUF:Q8_0 \
  -ngl 99 -ngld 99 --draft-max 8 --jinja --port 9001 &

llama-server --hf-repo-draft "ggml-org/Qwen2.5-Coder-0.5B-Q8_0-GGUF" \
  --hf-repo "ggml-org/Qwen2.5-Coder-7B-Q8_0-GGUF" \
  --port 9002 -ub 1024 -b 1024 --ctx-size 0 --cache-reuse 256 &

# embeddings need no drafter
llama-server -hf ggml-org/bge-m3-Q8_0-GGUF --embedding --port 9003 &

wait -n
