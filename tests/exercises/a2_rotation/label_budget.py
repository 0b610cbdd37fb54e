"""Wrong and right answers to label_budget."""

import random

import numpy as np
import torch


def budget(
    *,
    order=lambda rows, generator: rows[torch.randperm(len(rows), generator=generator)],
    classes=lambda labels: labels.unique(),
    refusal=ValueError,
    result=lambda rows, labels: rows,
):
    """The right way, with one or more of its parts changed."""

    def answer(labels, per_class, generator):
        chosen = []
        for label in classes(labels):
            rows = (labels == label).nonzero().flatten()
            if refusal and len(rows) < per_class:
                raise refusal("a class has too few labels")
            chosen.append(order(rows, generator)[:per_class])
        return result(torch.cat(chosen), labels)

    return answer


def _refusing(formula):
    """With the test for classes that are too small, and without it."""

    def answer(labels, per_class, generator):
        if any(int((labels == label).sum()) < per_class for label in labels.unique()):
            raise ValueError("a class has too few labels")
        return formula(labels, per_class, generator)

    return [answer, formula]


def _globally(labels, per_class, generator):
    wanted = per_class * len(labels.unique())
    return torch.randperm(len(labels), generator=generator)[:wanted]


def _so_many_in_all(labels, per_class, generator):
    return torch.randperm(len(labels), generator=generator)[:per_class]


def _numpy_order(rows, generator):
    return rows[torch.from_numpy(np.random.permutation(len(rows)))]  # noqa: NPY002


def _python_order(rows, generator):
    return rows[random.sample(range(len(rows)), len(rows))]


def _seeding_the_global_one(rows, generator):
    torch.manual_seed(0)
    return rows[torch.randperm(len(rows))]


def _own(rows, generator):
    return rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))]


def _rewound(rows, generator):
    return rows[torch.randperm(len(rows), generator=generator.manual_seed(0))]


def _restarted(rows, generator):
    return rows[
        torch.randperm(len(rows), generator=generator.manual_seed(generator.initial_seed()))
    ]


def _as_drawn(rows, generator):
    return torch.randperm(len(rows), generator=generator)


def _replaced(labels, per_class, generator):
    chosen = []
    for label in labels.unique():
        rows = (labels == label).nonzero().flatten()
        chosen.append(rows[torch.randint(len(rows), (per_class,), generator=generator)])
    return torch.cat(chosen)


def _count_on(labels):
    return range(int(labels.max()) + 1)


def _count_classes(labels):
    return range(len(labels.unique()))


def _ten(labels):
    return range(10)


def _mask(rows, labels):
    mask = torch.zeros(len(labels), dtype=torch.bool)
    mask[rows] = True
    return mask


def _equal_shares(labels, per_class, generator):
    """As many rows as there are classes times so many, shared out as the classes are."""
    rows = torch.randperm(len(labels), generator=generator)
    return rows[: min(per_class * len(labels.unique()), len(rows))].sort().values


def _smallest_class(labels, per_class, generator):
    least = min(int((labels == label).sum()) for label in labels.unique())
    return budget(refusal=None)(labels, min(per_class, least), generator)


def _asserting(labels, per_class, generator):
    assert all(int((labels == label).sum()) >= per_class for label in labels.unique())
    return budget()(labels, per_class, generator)


WRONG = {
    "drawn_from_all": [*_refusing(_globally), *_refusing(_equal_shares)],
    "so_many_in_all": _refusing(_so_many_in_all),
    "first_of_each_class": [
        budget(order=lambda rows, generator: rows),
        budget(order=lambda rows, generator: rows, refusal=None),
    ],
    "global_generator": [
        budget(order=lambda rows, generator: rows[torch.randperm(len(rows))]),
        budget(order=lambda rows, generator: rows[torch.randperm(len(rows))], refusal=None),
        budget(order=_seeding_the_global_one),
    ],
    "other_dice": [
        budget(order=_numpy_order),
        budget(order=_python_order),
        budget(order=_numpy_order, refusal=None),
    ],
    "seed_of_its_own": [
        budget(order=_own),
        budget(order=_own, refusal=None),
        budget(order=_rewound),
    ],
    "generator_started_again": [budget(order=_restarted)],
    "numbered_within_the_class": [
        budget(order=_as_drawn),
        budget(order=_as_drawn, refusal=None),
    ],
    "drawn_with_replacement": _refusing(_replaced),
    "classes_counted_from_0": [
        budget(classes=_count_on),
        budget(classes=_count_classes),
        budget(classes=_count_classes, refusal=None),
    ],
    "ten_classes_assumed": [budget(classes=_ten)],
    "labels_instead_of_rows": [
        budget(result=lambda rows, labels: labels[rows]),
        budget(result=lambda rows, labels: labels[rows], refusal=None),
    ],
    "mask_instead_of_rows": [budget(result=_mask), budget(result=_mask, refusal=None)],
    "list_instead_of_tensor": [
        budget(result=lambda rows, labels: rows.tolist()),
        budget(result=lambda rows, labels: list(rows)),
    ],
    "too_few_accepted": [budget(refusal=None), _smallest_class],
    "wrong_exception": [
        budget(refusal=RuntimeError),
        budget(refusal=IndexError),
        _asserting,
    ],
}


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


RIGHT = {
    "class by class": _budget_by_class,
    "one shuffle for all": _budget_one_shuffle,
    "multinomial": _budget_multinomial,
    "walk and count down": _budget_quota,
    "sorted noise": _budget_noise,
}


# What the first variant of each mistake earns.
MARKS = {
    "drawn_from_all": 2.4,
    "so_many_in_all": 2.2,
    "first_of_each_class": 3.2,
    "global_generator": 3.4,
    "other_dice": 3.4,
    "seed_of_its_own": 3.2,
    "generator_started_again": 3.6,
    "numbered_within_the_class": 1.8,
    "drawn_with_replacement": 2.2,
    "classes_counted_from_0": 1.8,
    "ten_classes_assumed": 0,
    "labels_instead_of_rows": 0,
    "mask_instead_of_rows": 0,
    "list_instead_of_tensor": 3.8,
    "too_few_accepted": 3.6,
    "wrong_exception": 3.6,
}
