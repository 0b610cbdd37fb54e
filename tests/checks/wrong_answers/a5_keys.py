"""Wrong ways to let an encoder follow, to keep a queue, and to compare with it."""

import itertools

import torch

# ------------------------------------------------------------------------ momentum_update


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


MOMENTUM_UPDATE = {
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

# ------------------------------------------------------------------------ enqueue_dequeue


def ring(
    *,
    copy=True,
    cut=True,
    start=lambda place, size, count: place,
    write=lambda queue, rows, keys: queue.index_copy(0, rows, keys),
    after=lambda place, size, count: (place + count) % size,
    order=lambda keys: keys,
    result=lambda queue, place: (queue, place),
):
    """The right way, with one or more of its parts changed."""

    def answer(queue, place, keys):
        size, count = len(queue), len(keys)
        rows = (start(place, size, count) + torch.arange(count)) % size
        keys = order(keys.detach() if cut else keys)
        if copy:
            renewed = write(queue, rows, keys)
        else:
            queue[rows] = keys
            renewed = queue
        return result(renewed, after(place, size, count))

    return answer


def _sliced(queue, place, keys):
    queue = queue.clone()
    queue[place : place + len(keys)] = keys.detach()
    return queue, (place + len(keys)) % len(queue)


def _indexed(queue, place, keys):
    queue = queue.clone()
    queue[place + torch.arange(len(keys))] = keys.detach()
    return queue, (place + len(keys)) % len(queue)


def _cut_off(queue, place, keys):
    queue = queue.clone()
    room = min(len(keys), len(queue) - place)
    queue[place : place + room] = keys[:room].detach()
    return queue, (place + len(keys)) % len(queue)


def _cut_off_to_zero(queue, place, keys):
    queue, _ = _cut_off(queue, place, keys)
    after = place + len(keys)
    return queue, after if after < len(queue) else 0


def _start_again(queue, place, keys):
    if place + len(keys) > len(queue):
        place = 0
    return _sliced(queue, place, keys)


def _not_cut_in_place(queue, place, keys):
    queue = queue.clone()
    for number, key in enumerate(keys):
        queue[(place + number) % len(queue)] = key
    return queue, (place + len(keys)) % len(queue)


def _shift(queue, place, keys):
    return torch.cat([queue[len(keys) :], keys.detach()]), place


def _loop_in_place(queue, place, keys):
    for key in keys.detach():
        queue[place] = key
        place = (place + 1) % len(queue)
    return queue, place


ENQUEUE_DEQUEUE = {
    "queue_grows": [
        ring(write=lambda queue, rows, keys: torch.cat([queue, keys])),
        ring(write=lambda queue, rows, keys: torch.cat([keys, queue])),
    ],
    "shifted": [
        _shift,
        ring(write=lambda queue, rows, keys: torch.cat([queue[len(keys) :], keys])),
        ring(write=lambda queue, rows, keys: torch.cat([keys, queue[: -len(keys)]])),
    ],
    "always_from_the_start": [
        ring(start=lambda *_: 0),
        ring(start=lambda *_: 0, after=lambda place, size, count: count % size),
    ],
    "place_not_moved": [ring(after=lambda place, size, count: place)],
    "place_moved_by_one": [ring(after=lambda place, size, count: (place + 1) % size)],
    "place_past_the_end": [ring(after=lambda place, size, count: place + count)],
    "place_back_to_zero": [
        ring(after=lambda place, size, count: place + count if place + count < size else 0)
    ],
    "lost_at_the_end": [_cut_off, _cut_off_to_zero],
    "stopped_at_the_end": [_sliced, _indexed],
    "started_again_when_full": [_start_again],
    "keys_reversed": [ring(order=lambda keys: keys.flip(0))],
    "written_one_late": [ring(start=lambda place, size, count: place + 1)],
    "added_not_replaced": [
        ring(write=lambda queue, rows, keys: queue.index_add(0, rows, keys)),
    ],
    "newest_replaced": [ring(start=lambda place, size, count: place - count)],
    "gradient_kept": [ring(cut=False), _not_cut_in_place],
    "written_in_place": [ring(copy=False), _loop_in_place],
    "queue_only": [ring(result=lambda queue, place: queue)],
}

# ---------------------------------------------------------------------------- moco_logits


def parts(q, k, u):
    return (q * k.detach()).sum(1, keepdim=True), q @ u.detach().T


def joined(own, others):
    return torch.cat([own, others], dim=1)


def logits(q, k, u, t):
    return joined(*parts(q, k, u)) / t


def _all_keys(q, k, u, t):
    return joined(q @ k.detach().T, q @ u.detach().T) / t


def _own_last(q, k, u, t):
    own, others = parts(q, k, u)
    return torch.cat([others, own], dim=1) / t


def _over_the_batch(q, k, u, t):
    own = (q * k.detach()).sum(0)[:, None]
    return joined(own.expand(-1, 1)[: len(q)], q @ u.detach().T) / t


def _over_everything(q, k, u, t):
    own = (q * k.detach()).sum().expand(len(q), 1)
    return joined(own, q @ u.detach().T) / t


def _mean(q, k, u, t):
    return joined((q * k.detach()).mean(1, keepdim=True), q @ u.detach().T) / t


def _one_part(first):
    def answer(q, k, u, t):
        own, others = parts(q, k, u)
        return joined(own / t, others) if first else joined(own, others / t)

    return answer


def _distances(q, k, u, t):
    own = (q - k.detach()).norm(dim=1, keepdim=True)
    return -joined(own, torch.cdist(q, u.detach())) / t


def _squared_distances(q, k, u, t):
    own = ((q - k.detach()) ** 2).sum(1, keepdim=True)
    return -joined(own, ((q[:, None] - u.detach()) ** 2).sum(2)) / t


MOCO_LOGITS = {
    "all_keys_of_the_batch": [
        _all_keys,
        lambda q, k, u, t: q @ torch.cat([k, u]).detach().T / t,
    ],
    "own_key_last": [_own_last],
    "own_key_missing": [lambda q, k, u, t: q @ u.detach().T / t],
    "queue_missing": [
        lambda q, k, u, t: parts(q, k, u)[0] / t,
        lambda q, k, u, t: q @ k.detach().T / t,
    ],
    "summed_over_the_batch": [_over_the_batch, _over_everything],
    "mean_instead_of_sum": [_mean],
    "temperature_forgotten": [lambda q, k, u, t: logits(q, k, u, 1.0)],
    "temperature_multiplied": [lambda q, k, u, t: logits(q, k, u, 1.0) * t],
    "temperature_on_one_part": [_one_part(True), _one_part(False)],
    "softmax_taken": [
        lambda q, k, u, t: logits(q, k, u, t).softmax(1),
        lambda q, k, u, t: logits(q, k, u, t).log_softmax(1),
    ],
    "exponential_taken": [lambda q, k, u, t: logits(q, k, u, t).exp()],
    "keys_compared_with_queue": [
        lambda q, k, u, t: joined(parts(q, k, u)[0], k.detach() @ u.detach().T) / t,
        lambda q, k, u, t: joined(parts(q, k, u)[0], k @ u.T) / t,
    ],
    "gradient_into_keys": [
        lambda q, k, u, t: joined((q * k).sum(1, keepdim=True), q @ u.T) / t,
        lambda q, k, u, t: joined((q * k).sum(1, keepdim=True), q @ u.detach().T) / t,
        lambda q, k, u, t: joined((q * k.detach()).sum(1, keepdim=True), q @ u.T) / t,
    ],
    "queries_detached": [
        lambda q, k, u, t: logits(q.detach(), k, u, t),
        lambda q, k, u, t: logits(q, k, u, t).detach(),
        lambda q, k, u, t: joined(parts(q.detach(), k, u)[0], parts(q, k, u)[1]) / t,
    ],
    "distance_for_dot_product": [_distances, _squared_distances],
    "sign_flipped": [lambda q, k, u, t: -logits(q, k, u, t)],
}
