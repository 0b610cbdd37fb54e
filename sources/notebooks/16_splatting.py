# %% [markdown]
# # 16 · Gaussian splatting: a scene made of soft blobs
#
# **What you will see.** Twenty photographs of a boat become a few thousand coloured,
# see-through ellipsoids. You will hold one of them in your hand, see why two must be drawn in
# the right order, watch thousands find their places by gradient descent, grow and thin them,
# walk round the result, and fly into it.
#
# **Slides.** *3D Gaussian Splatting (Kerbl and Kopanas et al., 2023)* · *Space vs. Time Tradeoff*
#
# **Time.** About 2 minutes of computing on 2 cores.
#
# Before each reveal there is a guess to make. Change it, then run: a wrong guess teaches most.

# %%
from course_utils import scale
from course_utils.lessons import shared

SCALE = scale("laptop")  # "laptop", "gpu" or "test": changes sizes only

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from course_utils import live, plots
from course_utils.core import devices, metrics
from course_utils.core.training import Minibatches, fit, progress
from course_utils.data import posed_scenes, toy
from course_utils.lessons.splatting import figures
from course_utils.lessons.splatting.fit_instrument import SplatFitLab
from course_utils.lessons.splatting.instrument import SplatLab, one_gaussian
from course_utils.live.fly import fly
from course_utils.vision3d.cameras import orbit_camera, pixel_centres, project_points
from course_utils.vision3d.fields import compositing, volume_rendering
from course_utils.vision3d.fields.harmonics import harmonics_basis, harmonics_from_colours
from course_utils.vision3d.splats import gaussians, projection, splat_fit, splatting
from course_utils.vision3d.splats.rasterize.autograd import rasterise_compiled

plots.use_style()
devices.use_threads(1)  # small pictures are drawn fastest by one core

# %%
SIZES = {
    "laptop": dict(size=100, steps=1500, short=800, most=4000, points=50_000)
    | dict(glossy=100, rays=256, asked=900, voxels=(32, 64)),
    "gpu": dict(size=200, steps=5000, short=2000, most=20_000, points=10**6)
    | dict(glossy=200, rays=4096, asked=4000, voxels=(64, 128)),
    "test": dict(size=32, steps=30, short=30, most=300, points=2000)
    | dict(glossy=6, rays=32, asked=10, voxels=(6, 8)),
}[SCALE]
START = SIZES["most"] // 4
dice = torch.Generator().manual_seed(3)


def views_of(world, count, hold_out_one_in=6):
    cameras = posed_scenes.sphere_cameras(world, count, SIZES["size"], generator=dice)
    photographs = posed_scenes.posed_views(world, cameras)
    held_out = torch.arange(count) % hold_out_one_in == 2
    return photographs[~held_out], photographs[held_out]


boat = toy.sample_scenes(1, generator=dice, kinds=("boat",), gloss=0)
centre, radius = toy.scene_ball(boat)[0][0], float(toy.scene_ball(boat)[1])
views, judges = views_of(boat, 24)
plots.image_grid(views.images[::2], columns=5, picture_inches=1.7)

# %% [markdown]
# Half of the twenty pictures that we shall fit. Of each we know from where it was taken. Four
# more are held back to judge by: a scene is right if it also looks right from where nobody
# looked.
#
# Lesson 14 made the world of fog, and asked it at many places along every ray. Most of those
# places are empty. **The idea of splatting:** say only where there *is* something, with soft
# blobs, and throw each of them onto the picture, *splat*.
#
# ## 1 · One Gaussian
#
# A blob has a middle $m$, three axes of lengths $s_1, s_2, s_3$, and a rotation $R$, kept as a
# *quaternion*. It fades with the distance from the middle as
# $\exp(-\tfrac12 (x-m)^\top \Sigma^{-1} (x-m))$, with
#
# $$\Sigma = R\,\mathrm{diag}(s)^2 R^\top$$
#
# Is that formula right? Draw random points the obvious way: stretch them, then turn them.
# Measure their covariance.

# %%
blob = one_gaussian(scales=(0.7, 0.25, 0.1), turn=0.6, tilt=0.5)
turn = gaussians.rotation_from_quaternion(blob.quaternions)[0]
normal = torch.randn(SIZES["points"], 3, generator=dice)
points = (turn @ (blob.scales[0][:, None] * normal.T)).T
formula = gaussians.covariance_3d(blob.scales, blob.quaternions)[0]
print("measured on points\n", torch.cov(points.T), "\nR diag(s)² Rᵀ\n", formula)
assert (torch.cov(points.T) - formula).abs().max() < 5 / len(points) ** 0.5

