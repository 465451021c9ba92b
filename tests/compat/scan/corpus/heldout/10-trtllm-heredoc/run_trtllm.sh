#!/bin/bash
# DGX Spark: Llama 3.3 70B (FP4) with an 8B draft
set -e

IMAGE=nvcr.io/nvidia/tensorrt-llm/release:1.1.0
CACHE=$HOME/.cache/huggingface

mkdir -p "$CACHE"

docker run --rm -it --gpus all --ipc host --network host \
  -e HF_TOKEN="$HF_TOKEN" \
  -v "$CACHE":/cache/huggingface \
  "$IMAGE" bash -c '
    hf download nvidia/Llama-3.1-8B-Instruct-FP4 --local-dir /opt/draft/Llama-3.1-8B-Instruct-FP4

    cat > /tmp/extra.yml <<EOF
print_iter_log: false
disable_overlap_scheduler: true
speculative_config:
  decoding_type: DraftTarget
  max_draft_len: 4
  speculative_model_dir: /opt/draft/Llama-3.1-8B-Instruct-FP4
kv_cache_config:
  enable_block_reuse: false
EOF

    trtllm-serve nvidia/Llama-3.3-70B-Instruct-FP4 \
      --backend pytorch --tp_size 1 \
      --max_batch_size 1 \
      --kv_cache_free_gpu_memory_fraction 0.9 \
      --extra_llm_api_options /tmp/extra.yml
  '
