# %% [markdown]
# # 12 · Mesh R-CNN: from a photograph to meshes
#
# **What you will see.** A small network looks at a photograph of up to three objects, draws a
# box round each, says what it is, guesses its shape as coarse voxels, turns these into a mesh,
# and pulls the mesh into shape by *graph convolution*. You will build the mesh by hand first,
# break it, pull at its vertices, and weigh it against voxels of the same memory.
#
# **Slides.** *Detection + Reconstruction: Mesh R-CNN* · *3D Representations*
#
# **Time.** About 3 minutes of computing on 2 cores.
#
# Before each reveal there is a guess to make. Change it, then run: a wrong guess teaches most.

# %%
from course_utils import scale

SCALE = scale("laptop")  # "laptop", "gpu" or "test": changes sizes only

import torch

from course_utils import live, plots
from course_utils.core import devices, steps
from course_utils.core.training import Minibatches, fit, progress
from course_utils.data.detection_meshes import make_shape_scenes
from course_utils.lessons import turnable_meshes
from course_utils.lessons.mesh_rcnn import figures
from course_utils.lessons.mesh_rcnn.instrument import MeshLab
from course_utils.vision3d.boxes.average_precision import average_precision_of, rectangle_iou
from course_utils.vision3d.meshes import graph_conv, mesh_heads, mesh_losses, mesh_rcnn, meshes
from course_utils.vision3d.meshes.center_net import Detections, find_boxes
from course_utils.vision3d.meshes.meshes import cubify, edges_of, is_watertight, mend_diagonals
from course_utils.vision3d.meshes.roi_align import pool_boxes
from course_utils.vision3d.shapes import voxels
from course_utils.vision3d.shapes.mesh_sdf import distance_to_surface

plots.use_style()
devices.use_threads(1)  # the networks are small: one core is fastest

# %%
SIZES = {
    "laptop": dict(train=800, test=100, first=500, second=170, batch=8, fit=150, points=1000),
    "gpu": dict(train=8000, test=400, first=4000, second=4000, batch=32, fit=300, points=2000),
    "test": dict(train=16, test=6, first=4, second=3, batch=4, fit=10, points=200),
}[SCALE]


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


def first(kind):
    rows = (test.kind == test.classes.index(kind)).nonzero()[:, 0]
    return int(rows[0]) if len(rows) else 0


train = make_shape_scenes(SIZES["train"], seed=1)
test = make_shape_scenes(SIZES["test"], seed=2, points=SIZES["points"])
plots.image_grid(train.images[:12], columns=6, picture_inches=1.9)

# %% [markdown]
# Of each object here everything is known: its box, its pixels, its kind, which voxels it fills,
# and points on its surface. The objects of `test` are never trained on.
#
# ## 1 · Cubify: from voxels to a mesh
#
# A mesh is a list of **vertices** and a list of **faces**, triples of vertex numbers,
# anticlockwise seen from outside. To turn voxels into one: put a cube where a voxel is full,
# leave out the sides between two full ones, let neighbours share their corners.
#
# **Guess first:** two voxels side by side. How many triangles?

# %%
my_guess = 24

grid = torch.zeros(1, 3, 2, 2, dtype=torch.bool)
grid[0, 0, 0, 0] = grid[0, 1, 0, 0] = True


def by_hand(full):
    """Algorithm 1 of the paper: for each side of each full voxel, is that side open?"""
    numbers, faces = {}, []
    for x, y, z in full.nonzero().tolist():
        for (axis, step), corners in meshes.SIDES.items():
            beyond = [x, y, z]
            beyond[axis] += step
            inside = all(0 <= b < n for b, n in zip(beyond, full.shape, strict=True))
            if inside and full[tuple(beyond)]:
                continue  # a side between two full voxels
            square = [(x + a, y + b, z + c) for a, b, c in corners]
            a, b, c, d = (numbers.setdefault(p, len(numbers)) for p in square)
            faces += [(a, b, c), (a, c, d)]
    return torch.tensor(list(numbers)), torch.tensor(faces)


vertices, faces = by_hand(grid[0])
print(f"you said {my_guess}; {len(faces)} triangles on {len(vertices)} vertices")

