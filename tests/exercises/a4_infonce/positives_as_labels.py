"""Wrong and right answers to positives_as_labels."""

import torch


def table(p):
    return p[:, None] == p[None]


def others(p):
    return table(p) & ~torch.eye(len(p), dtype=torch.bool)


def partner(p):
    return others(p).float().argmax(1)


def refusing(answer, exception=ValueError, wrong=lambda counts: counts != 2):
    def guarded(p):
        if bool(wrong(table(p).sum(1)).any()):
            raise exception("every picture needs exactly two views")
        return answer(p)

    return guarded


def both(*answers):
    """With and without the count of the views."""
    return [form for answer in answers for form in (refusing(answer), answer)]


def _without_itself(p):
    found = partner(p)
    return found - (found > torch.arange(len(p))).long()


def _pair_list(p):
    return torch.stack([(p == name).nonzero().flatten() for name in p.unique()])


def _asserted(p):
    assert bool((table(p).sum(1) == 2).all()), "exactly two views"
    return partner(p)


WRONG = {
    "self_pair_kept": both(
        lambda p: table(p).float().argmax(1),
        lambda p: table(p).nonzero()[:, 1][::2],
        lambda p: table(p).nonzero()[:, 1][1::2],
        lambda p: torch.arange(len(p)),
    ),
    "picture_number_returned": both(
        lambda p: p.clone(),
        lambda p: p.unique(return_inverse=True)[1],
    ),
    "halves_assumed": both(
        lambda p: torch.arange(len(p)).roll(len(p) // 2),
        lambda p: (torch.arange(len(p)) + len(p) // 2) % len(p),
    ),
    "neighbours_assumed": both(lambda p: torch.arange(len(p)) ^ 1),
    "counted_without_itself": both(_without_itself),
    "order_returned": both(
        lambda p: p.argsort(stable=True),
        lambda p: p.argsort(stable=True).argsort(),
        lambda p: p.argsort(stable=True).view(-1, 2).flip(1).flatten(),
    ),
    "mask_returned": both(
        others,
        lambda p: others(p).float(),
        lambda p: others(p).long(),
        table,
        lambda p: table(p).float(),
    ),
    "pairs_returned": both(
        _pair_list,
        lambda p: others(p).nonzero(),
        lambda p: others(p).triu().nonzero(),
    ),
    "labels_from_one": both(lambda p: partner(p) + 1),
    "float_labels": both(
        lambda p: partner(p).float(),
        lambda p: partner(p).double(),
        lambda p: partner(p).int(),
    ),
    "list_returned": both(
        lambda p: partner(p).tolist(),
        lambda p: [int(j) for j in partner(p)],
    ),
    "positive_always_first": both(
        lambda p: torch.zeros(len(p), dtype=torch.long),
        torch.zeros_like,
    ),
    "unpaired_accepted": [partner],
    "too_many_accepted": [refusing(partner, wrong=lambda counts: counts < 2)],
    "wrong_exception": [
        _asserted,
        refusing(partner, RuntimeError),
        refusing(partner, Exception),
        refusing(partner, TypeError),
        refusing(partner, IndexError),
    ],
}


def _labels_mask(pictures):
    same = pictures[:, None] == pictures[None]
    if bool((same.sum(1) != 2).any()):
        raise ValueError("every picture needs exactly two views")
    return same.fill_diagonal_(False).long().argmax(1)


def _labels_loop(pictures):
    names = pictures.tolist()
    labels = []
    for i, name in enumerate(names):
        other = [j for j, found in enumerate(names) if found == name and j != i]
        if len(other) != 1:
            raise ValueError(f"picture {name} has {len(other) + 1} views")
        labels.append(other[0])
    return torch.tensor(labels)


def _labels_sorted(pictures):
    if not bool((pictures.unique(return_counts=True)[1] == 2).all()):
        raise ValueError("two views of each")
    order = pictures.argsort(stable=True)
    labels = torch.empty_like(pictures)
    labels[order] = order.view(-1, 2).flip(1).flatten()
    return labels


def _labels_dictionary(pictures):
    where = {}
    for i, name in enumerate(pictures.tolist()):
        where.setdefault(name, []).append(i)
    if any(len(places) != 2 for places in where.values()):
        raise ValueError("each picture has two views")
    return torch.tensor([sum(where[p]) - i for i, p in enumerate(pictures.tolist())])


def _labels_nonzero(pictures):
    same = torch.eq(pictures.unsqueeze(1), pictures).logical_and(
        ~torch.eye(len(pictures), dtype=torch.bool)
    )
    if not torch.equal(same.sum(1), torch.ones(len(pictures), dtype=torch.int64)):
        raise ValueError("one other view for each view")
    return same.nonzero()[:, 1]


RIGHT = {
    "mask": _labels_mask,
    "loop": _labels_loop,
    "sorted": _labels_sorted,
    "dictionary": _labels_dictionary,
    "nonzero": _labels_nonzero,
}


# What the first variant of each mistake earns.
MARKS = {
    "self_pair_kept": 1,
    "picture_number_returned": 1,
    "halves_assumed": 1,
    "neighbours_assumed": 1,
    "counted_without_itself": 1,
    "order_returned": 1,
    "mask_returned": 0.75,
    "pairs_returned": 0.75,
    "labels_from_one": 1,
    "float_labels": 2.75,
    "list_returned": 0.75,
    "positive_always_first": 1,
    "unpaired_accepted": 2.5,
    "too_many_accepted": 2.5,
    "wrong_exception": 2.5,
}
