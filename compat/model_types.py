"""What is known of each model type, as data.

Source: the tables of transformers 5.23.0, `MODEL_FOR_CAUSAL_LM_MAPPING_NAMES` less the types that are encoders or have
an encoder, `MODEL_FOR_MULTIMODAL_LM_MAPPING_NAMES` less those and what needs an image or a sound to say anything, and
the classes that set `_is_stateful` or keep convolution or linear-attention state in their cache. A type in none of
these sets is an unknown, never a guess.
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

# Of these, the ones that also read images or sound. All but the last keep the language model's config in `text_config`.
MULTIMODAL = frozenset(
    """
    emu3 fuyu gemma3 gemma3n gemma4 gemma4_unified llama4 mllama qwen3_5 qwen3_5_moe qwen4_exp phi4_multimodal
    """.split()
)

# Models of images or sound around a causal language model, which writes the text. `AutoModelForCausalLM` loads none of
# them. The language model's own type, where the config gives it, has to be causal too.
WRAPPERS = frozenset(
    """
    aria aya_vision cohere2_vision cohere_compass deepseek_ocr2 deepseek_vl deepseek_vl_hybrid ernie4_5_vl_moe exaone4_5
    fast_vlm glm46v glm4v glm4v_moe glm5_next glm_ocr glmga granite4_vision granite_docling granite_speech
    granite_speech_plus hunyuan_vl hyperclovax_vision_v2 idefics2 idefics3 inkling2 inkling_mm_model internvl janus
    kimi_k25 lfm2_vl lfm3_vl lighton_ocr llava llava_next llava_next_video llava_onevision minicpm_ocr minicpmv4_6
    minicpmv4_7 minimax_m3_vl mistral3 mistral_large4 molmo2 muse_glimmer muse_spark nemotron_h_omni ovis2 paddleocr_vl
    paligemma perception_lm qianfan_ocr qwen2_5_omni qwen2_5_omni_thinker qwen2_5_vl qwen2_audio qwen2_vl qwen3_omni_moe
    qwen3_omni_moe_thinker qwen3_vl qwen3_vl_moe smolvlm step3p7 video_llama_3 video_llava vipllava voxtral
    """.split()
)

# Causal language models that come only inside such a wrapper.
WRAPPED = frozenset(
    """
    deepseek_ocr2_text emu3_text_model ernie4_5_vl_moe_text glm4v_moe_text glm4v_text glm5_next_text glm_ocr_text
    granite4_vision_text granite_docling_text hunyuan_vl_text minimax_m3_vl_text mistral_large4_text mllama_text_model
    molmo2_text muse_glimmer_text muse_spark_text paddleocr_vl_text qwen2_5_omni_text qwen2_5_vl_text qwen2_vl_text
    qwen3_omni_moe_text qwen3_vl_moe_text qwen3_vl_text step3p5
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

# Of these, the ones that have a class which generates (`MODEL_FOR_CAUSAL_LM_MAPPING_NAMES`): no setting makes a causal
# language model of the others.
DECODERS = frozenset(
    """
    bert bert-generation big_bird camembert data2vec-text electra ernie megatron-bert rembert roberta
    roberta-prelayernorm roc_bert roformer xlm xlm-roberta xlm-roberta-xl xmod
    """.split()
)

ENCODER_DECODERS = frozenset(
    """
    bart bigbird_pegasus blenderbot blenderbot-small encoder-decoder florence2 fsmt led longt5 m2m_100 marian mbart mt5
    mvp nllb-moe pegasus pegasus_x pix2struct plbart pp_formulanet prophetnet seamless_m4t seamless_m4t_v2
    speech-encoder-decoder switch_transformers t5 t5gemma t5gemma2 udop umt5 vision-encoder-decoder whisper
    """.split()
)

