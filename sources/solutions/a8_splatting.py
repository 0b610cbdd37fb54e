# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Assignment 8 · A picture from soft blobs
#
# *Slides: "3D Gaussian Splatting" and "Space vs. Time Tradeoff". The notebook runs in about a
# minute on two cores; writing it takes two hours or so.*
#
# A scene is a list of Gaussians: where each one is, its shape, how opaque it is, its colour.
# You write the whole way from that list to a picture, in five functions of at most ten lines.
# Since torch differentiates what you write, the way back comes for free: at the end your own
# renderer finds a scene that it is shown photographs of. You will be able to
#
# - make an ellipsoid from three lengths and a **quaternion**;
# - say what its **ellipse on a picture** is, and why that is only nearly true;
# - give every pixel its **alpha**;
# - add up a list that comes in **any order**, and
# - decide where a scene has **too few** Gaussians, and where too large ones.

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
# own solution would notice being called. The last section calls your functions hundreds of
# times, so let torch do the loops over pixels and Gaussians.

# %%
import torch
from torch.nn import functional as F

from course_utils import checks, plots, scale

SCALE = scale("laptop")  # "laptop", "gpu" or "test": changes sizes only
plots.use_style()
torch.set_num_threads(1)  # enough for pictures this small, and a busy machine slows it less

# %% [markdown]
# ## 1 · An ellipsoid
#
# A Gaussian has standard deviations $s = (s_1, s_2, s_3)$ along three axes of its own, and a
# rotation $R$ that turns these axes into the world's. Its covariance is
#
# $$\Sigma = R \,\mathrm{diag}(s)\, \mathrm{diag}(s)^\top R^\top.$$
#
# The rotation is kept as a quaternion $q = (w, x, y, z)$, in this order. A fit changes its
# length, so **divide by the length first**. For a quaternion of length 1,
#
# $$R = \begin{pmatrix}
# 1 - 2(y^2 + z^2) & 2(xy - wz) & 2(xz + wy) \\
# 2(xy + wz) & 1 - 2(x^2 + z^2) & 2(yz - wx) \\
# 2(xz - wy) & 2(yz + wx) & 1 - 2(x^2 + y^2) \end{pmatrix}.$$
#
# `scales` is `(gaussians, 3)`, `quaternions` is `(gaussians, 4)`. Return `(gaussians, 3, 3)`.


