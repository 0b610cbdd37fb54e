"""Right answers to assignment 2, written in different ways: `RIGHT[exercise][way]`."""

import itertools

import torch
from torch import nn
from torch.nn import functional as F

# ------------------------------------------------------------------ rotate_batch


def _turn_cat(images):
    pictures = torch.cat([torch.rot90(images, k, (2, 3)) for k in range(4)])
    return pictures, torch.arange(4).repeat_interleave(len(images))


def _turn_loop(images):
    pictures, labels = [], []
    for k in range(4):
        for picture in images:
            pictures.append(torch.rot90(picture, k, dims=(-2, -1)))
            labels.append(k)
    return torch.stack(pictures), torch.tensor(labels)


def _turn_flips(images):
    once = images.transpose(2, 3).flip(2)
    twice = images.flip((2, 3))
    thrice = images.flip(2).transpose(2, 3)
    labels = torch.arange(4)[:, None].expand(4, len(images)).reshape(-1)
    return [torch.cat([images, once, twice, thrice]), labels]


def _turn_again_and_again(images):
    copies = [images]
    for _ in range(3):
        copies.append(torch.rot90(copies[-1], dims=(2, 3)))
    return torch.stack(copies).flatten(0, 1), torch.arange(4 * len(images)) // len(images)


def _turn_pixels(images):
    n, channels, side, _ = images.shape
    pictures = torch.zeros(4, n, channels, side, side, dtype=images.dtype)
    for i, j in itertools.product(range(side), repeat=2):
        pictures[0, :, :, i, j] = images[:, :, i, j]
        pictures[1, :, :, i, j] = images[:, :, j, side - 1 - i]
        pictures[2, :, :, i, j] = images[:, :, side - 1 - i, side - 1 - j]
        pictures[3, :, :, i, j] = images[:, :, side - 1 - j, i]
    labels = torch.cat([torch.full((n,), k) for k in range(4)])
    return pictures.view(-1, channels, side, side), labels


ROTATE_BATCH = {
    "rot90, cat": _turn_cat,
    "loop over pictures": _turn_loop,
    "transpose and flip, a list": _turn_flips,
    "each from the one before": _turn_again_and_again,
    "pixel by pixel": _turn_pixels,
}

# ------------------------------------------------------------------ rotation_loss


def _loss_loop(logits, turns):
    total = 0.0
    for row, turn in zip(logits, turns, strict=True):
        total = total + torch.logsumexp(row, 0) - row[turn]
    return total / len(turns)


def _loss_one_hot(logits, turns):
    hot = torch.eye(4, dtype=logits.dtype)[turns]
    return -torch.einsum("nk,nk->", hot, logits.log_softmax(dim=1)) / len(logits)


def _loss_shifted(logits, turns):
    shifted = logits - logits.max(dim=1, keepdim=True).values
    right = shifted.gather(1, turns[:, None]).squeeze(1)
    return (shifted.exp().sum(dim=1).log() - right).mean()


ROTATION_LOSS = {
    "cross_entropy": lambda a, t: F.cross_entropy(a, t),
    "module": lambda a, t: nn.CrossEntropyLoss()(a, t),
    "nll of log_softmax": lambda a, t: F.nll_loss(F.log_softmax(a, dim=-1), t),
    "loop with logsumexp": _loss_loop,
    "one-hot, einsum": _loss_one_hot,
    "largest logit taken away": _loss_shifted,
    "float64": lambda a, t: F.cross_entropy(a.double(), t),
    "Categorical": lambda a, t: -torch.distributions.Categorical(logits=a).log_prob(t).mean(),
}

# ------------------------------------------------------------------ freeze_first_blocks


def _freeze_slice(network, count):
    network[:count].requires_grad_(False).eval()
    return list(network[count:].parameters())


def _freeze_loop(network, count):
    for block in network[:count]:
        block.eval()
        for parameter in block.parameters():
            parameter.requires_grad = False
    return [parameter for parameter in network.parameters() if parameter.requires_grad]


def _freeze_filter(network, count):
    for number, block in enumerate(network.children()):
        if number < count:
            block.train(False)
            block.requires_grad_(False)
    return filter(lambda parameter: parameter.requires_grad, network.parameters())


def _freeze_batch_norm(network, count):
    for part in network[:count].modules():
        if isinstance(part, nn.BatchNorm1d):
            part.eval()
        part.requires_grad_(False)
    return tuple(network[count:].parameters())


def _freeze_all_then_thaw(network, count):
    network.requires_grad_(False).eval()
    network[count:].requires_grad_(True).train()
    return [{"params": list(block.parameters())} for block in network[count:]]


def _freeze_generator(network, count):
    for index in range(count):
        network[index].requires_grad_(False)
        network[index].eval()
    others = range(count, len(network))
    return (parameter for k in others for parameter in network[k].parameters())


FREEZE_FIRST_BLOCKS = {
    "slice": _freeze_slice,
    "loop": _freeze_loop,
    "children, a filter": _freeze_filter,
    "batch norm alone in eval, a tuple": _freeze_batch_norm,
    "all, then thawed, in groups": _freeze_all_then_thaw,
    "by index, a generator": _freeze_generator,
}

