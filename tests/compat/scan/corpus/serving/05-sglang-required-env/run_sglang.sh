#!/usr/bin/env bash
# usage: DRAFT_MODEL=org/name ./run_sglang.sh
set -euo pipefail

: "${TP:=4}"
: "${PORT:=30000}"
TARGET_MODEL=${TARGET_MODEL:-Qwen/Qwen2.5-72B-Instruct}

if [ -z "${DRAFT_MODEL:-}" ]; then
    echo "DRAFT_MODEL is not set" >&2
    exit 2
fi

exec python3 -m sglang.launch_server \
    --model-path "$TARGET_MODEL" \
    --speculative-algorithm STANDALONE \
    --speculative-draft-model-path "$DRAFT_MODEL" \
    --speculative-num-steps 4 \
    --speculative-eagle-topk 1 \
    --speculative-num-draft-tokens 5 \
    --mem-fraction-static 0.75 \
    --tp "$TP" --host 0.0.0.0 --port "$PORT"
