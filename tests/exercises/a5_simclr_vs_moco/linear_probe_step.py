"""Wrong and right answers to linear_probe_step."""

import torch
from torch import nn
from torch.nn import functional as F


def probing(
    *,
    mode=lambda encoder: encoder.eval(),
    cut=True,
    clear=True,
    order=("clear", "backward", "step"),
    loss_of=lambda linear, features, labels: F.cross_entropy(linear(features), labels),
    sign=1.0,
    features_of=lambda features: features,
    result=lambda loss, linear, features, labels: loss.detach(),
):
    """The right way, with one or more of its parts changed."""

    def answer(encoder, linear, optimiser, images, labels):
        mode(encoder)
        with torch.set_grad_enabled(not cut):
            features = features_of(encoder(images))
        loss = loss_of(linear, features, labels)
        actions = {
            "clear": optimiser.zero_grad,
            "backward": lambda: (sign * loss).backward(),
            "step": optimiser.step,
        }
        for name in order:
            if clear or name != "clear":
                actions[name]()
        return result(loss, linear, features, labels)

    return answer


def _train(encoder):
    encoder.train()


def _as_it_was(encoder):
    return encoder


WRONG = {
    "encoder_trained_too": [probing(cut=False)],
    "batch_statistics_move": [probing(mode=_as_it_was), probing(mode=_train)],
    "whole_network_trained": [
        probing(mode=_as_it_was, cut=False),
        probing(mode=_train, cut=False),
    ],
    "gradient_not_cleared": [probing(clear=False)],
    "nothing_learnt": [
        probing(order=("clear", "backward")),
        probing(order=("clear", "step", "backward")),
        probing(order=("backward", "clear", "step")),
    ],
    "step_before_backward": [probing(order=("step", "clear", "backward"))],
    "uphill": [
        probing(sign=-1.0),
        probing(sign=-1.0, result=lambda loss, *_: -loss.detach()),
    ],
    "softmax_before_cross_entropy": [
        probing(loss_of=lambda linear, x, y: F.cross_entropy(linear(x).softmax(1), y)),
        probing(loss_of=lambda linear, x, y: F.cross_entropy(linear(x).log_softmax(1).exp(), y)),
    ],
    "sum_instead_of_mean": [
        probing(loss_of=lambda linear, x, y: F.cross_entropy(linear(x), y, reduction="sum")),
    ],
    "accuracy_returned": [
        probing(result=lambda loss, linear, x, y: (linear(x).argmax(1) == y).double().mean()),
        probing(result=lambda loss, linear, x, y: linear(x).detach()),
        probing(result=lambda loss, *_: None),
    ],
    "loss_after_the_step": [
        probing(result=lambda loss, linear, x, y: F.cross_entropy(linear(x), y).detach()),
    ],
    "graph_returned": [probing(result=lambda loss, *_: loss)],
    "features_normalised": [
        probing(features_of=lambda features: F.normalize(features, dim=1)),
        probing(features_of=lambda features: (features - features.mean(0)) / features.std(0)),
    ],
}


def _step_no_grad(encoder, linear, optimiser, images, labels):
    encoder.eval()
    with torch.no_grad():
        features = encoder(images)
    loss = F.cross_entropy(linear(features), labels)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.detach()


def _step_detach(encoder, linear, optimiser, images, labels):
    optimiser.zero_grad()
    encoder.train(False)
    logits = linear(encoder(images).detach())
    loss = -logits.log_softmax(1)[torch.arange(len(labels)), labels].mean()
    loss.backward()
    optimiser.step()
    return loss.item()


def _step_frozen(encoder, linear, optimiser, images, labels):
    encoder.requires_grad_(False)
    encoder.eval()
    loss = nn.CrossEntropyLoss()(linear(encoder(images)), labels)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()
    return loss.detach().clone()


def _step_inference(encoder, linear, optimiser, images, labels):
    with torch.inference_mode():
        features = encoder.eval()(images)
    logits = linear(features.clone())
    loss = (torch.logsumexp(logits, 1) - logits.gather(1, labels[:, None])[:, 0]).mean()
    slopes = torch.autograd.grad(loss, list(linear.parameters()))
    for parameter, slope in zip(linear.parameters(), slopes, strict=True):
        parameter.grad = slope
    optimiser.step()
    return float(loss)


RIGHT = {
    "no_grad": _step_no_grad,
    "detach": _step_detach,
    "requires_grad off": _step_frozen,
    "inference mode, autograd.grad": _step_inference,
}


# What the first variant of each mistake earns.
MARKS = {
    "encoder_trained_too": 1.8,
    "batch_statistics_move": 0,
    "whole_network_trained": 0,
    "gradient_not_cleared": 2.6,
    "nothing_learnt": 1.8,
    "step_before_backward": 1.8,
    "uphill": 1.8,
    "softmax_before_cross_entropy": 0,
    "sum_instead_of_mean": 0,
    "accuracy_returned": 2.6,
    "loss_after_the_step": 2.6,
    "graph_returned": 2.8,
    "features_normalised": 0,
}
