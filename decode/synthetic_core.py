"""One small function written into two models of any shape, so that a drafter without training knows its target.

The *core* is a transformer of the two shapes' greatest common size. Every axis of a real weight is a whole number of
copies of the core's axis: what writes to an axis writes each copy alike, and what reads it takes the mean of the
copies. The residual stream of each model is then the core's, repeated; its norm is the core's norm, and no weight but
the queries named in `_write_layer` is zero. Layers past the shared ones are random cores of each model's own, their
outputs scaled by epsilon: at 0 both models are the core, and as epsilon grows they part.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel
from transformers.models.llama.modeling_llama import LlamaDecoderLayer
from transformers.models.qwen2.modeling_qwen2 import Qwen2DecoderLayer

from .synthetic_shapes import Shape, Sizes

Layer = LlamaDecoderLayer | Qwen2DecoderLayer
SHARED_LAYERS = 2
_SHARPNESS = 1.5  # spread of queries and keys: attention that picks few positions keeps greedy text from cycling


@dataclass(frozen=True, slots=True)
class Core:
    """The greatest common size of two shapes, and the numbers drawn for it.

    Attributes:
        hidden: width of the residual stream.
        inner: neurons of the feed-forward block.
        kv_heads: key and value heads.
        group: query heads to each.
        head: entries of a head; those of queries and keys are pairs turned by one angle (Su et al., 2021).
        generator: where weights are drawn from, on the models' device.
    """

    hidden: int
    inner: int
    kv_heads: int
    group: int
    head: int
    generator: torch.Generator

    @classmethod
    def common(cls, one: Sizes, other: Sizes, generator: torch.Generator) -> Core:
        """The core that fits both."""
        return cls(
            math.gcd(one.hidden_size, other.hidden_size),
            math.gcd(one.intermediate_size, other.intermediate_size),
            math.gcd(one.num_key_value_heads, other.num_key_value_heads),
            math.gcd(one.group, other.group),
            math.gcd(one.head_size, other.head_size),
            generator,
        )

    def draw(self, *shape: int, spread: float) -> Tensor:
        """Normal numbers, float32, on the generator's device."""
        return torch.randn(shape, generator=self.generator, device=self.generator.device).mul_(spread)

    def layer(self) -> CoreLayer:
        """A layer whose attention and feed-forward block each add about as much as an embedding holds."""
        width, pairs = self.hidden**-0.5, self.head // 2
        heads = (self.kv_heads, self.group)
        return CoreLayer(
            query=self.draw(*heads, 2, pairs, self.hidden, spread=_SHARPNESS * width),
            key=self.draw(self.kv_heads, 2, pairs, self.hidden, spread=_SHARPNESS * width),
            value=self.draw(self.kv_heads, self.head, self.hidden, spread=width),
            gate=self.draw(self.inner, self.hidden, spread=width),
            up=self.draw(self.inner, self.hidden, spread=width),
            attention_out=self.draw(self.hidden, *heads, self.head, spread=(math.prod(heads) * self.head) ** -0.5),
            feed_out=self.draw(self.hidden, self.inner, spread=2 * self.inner**-0.5),
        )


@dataclass(frozen=True, slots=True)
class CoreLayer:
    """One layer's weights, float32, at the core's size; axes as `Core.layer` draws them, reading axis last."""

    query: Tensor
    key: Tensor
    value: Tensor
    gate: Tensor
    up: Tensor
    attention_out: Tensor
    feed_out: Tensor


