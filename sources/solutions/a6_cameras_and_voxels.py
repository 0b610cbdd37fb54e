# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Assignment 6 · Cameras and voxels
#
# *Slides: "3D Object Detection: Simple Camera Model" and "Predicting 3D Voxel Grid with 3D
# ConvNet". The notebook runs in about ten seconds on two cores; writing it takes two hours or so.*
#
# A picture is flat. What does it know about the world? A pixel is a ray, a rectangle is a pyramid,
# and a thing may be anywhere in it: near and small, or far and large. You write the camera both
# ways, then put shapes into voxels, and judge them.
#
# Six functions of at most ten lines. At the end they carve a solid object out of its silhouettes.
# You will be able to
#
# - **project** points of the world into a picture, and say what is behind the camera;
# - send a **ray** through a pixel, and a **frustum** through a rectangle;
# - put points into a **grid of voxels**, whatever side of zero they are on;
# - write a loss that is **not** content with empty space, and
# - measure by **intersection over union** how well two shapes agree.

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
# own solution would notice being called.
#
# **One camera for all.** The camera's own axes are x to the right, y **down**, z **forward**.
# A camera is four tensors:
#
# - `rotation` $R$, `(3, 3)`: its columns are the camera's three axes, seen from the world. It takes
#   camera axes into the world, $X = R\,X_\text{cam} + C$.
# - `centre` $C$, `(3,)`: where the pinhole is, in the world.
# - `focal` $f$, a scalar: the focal length in pixels.
# - `principal` $(u_0, v_0)$, `(2,)`: where the optical axis meets the picture, in pixels.
#
# Pixels are $(u, v)$: $u$ to the right, $v$ down, $(0, 0)$ the upper left **corner** of the
# picture.

# %%
import torch
from torch.nn import functional as F

from course_utils import checks, plots, scale

SCALE = scale("laptop")  # "laptop", "gpu" or "test": changes sizes only
plots.use_style()
torch.set_num_threads(1)

# %% [markdown]
# ## 1 · From a point to its pixel
#
# Go from the world into the camera's axes: with $(x, y, z)$ the point in them,
#
# $$u = f\,\frac{x}{z} + u_0, \qquad v = f\,\frac{y}{z} + v_0 .$$
#
# `points` is `(n, 3)`, in the world. Return a pair: the pixels `(n, 2)`, and the **depths** $z$,
# `(n,)`. A point behind the camera has a negative depth; its pixel means nothing, but it still gets
# one.


# %% nbgrader={"grade_id": "project_points", "kind": "exercise", "points": 4}
def project_points(points, rotation, centre, focal, principal):
    """Pixels (n, 2) and depths (n,) of points of the world."""
    ### BEGIN SOLUTION
    local = (points - centre) @ rotation  # each row is Rᵀ (X - C)
    depth = local[:, 2]
    return focal * local[:, :2] / depth[:, None] + principal, depth
    ### END SOLUTION


# %% [markdown]
# ## 2 · From a pixel to its ray
#
# All points that appear in one pixel lie on one ray. It begins in the pinhole, and in camera axes
# it goes along
#
# $$\Big(\frac{u - u_0}{f},\; \frac{v - v_0}{f},\; 1\Big).$$
#
# `pixels` is `(n, 2)`. Return a pair of `(n, 3)`: where each ray begins, and its direction, both in
# the world; the directions have **length 1**.


# %% nbgrader={"grade_id": "pixels_to_rays", "kind": "exercise", "points": 3}
def pixels_to_rays(pixels, rotation, centre, focal, principal):
    """Origins and unit directions, both (n, 3), of the rays through pixels."""
    ### BEGIN SOLUTION
    offset = (pixels - principal) / focal
    local = torch.cat([offset, torch.ones_like(offset[:, :1])], 1)
    directions = F.normalize(local @ rotation.T, dim=1)
    return centre.expand_as(directions), directions
    ### END SOLUTION


