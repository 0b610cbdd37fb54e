# %% [markdown]
# # 13 · Implicit functions: a shape is a question you can ask
#
# **What you will see.** A shape with no voxels, points or triangles: only a function that
# answers, for any place, *inside or outside?*, or better, *how far?* You will carve with `min`
# and `max`, walk along rays by asking, watch a network become a duck, and turn one shape into
# another by a slider. In the end the same idea leaves geometry behind, and fails in a way that
# calls for volume rendering.
#
# **Slides.** *Implicit Functions (x, y, z → d)* · *What is an implicit representation for 3D
# data?* · *Signed Distance Function* · *Implicit representations beyond 3D geometry*
#
# **Time.** About 2 minutes of computing on 2 cores.
#
# Before each reveal there is a guess to make. Change it, then run: a wrong guess teaches most.

# %%
from course_utils import scale

SCALE = scale("laptop")  # "laptop", "gpu" or "test": changes sizes only


import torch

from course_utils import live, plots
from course_utils.core import devices, steps
from course_utils.core.training import Minibatches, fit, progress
from course_utils.data import posed_scenes, toy, unit_shapes
from course_utils.lessons import solid_images
from course_utils.lessons.implicit import figures
from course_utils.vision3d.cameras import orbit_camera
from course_utils.vision3d.fields import light_field
from course_utils.vision3d.shapes import conversions, csg, implicit, sphere_tracing

plots.use_style()
devices.use_threads(1)  # small networks: one core is fastest
SIZES = {
    "laptop": dict(points=200_000, steps=1300, family=12, family_steps=1500)
    | dict(views=16, view_steps=900, side=150),
    "gpu": dict(points=1_000_000, steps=5000, family=40, family_steps=8000)
    | dict(views=40, view_steps=5000, side=150),
    "test": dict(points=4000, steps=4, family=6, family_steps=4, views=4, view_steps=4, side=64),
}[SCALE]

# %%
duck = unit_shapes.unit_shapes(("duck",), 1)[0].distance  # a function of places, nothing else
camera = orbit_camera(0.7, 0.35, 3.0, size=SIZES["side"])
figures.slice_panel(duck, camera)

# %% [markdown]
# Left, what the function answers in one plane: orange is inside (negative), blue outside, the thick
# line is where it says 0. Thin lines are 0.1 apart. Right, the surface, cut open at that plane. The
# picture was made from answers alone, and how is part of this lesson.
#
# ## 1 · Inside or outside?
#
# The lecture's first example: an *explicit* grid of occupancies, or a *function* that tells the
# occupancy of any place. A ball needs no grid at all: inside is where $|x| - r \le 0$. Ask it
# on a coarse grid, in a loop:


# %%
def ball(x, y, z):
    return (x * x + y * y + z * z) ** 0.5 - 0.8


for row in range(9):
    line = ""
    for column in range(19):
        x, z = -1 + 2 * (column + 0.5) / 19, 1 - 2 * (row + 0.5) / 9
        line += "#" if ball(x, 0.0, z) <= 0 else "."
    print(line)

# %%
inside = conversions.occupancy_from_function(csg.sphere(0.8), resolution=9)
place = conversions.voxel_centres(9)
by_loop = torch.tensor([ball(*p) <= 0 for p in place.reshape(-1, 3).tolist()]).reshape(9, 9, 9)
assert torch.equal(inside, by_loop)
print(f"loop and tensors agree on {inside.numel()} voxels; {int(inside.sum())} are inside")

# %% [markdown]
# The grid was our choice, not the shape's. **Guess first:** an occupancy grid of $256^3$ takes
# 16.8 million numbers. How many does the function of the ball take?

# %%
my_guess = 100

for resolution in (8, 32, 128):
    grid = conversions.occupancy_from_function(csg.sphere(0.8), resolution)
    volume = grid.float().mean().item() * 8
    print(f"{resolution:4d}^3 voxels: {grid.numel():8,d} numbers, volume {volume:.4f}")