# %% nbgrader={"grade_id": "covariance_3d", "kind": "exercise", "points": 3}
def covariance_3d(scales, quaternions):
    """R diag(s)^2 R^T of each Gaussian, (gaussians, 3, 3)."""
    ### BEGIN SOLUTION
    w, x, y, z = F.normalize(quaternions, dim=1).unbind(1)
    entries = [
        *(1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        *(2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        *(2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    ]
    half = torch.stack(entries, 1).view(-1, 3, 3) * scales[:, None, :]  # R diag(s)
    return half @ half.mT
    ### END SOLUTION


# %% [markdown]
# ## 2 · Its ellipse on the picture
#
# A camera stands at `centre`. The columns of its `rotation` (3 × 3) are its right, down and
# forward axes, in world coordinates, so that $W$ = `rotation`ᵀ turns world axes into camera
# axes. A Gaussian with mean $m$ is at
#
# $$(x, y, z) = W (m - \text{centre}),$$
#
# and the picture shows a point of space at $(f x / z,\; f y / z)$ pixels from its middle, with the
# focal length $f$. That is no linear map, but near the mean it almost is one: its **Jacobian** $J$
# (2 × 3) holds the slopes of $f x/z$ and $f y/z$ by $x$, $y$ and $z$. Work them out. The ellipse is
#
# $$\Sigma' = J W \Sigma W^\top J^\top + \begin{pmatrix} 0.3 & 0 \\ 0 & 0.3 \end{pmatrix}.$$
#
# The last term is the **low-pass**: every Gaussian is blurred by 0.3 squared pixels, so that none
# falls between the pixel centres.
#
# `means` is `(gaussians, 3)`, all in front of the camera; `covariances` is `(gaussians, 3, 3)`;
# `focal` is a number. Return `(gaussians, 2, 2)`, in squared pixels.


# %% nbgrader={"grade_id": "project_covariance", "kind": "exercise", "points": 4}
def project_covariance(means, covariances, rotation, centre, focal):
    """J W S W^T J^T and the low-pass, for each Gaussian, (gaussians, 2, 2)."""
    ### BEGIN SOLUTION
    x, y, z = ((means - centre) @ rotation).unbind(1)
    zero = torch.zeros_like(z)
    slopes = [focal / z, zero, -focal * x / z**2, zero, focal / z, -focal * y / z**2]
    half = torch.stack(slopes, 1).view(-1, 2, 3) @ rotation.T  # J W
    return half @ covariances @ half.mT + 0.3 * torch.eye(2).to(half)
    ### END SOLUTION


# %% [markdown]
# ## 3 · What it covers of each pixel
#
# At a pixel whose centre is $d$ away from the Gaussian's mean on the picture, the Gaussian covers
#
# $$\alpha = \min\!\big(0.99,\;\; \text{opacity} \cdot \exp(-\tfrac12\, d^\top \Sigma'^{-1} d)\big),
# \qquad \alpha < \tfrac{1}{255} \text{ counts as } 0 .$$
#
# ### First predict
#
# A Gaussian is **much smaller than a pixel**: its ellipse $\Sigma'$ is nothing but the
# low-pass. Now it moves to twice the distance, with its opacity as it was. What becomes of the
# light that it adds to the picture, its $\alpha$ summed over all pixels?
#
# - **a** it hardly changes
# - **b** it halves
# - **c** it falls to a quarter, like the area of anything that is twice as far away
# - **d** it vanishes: so small a thing slips between the pixel centres
#
# Put a letter in quotation marks, before you compute anything.

# %% nbgrader={"grade_id": "twice_as_far", "kind": "prediction", "points": 2}
prediction = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
prediction = "a"
### END SOLUTION

# %% [markdown]
# ### Then write
#
# `means` is `(gaussians, 2)`: places $(u, v)$ on the picture in pixels, $u$ to the right and
# $v$ down. The picture's upper left **corner** is $(0, 0)$, so the first pixel has its centre
# at $(0.5, 0.5)$. `covariances` is `(gaussians, 2, 2)` with the low-pass in it, `opacities` is
# `(gaussians,)`, `height` and `width` are whole numbers. Return $\alpha$,
# `(gaussians, height, width)`.


# %% nbgrader={"grade_id": "gaussian_footprint", "kind": "exercise", "points": 4}
def gaussian_footprint(means, covariances, opacities, height, width):
    """The alpha of each Gaussian at each pixel, (gaussians, height, width)."""
    ### BEGIN SOLUTION
    v, u = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    du, dv = u - means[:, 0, None, None], v - means[:, 1, None, None]
    conic = torch.linalg.inv(covariances)[:, :, :, None, None]
    power = conic[:, 0, 0] * du**2 + 2 * conic[:, 0, 1] * du * dv + conic[:, 1, 1] * dv**2
    alpha = (opacities[:, None, None] * torch.exp(-power / 2)).clamp(max=0.99)
    return torch.where(alpha < 1 / 255, 0, alpha)
    ### END SOLUTION


# %% [markdown]
# Was your prediction right? Two balls, one much smaller than a pixel and one much larger, at four
# distances. (If you were wrong, leave the prediction as it is, and remember what surprised you.)

# %%
straight, origin, middle = torch.eye(3), torch.zeros(3), torch.tensor([[20.0, 20.0]])
for name, radius in (("tiny", 0.002), ("large", 0.2)):
    found = []
    for depth in (2.0, 4.0, 8.0, 16.0):
        ball = covariance_3d(torch.full((1, 3), radius), torch.tensor([[1.0, 0, 0, 0]]))
        mean = torch.tensor([[0.0, 0.0, depth]])
        ellipse = project_covariance(mean, ball, straight, origin, 40.0)
        alpha = gaussian_footprint(middle, ellipse, torch.tensor([0.9]), 40, 40)
        found.append(f"depth {depth:2.0f}: {float(alpha.sum()):7.2f}")
    print(f"{name:6} {'   '.join(found)}")

# %% [markdown]
# ## 4 · Front to back
#
# `alpha` is `(gaussians, height, width)`, as your last function gives it; `depths` is
# `(gaussians,)`; `colours` is `(gaussians, 3)`; `background` is one colour, `(3,)`. The
# Gaussians are listed in **any order**. Sort them by depth. From near to far, each pixel sees
#
# $$C = \sum_i T_i\, \alpha_i\, c_i \;+\; T_{n+1}\, c_\text{background}, \qquad
# T_i = \prod_{j<i} (1 - \alpha_j).$$
#
# $T_i$ is what the Gaussians *in front of* $i$ let through. Return the picture,
# `(3, height, width)`.


# %% nbgrader={"grade_id": "sort_and_composite", "kind": "exercise", "points": 4}
def sort_and_composite(alpha, depths, colours, background):
    """The picture of Gaussians listed in any order, (3, height, width)."""
    ### BEGIN SOLUTION
    order = torch.argsort(depths)
    alpha, colours = alpha[order], colours[order]
    passed = torch.cumprod(1 - alpha, dim=0)
    reached = torch.cat([torch.ones_like(passed[:1]), passed[:-1]])
    picture = torch.einsum("nhw,nc->chw", reached * alpha, colours)
    return picture + passed[-1] * background[:, None, None]
    ### END SOLUTION


# %% [markdown]
# ## 5 · Where is one too few?
#
# While a scene is fitted, the loss pulls at each Gaussian's place on the picture. Where it goes
# on pulling **hard**, one Gaussian is too few. If it is small, there is too little: it
# is **cloned**. If it is large, it covers too much: it is **split** in two smaller ones.
#
# `gradients` is `(steps, gaussians, 2)`: the slope of the loss by each place $(u, v)$, of the
# last steps. A step whose picture did not show a Gaussian left exactly $(0, 0)$ there. The
# *pull* at a Gaussian is the **mean length** of its gradients over the steps that **did** show
# it (0 if none did).
#
# Return two masks of shape `(gaussians,)`, `(clone, split)`: of the Gaussians whose pull is
# greater than `pull_limit`, those to split have their **longest** axis (`scales` is
# `(gaussians, 3)`) greater than `size_limit`; those to clone are all others of them.


# %% nbgrader={"grade_id": "densify_mask", "kind": "exercise", "points": 4}
def densify_mask(gradients, scales, pull_limit, size_limit):
    """Which Gaussians to clone and which to split: two masks of True and False."""
    ### BEGIN SOLUTION
    lengths = gradients.norm(dim=2)
    shown = (lengths > 0).sum(dim=0)
    pulled = lengths.sum(dim=0) / shown.clamp(min=1) > pull_limit
    large = scales.amax(dim=1) > size_limit
    return pulled & ~large, pulled & large
    ### END SOLUTION


# %% [markdown]
# ## See it work
#
# Sixteen photographs of a mushroom, each with the camera that took it, and two more to judge by.

# %%
from course_utils.data import posed_scenes, toy

size, start, steps = {"laptop": (48, 80, 600), "gpu": (64, 200, 1500), "test": (16, 12, 8)}[SCALE]
dice = torch.Generator().manual_seed(0)
world = toy.sample_scenes(1, generator=dice, kinds=("mushroom",))
cameras = posed_scenes.sphere_cameras(world, 18, size, generator=dice)
pictures = posed_scenes.posed_views(world, cameras)
views, judges = pictures[:16], pictures[16:]
plots.image_grid(views.images[:8], columns=4, picture_inches=2)

# %% [markdown]
# Your functions in a row make a renderer. The scene starts as grey balls anywhere.

# %%
from course_utils.core.metrics import image_psnr
from course_utils.vision3d.fields.harmonics import colours_from_harmonics
from course_utils.vision3d.splats.splat_fit import random_start

white = torch.ones(3)
centre, radius = (x[0] for x in toy.scene_ball(world))
scene = random_start(start, centre, float(radius), generator=dice)


def render(scene, camera):
    """The picture, and where on it the means are."""
    local = (scene.means - camera.centre) @ camera.rotation
    places = camera.focal * local[:, :2] / local[:, 2:] + camera.principal
    ellipsoids = covariance_3d(scene.scales, scene.quaternions)
    where = camera.rotation, camera.centre, float(camera.focal)
    ellipses = project_covariance(scene.means, ellipsoids, *where)
    alpha = gaussian_footprint(places, ellipses, scene.opacities, camera.height, camera.width)
    colours = colours_from_harmonics(scene.harmonics, scene.means, camera.centre)
    return sort_and_composite(alpha, local[:, 2], colours, white), places


# %% [markdown]
# Fitting is: render, compare, follow the gradient. Four times on the way the scene grows where your
# `densify_mask` says so.

# %%
from course_utils.vision3d.splats.densify import densify


def learnable(scene):
    scene = scene.map(lambda x: x.detach().clone().requires_grad_())
    rates = (0.01 * float(radius), 0.04, 0.04, 0.1, 0.04)
    groups = [{"params": [x], "lr": rate} for x, rate in zip(scene.tensors(), rates, strict=True)]
    return scene, torch.optim.Adam(groups)


# %%
album, pulls = {}, []
scene, optimiser = learnable(scene)
for step in range(steps + 1):
    if step % (steps // 4) == 0:
        with torch.no_grad():
            seen = torch.stack([render(scene, camera)[0] for camera in judges.cameras])
        album[f"{step} steps"] = seen[0].clamp(0, 1)
        print(
            f"step {step:4}: {len(scene):4} Gaussians, "
            f"{image_psnr(seen, judges.images):.1f} dB on new views"
        )
        if 0 < step < steps:
            clone, split = densify_mask(
                torch.stack(pulls), scene.scales, 0.003, 0.12 * float(radius)
            )
            grown, _ = densify(scene.map(torch.detach), clone, split, generator=dice)
            (scene, optimiser), pulls = learnable(grown), []
    view = int(torch.randint(len(views), (), generator=dice))
    picture, places = render(scene, views.cameras[view])
    places.retain_grad()
    loss = (picture - views.images[view]).abs().mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    pulls.append(places.grad * size / 2)

# %% [markdown]
# A view that was never fitted, as your renderer saw it on the way, and the photograph.

# %%
shown = torch.stack([*album.values(), judges.images[0]])
plots.image_grid(shown, [*album, "photograph"], columns=len(shown), picture_inches=2)

# %% [markdown]
# ## 6 · In your own words
#
# Answer in 100 to 200 words, with reference to what you computed and saw above:
#
# 1. The Gaussians are sorted by the depth of their *means*, once per picture. Describe two
#    Gaussians for which that is wrong at some pixels, and what you would see while the camera
#    moves past them.
# 2. Both NeRF and splatting add up $T_i \alpha_i c_i$. Where do the $\alpha_i$ come from in
#    each, and why is a picture of mostly empty space so much cheaper with splats? What does a
#    scene of splats cost that a network does not?

# %% [markdown] nbgrader={"grade_id": "in_your_own_words", "kind": "manual", "points": 4}
# ### BEGIN SOLUTION
# **A model answer.** Two long Gaussians that cross like an X, or one long one that lies slanted
# beside a small one: on one side of the crossing the first is in front, on the other side the
# second, but one order of their means is used for all pixels. Where it is wrong, what is behind
# is painted in front. When the camera moves, the order of the two means changes all at once,
# and so does the picture: it *pops*.
#
# In NeRF the alphas come from a field that is asked at many places along every ray, by
# $1 - \exp(-\sigma \delta)$, and most of these places are empty: nothing is known before it is
# asked. Splats are a list of what is there. Each is projected once, touches only the pixels
# under its ellipse, and empty space has no entry at all. The price is memory: each Gaussian
# keeps its own dozens of numbers, and a detailed scene needs very many of them, where a network
# keeps a scene in its few weights. That is the trade of space against time.
#
# **Marks, 4 in all**
#
# - 1: crossing or slanted long Gaussians: no single order is right for all pixels
# - 1: the change comes suddenly when the order of the means flips (popping)
# - 1: alphas from asking a field along rays, against alphas from a projected list; empty space
#   is free
# - 1: the price: memory grows with the number of Gaussians
#
# Half a point for a true statement without its reason. No marks are lost for language or length.
# ### END SOLUTION
