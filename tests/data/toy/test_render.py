"""The renderers against each other, against distances, and against per-primitive loops."""

import math
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from course_utils.core import numba_support
from course_utils.core.srgb import linear_from_srgb, srgb_from_linear
from course_utils.data import toy
from course_utils.data.toy import raycast_numba
from course_utils.data.toy.primitives import ELLIPSOID, EMPTY, PRISM
from course_utils.data.toy.render import is_blocked
from course_utils.vision3d.cameras import orbit_camera, pixel_centres, pixels_to_rays, unproject

DOUBLE = torch.float64
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def some_scenes(count=10, size=24, seed=0, dtype=DOUBLE, **options):
    g = torch.Generator().manual_seed(seed)
    scenes = toy.sample_scenes(count, generator=g, dtype=dtype, **options)
    return scenes, toy.sample_cameras(scenes, generator=g, size=size)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("backdrop", toy.BACKDROPS)
def test_both_renderers_paint_the_same_picture(backdrop, device):
    scenes, camera = some_scenes(6, 16, backdrop=backdrop, objects=(1, 2), clutter=1)
    fast = toy.render(scenes, camera, samples=1, backend="numba")
    plain = toy.render(scenes.to(device), camera, samples=1, backend="torch")
    assert torch.equal(fast.instance, plain.instance.cpu())
    assert torch.equal(fast.part, plain.part.cpu())
    for name in ("image", "depth", "distance", "normal"):
        a, b = getattr(fast, name), getattr(plain, name).cpu()
        torch.testing.assert_close(a, b, atol=1e-8, rtol=1e-8, msg=name)


def test_single_precision_is_close_enough_to_look_the_same():
    scenes, camera = some_scenes(4, 16)
    exact = toy.render_image(scenes, camera, samples=1)
    single = toy.render_image(
        scenes.to(torch.float32), camera.to(torch.float32), samples=1, backend="torch"
    )
    assert single.dtype == torch.float32
    assert ((single - exact).abs() > 0.02).double().mean() < 0.01


def test_depth_against_signed_distance_along_the_ray():
    scenes, camera = some_scenes(5, 12, objects=(1, 3), clutter=2, backdrop="studio")
    r = toy.render_truth(scenes, camera)
    origins, directions = pixels_to_rays(camera, pixel_centres(camera).flatten(0, 1))
    t = r.distance.flatten(1)
    hit = t.isfinite()
    assert 0.1 < hit.double().mean() < 0.9
    points = origins + torch.where(hit, t, 0.0)[..., None] * directions
    assert toy.signed_distance(scenes, points)[hit].abs().max() < 1e-8
    for share in torch.linspace(0, 0.999, 6):
        before = origins + share * torch.where(hit, t, 20.0)[..., None] * directions
        assert (toy.signed_distance(scenes, before) > 0).all()
    along = unproject(camera, pixel_centres(camera).flatten(0, 1), r.depth.flatten(1))
    torch.testing.assert_close(along[hit], points[hit], atol=1e-9, rtol=0)


def test_normals_are_the_gradient_of_the_distance():
    scenes, camera = some_scenes(10, 14, backdrop="studio")
    r = toy.render_truth(scenes, camera)
    origins, directions = pixels_to_rays(camera, pixel_centres(camera).flatten(0, 1))
    hit = r.distance.flatten(1).isfinite()
    normal = r.normal.flatten(2).transpose(1, 2)
    t = torch.where(hit, r.distance.flatten(1), 0.0)[..., None]
    points = origins + t * directions + 1e-4 * normal
    points.requires_grad_()
    (gradient,) = torch.autograd.grad(toy.signed_distance(scenes, points).sum(), points)
    agree = (gradient * normal).sum(-1)[hit]
    assert (agree > 0.999).double().mean() > 0.97  # all but next to another part
    assert normal[~hit].abs().max() == 0


def test_the_ground_is_the_plane_z_equal_zero():
    scenes, camera = some_scenes(8, 16, objects=2)
    r = toy.render_truth(scenes, camera)
    ground = (r.instance < 0) & r.depth.isfinite()
    points = unproject(camera, pixel_centres(camera).flatten(0, 1), r.depth.flatten(1))
    assert ground.any() and points[..., 2][ground.flatten(1)].abs().max() < 1e-9
    assert (r.normal[:, 2][ground] == 1).all()


def first_part_by_hand(scenes, view, origin, direction):
    """Object slot and part label of the nearest primitive on one ray, in plain floats."""
    parts = scenes.objects.world_parts[view]
    best, found = math.inf, (-1, -1)
    for slot in range(parts.shape.shape[0]):
        for k in range(parts.shape.shape[1]):
            shape = int(parts.shape[slot, k])
            if shape == EMPTY:
                continue
            r = parts.rotation[slot, k].tolist()
            c, size = parts.centre[slot, k].tolist(), parts.size[slot, k].tolist()
            taper = float(parts.taper[slot, k])
            offset = [o - q for o, q in zip(origin, c, strict=True)]
            local = [
                [sum(r[j][i] * v[j] for j in range(3)) for i in range(3)]
                for v in (offset, direction)
            ]
            t = entry_by_hand(shape, size, taper, *local)
            if 1e-5 < t < best:
                best, found = t, (slot, int(parts.label[slot, k]))
    return found


