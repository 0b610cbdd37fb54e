# %% [markdown]
# # 14 · Volume rendering: the light along a ray
#
# **What you will see.** A world made of nothing but coloured fog: no surfaces, no triangles. A ray
# goes through it, and one short sum says what the ray sees. You will drag such a ray about, hold
# the sum against integrals that can be solved by hand, march a whole picture, and break it in the
# four ways in which everybody breaks it once.
#
# **Slides.** *Basics: Volume Rendering* · *Volume Rendering: Ray Marching* · *NeRF: Optimization*
#
# **Time.** About 1 minute of computing on 2 cores.
#
# Before each reveal there is a guess to make. Change it, then run: a wrong guess teaches most.

# %%
from course_utils import scale
from course_utils.lessons import shared

SCALE = scale("laptop")  # "laptop", "gpu" or "test": changes sizes only

import math

import torch

from course_utils import live, plots
from course_utils.core import devices
from course_utils.data import posed_scenes, toy
from course_utils.lessons.volume_rendering import figures
from course_utils.lessons.volume_rendering.instrument import RayLab, Slice, look_along
from course_utils.vision3d.cameras import orbit_camera
from course_utils.vision3d.fields import (
    compositing,
    grid_field,
    media,
    ray_sampling,
    volume_rendering,
)

plots.use_style()
devices.use_threads(1)  # small sums are fastest on one core
SIZES = {
    "laptop": dict(grid=48, picture=120, draws=2000, births=20),
    "gpu": dict(grid=96, picture=320, draws=20_000, births=100),
    "test": dict(grid=24, picture=32, draws=50, births=6),
}[SCALE]

# %%
dice = torch.Generator().manual_seed(3)
scene = toy.sample_scenes(1, generator=dice, kinds=("duck",), gloss=0, backdrop="studio")
centre, radius = toy.scene_ball(scene)[0][0], float(toy.scene_ball(scene)[1])
table = grid_field.tabulate(
    posed_scenes.radiance_field(scene, peak=30, softness=0.03), centre, radius, SIZES["grid"]
)
duck = grid_field.field_from_grid(table, centre, radius)
camera = orbit_camera(0.6, 0.3, 3.2 * radius, centre.tolist(), size=SIZES["picture"])
edges = ray_sampling.regular_edges(2.1 * radius, 4.3 * radius, 64)


def march(field=duck, edges=edges, camera=camera):
    strips = [seen for _, seen in volume_rendering.render_rows(field, camera, edges, rows=16)]
    return volume_rendering.Rendered(*(torch.cat([s[k] for s in strips]) for k in range(3)), None)


seen = march()
white = compositing.over_background(seen.colour, seen.opacity, torch.ones(3))
nearness = seen.opacity * (4.3 * radius - seen.distance) / (2.2 * radius)  # 1 near, 0 far
shared.image_rows({"colour": white, "opacity": seen.opacity, "nearness": nearness})

# %% [markdown]
# A duck of fog, in three pictures made by the same sum: the **colour** that arrives, the
# **opacity** (how much of the light is stopped at all), and how near the fog is that stopped it.
#
# Every place $(x,y,z)$ has a *density* $\sigma$, and gives off a *colour* $c$. Density is a chance:
# in a short piece of length $\delta$, light is stopped with probability $\sigma\,\delta$.
#
# ## 1 · One ray, four bins
#
# The lecture's recipe: cut the ray into bins, take one sample in each, add up. Four bins, each one
# unit long: a puff of red, then nothing, then thick green, then blue.

# %%
density = [0.5, 0.0, 2.0, 5.0]
colour = [(0.85, 0.15, 0.10), (1.0, 1.0, 1.0), (0.15, 0.65, 0.20), (0.10, 0.30, 0.80)]
length = 1.0

# %% [markdown]
# The blue fog is by far the thickest. **Guess first:** how much of what the eye sees will be blue?
# Give a share between 0 and 1.

# %%
my_guess = 0.6