# %% [markdown]
# ## 3 · What a rectangle knows
#
# Somebody draws a box round an object in the picture. What does that say about the world? The
# object is somewhere within four planes through the pinhole, and in front of the camera: a
# **frustum**.
#
# A plane is a unit normal $n$ and an offset $d$; inside is where $n \cdot x \le d$, so the normals
# point **out**. In camera axes the left side is where $x = s z$ with the slope $s = (l - u_0) / f$,
# and outside of it is where $x < s z$. Which vector is that? The other sides likewise.
#
# `rectangle` is $(l, t, r, b)$: left, top, right, bottom, in pixels. Return a pair: the normals
# `(5, 3)` in the world, in the order **left, top, right, bottom, camera**, and the offsets `(5,)`.
# The last plane goes through the pinhole, at right angles to the optical axis; behind it nothing is
# seen.


# %% nbgrader={"grade_id": "frustum_planes", "kind": "exercise", "points": 4}
def frustum_planes(rectangle, rotation, centre, focal, principal):
    """Outward unit normals (5, 3) and offsets (5,): left, top, right, bottom, camera."""
    ### BEGIN SOLUTION
    left, top, right, bottom = (rectangle - principal.repeat(2)) / focal
    one, zero = torch.ones_like(left), torch.zeros_like(left)
    sides = [-one, zero, left, zero, -one, top, one, zero, -right, zero, one, -bottom]
    local = torch.stack([*sides, zero, zero, -one]).view(5, 3)
    normals = F.normalize(local, dim=1) @ rotation.T
    return normals, normals @ centre
    ### END SOLUTION


# %% [markdown]
# All three at work. On the left a picture, with the points of the object's surface projected by
# you, and a rectangle round them: they were found by going along **your** rays of all the *other*
# cameras. On the right the world from above: what of a regular grid of points is in the frustum,
# and two rays.

# %%
from course_utils.data import posed_scenes, toy

size, many, detail = {"laptop": (64, 12, 32), "gpu": (128, 40, 96), "test": (24, 4, 8)}[SCALE]
dice = torch.Generator().manual_seed(3)
scene = toy.sample_scenes(1, generator=dice, kinds=("duck",), gloss=0, backdrop="studio")
middle, radius = (found[0] for found in toy.scene_ball(scene))
cameras = posed_scenes.sphere_cameras(scene, many, size, generator=dice)
views = posed_scenes.posed_views(scene, cameras)


def numbers(view):
    one = cameras[view]
    return one.rotation, one.centre, one.focal, one.principal


def surface(view):
    """Points of the object that a view sees: along its rays, as far as the surface."""
    hit = views.distance[view].isfinite()
    row, column = hit.nonzero().unbind(1)
    pixels = torch.stack([column, row], 1) + 0.5  # the centre of each pixel
    origins, directions = pixels_to_rays(pixels, *numbers(view))
    return origins + views.distance[view][hit][:, None] * directions


# %%
shown = 0
others = torch.cat([surface(view) for view in range(1, many)])
pixels, depth = project_points(others, *numbers(shown))
around = torch.cat([pixels.amin(0), pixels.amax(0)])
normals, offsets = frustum_planes(around, *numbers(shown))
reach = torch.linspace(-3.2, 3.2, 81) * float(radius)
x, y = torch.meshgrid(reach, reach, indexing="ij")
grid = torch.stack([x, y, torch.zeros_like(x)], -1).view(-1, 3) + middle
inside = (grid @ normals.T <= offsets).all(1)
origins, directions = pixels_to_rays(around.view(2, 2), *numbers(shown))

