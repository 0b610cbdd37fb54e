"""Wrong and right answers to freeze_first_blocks."""

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


WRONG = {
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


RIGHT = {
    "slice": _freeze_slice,
    "loop": _freeze_loop,
    "children, a filter": _freeze_filter,
    "batch norm alone in eval, a tuple": _freeze_batch_norm,
    "all, then thawed, in groups": _freeze_all_then_thaw,
    "by index, a generator": _freeze_generator,
}


# What the first variant of each mistake earns.
MARKS = {
    "batch_norm_still_updating": 2.5,
    "eval_mode_only": 1.5,
    "last_instead_of_first": 0.25,
    "others_frozen": 0,
    "one_block_too_many": 0,
    "one_block_too_few": 0,
    "that_block_only": 0,
    "whole_network_frozen": 0,
    "whole_network_in_eval": 3,
    "attribute_of_the_block": 2.75,
    "batch_norm_left_out": 1.5,
    "weights_only": 1.5,
    "batch_statistics_still_used": 3.5,
    "hands_over_everything": 3,
    "hands_over_the_frozen": 2.5,
    "hands_over_nothing": 3,
    "hands_over_blocks": 3,
    "hands_over_copies": 3,
}