# %% [markdown]
# Why not store $\Sigma$ itself, six numbers? Gradient descent would soon push it to something
# that is no covariance: an ellipsoid whose squared length is negative. Axes and a rotation
# always make a valid one.
#
# Here is one Gaussian before a camera: in space, with its three axes, and the ellipse that it
# leaves on the picture.

# %%
eye = orbit_camera(0.9, 0.35, 4.0, size=64)
figures.splat_panel(figures.look_at_gaussian(one_gaussian(), eye))

# %%
lab = SplatLab()

# %% [markdown]
# Drag the coloured ends of the axes, and try:
#
# 1. Make it a *disc*, then a *needle*. Which of the two is a good piece of a wall? Of a mast?
# 2. Turn the needle until it points at the camera. What becomes of its ellipse?
# 3. Make all axes as short as they go. The ellipse does not become a point. Why not? (Section 7
#    takes that away.)
#
# ## 2 · Perspective bends, so take its slope
#
# Seen in perspective, a Gaussian is not quite a Gaussian any more. Splatting replaces the
# projection by its linear part at the middle of the blob, the *Jacobian* $J$:
# $\;\Sigma' = J W \Sigma W^\top J^\top$, with $W$ the rotation into the camera's axes.
#
# **Guess first:** the camera goes four times nearer. By which factor does the *relative* error
# of the linear part grow?

# %%
my_guess = 4


def spread(distance):
    camera = orbit_camera(0.9, 0.35, distance, target=(0, 0.15 * distance, 0), size=64)
    uv = project_points(camera, points)[0]  # every point, exactly
    cov = projection.project_covariance(camera, torch.zeros(1, 3), torch.cov(points.T)[None])[0]
    mean = project_points(camera, torch.zeros(1, 3))[0][0]
    error = (torch.cov(uv.T) - cov).norm() / torch.cov(uv.T).norm()
    return (uv, mean, cov), float(error)


(far_cloud, far_error), (near_cloud, near_error) = spread(16.0), spread(4.0)
print(f"error of the covariance: {far_error:.1%} from afar, {near_error:.1%} from near by")
print(f"you said {my_guess}; it grew by {near_error / far_error:.1f}")
figures.cloud_and_ellipses({"from afar": far_cloud, "four times nearer": near_cloud})

# %% [markdown]
# The error goes roughly with the *square* of size over distance: far away the linear part is as
# good as exact; near by the cloud has an egg's shape, drawn out towards the side that is near
# the camera. Scenes of many small Gaussians hardly notice.
#
# ## 3 · Two Gaussians, and who is in front
#
# On every pixel, a Gaussian has $\alpha = \text{opacity} \times \text{footprint}$. Several of
# them are added up with the line you know from lesson 14: *weight = what still gets through ×
# α*, from near to far.

# %%
red_blue = gaussians.gaussians_from_points(
    torch.tensor([[0.5, 0.3, 0.0], [-0.5, -0.3, 0.0]]),
    torch.tensor([[0.85, 0.15, 0.1], [0.1, 0.3, 0.8]]),
    radius=0.45,
    opacity=0.9,
)
eye = orbit_camera(0.9, 0.2, 5.0, size=96)
pair, white = projection.project_gaussians(red_blue, eye), torch.ones(3)


def draw(splats, camera=eye):
    return splatting.over(*splatting.rasterise_dense(splats, camera), white)


print("depths of red and blue:", [f"{d:.2f}" for d in pair.depths.tolist()])
wrong = replace(pair, depths=-pair.depths)
shared.image_rows(
    {
        "near to far": draw(pair),
        "far to near": draw(wrong),
        "difference": (draw(pair) - draw(wrong)).abs(),
    },
    good=["near to far"],
    bad=["far to near"],
)

# %% [markdown]
# In the wrong order the farther one is painted on top. Where only one of them is, nothing is wrong.
#
# **Is it the same sum as in lesson 14?** Take the pixel in the middle. Once by the loop over
# Gaussians; once as a *ray through fog*, whose bins are one unit long and just dense enough to
# stop $\alpha$: $\sigma = -\ln(1-\alpha)$. **Guess first:** to how many digits will the two
# agree?