print(
    f"the function: 4 numbers, a centre and a radius (you said {my_guess}); "
    f"volume {4 / 3 * 3.14159265 * 0.8**3:.4f}"
)

# %% [markdown]
# ## 2 · How far?
#
# *Occupancy* $F(x,y,z)\to\{0,1\}$ knows which side. A **signed distance**
# $F(x,y,z)\to\mathbb{R}$ also knows how far away the surface is. Three functions with *exactly
# the same surface*:


# %%
def squared(points):
    return points.square().sum(-1) - 0.64  # |x|^2 - r^2


def step(points):
    return torch.where(csg.sphere(0.8)(points) <= 0, -0.5, 0.5)  # an occupancy


figures.slices({"signed distance": csg.sphere(0.8), "squares": squared, "occupancy": step})

# %% [markdown]
# Walk one unit straight away from the surface, and a signed distance grows by one: its gradient
# has length 1, everywhere (the **eikonal equation**, $|\nabla F| = 1$). It points away from the
# surface, so on the surface it *is* the normal. **Guess first:** how long is the gradient of
# `squared` on its surface, $|x| = 0.8$?

# %%
my_guess = 1.0

x = torch.tensor([[0.8, 0.0, 0.0], [0.0, 0.48, 0.64]])
h = 1e-3
moved = torch.tensor([[h, 0, 0], [0, h, 0], [0, 0, h]])
for name, f in {"signed distance": csg.sphere(0.8), "squares": squared}.items():
    slope = torch.stack([(f(x + d) - f(x - d)) / (2 * h) for d in moved], -1)  # by differences
    exact = implicit.field_gradient(f, x).detach()  # by autograd
    assert torch.allclose(slope, exact, atol=1e-3)
    print(f"{name:16s} |grad| = {exact.norm(dim=-1).tolist()}")
print(f"you said {my_guess}. Both gradients point along the normal; only one has length 1")

# %% [markdown]
# Move the plane through the duck, and choose its axis. Watch the level lines: evenly spaced,
# until two sides of the thing are equally far. There the distance has a crease, and no
# gradient.


# %%
def cut(axis="y", place=0.0):
    return figures.slice_panel(duck, camera, axis, place)


slicer = live.explore(cut, axis=["x", "y", "z"], place=(-0.9, 0.9, 0.05))

# %% [markdown]
# ## 3 · Carving with min and max
#
# Is a place in *A or B*? Then one of the two values is negative: `min`. In *A and B*? `max`. In
# *A but not B*? `max(A, −B)`. No mesh library does this in one line.

# %%
cube, round_, ring = csg.box((0.6, 0.6, 0.6)), csg.sphere(0.78), csg.torus(0.55, 0.2)
solids = {
    "min: or": csg.union(cube, ring),
    "max: and": csg.intersection(cube, round_),
    "max(A, −B)": csg.difference(cube, round_),
    "all of it": csg.difference(csg.intersection(cube, round_), ring),
}
figures.surface_grid({"": list(solids.values())}, camera, list(solids))

# %% [markdown]
# **Guess first.** The ball minus the box below is a perfect shape. Is its function still a
# perfect *distance*? At a place in the middle of the hole, the true distance to the nearest
# surface is 0.3. What does `max(A, −B)` say on the axis, far above the ball, where the box was
# never cut?

# %%
my_guess = "the distance"  # or "less", or "more"

holed = csg.difference(csg.sphere(0.7), csg.box((0.3, 0.3, 2.0)))
above = torch.tensor([[0.0, 0.0, 1.0]])
surface, _ = conversions.mesh_from_function(holed, 96)
true = (surface - above).norm(dim=-1).min()
said = holed(above)[0]
answer = "the distance" if abs(said - true) < 0.01 else "less" if said < true else "more"
print(
    f"you said {my_guess!r}; it says {said:.3f}, "
    f"the nearest point of the surface is at {true:.3f}: {answer}"
)
figures.slices({"ball": csg.sphere(0.7), "ball minus box": holed})