through, weights, light = 1.0, [], [0.0, 0.0, 0.0]
for sigma, c in zip(density, colour, strict=True):
    alpha = 1 - math.exp(-sigma * length)  # share that this bin stops
    weight = through * alpha  # of what still gets through to it
    light = [total + weight * part for total, part in zip(light, c, strict=True)]
    weights.append(weight)
    through *= 1 - alpha  # only now: a bin does not hide itself
print("weights", [f"{w:.3f}" for w in weights], f"  passes everything: {through:.4f}")
print(f"you said {my_guess}; blue has {weights[3]:.3f}, because little light comes back from there")

# %%
edges4 = ray_sampling.regular_edges(0, 4, 4)
sigma4, colour4 = torch.tensor(density), torch.tensor(colour)
alpha4 = compositing.alpha_from_density(sigma4, ray_sampling.bin_lengths(edges4))
rows = {
    "density of the bin": sigma4,
    "share that the bin stops, alpha": alpha4,
    "share that reaches it, transmittance T": compositing.transmittance_from_alpha(alpha4),
    "weight, T times alpha": compositing.weights_from_alpha(alpha4),
}
figures.bin_bars(edges4, rows, colour4)

# %% [markdown]
# Read it from the top. A bin counts only as far as light gets **through to the eye** from it: what
# lies in front takes its share first. That one idea, *weight = transmittance × alpha*, is all of
# volume rendering, and the same line will composite Gaussian splats in lesson 16.
#
# The loop and the vectorised version must agree, to the last digit:

# %%
double = torch.tensor(density, dtype=torch.float64)
alpha = compositing.alpha_from_density(double, torch.ones(4, dtype=torch.float64))
vectorised = compositing.weights_from_alpha(alpha)
shown = compositing.composite(vectorised, torch.tensor(colour, dtype=torch.float64))
assert torch.allclose(vectorised, torch.tensor(weights, dtype=torch.float64), atol=1e-14)
assert torch.allclose(shown, torch.tensor(light, dtype=torch.float64), atol=1e-14)
print("colour by the loop      ", [f"{v:.10f}" for v in light])
print("colour by a cumprod     ", [f"{v:.10f}" for v in shown.tolist()])

# %% [markdown]
# ## 2 · Hold the ray in your hand
#
# Below, a vertical slice through the duck, with thinner fog than above so that rays get deep
# into it. On the right, the same ray laid out flat: density, transmittance, and the weight of
# every sample in its colour.

# %%
haze = grid_field.field_from_grid(
    table * torch.tensor([0.2, 1, 1, 1]).view(4, 1, 1, 1), centre, radius
)
x, y, z = centre.tolist()
plane = Slice(haze, y, (x - 1.25 * radius, x + 1.25 * radius, z - 1.25 * radius, z + 1.25 * radius))
eye, end = (x - 1.15 * radius, z + 0.55 * radius), (x + 1.15 * radius, z - 0.3 * radius)
figures.ray_panel(plane.density(), plane.extent, look_along(plane, eye, end, bins=24))

# %%
lab = RayLab(plane, eye, end)

# %% [markdown]
# Try these, and say beforehand what the curves will do:
#
# 1. Put the eye *behind* the duck. The densities along the ray are the same, backwards. Are the
#    weights?
# 2. Move the eye *into* the fog. Where does the transmittance start?
# 3. Go down to 2 bins, then up to 96. What settles, and what keeps jumping about?
# 4. With few bins, switch to random places. What changes each time you touch the ray, and what
#    does not?
#
# ## 3 · The sum against the integral
#
# What the sum stands for is the lecture's equation (1):
#
# $$C = \int_{t_n}^{t_f} T(t)\,\sigma(t)\,c(t)\,dt, \qquad
# T(t) = \exp\Big(-\int_{t_n}^{t}\sigma(s)\,ds\Big)$$
#
# The sum pretends that density and colour are constant within a bin. For some fogs the integral
# can be solved by hand, so we know exactly how wrong that is. Fog of one colour has opacity
# $1 - e^{-\tau}$, with the *optical depth* $\tau = \int \sigma$.

