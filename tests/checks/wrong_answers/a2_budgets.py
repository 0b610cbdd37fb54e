"""Wrong ways to choose so many labels of each class."""

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


LABEL_BUDGET = {
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
