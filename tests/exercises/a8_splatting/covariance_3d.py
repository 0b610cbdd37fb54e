"""Wrong and right answers to covariance_3d."""

import torch
from torch.nn import functional as F
from torch.nn.functional import normalize


def turn(quaternions, two=2.0):
    """Rotation matrices of quaternions (w, x, y, z) of length one."""
    w, x, y, z = quaternions.unbind(-1)
    entries = [
        *(1 - two * (y * y + z * z), two * (x * y - w * z), two * (x * z + w * y)),
        *(two * (x * y + w * z), 1 - two * (x * x + z * z), two * (y * z - w * x)),
        *(two * (x * z - w * y), two * (y * z + w * x), 1 - two * (x * x + y * y)),
    ]
    return torch.stack(entries, -1).view(-1, 3, 3)


def ellipsoid(
    *,
    unit=lambda q: normalize(q, dim=-1),
    rotation=turn,
    lengths=lambda s: s,
    product=lambda r, s: r @ s @ s @ r.mT,
):
    """The right way, with one of its parts changed."""

    def answer(scales, quaternions):
        return product(rotation(unit(quaternions)), torch.diag_embed(lengths(scales)))

    return answer


def _not_normalised_product(scales, quaternions):
    half = turn(quaternions) * scales[:, None]
    return half @ half.mT


def _backwards(scales, quaternions):
    half = scales[:, :, None] * turn(normalize(quaternions, dim=-1))
    return half.mT @ half


def _numbers_only(scales, quaternions):
    rows = []
    for s, r in zip(scales, turn(normalize(quaternions, dim=-1)), strict=True):
        half = torch.tensor(r.tolist(), dtype=s.dtype) * torch.tensor(s.tolist(), dtype=s.dtype)
        rows.append(half @ half.T)
    return torch.stack(rows)


WRONG = {
    "order_xyzw": [ellipsoid(unit=lambda q: normalize(q.roll(1, -1), dim=-1))],
    "not_normalised": [ellipsoid(unit=lambda q: q), _not_normalised_product],
    "normalised_over_the_batch": [
        ellipsoid(unit=lambda q: q / q.norm()),
        ellipsoid(unit=lambda q: normalize(q, dim=0)),
    ],
    "rotation_transposed": [
        ellipsoid(rotation=lambda q: turn(q).mT),
        _backwards,
        ellipsoid(product=lambda r, s: r.mT @ s @ s @ r),
    ],
    "scale_not_squared": [ellipsoid(product=lambda r, s: r @ s @ r.mT)],
    "scale_squared_twice": [ellipsoid(lengths=lambda s: s**2)],
    "scale_exponentiated": [ellipsoid(lengths=torch.exp)],
    "rotation_lost": [
        ellipsoid(product=lambda r, s: s @ r @ r.mT @ s),
        ellipsoid(product=lambda r, s: (r @ s).mT @ (r @ s)),
        ellipsoid(product=lambda r, s: s @ s),
        ellipsoid(rotation=lambda q: torch.eye(3).to(q).repeat(len(q), 1, 1)),
    ],
    "turned_twice": [ellipsoid(product=lambda r, s: r @ s @ s @ r)],
    "not_turned_back": [ellipsoid(product=lambda r, s: r @ s @ s)],
    "inverse_returned": [
        ellipsoid(lengths=lambda s: 1 / s),
        ellipsoid(product=lambda r, s: torch.linalg.inv(r @ s @ s @ r.mT)),
    ],
    "two_forgotten": [ellipsoid(rotation=lambda q: turn(q, two=1.0))],
    "gradient_cut": [
        ellipsoid(
            lengths=lambda s: s.detach(),
            unit=lambda q: q.detach() / q.detach().norm(dim=1, keepdim=True),
        ),
        _numbers_only,
    ],
}


def _matrix(q):
    w, x, y, z = q.unbind(-1)
    first = torch.stack([1 - 2 * (y**2 + z**2), 2 * (x * y - w * z), 2 * (x * z + w * y)], -1)
    second = torch.stack([2 * (x * y + w * z), 1 - 2 * (x**2 + z**2), 2 * (y * z - w * x)], -1)
    third = torch.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x**2 + y**2)], -1)
    return torch.stack([first, second, third], -2)


def _shape_half(scales, quaternions):
    half = _matrix(F.normalize(quaternions, dim=-1)) * scales[:, None]
    return half @ half.transpose(1, 2)


def _shape_diag(scales, quaternions):
    r = _matrix(quaternions / quaternions.norm(dim=1, keepdim=True))
    s = torch.diag_embed(scales)
    return r @ s @ s.mT @ r.mT


def _shape_einsum(scales, quaternions):
    r = _matrix(quaternions / (quaternions * quaternions).sum(1, keepdim=True).sqrt())
    return torch.einsum("nik,nk,njk->nij", r, scales.square(), r)


def _shape_loop(scales, quaternions):
    found = []
    for s, q in zip(scales, quaternions, strict=True):
        w, v = q[0] / q.norm(), q[1:] / q.norm()
        total = 0
        for k in range(3):
            axis = torch.eye(3, dtype=s.dtype)[k]
            turned = axis + 2 * w * torch.linalg.cross(v, axis)  # Rodrigues, with a quaternion
            turned = turned + 2 * torch.linalg.cross(v, torch.linalg.cross(v, axis))
            total = total + s[k] ** 2 * torch.outer(turned, turned)
        found.append(total)
    return torch.stack(found)


def _shape_unnormalised_formula(scales, quaternions):
    w, v = quaternions[:, 0], quaternions[:, 1:]
    squared = (quaternions**2).sum(1)
    skew = torch.linalg.cross(v[:, None].expand(-1, 3, 3), torch.eye(3).to(v).expand(len(v), 3, 3))
    skew = skew.mT  # its columns are v x e_k
    rotation = (
        torch.eye(3).to(v) + 2 * (w[:, None, None] * skew + skew @ skew) / (squared[:, None, None])
    )
    return rotation @ (scales**2).diag_embed() @ rotation.mT


def _shape_double(scales, quaternions):
    return _shape_half(scales.double(), quaternions.double())


RIGHT = {
    "half times its transpose": _shape_half,
    "diagonal matrices": _shape_diag,
    "einsum": _shape_einsum,
    "sum over the axes": _shape_loop,
    "length divided out": _shape_unnormalised_formula,
    "float64": _shape_double,
}


# What the first variant of each mistake earns.
MARKS = {
    "order_xyzw": 0,
    "not_normalised": 2,
    "normalised_over_the_batch": 0,
    "rotation_transposed": 1,
    "scale_not_squared": 0,
    "scale_squared_twice": 0,
    "scale_exponentiated": 0,
    "rotation_lost": 0,
    "turned_twice": 0,
    "not_turned_back": 0,
    "inverse_returned": 0,
    "two_forgotten": 0,
    "gradient_cut": 2.5,
}
