# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Assignment 7 · The light along a ray
#
# *Slides: "Basics: Volume Rendering", "Volume Rendering: Ray Marching" and "Neural Radiance Fields
# (NeRF)". The notebook runs in about half a minute on two cores; writing it takes two hours or so.*
#
# A ray goes through coloured fog. What does it see? One sum says it, and the sum is differentiable:
# given photographs, gradient descent finds the fog that explains them. That is NeRF.
#
# You write all of it, in six functions of at most ten lines. At the end they train a small network
# on pictures, and show the object from where no picture was taken. You will be able to
#
# - turn a **density** into the share of the light that a bin stops;
# - say what of it **gets through** to the eye, and what the ray sees before a background;
# - look at **random places**, one in each bin, and know what that is good for;
# - look a **second time** where it matters, by inverse transform; and
# - hand a network **waves** in place of coordinates, so that it can learn what is sharp.

# %% [markdown]
# ## How this works
#
# 1. Write your answer where it says `# YOUR CODE HERE`, and remove the `raise`.
# 2. Run the **check** below it. It tells you what was tried, what was expected, what came, and the
#    likely cause. Check as often as you like: only what you hand in counts.
# 3. The **marks** cell shows what the check's inputs are worth. After you hand in, the same
#    properties are tried on other inputs, and each one that holds earns its part.
#
# {points}
#
# Keep the names of the functions and of their arguments. Use torch functions only: the course's
# own solution would notice being called. Samples and bins are the **last** axis; in front of it
# there may be any axes of rays, or none: write `...`, `-1`, `-2`.

# %%
import math

import torch
from torch import nn
from torch.nn import functional as F

from course_utils import checks, plots, scale

SCALE = scale("laptop")  # "laptop", "gpu" or "test": changes sizes only
plots.use_style()
torch.set_num_threads(1)  # enough for a network this small, and a busy machine slows it less

# %% [markdown]
# ## 1 · The share that a bin stops
#
# Density $\sigma$ is a chance: in a very short piece of length $\delta$ light is stopped with
# probability $\sigma\,\delta$. A bin is not so short. Where the density is constant in it, it stops
# the share
#
# $$\alpha = 1 - \exp(-\sigma\,\delta).$$
#
# ### First predict
#
# A ray goes through fog of density 2, the same everywhere, for a length of 1. You render it with
# **one** bin, then with **100** bins. How much of the light do 100 bins stop together?
#
# - **a** more than the one bin: every bin stops something
# - **b** exactly as much as the one bin
# - **c** less than the one bin: short bins stop next to nothing
# - **d** nearly as much; the one bin was only a rough estimate
#
# Put a letter in quotation marks, before you compute anything.

# %% nbgrader={"grade_id": "one_bin_or_a_hundred", "kind": "prediction", "points": 2}
prediction = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
prediction = "b"
### END SOLUTION

# %% [markdown]
# ### Then write
#
# `density` is `(..., bins)`, `lengths` is `(bins,)` or has a row for every ray. Return $\alpha$ for
# every bin.
#
# - A negative density or length makes no sense: raise a `ValueError` that says so.
# - Thin fog must keep its digits. In float32, `1 - exp(-1e-8)` is 0, and the fog is gone. There is
#   a torch function for $e^x - 1$.


# %% nbgrader={"grade_id": "alpha_from_density", "kind": "exercise", "points": 3}
def alpha_from_density(density, lengths):
    """1 - exp(-density * length) for every bin; ValueError for a negative number."""
    ### BEGIN SOLUTION
    if (density < 0).any() or (lengths < 0).any():
        raise ValueError("densities and lengths must not be negative")
    return -torch.expm1(-density * lengths)
    ### END SOLUTION


# %% [markdown]
# ## 2 · What still gets through
#
# Light from sample $i$ has to pass all samples **in front** of it. Each lets the share
# $1 - \alpha_j$ through, so of its light arrives the weight
#
# $$w_i = T_i\,\alpha_i, \qquad T_i = \prod_{j < i} (1 - \alpha_j).$$
#
# The product is over $j < i$: a sample does not hide itself. `alpha` is `(..., samples)`, from near
# to far, and may hold exact zeros (empty space) and ones (a wall). Return the weights.


# %% nbgrader={"grade_id": "weights_from_alpha", "kind": "exercise", "points": 4}
def weights_from_alpha(alpha):
    """w_i = alpha_i (1 - alpha_1) ... (1 - alpha_{i-1}) for every sample, the same shape."""
    ### BEGIN SOLUTION
    passed = torch.cumprod(1 - alpha, -1)
    in_front = torch.cat([torch.ones_like(alpha[..., :1]), passed[..., :-1]], -1)
    return alpha * in_front
    ### END SOLUTION


