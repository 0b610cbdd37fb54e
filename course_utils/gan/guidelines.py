"""A linter for generators and discriminators: which of the DCGAN guidelines does a network break?

Radford, Metz and Chintala, "Unsupervised Representation Learning with Deep Convolutional
Generative Adversarial Networks", ICLR 2016, the box in section 3, which is the lecture's slide.
The modules are read in the order in which they were registered, which for an ``nn.Sequential``
is the order of the data. What a hand-written ``forward`` calls as a function (``F.relu``,
``F.max_pool2d``) cannot be seen; the linter says so where it finds no activation at all.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import nn

from course_utils.gan.dcgan import GUIDELINES

POOLS = (
    *(nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d),
    *(nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, nn.LPPool2d, nn.FractionalMaxPool2d),
    *(nn.MaxUnpool2d, nn.Upsample, nn.UpsamplingNearest2d, nn.UpsamplingBilinear2d),
)
STRIDED = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
FRACTIONAL = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
ACTIVATIONS = (
    *(nn.ReLU, nn.LeakyReLU, nn.Tanh, nn.Sigmoid, nn.ELU, nn.SELU, nn.GELU, nn.SiLU, nn.PReLU),
    *(nn.Softplus, nn.ReLU6, nn.Hardtanh, nn.CELU, nn.Mish),
)


class Finding(NamedTuple):
    """A broken guideline: its name in `GUIDELINES`, where it is broken, and why it matters."""

    guideline: str
    where: str
    words: str

    def __str__(self) -> str:
        return f"{GUIDELINES[self.guideline]}: {self.words} ({self.where})"


class _Layer(NamedTuple):
    name: str
    module: nn.Module

    def __str__(self) -> str:
        return f"{self.name or 'the network'}: {type(self.module).__name__}"


def lint_generator(network: nn.Module) -> list[Finding]:
    """Guidelines that a generator breaks, in the lecture's order; empty when it keeps them all.

    Source: Radford et al. 2016, section 3.

    Raises:
        ValueError: when it is no module, or holds neither a convolution nor a linear layer.
    """
    layers = _layers_of(network)
    found = [
        _broken("strided", layer, "let a fractionally-strided convolution do the enlarging")
        for layer in layers
        if isinstance(layer.module, POOLS)
    ]
    convolutions = _of(layers, STRIDED + FRACTIONAL)
    if convolutions and not _of(layers, FRACTIONAL) and not found:
        found.append(_broken("strided", convolutions[0], "nothing in it enlarges the maps"))
    found += _norm_findings(layers, skip_first=False)
    found += _hidden_findings(layers, allowed_first=True)
    return found + _generator_activations(layers)


def lint_discriminator(network: nn.Module) -> list[Finding]:
    """Guidelines that a discriminator breaks, in the lecture's order; empty when it keeps all.

    Source: Radford et al. 2016, section 3. A ``Sigmoid`` at the very end is no fault: it turns
    the logit into D(x).

    Raises:
        ValueError: when it is no module, or holds neither a convolution nor a linear layer.
    """
    layers = _layers_of(network)
    found = [
        _broken("strided", layer, "let a convolution with stride 2 do the halving")
        for layer in layers
        if isinstance(layer.module, POOLS)
    ]
    convolutions = _of(layers, STRIDED)
    if convolutions and not found and not any(_stride(c.module) > 1 for c in convolutions):
        found.append(_broken("strided", convolutions[0], "no convolution has a stride above 1"))
    found += _norm_findings(layers, skip_first=True)
    found += _hidden_findings(layers, allowed_first=False)
    return found + _discriminator_activations(layers)


# ------------------------------------------------------------------ one guideline each


def _norm_findings(layers: list[_Layer], skip_first: bool) -> list[Finding]:
    """Batch normalisation after every product but the last (and, in D, the first)."""
    products = [k for k, layer in enumerate(layers) if _is_product(layer.module)]
    between = products[1:-1] if skip_first else products[:-1]
    found = []
    for k in between:
        following = [layer.module for layer in layers[k + 1 :]]
        until = next(i for i, m in enumerate(following) if _is_product(m))
        if isinstance(layers[k].module, nn.Linear) and isinstance(following[until], nn.Linear):
            continue  # hidden and fully connected: another guideline's fault
        if not any(isinstance(m, NORMS) for m in following[:until]):
            found.append(_broken("batch_norm", layers[k], "no batch normalisation follows it"))
    return found


def _hidden_findings(layers: list[_Layer], allowed_first: bool) -> list[Finding]:
    """Only the projection of z (first in G) and the last product of D may be linear layers."""
    products = [layer for layer in layers if _is_product(layer.module)]
    allowed = products[0] if allowed_first else products[-1]
    return [
        _broken("convolutional", layer, "a fully connected layer inside the network")
        for layer in products
        if isinstance(layer.module, nn.Linear) and layer is not allowed
    ]


def _generator_activations(layers: list[_Layer]) -> list[Finding]:
    activations = _of(layers, ACTIVATIONS)
    if not activations:
        words = "no activation module found (functions called in forward cannot be seen)"
        return [_broken("relu_tanh", layers[-1], words)]
    last = max(k for k, layer in enumerate(layers) if _is_product(layer.module))
    output = [a for a in activations if layers.index(a) > last]
    hidden = [a for a in activations if layers.index(a) < last]
    found = [
        _broken("relu_tanh", a, "hidden layers of a generator use ReLU")
        for a in hidden
        if not isinstance(a.module, nn.ReLU)
    ]
    if not hidden and sum(_is_product(layer.module) for layer in layers) > 1:
        found.append(_broken("relu_tanh", layers[last], "no ReLU between its layers"))
    if not (len(output) == 1 and isinstance(output[0].module, nn.Tanh)):
        place = output[0] if output else layers[last]
        found.append(_broken("relu_tanh", place, "the output must go through Tanh"))
    return found


def _discriminator_activations(layers: list[_Layer]) -> list[Finding]:
    last = max(k for k, layer in enumerate(layers) if _is_product(layer.module))
    activations = [
        layer
        for k, layer in enumerate(layers)
        if isinstance(layer.module, ACTIVATIONS)
        and not (k > last and isinstance(layer.module, nn.Sigmoid))
    ]
    if not activations and sum(_is_product(layer.module) for layer in layers) > 1:
        words = "no activation module found (functions called in forward cannot be seen)"
        return [_broken("leaky", layers[-1], words)]
    return [
        _broken("leaky", a, "all layers of a discriminator use LeakyReLU")
        for a in activations
        if not isinstance(a.module, nn.LeakyReLU) or a.module.negative_slope <= 0
    ]


# ------------------------------------------------------------------ small helpers


def _layers_of(network: nn.Module) -> list[_Layer]:
    if not isinstance(network, nn.Module):
        raise ValueError(f"a network must be a torch.nn.Module, not {type(network).__name__}.")
    leaves = [
        _Layer(name, module)
        for name, module in network.named_modules(remove_duplicate=False)
        if not list(module.children()) or hasattr(module, "parametrizations")
    ]
    leaves = [leaf for leaf in leaves if "parametrizations" not in leaf.name]
    if not any(_is_product(leaf.module) for leaf in leaves):
        raise ValueError("the network holds neither a convolution nor a linear layer.")
    return leaves


def _of(layers: list[_Layer], kinds: tuple[type, ...]) -> list[_Layer]:
    return [layer for layer in layers if isinstance(layer.module, kinds)]


def _is_product(module: nn.Module) -> bool:
    return isinstance(module, (nn.Linear, *STRIDED, *FRACTIONAL))


def _stride(module: nn.Module) -> int:
    return max(module.stride)


def _broken(guideline: str, layer: _Layer, words: str) -> Finding:
    return Finding(guideline, str(layer), words)