# %%
my_guess = 3

exact = projection.project_gaussians(red_blue.to(torch.float64), eye.to(torch.float64))
middle = torch.tensor([48.5, 48.5], dtype=torch.float64)
order = splatting.front_to_back(exact.depths)
foot = splatting.gaussian_footprint(middle - exact.means[order], exact.conics[order])
alpha = splatting.alpha_from_footprint(foot, exact.opacities[order])
loop, _ = compositing.composite_by_loop(alpha, exact.colours[order], white.double())
density, bins = -torch.log1p(-alpha), torch.ones_like(alpha)
fog = volume_rendering.render_from_samples(density, exact.colours[order], exact.depths[order], bins)
ray = compositing.over_background(fog.colour, fog.opacity, white.double())
print("loop over the Gaussians", [f"{x:.14f}" for x in loop.tolist()])
print("ray through fog        ", [f"{x:.14f}" for x in ray.tolist()])
print(f"you said {my_guess} digits; they differ by {float((loop - ray).abs().max()):.1e}")
assert torch.allclose(loop, ray, atol=1e-12)

# %% [markdown]
# The same sum. NeRF and splatting differ in *where the alphas come from*: from asking a field
# many times, or from a sorted list of blobs.
#
# ## 4 · Loop, dense, compiled: shown equal
#
# The loop over pixels and Gaussians is to be read. `rasterise_dense` is the same without loops,
# every pixel against every Gaussian. The compiled one looks only at Gaussians that touch a tile
# of pixels. **Guess first:** how many times faster is it than dense, on the scene below?

# %%
my_guess = 10

many = splat_fit.random_start(300, torch.zeros(3), 1.0, generator=dice, opacity=0.5)
many = replace(many, harmonics=harmonics_from_colours(torch.rand(300, 3, generator=dice)))
small, large = (orbit_camera(0.9, 0.3, 4.0, size=s) for s in (10, SIZES["size"]))


def by_loop(scene, camera):
    splats = projection.project_gaussians(scene, camera)
    order, picture = splatting.front_to_back(splats.depths), []
    for pixel in pixel_centres(camera).to(splats.means).flatten(0, 1):
        foot = splatting.gaussian_footprint(pixel - splats.means[order], splats.conics[order])
        alpha = splatting.alpha_from_footprint(foot, splats.opacities[order])
        seen, _ = compositing.composite_by_loop(alpha, splats.colours[order], white.to(alpha))
        picture.append(seen)
    return torch.stack(picture).T.view(3, camera.height, camera.width)


slow = by_loop(many.to(torch.float64), small.to(torch.float64))
pictures = {
    b: splatting.render_gaussians(many, small, white, backend=b) for b in ("dense", "numba")
}
gaps = {name: f"{float((p - slow).abs().max()):.1e}" for name, p in pictures.items()}
print("largest difference from the loop in float64:", gaps)


# %%
def seconds(work, times=3):
    work()  # the first time loads what is compiled
    spent = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        spent.append(time.perf_counter() - begin)
    return min(spent)


spent = {
    b: seconds(lambda b=b: splatting.render_gaussians(many, large, white, backend=b))
    for b in ("dense", "numba")
}
print({name: f"{1000 * s:.2f} ms" for name, s in spent.items()})
print(f"you said {my_guess}; compiled is {spent['dense'] / spent['numba']:.0f} times faster here")
assert all(float((p - slow).abs().max()) < 1e-3 for p in pictures.values())

# %% [markdown]
# What is left is the rounding of single precision. (The compiled one also stops where hardly
# any light gets through a tile.) All of them are **differentiable**: in every mean, axis,
# quaternion, opacity and colour. That is all that learning needs.
#
# ## 5 · Fit: look, compare, move
#
# *Inverse rendering.* Start with grey blobs anywhere. Render one of the twenty views, compare
# it with the photograph, follow the gradient. Nothing else: there is no network here.


# %%
def batches(pictures, generator):
    while True:
        for view in torch.randperm(len(pictures), generator=generator).tolist():
            yield pictures.cameras[view], pictures.images[view]


def judged(scene, pictures):
    seen = [splatting.render_gaussians(scene, camera, white) for camera in pictures.cameras]
    return metrics.image_psnr(torch.stack(seen), pictures.images)


