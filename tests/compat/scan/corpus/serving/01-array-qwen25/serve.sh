#!/usr/bin/env bash
# Start the coding assistant backend on the two A100s.
set -euo pipefail

export HF_HOME=/data/hf
export VLLM_LOGGING_LEVEL=INFO

MODEL="Qwen/Qwen2.5-Coder-32B-Instruct-AWQ"
DRAFT="Qwen/Qwen2.5-Coder-0.5B-Instruct"
# DRAFT="Qwen/Qwen2.5-Coder-1.5B-Instruct"   # slower in our measurements
K=6

args=(
  --host 0.0.0.0
  --port "${PORT:-8000}"
  --tensor-parallel-size 2
  --max-model-len 32768
  --gpu-memory-utilization 0.92
  --enable-prefix-caching
)

if [[ "${VLLM_API_KEY:-}" != "" ]]; then
  args+=(--api-key "$VLLM_API_KEY")
fi

args+=(--speculative-config "{\"method\": \"draft_model\", \"model\": \"${DRAFT}\", \"num_speculative_tokens\": ${K}}")

exec vllm serve "$MODEL" "${args[@]}" "$@"