# %% [markdown]
# Ten open squares, two triangles each. `cubify` does the same without a loop, for a whole batch
# of grids. Shown equal, on noise:

# %%
noise = torch.rand(1, 8, 8, 8, generator=dice(4)) < 0.4
vertices, faces = by_hand(noise[0])
fast_vertices, fast_faces = cubify(noise, side=8.0)[0]
places = {tuple(map(tuple, (vertices[f] - 4.0).tolist())) for f in faces}
fast_places = {tuple(map(tuple, fast_vertices[f].tolist())) for f in fast_faces}
print(
    f"by hand {len(places)} triangles, vectorised {len(fast_places)}; "
    f"the same ones: {places == fast_places}"
)
assert places == fast_places and len(vertices) == len(fast_vertices)

# %% [markdown]
# ### What makes a mesh watertight
#
# **Every edge has exactly two faces, which walk along it in opposite directions.** Then there
# is an inside. And *vertices − edges + faces* counts holes: 2 for anything like a ball, 0 for a
# ring.
#
# **Guess first:** which of these three shapes is *not* watertight: `1` a block, `2` a ring, `3`
# two voxels that touch along an edge?

# %%
my_guess = 2

block, ring, pair = torch.zeros(3, 3, 3, 3, dtype=torch.bool).unbind(0)
block[:2, :2, :2] = True
ring[:, :, 1] = True
ring[1, 1, 1] = False
pair[0, 0, 1] = pair[1, 1, 1] = True
shapes = {
    "1 block": block,
    "2 ring": ring,
    "3 pair": pair,
    "3 mended": mend_diagonals(pair[None])[0],
}
solids = {name: cubify(full[None], side=0.9)[0] for name, full in shapes.items()}
for name, (_, faces) in solids.items():
    most = int(edges_of(faces)[1].max())
    print(
        f"{name:9} watertight {is_watertight(faces)!s:5}  "
        f"V - E + F = {meshes.euler_characteristic(faces):2}, "
        f"at most {most} faces at an edge"
    )
print(f"you said {my_guess}")
figures.mesh_grid(
    solids, {"": figures.ask_camera(0.5, 0.5)}, lines=True, bad=["3 pair"], good=["3 mended"]
)

# %% [markdown]
# That is the small print of cubify: where two voxels touch **along an edge alone**, four faces
# meet there. `mend_diagonals` fills one of the two empty neighbours, the more probable one, and
# the promise holds again. All meshes below go through it.
#
# ## 2 · Graph convolution
#
# A mesh has no rows and columns, but each vertex has neighbours. A *graph convolution* mixes a
# vertex's features with the mean of its neighbours':
#
# $$f_i' = W_0 f_i + W_1\,\tfrac{1}{|N(i)|}\sum_{j\in N(i)} f_j + b$$
#
# (The paper takes the sum.) First the loop, then one sparse matrix for all.

# %%
start = cubify(noise, side=1.0)
mean = graph_conv.neighbour_mean(edges_of(start.faces)[0], len(start.vertices))
torch.manual_seed(0)
layer = graph_conv.GraphConv(3, 5)

around = [set() for _ in start.vertices]
for a, b, c in start.faces.tolist():
    for i, j in ((a, b), (b, c), (c, a)):
        around[i].add(j)
        around[j].add(i)
by_loop = torch.stack(
    [
        layer.own(f) + layer.others(sum(start.vertices[j] for j in near) / len(near))
        for f, near in zip(start.vertices, around, strict=True)
    ]
)
gap = float((by_loop - layer(start.vertices, mean)).abs().max())
print(
    f"{len(start.vertices)} vertices, {len(mean.values())} of {mean.numel():,} entries are not "
    f"zero; largest difference {gap:.0e}"
)
assert gap < 1e-5

# %% [markdown]
# The simplest graph convolution has nothing to learn: move each vertex towards the middle of
# its neighbours. The step there, $Mv - v$, is the mesh's **Laplacian**. **Guess first:** what
# becomes of a shape that is smoothed for ever?


# %%
row = first("chair")
views = {"front": figures.ask_camera(0.7, 0.3), "side": figures.ask_camera(2.2, 0.3)}