# Their layers fold the past into a state that a rejected draft cannot be taken out of again.
STATEFUL = frozenset(
    """
    bailing_hybrid bamba deepseek_v4 falcon_h1 falcon_mamba glm5_next glm5_next_text granitemoehybrid inkling2
    inkling2_text inkling_mm_model inkling_text jamba kimi_linear lfm2 lfm2_moe lfm2_vl lfm3 lfm3_vl mamba mamba2
    minicpm_ocr minicpmv4_6 minicpmv4_7 minimax nemotron_h nemotron_h_omni olmo_hybrid qwen3_5 qwen3_5_moe
    qwen3_5_moe_text qwen3_5_text qwen3_next qwen4_exp qwen4_exp_text recurrent_gemma rwkv xlstm zamba zamba2 zaya
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

# Their classes know no cache of the past at all: each step computes the whole text anew.
CACHELESS = frozenset({"openai-gpt"})

# Types whose classes do not tie the output head to the embedding where the config does not say (the defaults of
# transformers 5.23.0): without a head among the weights, loaders make one of random numbers.
UNTIED = frozenset(
    """
    afmoe apertus arcee aria_text axk1 axk2 bailing_hybrid bamba bitnet codegen cwm dbrx deepseek_v2 deepseek_v3
    deepseek_v32 deepseek_v4 diffllama doge dots1 dots3_note_text emu3 exaone4 exaone_moe falcon_h1 flex_olmo fuyu glm
    glm4 glm4_moe glm4_moe_lite glm_moe_dsa gpt_neox gpt_oss gptj granite granitemoe granitemoe_swa granitemoehybrid
    granitemoeshared helium hunyuan_v1_dense hunyuan_v1_moe hy_v3 hy_v4 hyperclovax internlm3 iquestcoder jais2 jamba
    kimi_linear laguna llama llama4 llama4_text longcat_flash mamba2 mellum mimo_v2_flash minimax minimax_m2 ministral
    ministral3 mistral mixtral nanochat nemotron nemotron_h olmo olmo2 olmo3 olmo_hybrid olmoe persimmon phi phi3
    phi4_multimodal phimoe qwen2 qwen2_moe qwen3 qwen3_5 qwen3_5_moe qwen3_5_moe_text qwen3_5_text qwen3_moe qwen3_next
    qwen4_exp qwen4_exp_text rembert rwkv seed_oss solar_open stablelm xlstm
    """.split()
)

# Classes that a config names and that predict no next token: a body without a head, or with a head for another task.
OTHER_TASKS = (
    r"\w+For(Sequence|Token)Classification|\w+ForQuestionAnswering|\w+For(Process)?RewardModel|\w*RewardModel"
    r"|\w+ForMaskedLM|\w+ForMultipleChoice|\w+ForNextSentencePrediction|\w+(?<!LMHead)(?<!DoubleHeads)Model"
)

# Heads that draft for the one target they were trained on, from its hidden states, by what names them: a model type, a
# key of the config, or a class. Sources: transformers 5.23.0, the speculative decoding models of vLLM's registry, and
# the configs that EAGLE, Medusa and DFlash write. `num_nextn_predict_layers` is no such key: a whole model has it that
# brings these layers along.
HEAD_TYPES = {
    "dflash": "dflash",
    "dspark": "dspark",
    "eagle": "eagle",
    "eagle3": "eagle3",
    "gemma4_assistant": "mtp",
    "gemma4_unified_assistant": "mtp",
    "hydra": "hydra",
    "medusa": "medusa",
    "mlp_speculator": "mlp-speculator",
    "muse_glimmer_assistant": "mtp",
}
HEAD_KEYS = {
    "dflash_config": "dflash",
    "eagle_config": "eagle",
    "medusa_num_heads": "medusa",
    "medusa_num_layers": "medusa",
}
HEAD_CLASSES = {
    r"DFlash\w*": "dflash",
    r"DSpark\w*": "dspark",
    r"Eagle3\w*(ForCausalLM|Speculator|Model)|\w+ForCausalLMEagle3": "eagle3",
    r"Eagle\w*(ForCausalLM|Speculator)|Eagle(DeepSeekMTP)?Model|EAGLEModel|\w+ForCausalLMEagle": "eagle",
    r"Hydra(Model|ForCausalLM)": "hydra",
    r"Medusa\w*": "medusa",
    r"MLPSpeculator\w*": "mlp-speculator",
    r"\w+MTP(Model|ForCausalLM)?": "mtp",
}
