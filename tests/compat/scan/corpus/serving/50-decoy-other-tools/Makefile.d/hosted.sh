#!/usr/bin/env bash
# Hosted deployments and document jobs. No engine is started on our side.
set -euo pipefail

# Fireworks: their own control plane
firectl deployment create accounts/fireworks/models/llama-v3p3-70b-instruct \
  --draft-model="accounts/fireworks/models/llama-v3p2-1b-instruct" \
  --draft-token-count=4

# pull request for the changed quota
gh pr create --draft --title "raise quota" --body-file pr.md

# smoke test against the endpoint
vllm bench serve \
  --backend openai-chat \
  --base-url "$FIREWORKS_URL" \
  --endpoint /v1/chat/completions \
  --model accounts/acme/deployedModels/llama-70b \
  --tokenizer meta-llama/Llama-3.3-70B-Instruct \
  --dataset-name random --num-prompts 20