def true_mesh(row, resolution=12):
    full = mesh_rcnn.coarse_occupancy(test.occupancy[row][None], resolution)
    place = test.frames[[row]], test.box[[row]], test.extent[[row]]
    return mesh_rcnn.meshes_from_voxels(torch.where(full, 9.0, -9.0), 0.5, *place)


chair = true_mesh(row)
edges, _ = edges_of(chair.faces)
mean = graph_conv.neighbour_mean(edges, len(chair.vertices))


def smoothed(steps=4):
    v = chair.vertices
    for _ in range(steps):
        v = v + 0.5 * graph_conv.laplacian(v, mean)
    stages = {"as cubified": chair.vertices, f"after {steps} steps": v}
    columns = {name: (figures.upright(v), chair.faces) for name, v in stages.items()}
    return figures.mesh_grid(columns, views, lines=True)


smoothed()

# %%
live.explore(smoothed, steps=(1, 60))

# %% [markdown]
# It shrinks to nothing: smoothing knows no truth. Something must hold on to it.
#
# ## 3 · Three losses
#
# Draw points on both surfaces. **Chamfer distance**: from every point to the nearest one of the
# other surface, squared, both ways. **Normals**: do both surfaces face the same way
# there? **Edges**: how long are they, squared? Chamfer first as a loop:

# %%
truth = mesh_losses.Surface(test.points[[row]][:, :300], test.normals[[row]][:, :300])
drawn = mesh_losses.sample_meshes(chair, 300, generator=dice(1))
there = sum(min(((p - q) ** 2).sum() for q in truth.points[0]) for p in drawn.points[0][:20]) / 20
print(f"loop over 20 points {there:.6f}")
index = mesh_losses.nearest(drawn.points, truth.points)[0]
print(
    "vectorised          "
    f"{(drawn.points[0] - truth.points[0][index])[:20].square().sum(1).mean():.6f}"
)
print(
    f"both ways, all points {float(mesh_losses.chamfer_distance(drawn.points, truth.points)):.5f}"
)

# %% [markdown]
# Now let the vertices themselves slide down these losses. No network yet: one mesh, its true
# surface points, and Adam. Once with all three losses, once without edges, once without
# normals, once with Chamfer alone.
#
# **Guess first:** which of them ends with the smallest Chamfer distance: `all`, `no edges`,
# `no normals` or `Chamfer alone`?

# %%
my_guess = "all"
RECIPES = {"all": (100, 0.1, 20), "no edges": (100, 0.1, 0)}
RECIPES |= {"no normals": (100, 0, 20), "Chamfer alone": (100, 0, 0)}
surface = mesh_losses.Surface(test.points[[row]][:, :400], test.normals[[row]][:, :400])


def slide(chamfer, normal, edge):
    v, throw = chair.vertices.clone().requires_grad_(), dice(2)
    optimiser = torch.optim.Adam([v], lr=0.01)
    for _ in range(SIZES["fit"]):
        found = mesh_losses.mesh_losses(chair.moved(v), edges, surface, generator=throw)
        optimiser.zero_grad()
        (chamfer * found.chamfer + normal * found.normal + edge * found.edge).backward()
        optimiser.step()
    return chair.moved(v.detach())


museum = {"cubified": chair} | {name: slide(*weights) for name, weights in RECIPES.items()}
ends = {}
for name, mesh in museum.items():
    loss = ends[name] = mesh_losses.mesh_losses(mesh, edges, surface, generator=dice(3))
    chamfer, edge = 1000 * loss.chamfer, 1000 * loss.edge
    print(f"{name:13} Chamfer {chamfer:.2f}/1000, normals {loss.normal:.2f}, edges {edge:.2f}/1000")
print(f"you said {my_guess}; smallest: {min(ends, key=lambda name: ends[name].chamfer)}")

# %%
figures.mesh_grid(
    {name: (figures.upright(m.vertices), m.faces) for name, m in museum.items()},
    views,
    lines=True,
    good=["all"],
    bad=["no edges", "Chamfer alone"],
)

