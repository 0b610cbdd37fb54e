"""What the answers to several exercises of the assignment share."""

import torch


def no_grad(answer):
    def quiet(*inputs):
        with torch.no_grad():
            return answer(*inputs)

    return quiet


def listed(answer):
    return lambda *inputs: tuple(
        torch.tensor(each.tolist(), dtype=each.dtype) for each in answer(*inputs)
    )


def in_double(answer):
    def doubled(*inputs):
        return answer(*(each.double() for each in inputs))

    return doubled
