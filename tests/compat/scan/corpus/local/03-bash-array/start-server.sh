#!/usr/bin/env bash
set -euo pipefail

LLAMA_BIN=${LLAMA_BIN:-/opt/llama.cpp/build/bin}
MODEL_DIR=/srv/gguf
MODEL="$MODEL_DIR/Llama-3.3-70B-Instruct-Q4_K_M.gguf"
DRAFT='/srv/gguf/Llama-3.2-1B-Instruct-Q8_0.gguf'
#DRAFT='/srv/gguf/Llama-3.2-3B-Instruct-Q5_K_M.gguf'
CTX=16384

args=(
  --model "$MODEL"
  --ctx-size "$CTX"
  --n-gpu-layers 99
  --split-mode row          # two P40s
  --flash-attn
  --host 0.0.0.0 --port "${PORT:-8080}"
)

# speculative decoding
args+=(--model-draft "$DRAFT" --gpu-layers-draft 99)
args+=(--draft-max 12 --draft-min 2)

if [[ -n "${API_KEY:-}" ]]; then
  args+=(--api-key "$API_KEY")
fi

printf '%q ' "$LLAMA_BIN/llama-server" "${args[@]}"; echo
exec "$LLAMA_BIN/llama-server" "${args[@]}"
