#!/usr/bin/env bash
# cut a draft release of our llama.cpp build and smoke-test it
set -euo pipefail
VER=$(git describe --tags)
MODEL=models/stories15M-q4_0.gguf

cmake -B build -DGGML_CUDA=ON && cmake --build build -j --target llama-server llama-bench

./build/bin/llama-bench -m "$MODEL" -p 64 -n 32 -o md > bench.md
./build/bin/llama-cli -m "$MODEL" -n 16 -p "Once upon a time" -no-cnv

# no drafter that is small enough for stories15M:
# ./build/bin/llama-speculative-simple -m "$MODEL" -md models/stories260K-f32.gguf
./build/bin/llama-server -m "$MODEL" --model-draft "" --draft-max 16 --port 8099 &
pid=$!
curl -m 5 --retry 10 --retry-connrefused -s localhost:8099/health
kill $pid

git commit -am "bench: $VER" && git tag -m "draft model bench" "bench-$VER"
gh release create "$VER" build/bin/llama-server --draft --notes-file bench.md
