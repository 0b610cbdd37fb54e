"""Wrong and right answers to training_step."""

import torch
from torch.nn import functional as F


def stepping(clear=True, move=True, result=lambda loss: loss.detach()):
    def step(network, optimizer, inputs, targets):
        if clear:
            optimizer.zero_grad()
        loss = F.mse_loss(network(inputs), targets)
        loss.backward()
        if move:
            optimizer.step()
        return result(loss)

    return step


def _clear_afterwards(network, optimizer, inputs, targets):
    loss = (network(inputs) - targets).square().mean()
    loss.backward()
    optimizer.step()
    network.zero_grad()
    return loss.detach()


def _by_autograd(network, optimizer, inputs, targets):
    loss = (network(inputs) - targets).pow(2).mean()
    parameters = list(network.parameters())
    for parameter, slope in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = slope
    optimizer.step()
    return loss.detach()


def _closure(network, optimizer, inputs, targets):
    def closure():
        optimizer.zero_grad()
        loss = F.mse_loss(network(inputs), targets)
        loss.backward()
        return loss

    return optimizer.step(closure).detach()


WRONG = {
    "gradients_kept": [stepping(clear=False)],
    "step_forgotten": [stepping(move=False), stepping(clear=False, move=False)],
    "graph_returned": [stepping(result=lambda loss: loss)],
}

RIGHT = {
    "cleared first": stepping(),
    "cleared afterwards": _clear_afterwards,
    "torch.autograd.grad": _by_autograd,
    "closure": _closure,
}

# What the first variant of each mistake earns.
MARKS = {
    "gradients_kept": 2.1,
    "step_forgotten": 0.9,
    "graph_returned": 2.7,
}
