"""Self-supervision on sequences: the next token of a text, the next sample of a sound.

Both are one idea: ``p(x) = prod_t p(x_t | x_<t)``, a classification of what comes next, with
the sequence as its own label. GPT-3 (Brown et al. 2020) reads the past by causal attention,
WaveNet (van den Oord et al. 2016) by dilated causal convolutions; here both in miniature and
with the same loss.

Tokens are integers, ``(n, time)``; a model returns logits ``(n, time, vocabulary)``, those at t
for the token at t + 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

Tokens = Int[Tensor, "n time"]
Logits = Float[Tensor, "n time vocabulary"]
Generator = torch.Generator | None


def next_token_loss(logits: Logits, tokens: Tokens) -> Float[Tensor, ""]:
    """Returns ``-mean_t log p(x_{t+1} | x_1 .. x_t)`` in nats a token.

    The last logits have no label and the first token is never predicted.

    Raises:
        ValueError: when shapes disagree or there are fewer than two tokens.
    """
    if logits.ndim != 3 or logits.shape[:2] != tokens.shape or tokens.shape[1] < 2:
        raise ValueError(
            f"expected logits (n, time, vocabulary) and tokens (n, time >= 2), got "
            f"{tuple(logits.shape)} and {tuple(tokens.shape)}"
        )
    return F.cross_entropy(logits[:, :-1].flatten(end_dim=1), tokens[:, 1:].flatten())


# --------------------------------------------------------------------------------- text


class Alphabet:
    """The characters of a text and their numbers, in sorted order.

    Raises:
        ValueError: when the text is empty.
    """

    def __init__(self, text: str) -> None:
        if not text:
            raise ValueError("an alphabet needs a text to read its characters from")
        self.characters = "".join(sorted(set(text)))
        self._numbers = {character: k for k, character in enumerate(self.characters)}

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> Int[Tensor, " time"]:
        """Returns the number of each character.

        Raises:
            ValueError: when a character was not in the alphabet's text.
        """
        unknown = sorted(set(text) - set(self.characters))
        if unknown:
            raise ValueError(f"the alphabet does not have {unknown}")
        return torch.tensor([self._numbers[character] for character in text], dtype=torch.long)

    def decode(self, tokens: Int[Tensor, " time"]) -> str:
        """Returns the text of numbers."""
        return "".join(self.characters[int(token)] for token in tokens)


class CausalBlock(nn.Module):
    """Causal self-attention and a two-layer network, each added to what came in."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_network = nn.LayerNorm(width), nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.join = nn.Linear(width, width)
        self.network = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, hidden: Float[Tensor, "n time width"]) -> Float[Tensor, "n time width"]:
        """Returns new features; those at t depend on inputs up to t only."""
        split = self.queries_keys_values(self.before_attention(hidden)).chunk(3, dim=-1)
        queries, keys, values = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in split
        )
        mixed = F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        hidden = hidden + self.join(mixed.transpose(1, 2).flatten(start_dim=2))
        return hidden + self.network(self.before_network(hidden))


class CausalTransformer(nn.Module):
    """GPT in miniature: tokens and their places, causal blocks, logits of the next token.

    Raises:
        ValueError: when ``width`` is not a multiple of ``heads``.
    """

    def __init__(
        self, vocabulary: int, width: int = 64, heads: int = 4, layers: int = 2, context: int = 64
    ) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"width {width} must be a multiple of the {heads} heads")
        self.context = context
        self.token, self.place = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.blocks = nn.ModuleList([CausalBlock(width, heads) for _ in range(layers)])
        self.final = nn.LayerNorm(width)
        self.output = nn.Linear(width, vocabulary, bias=False)
        for embedding in (self.token, self.place):
            nn.init.normal_(embedding.weight, std=0.02)

    def features(self, tokens: Tokens) -> Float[Tensor, "n time width"]:
        """Returns what the network knows after each token: what a probe reads.

        Raises:
            ValueError: when there are more tokens than the context holds.
        """
        if tokens.shape[1] > self.context:
            raise ValueError(f"the context holds {self.context} tokens, got {tokens.shape[1]}")
        places = torch.arange(tokens.shape[1], device=tokens.device)
        hidden = self.token(tokens) + self.place(places)
        for block in self.blocks:
            hidden = block(hidden)
        return self.final(hidden)

    def forward(self, tokens: Tokens) -> Logits:
        """Returns the logits of the next token after each token."""
        return self.output(self.features(tokens))


# -------------------------------------------------------------------------------- sound


def mu_law_encode(signal: Float[Tensor, "*any"], levels: int = 256) -> Int[Tensor, "*any"]:
    """Returns the level of each sample: ``sign(x) ln(1 + mu |x|) / ln(1 + mu)``, mu = levels - 1.

    The ear hears ratios; quiet samples get finer levels than loud ones.

    Source: ITU-T G.711; van den Oord et al. (2016), section 2.2, 256 levels. Samples are in
    [-1, 1] (beyond, they are clamped); levels are 0 to ``levels - 1``.
    """
    mu = levels - 1
    signal = signal.clamp(-1, 1)
    pressed = signal.sign() * torch.log1p(mu * signal.abs()) / math.log1p(mu)
    return ((pressed + 1) / 2 * mu + 0.5).floor().long()


def mu_law_decode(tokens: Int[Tensor, "*any"], levels: int = 256) -> Float[Tensor, "*any"]:
    """Returns the sample of each level: ``sign(y) ((1 + mu)^|y| - 1) / mu``."""
    mu = levels - 1
    pressed = 2 * tokens.float() / mu - 1
    return pressed.sign() * torch.expm1(pressed.abs() * math.log1p(mu)) / mu


