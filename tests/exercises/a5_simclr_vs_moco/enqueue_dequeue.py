"""Wrong and right answers to enqueue_dequeue."""

import torch


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


WRONG = {
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


def _queue_index(queue, place, keys):
    rows = (place + torch.arange(len(keys))) % len(queue)
    renewed = queue.clone()
    renewed[rows] = keys.detach()
    return renewed, (place + len(keys)) % len(queue)


def _queue_loop(queue, place, keys):
    renewed = queue.detach().clone()
    for key in keys.detach():
        renewed[place] = key
        place = place + 1
        if place == len(renewed):
            place = 0
    return renewed, place


def _queue_roll(queue, place, keys):
    turned = queue.roll(-place, dims=0)
    turned = torch.cat([keys.detach(), turned[len(keys) :]])
    return [turned.roll(place, dims=0), (place + len(keys)) % len(queue)]


def _queue_two_slices(queue, place, keys):
    with torch.no_grad():
        renewed, room = queue.clone(), len(queue) - place
        renewed[place : place + len(keys)] = keys[:room]
        renewed[: max(0, len(keys) - room)] = keys[room:]
    return renewed, torch.tensor((place + len(keys)) % len(queue))


@torch.no_grad()
def _queue_where(queue, place, keys):
    age = (torch.arange(len(queue)) - place) % len(queue)
    fresh = keys[age.clamp(max=len(keys) - 1)]
    return torch.where((age < len(keys))[:, None], fresh, queue), (place + len(keys)) % len(queue)


RIGHT = {
    "index": _queue_index,
    "loop": _queue_loop,
    "rolled": _queue_roll,
    "two slices": _queue_two_slices,
    "where": _queue_where,
}


# What the first variant of each mistake earns.
MARKS = {
    "queue_grows": 1.5,
    "shifted": 0,
    "always_from_the_start": 1.5,
    "place_not_moved": 3,
    "place_moved_by_one": 3,
    "place_past_the_end": 3.25,
    "place_back_to_zero": 3.5,
    "lost_at_the_end": 3.25,
    "stopped_at_the_end": 2.75,
    "started_again_when_full": 2.75,
    "keys_reversed": 1.5,
    "written_one_late": 1.5,
    "added_not_replaced": 1.5,
    "newest_replaced": 1.5,
    "gradient_kept": 3.5,
    "written_in_place": 3.5,
    "queue_only": 0,
}