start = splat_fit.random_start(START, centre, radius, generator=dice)
rates = splat_fit.Rates(means=0.004 * radius, steps=SIZES["steps"])
fitting, album, held_out = splat_fit.SplatFit(start, rates), {}, {}


def step(batch):
    if fitting.steps in (0, 20, 100):
        album[f"{fitting.steps} steps"] = splatting.render_gaussians(
            fitting.gaussians, judges.cameras[1], white
        )
    if fitting.steps % 25 == 0:
        held_out["dB"] = judged(fitting.gaussians, judges)
    return fitting.step(batch) | {"held-out dB": held_out["dB"]}


# %%
records = progress(fit(step, batches(views, dice), steps=SIZES["short"]))
album[f"{fitting.steps} steps"] = splatting.render_gaussians(
    fitting.gaussians, judges.cameras[1], white
)
shared.image_rows(album | {"photograph": judges.images[1]}, good=["photograph"])

# %% [markdown]
# A view that was never fitted. First comes the colour of the whole, then the shape, then the edges.
#
# What are these Gaussians? Shrink every one to a third, and make it solid:


# %%
def shrunk(scene, share=0.33):
    log_scales = scene.log_scales + torch.tensor(share).log()
    return replace(scene, log_scales=log_scales, opacity_logits=scene.opacity_logits + 3)


def nearness(scene, camera):
    depth, opacity = splatting.render_depth(scene, camera)
    solid = depth[opacity > 0.7 * opacity.max()]
    paler = 0.8 * (depth - solid.min()) / (solid.max() - solid.min() + 1e-6)
    return (opacity * (1 - paler)).clamp(0, 1)


camera = judges.cameras[1]
shared.image_rows(
    {
        "the scene": splatting.render_gaussians(fitting.gaussians, camera, white),
        "each a third as wide": splatting.render_gaussians(
            shrunk(fitting.gaussians), camera, white
        ),
        "nearness": nearness(fitting.gaussians, camera),
    }
)

# %%
plots.curves(records[::25], names=["held-out dB"], ylabel="PSNR on held-out views, dB")

# %% [markdown]
# ### Tiles: who needs to look at whom
#
# The compiled renderer cuts the picture into tiles and gives each a list: the Gaussians whose
# box touches it, near to far.

# %%
from course_utils.vision3d.splats.rasterize import torch_tiles

seen = splatting.project_gaussians(fitting.gaussians, camera)
lists = torch_tiles.list_tiles(seen, camera)
counts = lists.starts.diff().view(lists.down, lists.across)
pairs = camera.width * camera.height * len(seen)
tiled = int(counts.sum()) * torch_tiles.TILE**2
print(f"pixel-Gaussian pairs: {pairs:,} without tiles, {tiled:,} with them")
picture = splatting.render_gaussians(fitting.gaussians, camera, white)
figures.tile_map(picture, counts, torch_tiles.TILE)

# %% [markdown]
# Empty tiles cost nothing at all. In lesson 14 an empty ray cost as much as any other.
#
# ## 6 · Grow and thin: clone, split, prune, reset
#
# How many Gaussians does a scene need, and where? The fit itself knows: where the loss keeps
# pulling at a Gaussian's place *on the picture*, one is too few. A small one is **cloned**, a
# large one is **split** in two smaller ones, and one that has become transparent is **pruned**.
#
# We started with grey blobs all through the air. **Guess first:** what share of them has become
# nearly transparent by now?

# %%
from course_utils.vision3d.splats import densify

my_guess = 0.1

pull, scene = fitting.pull.mean(), fitting.gaussians
limit = float(pull.quantile(0.7))  # grow the hardest pulled
large = float(scene.scales.amax(1)[pull > limit].median())  # half of them are large
clone, split = densify.densify_mask(pull, scene.scales, limit, large)
pruned = ~densify.keep_mask(scene, opacity_limit=0.05)
print(f"you said {my_guess}; with an opacity below 0.05 are {float(pruned.double().mean()):.2f}")
figures.growth_panel(
    picture, {"clone": seen.means[clone], "split": seen.means[split], "prune": seen.means[pruned]}
)

# %% [markdown]
# All that floated in the air has faded: nothing in the pictures asked for it. Where the boat
# is, there is work left. Now do it, one thing after the other, and look after each. The last
# one, **reset**, makes *everything* nearly transparent: what the pictures need becomes opaque
# again within some steps; what floats about unneeded does not, and can be pruned.


# %%
def look():
    return splatting.render_gaussians(fitting.gaussians, camera, white)


