#!/bin/sh
# Qwen2.5-Coder with a 0.5B drafter on the 3090.
#
# Was, until the second card went back:
#   llama-server -m /mnt/nvme/models/qwq-32b-q4_k_m.gguf -md /mnt/nvme/models/qwen2.5-0.5b-q8_0.gguf
set -eu

cd "$(dirname "$0")"
[ -x ./build/bin/llama-server ] || { echo "build llama.cpp first" >&2; exit 1; }
mkdir -p logs

exec ./build/bin/llama-server \
    -m /mnt/nvme/models/Qwen2.5-Coder-32B-Instruct-Q4_K_M.gguf \
    -c 32768 -ngl 99 -fa \
    -md /mnt/nvme/models/Qwen2.5-Coder-0.5B-Instruct-Q8_0.gguf \
    -cd 32768 -ngld 99 \
    --draft-max 16 --draft-min 4 --draft-p-min 0.4 \
    --device CUDA0 --device-draft CUDA0 \
    --host 127.0.0.1 --port 8012 2>>logs/server.log
