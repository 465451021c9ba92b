#!/usr/bin/env bash
# Compare draft sizes for Qwen3-32B. Results go to results/<draft>.json
set -eu

TARGET=Qwen/Qwen3-32B
OUT=results
mkdir -p "$OUT"

for DRAFT in Qwen/Qwen3-0.6B Qwen/Qwen3-1.7B; do
  echo "=== $DRAFT ==="
  vllm serve "$TARGET" \
    --tensor-parallel-size 2 \
    --max-model-len 8192 \
    --speculative-config '{"method": "draft_model", "model": "'"$DRAFT"'", "num_speculative_tokens": 4}' \
    > "$OUT/$(basename "$DRAFT").server.log" 2>&1 &
  pid=$!

  until curl -sf localhost:8000/health > /dev/null; do sleep 5; done

  vllm bench serve --model "$TARGET" \
    --dataset-name sharegpt --dataset-path ShareGPT_V3.json \
    --num-prompts 200 --save-result \
    --result-filename "$OUT/$(basename "$DRAFT").json"

  kill "$pid"
  wait "$pid" || true
done
