#!/usr/bin/env bash
# launch.sh <target> <draft> [port]
set -e
target=$1
draft=$2
port=${3:-8080}

docker run --rm -d --gpus all --ipc=host \
  -v "$HOME/.cache/huggingface:/cache/huggingface" \
  -p "$port:8000" \
  --name "vllm-$port" \
  vllm/vllm-openai:v0.13.0 \
  --model "$target" \
  --spec-method draft_model \
  --spec-model "$draft" \
  --spec-tokens 4 \
  --gpu-memory-utilization 0.9