# %%
fig, (left, right) = plots.figure(10, 4.8, ncols=2)
left.imshow(views.images[shown].permute(1, 2, 0), extent=(0, size, size, 0))
left.scatter(*pixels[::9].T, s=3, color=plots.REAL)
u0, v0, u1, v1 = around.tolist()
left.plot([u0, u1, u1, u0, u0], [v0, v0, v1, v1, v0], color=plots.BAD, lw=2)
left.set(title="what the camera sees", xlabel="u", ylabel="v")
right.scatter(*grid[~inside, :2].T, s=2, color="0.85")
right.scatter(*grid[inside, :2].T, s=4, color=plots.REAL)
ends = origins + 6 * radius * directions
right.plot(*torch.stack([origins, ends]).movedim(-1, 0)[:2], color=plots.BAD)
right.scatter(*others[::3, :2].T, s=2, color=plots.INK)
right.set(
    title="from above: in the frustum",
    xlabel="x",
    ylabel="y",
    aspect="equal",
    xlim=(grid[0, 0], grid[-1, 0]),
    ylim=(grid[0, 1], grid[-1, 1]),
)
fig

# %% [markdown]
# The blue patch is where the frustum cuts the level of the object's middle. The object (black)
# fills but a small part of it: a rectangle does not know how far away, nor how large.

# %% [markdown]
# ## 4 · Points into voxels
#
# The cube $[-\tfrac{s}{2}, \tfrac{s}{2}]^3$ is cut into `resolution` voxels along each axis. A
# voxel is full where at least one point is in it. Voxel $i$ along x reaches from $-\tfrac{s}{2} +
# i\,h$ to $-\tfrac{s}{2} + (i+1)\,h$, with $h = s / \text{resolution}$; the same for $j$ along y,
# $k$ along z.
#
# `points` is `(n, 3)`, `side` is $s$, a float. Return a grid of True and False, `(resolution,
# resolution, resolution)`, indexed `grid[i, j, k]`. Points outside of the cube are left out, and
# nothing goes wrong because of them.


# %% nbgrader={"grade_id": "voxelise", "kind": "exercise", "points": 3}
def voxelise(points, resolution, side):
    """Which voxels of the cube hold a point: a boolean grid, indexed x, y, z."""
    ### BEGIN SOLUTION
    index = torch.floor((points / side + 0.5) * resolution).long()
    inside = ((index >= 0) & (index < resolution)).all(1)
    grid = torch.zeros((resolution,) * 3, dtype=torch.bool)
    grid[index[inside].unbind(1)] = True
    return grid
    ### END SOLUTION


# %% [markdown]
# What all views together see of the surface, as voxels, finer and finer. Each picture looks through
# the whole grid along y: dark is where any voxel is full. The share that is full falls and falls,
# because a surface is thin: most of a grid is air.

# %%
cloud = torch.cat([surface(view) for view in range(many)]) - middle
side = 2.1 * float(cloud.abs().max())
shown, names = [], []
for resolution in (4, 8, 16, 32):
    grid = voxelise(cloud, resolution, side)
    picture = 1 - grid.any(1).float().T.flip(0)  # x to the right, z up
    shown.append(F.interpolate(picture[None, None], size=64)[0].expand(3, -1, -1))
    names.append(f"{resolution}³: {grid.float().mean():.1%} full")
plots.image_grid(torch.stack(shown), labels=names, columns=4, picture_inches=2)

# %% [markdown]
# ## 5 · Most of the world is air
#
# A network gives a logit $a$ for each voxel: $p = \mathrm{sigmoid}(a)$ is the probability that it
# is full. Cross-entropy costs $-\log p$ where it is full and $-\log(1 - p)$ where it is empty.
# Averaged over all voxels, the empty ones have nearly all the votes. So, for each object, average
# the two kinds **separately**:
#
# $$L = \frac12 \operatorname*{mean}_{\text{full}} (-\log p) +
# \frac12 \operatorname*{mean}_{\text{empty}} (-\log (1 - p))$$
#
# `logits` is `(objects, r, r, r)`, `occupancy` the truth, boolean, of the same shape. Return one
# number: the mean of $L$ over the objects.
#
# - A logit of 150 is no reason for an infinity: which torch function is $-\log \mathrm{sigmoid}$?
# - An object all of whose voxels are of one kind has no $L$: raise a `ValueError` that says so.