# %% [markdown]
# Was your prediction right? Your own functions know. (If you were wrong, leave the prediction as it
# is, and remember what surprised you.) The column on the right has no exponential: a bin stops
# $\sigma\delta$, at most everything.

# %%
print("bins   with the exponential   without")
for bins in (1, 2, 10, 100):
    density, lengths = torch.full((bins,), 2.0), torch.full((bins,), 1 / bins)
    stopped = weights_from_alpha(alpha_from_density(density, lengths)).sum()
    without = weights_from_alpha((density * lengths).clamp(max=1)).sum()
    print(f"{bins:4}   {stopped:.6f}               {without:.6f}")

# %% [markdown]
# ## 3 · What the ray sees
#
# Every sample adds its colour by its weight. The weights do not sum to 1: the rest of the light
# comes from the **background** behind everything.
#
# $$C = \sum_i w_i\, c_i + \Big(1 - \sum_i w_i\Big)\, b$$
#
# `weights` is `(..., samples)`, `values` the colours `(..., samples, channels)`, `background` is
# `(channels,)`. Return `(..., channels)`. Do not clip: light may be brighter than 1.


# %% nbgrader={"grade_id": "composite", "kind": "exercise", "points": 3}
def composite(weights, values, background):
    """What each ray sees, (..., channels): the samples' light, and the rest from the background."""
    ### BEGIN SOLUTION
    light = (weights[..., None] * values).sum(-2)
    left = 1 - weights.sum(-1, keepdim=True)
    return light + left * background
    ### END SOLUTION


# %% [markdown]
# ## 4 · One place in each bin
#
# Where in a bin should the field be asked? NeRF draws a random place in each, new ones every time:
#
# $$t_i \sim \mathrm{uniform}[e_i, e_{i+1}]$$
#
# `edges` is `(bins + 1,)`, ascending; the bins need not be equal. `rays` is a tuple, the shape of
# the batch of rays: `(64,)` or `(8, 8)`. Return `(*rays, bins)`, with a draw of its own for every
# ray and every bin. All randomness comes from `generator`: hand it on to the torch function that
# draws. Follow the `dtype` of the edges.


# %% nbgrader={"grade_id": "stratified_distances", "kind": "exercise", "points": 3}
def stratified_distances(edges, rays, generator):
    """One random distance in every bin of every ray, (*rays, bins)."""
    ### BEGIN SOLUTION
    bins = len(edges) - 1
    share = torch.rand(*rays, bins, generator=generator, dtype=edges.dtype)
    return edges[:-1] + share * (edges[1:] - edges[:-1])
    ### END SOLUTION


# %% [markdown]
# ## 5 · A second look where it matters
#
# Most of a ray is empty. After a first, coarse look its weights $w_i$ say where light comes from:
# draw further distances from *that* distribution. The recipe is called **inverse transform**:
#
# 1. Divide the weights of each ray by their sum. A ray without any weight is looked at evenly:
#    there, and only there, take the lengths of the bins in place of the weights.
# 2. Sum them up from near to far: $0 = P_0 \le P_1 \le \dots \le P_n = 1$, a number for each edge.
# 3. Draw `count` levels $u$ for each ray, one at a random place in each of `count` equal bins of
#    $[0, 1]$. (You have a function for that.)
# 4. For each level find its bin, $P_i \le u < P_{i+1}$, and go on within it:
#    $t = e_i + \frac{u - P_i}{P_{i+1} - P_i}\,(e_{i+1} - e_i)$.
#
# `edges` is `(bins + 1,)`, `weights` is `(rays, bins)`. Return `(rays, count)`, from near to far.
# Where to look is a choice: **no gradient** goes through the result. `torch.searchsorted(P, u,
# right=True)` counts the edges with $P \le u$, row by row; beware of a rounded $P_n$ just below 1.


# %% nbgrader={"grade_id": "sample_pdf", "kind": "exercise", "points": 4}
def sample_pdf(edges, weights, count, generator):
    """Distances (rays, count) drawn by the weights of the bins, from near to far."""
    ### BEGIN SOLUTION
    weights, lengths = weights.detach(), edges.diff()
    mass = torch.where(weights.sum(-1, keepdim=True) > 0, weights, lengths)
    mass = mass / mass.sum(-1, keepdim=True)
    reached = F.pad(mass.cumsum(-1), (1, 0))
    levels = torch.linspace(0, 1, count + 1, dtype=edges.dtype)
    u = stratified_distances(levels, (len(weights),), generator)
    bins = torch.searchsorted(reached, u, right=True).clamp(1, len(lengths)) - 1
    share = (u - reached.gather(-1, bins)) / mass.gather(-1, bins).clamp_min(1e-12)
    return edges[bins] + share.clamp(0, 1) * lengths[bins]
    ### END SOLUTION