# %% [markdown]
# The numbers and the eye disagree. Without the edge loss vertices run where points happen to
# be: **spikes** and folds, faces through each other, while the Chamfer distance hardly notices.
# The paper calls the two ways *best* and *pretty*.
#
# ## 4 · The whole network
#
# | step | what | trained by |
# |---|---|---|
# | **detect** | features of the picture; for each cell: is the middle of an object here, how large is its box? | heat, sides, shift |
# | **look into the box** | features pooled from under it (RoIAlign): kind, mask, depth, and **12 × 12 columns of 12 voxels** | cross-entropies |
# | **cubify** | voxels more probable than a level become a mesh | nothing |
# | **refine, twice** | each vertex asks the picture at its pixel, talks to its neighbours in three graph convolutions, moves | Chamfer, normals, edges |
#
# How far away an object is a 2D box does not say (lesson 10). So shapes are told **in units of
# the box**, and the voxels fill the *frustum* of the box: each column of voxels stands behind
# one place of the picture, and a 2D network can answer.
#
# For comparison there is a rival on the same features: **voxels alone**, 24 × 24 × 24, one byte
# each. First everything but the refinement.

# %%
torch.manual_seed(0)
network, rival = mesh_rcnn.MeshRCNN(), mesh_heads.VoxelHead(64, 24)


def judged(look, scenes):
    losses = mesh_rcnn.answer_losses(look, scenes)
    truth = scenes.occupancy
    return losses | {"rival": voxels.balanced_occupancy_loss(rival(look.answers.features), truth)}


def first_losses(rows):
    scenes = train[rows]
    losses = judged(mesh_rcnn.look_at_boxes(network, scenes), scenes)
    return losses | {"loss": sum(losses.values())}


def trained(losses, count, rate=2e-3):
    optimiser, schedule = steps.one_cycle([network, rival], count, rate)
    step = steps.gradient_step(losses, optimiser, schedule)
    batches = Minibatches(torch.arange(len(train)), SIZES["batch"], dice(5))
    return list(progress(fit(step, batches, steps=count)))


records = trained(first_losses, SIZES["first"])
plots.curves(records, ["heat", "sides", "kind", "mask", "voxels"], smooth=10, ylabel="losses")

# %% [markdown]
# From which probability on is a voxel full? The loss gives the few full voxels the weight of
# all the empty ones, so it exaggerates. Choose the level on *training* objects, for the network
# and for the rival. **Guess first:** below 0.5 or above?

# %%
my_guess = "above"


@torch.no_grad()
def level_of(head, truth):
    some = train[:60]
    answers = mesh_rcnn.look_at_boxes(network, some).answers
    return voxels.best_threshold(head(answers).sigmoid(), truth(some.occupancy))


level = level_of(lambda a: a.voxels, lambda full: mesh_rcnn.coarse_occupancy(full, 12))
print(f"you said {my_guess}; the best level is {level}")

# %% [markdown]
# Now refine. The mesh of each step is cubified from what is predicted **at this moment**; the
# gradient flows from the moved vertices through the graph convolutions into the features of the
# picture. The rival goes on learning for as many steps.

# %%
throw = dice(6)


def second_losses(rows):
    scenes = train[rows]
    look = mesh_rcnn.look_at_boxes(network, scenes)
    losses = judged(look, scenes)
    stages = mesh_rcnn.refined(network, look, scenes, level)[1:]
    mesh = mesh_rcnn.refinement_losses(stages, scenes, mesh_rcnn.Weights(), generator=throw)
    return losses | mesh | {"loss": sum(losses.values()) + mesh["mesh"]}


records = trained(second_losses, SIZES["second"], rate=1e-3)
plots.curves(records, ["mesh", "voxels"], smooth=10, ylabel="losses")

# %% [markdown]
# ## 5 · Pictures that it has never seen

# %%
found = mesh_rcnn.find_shapes(network, test, level, least=0.3 if SCALE != "test" else 0.01)
pictures = [i for i in range(len(test)) if int((found.found.picture == i).sum()) >= 2][:3]
panels = [figures.detections_panel(test.images[i], found, i, test.classes) for i in pictures or [0]]
panels[0]

# %%
panels[-1]

# %% [markdown]
# Boxes are judged as always, by average precision (lesson 10): a box counts if it overlaps a
# true one by half.

