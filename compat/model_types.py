"""What is known of each model type, as data.

Source: the tables of transformers 5.23.0, `MODEL_FOR_CAUSAL_LM_MAPPING_NAMES` less the types that are encoders or have
an encoder, and the classes that set `_is_stateful` or keep convolution or linear-attention state in their cache. A
type in none of these sets is an unknown, never a guess.
"""

from __future__ import annotations

CAUSAL = frozenset(
    """
    afmoe apertus arcee aria_text axk1 axk2 bailing_hybrid bamba biogpt bitnet bloom codegen cohere cohere2
    cohere2_moe cohere_compass_text cpmant ctrl cwm dbrx deepseek_v2 deepseek_v3 deepseek_v32 deepseek_v4 diffllama
    doge dots1 dots3_note_text emu3 ernie4_5 ernie4_5_moe exaone4 exaone_moe falcon falcon_h1 falcon_mamba flex_olmo
    fuyu gemma gemma2 gemma3 gemma3_text gemma3n gemma3n_text gemma4 gemma4_text gemma4_unified gemma4_unified_text
    glm glm4 glm4_moe glm4_moe_lite glm_moe_dsa gpt-sw3 gpt2 gpt_bigcode gpt_neo gpt_neox gpt_neox_japanese gpt_oss
    gptj granite granite_swa granitemoe granitemoe_swa granitemoehybrid granitemoeshared helium hunyuan_v1_dense
    hunyuan_v1_moe hy_v3 hy_v4 hyperclovax inkling2_text inkling_text internlm3 iquestcoder jais2 jamba jetmoe
    kimi_linear laguna lfm2 lfm2_moe lfm3 llama llama4 llama4_text longcat_flash mamba mamba2 mellum mimo_v2_flash
    minicpm3 minimax minimax_m2 ministral ministral3 mistral mixtral mllama modernbert-decoder mpt nanochat nemotron
    nemotron_h olmo olmo2 olmo3 olmo_hybrid olmoe openai-gpt opt persimmon phi phi3 phi4_multimodal phimoe qwen2
    qwen2_moe qwen3 qwen3_5 qwen3_5_moe qwen3_5_moe_text qwen3_5_text qwen3_moe qwen3_next qwen4_exp qwen4_exp_text
    recurrent_gemma rwkv seed_oss smollm3 solar_open stablelm starcoder2 vaultgemma xglm xlstm youtu zamba zamba2 zaya
    """.split()
)

# Encoders that generate only where their config sets `is_decoder`.
ENCODERS = frozenset(
    """
    albert bert bert-generation big_bird camembert convbert data2vec-text deberta deberta-v2 distilbert electra ernie
    esm eurobert flaubert fnet funnel ibert layoutlm longformer luke megatron-bert mobilebert modernbert mpnet mra
    nomic_bert nystromformer perceiver rembert roberta roberta-prelayernorm roc_bert roformer squeezebert tapas xlm
    xlm-roberta xlm-roberta-xl xmod yoso
    """.split()
)

ENCODER_DECODERS = frozenset(
    """
    bart bigbird_pegasus blenderbot blenderbot-small encoder-decoder fsmt led longt5 m2m_100 marian mbart mt5 mvp
    nllb-moe pegasus pegasus_x plbart prophetnet seamless_m4t seamless_m4t_v2 speech-encoder-decoder switch_transformers
    t5 t5gemma t5gemma2 udop umt5 vision-encoder-decoder whisper
    """.split()
)

# Their layers fold the past into a state that a rejected draft cannot be taken out of again.
STATEFUL = frozenset(
    """
    bailing_hybrid bamba deepseek_v4 falcon_h1 falcon_mamba glm5_next granitemoehybrid inkling2_text inkling_text jamba
    kimi_linear lfm2 lfm2_moe lfm3 mamba mamba2 minicpm_ocr minicpmv4_6 minicpmv4_7 minimax nemotron_h nemotron_h_omni
    olmo_hybrid qwen3_5 qwen3_5_moe qwen3_5_moe_text qwen3_5_text qwen3_next qwen4_exp qwen4_exp_text recurrent_gemma
    rwkv xlstm zamba zamba2 zaya
    """.split()
)

# The same of a single layer, by its name in a config's `layer_types` (`DYNAMIC_LAYER_TYPE_MAPPING` of transformers,
# and the names that it had before).
STATEFUL_LAYERS = frozenset(
    """
    compressed_sparse_attention conv heavily_compressed_attention hybrid hybrid_sliding linear_attention mamba mamba2
    recurrent reference_sliding_attention
    """.split()
)