# %% [markdown]
# After `max` the value is only a **lower bound**. That is not harmless, but it is the safe
# side, as we shall see now. A last trick before that: a `min` whose seam is filled.


# %%
def melt(width=0.6, apart=0.45):
    """Two balls, melted together."""
    left, right = csg.sphere(0.45, (0.0, -apart, 0.0)), csg.sphere(0.35, (0.0, apart, 0.0))
    return figures.slice_panel(csg.smooth_union(left, right, width), camera, "x", 0.0)


melt()

# %%
melting = live.explore(melt, width=(0.01, 1.0, 0.01), apart=(0.1, 0.8, 0.01))

# %% [markdown]
# ## 4 · Sphere tracing: walk by asking
#
# How does one *see* such a thing? From the eye, along a ray, ask: *how far is the nearest
# surface?* That far one may walk without looking: the ball around the place is free. Ask again
# there.
#
# **Predict:** where along the ray will the steps be small?

# %%
two = csg.union(csg.sphere(0.35, (0.1, 0.3, 0.0)), csg.box((0.3, 0.25, 0.3), (0.3, -0.4, 0.0)))


def walk(eye_y=-0.3, aim_y=0.1):
    return figures.walk_panel(two, (-1.2, eye_y), (0.6, aim_y))


walk()

# %%
walker = live.explore(walk, eye_y=(-0.9, 0.9, 0.02), aim_y=(-0.9, 0.9, 0.02))

# %% [markdown]
# Aim past an edge, closely: there the ray crawls, because *near* the surface is not *at* the
# surface. The loop, and the vectorised version for all rays at once:

# %%
origin, direction = torch.tensor([0.0, -2.0, 0.1]), torch.tensor([0.0, 1.0, 0.0])

t, asked = 0.0, 0
while True:
    value = csg.torus(0.55, 0.2)((origin + t * direction)[None]).item()
    asked += 1
    if abs(value) < 1e-3 or t > 10:
        break
    t += value

found = sphere_tracing.sphere_trace(csg.torus(0.55, 0.2), origin[None], direction[None])
print(
    f"loop: t = {t:.4f} after {asked} questions; "
    f"sphere_trace: t = {found.distance[0]:.4f} after {found.steps[0]}"
)
print("hit" if found.hit[0] else "missed")

# %% [markdown]
# **Guess first:** in a picture of the carved solid, on which pixels is the function asked most
# often?

# %%
my_guess = "the middle"  # or "the outline", or "the background"

carved = solids["all of it"]
seen = sphere_tracing.render_surface(carved, camera)
near_miss = seen.steps[~seen.hit].float()
print(
    f"you said {my_guess!r}. Hits take {seen.steps[seen.hit].float().mean():.1f} questions on "
    f"average, misses {near_miss.mean():.1f}, but the worst miss {near_miss.max():.0f}"
)
figures.step_panel(carved, camera)

# %% [markdown]
# Dark is dear: rays that graze the outline. Walk round it; the picture is made anew at each move.

# %%
orbiter = live.orbit(lambda view: figures.surface_picture(carved, view), start=(0.7, 0.35, 3.0))

# %% [markdown]
# ### Failure museum: not a distance
#
# What if the function is *not* a distance? Double it, or divide it by 3: the surface is the same.
# **Predict** what happens to the pictures, with at most 20 questions a ray.


# %%
def scaled(factor):
    return lambda points: factor * carved(points)


for factor in (1 / 3, 1.0, 2.0):
    seen = sphere_tracing.render_surface(scaled(factor), camera, most=20, tolerance=0.002 * factor)
    print(
        f"times {factor:.2f}: {int(seen.hit.sum())} pixels hit, "
        f"{seen.steps.float().mean():.1f} questions a pixel"
    )
