"""What the answers to several exercises of the assignment share."""

import torch


def cut_off(answer):
    """The right numbers in ways that no gradient survives."""

    def no_grad(*inputs):
        with torch.no_grad():
            return answer(*inputs)

    def listed(*inputs):
        return torch.tensor(answer(*inputs).tolist(), dtype=inputs[0].dtype)

    return [lambda *inputs: answer(*inputs).detach(), no_grad, listed]


def passed(alpha):
    """What reaches each sample: the right one."""
    return torch.cat([torch.ones_like(alpha[..., :1]), torch.cumprod(1 - alpha, -1)], -1)[..., :-1]


def weights(alpha):
    return alpha * passed(alpha)


def lengths_of(edges):
    return edges[1:] - edges[:-1]
