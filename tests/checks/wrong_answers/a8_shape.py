"""Wrong covariances of Gaussians, in space and on the picture."""

import torch
from torch.nn.functional import normalize

# -------------------------------------------------------------------------- covariance_3d


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


COVARIANCE_3D = {
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

# --------------------------------------------------------------------- project_covariance

BLUR = 0.3


def columns(x, y, z, f):
    """The entries of J: what x, y and z do to u, then to v."""
    zero = torch.zeros_like(z)
    return f / z + zero, zero, -f * x / z**2, zero, f / z, -f * y / z**2


def projecting(
    *,
    local=lambda m, r, c: (m - c) @ r,
    depth=lambda p: p[:, 2],
    entries=columns,
    around=lambda s, r: r.T @ s @ r,
    blur=lambda like: BLUR * torch.eye(2).to(like),
    result=lambda cov: cov,
):
    """The right way, with one or more of its parts changed."""

    def answer(means, covariances, rotation, centre, focal):
        points = local(means, rotation, centre)
        x, y, z = points[:, 0], points[:, 1], depth(points)
        jacobian = torch.stack(entries(x, y, z, focal), -1).view(-1, 2, 3)
        seen = jacobian @ around(covariances, rotation) @ jacobian.mT
        return result(seen + blur(seen))

    return answer


def changed(x=None, y=None):
    """The entries of J with another third column."""

    def entries(a, b, z, f):
        first, zero, _, _, second, _ = columns(a, b, z, f)
        return first, zero, x(a, z, f), zero, second, (y or x)(b, z, f)

    return entries


def _blur_in_space(means, covariances, rotation, centre, focal):
    thick = covariances + BLUR * torch.eye(3).to(covariances)
    return projecting(blur=lambda like: 0 * like)(means, thick, rotation, centre, focal)


def _cut_by_loop(means, covariances, rotation, centre, focal):
    rows = []
    for m, s in zip(means, covariances, strict=True):
        x, y, z = ((m - centre) @ rotation).tolist()
        j = torch.tensor([[focal / z, 0, -focal * x / z**2], [0, focal / z, -focal * y / z**2]])
        j = j.to(s) @ rotation.T
        rows.append((j @ s @ j.T).detach() + BLUR * torch.eye(2).to(s))
    return torch.stack(rows)


PROJECT_COVARIANCE = {
    "rotation_transposed": [
        projecting(around=lambda s, r: r @ s @ r.T),
        projecting(local=lambda m, r, c: (m - c) @ r.T, around=lambda s, r: r @ s @ r.T),
        projecting(local=lambda m, r, c: (m - c) @ r.T),
    ],
    "rotation_forgotten": [projecting(around=lambda s, r: s)],
    "mean_not_turned": [projecting(local=lambda m, r, c: m - c)],
    "centre_forgotten": [
        projecting(local=lambda m, r, c: m @ r),
        projecting(local=lambda m, r, c: m),
    ],
    "centre_added": [
        projecting(local=lambda m, r, c: (m + c) @ r),
        projecting(local=lambda m, r, c: m @ r + c),
    ],
    "low_pass_forgotten": [projecting(blur=lambda like: 0 * like)],
    "low_pass_everywhere": [projecting(blur=lambda like: BLUR)],
    "low_pass_squared": [projecting(blur=lambda like: BLUR**2 * torch.eye(2).to(like))],
    "low_pass_in_space": [_blur_in_space],
    "third_column_forgotten": [projecting(entries=changed(lambda a, z, f: 0 * a))],
    "third_column_sign": [projecting(entries=changed(lambda a, z, f: f * a / z**2))],
    "depth_not_squared": [projecting(entries=changed(lambda a, z, f: -f * a / z))],
    "no_division": [
        projecting(entries=lambda x, y, z, f: columns(x, y, 1 + 0 * z, f)),
        projecting(
            entries=lambda x, y, z, f: (
                f + 0 * z,
                0 * z,
                -f * x / z**2,
                0 * z,
                f + 0 * z,
                -f * y / z**2,
            )
        ),
    ],
    "focal_forgotten": [projecting(entries=lambda x, y, z, f: columns(x, y, z, 1.0))],
    "focal_once": [projecting(entries=lambda x, y, z, f: columns(x, y, z, f**0.5))],
    "distance_not_depth": [projecting(depth=lambda p: p.norm(dim=1))],
    "axes_swapped": [projecting(result=lambda cov: cov.flip(1, 2))],
    "inverse_returned": [projecting(result=torch.linalg.inv)],
    "gradient_cut": [projecting(result=lambda cov: cov.detach()), _cut_by_loop],
}