figures.surface_grid(
    {"at most 20": [scaled(1 / 3), carved, scaled(2.0)]},
    camera,
    ["too small: never there", "a distance", "too large: steps through"],
    most=20,
)

# %% [markdown]
# Too small is slow and safe; too large jumps *through* walls. So a bound from below (`max`) is
# fine, and the length of the gradient is not a detail: **it is what makes the function
# usable**.
#
# ## 5 · A network learns a shape
#
# For a duck nobody has a formula. (Ours has one, since the toy world is made of ellipsoids: we
# use it as the truth.) Take a network $F_\theta(x,y,z)$, ask the truth at many places, half of
# them close to the surface, and train. Twice: once to tell **occupancy**, by cross-entropy,
# once to tell the **distance**, with $|F - d|$, the eikonal term, and the normals.

# %%
shape = unit_shapes.unit_shapes(("duck",), 1)[0]
dice = torch.Generator().manual_seed(0)
surface, normals = shape.surface(20_000, generator=dice)
places = implicit.near_and_far(surface, SIZES["points"], spread=0.08, generator=dice)
distances = shape.distance(places)
print(f"{len(places):,} places, {(distances <= 0).float().mean():.0%} of them inside")


def train(losses, module, batches, count, rate=3e-3):
    """All trainings of this lesson: AdamW, one cycle of the rate."""
    optimiser, schedule = steps.one_cycle([module], count, rate, decay=0.0)
    return progress(fit(steps.gradient_step(losses, optimiser, schedule), batches, steps=count))


# %%
torch.manual_seed(0)
occupancy = implicit.ImplicitNetwork()
print(f"{sum(p.numel() for p in occupancy.parameters()):,} weights")


def occupancy_losses(batch):
    return {"loss": implicit.occupancy_loss(occupancy(batch[0]), batch[1] <= 0)}


records = train(
    occupancy_losses, occupancy, Minibatches((places, distances), 2048, dice), SIZES["steps"] // 2
)

# %% [markdown]
# And the distance. Its gradient is asked for in the same step, so that it can be held to length
# 1, and on the surface to the normals.

# %%
torch.manual_seed(0)
network = implicit.ImplicitNetwork()


def distance_losses(batch):
    where, distance = batch
    chosen = torch.randint(len(surface), (512,), generator=dice)
    asked = torch.cat([where, surface[chosen]]).requires_grad_()
    value = network(asked)
    (gradient,) = torch.autograd.grad(value.sum(), asked, create_graph=True)
    apart = (value[: len(where)] - distance).abs().mean() + value[len(where) :].abs().mean()
    normal = implicit.normal_loss(gradient[len(where) :], normals[chosen])
    eikonal = implicit.eikonal_loss(gradient)
    return {"loss": apart + 0.2 * normal + 0.05 * eikonal, "distance": apart, "eikonal": eikonal}


records = train(
    distance_losses, network, Minibatches((places, distances), 2048, dice), SIZES["steps"]
)
fig = plots.curves(records, ["distance", "eikonal"], smooth=20, ylabel="loss")
fig.axes[0].set_yscale("log")
fig

# %% [markdown]
# **Guess first:** the network has as many numbers as a grid of about $31^3$. On average over
# the cube (side 2), how far off is its distance?

# %%
my_guess = 0.05

cube = 2 * torch.rand(20_000, 3, generator=dice) - 1
close = shape.surface(4000, generator=dice)[0] + 0.02 * torch.randn(4000, 3, generator=dice)
length = implicit.field_gradient(network, close).norm(dim=-1).detach()
print(
    f"you said {my_guess}; mean |F - truth| in the cube "
    f"{implicit.distance_error(network, shape.distance, cube):.4f}, "
    f"near the surface {implicit.distance_error(network, shape.distance, close):.4f}"
)
print(
    f"length of the gradient near the surface: {length.mean():.3f} on average, "
    f"off 1 by {(length - 1).abs().mean():.3f}"
)
figures.slices(
    {"truth": shape.distance, "distance network": network, "occupancy network": occupancy}
)

