# %% [markdown]
# # 11 · Four ways to store a shape, and voxels from a picture
#
# **What you will see.** One chair, stored in four ways: as a grid of blocks, as points, as
# triangles, as a function. You will turn all four with one hand, convert each into the others,
# and weigh what they cost. Then a network looks at *one picture* of an object and fills a grid
# of 32 × 32 × 32 voxels, the side that nobody saw included; it has to beat looking the answer
# up.
#
# **Slides.** *3D Representations* · *3D Occupancy Grid* · *Predicting 3D Voxel Grid with 3D
# ConvNet*
#
# **Time.** About 2 minutes of computing on 2 cores.
#
# Before each reveal there is a guess to make. Change it, then run: a wrong guess teaches most.

# %%
from course_utils import scale

SCALE = scale("laptop")  # "laptop", "gpu" or "test": changes sizes only

import math
import time

import torch
from scipy.ndimage import binary_fill_holes

from course_utils import live, plots
from course_utils.core import devices
from course_utils.data import image_voxels, toy
from course_utils.lessons.voxels import figures
from course_utils.lessons.voxels.instrument import ShapeLab
from course_utils.vision3d.shapes import conversions, mesh_sdf, voxels

plots.use_style()
devices.use_threads(1)  # small sums are fastest on one core
SIZES = {
    "laptop": dict(grid=64, objects=2000, unseen=300, steps=650, centres=(60, 200, 600, 1500))
    | dict(blocks=(8, 12, 16, 24, 32, 48, 64), cells=(8, 12, 16, 24, 32)),
    "gpu": dict(grid=128, objects=20_000, unseen=1000, steps=20_000, centres=(60, 200, 600, 2000))
    | dict(blocks=(8, 16, 32, 64, 96), cells=(8, 16, 32, 48)),
    "test": dict(grid=16, objects=150, unseen=100, steps=6, centres=(60, 120))
    | dict(blocks=(8, 16), cells=(8, 12)),
}[SCALE]


# %%
def dice(seed=0):
    return torch.Generator().manual_seed(seed)


scene = toy.sample_scenes(1, generator=dice(), kinds=("chair",))
chair = image_voxels.object_distance(scene)  # the chair itself: a signed distance, known exactly
solid = figures.solid_of(chair, generator=dice())
figures.four_panel(figures.four_shapes(solid, 16))

# %% [markdown]
# The same chair, four times, in the cube $[-1,1]^3$:
#
# - **Occupancy grid**, a tensor `[r, r, r]`: is the middle of this voxel inside, yes or no?
# - **Point cloud**, `[points, 3]`: places on the surface, in any order.
# - **Mesh**, `[vertices, 3]` and `[faces, 3]`: places on the surface, and which three of them
#   make a triangle.
# - **Implicit function**, $f(x,y,z)$: ask about any point, get a number. Here the *signed
#   distance*: how far to the surface, negative inside. The plane through the chair shows its
#   values, a line every tenth.
#
# ## 1 · All four in one hand
#
# Is a point inside the chair? Some representations can say so at once, by one look-up or one
# call. Others have to search, and some cannot tell at all.
#
# **Guess first:** how many of the four answer *inside or outside?* at once?

# %%
my_guess = 4

four = figures.four_shapes(solid, 16)
inside = torch.nonzero(four.occupancy)[0]  # a voxel that is full
point = conversions.voxel_centres(16)[tuple(inside)][None]
gap = float(conversions.distance_to_points(four.cloud)(point))
asked = {
    "occupancy grid": (bool(four.occupancy[tuple(inside)]), 1, "one look-up"),
    "implicit function": (bool(chair(point) < 0), 1, "one call"),
    "mesh": (
        bool(mesh_sdf.distance_to_mesh(*four.mesh)(point) < 0),
        len(four.mesh[1]),
        "triangles, all of them",
    ),
    "point cloud": (
        "?",
        len(four.cloud),
        f"points: the nearest is {gap:.2f} away, and that is all it knows",
    ),
}
for name, (answer, looks, words) in asked.items():
    print(f"{name:18} inside: {answer!s:5}  looked at {looks:4} · {words}")
print(f"you said {my_guess}; it is {sum(looks == 1 for _, looks, _ in asked.values())}")

