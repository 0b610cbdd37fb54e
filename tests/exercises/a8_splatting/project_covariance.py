"""Wrong and right answers to project_covariance."""

import torch

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


WRONG = {
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


def _ellipse_batched(means, covariances, rotation, centre, focal):
    x, y, z = ((means - centre) @ rotation).unbind(-1)
    zero = torch.zeros_like(z)
    rows = [1 / z, zero, -x / z**2, zero, 1 / z, -y / z**2]
    half = focal * torch.stack(rows, -1).view(-1, 2, 3) @ rotation.T
    return half @ covariances @ half.mT + 0.3 * torch.eye(2, dtype=half.dtype)


def _ellipse_loop(means, covariances, rotation, centre, focal):
    found = []
    for mean, covariance in zip(means, covariances, strict=True):
        local = rotation.T @ (mean - centre)
        jacobian = torch.zeros(2, 3, dtype=means.dtype)
        jacobian[0, 0] = jacobian[1, 1] = focal / local[2]
        jacobian[:, 2] = -focal * local[:2] / local[2] ** 2
        inside = rotation.T @ covariance @ rotation
        found.append(jacobian @ inside @ jacobian.T + torch.diag(means.new_tensor([0.3, 0.3])))
    return torch.stack(found)


def _ellipse_einsum(means, covariances, rotation, centre, focal):
    world_to_camera = torch.linalg.inv(rotation)
    local = (world_to_camera @ (means - centre)[..., None])[..., 0]
    x, y, z = local[:, 0], local[:, 1], local[:, 2]
    jacobian = torch.zeros(len(means), 2, 3, dtype=means.dtype)
    jacobian[:, 0, 0], jacobian[:, 0, 2] = focal / z, -focal * x / (z * z)
    jacobian[:, 1, 1], jacobian[:, 1, 2] = focal / z, -focal * y / (z * z)
    turned = torch.einsum("ab,nbc,dc->nad", world_to_camera, covariances, world_to_camera)
    seen = torch.einsum("nia,nab,njb->nij", jacobian, turned, jacobian)
    seen.diagonal(dim1=1, dim2=2).add_(0.3)
    return seen


def _ellipse_by_rows(means, covariances, rotation, centre, focal):
    local = torch.einsum("ji,nj->ni", rotation, means - centre)
    right, down, forward = rotation.unbind(1)
    ratio = local[:, :2] / local[:, 2:]
    rows = (
        torch.stack([right - ratio[:, :1] * forward, down - ratio[:, 1:] * forward], dim=1)
        * (focal / local[:, 2])[:, None, None]
    )
    return torch.baddbmm(0.3 * torch.eye(2).to(rows), rows @ covariances, rows.transpose(1, 2))


def _ellipse_double(means, covariances, rotation, centre, focal):
    inputs = (x.double() for x in (means, covariances, rotation, centre))
    return _ellipse_batched(*inputs, focal)


RIGHT = {
    "batched": _ellipse_batched,
    "loop": _ellipse_loop,
    "einsum": _ellipse_einsum,
    "rows in world axes": _ellipse_by_rows,
    "float64": _ellipse_double,
}


# What the first variant of each mistake earns.
MARKS = {
    "rotation_transposed": 2.25,
    "rotation_forgotten": 2.25,
    "mean_not_turned": 2.25,
    "centre_forgotten": 2.25,
    "centre_added": 2.25,
    "low_pass_forgotten": 1,
    "low_pass_everywhere": 1,
    "low_pass_squared": 1,
    "low_pass_in_space": 0,
    "third_column_forgotten": 1.25,
    "third_column_sign": 1.25,
    "depth_not_squared": 1.25,
    "no_division": 0.75,
    "focal_forgotten": 0.75,
    "focal_once": 0.75,
    "distance_not_depth": 1.25,
    "axes_swapped": 1.25,
    "inverse_returned": 0,
    "gradient_cut": 3.5,
}
