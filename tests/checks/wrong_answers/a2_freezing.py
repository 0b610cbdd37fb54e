"""Wrong ways to freeze the first blocks of a network."""

from torch import nn


def trainable(network):
    return [parameter for parameter in network.parameters() if parameter.requires_grad]


def freezing(
    *,
    which=lambda network, count: network[:count],
    gradients=True,
    rest=True,
    result=lambda network, count: trainable(network),
):
    """The right way, with one or more of its parts changed."""

    def answer(network, count):
        frozen = which(network, count)
        if gradients:
            frozen.requires_grad_(False)
        if rest:
            frozen.eval()
        return result(network, count)

    return answer


def _attribute_of_the_block(network, count):
    for block in network[:count]:
        block.requires_grad = False
        block.eval()
    return list(network[count:].parameters())


def _attribute_of_the_block_filtered(network, count):
    for block in network[:count]:
        block.requires_grad = False
        block.eval()
    return trainable(network)


def _last(network, count):
    return network[len(network) - count :]


def _one_too_many(network, count):
    return network[: count + 1]


def _one_too_few(network, count):
    return network[: max(count - 1, 0)]


def _that_one(network, count):
    return network[count - 1 : count]


def _all_in_eval(network, count):
    network[:count].requires_grad_(False)
    network.eval()
    return trainable(network)


def _no_running_statistics(value):
    def answer(network, count):
        network[:count].requires_grad_(False)
        for part in network[:count].modules():
            if isinstance(part, nn.BatchNorm1d):
                if value == "momentum":
                    part.momentum = 0.0
                else:
                    part.track_running_stats = False
                    part.running_mean = part.running_var = None
        return trainable(network)

    return answer


def _linear_layers_only(network, count):
    for part in network[:count].modules():
        if not isinstance(part, nn.BatchNorm1d):
            part.eval()
            for parameter in part.parameters(recurse=False):
                parameter.requires_grad_(False)
    return trainable(network)


def _batch_norm_learns_on(network, count):
    network[:count].eval()
    for part in network[:count].modules():
        if isinstance(part, nn.Linear):
            part.requires_grad_(False)
    return trainable(network)


def _weights_only(network, count):
    network[:count].eval()
    for name, parameter in network[:count].named_parameters():
        if name.endswith("weight"):
            parameter.requires_grad_(False)
    return trainable(network)


FREEZE_FIRST_BLOCKS = {
    "batch_norm_still_updating": [
        freezing(rest=False),
        freezing(rest=False, result=lambda n, c: list(n[c:].parameters())),
    ],
    "eval_mode_only": [
        freezing(gradients=False, result=lambda n, c: trainable(n)),
        freezing(gradients=False, result=lambda n, c: list(n[c:].parameters())),
    ],
    "last_instead_of_first": [
        freezing(which=_last),
        freezing(which=_last, rest=False),
        freezing(which=_last, result=lambda n, c: list(n[: len(n) - c].parameters())),
    ],
    "others_frozen": [
        freezing(which=lambda n, c: n[c:]),
        freezing(which=lambda n, c: n[c:], rest=False),
    ],
    "one_block_too_many": [
        freezing(which=_one_too_many),
        freezing(which=_one_too_many, rest=False),
    ],
    "one_block_too_few": [
        freezing(which=_one_too_few),
        freezing(which=_one_too_few, rest=False),
    ],
    "that_block_only": [
        freezing(which=_that_one),
        freezing(which=lambda n, c: n[c] if c < len(n) else n[:0]),
    ],
    "whole_network_frozen": [
        freezing(which=lambda n, c: n),
        freezing(which=lambda n, c: n, rest=False),
    ],
    "whole_network_in_eval": [_all_in_eval],
    "attribute_of_the_block": [
        _attribute_of_the_block,
        _attribute_of_the_block_filtered,
    ],
    "batch_norm_left_out": [_linear_layers_only, _batch_norm_learns_on],
    "weights_only": [_weights_only],
    "batch_statistics_still_used": [
        _no_running_statistics("momentum"),
        _no_running_statistics("none"),
    ],
    "hands_over_everything": [
        freezing(result=lambda n, c: list(n.parameters())),
        freezing(rest=False, result=lambda n, c: list(n.parameters())),
    ],
    "hands_over_the_frozen": [
        freezing(result=lambda n, c: list(n[:c].parameters())),
        freezing(result=lambda n, c: [p for p in n.parameters() if not p.requires_grad]),
    ],
    "hands_over_nothing": [
        freezing(result=lambda n, c: None),
        freezing(rest=False, result=lambda n, c: None),
    ],
    "hands_over_blocks": [
        freezing(result=lambda n, c: n[c:]),
        freezing(result=lambda n, c: list(n[c:])),
        freezing(result=lambda n, c: n),
    ],
    "hands_over_copies": [
        freezing(result=lambda n, c: [p.detach() for p in trainable(n)]),
        freezing(result=lambda n, c: [p.data for p in trainable(n)]),
        freezing(result=lambda n, c: [p.clone() for p in trainable(n)]),
    ],
}
