"""Cubify: by a loop over voxels, by counting, and by what a closed surface must fulfil."""

import inspect
import itertools

import pytest
import torch

from course_utils.vision3d.meshes.meshes import (
    Meshes,
    cubify,
    edges_of,
    euler_characteristic,
    is_watertight,
    mend_diagonals,
    mesh_bytes,
    pack_meshes,
)
from tests.references.meshes import mesh_volume


def grid(shape: tuple[int, int, int], *filled: tuple[int, int, int]) -> torch.Tensor:
    """One grid in which some voxels are full."""
    occupancy = torch.zeros(1, *shape, dtype=torch.bool)
    for voxel in filled:
        occupancy[(0, *voxel)] = True
    return occupancy


def noise(seed: int, shape=(5, 4, 6), share: float = 0.4) -> torch.Tensor:
    return torch.rand(1, *shape, generator=torch.Generator().manual_seed(seed)) < share


def open_squares(occupancy: torch.Tensor) -> set:
    """Middle and outward direction of every open voxel face, by a loop."""
    full = {tuple(v) for v in occupancy.nonzero().tolist()}
    squares = set()
    for voxel in full:
        for axis, step in itertools.product(range(3), (-1, 1)):
            beyond = list(voxel)
            beyond[axis] += step
            if tuple(beyond) not in full:
                middle = [c + 0.5 for c in voxel]
                middle[axis] += step / 2
                squares.add((*middle, axis, step))
    return squares


def squares_of(vertices: torch.Tensor, faces: torch.Tensor) -> set:
    """The same from a mesh whose triangles come in pairs, in units of a voxel."""
    squares = set()
    for one, two in zip(faces[::2].tolist(), faces[1::2].tolist(), strict=True):
        normals = []
        for a, b, c in (one, two):
            normals.append(torch.linalg.cross(vertices[b] - vertices[a], vertices[c] - vertices[a]))
        assert torch.equal(normals[0], normals[1]) and normals[0].abs().sum() == 1
        axis = int(normals[0].abs().argmax())
        middle = vertices[list(set(one + two))].mean(0)
        squares.add((*middle.tolist(), axis, int(normals[0][axis])))
    return squares


@pytest.mark.parametrize("seed", range(4))
def test_cubify_gives_the_open_faces_of_a_loop(seed):
    occupancy = noise(seed, (4, 4, 4))
    vertices, faces = cubify(occupancy, side=4.0)[0]
    assert squares_of(vertices.double() + 2, faces) == open_squares(occupancy[0])
    assert len(faces) == 2 * len(open_squares(occupancy[0]))
    assert len(vertices.unique(dim=0)) == len(vertices) == len(faces.unique())


@pytest.mark.parametrize("seed", range(3))
def test_it_encloses_just_the_full_voxels(seed):
    occupancy = noise(seed)
    vertices, faces = cubify(occupancy, side=2.0)[0]
    voxel = 2.0**3 / occupancy[0].numel()
    assert float(mesh_volume(vertices.double(), faces)) == pytest.approx(
        voxel * int(occupancy.sum()), rel=1e-5
    )


def test_a_cube_a_brick_and_a_ring():
    vertices, faces = cubify(grid((3, 3, 3), (1, 1, 1)), side=3.0)[0]
    assert len(vertices) == 8 and len(faces) == 12 and euler_characteristic(faces) == 2
    assert vertices.abs().amax() == 0.5 and is_watertight(faces)
    brick = grid((3, 3, 3), (0, 0, 0), (1, 0, 0), (2, 0, 0))
    _, faces = cubify(brick)[0]
    assert len(faces) == 2 * 14 and euler_characteristic(faces) == 2
    around = [(i, j, 0) for i in range(3) for j in range(3) if (i, j) != (1, 1)]
    _, faces = cubify(grid((3, 3, 1), *around))[0]
    assert euler_characteristic(faces) == 0 and is_watertight(faces)
    hollow = ~grid((5, 5, 5), (2, 2, 2))
    assert euler_characteristic(cubify(hollow)[0][1]) == 4  # two balls: outside and inside