# %%
near, far = 0.5, 4.0
kinds = {
    "exponential (air)": media.exponential_fog(2.0, 0.8),
    "slab, edges between": media.slab(1.5, 1.013, 2.507),
    "uniform": media.uniform_fog(0.7),
}


def error(fog, bins):
    edges = ray_sampling.regular_edges(near, far, bins, torch.zeros((), dtype=torch.float64))
    alpha = compositing.alpha_from_density(
        fog.density(ray_sampling.bin_middles(edges)), edges.diff()
    )
    opacity = compositing.opacity_from_weights(compositing.weights_from_alpha(alpha))
    return abs(float(opacity - fog.opacity(near, far, edges)))


print(f"air, 8 bins: the sum is off by {error(kinds['exponential (air)'], 8):.5f}")

# %% [markdown]
# **Guess first:** with twice as many bins, by which factor does the error of the *air* shrink?
# And that of the *slab*, whose two faces lie somewhere inside a bin?

# %%
my_guess_air, my_guess_slab = 2, 2

bins = [8, 16, 32, 64, 128, 256, 512]
errors = {name: [error(fog, n) for n in bins] for name, fog in kinds.items()}
per_doubling = {name: (row[0] / max(row[-1], 1e-16)) ** (1 / 6) for name, row in errors.items()}
print(f"air: you said {my_guess_air}, it is {per_doubling['exponential (air)']:.2f} per doubling")
print(f"slab: you said {my_guess_slab}, it is {per_doubling['slab, edges between']:.2f} on average")
figures.convergence(bins, errors)

# %% [markdown]
# - **Uniform** fog is exact with *any* number of bins: $1 - e^{-\sigma\delta}$ *is* the
#   integral over a bin of constant density. (The line lies at the bottom: rounding. That is why
#   the formula has an exponential in it and not simply $\sigma\delta$.)
# - **Smooth** fog, looked at in the middle of each bin, is of order 2: twice the bins, a
#   quarter of the error.
# - **A hard surface** is of order 1, and erratic: it depends on where the face falls within its
#   bin. Real scenes are full of hard surfaces. That is why NeRF needs many samples, and puts
#   them where they matter (lesson 15).
#
# ### Middles, or random places?
#
# NeRF looks at a *random* place in each bin. For one ray that is worse: random numbers add
# noise. So why?

# %%
fog, few = kinds["exponential (air)"], 6
edges6 = ray_sampling.regular_edges(near, far, few, torch.zeros((), dtype=torch.float64))
truth = float(fog.optical_depth(torch.tensor(far)) - fog.optical_depth(torch.tensor(near)))
at = ray_sampling.stratified_distances(edges6, (SIZES["draws"],), dice)
random_depth = (fog.density(at) * edges6.diff()).sum(-1)
middle_depth = float((fog.density(ray_sampling.bin_middles(edges6)) * edges6.diff()).sum())
print(f"optical depth, truth          {truth:.4f}")
print(f"from the middles, every time  {middle_depth:.4f}, off by {middle_depth - truth:+.4f}")
print(f"from random places, one draw  {random_depth.mean():.4f} +- {random_depth.std():.4f}")
print(
    f"mean of {SIZES['draws']} draws            {random_depth.mean():.4f}, "
    f"off by {random_depth.mean() - truth:+.4f}"
)

# %% [markdown]
# The middles are wrong by the same amount **every time**: a *bias*. Random places are wrong
# differently each time, and right on average. A training sees thousands of rays again and
# again, so noise averages out, while a bias would be learned: a network that is only ever asked
# at the same places may do as it likes between them.
#
# On a picture the bias has a shape. Here is by how much each pixel misjudges how near the duck
# is, with 12 bins against 256: grey is right, white too near, black too far.


# %%
def near_by(look):
    return look.opacity * (4.3 * radius - look.distance) / (2.2 * radius)