def receptive_field(kernel_size: int, dilations: Sequence[int]) -> int:
    """Returns how many samples the last output sees: ``1 + (kernel - 1) * sum of dilations``.

    Doubling the dilation doubles the field per layer: ten layers of 1, 2, .. 512 see 1024.
    """
    return 1 + (kernel_size - 1) * sum(dilations)


class CausalConvolution(nn.Conv1d):
    """A convolution over time that sees the present and the past: it pads on the left only."""

    def forward(self, inputs: Float[Tensor, "n inputs time"]) -> Float[Tensor, "n outputs time"]:
        """Returns as many samples as came in; output t reads inputs t, t - d, t - 2d, ..."""
        past = self.dilation[0] * (self.kernel_size[0] - 1)
        return super().forward(F.pad(inputs, (past, 0)))


class GatedLayer(nn.Module):
    """WaveNet's layer: ``tanh(W_f * x) sigmoid(W_g * x)``, added to x and sent to the output."""

    def __init__(self, channels: int, kernel_size: int, dilation: int) -> None:
        super().__init__()
        self.both = CausalConvolution(channels, 2 * channels, kernel_size, dilation=dilation)
        self.residual, self.skip = (
            nn.Conv1d(channels, channels, 1),
            nn.Conv1d(channels, channels, 1),
        )

    def forward(
        self, hidden: Float[Tensor, "n channels time"]
    ) -> tuple[Float[Tensor, "n channels time"], Float[Tensor, "n channels time"]]:
        """Returns what goes to the next layer and what goes to the output."""
        filtered, gate = self.both(hidden).chunk(2, dim=1)
        gated = torch.tanh(filtered) * torch.sigmoid(gate)
        return hidden + self.residual(gated), self.skip(gated)


class WaveNet(nn.Module):
    """Predicts the next mu-law level of a sound from a stack of dilated causal convolutions.

    Source: van den Oord et al. (2016), figures 3 and 4.
    """

    def __init__(
        self,
        levels: int = 256,
        channels: int = 32,
        dilations: Sequence[int] = (1, 2, 4, 8, 16, 32, 64),
        kernel_size: int = 2,
    ) -> None:
        super().__init__()
        self.field = receptive_field(kernel_size, dilations)
        self.level = nn.Embedding(levels, channels)
        self.layers = nn.ModuleList(
            [GatedLayer(channels, kernel_size, dilation) for dilation in dilations]
        )
        self.mix, self.output = nn.Linear(channels, channels), nn.Linear(channels, levels)

    def features(self, tokens: Tokens) -> Float[Tensor, "n time channels"]:
        """Returns what the network knows after each sample: what a probe reads."""
        hidden = self.level(tokens).transpose(1, 2)
        total = torch.zeros_like(hidden)
        for layer in self.layers:
            hidden, skip = layer(hidden)
            total = total + skip
        return F.relu(total).transpose(1, 2)

    def forward(self, tokens: Tokens) -> Logits:
        """Returns the logits of the next level after each sample."""
        return self.output(F.relu(self.mix(self.features(tokens))))


def draw_tones(
    count: int, time: int, rate: float = 8000.0, generator: Generator = None
) -> tuple[Float[Tensor, "n time"], Float[Tensor, " n"]]:
    """Returns synthetic tones in [-1, 1] and their pitches in hertz.

    Each is a fundamental between 200 and 800 Hz, its log uniform, with two weaker overtones,
    random phases, loudness and a little noise. ``rate`` is in samples a second.
    """
    device = generator.device if generator is not None else "cpu"
    unit = torch.rand(count, 8, generator=generator, device=device)
    pitch = 200 * 4 ** unit[:, 0]
    seconds = torch.arange(time, device=device) / rate
    overtones = torch.arange(1, 4, device=device)
    phase = 2 * math.pi * (pitch[:, None, None] * seconds * overtones[:, None])
    phase = phase + 2 * math.pi * unit[:, 1:4, None]
    strength = torch.cat([torch.ones_like(unit[:, :1]), unit[:, 4:6] / 2], dim=1)
    signal = (strength[:, :, None] * phase.sin()).sum(dim=1)
    loudness = 0.3 + 0.6 * unit[:, 6:7]
    signal = loudness * signal / signal.abs().amax(dim=1, keepdim=True)
    noise = torch.randn(signal.shape, generator=generator, device=device)
    return (signal + 0.005 * noise).clamp(-1, 1), pitch


# ----------------------------------------------------------------------------- sampling


@torch.no_grad()
def continue_sequence(
    model: Callable[[Tokens], Logits],
    start: Tokens,
    steps: int,
    context: int,
    temperature: float = 1.0,
    generator: Generator = None,
) -> Int[Tensor, "n longer"]:
    """Draws the next token from the model, appends it, and so on, ``steps`` times.

    Args:
        context: how many of the last tokens the model is shown. A transformer that was trained
            on windows of T tokens was asked at T - 1 places only; show it no more than that.
        temperature: logits are divided by it; near 0 the likeliest token is always taken.

    Raises:
        ValueError: when the temperature is not positive or the start is empty.
    """
    if temperature <= 0 or start.shape[1] == 0:
        raise ValueError("need a positive temperature and at least one token to start from")
    tokens = start
    for _ in range(steps):
        logits = model(tokens[:, -context:])[:, -1] / temperature
        chance = torch.softmax(logits, dim=-1)
        drawn = torch.multinomial(
            chance.to(generator.device) if generator is not None else chance,
            1,
            generator=generator,
        )
        tokens = torch.cat([tokens, drawn.to(tokens)], dim=1)
    return tokens