# %% [markdown]
# What it does, on a ray that meets a thin leaf and, behind it, a wall. Twelve bins find that
# something is there; the second look goes to where it is.

# %%
dice = torch.Generator().manual_seed(0)


def leaf_and_wall(t):
    return 3 * torch.exp(-((t - 2.1) ** 2) / 0.03) + 30 * torch.sigmoid((t - 3.4) / 0.02)


edges = torch.linspace(0.5, 4.5, 13)
first = stratified_distances(edges, (1,), dice)
weights = weights_from_alpha(alpha_from_density(leaf_and_wall(first), edges.diff()))
second = sample_pdf(edges, weights, 24, dice)

# %%
t = torch.linspace(0.5, 4.5, 800)
fig, ax = plots.figure(9, 4)
ax.fill_between(t, leaf_and_wall(t).clamp(max=8) / 8, color=plots.REAL, alpha=0.25, label="density")
ax.stairs(weights[0], edges, color=plots.INK, label="weights of the first look")
for places, height, colour, name in (
    (first, -0.1, plots.INK, "first"),
    (second, -0.2, plots.BAD, "second"),
):
    ax.plot(places[0], torch.full_like(places[0], height), "|", ms=14, mew=2, color=colour)
    ax.text(0.42, height, name, ha="right", va="center", color=colour)
ax.set(xlabel="distance", yticks=(0, 0.5, 1), xlim=(0, 4.5))
ax.legend(loc="upper left")
fig

# %% [markdown]
# ## 6 · Waves instead of coordinates
#
# A network of a few layers likes functions that change slowly. So NeRF does not hand it a
# coordinate $x$, but waves of it, each twice as fast as the one before:
#
# $$\gamma(x) = \big(\sin(2^0 \pi x), \cos(2^0 \pi x), \;\dots,\;
# \sin(2^{L-1} \pi x), \cos(2^{L-1} \pi x)\big)$$
#
# `points` is `(..., D)`, `frequencies` is $L$. Return `(..., 2 * L * D)` in this order: first
# octave, sines of all $D$ coordinates, then cosines of all $D$; second octave likewise; and so on.
# For $D = 2$, $L = 2$, in the point $(x, y)$:
#
# $$\sin \pi x, \sin \pi y, \cos \pi x, \cos \pi y,
# \sin 2\pi x, \sin 2\pi y, \cos 2\pi x, \cos 2\pi y.$$
#
# $L = 0$ stands for no encoding: return the points.


# %% nbgrader={"grade_id": "positional_encoding", "kind": "exercise", "points": 3}
def positional_encoding(points, frequencies):
    """2 L D features of every point: by octave, sines before cosines; the points for L = 0."""
    ### BEGIN SOLUTION
    if frequencies == 0:
        return points
    phases = [2**k * math.pi * points for k in range(frequencies)]
    return torch.cat([wave(phase) for phase in phases for wave in (torch.sin, torch.cos)], -1)
    ### END SOLUTION


# %% [markdown]
# ## See it work
#
# Pictures of one object from all around, with known cameras. Every pixel is a ray, with the colour
# that was seen along it. One picture is held back.

# %%
from course_utils.data import posed_scenes, toy
from course_utils.vision3d.cameras import crop_camera
from course_utils.vision3d.fields.nerf import rays_of_views
from course_utils.vision3d.fields.ray_sampling import edges_around

