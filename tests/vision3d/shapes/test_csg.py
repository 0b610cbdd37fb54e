"""Distances written by hand, against a search for the nearest point and against set algebra."""

import math

import pytest
import torch

from course_utils.vision3d.shapes import csg
from course_utils.vision3d.shapes.conversions import mesh_from_function
from tests.references.meshes import mesh_volume

BOX = csg.box((0.5, 0.3, 0.6))


def places(count=400, seed=0):
    return 2 * torch.rand(count, 3, generator=torch.Generator().manual_seed(seed)).double() - 1


def on_the_box(count=60):
    """A fine net of points on the six faces of BOX, each made by hand."""
    share = torch.linspace(-1, 1, count, dtype=torch.float64)
    a, b = (x.reshape(-1) for x in torch.meshgrid(share, share, indexing="ij"))
    half, faces = (0.5, 0.3, 0.6), []
    for axis in range(3):
        others = [k for k in range(3) if k != axis]
        for side in (-1, 1):
            face = torch.empty(len(a), 3, dtype=torch.float64)
            face[:, axis] = side * half[axis]
            face[:, others[0]], face[:, others[1]] = a * half[others[0]], b * half[others[1]]
            faces.append(face)
    return torch.cat(faces)


def test_the_box_is_as_far_as_its_nearest_point():
    points = places()
    nearest = torch.cdist(points, on_the_box()).amin(1)
    inside = (points.abs() < torch.tensor([0.5, 0.3, 0.6])).all(1)
    spacing = 2 * 0.6 / 59
    assert ((BOX(points).abs() - nearest) <= 1e-12).all()
    assert ((nearest - BOX(points).abs()) <= spacing).all()
    assert torch.equal(BOX(points) < 0, inside)


def test_the_torus_is_as_far_as_its_nearest_point():
    u, v = (
        x.reshape(-1)
        for x in torch.meshgrid(*[torch.linspace(0, 2 * math.pi, 200).double()] * 2, indexing="ij")
    )
    around = 0.5 + 0.2 * v.cos()
    net = torch.stack([around * u.cos(), around * u.sin(), 0.2 * v.sin()], -1)
    points = places(200)
    gap = torch.cdist(points, net).amin(1) - csg.torus(0.5, 0.2)(points).abs()
    assert (gap >= -1e-9).all() and (gap < 0.012).all()  # half a mesh of the net


def test_balls_and_discs():
    points = places(50)
    by_loop = [math.dist(p, (0.1, 0.2, 0.3)) - 0.4 for p in points.tolist()]
    assert csg.sphere(0.4, (0.1, 0.2, 0.3))(points).tolist() == pytest.approx(by_loop, abs=1e-12)
    disc = csg.sphere(0.5, (0.0, 0.0))(torch.tensor([[0.3, 0.4], [1.0, 0.0]]))
    assert disc.tolist() == pytest.approx([0.0, 0.5], abs=1e-6)


def test_min_and_max_are_or_and_and():
    a, b, points = csg.sphere(0.6), csg.box((0.4, 0.7, 0.2)), places(2000)
    in_a, in_b = a(points) <= 0, b(points) <= 0
    assert torch.equal(csg.union(a, b)(points) <= 0, in_a | in_b)
    assert torch.equal(csg.intersection(a, b)(points) <= 0, in_a & in_b)
    assert torch.equal(csg.difference(a, b)(points) < 0, in_a & ~(b(points) <= 0))


def test_after_max_the_value_never_exceeds_the_distance():
    holed = csg.difference(csg.sphere(0.7), csg.box((0.3, 0.3, 2.0)))
    vertices, _ = mesh_from_function(holed, 80)
    points = places(300).float()
    nearest = torch.cdist(points, vertices).amin(1)
    assert (holed(points).abs() <= nearest + 0.03).all()
    assert (nearest - holed(points).abs()).max() > 0.1  # and somewhere it is far less


def test_carving_leaves_the_volume_that_it_should():
    """A cube of side 1 with a round hole of radius 0.3 through it."""
    hole = csg.box((0.5, 0.5, 0.5))

    def rod(points):
        return points[:, :2].norm(dim=1) - 0.3

    volume = float(mesh_volume(*mesh_from_function(csg.difference(hole, rod), 96)))
    assert volume == pytest.approx(1 - math.pi * 0.09, rel=0.01)


def test_a_filled_seam_is_the_union_away_from_it():
    a, b = csg.sphere(0.4, (-0.5, 0.0, 0.0)), csg.sphere(0.4, (0.5, 0.0, 0.0))
    points = places(500)
    plain, filled = csg.union(a, b)(points), csg.smooth_union(a, b, 0.3)(points)
    far = (a(points) - b(points)).abs() >= 0.3
    assert torch.equal(plain[far], filled[far])
    assert (filled[~far] < plain[~far]).all()
    middle = torch.zeros(1, 3, dtype=torch.float64)  # f = g = 0.1: h = 1, so 0.3 / 4 less
    assert csg.smooth_union(a, b, 0.3)(middle).item() == pytest.approx(0.1 - 0.075)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: csg.sphere(0), "radius"),
        (lambda: csg.box((1.0, 0.0, 1.0)), "half side"),
        (lambda: csg.box((1.0, 1.0)), "half side"),
        (lambda: csg.torus(0.2, 0.3), "wider"),
        (lambda: csg.union(), "no solid"),
        (lambda: csg.smooth_union(BOX, BOX, 0.0), "width"),
        (lambda: csg.sphere(1.0)(torch.zeros(4, 2)), "expected points"),
    ],
)
def test_what_cannot_be_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