# %%
with torch.no_grad():
    maps, centres = network.detect(test.images)
every = find_boxes(centres, maps[1].stride, 0.05)
on = [every.picture == i for i in range(len(test))]
tables = [
    rectangle_iou(every.boxes[rows], test.box[test.picture == i]) for i, rows in enumerate(on)
]
precision = average_precision_of(tables, [every.score[rows] for rows in on], 0.5)
given = Detections(test.box, test.picture, torch.ones(len(test.box)))
shapes = mesh_rcnn.shapes_in_boxes(network, test, given, level)
right = (shapes.answers.kind.argmax(1) == test.kind).double().mean()
print(f"average precision of the boxes {precision:.2f}; kinds right {right:.0%}")

# %% [markdown]
# And the shapes, stage by stage. To judge shapes alone, all get the true boxes.
# **Guess first:** by how much does refining lower the Chamfer distance, in percent?

# %%
my_guess = 10


def against_truth(mesh):
    count = min(1000, SIZES["points"])
    drawn = mesh_losses.sample_meshes(mesh, count, generator=dice(7))
    return mesh_losses.compare(drawn, test.surfaces)


scores = {
    f"after stage {k}" if k else "cubified": against_truth(mesh)
    for k, mesh in enumerate(shapes.stages)
}
for name, score in scores.items():
    print(
        f"{name:14} Chamfer {1000 * score.chamfer.mean():.2f}/1000, "
        f"normals {score.normal.mean():.3f}, F-score {score.f_score.mean():.3f}"
    )
before, after = (scores[name].chamfer.mean() for name in ("cubified", list(scores)[-1]))
print(f"you said {my_guess} %; it lowers the distance by {100 * (1 - after / before):.0f} %")
print(
    "watertight:", sum(is_watertight(faces) for _, faces in shapes.stages[-1]), "of", len(test.box)
)


# %% [markdown]
# Where is a mesh wrong? Measure from each of its vertices to the nearest place of the true surface.
# **Guess first:** on which half of the refined meshes are the vertices farther off: on the `near`
# half, which the photograph shows, or on the `far` one?

# %%
my_guess = "near"


def stages_and_truth(row):
    """Meshes by name, in the camera's axes, and how far each vertex is from the true surface."""
    names = ["cubified", *(f"after stage {k}" for k in range(1, len(shapes.stages)))]
    best = true_mesh(row, 24)
    found = {n: stage[row] for n, stage in zip(names, shapes.stages, strict=True)}
    away = [distance_to_surface(best.vertices, best.faces, v) for v, _ in found.values()]
    found["the truth"] = (best.vertices, best.faces)
    return found, [*away, torch.zeros(len(best.vertices))]


near, far = [], []
for number in range(min(60, len(test.box))):
    best, (refined, _) = true_mesh(number, 24), shapes.stages[-1][number]
    distance = distance_to_surface(best.vertices, best.faces, refined)
    behind = refined[:, 2] > 0  # the middle of the object is at depth 0
    near.append(distance[~behind].mean())
    far.append(distance[behind].mean())
near, far = torch.stack(near), torch.stack(far)
gap = far - near
print(f"near half {near.mean():.3f}, far half {far.mean():.3f} sides of the box, mean over objects")
print(f"far minus near: {gap.mean():+.4f}, standard error {gap.std() / len(gap) ** 0.5:.4f}")
print(f"you said {my_guess}; the far half is farther off in {int((gap > 0).sum())} of {len(gap)}")


# %%
def crop_of(row):
    low, high = test.box[[row]].split(2, 1)
    half = 0.6 * (high - low).amax(1, keepdim=True)
    around = torch.cat([(low + high) / 2 - half, (low + high) / 2 + half], 1)
    return pool_boxes(test.images, test.picture[[row]], around, 1, 64)[0]


duck = first("duck")


def stage_row(row=duck, turn=0.7):
    found, distances = stages_and_truth(row)
    columns = {n: (figures.upright(v), faces) for n, (v, faces) in found.items()}
    meaning = "distance to the truth, in sides of the box"
    return turnable_meshes.mesh_figure(
        columns, distances, meaning, photograph=crop_of(row), turn=turn
    )