stages = {f"{len(fitting.gaussians):,}": look()}
grown = fitting.grow(limit, large, SIZES["most"], generator=dice)
stages[f"grown: {len(fitting.gaussians):,}"] = look()
gone = fitting.prune(0.05)
stages[f"pruned: {len(fitting.gaussians):,}"] = look()
fitting.reset_opacities(0.05)
stages["reset"] = look()
for _ in fit(fitting.step, batches(views, dice), steps=SIZES["short"] // 4):
    pass
stages[f"{SIZES['short'] // 4} steps later"] = look()
print(f"cloned {grown[0]}, split {grown[1]}, pruned {gone}")
shared.image_rows(stages)

# %%
fit_lab = SplatFitLab(views, judges, centre, radius)

# %% [markdown]
# The same in your hand, from the start: on the left the fit, on the right a photograph that is
# not fitted. Press *Play*, after a while *Grow*, and *Play* again; the same with *Prune* and
# with *Fade all*. Which of them makes the curve fall, and does it come back higher?
#
# Does growing help? Both fits below get the same number of steps; one keeps its few Gaussians,
# the other may grow. Three dice each. **Guess first:** by how many dB?

# %%
my_guess = 1.0


def fitted(seed, grow, pictures=views, degree=0, ball=(centre, radius), colour=0.02):
    g, steps, begin = torch.Generator().manual_seed(seed), SIZES["short"], time.process_time()
    begun = splat_fit.random_start(START // 4, *ball, generator=g, degree=degree)
    rates = splat_fit.Rates(means=0.004 * ball[1], harmonics=colour, steps=steps)
    run = splat_fit.SplatFit(begun, rates)
    for record in fit(run.step, batches(pictures, g), steps=steps):
        if grow and record.step % 100 == 0 and record.step < 0.75 * steps:
            run.grow(2e-4, 0.02 * ball[1], SIZES["most"], generator=g)
            run.prune(0.01)
    clock[seed, grow, degree, colour] = time.process_time() - begin
    return run.gaussians


clock = {}
few, more = ([fitted(seed, grow) for seed in range(3)] for grow in (False, True))
best = more[0]
gains = []
for a, b in zip(few, more, strict=True):
    before, after = judged(a, judges), judged(b, judges)
    gains.append(after - before)
    print(f"{len(a):,} Gaussians {before:.1f} dB   {len(b):,} after growing {after:.1f} dB")
print(f"you said {my_guess}; it gains {min(gains):.1f} to {max(gains):.1f} dB on this scene")

# %% [markdown]
# ## 7 · The museum of mistakes
#
# **1. No sorting.** The same fit, drawn in the order of the list. **2. No low-pass filter.**
# Every splat is blurred by a third of a pixel squared, else a thin one falls *between* the
# pixel centres. **3. No growing**: the few Gaussians from above. **Guess first:** which one
# suffers most when you go farther away: `1`, `2` or `3`?

# %%
my_guess = 1


def without_blur(scene, camera):
    splats = projection.project_gaussians(scene, camera)
    cov = gaussians.covariance_3d(scene.scales, scene.quaternions)
    cov = projection.project_covariance(camera, scene.means, cov)
    (a, b), (_, c) = cov.permute(1, 2, 0) + 1e-3 * torch.eye(2)[..., None]
    conics = torch.stack([c, -b, a], -1) / (a * c - b * b)[:, None]
    return splatting.over(*splatting.rasterise_tiles(replace(splats, conics=conics), camera), white)


def unsorted(scene, camera):
    splats = projection.project_gaussians(scene, camera)
    listed = torch.arange(len(scene)).to(splats.depths)
    return splatting.over(*rasterise_compiled(replace(splats, depths=listed), camera), white)


def shown(camera):
    right, small = (splatting.render_gaussians(s, camera, white) for s in (best, few[0]))
    mistakes = {"1 unsorted": unsorted(best, camera), "2 no low-pass": without_blur(best, camera)}
    return {"right": right} | mistakes | {"3 not grown": small}


shared.image_rows(shown(camera), good=["right"], bad=list(shown(camera))[1:])

# %%
afar = orbit_camera(0.9, 0.35, 4 * radius, centre.tolist(), size=SIZES["size"] // 3)
print(f"you said {my_guess}; mean difference from the right picture, over what it covers:")
for name, eye in (("near", camera), ("afar", afar)):
    right, *broken = shown(eye).values()
    covered = float((1 - right).abs().mean())
    print(name, [f"{float((b - right).abs().mean()) / covered:.2f}" for b in broken])
shared.image_rows(shown(afar), good=["right"], bad=list(shown(afar))[1:])

# %% [markdown]
# Below: the same with a third of the pixels, as from three times as far. Without the filter,
# thin Gaussians drop out where no pixel centre happens to hit them: holes and noise, which
# flicker as soon as the camera moves. Unsorted, the far side shines through the near one. Not
# grown, details are simply missing: no order and no filter can bring them back.
#
# ## 8 · Colour that depends on where you stand
#
# A glossy thing looks different from each side. So each Gaussian may store a colour *per
# direction*, as a sum of **spherical harmonics**: sines and cosines on the sphere. Here are the
# sixteen up to degree 3, seen as maps of all directions (white: adds light; black: takes it
# away).

# %%
up, round_ = torch.linspace(1.57, -1.57, 24)[:, None], torch.linspace(-3.14, 3.14, 48)
sphere = torch.stack([up.cos() * round_.cos(), up.cos() * round_.sin(), up.sin() + 0 * round_], -1)
maps = harmonics_basis(sphere, 3).permute(2, 0, 1)
names = [f"degree {d}" for d in range(4) for _ in range(2 * d + 1)]
plots.image_grid((0.5 + 0.6 * maps).clamp(0, 1), names, columns=8, picture_inches=1.35)

# %% [markdown]
# How many of them does a highlight need? Take a glossy ball of Gaussians before a lamp. What
# each should look like from every direction is known from the law of reflection; least squares
# finds the coefficients. **Guess first:** from which degree on will you *see* a highlight that
# moves as you walk: 0, 1 or 3?

# %%
my_guess = 1

many_ways = torch.nn.functional.normalize(torch.randn(800, 3, generator=dice), dim=-1)
normals = torch.nn.functional.normalize(torch.randn(4000, 3, generator=dice), dim=-1)
lamp = torch.nn.functional.normalize(torch.tensor([1.0, 0.6, 0.8]), dim=0)
bounced = many_ways[:, None] - 2 * (many_ways @ normals.T)[..., None] * normals
light = 0.8 * (bounced @ lamp).clamp_min(0) ** 6  # (directions, Gaussians)
matt = torch.tensor([0.1, 0.35, 0.55]) * (0.6 + 0.4 * (normals @ lamp))[:, None]


def ball(degree):
    found = torch.linalg.lstsq(harmonics_basis(many_ways, degree), light).solution
    scene = gaussians.gaussians_from_points(normals, matt, 0.045, opacity=0.9, degree=degree)
    return replace(scene, harmonics=scene.harmonics + found.T[..., None])


rows = [
    splatting.render_gaussians(ball(d), orbit_camera(a, 0.3, 3.6, size=100), white)
    for d in (0, 1, 3)
    for a in (-0.4, 0.5, 1.4)
]
print(f"you said {my_guess}")
names = [f"degree {d}, {w}" for d in (0, 1, 3) for w in ("left", "middle", "right")]
plots.image_grid(torch.stack(rows), names, columns=3, picture_inches=2.2)

# %% [markdown]
# At degree 0 the light is painted on: it stays where it is while you walk. At degree 1 there is
# a soft glow that moves, at degree 3 a spot. A sharper mirror would need still more. And every
# degree costs: sixteen coefficients for three colours are far more numbers than all the rest of
# a Gaussian.
#
# And in a fit? A mushroom with a thick coat of varnish, once from a handful of photographs and
# once from many; each fitted without harmonics, with those of degree 1, and up to degree 3.
# What counts is how it looks from where nobody stood. **Guess first:** which degree will be
# best there, from few photographs and from many?

# %%
my_guess = (3, 3)

shiny = toy.sample_scenes(1, generator=dice, kinds=("mushroom",))
coat = replace(shiny.objects.parts, gloss=torch.where(shiny.objects.parts.gloss > 0, 0.9, 0.0))
shiny = replace(shiny, objects=replace(shiny.objects, parts=coat))
shiny_ball = toy.scene_ball(shiny)[0][0], float(toy.scene_ball(shiny)[1])
glossy, unseen = views_of(shiny, SIZES["glossy"] + SIZES["glossy"] // 6, 7)
sets = {f"{len(p)} photographs": p for p in (glossy[:: len(glossy) // 6], glossy)}
coats = {
    (name, d): fitted(0, True, p, d, shiny_ball, 0.005)
    for name, p in sets.items()
    for d in (0, 1, 3)
}
for name, p in sets.items():
    for d in (0, 1, 3):
        known, new = judged(coats[name, d], p), judged(coats[name, d], unseen)
        print(f"{name:16} degree {d}: {known:.1f} dB on them, {new:.1f} dB on new views")
print("you said", my_guess)

# %%
spot = unseen.cameras[-1]
looks = {f"degree {d}": splatting.render_gaussians(coats[name, d], spot, white) for d in (0, 1, 3)}
shared.image_rows(looks | {"photograph": unseen.images[-1]}, good=["photograph"])

# %% [markdown]
# From a handful of photographs the harmonics learn *by heart*: each Gaussian may show every
# photographer what that one wants to see, and the first numbers grow while the second fall.
# From many photographs that is no longer possible, and the coat comes out: the higher degrees
# are better on new views as well. So the degree is bought with photographs. (The steps in
# colour are smaller here than above: sixteen coefficients move together.)
#
# ## 9 · A file that others can open
#
# Scenes are exchanged as `.ply` files, one row of numbers per Gaussian. Out and in again:

# %%
from course_utils.vision3d.splats import ply, ply_compressed

with tempfile.TemporaryDirectory() as folder:
    path, small = Path(folder) / "boat.ply", Path(folder) / "boat.compressed.ply"
    ply.save_ply(best, path)
    ply_compressed.save_compressed_ply(best, small)
    again, rough = ply.load_ply(path), ply.load_ply(small)
    header = path.read_bytes()[:600].split(b"end_header")[0].decode()
    print(f"{path.stat().st_size:,} bytes on disk, {small.stat().st_size:,} compressed")
print("\n".join(header.splitlines()[:6]), "\n...")
assert all(torch.equal(a, b) for a, b in zip(best.tensors(), again.tensors(), strict=True))

# %% [markdown]
# Every number came back. Such a file opens in the usual viewers of Gaussian splats. The
# compressed form keeps 16 bytes for each Gaussian: 256 neighbours share a box, and a position
# is a place in that box, in 10 or 11 bits for each axis; a colour has a byte for each channel,
# a quaternion three times 10 bits. **Guess first:** will you see a difference?

# %%
my_guess = "no"

pair_of_files = {
    name: splatting.render_gaussians(scene, camera, white)
    for name, scene in (("as fitted", best), ("compressed", rough))
}
apart = (pair_of_files["as fitted"] - pair_of_files["compressed"]).abs()
print(
    f"you said {my_guess!r}; {judged(best, judges):.2f} dB before, "
    f"{judged(rough, judges):.2f} dB after"
)
shared.image_rows(pair_of_files | {"difference, 10 times": (10 * apart).clamp(0, 1)})

# %% [markdown]
# ## 10 · Space against time
#
# Two rivals from lesson 15, fitted to the same twenty photographs by the same sum along rays:
# the **network** of NeRF, and a table of **voxels**. Then all three in one table. **Guess
# first:** which is the smallest, which trains fastest, and which is drawn fastest?

# %%
from course_utils.vision3d.fields import nerf, nerf_fit, voxel_fit, voxel_march

my_guess = ("splats", "splats", "splats")

rays = nerf.rays_of_views(views.images, views.cameras)


def trained(run, rays_each, steps):
    begin = time.process_time()
    for _ in progress(fit(run.step, Minibatches(rays.tensors(), rays_each, dice), steps=steps)):
        pass
    return run, time.process_time() - begin


torch.manual_seed(0)
ball = dict(centre=tuple(centre.tolist()), radius=radius)
fields = nerf.RadianceField(32, 2, 4, None, **ball), nerf.RadianceField(64, 4, 6, None, **ball)
edges = nerf_fit.edges_of_ball(views.cameras, centre, radius, 16)
network, network_seconds = trained(
    nerf_fit.NerfFit(fields, edges, 16, steps=SIZES["asked"], generator=dice),
    SIZES["rays"],
    SIZES["asked"],
)

# %%
voxel_march.warm_up()
plan = voxel_fit.Plan(steps=SIZES["asked"] // 2, resolutions=SIZES["voxels"])
voxels, voxel_seconds = trained(
    voxel_fit.VoxelFit(centre, radius, plan, generator=dice), 8 * SIZES["rays"], SIZES["asked"] // 2
)

# %% [markdown]
# All on the held-out views, at the same size, on this machine. *SSIM* compares not pixels but
# small neighbourhoods, their brightness, contrast and pattern: 1 is the same, and blur costs
# more than it does in dB.

# %%
from skimage.metrics import structural_similarity


def similarity(drawn):
    pairs = zip(drawn.movedim(1, -1).numpy(), judges.images.movedim(1, -1).numpy(), strict=True)
    alike = [structural_similarity(a, b, channel_axis=-1, data_range=1.0) for a, b in pairs]
    return sum(alike) / len(drawn)


painters = {
    "network": lambda c: network.picture(c),
    "voxels": lambda c: voxel_march.render_view(voxels.field, c),
    "splats": lambda c: splatting.render_gaussians(best, c, white),
}
stored = dict(network=network.bytes_stored, voxels=voxels.field.bytes, splats=best.bytes_stored)
spent = dict(network=network_seconds, voxels=voxel_seconds, splats=clock[0, True, 0, 0.02])
print(f"{'':10}{'bytes':>10}{'CPU-s to train':>16}{'pictures/s':>12}{'PSNR, dB':>10}{'SSIM':>8}")
seen_by = {}
for name, paint in painters.items():
    drawn = torch.stack([paint(c) for c in judges.cameras]).clamp(0, 1).detach()
    rate, seen_by[name] = 1 / seconds(lambda paint=paint: paint(camera)), drawn[1]
    found = f"{metrics.image_psnr(drawn, judges.images):10.1f}{similarity(drawn):8.3f}"
    print(f"{name:10}{stored[name]:10,}{spent[name]:16.1f}{rate:12.1f}{found}")
print("you said", my_guess)
shared.image_rows(seen_by | {"photograph": judges.images[1]}, good=["photograph"])

# %% [markdown]
# **Network:** it shares its numbers over all of space, and so knows places that no one stored;
# but every pixel asks all of it, dozens of times, in training and in drawing. **Voxels:** a
# question touches eight corners, which is fast; but every place that may be something needs
# numbers of its own, and the finest detail is a voxel wide. **Splats:** numbers only where
# something is, as large or small as they need to be, and nobody asks anything about empty air.
# On so small and plain a thing they need no more space than the network; in the lecture's large
# scenes they are millions, and that is their price. That is **space against time**. (Nobody
# tuned the rivals much, and a network given hours goes on improving: lesson 15.)
#
# ## 11 · Walk round it, and into it

# %%
middle = best.means.mean(0)


def walk(azimuth=0.6, elevation=0.35):
    eye = orbit_camera(azimuth, elevation, 3 * radius, middle.tolist(), size=200)
    return splatting.render_gaussians(best, eye, white).movedim(0, -1)


for side in (100, 240):
    eye = orbit_camera(0.6, 0.35, 3 * radius, middle.tolist(), size=side)
    rate = 1 / seconds(lambda eye=eye: splatting.render_gaussians(best, eye, white))
    print(f"{side} x {side} pixels: {rate:.0f} pictures per second")
shared.image_rows({f"{a:.1f} rad": walk(a) for a in (0.6, 2.2, 3.8, 5.4)})

# %%
live.orbit(
    lambda eye: splatting.render_gaussians(best, eye, white).movedim(0, -1),
    lambda a, e, d, size: orbit_camera(a, e, d, middle.tolist(), size=size),
    start=(0.6, 0.35, 3 * radius),
    drag_size=100,
    rest_size=240,
)

# %% [markdown]
# Go below the ground, where no photograph was taken: there the Gaussians may be as they like.
# And now **fly**: drag to look about, turn the wheel (or press + and −) to go where you look.
# What is a boat made of, seen from inside?

# %%
flyer = fly(
    lambda eye: splatting.render_gaussians(best, eye, white).movedim(0, -1),
    start=orbit_camera(0.6, 0.35, 2 * radius, middle.tolist()),
    stride=radius / 4,
)

# %% [markdown]
# **What you saw.** A Gaussian is a middle, three axes, a rotation, an opacity and a colour. The
# slope of the perspective makes it an ellipse; sorted, the ellipses add up by the very sum of
# volume rendering; and because all of that is differentiable, twenty photographs are enough to
# put thousands of them where they belong.
