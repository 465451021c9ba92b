#!/bin/bash
set -ex
export HF_HUB_ENABLE_HF_TRANSFER=1
TARGET=nvidia/Llama-3.3-70B-Instruct-FP8
DRAFT_DIR=/opt/models/Llama-3.1-8B-Instruct-FP8

hf download nvidia/Llama-3.1-8B-Instruct-FP8 --local-dir "$DRAFT_DIR"
hf download $TARGET

cat > /tmp/extra-llm-api-config.yml <<EOF
print_iter_log: false
disable_overlap_scheduler: true
speculative_config:
  decoding_type: DraftTarget
  max_draft_len: 4
  speculative_model_dir: $DRAFT_DIR
kv_cache_config:
  enable_block_reuse: false
  free_gpu_memory_fraction: 0.85
EOF

exec trtllm-serve $TARGET \
  --backend pytorch --tp_size 2 \
  --max_batch_size 1 \
  --extra_llm_api_options /tmp/extra-llm-api-config.yml \
  --host 0.0.0.0 --port 8355