# %% [markdown]
# Both find the outline. The occupancy network knows nothing *but* the outline: its values jump
# there, and are flat or wild elsewhere. **Predict:** what will sphere tracing make of each?

# %%
solid = {"truth": shape.distance, "distance network": network, "occupancy network": occupancy}
for name, function in solid.items():
    seen = sphere_tracing.render_surface(function, camera)
    print(
        f"{name:18s} {int(seen.hit.sum()):5d} pixels hit, "
        f"{seen.steps.float().mean():4.1f} questions a pixel"
    )
figures.surface_grid({"": list(solid.values())}, camera, list(solid))

# %% [markdown]
# As in the failure museum: an occupancy's values are no distances, and the walk steps through
# the wall. To see an occupancy network one extracts a mesh (marching cubes, lesson 11), at a
# resolution that one may choose *afterwards*.

# %%
for name, function in {"distance": network, "occupancy": occupancy}.items():
    for resolution in (16, 32, 64):
        vertices, faces = conversions.mesh_from_function(function, resolution)
        off = shape.distance(vertices).abs().mean()
        print(
            f"{name:9s} network, {resolution:3d}^3 questions: {len(faces):6,d} triangles, "
            f"{off:.4f} from the true surface on average"
        )
print(
    f"one network: {4 * sum(p.numel() for p in network.parameters()):,} bytes at any resolution; "
    f"a float grid of 64^3: {4 * 64**3:,}"
)
rough = [conversions.mesh_from_function(occupancy, resolution) for resolution in (12, 24, 48)]
pictures = torch.stack(
    [torch.from_numpy(solid_images.draw_mesh(mesh, camera)).permute(2, 0, 1) for mesh in rough]
)
plots.image_grid(
    pictures,
    ["12³ questions", "24³", "48³"],
    picture_inches=2.6,
    title="the occupancy network, as a mesh",
)

# %% [markdown]
# Walk round the network. Each picture asks it some ten thousand times, thirty times over.

# %%
network_orbit = live.orbit(
    lambda view: figures.surface_picture(network, view, most=32),
    start=(0.7, 0.35, 3.0),
    drag_size=80,
)

# %% [markdown]
# ### Failure museum: nothing but points
#
# A scanner gives points *on* the surface, and no distances anywhere else. So demand $F = 0$
# there, and nothing more. **Predict:** what does the network find?


