#!/usr/bin/env bash
# usage: llama-modes.sh draft|hub|eagle|mtp|ngram
set -eo pipefail
M=/data/models
common="-ngl 99 -fa on --host 0.0.0.0 --port 8080 --jinja"

case "$1" in
  draft)
    llama-server $common -m /data/models/gemma-3-27b-it-q4_0.gguf \
      --spec-type draft-simple --spec-draft-model /data/models/gemma-3-1b-it-q8_0.gguf \
      --spec-draft-n-max 8 --spec-draft-ngl all
    ;;
  hub)
    llama-server $common -hf bartowski/Meta-Llama-3.1-8B-Instruct-GGUF:Q6_K \
      --spec-draft-hf bartowski/Llama-3.2-1B-Instruct-GGUF:Q6_K
    ;;
  eagle)
    llama-server $common --spec-type draft-eagle3 \
      -md /data/models/Qwen3-8B-EAGLE3-f16.gguf -m "/data/models/Qwen3-8B-Q8_0.gguf" --spec-draft-n-max 4
    ;;
  mtp)
    # the layers are in the same file
    llama-server $common -m $M/Qwen3.6-27B-MTP-Q4_K_M.gguf --spec-type draft-mtp --spec-draft-n-max 2
    ;;
  ngram)
    llama-server $common -m $M/gpt-oss-20b-mxfp4.gguf \
      --spec-type ngram-mod --spec-ngram-mod-n-match 24
    ;;
  *) sed -n 2p "$0"; exit 2 ;;
esac
