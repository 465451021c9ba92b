#!/bin/zsh
# Mac Studio: OpenAI-compatible server on :8081, plus a one-off generation
source ~/.venvs/mlx/bin/activate
sudo sysctl iogpu.wired_limit_mb=110000

python -m mlx_lm.server \
  --model mlx-community/Qwen2.5-Coder-32B-Instruct-8bit \
  --draft-model='mlx-community/Qwen2.5-Coder-0.5B-Instruct-4bit' \
  --num-draft-tokens 4 \
  --host 127.0.0.1 --port 8081 --log-level INFO &

# without a drafter, for the comparison
mlx_lm.generate --model mlx-community/QwQ-32B-4bit --max-tokens 512 \
  --num-draft-tokens 3 --prompt - < prompt.txt

mlx_lm.generate --prompt - --model mlx-community/QwQ-32B-4bit \
  --draft-model "${1:?give a draft model}" --max-tokens 512 < prompt.txt