count, size, batch, steps = {
    "laptop": (16, 40, 384, 240),
    "gpu": (60, 100, 4096, 4000),
    "test": (4, 12, 24, 3),
}[SCALE]
dice = torch.Generator().manual_seed(3)
scene = toy.sample_scenes(1, generator=dice, kinds=("duck",), gloss=0, backdrop="studio")
centre, radius = (found[0] for found in toy.scene_ball(scene))
cameras = posed_scenes.sphere_cameras(scene, count, 5 * size // 3, generator=dice)
views = posed_scenes.posed_views(scene, crop_camera(cameras, size // 3, size // 3, size, size))
rays = rays_of_views(views.images[1:], views.cameras[1:])
plots.image_grid(views.images[: min(count, 16)], columns=8)

# %% [markdown]
# The field is a network: waves of a point go in, density and colour come out. A ray is looked at
# twice, all with your functions: once in 20 bins without a gradient, then also where the first look
# found something.


# %%
def network(frequencies):
    torch.manual_seed(0)
    layers, width = [], 3 * max(1, 2 * frequencies)
    for _ in range(3):
        layers += [nn.Linear(width, 64), nn.ReLU()]
        width = 64
    return nn.Sequential(*layers, nn.Linear(64, 4))


def look(net, frequencies, origins, directions, at, bins):
    points = origins[:, None] + at[..., None] * directions[:, None]
    code = positional_encoding((points - centre) / radius, frequencies)
    density, colour = net(code).split([1, 3], dim=-1)
    density = 10 / radius * F.softplus(density[..., 0] - 1)  # not ReLU: it could never come to life
    weights = weights_from_alpha(alpha_from_density(density, bins.diff(dim=-1)))
    return weights, composite(weights, colour.sigmoid(), torch.ones(3))  # before white


# %%
near, far = 2.3 * float(radius), 4.0 * float(radius)
edges = torch.linspace(near, far, 21)


def render(net, frequencies, origins, directions):
    first = stratified_distances(edges, (len(origins),), dice)
    with torch.no_grad():
        weights, _ = look(net, frequencies, origins, directions, first, edges)
    second = sample_pdf(edges, weights, 20, dice)
    at = torch.cat([first, second], -1).sort(-1).values.clamp(near, far)
    weights, colour = look(net, frequencies, origins, directions, at, edges_around(at, near, far))
    return colour, (weights * (far - at)).sum(-1) / (far - near)


# %% [markdown]
# The training is an ordinary one: some rays, what the field shows along them, what the pictures
# show, and a step.


# %%
def train(frequencies):
    net = network(frequencies)
    optimiser = torch.optim.Adam(net.parameters(), lr=5e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for step in range(1, steps + 1):
        some = torch.randint(len(rays), (batch,), generator=dice)
        seen, _ = render(net, frequencies, rays.origins[some], rays.directions[some])
        loss = F.mse_loss(seen, rays.colour[some])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % max(1, steps // 3) == 0:
            print(f"L = {frequencies}, step {step:4}: {-10 * loss.log10():.1f} dB")
    return net


# %% [markdown]
# Two trainings: with your encoding, and without any ($L = 0$).

# %%
trained = {frequencies: train(frequencies) for frequencies in (5, 0)}

# %%
held = rays_of_views(views.images[:1], views.cameras[:1])
shown, names = [views.images[0]], ["held back"]
with torch.no_grad():
    for frequencies, net in trained.items():
        colour, nearness = render(net, frequencies, held.origins, held.directions)
        picture = colour.T.reshape(3, size, size)
        error = F.mse_loss(picture, views.images[0])
        print(f"L = {frequencies}: {-10 * error.log10():.1f} dB on the view held back")
        shown += [picture, nearness.reshape(1, size, size).expand(3, -1, -1)]
        names += [f"L = {frequencies}", "nearness"]
plots.image_grid(torch.stack(shown).clamp(0, 1), labels=names, columns=5, picture_inches=2.2)

# %% [markdown]
# ## 7 · In your own words
#
# Answer in 80 to 150 words, with reference to what you computed and saw above:
#
# 1. Somebody writes `alpha * torch.cumprod(1 - alpha, -1)`. What is wrong, and what becomes of a
#    wall? Why would a training with it still get somewhere, and what would surfaces look like?
# 2. Why does no gradient go through `sample_pdf`, and how can a density still grow at a place where
#    the second look never goes?

# %% [markdown] nbgrader={"grade_id": "in_your_own_words", "kind": "manual", "points": 3}
# ### BEGIN SOLUTION
# **A model answer.** The product includes the sample itself, so every bin hides itself: its weight
# is $\alpha_i (1 - \alpha_i)$ times what gets through. That is never above 1/4 and is 0 for a wall
# ($\alpha = 1$), so a solid surface is invisible. A training can still lower its loss, because thin
# fog is nearly right ($1 - \alpha \approx 1$): it builds surfaces out of many thin layers, a thick
# grey skin, and always lets some background through.
#
# The samples only say *where* the integral is estimated. Moving them changes the estimate's noise
# and not what is estimated, so a gradient through them would teach the field to be looked at in
# convenient places. The gradient reaches the density by alpha, at all places that were looked at.
# The first look has one random place in every bin, so every place is asked now and then, and fog
# can grow anywhere.
#
# **Marks, 3 in all**
#
# - 1: the sample hides itself; weight 0 (or at most 1/4) where it should be 1
# - 1: thin layers are nearly right, so surfaces become thick and half transparent
# - 1: where to look is no part of what is learned; the stratified first look goes everywhere
#
# Half a point for a true statement without its reason. No marks are lost for language or length.
# ### END SOLUTION
