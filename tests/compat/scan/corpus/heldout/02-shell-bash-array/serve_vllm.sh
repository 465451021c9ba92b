#!/usr/bin/env bash
# Launch the big model with speculative decoding.
#   DRAFT_MODEL=org/name ./serve_vllm.sh
set -euo pipefail

MODEL="${MODEL:-Qwen/Qwen2.5-72B-Instruct}"
: "${DRAFT_MODEL:?set DRAFT_MODEL to a model of the same family}"
: "${TP:=4}"
: "${PORT:=8000}"
SPEC_TOKENS="${SPEC_TOKENS:-5}"

ARGS=(
  serve "$MODEL"
  --host 0.0.0.0 --port "$PORT"
  --tensor-parallel-size "$TP"
  --gpu-memory-utilization 0.92
  --max-num-seqs 32
  --enable-prefix-caching
)
ARGS+=(--speculative-config "{\"model\":\"${DRAFT_MODEL}\",\"num_speculative_tokens\":${SPEC_TOKENS},\"draft_tensor_parallel_size\":1}")

# experiments: EXTRA="--async-scheduling"
if [ -n "${EXTRA:-}" ]; then
  read -r -a X <<<"$EXTRA"
  ARGS+=("${X[@]}")
fi

echo "[serve] $MODEL on :$PORT (tp=$TP)"
exec vllm "${ARGS[@]}"