# ------------------------------------------------------------------ label_budget


def _budget_by_class(labels, per_class, generator):
    chosen = []
    for label in labels.unique():
        rows = (labels == label).nonzero().flatten()
        if len(rows) < per_class:
            raise ValueError(f"class {label} has only {len(rows)} labels")
        chosen.append(rows[torch.randperm(len(rows), generator=generator)[:per_class]])
    return torch.cat(chosen)


def _budget_one_shuffle(labels, per_class, generator):
    order = torch.randperm(len(labels), generator=generator)
    chosen = [order[labels[order] == label][:per_class] for label in sorted(set(labels.tolist()))]
    if min(map(len, chosen)) < per_class:
        raise ValueError("too few")
    return torch.cat(chosen).sort().values


def _budget_multinomial(labels, per_class, generator):
    if int(labels.unique(return_counts=True)[1].min()) < per_class:
        raise ValueError("too few")
    weights = torch.stack([(labels == label).float() for label in labels.unique()])
    return weights.multinomial(per_class, generator=generator).flatten()


def _budget_quota(labels, per_class, generator):
    left = dict.fromkeys(labels.tolist(), per_class)
    chosen = []
    for row in torch.randperm(len(labels), generator=generator).tolist():
        if left[int(labels[row])] > 0:
            left[int(labels[row])] -= 1
            chosen.append(row)
    if any(left.values()):
        raise ValueError("too few")
    return torch.tensor(chosen)


def _budget_noise(labels, per_class, generator):
    classes, where = labels.unique(return_inverse=True)
    if int(torch.bincount(where).min()) < per_class:
        raise ValueError("too few")
    noise = torch.rand(len(labels), generator=generator)
    kept = [torch.where(where == k, noise, 2.0).argsort()[:per_class] for k in range(len(classes))]
    return torch.cat(kept)


LABEL_BUDGET = {
    "class by class": _budget_by_class,
    "one shuffle for all": _budget_one_shuffle,
    "multinomial": _budget_multinomial,
    "walk and count down": _budget_quota,
    "sorted noise": _budget_noise,
}

# ------------------------------------------------------------------ relative_patch_pair

STEPS = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]


def _pair_table(image, corner, place, side, gap, shift):
    down, right = STEPS[place]
    row = corner[0] + down * (side + gap) + shift[0]
    column = corner[1] + right * (side + gap) + shift[1]
    if not (0 <= row <= image.shape[1] - side and 0 <= column <= image.shape[2] - side):
        raise ValueError("the neighbour leaves the picture")
    centre = image[:, corner[0] : corner[0] + side, corner[1] : corner[1] + side]
    return centre, image[:, row : row + side, column : column + side]


def _pair_divmod(image, corner, place, side, gap, shift):
    down, right = divmod(place + (place > 3), 3)
    step = torch.tensor([down - 1, right - 1]) * (side + gap) + torch.tensor(shift)
    top, left = (torch.tensor(corner) + step).tolist()
    if min(top, left) < 0 or top + side > image.shape[1] or left + side > image.shape[2]:
        raise ValueError("outside")
    window = image.unfold(1, side, 1).unfold(2, side, 1)
    return [window[:, corner[0], corner[1]], window[:, top, left]]


def _pair_narrow(image, corner, place, side, gap, shift):
    cells = [cell for cell in itertools.product((-1, 0, 1), repeat=2) if cell != (0, 0)]
    move = [step * (side + gap) + more for step, more in zip(cells[place], shift, strict=True)]
    try:
        near = image.narrow(1, corner[0] + move[0], side) if corner[0] + move[0] >= 0 else None
        near = near.narrow(2, corner[1] + move[1], side) if corner[1] + move[1] >= 0 else None
        assert near is not None
    except (RuntimeError, AttributeError, AssertionError, IndexError):
        raise ValueError("outside") from None
    return image.narrow(1, corner[0], side).narrow(2, corner[1], side).clone(), near.double()


def _pair_indices(image, corner, place, side, gap, shift):
    def cut(top, left):
        rows, columns = torch.arange(top, top + side), torch.arange(left, left + side)
        for index, length in ((rows, image.shape[1]), (columns, image.shape[2])):
            if int(index[0]) < 0 or int(index[-1]) >= length:
                raise ValueError("outside")
        return image[:, rows][:, :, columns]

    row = (0, 0, 0, 1, 1, 2, 2, 2)[place] - 1
    column = (0, 1, 2, 0, 2, 0, 1, 2)[place] - 1
    far = side + gap
    return cut(*corner), cut(corner[0] + row * far + shift[0], corner[1] + column * far + shift[1])


RELATIVE_PATCH_PAIR = {
    "table of steps": _pair_table,
    "divmod, unfold": _pair_divmod,
    "narrow": _pair_narrow,
    "index vectors": _pair_indices,
}

RIGHT = {
    "rotate_batch": ROTATE_BATCH,
    "rotation_loss": ROTATION_LOSS,
    "freeze_first_blocks": FREEZE_FIRST_BLOCKS,
    "label_budget": LABEL_BUDGET,
    "relative_patch_pair": RELATIVE_PATCH_PAIR,
}