# %% [markdown]
# Now turn them. Drag in the pictures: one camera looks at all four. Change the object, then go
# down with the resolution.

# %%
lab = ShapeLab()

# %% [markdown]
# 1. At which resolution do the legs go? Which of the four loses them first, which never?
# 2. Look at the aeroplane from above with few voxels. What is left of its wings?
# 3. The house is a bulky thing. How coarse may it be until you no longer know it?
# 4. The function has no resolution at all. What it costs to *ask* it, you felt when you turned it.
#
# ## 2 · From each to the others
#
# **Function to grid** is the easiest: ask it at every voxel's centre. First as loops.


# %%
def ball(points):
    return points.norm(dim=-1) - 0.7


r, by_loop = 6, torch.zeros(6, 6, 6, dtype=torch.bool)
for i in range(r):
    for j in range(r):
        for k in range(r):
            x, y, z = (2 * ((n + 0.5) / r - 0.5) for n in (i, j, k))  # the voxel's centre
            by_loop[i, j, k] = math.sqrt(x * x + y * y + z * z) - 0.7 <= 0
assert torch.equal(by_loop, conversions.occupancy_from_function(ball, r))
for row in by_loop[:, 3].T.flip(0):  # a slice, z upwards
    print("   ", " ".join("■" if full else "·" for full in row))

# %% [markdown]
# **Grid to mesh** is *marching cubes* (Lorensen & Cline 1987): between a full voxel and an
# empty one there must be a surface. Walk from one centre to the next, and put a vertex where
# the value crosses zero; a table of cases says which vertices make triangles. (We take the
# table from scikit-image.) Along one edge it is only this:

# %%
here, there = -0.05, 0.15  # distances at two neighbouring centres, x = 0 and x = 1
crossing = here / (here - there)
print(f"from distances: the vertex lies at x = {crossing:.2f}")
print(f"from yes and no (-1/2 and +1/2): at x = {-0.5 / (-0.5 - 0.5):.2f}, always")

# %% [markdown]
# **Guess first:** a ball of radius 0.7 on a grid of $16^3$. By which factor is the mesh from
# *distances* closer to the true ball than the mesh from *yes and no*?

# %%
my_guess = 2

off = {}
for name, mesh in {
    "yes and no": conversions.mesh_from_occupancy(conversions.occupancy_from_function(ball, 16)),
    "distances": conversions.mesh_from_function(ball, 16),
}.items():
    points, _ = conversions.points_from_mesh(*mesh, 2000, generator=dice())
    off[name] = float(ball(points).abs().mean())
    print(f"mesh from {name:11} is off by {off[name]:.4f} on average")
print(f"you said {my_guess}; it is {off['yes and no'] / off['distances']:.1f}")

# %% [markdown]
# Both grids have as many numbers. But a distance says *how much* is in a voxel's neighbourhood,
# a bit does not: the steps are there for good.
#
# The whole round trip, now. Each line goes away from the grid of the duck and comes back to it;
# what is lost on the way shows in the intersection over union with the direct grid,
# $|A \cap B|\,/\,|A \cup B|$.
#
# **Predict:** on which way does the duck lose its inside?

# %%
from course_utils.vision3d.shapes import rbf

SIDE = 14
duck = image_voxels.object_distance(toy.sample_scenes(1, generator=dice(2), kinds=("duck",)))
direct = conversions.occupancy_from_function(duck, SIDE)
mesh = conversions.mesh_from_function(duck, SIDE)
cloud, normals = conversions.points_from_mesh(*mesh, 1200, generator=dice())
shell = conversions.occupancy_from_points(cloud, SIDE)
both_sides = torch.cat([cloud - 0.03 * normals, cloud + 0.03 * normals])[::3]
level = torch.cat([torch.full((1200,), -0.03), torch.full((1200,), 0.03)])[::3]
back = {
    "grid → mesh → function": mesh_sdf.distance_to_mesh(*conversions.mesh_from_occupancy(direct)),
    "function → mesh → function": mesh_sdf.distance_to_mesh(*mesh),
    "mesh → points → function": conversions.distance_to_points(cloud),
    "mesh → points, normals → function": rbf.radial_basis_function(both_sides, level),
}
grids = {
    name: conversions.occupancy_from_function(function, SIDE) for name, function in back.items()
}
grids |= {
    "mesh → points → grid": shell,
    "the same, holes filled": torch.from_numpy(binary_fill_holes(shell.numpy())),
}
for name, grid in grids.items():
    overlap = float(voxels.voxel_iou(grid[None], direct[None]))
    print(f"{name:34} IoU with the direct grid {overlap:.2f}")

