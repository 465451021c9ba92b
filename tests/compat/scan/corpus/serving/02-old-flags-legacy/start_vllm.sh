#!/bin/bash
#SBATCH --job-name=llama-serve
#SBATCH --gres=gpu:4
#SBATCH --time=08:00:00
#SBATCH --output=logs/%x-%j.out

module load cuda/12.1
source ~/venvs/vllm-0.6/bin/activate

python -m vllm.entrypoints.openai.api_server \
    --model meta-llama/Meta-Llama-3.1-70B-Instruct \
    --served-model-name llama-70b \
    --tensor-parallel-size 4 \
    --speculative_model meta-llama/Llama-3.2-1B-Instruct \
    --num_speculative_tokens 5 \
    --speculative-draft-tensor-parallel-size 1 \
    --use-v2-block-manager \
    --port 8000 &

# MLP speculator from IBM for the base 3.0 model
python -m vllm.entrypoints.openai.api_server \
    --model=meta-llama/Meta-Llama-3-70B-Instruct \
    --speculative-model=ibm-ai-platform/llama3-70b-accelerator \
    --speculative-draft-tensor-parallel-size=1 \
    --tensor-parallel-size=4 \
    --port=8001 &

wait
