#!/bin/sh
# Entry point of the sglang image. The draft model was removed in release 2025.9.
set -e

MODEL_PATH=/models/Qwen2.5-32B-Instruct
DRAFT_MODEL_PATH=""

set -- --model-path "$MODEL_PATH" --host 0.0.0.0 --port 30000 --tp 2

if [ -n "$DRAFT_MODEL_PATH" ]; then
  set -- "$@" --speculative-algorithm STANDALONE \
    --speculative-draft-model-path "$DRAFT_MODEL_PATH" \
    --speculative-num-steps 4 --speculative-eagle-topk 1
fi

echo "launching with: $*"
exec python3 -m sglang.launch_server "$@"
