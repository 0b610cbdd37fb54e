"""Wrong and right answers to momentum_update."""

import itertools

import torch
from torch import nn


def writing(new_key, new_query=None, no_grad=True, which=lambda name: True):
    """A function that sets both encoders' parameters from (key, query, momentum)."""

    def answer(key_encoder, query_encoder, momentum):
        pairs = zip(key_encoder.named_parameters(), query_encoder.parameters(), strict=True)
        with torch.set_grad_enabled(not no_grad):
            for (name, key), query in pairs:
                if not which(name):
                    continue
                old_key, old_query = key.clone(), query.clone()
                if new_key is not None:
                    key.copy_(new_key(old_key, old_query, momentum))
                if new_query is not None:
                    query.copy_(new_query(old_key, old_query, momentum))

    return answer


def right(k, q, m):
    return m * k + (1 - m) * q


def _local_name(key_encoder, query_encoder, momentum):
    for key, query in zip(key_encoder.parameters(), query_encoder.parameters(), strict=True):
        key = momentum * key + (1 - momentum) * query


def _state_forgotten(key_encoder, query_encoder, momentum):
    state, other = key_encoder.state_dict(), query_encoder.state_dict()
    return {name: right(state[name], other[name], momentum) for name in state}


def _shared(key_encoder, query_encoder, momentum):
    for key, query in zip(key_encoder.parameters(), query_encoder.parameters(), strict=True):
        key.data = query.data


def _first_only(key_encoder, query_encoder, momentum):
    pairs = zip(key_encoder.parameters(), query_encoder.parameters(), strict=True)
    with torch.no_grad():
        for key, query in itertools.islice(pairs, 2):
            key.lerp_(query, 1 - momentum)


def _graph_in_place(key_encoder, query_encoder, momentum):
    for key, query in zip(key_encoder.parameters(), query_encoder.parameters(), strict=True):
        key.mul_(momentum).add_(query, alpha=1 - momentum)


WRONG = {
    "momentum_swapped": [writing(lambda k, q, m: (1 - m) * k + m * q)],
    "query_moved_instead": [
        writing(None, right),
        writing(None, lambda k, q, m: m * q + (1 - m) * k),
    ],
    "both_moved": [
        writing(right, lambda k, q, m: right(k, q, m)),
        writing(right, lambda k, q, m: m * q + (1 - m) * k),
    ],
    "copied": [
        writing(lambda k, q, m: q),
        lambda k, q, m: k.load_state_dict(q.state_dict()) and None,
    ],
    "nothing_written": [_local_name, _state_forgotten, lambda k, q, m: None],
    "query_added": [writing(lambda k, q, m: k + (1 - m) * q)],
    "shrunk_only": [writing(lambda k, q, m: m * k)],
    "query_added_whole": [writing(lambda k, q, m: m * k + q)],
    "plain_average": [writing(lambda k, q, m: (k + q) / 2)],
    "wrong_direction": [
        writing(lambda k, q, m: k - (1 - m) * (q - k)),
        writing(lambda k, q, m: m * k - (1 - m) * q),
    ],
    "weights_only": [writing(right, which=lambda name: "weight" in name)],
    "first_layer_only": [writing(right, which=lambda name: name[0] == "0"), _first_only],
    "graph_kept": [writing(right, no_grad=False), _graph_in_place],
    "memory_shared": [_shared],
}


def _follow_lerp(key_encoder, query_encoder, momentum):
    with torch.no_grad():
        for key, query in zip(key_encoder.parameters(), query_encoder.parameters(), strict=True):
            key.lerp_(query, 1 - momentum)


def _follow_data(key_encoder, query_encoder, momentum):
    for key, query in zip(key_encoder.parameters(), query_encoder.parameters(), strict=True):
        key.data = key.data * momentum + query.data * (1.0 - momentum)


@torch.no_grad()
def _follow_mul_add(key_encoder, query_encoder, momentum):
    for key, query in zip(key_encoder.parameters(), query_encoder.parameters(), strict=True):
        key.mul_(momentum).add_(query, alpha=1 - momentum)


def _follow_state(key_encoder, query_encoder, momentum):
    state, other = key_encoder.state_dict(), query_encoder.state_dict()
    mixed = {name: momentum * state[name] + (1 - momentum) * other[name] for name in state}
    key_encoder.load_state_dict(mixed)


def _follow_foreach(key_encoder, query_encoder, momentum):
    keys = list(key_encoder.parameters())
    queries = [query.detach() for query in query_encoder.parameters()]
    torch._foreach_mul_(keys, momentum)
    torch._foreach_add_(keys, queries, alpha=1 - momentum)
    return key_encoder


def _follow_vector(key_encoder, query_encoder, momentum):
    key, query = (
        nn.utils.parameters_to_vector(each.parameters()).detach()
        for each in (key_encoder, query_encoder)
    )
    mixed = key + (1 - momentum) * (query - key)
    nn.utils.vector_to_parameters(mixed, key_encoder.parameters())


RIGHT = {
    "lerp": _follow_lerp,
    "data": _follow_data,
    "mul and add": _follow_mul_add,
    "state_dict": _follow_state,
    "foreach": _follow_foreach,
    "one long vector": _follow_vector,
}


# What the first variant of each mistake earns.
MARKS = {
    "momentum_swapped": 0,
    "query_moved_instead": 0,
    "both_moved": 2.25,
    "copied": 0,
    "nothing_written": 0,
    "query_added": 0,
    "shrunk_only": 0,
    "query_added_whole": 0,
    "plain_average": 0,
    "wrong_direction": 0,
    "weights_only": 0,
    "first_layer_only": 0,
    "graph_kept": 2.5,
    "memory_shared": 0,
}