def with_places(stratified, bins=12):
    cut = ray_sampling.regular_edges(2.1 * radius, 4.3 * radius, bins)
    uv = volume_rendering.pixel_centres(camera).flatten(0, 1)
    origins, directions = volume_rendering.pixels_to_rays(camera, uv)
    at = ray_sampling.stratified_distances(cut, (len(uv),), dice) if stratified else None
    look = volume_rendering.render_rays(duck, origins, directions, cut, at)
    return near_by(look).view(camera.height, camera.width)


many = near_by(march(duck, ray_sampling.regular_edges(2.1 * radius, 4.3 * radius, 256)))
shared.image_rows(
    {
        "nearness, 256 bins": many,
        "error: middles": (0.5 + 12 * (with_places(False) - many)).clamp(0, 1),
        "error: random": (0.5 + 12 * (with_places(True) - many)).clamp(0, 1),
    }
)

# %% [markdown]
# With the middles the error makes patches and rings, like the lines of a map: all rays look at
# the same few distances, so the picture shows *those*. With random places it is grain. The eye,
# and gradient descent, forgive grain.
#
# ## 4 · A picture, strip by strip
#
# One ray is one pixel. Send a ray through every pixel and a picture appears: *ray marching*.
# Nothing is ever drawn "onto" the picture; every pixel asks the field for itself.


# %%
def grown(rows=60, bins=64, view=0.6):
    size = SIZES["picture"]
    eye = orbit_camera(view, 0.3, 3.2 * radius, centre.tolist(), size=size)
    cut = ray_sampling.regular_edges(2.1 * radius, 4.3 * radius, bins)
    picture = torch.full((size, size, 3), 0.93)
    for strip, look in volume_rendering.render_rows(duck, eye, cut, rows=4):
        if strip.start >= rows * size // 100:
            break
        picture[strip] = compositing.over_background(look.colour, look.opacity, torch.ones(3))
    return picture.repeat_interleave(3, 0).repeat_interleave(3, 1)


plots.image_grid(grown()[None].movedim(-1, 1), picture_inches=3.4)

# %%
live.explore(grown, rows=(0, 100, 4), bins=(2, 96), view=(-3.1, 3.1, 0.1))

# %% [markdown]
# Move `rows` and watch it fill. Then turn the `view`, and take bins away until the duck falls
# into slices: those are the bins, seen from the side.
#
# ## 5 · The museum of mistakes
#
# Four mistakes that everybody makes once. Each gives a picture, none gives an error message.


# %%
def look_up():
    uv = volume_rendering.pixel_centres(camera).flatten(0, 1)
    origins, directions = volume_rendering.pixels_to_rays(camera, uv)
    at = ray_sampling.bin_middles(edges)
    points = origins[:, None] + at[:, None] * directions[:, None]
    return duck(points, directions[:, None].expand_as(points))


def picture_of(weights, colour):
    side = SIZES["picture"]
    light = compositing.composite(weights, colour) + (1 - weights.sum(-1))[:, None]
    return light.clamp(0, 1).view(side, side, 3)


sigma, c = look_up()
alpha = compositing.alpha_from_density(sigma, ray_sampling.bin_lengths(edges))
right = picture_of(compositing.weights_from_alpha(alpha), c)

# %% [markdown]
# **1. The inclusive product.** `cumprod(1 - alpha)` is one step late: it lets every bin hide
# *itself*. **2. The last bin.** NeRF's own code gives the last bin an endless length, so that
# what is left of the ray always hits something. But a whisper of density there, and it becomes
# a wall. **3. Directions that are not unit vectors.** Then a step of $\delta$ along the ray is
# not $\delta$ long.
#
# **Guess first:** which of the three will be hardest to *notice* in the picture: `1`, `2` or `3`?

# %%
my_guess = 1