# %% [markdown]
# - A **mesh** knows its inside by the *winding number*: seen from inside, the triangles cover
#   the whole sky once (Jacobson et al. 2013).
# - A **point cloud** does not. As a function it is a distance without a sign, as a grid it is a
#   shell. A flood from outside fills it if the shell has no hole; it stays half a voxel too
#   fat.
# - Give each point a **normal**, and the sign is back: just inside it is negative, just outside
#   positive, and a smooth function goes through all of them (*radial basis functions*, Carr et
#   al. 2001). In lesson 13 a network takes its place.
#
# ## 3 · What does it cost?
#
# Memory against error, for the chair. Bytes: a bit for a voxel, three numbers for a point,
# three and three for vertices and faces, four numbers for each centre of the radial basis
# functions. Error: the mean distance between the true surface and the stored one, measured in
# both directions.
#
# **Guess first:** to halve the error of an *occupancy grid*, how many times the memory does it
# take?

# %%
from course_utils.vision3d.shapes import shape_costs

my_guess = 2

truth = shape_costs.exact_surface(chair, 200, generator=dice(1))
details = {
    "occupancy grid": SIZES["blocks"],
    "point cloud": (50, 200, 800, 3200),
    "mesh": SIZES["cells"],
    "implicit function": SIZES["centres"],
}
costs = {name: [] for name in details}
for name, row in details.items():
    for detail in row:
        stored = shape_costs.REPRESENTATIONS[name](chair, detail, generator=dice())
        costs[name].append((stored.bytes, shape_costs.surface_error(stored, chair, truth)))
figures.cost_plot(costs)