live.turn_together(stage_row())

# %% [markdown]
# Compare the gap of the halves with its standard error before you believe its sign, and with the
# distances themselves before you call it large. The half that nobody photographed has to be guessed
# from what such things look like; so has the depth of the half that is seen.
#
# **Take one in the hand and turn it**: while the kernel runs, the others turn with it. **From
# behind** the network sees nothing, and yet there is something: it has learned what such things are
# like. Choose an object, and look at the meshes of the others.

# %%
live.explore(stage_row, row=(0, len(test.box) - 1), turn=(-3.1, 3.1, 0.1))

# %% [markdown]
# ### Voxels of the same memory
#
# A mesh keeps three numbers of two bytes for each vertex and three for each face. The rival
# keeps one byte for each voxel. It may choose its own best level, and be turned into a surface
# like ours. **Guess first:** who is nearer to the truth, `mesh` or `voxels`?

# %%
my_guess = "voxels"

rival_level = level_of(lambda a: rival(a.features), lambda full: full)
with torch.no_grad():
    rival_logits = rival(shapes.answers.features)
rival_mesh = mesh_rcnn.meshes_from_voxels(
    rival_logits, rival_level, shapes.frames, test.box, shapes.extent
)
rival_score = against_truth(rival_mesh)
size = sum(meshes.mesh_bytes(*mesh) for mesh in shapes.stages[-1]) / len(test.box)
rows = {
    "voxels 12³": (12**3, [1000 * float(before)]),
    "voxels 24³": (24**3, [1000 * float(rival_score.chamfer.mean())]),
    "mesh, refined": (size, [1000 * float(after)]),
}
print(f"you said {my_guess}; bytes of an object: mesh {size:,.0f}, voxels 24³ {24**3:,}")
figures.memory_panel(rows)

# %% [markdown]
# (The same with three seeds: `python -m benchmarks mesh_rcnn`.) Voxels spend their memory on
# the inside and the outside, where nothing happens; and a voxel of which the network is unsure
# is either there or not. A vertex can stand *in between*.
#
# ## 6 · In your hand
#
# Slide through the stages; walk round. Then choose *pull a vertex*, drag one out, and press
# *Descend*: with which weights does it find back?

# %%
mine = first("duck")
stages = [(figures.upright(mesh[mine][0]), mesh[mine][1]) for mesh in shapes.stages]
known = mesh_losses.Surface(*(figures.upright(x[[mine]][:, :400]) for x in test.surfaces))
lab = MeshLab(stages, known, crop_of(mine))

# %% [markdown]
# 1. Pull one vertex far out with *edge* at 0, and descend. Does Chamfer alone bring it back?
#    Watch the number while you pull.
# 2. Set *chamfer* to 0 and *edge* to 2. Where have you seen this before?
# 3. No stage can make a hole: the faces stay as they are. Which step of the network decides how
#    many holes there are?
#
# ### What cubify cannot give back
#
# The level decides what there is to refine. A leg of a chair that falls below it is gone, and
# no stage brings it back.


# %%
def by_level(level=level):
    one = Detections(test.box[[row]], torch.tensor([0]), torch.ones(1))
    picture = test[test.picture[[row]]]
    stages = mesh_rcnn.shapes_in_boxes(network, picture, one, level).stages
    columns = {"cubified": stages[0][0], "refined": stages[-1][0]}
    columns = {name: (figures.upright(v), faces) for name, (v, faces) in columns.items()}
    return figures.mesh_grid(
        columns, {f"level {level:.2f}": views["front"]}, photograph=crop_of(row)
    )


by_level()

# %%
live.explore(by_level, level=(0.05, 0.98, 0.01))

# %% [markdown]
# ## Remember
#
# - **Cubify** turns voxels into a mesh: watertight, unless voxels touch along an edge alone.
# - A **graph convolution** mixes each vertex with its neighbours; a vertex sees the picture at
#   its own pixel.
# - **Chamfer** alone makes spikes; **edges** and **normals** keep the surface decent.
# - Voxels decide *how many pieces and holes*, refinement decides *where the surface is*.
# - One picture tells a shape **in units of its box**: how far away it is, it does not tell.
