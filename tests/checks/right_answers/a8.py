"""Right answers to assignment 8, written in different ways: `RIGHT[exercise][way]`."""

import torch
from torch.nn import functional as F

# -------------------------------------------------------------------------- covariance_3d


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


COVARIANCE_3D = {
    "half times its transpose": _shape_half,
    "diagonal matrices": _shape_diag,
    "einsum": _shape_einsum,
    "sum over the axes": _shape_loop,
    "length divided out": _shape_unnormalised_formula,
    "float64": _shape_double,
}

# --------------------------------------------------------------------- project_covariance


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


PROJECT_COVARIANCE = {
    "batched": _ellipse_batched,
    "loop": _ellipse_loop,
    "einsum": _ellipse_einsum,
    "rows in world axes": _ellipse_by_rows,
    "float64": _ellipse_double,
}

# --------------------------------------------------------------------- gaussian_footprint


def _alpha_einsum(means, covariances, opacities, height, width):
    v, u = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    d = torch.stack([u, v], -1) - means[:, None, None]
    power = torch.einsum("nhwi,nij,nhwj->nhw", d, torch.linalg.inv(covariances), d)
    alpha = opacities[:, None, None] * torch.exp(-power / 2)
    return torch.where(alpha < 1 / 255, 0, alpha.clamp(max=0.99))


def _alpha_closed_form(means, covariances, opacities, height, width):
    u = torch.arange(width)[None, None, :] + 0.5 - means[:, 0, None, None]
    v = torch.arange(height)[None, :, None] + 0.5 - means[:, 1, None, None]
    a, b, c = (covariances[:, i, j, None, None] for i, j in ((0, 0), (0, 1), (1, 1)))
    q = (c * u * u - 2 * b * u * v + a * v * v) / (a * c - b * b)
    alpha = torch.minimum(opacities[:, None, None] * (-0.5 * q).exp(), means.new_tensor(0.99))
    return alpha * (alpha >= 1 / 255)


def _alpha_loop(means, covariances, opacities, height, width):
    pictures = []
    for mean, covariance, opacity in zip(means, covariances, opacities, strict=True):
        inverse, rows = covariance.inverse(), []
        for row in range(height):
            for column in range(width):
                d = mean.new_tensor([column + 0.5, row + 0.5]) - mean
                alpha = (opacity * torch.exp(-0.5 * d @ inverse @ d)).clamp(max=0.99)
                rows.append(alpha if alpha >= 1 / 255 else 0 * alpha)
        pictures.append(torch.stack(rows).view(height, width))
    return torch.stack(pictures)


def _alpha_cholesky(means, covariances, opacities, height, width):
    u = torch.arange(0.5, width).repeat(height)
    v = torch.arange(0.5, height).repeat_interleave(width)
    d = torch.stack([u, v]).to(means) - means[:, :, None]  # (gaussians, 2, pixels)
    white = torch.linalg.solve_triangular(torch.linalg.cholesky(covariances), d, upper=False)
    log_alpha = opacities.log()[:, None] - white.square().sum(1) / 2
    alpha = F.threshold(log_alpha.exp().clamp(max=0.99), 1 / 255, 0.0)
    return alpha.view(-1, height, width)


def _alpha_double(means, covariances, opacities, height, width):
    tensors = (x.double() for x in (means, covariances, opacities))
    return _alpha_einsum(*tensors, height, width)


GAUSSIAN_FOOTPRINT = {
    "einsum": _alpha_einsum,
    "inverse by hand": _alpha_closed_form,
    "loop": _alpha_loop,
    "Cholesky": _alpha_cholesky,
    "float64": _alpha_double,
}

# --------------------------------------------------------------------- sort_and_composite


def _picture_cumprod(alpha, depths, colours, background):
    order = depths.argsort()
    alpha, colours = alpha[order], colours[order]
    passed = torch.cumprod(1 - alpha, 0)
    weights = alpha * torch.cat([torch.ones_like(passed[:1]), passed[:-1]])
    picture = torch.einsum("nhw,nc->chw", weights, colours)
    return picture + passed[-1] * background[:, None, None]


