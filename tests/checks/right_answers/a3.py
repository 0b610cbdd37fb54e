"""Right answers to assignment 3, written in different ways: `RIGHT[exercise][way]`."""

import torch
from torch import nn
from torch.nn import functional as F

# ----------------------------------------------------------------------- normalise_lab


def _lab_by_one_scale(lab):
    shift = torch.tensor([50.0, 0.0, 0.0], dtype=lab.dtype).view(1, 3, 1, 1)
    scale = torch.tensor([50.0, 110.0, 110.0], dtype=lab.dtype).view(1, 3, 1, 1)
    scaled = (lab - shift) / scale
    return scaled[:, :1], scaled[:, 1:]


def _lab_by_loop(lab):
    pictures = [(picture[0] / 50 - 1, picture[1:] / 110) for picture in lab]
    return torch.stack([x for x, _ in pictures])[:, None], torch.stack([y for _, y in pictures])


def _lab_in_place_on_a_copy(lab):
    lab = lab.clone()
    lab[:, 0] = (lab[:, 0] - 50) / 50
    lab[:, 1:] /= 110
    return lab.split([1, 2], dim=1)


NORMALISE_LAB = {
    "slices": lambda lab: (lab[:, :1] / 50 - 1, lab[:, 1:] / 110),
    "one scale for all channels": _lab_by_one_scale,
    "loop": _lab_by_loop,
    "in place on a copy": _lab_in_place_on_a_copy,
    "float64, a list": lambda lab: [
        (lab[:, 0].double() - 50).div(50).unsqueeze(1),
        lab.double()[:, [1, 2]] / 110,
    ],
}

# ------------------------------------------------------------------------- quantise_ab


def _by_cdist(chroma, bins):
    return torch.cdist(chroma.permute(0, 2, 3, 1), bins[None]).argmin(dim=-1)


def _by_broadcast(chroma, bins):
    points = chroma.movedim(1, -1)
    return ((points[..., None, :] - bins) ** 2).sum(dim=-1).argmin(dim=-1)


def _by_channels_first(chroma, bins):
    # (n, 2, bins, h, w): no axis is moved.
    apart = chroma[:, :, None] - bins.T[None, :, :, None, None]
    return apart.norm(dim=1).min(dim=1).indices


def _by_expanded_square(chroma, bins):
    inner = torch.einsum("nchw,qc->nqhw", chroma.double(), bins.double())
    return (inner - (bins.double() ** 2).sum(1).view(1, -1, 1, 1) / 2).argmax(dim=1)


def _by_loop(chroma, bins):
    best = torch.full_like(chroma[:, 0], float("inf"))
    label = torch.zeros(chroma[:, 0].shape, dtype=torch.long)
    for number, (a, b) in enumerate(bins.tolist()):
        apart = torch.hypot(chroma[:, 0] - a, chroma[:, 1] - b)
        label[apart < best] = number
        best = torch.minimum(best, apart)
    return label


QUANTISE_AB = {
    "cdist": _by_cdist,
    "broadcast": _by_broadcast,
    "channels first": _by_channels_first,
    "expanded square, float64": _by_expanded_square,
    "loop over bins": _by_loop,
}

# ----------------------------------------------------------------- rebalancing_weights


def _weights(shares, uniform):
    weights = 1 / ((1 - uniform) * shares + uniform / len(shares))
    return weights / (shares * weights).sum()


def _weights_loop(shares, uniform):
    count = len(shares)
    raw = [1 / ((1 - uniform) * float(p) + uniform / count) for p in shares]
    mean = sum(float(p) * w for p, w in zip(shares, raw, strict=True))
    return torch.tensor([w / mean for w in raw])


def _weights_lerp(shares, uniform):
    even = torch.full_like(shares, 1 / shares.numel())
    weights = torch.lerp(shares, even, uniform).reciprocal()
    return weights / torch.dot(shares, weights)


def _weights_dirichlet(shares, uniform):
    # Both parts times Q: another factor, which the scaling removes.
    weights = 1 / (uniform + (1 - uniform) * shares.numel() * shares.double())
    return weights.div(torch.einsum("q,q->", shares.double(), weights))


def _weights_average(shares, uniform):
    weights = (shares * (1 - uniform) + torch.ones_like(shares) * uniform / shares.shape[0]) ** -1
    return weights / torch.sum(weights * shares / shares.sum())


REBALANCING_WEIGHTS = {
    "as written": _weights,
    "loop": _weights_loop,
    "lerp and dot": _weights_lerp,
    "times Q, float64": _weights_dirichlet,
    "power −1": _weights_average,
}

