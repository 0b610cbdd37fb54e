"""Wrong and right answers to voxelise."""

import math

import torch


def cells(points, resolution, side, shift=0.5, scale=None, whole=torch.floor):
    scale = resolution if scale is None else scale
    return whole((points / side + shift) * scale).long()


def filled(index, resolution, dtype=torch.bool):
    grid = torch.zeros((resolution,) * 3, dtype=dtype)
    grid[index.unbind(-1)] = 1
    return grid


def kept(index, resolution):
    return index[((index >= 0) & (index < resolution)).all(-1)]


def voxels(index=cells, keep=kept, grid=filled, result=lambda g: g):
    """The right way, with one or more of its parts changed."""
    return lambda points, resolution, side: result(
        grid(keep(index(points, resolution, side), resolution), resolution)
    )


def _wrapped(index, resolution):
    return index % resolution


def _clamped(index, resolution):
    return index.clamp(0, resolution - 1)


def _only_above(index, resolution):
    return index[(index < resolution).all(-1)].clamp_min(0)


def _only_below(index, resolution):
    return index[(index >= 0).all(-1)].clamp(max=resolution - 1)


def _one_axis_inside(index, resolution):
    return _clamped(index[((index >= 0) & (index < resolution)).any(-1)], resolution)


def _refused(index, resolution):
    if len(kept(index, resolution)) < len(index):
        raise ValueError("a point lies outside")
    return index


def _counts(index, resolution):
    flat = (index[:, 0] * resolution + index[:, 1]) * resolution + index[:, 2]
    return torch.bincount(flat, minlength=resolution**3).view((resolution,) * 3)


def _toggled(index, resolution):
    return _counts(index, resolution) % 2 == 1


def _lonely(index, resolution):
    return _counts(index, resolution) == 1


def _inside_the_border(index, resolution):
    return index[((index > 0) & (index < resolution - 1)).all(-1)]


def _every_combination(index, resolution):
    grid = torch.zeros((resolution,) * 3, dtype=torch.bool)
    grid[index[:, 0][:, None, None], index[:, 1][:, None], index[:, 2]] = True
    return grid


WRONG = {
    "z_first": [
        voxels(result=lambda g: g.permute(2, 1, 0)),
        voxels(result=lambda g: g.permute(2, 0, 1)),
    ],
    "x_and_y_swapped": [
        voxels(result=lambda g: g.transpose(0, 1)),
    ],
    "y_and_z_swapped": [voxels(result=lambda g: g.transpose(1, 2))],
    "axis_flipped": [
        voxels(result=lambda g: g.flip(2)),
        voxels(result=lambda g: g.flip(1)),
        voxels(result=lambda g: g.flip(0)),
    ],
    "truncated": [
        voxels(index=lambda p, r, s: cells(p, r, s, whole=torch.trunc)),
        voxels(index=lambda p, r, s: ((p / s + 0.5) * r).long()),
        voxels(index=lambda p, r, s: ((p / s + 0.5) * r).int().long()),
    ],
    "rounded": [
        voxels(index=lambda p, r, s: cells(p, r, s, whole=torch.round)),
        voxels(index=lambda p, r, s: cells(p, r, s, scale=r - 1, whole=torch.round)),
    ],
    "rounded_up": [voxels(index=lambda p, r, s: cells(p, r, s, whole=torch.ceil))],
    "one_voxel_fewer": [voxels(index=lambda p, r, s: cells(p, r, s, scale=r - 1))],
    "middle_forgotten": [voxels(index=lambda p, r, s: cells(p, r, s, shift=0.0))],
    "half_a_unit_for_half_a_side": [
        voxels(index=lambda p, r, s: ((p + 0.5) / s * r).floor().long()),
    ],
    "side_ignored": [
        voxels(index=lambda p, r, s: cells(p, r, 1.0)),
        voxels(index=lambda p, r, s: ((p + 1) / 2 * r).floor().long()),
    ],
    "side_taken_for_half": [voxels(index=lambda p, r, s: cells(p, r, 2 * s))],
    "stretched_to_fit": [
        voxels(
            index=lambda p, r, s: (
                ((p - p.amin(0)) / (p.amax(0) - p.amin(0)).clamp_min(1e-9) * (r - 1e-3))
                .floor()
                .long()
            )
        ),
    ],
    "outside_clamped": [
        voxels(keep=_clamped),
        lambda p, r, s: filled(cells(p.clamp(-s / 2, s / 2 - 1e-6), r, s), r),
    ],
    "outside_wrapped": [
        voxels(keep=_wrapped),
        voxels(keep=lambda i, r: i[(i < r).all(-1) & (i >= -r).all(-1)]),
    ],
    "only_upper_border_tested": [voxels(keep=_only_above)],
    "only_lower_border_tested": [voxels(keep=_only_below)],
    "one_axis_suffices": [voxels(keep=_one_axis_inside)],
    "outside_raises": [
        voxels(keep=_refused),
        voxels(keep=lambda i, r: i),
    ],
    "border_voxels_lost": [voxels(keep=_inside_the_border)],
    "counts_returned": [voxels(grid=_counts), voxels(grid=lambda i, r: _counts(i, r).float())],
    "numbers_for_booleans": [
        voxels(result=lambda g: g.float()),
        voxels(result=lambda g: g.long()),
        voxels(result=lambda g: g.to(torch.uint8)),
    ],
    "toggled": [voxels(grid=_toggled)],
    "lonely_points_only": [voxels(grid=_lonely)],
    "every_combination": [voxels(grid=_every_combination)],
    "opposite": [voxels(result=lambda g: ~g)],
    "indices_returned": [voxels(grid=lambda i, r: i), voxels(result=lambda g: g.nonzero())],
    "flat": [voxels(result=lambda g: g.flatten())],
}