# %%
def from_points(eikonal, normal, count=SIZES["steps"] // 3):
    """A network that is told only where the surface is; terms beyond that by their weights."""
    torch.manual_seed(0)
    field = implicit.ImplicitNetwork(width=64)

    def losses(rows):
        on = surface[rows].requires_grad_()
        free = (2 * torch.rand(512, 3, generator=dice) - 1).requires_grad_()
        on_slope, free_slope = (
            implicit.field_gradient(field, on),
            implicit.field_gradient(field, free),
        )
        value = field(on).abs().mean()
        extra = eikonal * implicit.eikonal_loss(
            torch.cat([on_slope, free_slope])
        ) + normal * implicit.normal_loss(on_slope, normals[rows])
        return {"loss": value + extra, "on the surface": value}

    train(losses, field, Minibatches(torch.arange(len(surface)), 512, dice), count)
    return field


# %%
museum = {
    "F = 0 alone": from_points(0.0, 0.0),
    "and eikonal": from_points(0.1, 0.0),
    "and normals": from_points(0.1, 0.3),
}
for name, field in museum.items():
    slope = implicit.field_gradient(field, cube[:4000]).norm(dim=-1).mean()
    print(
        f"{name:12s} |F| on the surface {field(surface[:4000]).abs().mean():.4f}, "
        f"|grad| {slope:.2f}, "
        f"error in the cube {implicit.distance_error(field, shape.distance, cube):.3f}"
    )
figures.slices(museum | {"truth": shape.distance})

# %% [markdown]
# $F = 0$ everywhere also fits the points: nothing forbids it, and the network moves towards it.
# The eikonal term does: a function that changes by one per unit cannot be flat. With normals
# besides it knows which side is in. That is how surfaces are fitted to scans without any
# distance being known (Gropp et al., 2020).
#
# ## 6 · One network, many shapes
#
# Give the network a second input, a **code** $z$, one per shape, and learn the codes together
# with the weights (DeepSDF's auto-decoder). Six mushrooms and six snowmen, more or less.

# %%
family_shapes = unit_shapes.unit_shapes(("mushroom", "snowman"), SIZES["family"], seed=0)
asked, told = [], []
for one in family_shapes:
    on, _ = one.surface(5000, generator=dice)
    asked.append(implicit.near_and_far(on, 20_000, spread=0.08, generator=dice))
    told.append(one.distance(asked[-1]))
which = torch.arange(len(asked)).repeat_interleave(20_000)
asked, told = torch.cat(asked), torch.cat(told)

torch.manual_seed(0)
family = implicit.ShapeFamily(len(family_shapes))


def family_losses(batch):
    where, distance, shape_of = batch
    apart = (family(where, shape_of) - distance).abs().mean()
    return {"loss": apart + 1e-4 * family.code_penalty(), "distance": apart}


records = train(
    family_losses, family, Minibatches((asked, told, which), 2048, dice), SIZES["family_steps"]
)

# %%
codes = family.table.detach()
kinds = [int(one.scene.objects.kind[0, 0]) for one in family_shapes]
first, last = 0, next((i for i, kind in enumerate(kinds) if kind != kinds[0]), len(kinds) - 1)
between = [family.solid(torch.lerp(codes[first], codes[last], share / 5)) for share in range(6)]
rows = {
    "truth": [one.distance for one in family_shapes[:6]],
    "learned": [family.solid(codes[i]) for i in range(6)],
    "between": between,
}
figures.surface_grid(rows, camera, most=40)

# %% [markdown]
# The last row belongs to no shape that was ever shown: it walks on the straight line between
# two codes. (Fine parts, such as twigs and buttons, are lost: a small network draws with a
# broad brush.) **Guess first**: which of the two does the middle look like, or neither? Then
# drag.


# %%
def blend(share=0.5, other=last):
    """From the first shape to another; beyond 0 and 1 the line goes on."""
    code = torch.lerp(codes[first], codes[other], share)
    return figures.surface_picture(
        family.solid(code), orbit_camera(0.7, 0.35, 3.0, size=130), most=32
    )


blender = live.explore(blend, share=(-0.5, 1.5, 0.02), other=(1, len(family_shapes) - 1))

# %% [markdown]
# ## 7 · Beyond geometry: from a viewpoint to a picture
#
# The lecture's last step: the input need not be a place, and the answer need not be an
# occupancy. A function from a **viewpoint** and a pixel to a **colour**,
# $F(\text{viewpoint}, u, v) \to (r, g, b)$, fitted to photographs: then new views are free?
#
# **Predict:** it will reproduce its training pictures. What will it show *between* two of them:
# a duck, turned by half a step?

# %%
scene = toy.sample_scenes(
    1, generator=torch.Generator().manual_seed(3), kinds=("duck",), gloss=0, backdrop="studio"
)
centre = toy.scene_ball(scene)[0][0]
azimuth = torch.linspace(0, 6.2832, SIZES["views"] + 1)[:-1]
reach = 2.4 * float(toy.scene_ball(scene)[1])
views = posed_scenes.posed_views(
    scene, orbit_camera(azimuth, torch.full_like(azimuth, 0.35), reach, centre.tolist(), size=48)
)
half = azimuth + azimuth[1] / 2
unseen = posed_scenes.posed_views(
    scene, orbit_camera(half, torch.full_like(half, 0.35), reach, centre.tolist(), size=48)
)
towards = [
    torch.nn.functional.normalize(x.cameras.centre - centre, dim=-1) for x in (views, unseen)
]

# %%
torch.manual_seed(0)
imagine = light_field.ViewFunction()
place = light_field.picture_places(48)
from_where = towards[0].repeat_interleave(len(place), 0)
pixels = views.images.permute(0, 2, 3, 1).reshape(-1, 3)


def view_losses(batch):
    viewpoint, uv, colour = batch
    return {"loss": (imagine(viewpoint, uv) - colour).square().mean()}


data = (from_where, place.repeat(len(views), 1), pixels)
records = train(view_losses, imagine, Minibatches(data, 4096, dice), SIZES["view_steps"], rate=5e-3)

# %% [markdown]
# Now the views it was trained on, and those half-way between two of them.


# %%
def decibels(imagined, truth):
    return -10 * (imagined - truth).square().mean().log10().item()


known = torch.stack([light_field.show_from(imagine, d, 48) for d in towards[0]])
new = torch.stack([light_field.show_from(imagine, d, 48) for d in towards[1]])
print(
    f"views it was trained on: {decibels(known, views.images):.1f} dB; half-way between them: "
    f"{decibels(new, unseen.images):.1f} dB"
)
print(
    "to take the nearest photograph instead of asking the network: "
    f"{decibels(views.images, unseen.images):.1f} dB"
)
some = range(min(6, len(views)))
rows = [[pictures[i] for i in some] for pictures in (views.images, known, unseen.images, new)]
names = ["trained on", "imagined", "the truth between", "imagined"]
plots.image_grid(
    torch.stack([picture for row in rows for picture in row]),
    [name if i == 0 else "" for name in names for i in some],
    columns=len(some),
    picture_inches=1.5,
)


# %%
def turn(azimuth_degrees=11):
    angle = torch.tensor(azimuth_degrees * 3.14159265 / 180)
    direction = torch.stack([angle.cos() * 0.9394, angle.sin() * 0.9394, torch.tensor(0.3429)])
    return plots.image_grid(
        light_field.show_from(imagine, direction, 96)[None], columns=1, picture_inches=4
    )


turner = live.explore(turn, azimuth_degrees=(0, 359))

# %% [markdown]
# At the training views it is right. In between it dissolves: a copy of the nearest photograph
# would be better. It knows sixteen pictures by heart, and was never told that there is a world
# in which things stay where they are. **So put the world back in**: let the function answer for
# *places in space* again, how dense it is there and what colour, and compute the picture by
# following rays through it. The function stays implicit, and the rendering is known. That is
# volume rendering, and the next lesson.
#
# ## 8 · What to take along
#
# - An implicit shape is a function of place; its surface is where the function is 0. Resolution
#   is chosen when asking, not when storing.
# - A signed distance has a gradient of length 1. That makes normals and sphere tracing work; an
#   occupancy has neither.
# - `min`, `max` and `-` carve; afterwards the value is a bound from below, which is safe to
#   march by.
# - Networks: sample near the surface, add eikonal and normals; with points alone, those terms
#   are what keeps $F$ from being 0 everywhere.
# - A code as a second input makes a family, and the line between two codes is full of shapes.
# - Beyond geometry: $F$(viewpoint) → picture remembers, and falls apart in between; it lacks
#   3-D. Next: **14 · volume rendering**.
#
# **Read.** J. Park et al., *DeepSDF*, 2019 · L. Mescheder et al., *Occupancy Networks*, 2019 ·
# A. Gropp et al., *Implicit Geometric Regularization*, 2020 · J. Hart, *Sphere Tracing*, 1996 ·
# A. Ricci, *A Constructive Geometry for Computer Graphics*, 1973.