# %% nbgrader={"grade_id": "balanced_occupancy_loss", "kind": "exercise", "points": 3}
def balanced_occupancy_loss(logits, occupancy):
    """The mean over objects of half the full voxels' mean cost and half the empty ones'."""
    ### BEGIN SOLUTION
    a, full = logits.flatten(1), occupancy.flatten(1)
    if (full.all(1) | ~full.any(1)).any():
        raise ValueError("every object needs both full and empty voxels")
    miss = (F.softplus(-a) * full).sum(1) / full.sum(1)
    false_alarm = (F.softplus(a) * ~full).sum(1) / (~full).sum(1)
    return (miss + false_alarm).mean() / 2
    ### END SOLUTION


# %% [markdown]
# A network that knows nothing yet says the same probability everywhere. Which one would it choose?
# The plain loss wants it to say "empty" almost surely, and then every answer is below 1/2: nothing
# is ever predicted. Yours leaves it undecided, and free to learn.

# %%
truth = voxelise(cloud, 16, side)[None]
chance = torch.linspace(0.004, 0.996, 249)
logits = (chance / (1 - chance)).log()
flat = [logit.expand(truth.shape) for logit in logits]
costs = {
    "every voxel alike": [F.binary_cross_entropy_with_logits(a, truth.float()) for a in flat],
    "balanced": [balanced_occupancy_loss(a, truth) for a in flat],
}
fig, ax = plots.figure(8, 3.8)
for (name, cost), colour in zip(costs.items(), (plots.BAD, plots.REAL), strict=True):
    cost = torch.stack(cost)
    best = int(cost.argmin())
    ax.plot(chance, cost, color=colour, lw=2, label=name)
    ax.plot(chance[best], cost[best], "o", color=colour)
    print(f"{name:18} best constant answer {chance[best]:.2f} ({truth.float().mean():.2f} is full)")
ax.set(xlabel="probability said everywhere", ylabel="loss, nats", ylim=(0, 2.5))
ax.legend()
fig

# %% [markdown]
# ## 6 · How well two shapes agree
#
# What is above the threshold counts as full, $P = \{p > \theta\}$. With the truth $T$,
#
# $$\mathrm{IoU} = \frac{|P \cap T|}{|P \cup T|} .$$
#
# ### First predict
#
# The truth is a ball. A network predicts a ball at the right place, but its radius is **10 % too
# large**. What is the IoU?
#
# - **a** about 0.91
# - **b** about 0.83
# - **c** about 0.75
# - **d** about 0.55
#
# Put a letter in quotation marks, before you compute anything.

# %% nbgrader={"grade_id": "ten_percent_too_large", "kind": "prediction", "points": 2}
prediction = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
prediction = "c"
### END SOLUTION

# %% [markdown]
# ### Then write
#
# `predicted` holds probabilities, `(objects, r, r, r)`; `truth` is boolean, of the same shape;
# `threshold` is $\theta$. Return one number for **each** object, `(objects,)`. A probability equal
# to the threshold is not above it. Where prediction and truth are both empty, they agree: 1.


# %% nbgrader={"grade_id": "voxel_iou", "kind": "exercise", "points": 3}
def voxel_iou(predicted, truth, threshold):
    """Intersection over union of each object's voxels, (objects,)."""
    ### BEGIN SOLUTION
    full, truth = (predicted > threshold).flatten(1), truth.flatten(1)
    both, either = (full & truth).sum(1), (full | truth).sum(1)
    return torch.where(either > 0, both / either.clamp(min=1), 1.0)
    ### END SOLUTION


# %% [markdown]
# Was your prediction right? Your own function knows. (If you were wrong, leave the prediction as it
# is, and remember what surprised you.)

# %%
axis = torch.linspace(-1.5, 1.5, 64)
distance = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij")).norm(dim=0)[None]
for wrong in (0.9, 1.0, 1.05, 1.1, 1.2):
    iou = voxel_iou((distance < wrong).float(), distance < 1, 0.5)
    print(f"radius × {wrong:<4}  IoU {float(iou):.2f}")

