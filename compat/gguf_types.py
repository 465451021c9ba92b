"""What is known of GGUF files, as data.

Source: llama.cpp of 2026-08 (`ggml.h`, `llama.h`, `src/llama-arch.cpp`) and the gguf package 0.19.0 (`constants.py`).
What is in none of these tables is an unknown, never a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from types import MappingProxyType

from .weights import Tensor

# Type of a tensor → its name, how many elements a block of it has, and how many bytes.
_TENSORS = """
    0:F32:1:4 1:F16:1:2 2:Q4_0:32:18 3:Q4_1:32:20 6:Q5_0:32:22 7:Q5_1:32:24 8:Q8_0:32:34 9:Q8_1:32:40 10:Q2_K:256:84
    11:Q3_K:256:110 12:Q4_K:256:144 13:Q5_K:256:176 14:Q6_K:256:210 15:Q8_K:256:292 16:IQ2_XXS:256:66 17:IQ2_XS:256:74
    18:IQ3_XXS:256:98 19:IQ1_S:256:50 20:IQ4_NL:32:18 21:IQ3_S:256:110 22:IQ2_S:256:82 23:IQ4_XS:256:136 24:I8:1:1
    25:I16:1:2 26:I32:1:4 27:I64:1:8 28:F64:1:8 29:IQ1_M:256:56 30:BF16:1:2 31:Q4_0_4_4:32:18 32:Q4_0_4_8:32:18
    33:Q4_0_8_8:32:18 34:TQ1_0:256:54 35:TQ2_0:256:66 39:MXFP4:32:17 40:NVFP4:64:36 41:Q1_0:128:18
"""
_ROWS = tuple(row.split(":") for row in _TENSORS.split())
TENSOR_NAMES: Mapping[int, str] = MappingProxyType({int(number): name for number, name, _, _ in _ROWS})
BLOCKS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {name: (int(elements), int(size)) for _, name, elements, size in _ROWS}
)

# `general.file_type` → the quantisation that it stands for; of the plain types there is none.
_FILES = """
    2:Q4_0 3:Q4_1 4:Q4_1 7:Q8_0 8:Q5_0 9:Q5_1 10:Q2_K 11:Q3_K_S 12:Q3_K_M 13:Q3_K_L 14:Q4_K_S 15:Q4_K_M 16:Q5_K_S
    17:Q5_K_M 18:Q6_K 19:IQ2_XXS 20:IQ2_XS 21:Q2_K_S 22:IQ3_XS 23:IQ3_XXS 24:IQ1_S 25:IQ4_NL 26:IQ3_S 27:IQ3_M 28:IQ2_S
    29:IQ2_M 30:IQ4_XS 31:IQ1_M 33:Q4_0_4_4 34:Q4_0_4_8 35:Q4_0_8_8 36:TQ1_0 37:TQ2_0 38:MXFP4 39:NVFP4 40:Q1_0
"""
FILE_TYPES: Mapping[int, str] = MappingProxyType(
    {int(number): name for number, _, name in (row.partition(":") for row in _FILES.split())}
)
UNQUANTIZED = frozenset({"F64", "F32", "F16", "BF16", "I8", "I16", "I32", "I64"})

# `general.architecture` of models that read from left to right.
CAUSAL = frozenset(
    """
    afmoe apertus arcee arctic arwkv7 baichuan bailingmoe bailingmoe2 bitnet bloom chameleon chatglm codeshell cogvlm
    cohere2 cohere2moe command-r dbrx deci deepseek deepseek2 deepseek2-ocr deepseek32 deepseek4 dots1 ernie4_5
    ernie4_5-moe exaone exaone-moe exaone4 falcon falcon-h1 gemma gemma2 gemma3 gemma3n gemma4 glm-dsa glm4 glm4moe
    gpt-oss gpt2 gptj gptneox granite granitehybrid granitemoe grok grovemoe hunyuan-dense hunyuan-moe hunyuan_vl hy_v3
    internlm2 jais jais2 jamba kimi-linear laguna lfm2 lfm2moe llama llama4 maincoder mamba mamba2 mellum mimo2 minicpm
    minicpm3 minimax-m2 mistral3 mistral4 mpt nemotron nemotron_h nemotron_h_moe olmo olmo2 olmoe openelm orion
    paddleocr pangu-embedded phi2 phi3 phimoe plamo plamo2 plamo3 plm qwen qwen2 qwen2moe qwen2vl qwen3 qwen35 qwen35moe
    qwen3moe qwen3next qwen3vl qwen3vlmoe refact rwkv6 rwkv6qwen2 rwkv7 seed_oss smallthinker smollm3 stablelm starcoder
    starcoder2 step35 talkie xverse
    """.split()
)
ENCODERS = frozenset(
    """
    bert eurobert gemma-embedding jina-bert-v2 jina-bert-v3 llama-embed modern-bert neo-bert nomic-bert nomic-bert-moe
    t5encoder
    """.split()
)
ENCODER_DECODERS = frozenset({"t5"})
# They denoise a whole text at once, so that there is no next token to verify (`llm_arch_is_diffusion`).
DIFFUSION = frozenset({"dream", "llada", "llada-moe", "rnd1"})
# Parts of a model, which draft for one target alone: architecture → method.
HEADS: Mapping[str, str] = MappingProxyType({"dflash": "dflash", "eagle3": "eagle3", "gemma4-assistant": "assistant"})

# Their layers fold the past into a state (`llm_arch_is_recurrent`, `llm_arch_is_hybrid`).
STATEFUL = frozenset(
    """
    arwkv7 deepseek4 falcon-h1 granitehybrid jamba kimi-linear lfm2 lfm2moe mamba mamba2 nemotron_h nemotron_h_moe
    plamo2 qwen35 qwen35moe qwen3next rwkv6 rwkv6qwen2 rwkv7
    """.split()
)


def size_of(tensor: Tensor) -> int | None:
    """Bytes of a tensor: whole blocks in every row; None where the type is not known."""
    if tensor.dtype not in BLOCKS:
        return None
    elements, size = BLOCKS[tensor.dtype]
    width = tensor.shape[-1] if tensor.shape else 1
    return prod(tensor.shape[:-1]) * (-(-width // elements)) * size
