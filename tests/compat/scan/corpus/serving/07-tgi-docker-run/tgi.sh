#!/bin/bash
# Text Generation Inference for the summariser.
# Medusa heads (text-generation-inference/Mistral-7B-Instruct-v0.2-medusa) were tried and dropped in May.
model=mistralai/Mistral-7B-Instruct-v0.3
volume=$PWD/data

docker run --gpus all --shm-size 1g -p 8080:80 \
    -e HF_TOKEN="$HF_TOKEN" \
    -v "$volume:/data" \
    ghcr.io/huggingface/text-generation-inference:3.0.1 \
    --model-id $model \
    --max-input-tokens 7168 \
    --max-total-tokens 8192 \
    --speculate 3