def test_the_promise_is_broken_by_voxels_that_touch_along_an_edge_alone():
    pair = grid((2, 2, 1), (0, 0, 0), (1, 1, 0))
    _, faces = cubify(pair)[0]
    _, counts = edges_of(faces)
    assert not is_watertight(faces)
    assert sorted(counts.unique().tolist()) == [2, 4] and int((counts == 4).sum()) == 1
    mended = mend_diagonals(pair)
    assert int(mended.sum()) == 3 and is_watertight(cubify(mended)[0][1])
    probability = torch.tensor([[0.9, 0.2], [0.3, 0.9]])[None, :, :, None]
    assert mend_diagonals(pair, probability)[0, 1, 0, 0]
    assert not mend_diagonals(pair, probability)[0, 0, 1, 0]


def test_a_corner_in_common_breaks_no_edge():
    _, faces = cubify(grid((2, 2, 2), (0, 0, 0), (1, 1, 1)))[0]
    assert is_watertight(faces)
    assert euler_characteristic(faces) == 3  # two balls pinched together at one vertex


@pytest.mark.parametrize("seed", range(10))
def test_mended_grids_are_watertight_and_nothing_is_taken_away(seed):
    occupancy = noise(seed, (6, 6, 6), 0.3)
    probability = torch.rand(occupancy.shape, generator=torch.Generator().manual_seed(seed + 50))
    mended = mend_diagonals(occupancy, probability)
    assert bool((mended | ~occupancy).all())
    _, faces = cubify(mended)[0]
    assert is_watertight(faces)
    assert edges_of(faces)[1].unique().tolist() == [2]


def test_at_least_one_noise_grid_needs_mending():
    assert not all(is_watertight(cubify(noise(seed, (6, 6, 6), 0.3))[0][1]) for seed in range(3))


def test_a_batch_is_its_grids_one_after_the_other_and_one_may_be_empty():
    grids = torch.cat([noise(0), torch.zeros(1, 5, 4, 6, dtype=torch.bool), noise(1)])
    meshes = cubify(grids)
    assert len(meshes) == 3 and meshes.vertex_counts[1] == 0 and meshes.face_counts[1] == 0
    for found, alone in zip(meshes, grids, strict=True):
        vertices, faces = cubify(alone[None])[0]
        assert torch.equal(found[0], vertices) and torch.equal(found[1], faces)
    packed = pack_meshes(list(meshes))
    assert torch.equal(packed.faces, meshes.faces)
    assert torch.equal(packed.owner, meshes.owner)
    assert torch.equal(meshes.moved(2 * meshes.vertices)[2][0], 2 * meshes[2][0])


def test_an_open_or_badly_turned_mesh_is_not_watertight():
    _, faces = cubify(grid((1, 1, 1), (0, 0, 0)))[0]
    assert not is_watertight(faces[1:])
    turned = faces.clone()
    turned[0] = faces[0].flip(0)
    assert not is_watertight(turned)
    assert not is_watertight(faces[:0])


def test_bytes_are_those_of_float16_and_of_two_byte_indices():
    vertices, faces = cubify(noise(3))[0]
    kept = vertices.half()
    stored = kept.numpy().nbytes + faces.to(torch.int16).numpy().nbytes
    assert mesh_bytes(vertices, faces) == stored
    # What is lost is far below anything that a grid of the same memory could tell.
    assert float((kept.float() - vertices).abs().max()) < 1e-3


def test_impossible_input_is_refused():
    with pytest.raises(ValueError, match="side > 0"):
        cubify(noise(0), side=0)
    with pytest.raises(ValueError, match="probabilities"):
        inspect.unwrap(mend_diagonals)(noise(0), torch.rand(1, 2, 2, 2))
    with pytest.raises(ValueError, match="no meshes"):
        pack_meshes([])
    vertices, faces = cubify(noise(0))[0]
    with pytest.raises(ValueError, match="add up"):
        Meshes(vertices, faces, torch.tensor([1]), torch.tensor([len(faces)]))