def _picture_loop(alpha, depths, colours, background):
    picture, left = 0, torch.ones_like(alpha[0])
    for i in torch.argsort(depths).tolist():
        picture = picture + left * alpha[i] * colours[i][:, None, None]
        left = left * (1 - alpha[i])
    return picture + left * background[:, None, None]


def _picture_painter(alpha, depths, colours, background):
    height, width = alpha.shape[1:]
    picture = background[:, None, None].expand(3, height, width)
    for i in depths.argsort(descending=True):  # far to near, each "over" what is there
        picture = torch.lerp(picture, colours[i][:, None, None], alpha[i])
    return picture


def _picture_logarithms(alpha, depths, colours, background):
    _, order = depths.sort()
    logs = torch.log1p(-alpha[order])
    sums = logs.cumsum(0)
    weights = alpha[order] * (sums - logs).exp()
    picture = torch.tensordot(colours[order], weights, dims=([0], [0]))
    return picture + sums[-1].exp() * background.view(3, 1, 1)


def _picture_whoever_is_nearer(alpha, depths, colours, background):
    nearer = depths[None, :] < depths[:, None]  # no sorting at all
    lets_through = torch.where(nearer[:, :, None, None], 1 - alpha[None], 1).prod(1)
    weights = (alpha * lets_through)[:, None]
    behind = 1 - weights.sum(0)
    return (weights * colours[:, :, None, None]).sum(0) + behind * background[:, None, None]


def _picture_double(alpha, depths, colours, background):
    return _picture_cumprod(*(x.double() for x in (alpha, depths, colours, background)))


SORT_AND_COMPOSITE = {
    "cumprod": _picture_cumprod,
    "loop, near to far": _picture_loop,
    "painter, far to near": _picture_painter,
    "logarithms": _picture_logarithms,
    "every pair": _picture_whoever_is_nearer,
    "float64": _picture_double,
}

# --------------------------------------------------------------------------- densify_mask


def _masks_norm(gradients, scales, pull_limit, size_limit):
    lengths = gradients.norm(dim=-1)
    pull = lengths.sum(0) / (lengths > 0).sum(0).clamp(min=1)
    pulled, large = pull > pull_limit, scales.amax(dim=-1) > size_limit
    return pulled & ~large, pulled & large


def _masks_loop(gradients, scales, pull_limit, size_limit):
    clone = torch.zeros(len(scales), dtype=torch.bool)
    split = torch.zeros(len(scales), dtype=torch.bool)
    for k in range(len(scales)):
        lengths = [float(g.square().sum().sqrt()) for g in gradients[:, k] if bool(g.any())]
        if lengths and sum(lengths) / len(lengths) > pull_limit:
            (split if float(scales[k].max()) > size_limit else clone)[k] = True
    return clone, split


def _masks_nanmean(gradients, scales, pull_limit, size_limit):
    lengths = torch.hypot(gradients[..., 0], gradients[..., 1])
    pull = torch.where(lengths > 0, lengths, torch.nan).nanmean(0)  # never seen: NaN, not above
    large = (scales > size_limit).any(1)
    return [(pull > pull_limit) & large.logical_not(), (pull > pull_limit) & large]


def _masks_product(gradients, scales, pull_limit, size_limit):
    lengths = torch.linalg.vector_norm(gradients, dim=2)
    pulled = lengths.sum(0) > pull_limit * gradients.ne(0).any(2).sum(0)
    large = scales.max(dim=1).values.gt(size_limit)
    return torch.logical_and(pulled, ~large), torch.logical_and(pulled, large)


DENSIFY_MASK = {
    "norm": _masks_norm,
    "loop": _masks_loop,
    "nanmean": _masks_nanmean,
    "without dividing": _masks_product,
}

RIGHT = {
    "covariance_3d": COVARIANCE_3D,
    "project_covariance": PROJECT_COVARIANCE,
    "gaussian_footprint": GAUSSIAN_FOOTPRINT,
    "sort_and_composite": SORT_AND_COMPOSITE,
    "densify_mask": DENSIFY_MASK,
}