inclusive = alpha * torch.cumprod(1 - alpha, -1)
endless = ray_sampling.bin_lengths(edges).clone()
endless[-1] = 1e10
walled = compositing.weights_from_alpha(compositing.alpha_from_density(sigma + 1e-6, endless))
short = compositing.weights_from_alpha(
    compositing.alpha_from_density(sigma, 0.15 * ray_sampling.bin_lengths(edges))
)
broken = {
    "1 inclusive": picture_of(inclusive, c),
    "2 endless last bin": picture_of(walled, c),
    "3 short directions": picture_of(short, c),
}
off = {name: float((picture - right).abs().mean()) for name, picture in broken.items()}
print({name: f"off by {value:.3f}" for name, value in off.items()})
print(f"you said {my_guess}; the smallest difference is that of {min(off, key=off.get)!r}")
shared.image_rows({"right": right} | broken, good=["right"], bad=list(broken))

# %% [markdown]
# What each one does to a *training* is worse than what it does to a picture:
#
# 1. With the inclusive product a perfectly opaque bin has weight 0. A surface can never be
#    solid, so the network learns a thick grey skin in place of it.
# 2. Behind the last bin everything turns into a wall, in whatever colour the field happens to
#    say there. Repair: no endless bin, but a *background* that gets the light that is left,
#    `over_background`.
# 3. All densities come out too large by the missing length, and differently in the corners of
#    the picture, where unnormalised directions are longer. Our `render_rays` refuses such
#    directions.
#
# **4. Dead at birth.** A density must not be negative. The obvious choice is a ReLU. But where
# a fresh network happens to say less than zero, a ReLU has no slope, so nothing there can ever
# learn to be fog. **Guess first:** of some fresh networks, how many have *no* density at all
# along a given ray, and so no gradient?

# %%
my_guess = 0


def births(activation, bias):
    dead = 0
    for seed in range(SIZES["births"]):
        g = torch.Generator().manual_seed(seed)
        layer = torch.nn.Sequential(torch.nn.Linear(3, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1))
        for weight in layer.parameters():
            weight.data = torch.randn(weight.shape, generator=g) * weight.shape[-1] ** -0.5
        at = torch.linspace(-0.5, 0.5, 16)[:, None] * torch.tensor([1.0, 0.5, 0.2])
        (activation(layer(at)[:, 0] + bias)).sum().backward()
        dead += float(layer[-1].bias.grad.abs()) < 1e-6
    return dead


counts = {
    "ReLU": births(torch.relu, 0.0),
    "ReLU, thin at birth": births(torch.relu, -1.0),
    "softplus, thin at birth": births(torch.nn.functional.softplus, -1.0),
}
print(f"you said {my_guess}; of {SIZES['births']} births, dead along this ray: {counts}")

# %% [markdown]
# A ReLU often kills a whole ray, and the more so the thinner the fog is to begin with.
# *Softplus*, $\log(1 + e^x)$, is never flat: it may say "almost nothing", but it can always be
# talked out of it. All fields of this course use it.
#
# ## 6 · What else the weights know
#
# The weights of a ray add up to its opacity. They are a *distribution* over where the light
# comes from. So the same weights give the mean distance of what you see, and, in lesson 15,
# they say where to look a second time.

# %%
true_views = posed_scenes.posed_views(scene, camera.to(torch.float32))
both = torch.isfinite(true_views.distance[0]) & (seen.opacity > 0.99)
gap = (seen.distance - true_views.distance[0])[both]
print(f"mean distance from the weights against the ray caster's, on {int(both.sum())} pixels:")
print(
    f"median difference {float(gap.median()):+.3f} world units; the fog's skin is some 0.03 thick"
)
print(f"largest sum of weights of any ray: {float(seen.opacity.max()):.6f}")

# %% [markdown]
# **What you saw.** One ray sees $\sum_i T_i\,(1-e^{-\sigma_i\delta_i})\,c_i$. It is exact for
# constant bins, of second order for smooth fog and of first order at surfaces; random places
# turn its bias into noise. And it is **differentiable** in every $\sigma_i$ and $c_i$. So,
# given photographs, gradient descent can find the fog that explains them. That is NeRF.
