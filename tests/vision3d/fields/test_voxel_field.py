"""A voxel field: its numbers against a loop, closed forms of its cube, and what is stored."""

import math
from dataclasses import replace

import pytest
import torch

from course_utils.vision3d.fields import volume_rendering, voxel_field
from course_utils.vision3d.fields.voxel_march import march_torch

DOUBLE = torch.float64


def random_field(corners: int = 7, degree: int = 0, seed: int = 0, kept: float = 1.0):
    """Random numbers, some cells forgotten, in a cube that is not at the origin."""
    g = torch.Generator().manual_seed(seed)
    centre = torch.tensor([0.1, -0.2, 0.3], dtype=DOUBLE)
    field = voxel_field.thin_fog(corners, centre, 1.3, degree)
    values = torch.randn(field.values.shape, generator=g, dtype=DOUBLE)
    cells = torch.rand(field.cells.shape, generator=g) < kept
    links, where = voxel_field._links_of(cells)
    rows = field.links[where.unbind(-1)].long()
    return replace(field, values=values[rows], links=links, cells=cells)


def points_in(field, count: int, seed: int = 1, wide: float = 1.0):
    g = torch.Generator().manual_seed(seed)
    return field.centre + field.radius * wide * (2 * torch.rand(count, 3, generator=g).double() - 1)


def directions(count: int, seed: int = 2):
    g = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(count, 3, generator=g, dtype=DOUBLE), dim=-1)


def by_hand(field, point):
    """The trilinear mean of one point, corner after corner; None outside of the kept cells."""
    n = field.resolution
    low = [field.centre[a].item() - field.radius for a in range(3)]
    place = [(point[a].item() - low[a]) / (2 * field.radius) * (n - 1) for a in range(3)]
    if not all(0 <= p <= n - 1 for p in place):
        return None
    i, j, k = (min(int(p), n - 2) for p in place)
    if not field.cells[i, j, k]:
        return None
    x, y, z = place[0] - i, place[1] - j, place[2] - k
    total = [0.0] * field.values.shape[1]
    for a, wx in ((0, 1 - x), (1, x)):
        for b, wy in ((0, 1 - y), (1, y)):
            for c, wz in ((0, 1 - z), (1, z)):
                row = field.values[field.links[i + a, j + b, k + c]].tolist()
                total = [t + wx * wy * wz * v for t, v in zip(total, row, strict=True)]
    return total


@pytest.mark.parametrize("degree", [0, 1])
def test_density_and_colour_equal_a_loop_in_float64(degree):
    field = random_field(degree=degree, kept=0.6)
    points, d = points_in(field, 60, wide=1.2), directions(60)
    density, colour = field(points, d)
    met = 0
    for n in range(60):
        raw = by_hand(field, points[n])
        if raw is None:
            assert density[n] == 0
            continue
        met += 1
        expected = 20 / 1.3 * math.log1p(math.exp(raw[0]))
        assert density[n].item() == pytest.approx(expected, rel=1e-10)
        x, y, z = d[n].tolist()
        c = 0.1 * math.sqrt(3)  # a tenth of Y_1 / Y_0
        basis = [1.0, -c * y, c * z, -c * x][: 1 + 3 * degree]
        for channel in range(3):
            light = sum(b * raw[1 + 3 * h + channel] for h, b in enumerate(basis))
            assert colour[n, channel].item() == pytest.approx(1 / (1 + math.exp(-light)), rel=1e-10)
    assert 10 < met < 50


def test_only_harmonics_depend_on_the_direction():
    for degree, differs in ((0, False), (1, True), (2, True)):
        field = random_field(degree=degree)
        points, d = points_in(field, 20), directions(20)
        before, after = field(points, d), field(points, -d)
        assert torch.equal(before[0], after[0])
        assert torch.equal(before[1], after[1]) is not differs


def test_a_uniform_cube_stops_what_beer_and_lambert_say():
    """Opacity 1 - exp(-sigma l) along the diagonal, the axis, and a chord through one corner."""
    field = voxel_field.thin_fog(5, torch.tensor([1.0, 2.0, 3.0], dtype=DOUBLE), 0.5)
    field.values[:, 0], field.values[:, 1] = -1.0, 2.0
    sigma = 20 / 0.5 * math.log1p(math.exp(-1.0))
    s, corner = math.sqrt(1 / 3), torch.tensor([0.5, 1.5, 2.5], dtype=DOUBLE)
    # Through the cube's corner: from (0.1, 0, 0) to (0, 0.1, 0) behind the corner, at z = 0.02
    slant = torch.tensor([-1.0, 1.0, 0.0], dtype=DOUBLE) / math.sqrt(2)
    o = torch.stack(
        [
            corner - 1.0,
            torch.tensor([1.1, 2.1, 0.0], dtype=DOUBLE),
            corner + torch.tensor([0.1, 0.0, 0.02], dtype=DOUBLE) - 2 * slant,
            torch.tensor([1.0, 2.0, 3.0], dtype=DOUBLE),  # begins in the middle
        ]
    )
    d = torch.stack(
        [
            torch.full((3,), s, dtype=DOUBLE),
            torch.tensor([0.0, 0.0, 1.0], dtype=DOUBLE),
            slant,
            torch.tensor([0.0, 1.0, 0.0], dtype=DOUBLE),
        ]
    )
    chord = torch.tensor([math.sqrt(3), 1.0, 0.1 * math.sqrt(2), 0.5], dtype=DOUBLE)
    seen = march_torch(field, o, d, torch.full((4,), 0.3, dtype=DOUBLE), 0.7)
    expected = -torch.expm1(-sigma * chord)
    torch.testing.assert_close(seen.opacity, expected, rtol=1e-9, atol=1e-12)
    red = expected / (1 + math.exp(-2.0))
    torch.testing.assert_close(seen.colour[:, 0], red, rtol=1e-9, atol=1e-12)


