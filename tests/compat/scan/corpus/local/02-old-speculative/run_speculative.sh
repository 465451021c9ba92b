#!/usr/bin/env bash
# plain sampling against speculative sampling, 34B on a M2 Ultra
PROMPT="// Dijkstra in C++17, with a priority queue and a short main()\n\n#include"

make clean && LLAMA_METAL=1 make -j main speculative server

echo "== baseline =="
./main -m ./models/codellama-34b/ggml-model-f16.gguf -p "$PROMPT" \
  -e -ngl 1 -t 4 -n 256 -c 4096 -s 8 --top_k 1 2>&1 | tee base.txt

echo "== speculative =="
./speculative -m ./models/codellama-34b/ggml-model-f16.gguf -md ./models/codellama-7b/ggml-model-q4_0.gguf -p "$PROMPT" \
  -e -ngl 1 -t 4 -n 256 -c 4096 -s 8 --top_k 1 --draft 16 2>&1 | tee spec.txt

grep -h "tokens per second" base.txt spec.txt

# the newer, single-sequence example
CUDA_VISIBLE_DEVICES=0 ./llama-speculative-simple \
  --model-draft "$2" --model "${1:-./models/codellama-34b/ggml-model-q8_0.gguf}" \
  -f prompts/dfs.txt -n 512 --draft-max 8 --temp 0