def write(
    shape: Shape, target: PreTrainedModel, drafter: PreTrainedModel, generator: torch.Generator
) -> Callable[[float], None]:
    """Writes all weights of two models, made by `unwritten`.

    Args:
        shape: what they were made for.
        target: its model.
        drafter: its model, on the same device.
        generator: on that device too.

    Returns:
        What writes the weights that depend on epsilon, which are unwritten until it is called.
    """
    core = Core.common(shape.target, shape.drafter, generator)
    sides: list[tuple[Any, Sizes]] = [(target, shape.target), (drafter, shape.drafter)]
    _write_ends(shape, core, [model for model, _ in sides])
    for index in range(SHARED_LAYERS):
        weights = core.layer()
        for model, sizes in sides:
            _write_layer(model.model.layers[index], sizes, core, weights)
            _write_outputs(model.model.layers[index], sizes, weights, 1)
    own = [(layer, sizes, core.layer()) for model, sizes in sides for layer in model.model.layers[SHARED_LAYERS:]]
    for layer, sizes, weights in own:
        _write_layer(layer, sizes, core, weights)

    def part(epsilon: float) -> None:
        for layer, sizes, weights in own:
            _write_outputs(layer, sizes, weights, epsilon)

    return part


def _write_ends(shape: Shape, core: Core, models: list[Any]) -> None:
    """Writes embeddings, output heads, norms and biases."""
    rows = max(shape.target.vocab_size, shape.drafter.vocab_size)
    embedding = core.draw(rows, core.hidden, spread=1)
    # The best of V normal logits stands level with all others at this spread: some 3 nats, and .4 for the best id.
    head = core.draw(rows, core.hidden, spread=math.sqrt(2 * math.log(rows) / core.hidden))
    head[shape.shared_rows :] *= 0.1  # padding, which a trained model hardly ever says
    for model in models:
        into = model.get_input_embeddings().weight
        _spread(into, embedding[: len(into)])
        into = model.get_output_embeddings().weight
        _spread(into, head[: len(into)], reads=into.shape[1] // core.hidden)
        for name, weight in model.named_parameters():
            if weight.dim() == 1:
                weight.fill_(0 if name.endswith("bias") else 1)


def _write_layer(layer: Layer, sizes: Sizes, core: Core, weights: CoreLayer) -> None:
    """Writes all of a layer but its two outputs.

    A head longer than the core's turns its pairs by more angles; the core's are every second (third ...) of them. The
    queries of the others are zero, so that whatever their keys hold counts for nothing.
    """
    copies = sizes.hidden_size // core.hidden
    stride = sizes.head_size // core.head
    pairs = (2, sizes.head_size // 2, sizes.hidden_size)
    attention, feed = layer.self_attn, layer.mlp

    query = attention.q_proj.weight.zero_().view(sizes.num_key_value_heads, sizes.group, *pairs)
    # The model divides by the root of its own head size.
    _spread(query[:, :, :, ::stride], weights.query * stride**0.5, reads=copies)
    key = attention.k_proj.weight
    if stride > 1:
        key.normal_(std=sizes.hidden_size**-0.5, generator=core.generator)
    _spread(key.view(sizes.num_key_value_heads, *pairs)[:, :, ::stride], weights.key, reads=copies)
    value = attention.v_proj.weight.view(sizes.num_key_value_heads, sizes.head_size, sizes.hidden_size)
    _spread(value, weights.value, reads=copies)
    _spread(feed.gate_proj.weight, weights.gate, reads=copies)
    _spread(feed.up_proj.weight, weights.up, reads=copies)


def _write_outputs(layer: Layer, sizes: Sizes, weights: CoreLayer, scale: float) -> None:
    """Writes what a layer adds to the residual stream, times `scale`."""
    out = layer.self_attn.o_proj.weight
    heads = out.view(sizes.hidden_size, sizes.num_key_value_heads, sizes.group, sizes.head_size)
    core_out = weights.attention_out
    _spread(heads, core_out * scale, reads=out.shape[1] // core_out[0].numel())
    down = layer.mlp.down_proj.weight
    _spread(down, weights.feed_out * scale, reads=down.shape[1] // weights.feed_out.shape[1])


def _spread(weight: Tensor, core: Tensor, *, reads: int = 1) -> None:
    """Fills a weight with copies of the core's, axis by axis, divided by how many copies it reads."""
    axes = list(zip(weight.shape, core.shape, strict=True))
    view = weight.view([size for real, small in axes for size in (real // small, small)])
    view.copy_((core / reads).view([size for small in core.shape for size in (1, small)]))