def test_a_voxel_field_is_a_field_for_ray_marching():
    field = random_field()
    o, d = torch.tensor([[0.1, -0.2, -2.0]], dtype=DOUBLE), torch.tensor([[0, 0, 1.0]]).double()
    edges = torch.linspace(1.0, 3.6, 14, dtype=DOUBLE)  # cube from z = -1 to 1.6
    seen = volume_rendering.render_rays(field, o, d, edges)
    # 13 bins of 0.2: what march_torch chooses for bins of at most 0.2
    same = march_torch(field, o, d, torch.full((1,), 0.5).double(), 0.2 / field.voxel + 1e-9)
    torch.testing.assert_close(same.colour, seen.colour, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(same.distance, seen.distance, rtol=1e-9, atol=1e-12)


# ------------------------------------------------------------------ what is stored


def two_puffs():
    """Thick fog at two corners far from each other, next to nothing elsewhere."""
    field = voxel_field.thin_fog(12, torch.zeros(3, dtype=DOUBLE), 1.0)
    field.values[:, 0] = -12.0
    field.values[field.links[2, 3, 4].long(), 0] = 1.0
    field.values[field.links[9, 8, 7].long(), 0] = 1.0
    return field


def test_empty_cells_are_forgotten_with_their_corners():
    field = two_puffs()
    kept, origin = voxel_field.keep_dense(field, 0.01, margin=0)
    assert int(kept.cells.sum()) == 2 * 8  # the cells around two corners
    assert len(kept) == 2 * 27
    assert torch.equal(kept.values, field.values[origin])
    wide, _ = voxel_field.keep_dense(field, 0.01, margin=1)
    assert int(wide.cells.sum()) == 2 * 4**3
    points, d = points_in(field, 4000), directions(4000)
    before, after = field(points, d)[0], wide(points, d)[0]
    changed = ~torch.isclose(before, after, rtol=1e-12)
    assert changed.sum() > 0 and before[changed].max() < 20 * math.exp(-11.9)
    assert kept.bytes < wide.bytes < field.bytes


def test_forgotten_cells_come_back_as_fog_where_the_margin_grows():
    kept, _ = voxel_field.keep_dense(two_puffs(), 0.01, margin=0)
    back, origin = voxel_field.keep_dense(kept, 0.01, margin=1)
    new = origin < 0
    assert int(new.sum()) == 2 * (5**3 - 27)
    assert bool((back.values[new, 0] == voxel_field.FOG).all())
    assert torch.equal(back.values[~new], kept.values[origin[~new]])


@pytest.mark.parametrize("finer", [7, 13, 16])
def test_finer_voxels_show_the_same(finer):
    """Exact where the new corners hold all the old ones; at the new corners always."""
    field = random_field(kept=0.7)
    fine = voxel_field.refine(field, finer)
    corners = torch.nonzero(fine.links >= 0)
    points = fine.centre - fine.radius + fine.voxel * corners.double()
    expected = voxel_field.read_voxels(field, points)[0]
    torch.testing.assert_close(fine.values, expected, rtol=1e-9, atol=1e-9)
    if (finer - 1) % (field.resolution - 1) == 0:
        points, d = points_in(field, 500), directions(500)
        before, after = field(points, d), fine(points, d)
        torch.testing.assert_close(after[0], before[0], rtol=1e-8, atol=1e-8)
        seen = before[0] > 0  # where nothing is kept, colours mean nothing
        torch.testing.assert_close(after[1][seen], before[1][seen], rtol=1e-8, atol=1e-8)


def test_rows_are_in_the_order_of_the_corners():
    """What the compiled code counts on: stored neighbours along z are neighbours in memory."""
    field = random_field(kept=0.5)
    rows = field.links[field.links >= 0]
    assert torch.equal(rows, torch.arange(len(field), dtype=torch.int32))
    corners = torch.nonzero(field.cells)[:, None] + voxel_field.CORNERS
    assert bool((field.links[corners.unbind(-1)] >= 0).all())


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: voxel_field.thin_fog(1, torch.zeros(3), 1.0), "two corners"),
        (lambda: voxel_field.thin_fog(4, torch.zeros(3), 1.0, degree=3), "degree"),
        (lambda: voxel_field.thin_fog(4, torch.zeros(3), 0.0), "radius"),
        (lambda: voxel_field.keep_dense(random_field(), 1.0), "limit"),
        (lambda: voxel_field.keep_dense(random_field(), 0.1, -1), "margin"),
        (lambda: voxel_field.refine(random_field(), 5), "corners a side already"),
        (lambda: replace(random_field(), values=torch.zeros(5, 7)), "4, 13 or 28"),
    ],
)
def test_bad_input_is_refused_in_plain_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_links_and_cells_of_different_cubes_are_refused(as_shipped):
    with pytest.raises(ValueError, match="n - 1 cells"):
        replace(random_field(), cells=torch.ones(3, 3, 3, dtype=torch.bool))