# %%
for name, row in costs.items():
    (few, large), (many, small) = row[len(row) // 2 - 1], row[-1]
    factor = 2 ** (math.log(many / few) / math.log(large / small))
    print(f"{name:18} half the error costs {factor:4.1f} times the memory")
print(f"you said {my_guess} for the grid; for blocks without thin parts it is 2³ = 8")

# %% [markdown]
# (Measured over the right half of each line.) Why these slopes:
#
# - **Blocks** are wrong by about their width, and there are $r^3$ of them: eight times the
#   memory for half the error. Below some resolution the legs slip between the centres: there
#   the line is steep, and what you see is not a worse chair but *no legs*.
# - **Points** lie $1/\sqrt n$ apart: four times.
# - **Triangles** lie flat on a surface: where it is smooth, their error falls with the *square*
#   of their size, and twice as many halve it. At edges marching cubes cuts the corners.
# - The **function** has no grid; its centres sit where they are needed.
#
# ## 4 · Only where the surface is
#
# Most voxels are boring: air among air, or wood within wood. An **octree** (Meagher 1982)
# splits a cell into eight only if it is mixed.
#
# **Guess first:** of the cells of the full grid, which share does the octree of the chair need?

# %%
from course_utils.vision3d.shapes import octree

my_guess = 0.5

fine = conversions.occupancy_from_function(chair, SIZES["grid"])
levels = octree.octree_levels(fine)
stored = sum(level.stored for level in levels)
print(
    f"you said {my_guess:.0%}; it stores {stored:,} cells for {fine.numel():,} voxels: "
    f"{stored / fine.numel():.1%}"
)
figures.octree_panel(fine)

# %%
from functools import cache


@cache  # asked once for each kind
def fine_grid(kind):
    one = image_voxels.object_distance(toy.sample_scenes(1, generator=dice(), kinds=(kind,)))
    return conversions.occupancy_from_function(one, SIZES["grid"])


def slice_of(kind="chair", slab=SIZES["grid"] // 2):
    """The octree of another object, cut elsewhere."""
    return figures.octree_panel(fine_grid(kind), slab)


live.explore(slice_of, kind=list(toy.KINDS), slab=(0, SIZES["grid"] - 1))

# %% [markdown]
# The grid grows with the volume, $r^3$; the octree with the surface, $r^2$. With it, networks
# have predicted $512^3$ voxels (Tatarchenko et al. 2017): first coarse cells, then only the
# mixed ones. Without it, what can a network on a laptop do? $32^3$.
#
# ## 5 · From one picture to a grid
#
# ### The frame
#
# A grid needs axes. Which? Ours are the **object's own**: its front is $+x$, up is $+z$, and
# its longest side fills the cube (size cannot be seen in a picture of one thing). The camera
# may stand anywhere around. So the network must find out from where it looks, and answer the
# same for all views of one chair.
#
# One could take the **camera's** frame instead, with $+x$ towards the camera. Here is the mean
# of 200 chairs in either, and one of them.

# %%
chairs, cameras = toy.all_toy_scenes(200, kinds=("chair",), seed=4)
away = cameras.centre - chairs.objects.position[:, 0]
azimuth = torch.atan2(away[:, 1], away[:, 0]) - chairs.objects.yaw[:, 0]
means, score = {}, {}
for frame, turn in (("object", torch.zeros(200)), ("camera", azimuth)):
    grids = image_voxels.object_grids(chairs, turn, 32, frame)
    soft = grids.float().mean(0)
    level = voxels.best_threshold(soft.expand(200, 32, 32, 32), grids)
    means[f"{frame}'s frame"] = soft > level
    score[f"{frame}'s frame"] = (
        f"IoU {float(voxels.voxel_iou(soft.expand(200, 32, 32, 32), grids, level).mean()):.2f}"
    )
figures.voxel_panel(toy.render_image(chairs[:1], cameras[:1])[0], means, score)

# %% [markdown]
# In the object's frame the mean chair *is* a chair, and a strong rival: it already answers well
# without looking at the picture. In the camera's frame chairs point everywhere, their mean is a
# blob, and any network would shine beside it. We take the **harder rival**. (It also has its
# price: with its own front, every kind must have one. For things never seen before, the
# camera's frame is the better one; Tatarchenko et al. 2019.)
#
# ### The data

# %%
from course_utils.core.progress import counter, progress

known = image_voxels.toy_shapes(
    SIZES["objects"], seed=1, backdrop="studio", progress=counter("objects")
)
unseen = image_voxels.toy_shapes(SIZES["unseen"], seed=2, backdrop="studio")
held_out, known = known[: len(known) // 10], known[len(known) // 10 :]  # to choose thresholds on
figures.picture_pairs(
    unseen.images[:6], unseen.occupancy[:6], [unseen.names[k] for k in unseen.label[:6]]
)

# %% [markdown]
# Where is the boat's sail? It is thinner than a voxel and fell between the centres, before any
# network saw it. So much for $32^3$.
#
# ### The loss, and the air in it
#
# Each voxel is a question of yes or no: cross-entropy. **Guess first:** a network that answers
# "empty" everywhere: what share of the voxels has it right?

# %%
my_guess = 0.5

full = float(known.occupancy.float().mean())
print(f"you said {my_guess:.0%}; {1 - full:.1%} of the voxels are empty")
by_kind = {
    name: float(known.occupancy[known.label == k].float().mean())
    for k, name in enumerate(known.names)
}
print(
    "full:",
    ", ".join(
        f"{name} {share:.1%}" for name, share in sorted(by_kind.items(), key=lambda item: item[1])
    ),
)

# %% [markdown]
# So a plain mean is a vote in which air has the majority. The **balanced** loss gives both
# sides half of it:
#
# $$\mathcal L =
# \tfrac12\,\underset{\text{full}}{\text{mean}}\,(-\log p) +
# \tfrac12\,\underset{\text{empty}}{\text{mean}}\,(-\log(1-p)).$$
#
# By hand, on one object of eight voxels, one of them full:

# %%
logits = torch.tensor([1.0, -2.0, -2.0, -3.0, -1.0, -2.0, 0.5, -4.0])
is_full = torch.tensor([True] + [False] * 7)
cost = {True: [], False: []}
for logit, answer in zip(logits.tolist(), is_full.tolist(), strict=True):
    p = 1 / (1 + math.exp(-logit))
    cost[answer].append(-math.log(p if answer else 1 - p))
plain = sum(cost[True] + cost[False]) / 8
balanced = (sum(cost[True]) / 1 + sum(cost[False]) / 7) / 2
grid, cube = is_full.view(1, 2, 2, 2), logits.view(1, 2, 2, 2)
print(f"plain     {plain:.6f} by loop, {voxels.plain_occupancy_loss(cube, grid):.6f}")
print(f"balanced  {balanced:.6f} by loop, {voxels.balanced_occupancy_loss(cube, grid):.6f}")
assert abs(plain - voxels.plain_occupancy_loss(cube, grid)) < 1e-6
assert abs(balanced - voxels.balanced_occupancy_loss(cube, grid)) < 1e-6

# %% [markdown]
# ### Train
#
# The network: 2D convolutions shrink the picture to $4\times4$ cells; a linear layer turns
# those into $4^3$ voxels with many channels; three **3D transposed convolutions** double them
# to $8^3, 16^3, 32^3$. The loop is yours to read. Twice the same training, once with each loss.
#
# **Predict:** which of the two will draw its objects too fat?


# %%
from course_utils.core import steps
from course_utils.core.training import Minibatches, fit
from course_utils.vision3d.shapes import voxel_net


def train(loss, seed=0):
    torch.manual_seed(seed)
    network = voxel_net.VoxelPredictor(size=32, resolution=32)
    fast = steps.fast_precision(network)  # bfloat16 where the machine can
    optimiser, schedule = steps.one_cycle([network], SIZES["steps"], rate=4e-3)
    step = steps.gradient_step(
        lambda batch: {"loss": loss(fast(batch[0]), batch[1])}, optimiser, schedule
    )
    batches = Minibatches((known.images, known.occupancy), 16, dice(seed))
    return network, list(progress(fit(step, batches, steps=SIZES["steps"])))


plain_net, plain_records = train(voxels.plain_occupancy_loss)

# %%
balanced_net, balanced_records = train(voxels.balanced_occupancy_loss)
plots.curves(
    {"plain": plain_records, "balanced": balanced_records}, smooth=40, ylabel="loss in nats"
)

# %% [markdown]
# The two losses are different yardsticks: compare the shapes of the curves, not their heights.
# The plain one starts low, since nearly everything is air. What counts is the intersection over
# union on **unseen** objects. It depends on the *threshold*: above which probability is a voxel
# full?
#
# **Guess first:** the best threshold for the balanced loss?

# %%
my_guess = 0.5

soft = {
    name: voxel_net.predict_occupancy(network, unseen.images)
    for name, network in (("plain", plain_net), ("balanced", balanced_net))
}
cuts = [k / 20 for k in range(20)]
by_cut = {
    name: [float(voxels.voxel_iou(p, unseen.occupancy, cut).mean()) for cut in cuts]
    for name, p in soft.items()
}
best = max(cuts, key=lambda cut: by_cut["balanced"][cuts.index(cut)])
print(f"you said {my_guess}; it is {best}")
figures.score_curves(cuts, by_cut, "mean IoU, unseen objects")

# %% [markdown]
# The balanced network at $\tfrac12$ is too generous. It must be: where full voxels count many
# times as much as empty ones, it pays to say "full" wherever that is at all possible. It
# learned *which voxel before which*, but its numbers are no probabilities any more. Those of
# the plain loss nearly are. **A balanced loss moves the threshold**, so never compare two
# losses at one half.
#
# Move it yourself. Low: fog thickens into lumps. High: legs and wings go first.


# %%
def at(threshold=0.4, number=3):
    truth = unseen.occupancy[number]
    grids, words = {"truth": truth}, {"truth": unseen.names[unseen.label[number]]}
    for name, p in soft.items():
        grids[name] = p[number] > threshold
        overlap = float(voxels.voxel_iou(p[number][None], truth[None], threshold))
        words[name] = f"IoU {overlap:.2f}"
    return figures.voxel_panel(unseen.images[number], grids, words)


at()

# %%
live.explore(at, threshold=(0.0, 0.98, 0.02), number=(0, 39))

# %% [markdown]
# ## 6 · Against looking it up
#
# Is that any good? A number alone says nothing. Three rivals who have seen the same training
# objects, and learn nothing:
#
# - **mean shape**: always the same answer,
# - **nearest picture**: the training object whose picture has the smallest squared difference,
# - **class mean**: is *told* the class, and answers its mean shape.
#
# All thresholds, ours too, are chosen on held-out training objects. Beside IoU there is
# the **F-score** of the surfaces (share of surface voxels that are right to one voxel, both
# ways): it does not pay for the insides of bulky things.
#
# **Guess first:** who is second, after (let us hope) the network: `"nearest"` or `"class mean"`?

# %%
my_guess = "nearest"

mean = voxel_net.mean_shapes(known.occupancy, known.label, len(known.names))
answers = {
    "mean shape": lambda some: mean.mean(0).expand(len(some), 32, 32, 32),
    "nearest": lambda some: known.occupancy[
        voxel_net.nearest_pictures(some.images, known.images)
    ].float(),
    "class mean": lambda some: mean[some.label],
    "network": lambda some: voxel_net.predict_occupancy(plain_net, some.images),
    "network, balanced": lambda some: voxel_net.predict_occupancy(balanced_net, some.images),
}
iou, solid = {}, {}
for name, answer in answers.items():
    cut = voxels.best_threshold(answer(held_out), held_out.occupancy)
    guess = answer(unseen)
    iou[name], solid[name] = voxels.voxel_iou(guess, unseen.occupancy, cut), guess > cut
    f = voxels.surface_f_score(guess, unseen.occupancy, cut).mean()
    print(f"{name:18} threshold {cut:.2f}   IoU {iou[name].mean():.3f}   F-score {f:.3f}")
second = max(("nearest", "class mean"), key=lambda name: iou[name].mean())
print(f"you said {my_guess!r}; it is {second!r}")

# %% [markdown]
# Look at some. The rows are not picked by hand: of every second kind, the first unseen object.

# %%
ROWS = [int((unseen.label == k).nonzero()[0]) for k in range(0, len(unseen.names), 2)]
columns = ("nearest", "class mean", "network")
grids = [{"truth": unseen.occupancy[k]} | {name: solid[name][k] for name in columns} for k in ROWS]
words = [
    {"truth": unseen.names[unseen.label[k]]} | {name: f"IoU {iou[name][k]:.2f}" for name in columns}
    for k in ROWS
]
figures.grid_gallery(unseen.images[ROWS], grids, words)

# %%
print(f"{'':11}" + "".join(f"{name:>12}" for name in columns))
for k, name in enumerate(unseen.names):
    print(
        f"{name:11}"
        + "".join(f"{float(iou[column][unseen.label == k].mean()):12.2f}" for column in columns)
    )

# %% [markdown]
# - The **nearest picture** is often of the right kind but turned otherwise, or of another kind
#   in the same colour: pixels are a poor measure of sameness (lesson 7 knew better).
# - The **class mean** has the kind for free, and misses what is special about *this* one.
# - The **network** sees the kind, the view and some of the proportions. It fails where all
#   fail: thin things. A leg is one voxel wide; half a voxel aside, and its IoU is nothing.
#   (That is one more reason for the F-score.)
#
# How much of this is *reconstruction*, and how much *recognising the kind*? Tatarchenko et al.
# (2019) asked that of the best networks of their time, and found that looking up the right
# training shape did as well. Class mean is that question.
#
# ## 7 · Why not $256^3$?
#
# **Guess first:** twice the resolution, how many times the seconds for one answer?

# %%
my_guess = 2

sides, seconds = (16, 32, 64), []
for side in sides:
    big = voxel_net.VoxelPredictor(32, side).eval()
    with torch.no_grad():
        big(unseen.images[:4])
        begin = time.perf_counter()
        big(unseen.images[:4])
        seconds.append(time.perf_counter() - begin)
    print(
        f"{side:3}³: {1000 * seconds[-1] / 4:6.1f} ms a picture, "
        f"{side**3 * 4 / 1e6:6.2f} MB for one channel of the last layer"
    )
print(
    f"you said {my_guess}; from {sides[1]} to {sides[2]} it is {seconds[2] / seconds[1]:.1f}; "
    f"256³ would be {256**3 * 4 / 1e6:.0f} MB a channel"
)

# %% [markdown]
# **What you saw.** Four representations, none the best: grids and functions know inside from
# outside, points and meshes know where the surface is; a grid pays $r^3$ for what is an $r^2$
# thing. Networks like grids all the same, because convolutions do. Less than a minute of
# training beat looking the answer up. The ways on are those of the next lessons: predict coarse
# voxels, then **bend a mesh** (12), or let the network *be* the function, and ask it only where
# you need to (13).