# ----------------------------------------------------------------------- annealed_mean


def _positive(temperature):
    if temperature <= 0:
        raise ValueError("the temperature must be positive")


def _mean_einsum(logits, bins, temperature):
    _positive(temperature)
    return torch.einsum("nqhw,qc->nchw", (logits / temperature).softmax(1), bins)


def _mean_matmul(logits, bins, temperature):
    _positive(temperature)
    weights = F.softmax(logits.permute(0, 2, 3, 1) / temperature, dim=-1)
    return (weights @ bins).permute(0, 3, 1, 2)


def _mean_of_logs(logits, bins, temperature):
    _positive(temperature)
    log_p = F.log_softmax(logits.double(), dim=1)
    weights = torch.softmax(log_p / temperature, dim=1)
    return (weights[:, :, None] * bins.double()[None, :, :, None, None]).sum(dim=1)


def _mean_by_hand(logits, bins, temperature):
    if not temperature > 0:
        raise ValueError("not positive")
    scaled = logits / temperature
    powers = torch.exp(scaled - scaled.amax(1, keepdim=True))
    weights = powers / powers.sum(1, keepdim=True)
    planes = [(weights * bins[:, k].view(1, -1, 1, 1)).sum(1) for k in range(2)]
    return torch.stack(planes, dim=1)


def _mean_loop(logits, bins, temperature):
    _positive(temperature)
    weights = torch.softmax(logits.mul(1 / temperature), dim=1)
    total = torch.zeros_like(logits[:, :2])
    for number, colour in enumerate(bins):
        total = total + weights[:, number, None] * colour.view(1, 2, 1, 1)
    return total


def _mean_convolution(logits, bins, temperature):
    _positive(temperature)
    return F.conv2d(torch.softmax(logits / temperature, 1), bins.T[:, :, None, None])


ANNEALED_MEAN = {
    "einsum": _mean_einsum,
    "matrix product": _mean_matmul,
    "of log probabilities, float64": _mean_of_logs,
    "softmax by hand": _mean_by_hand,
    "loop over bins": _mean_loop,
    "1 × 1 convolution": _mean_convolution,
}

# ------------------------------------------------------------------- pointer_attention


def _point_logsumexp(reference, target):
    scores = reference.transpose(1, 2) @ target
    return (scores - torch.logsumexp(scores, dim=1, keepdim=True)).exp()


def _point_loop(reference, target):
    clips = [torch.softmax(r.T @ t, dim=0) for r, t in zip(reference, target, strict=True)]
    return torch.stack(clips)


def _point_broadcast(reference, target):
    scores = (reference.double()[:, :, :, None] * target.double()[:, :, None]).sum(dim=1)
    return scores.softmax(dim=-2)


def _point_other_side(reference, target):
    scores = torch.bmm(target.transpose(1, 2), reference)
    return nn.Softmax(dim=2)(scores).transpose(1, 2)


POINTER_ATTENTION = {
    "einsum": lambda r, t: torch.softmax(torch.einsum("ndi,ndj->nij", r, t), dim=1),
    "logsumexp": _point_logsumexp,
    "loop over clips": _point_loop,
    "broadcast, float64": _point_broadcast,
    "softmax over the last axis, then transposed": _point_other_side,
}

# ------------------------------------------------------------------------ copy_colours


def _copy_loop(attention, colours):
    total = torch.zeros(*colours.shape[:2], attention.shape[2], dtype=attention.dtype)
    for i in range(attention.shape[1]):
        total = total + attention[:, i, None, :] * colours[:, :, i, None]
    return total


COPY_COLOURS = {
    "matrix product": lambda a, c: c @ a,
    "einsum": lambda a, c: torch.einsum("nij,nci->ncj", a, c),
    "bmm, transposed twice": lambda a, c: torch.bmm(a.mT, c.mT).mT,
    "broadcast": lambda a, c: (a[:, None] * c[..., None]).sum(dim=2),
    "loop over the reference": _copy_loop,
    "float64, colours as plain labels": lambda a, c: c.detach().double() @ a.double(),
}

RIGHT = {
    "normalise_lab": NORMALISE_LAB,
    "quantise_ab": QUANTISE_AB,
    "rebalancing_weights": REBALANCING_WEIGHTS,
    "annealed_mean": ANNEALED_MEAN,
    "pointer_attention": POINTER_ATTENTION,
    "copy_colours": COPY_COLOURS,
}