def entry_by_hand(shape, size, taper, o, d) -> float:
    """Nearest crossing of any bounding surface whose point belongs to the solid."""
    x, y, z = size
    slope = (taper - 1) * x / (2 * z)
    candidates = []

    def roots(a, b, c):  # a t^2 + b t + c = 0
        if abs(a) < 1e-14:
            return [-c / b] if b else []
        disc = b * b - 4 * a * c
        return [] if disc < 0 else [(-b + s * math.sqrt(disc)) / (2 * a) for s in (-1, 1)]

    if shape == ELLIPSOID:
        q = [(oi / s, di / s) for oi, di, s in zip(o, d, size, strict=True)]
        candidates += roots(
            sum(v * v for _, v in q), 2 * sum(u * v for u, v in q), sum(u * u for u, _ in q) - 1
        )
        return min(candidates, default=math.inf)
    candidates += [(s * z - o[2]) / d[2] for s in (-1, 1) if d[2]]
    middle = x * (1 + taper) / 2
    if shape == PRISM:
        candidates += [(s * y - o[1]) / d[1] for s in (-1, 1) if d[1]]
        for s in (-1, 1):  # s x = middle + slope z
            speed = s * d[0] - slope * d[2]
            candidates += [(middle + slope * o[2] - s * o[0]) / speed] if speed else []
    else:
        w, dw = middle + slope * o[2], slope * d[2]
        candidates += roots(
            d[0] ** 2 + d[1] ** 2 - dw**2,
            2 * (o[0] * d[0] + o[1] * d[1] - w * dw),
            o[0] ** 2 + o[1] ** 2 - w**2,
        )
    best = math.inf
    for t in candidates:
        p = [oi + t * di for oi, di in zip(o, d, strict=True)]
        width = middle + slope * p[2] + 1e-9
        sides = abs(p[0]) <= width and abs(p[1]) <= y + 1e-9
        around = sides if shape == PRISM else math.hypot(p[0], p[1]) <= width
        if abs(p[2]) <= z + 1e-9 and around:
            best = min(best, t)
    return best


def test_masks_against_every_primitive_in_turn():
    scenes, camera = some_scenes(10, 9, objects=2, clutter=1, backdrop="studio", seed=5)
    r = toy.render_truth(scenes, camera)
    origins, directions = pixels_to_rays(camera, pixel_centres(camera).flatten(0, 1))
    for view in range(10):
        for pixel in range(81):
            o, d = origins[view, pixel].tolist(), directions[view, pixel].tolist()
            got = (r.instance[view].flatten()[pixel], r.part[view].flatten()[pixel])
            assert (int(got[0]), int(got[1])) == first_part_by_hand(scenes, view, o, d)


def test_part_labels_belong_to_the_kind_of_the_object():
    scenes, camera = some_scenes(20, 16, objects=2, clutter=2)
    r = toy.render_truth(scenes, camera)
    names = (*toy.KINDS, "clutter")
    for view, y, x in (r.instance >= 0).nonzero().tolist():
        kind = int(scenes.objects.kind[view, r.instance[view, y, x]])
        assert toy.PART_NAMES[r.part[view, y, x]].startswith(names[kind] + "/")


def test_more_samples_converge_and_hard_edges_become_soft():
    scenes, camera = some_scenes(3, 24)
    coarse, fine, finest = (toy.render_image(scenes, camera, samples=s) for s in (1, 3, 8))
    assert (fine - finest).abs().mean() < 0.5 * (coarse - finest).abs().mean()


def test_shadows_are_cast_away_from_the_sun():
    scenes, _ = some_scenes(10, 32, kinds=("mushroom",))
    sun, objects = scenes.backdrop.sun, scenes.objects
    world = scenes.backdrop
    for i in range(10):
        along = -sun[i, :2] / sun[i, :2].norm()
        behind = objects.position[i, 0, :2] + along * 0.4 * sun[i, :2].norm() / sun[i, 2]
        start = torch.cat([behind, torch.tensor([1e-3], dtype=DOUBLE)])
        far = torch.full((1, 1), math.inf, dtype=DOUBLE)
        assert is_blocked(scenes[i], start[None, None], sun[i][None, None], far).item()
    assert (world.sun.norm(dim=-1) - 1).abs().max() < 1e-9


def car(gloss):
    g = torch.Generator().manual_seed(1)
    scene = toy.sample_scenes(1, generator=g, kinds=("car",), gloss=gloss, dtype=DOUBLE)
    clear = replace(scene.backdrop, haze=0 * scene.backdrop.haze)
    return replace(scene, backdrop=clear)