# %% [markdown]
# ## See it work
#
# A solid object out of nothing but its silhouettes. Project the centre of every voxel into a view:
# if it falls outside of the silhouette, the voxel cannot be full. What no view can rule out is
# left: the **visual hull**.

# %%
from course_utils.data.toy.raycast import flat_parts

axis = side * ((torch.arange(detail) + 0.5) / detail - 0.5)
centres = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1).view(-1, 3) + middle
solid = (
    (posed_scenes.part_distances(flat_parts(scene)[0][0], centres) <= 0).any(1).view((detail,) * 3)
)


def in_silhouette(view):
    """For every voxel whether its centre falls on the object in this view."""
    pixels, depth = project_points(centres, *numbers(view))
    column, row = pixels.floor().long().clamp(0, size - 1).unbind(1)
    return ((views.opacity[view][row, column] > 0.5) & (depth > 0)).view((detail,) * 3)


agreeing = torch.stack([in_silhouette(view) for view in range(many)]).float()
used = [count for count in (1, 2, 4, 8, 16, 40) if count < many] + [many]
hulls = [agreeing[:count].mean(0) for count in used]  # the share of the views that agree
ious = voxel_iou(torch.stack(hulls), solid.expand(len(used), -1, -1, -1), 0.999)
skin = voxel_iou(voxelise(cloud, detail, side)[None].float(), solid[None], 0.5)
for count, iou in zip(used, ious, strict=True):
    print(f"{count:2} silhouettes: IoU with the solid object {iou:.2f}")
print(f"the surface points alone, in voxels: {float(skin):.2f}")

# %%
shown = [(hull > 0.999).float().sum(1).T.flip(0) for hull in (*hulls, solid.float())]
shown = [1 - thick / max(float(thick.max()), 1) for thick in shown]
shown = torch.stack([F.interpolate(s[None, None], size=96)[0].expand(3, -1, -1) for s in shown])
names = [f"{count} silhouettes" for count in used] + ["the object"]
plots.image_grid(shown, labels=["1 silhouette", *names[1:]], columns=len(names), picture_inches=1.8)

# %% [markdown]
# Again the grid seen along y; the darker, the more full voxels lie behind one another. One
# silhouette leaves a whole frustum. Every further one cuts.
#
# ## 7 · In your own words
#
# Answer in 80 to 150 words, with reference to what you computed and saw above:
#
# 1. A photograph shows a chair in a rectangle of 200 by 300 pixels. What can be said about where
#    it is and how large, and what not? What is needed in addition, and where would a network get
#    it from?
# 2. Would silhouettes from all sides be enough to find the shape of a **bowl**? And why is
#    accuracy, the share of voxels that are right, no good measure for what you carved?

# %% [markdown] nbgrader={"grade_id": "in_your_own_words", "kind": "manual", "points": 3}
# ### BEGIN SOLUTION **A model answer.** The rectangle is a frustum: the chair lies within four
# planes through the pinhole, in front of the camera. Along the rays it can slide: twice as far and
# twice as large looks the same. So direction and apparent size are known, distance and true size
# are not. One more number settles it: the depth, the size of a usual chair, or the place where it
# touches the ground. A network learns such things from examples; a second view gives them by
# geometry.
#
# No: a point within the hollow of a bowl lies on the bowl's silhouette from every side except from
# above into it, and there the bowl itself is behind it. No view rules it out, so the hull of a
# bowl is filled. Accuracy counts the air: with 3 % of the voxels full, an empty grid has an
# accuracy of 97 % and an IoU of 0.
#
# **Marks, 3 in all**
#
# - 1: the frustum; direction known, distance and size only together; something else must fix one
# - 1: hollows never show in a silhouette: the hull is full
# - 1: air dominates accuracy; an empty prediction looks good
#
# Half a point for a true statement without its reason. No marks are lost for language or length.
# ### END SOLUTION
