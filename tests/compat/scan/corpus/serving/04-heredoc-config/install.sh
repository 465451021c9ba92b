#!/bin/sh
# Installs the vLLM config on an inference node.
set -e

MODEL_ROOT=/srv/models
TARGET="$MODEL_ROOT/Mistral-Large-Instruct-2411"
DRAFT="$MODEL_ROOT/Mistral-7B-Instruct-v0.3"

install -d -m 0755 /etc/vllm

cat > /etc/vllm/config.yaml <<EOF
model: ${TARGET}
served-model-name: mistral-large
tensor-parallel-size: 8
max-model-len: 32768
speculative-config: '{"model": "${DRAFT}", "method": "draft_model", "num_speculative_tokens": 5, "draft_tensor_parallel_size": 1}'
EOF

cat > /etc/default/vllm <<'EOF'
HF_HUB_OFFLINE=1
VLLM_NO_USAGE_STATS=1
EOF

systemctl daemon-reload
systemctl restart vllm
echo "done: vllm serve --config /etc/vllm/config.yaml"