def test_gloss_makes_the_colour_depend_on_the_view():
    target = torch.tensor([0.0, 0.0, 0.3], dtype=DOUBLE)
    a, b = (orbit_camera(x, 0.5, 4.0, target, size=160) for x in (0.0, 0.5))
    change = []
    for scene in (car(0.0), car(None)):
        c = toy.correspondence(scene, a, scene, b)
        before, after = (toy.render_image(scene, v, samples=1) for v in (a, b))
        grid = 2 * c.target.permute(0, 2, 3, 1) / 160 - 1
        there = torch.nn.functional.grid_sample(after, grid, align_corners=False)
        on_car = c.visible & (toy.render_truth(scene, a).instance == 0)
        change.append((there - before).abs().mean(1)[on_car].median())
    assert change[0] < 0.002 and change[1] > 5 * change[0]


def test_the_studio_does_not_tell_up_from_down():
    g = torch.Generator().manual_seed(0)
    scenes = toy.sample_scenes(400, generator=g, backdrop="studio", dtype=DOUBLE)
    mean = scenes.backdrop.sun.mean(0)
    assert mean.norm() < 4 / math.sqrt(400)  # lamps come evenly from everywhere
    camera = toy.sample_cameras(scenes, generator=g, size=16)
    r = toy.render(scenes, camera, samples=1)
    empty = ~r.foreground
    everywhere = empty & empty.flip(1)
    upside_down = (r.image - r.image.flip(2)).abs().amax(1)
    assert upside_down[everywhere].max() < 1e-9


def test_one_scene_from_many_cameras_and_one_camera_for_many_scenes():
    scenes, camera = some_scenes(3, 8)
    views = toy.render(scenes[0], camera, samples=1)
    torch.testing.assert_close(views.image[:1], toy.render(scenes[0], camera[0], samples=1).image)
    shared = toy.render(scenes, camera[1], samples=1)
    torch.testing.assert_close(shared.image[1], toy.render(scenes, camera, samples=1).image[1])
    assert len(views) == len(shared) == 3 and views[0].image.shape == (1, 3, 8, 8)


def test_the_number_of_threads_changes_nothing():
    import numba

    scenes, camera = some_scenes(4, 16)
    before = numba.get_num_threads()
    images = []
    try:
        for threads in (1, before):
            numba.set_num_threads(threads)
            images.append(toy.render_image(scenes, camera))
    finally:
        numba.set_num_threads(before)
    assert torch.equal(*images)


def test_srgb_there_and_back():
    x = torch.linspace(0, 1, 1001, dtype=DOUBLE)
    torch.testing.assert_close(linear_from_srgb(srgb_from_linear(x)), x, atol=1e-6, rtol=0)


def test_bad_input_is_refused():
    scenes, camera = some_scenes(3, 8)
    for bad in (
        lambda: toy.render(scenes, camera[:2]),
        lambda: toy.render(scenes, camera, samples=0),
        lambda: toy.render(scenes, camera, backend="opengl"),
    ):
        with pytest.raises(ValueError, match=" "):
            bad()


def test_stale_compiled_code_is_dropped(tmp_path, capsys):
    class Kernel:
        py_func = raycast_numba.paint.py_func
        stats = SimpleNamespace(cache_path=str(tmp_path))

    old = tmp_path / "raycast_numba.paint-1.py311.nbi"
    old.write_text("old")
    numba_support.prepare(Kernel, raycast_numba.SOURCES, "it")
    assert not old.exists() and "Compiling it" in capsys.readouterr().err
    old.write_text("new")
    numba_support.prepare.__wrapped__(Kernel, raycast_numba.SOURCES, "it")
    assert old.exists() and not capsys.readouterr().err


def test_the_sources_of_compiled_code_are_all_listed():
    # Whatever a listed file imports from the package must be listed too, but for the types
    # (Scenes, Camera) that only Python code handles, and the keeper of the cache.
    folder = Path(raycast_numba.__file__).parent
    found, todo = set(), ["raycast_numba"]
    while todo:
        text = (folder / f"{todo.pop()}.py").read_text()
        names = set(re.findall(r"from course_utils.data.toy.(\w+) import", text))
        names -= {"scenes"}
        todo += names - found
        found |= names
    assert found == set(raycast_numba.SOURCES)


def test_rendering_leaves_torch_its_threads():
    """In a process of its own: only a kernel's very first start can change them."""
    script = (
        "import torch; torch.set_num_threads(1)\n"
        "from course_utils.data import toy\n"
        "g = torch.Generator().manual_seed(0)\n"
        "s = toy.sample_scenes(1, generator=g)\n"
        "toy.render(s, toy.sample_cameras(s, generator=g, size=8))\n"
        "print(torch.get_num_threads())"
    )
    free = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    run = subprocess.run([sys.executable, "-c", script], env=free, capture_output=True, text=True)
    assert run.stdout.strip().splitlines()[-1:] == ["1"], run.stderr
