#!/usr/bin/env bash
# Warm the shared Hugging Face cache; the servers are started elsewhere.
set -euo pipefail
export HF_HUB_ENABLE_HF_TRANSFER=1
export HF_HOME=/mnt/hf

TARGETS=(
  Qwen/Qwen3-32B
  meta-llama/Llama-3.3-70B-Instruct
)
DRAFTS=(
  Qwen/Qwen3-0.6B
  meta-llama/Llama-3.2-1B-Instruct
  yuhuili/EAGLE3-LLaMA3.3-Instruct-70B
)

for m in "${TARGETS[@]}" "${DRAFTS[@]}"; do
  echo ">> $m"
  hf download "$m" --exclude "original/*" --exclude "*.pth"
done

# vllm serve Qwen/Qwen3-32B --speculative-config '{"model": "Qwen/Qwen3-0.6B", "num_speculative_tokens": 4}'
du -sh "$HF_HOME/hub"