def _voxelise(points, resolution, side):
    index = torch.floor((points / side + 0.5) * resolution).long()
    index = index[((index >= 0) & (index < resolution)).all(1)]
    grid = torch.zeros(resolution, resolution, resolution, dtype=torch.bool)
    grid[index[:, 0], index[:, 1], index[:, 2]] = True
    return grid


def _voxelise_loop(points, resolution, side):
    grid = torch.zeros((resolution,) * 3, dtype=torch.bool)
    for point in points.tolist():
        i, j, k = (math.floor((x + side / 2) * resolution / side) for x in point)
        if min(i, j, k) >= 0 and max(i, j, k) < resolution:
            grid[i, j, k] = True
    return grid


def _voxelise_edges(points, resolution, side):
    """By counting the edges below each coordinate."""
    edges = side * (torch.arange(resolution + 1, dtype=points.dtype) / resolution - 0.5)
    index = torch.searchsorted(edges, points.contiguous(), right=True) - 1
    inside = ((points >= edges[0]) & (points < edges[-1])).all(-1)
    grid = torch.zeros((resolution,) * 3, dtype=torch.bool)
    grid[tuple(index[inside].T)] = True
    return grid


def _voxelise_flat(points, resolution, side):
    half = side / 2
    points = points[(points >= -half).all(1) & (points < half).all(1)]
    i, j, k = ((points + half) / (side / resolution)).long().unbind(1)
    flat = (i * resolution + j) * resolution + k
    return (torch.bincount(flat, minlength=resolution**3) > 0).view((resolution,) * 3)


def _voxelise_compare(points, resolution, side):
    """Every voxel asks every point."""
    low = side * (torch.arange(resolution, dtype=points.dtype) / resolution - 0.5)
    high = side * (torch.arange(1, resolution + 1, dtype=points.dtype) / resolution - 0.5)
    within = (points[..., None] >= low) & (points[..., None] < high)  # (points, 3, r)
    x, y, z = within.unbind(1)
    return (x[:, :, None, None] & y[:, None, :, None] & z[:, None, None, :]).any(0)


RIGHT = {
    "floor": _voxelise,
    "loop": _voxelise_loop,
    "edges counted": _voxelise_edges,
    "flat indices": _voxelise_flat,
    "every voxel asks": _voxelise_compare,
    "in float64": lambda p, r, s: _voxelise(p.double(), r, s),
}


# What the first variant of each mistake earns.
MARKS = {
    "z_first": 1.25,
    "x_and_y_swapped": 1.25,
    "y_and_z_swapped": 1.25,
    "axis_flipped": 0,
    "truncated": 2.5,
    "rounded": 0,
    "rounded_up": 0,
    "one_voxel_fewer": 0,
    "middle_forgotten": 0,
    "half_a_unit_for_half_a_side": 0,
    "side_ignored": 1.25,
    "side_taken_for_half": 1,
    "stretched_to_fit": 1,
    "outside_clamped": 2.5,
    "outside_wrapped": 2.5,
    "only_upper_border_tested": 2.5,
    "only_lower_border_tested": 2.5,
    "one_axis_suffices": 2.5,
    "outside_raises": 2.5,
    "border_voxels_lost": 1.25,
    "counts_returned": 1.25,
    "numbers_for_booleans": 2.5,
    "toggled": 2,
    "lonely_points_only": 1.75,
    "every_combination": 1.5,
    "opposite": 0,
    "indices_returned": 0,
    "flat": 0,
}
