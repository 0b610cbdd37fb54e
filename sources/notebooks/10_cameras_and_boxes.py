# %% [markdown]
# # 10 · Cameras and boxes: where in the world is it?
#
# **What you will see.** You will hold a camera and see what it sees; slide a car through the
# world without changing its picture at all; lay one box over another and measure what they
# share; and train a detector that says, from *one* picture, where in space things stand: boxes
# on the picture, and from above.
#
# **Slides.** *3D Object Detection* · *3D Object Detection: Simple Camera Model* · *3D Object
# Detection: Monocular Camera*
#
# **Time.** About 2 minutes of computing on 2 cores.
#
# Before each reveal there is a guess to make. Change it, then run: a wrong guess teaches most.

# %%
from course_utils import scale

SCALE = scale("laptop")  # "laptop", "gpu" or "test": changes sizes only

import math
from dataclasses import replace

import torch

from course_utils import live, plots
from course_utils.core import devices
from course_utils.core.steps import gradient_step, one_cycle
from course_utils.core.training import Minibatches, fit, progress
from course_utils.data import driving, toy
from course_utils.lessons.cameras_boxes import figures
from course_utils.lessons.cameras_boxes.box_instrument import PairLab, SlideLab, one_object, pull_on
from course_utils.lessons.cameras_boxes.camera_instrument import (
    CameraLab,
    held_camera,
    look_through,
    some_scene,
)
from course_utils.vision3d.boxes import box_overlap, boxes, detector, frustums
from course_utils.vision3d.cameras import pixels_to_rays, project_points, unproject

plots.use_style()
devices.use_threads(1)  # the networks are small: one core is fastest
SIZES = {
    "laptop": dict(pictures=1500, test=200, steps=500, floor=500, points=10**5),
    "gpu": dict(pictures=6000, test=500, steps=5000, floor=5000, points=10**6),
    "test": dict(pictures=24, test=8, steps=6, floor=4, points=10**4),
}[SCALE]

# %% [markdown]
# ## 1 · A camera in your hand
#
# A pinhole, and a picture behind it (or, upside up, before it). From outside, and from inside:

# %%
camera, scene = held_camera(), some_scene()
pixel = (59.5, 32.0)
figures.camera_panel(look_through(camera, scene, pixel)[0], pixel)

# %% [markdown]
# Everything is said by one line. In the camera's own axes, $x$ to the **right**, $y$ **down**,
# $z$ **forward**, a point goes to the pixel
#
# $$u = f\,\frac{x}{z} + u_0, \qquad v = f\,\frac{y}{z} + v_0 ,$$
#
# with the focal length $f$ in pixels and the middle of the picture at $(u_0, v_0)$. First by
# hand, one point at a time.

# %%
points = torch.tensor([[4.0, 0.0, 0.0], [4.0, 1.0, 0.0], [8.0, 1.0, 0.0], [8.0, 1.0, 1.0]])


def by_hand(point):
    offset = point - camera.centre
    x, y, z = (
        sum(axis[k] * offset[k] for k in range(3))
        for axis in (camera.right, camera.down, camera.forward)
    )
    return camera.focal * x / z + camera.width / 2, camera.focal * y / z + camera.height / 2


for point, pixel in zip(points, project_points(camera, points)[0], strict=True):
    u, v = by_hand(point)
    print(
        f"{point.tolist()} by hand ({u:.2f}, {v:.2f}), "
        f"project_points ({pixel[0]:.2f}, {pixel[1]:.2f})"
    )
    assert torch.allclose(torch.stack([u, v]), pixel, atol=1e-3)

# %% [markdown]
# Two of these points are one unit apart, at $x=8$. **Guess first:** what becomes of the
# distance of their pixels if you step back so that the depth doubles, *and* double the focal
# length?

# %%
my_guess = "half"  # "half", "the same" or "double"


def apart(depth, focal):
    eye = held_camera(focal=focal, tilt=0.0)
    a, b = project_points(eye, torch.tensor([[depth, 0.0, 1.0], [depth, 1.0, 1.0]]))[0]
    return float((a - b).norm())


before, after = apart(8.0, 100), apart(16.0, 200)
print(f"you said {my_guess}; {before:.2f} pixels before, {after:.2f} after")

# %%
lab = CameraLab()

# %% [markdown]
# 1. Do that: pull `ahead` down, and `focal` up, so that the nearest tree keeps its size. What
#    happens to what is behind it? (In films it is called the *dolly zoom*.)
# 2. Look straight down (`tilt`). Where is the horizon now?
# 3. Click on a pixel. Its ray appears in the world: **a pixel is a ray.** Where along it the
#    thing is, the picture does not say.
#
# The same in numbers: one pixel, five depths, five places in the world; and back again.

# %%
pixel = torch.tensor([[60.0, 40.0]])
depths = torch.tensor([1.0, 2.0, 4.0, 8.0, 16.0])
along = unproject(camera, pixel.expand(5, 2), depths)
origin, direction = pixels_to_rays(camera, pixel)
for place, depth, back in zip(along, depths, project_points(camera, along)[0], strict=True):
    off = torch.linalg.cross(place - origin[0], direction[0]).norm()
    print(
        f"depth {depth:4.0f}: ({', '.join(f'{x:6.2f}' for x in place)}), {off:.0e} off the ray, "
        f"pixel ({back[0]:.2f}, {back[1]:.2f})"
    )
assert torch.allclose(project_points(camera, along)[0], pixel.expand(5, 2), atol=1e-3)

# %% [markdown]
# ## 2 · A 2D box is a frustum
#
# A 2D detector says *(left, top, right, bottom)*. Each of its corners is a ray, and between
# them lies a pyramid without a top, the **frustum**. Here is a car, photographed without a
# ground.
#
# **Guess first:** it is put 1.35 times as far away, and made 1.35 times as large. By how many
# pixels does its 2D box move?

# %%
my_guess = 3.0

car = one_object("car")
solid = toy.boxes_3d(car.objects)[0, 0]
rectangle = frustums.project_boxes(camera, solid[None])[0][0]
slid = {
    f"{f} times as far": frustums.slide_boxes(camera, solid[None], f)[0] for f in (0.7, 1.0, 1.35)
}
moved = frustums.project_boxes(camera, torch.stack(list(slid.values())))[0] - rectangle
print(
    f"you said {my_guess}; the edges of the three 2D boxes differ by {moved.abs().max():.5f} pixels"
)
first, second = (
    toy.render_image(driving.slide_scenes(car, camera.centre, f), camera) for f in (1.0, 1.35)
)
print(f"largest difference of the two pictures: {(first - second).abs().max():.3f} of 1")
figures.slide_panel(camera, slid, rectangle, first[0])

# %% [markdown]
# Not by a hair. All three cars give **the same picture**. *The object can be anywhere in the
# camera viewing frustum!* A 2D box leaves out one number, and it is the one that a car that
# brakes would like to know.
#
# Slide it yourself. Then let it *keep its size*.

# %%
slide = SlideLab()

# %% [markdown]
# Two things can say where it is, and both are knowledge about the world, not in the pixels:
#
# - **Its size.** A car that keeps its size gets smaller on the picture. If you know how long
#   cars are, the 2D box tells the distance. As well as you know it: 10 % of size are 10 % of
#   distance.
# - **The ground.** Look at it from the side. Of all the boxes in the frustum, *one* stands on
#   the ground. If you know how high your camera is and how it is turned, the lower edge of the
#   2D box tells the distance.
#
# **Guess first:** the camera is 2 units high. The foot of an object is seen one pixel lower. By
# how much nearer is it, if it was 8 away?

# %%
my_guess = 0.1


def distance_of_foot(row):
    """Where the ray through the middle of a row meets the ground."""
    origin, direction = (x[0] for x in pixels_to_rays(camera, torch.tensor([[48.0, row]])))
    return float((origin - direction * origin[2] / direction[2])[0])


for away in (4.0, 8.0):
    row = float(project_points(camera, torch.tensor([[away, 0.0, 0.0]]))[0][0, 1])
    print(
        f"foot {away:.0f} away is in row {row:.1f}; "
        f"one pixel lower is {away - distance_of_foot(row + 1):.2f} nearer"
    )
print("you said", my_guess)

# %% [markdown]
# ## 3 · A box in nine numbers, or in seven
#
# In 2D a box is $(x, y, w, h)$. In 3D: a centre $(x,y,z)$, three sides $(w, h, l)$, and three
# angles, roll, pitch and yaw $(r, p, \gamma)$. Nine. Its eight corners: half a side one way or
# the other along each of its own axes, turned, and carried to the centre.

# %%
nine = torch.tensor(
    [5.0, 0.3, 0.9, 1.8, 0.8, 0.7, 0.7, 0.3, 0.2]
)  # x y z, length width height, yaw pitch roll
turn = boxes.rotation_from_angles(nine[6:])
by_loop = torch.stack(
    [
        nine[:3] + turn @ (torch.tensor([i, j, k]) * nine[3:6] / 2)
        for i in (-1.0, 1.0)
        for j in (-1.0, 1.0)
        for k in (-1.0, 1.0)
    ]
)
assert torch.allclose(by_loop, boxes.box_corners(nine), atol=1e-5)
grey = toy.render_image(
    driving.slide_scenes(one_object(), torch.tensor([0.0, 0.0, 99.0]), 50.0), camera
)[0]
figures.box_panel(grey, camera, nine[None], numbered=True)


# %%
def box(x=5.0, y=0.3, z=0.9, length=1.8, width=0.8, height=0.7, yaw=0.7, pitch=0.3, roll=0.2):
    numbers = torch.tensor([x, y, z, length, width, height, yaw, pitch, roll], dtype=torch.float32)
    return figures.box_panel(grey, camera, numbers[None], numbered=True)


live.explore(
    box,
    x=(2.5, 9.0),
    y=(-2.0, 2.0),
    z=(0.0, 3.0),
    length=(0.1, 3.0),
    width=(0.1, 3.0),
    height=(0.1, 3.0),
    yaw=(-3.1, 3.1),
    pitch=(-1.5, 1.5),
    roll=(-1.5, 1.5),
)

# %% [markdown]
# The white dashed rectangle is the 2D box: the least and the greatest $u$ and $v$ of eight
# corners. Try to change it with `x` alone; then try to undo that with the sides.
#
# Things that stand on flat ground have no roll and no pitch: the **simplified box** has seven
# numbers. What is lost by that on a slope?

# %%
for degrees in (0, 5, 15, 30):
    uphill = torch.tensor(
        [0.0, 0, 0, 4.2, 1.8, 1.5, 0.4, -math.radians(degrees), 0.0]
    )  # a real car, in metres
    flat = boxes.full_boxes(boxes.simplified_boxes(uphill))
    print(
        f"on a slope of {degrees:2d}°: IoU of the car and its seven-number box "
        f"{float(box_overlap.box_iou(uphill[None], flat[None])):.2f}"
    )

# %% [markdown]
# ## 4 · How much do two boxes share?
#
# *Intersection over union*, as in 2D, but of volumes, and of boxes that are turned. For upright
# boxes with the same yaw it is three overlaps of intervals, multiplied. Turned against each
# other, it is geometry: take one box, and **cut** off what lies outside each of the other's six
# faces.
#
# **Guess first:** a cube, and the same cube turned by 45° about the vertical. What is their IoU?

# %%
my_guess = 0.5

cube, turned = (
    torch.tensor([0.0, 0, 0, 1, 1, 1, 0, 0, 0]),
    torch.tensor([0.0, 0, 0, 1, 1, 1, math.pi / 4, 0, 0]),
)
exact = float(box_overlap.box_iou(cube[None], turned[None]))
octagon = 2 * (math.sqrt(2) - 1)  # its area: what the two squares share
cloud = torch.rand(SIZES["points"], 3, generator=torch.Generator().manual_seed(0)) - 0.5
share = float(boxes.points_inside(boxes.box_planes(turned), cloud).float().mean())
print(
    f"you said {my_guess}; by clipping {exact:.6f}, by the octagon {octagon / (2 - octagon):.6f}, "
    f"by counting points {share / (2 - share):.3f}"
)
figures.pair_panel(cube, turned, *pull_on(cube, turned))

# %%
pair = PairLab()

# %% [markdown]
# Drag the orange box over the blue one; its front (the knob) turns it. Now the sliders: lift
# it, pitch it, roll it.
#
# 1. Same place, same size, a quarter turn in yaw. What is left of the IoU?
# 2. Shift it by half its *width*, then by half its *length*. Detectors are called right at
#    0.25, 0.5 or 0.7: how far off is that?
# 3. Pull it away until nothing is shared. What do the three numbers do? What does the arrow do?
#
# ### A loss to learn by
#
# The cuts are differentiable, so $1 - \mathrm{IoU}$ can be a loss. Follow its slope from a box
# that is *near*, and from one that is *apart*. Beside it, the **generalised IoU**, which also
# counts what is empty in a hull around both.
#
# **Guess first:** from apart, where does $1-\mathrm{IoU}$ lead?

# %%
my_guess = "slowly to the object"  # or "nowhere", or "straight to the object"

truth = torch.tensor([0.0, 0, 0.45, 1.6, 0.8, 0.9, 0.5, 0, 0])
apart_box = torch.tensor([1.4, 1.3, 0.45, 1.2, 1.0, 0.9, -0.2, 0, 0])


def follow(loss_of, start, steps=60):
    told, path = start.clone().requires_grad_(), [start]
    optimiser = torch.optim.Adam([told], lr=0.05)
    for _ in range(steps):
        optimiser.zero_grad()
        loss_of(told[None], truth[None]).sum().backward()
        optimiser.step()
        path.append(told.detach().clone())
    return torch.stack(path)


# %%
paths = {
    "1 − IoU": follow(box_overlap.iou_loss, apart_box),
    "generalised": follow(box_overlap.generalised_iou_loss, apart_box),
}
reached = {
    name: box_overlap.box_iou(path, truth.expand_as(path)).tolist() for name, path in paths.items()
}
print("you said:", my_guess, {name: f"{values[-1]:.2f}" for name, values in reached.items()})
figures.descent_panel(truth, paths, reached)

# %% [markdown]
# Where nothing is shared, IoU is 0, and stays 0 wherever you go: no slope, no way. That is why
# detectors tell a box *by numbers* first (an offset from a proposal near by), and IoU is for
# polishing, or for judging.
#
# ## 5 · A detector for one eye
#
# Pictures from the roadside: a known camera about 2 units above the ground, looking ahead and a
# little down, as on the cars that recorded KITTI. Its height and pitch differ from picture to
# picture. Cars, houses, trees, snowmen.

# %%
train = driving.make_road(SIZES["pictures"], seed=1)
test = driving.make_road(SIZES["test"], seed=2)
print(
    f"{len(train)} pictures with {int((train.kind >= 0).sum())} objects to learn from, "
    f"{len(test)} with "
    f"{int((test.kind >= 0).sum())} to judge by"
)
plots.image_grid(train.images[:12], columns=6, picture_inches=2.0)

# %% [markdown]
# *Same idea as Faster R-CNN, but proposals are in 3D.* In 2D one would propose rectangles all
# over the picture. Here: **boxes all over the ground**. The ground is known, so a few hundred
# are enough.

# %%
from course_utils.vision3d.boxes import proposals as ground

places = ground.ground_proposals(
    ground.grid_of_distances(3.0, 8.8, 14),
    torch.linspace(-0.41, 0.41, 13),
    torch.tensor([0.9, 0.9, 1.0]),
)
flat = places.flatten(0, 1)  # two turns at each place
shown = int((test.kind >= 0).sum(1).argmax())  # the fullest picture
here = test.kind[shown] >= 0
stands = ground.assign_boxes(flat, test.boxes[shown, here])
some = torch.zeros(len(flat), dtype=torch.bool)
some[[20, 24, 130, 140, 250, 340]] = True
figures.proposal_panel(
    test.images[shown],
    test.cameras[shown],
    flat,
    {"some of them": some & (stands < 0), "stand for an object": stands >= 0},
)

# %% [markdown]
# They lie on rays, denser where it is near, and turn with them: a car seen from its side looks
# like that wherever it stands. A proposal that overlaps an object enough (from above) **stands
# for it**. It is then told by eight numbers how to become the box: where to go, in its own axes
# and sides; how much larger to be; how to turn. Told, and understood again:

# %%
one = int((stands >= 0).nonzero()[0])
goal = test.boxes[shown, here][stands[one]]
code = ground.encode_boxes(flat[one], goal)
again = ground.decode_boxes(flat[one], code)
rows = {"proposal": flat[one], "object": goal, "told": code, "understood": again}
for name, numbers in rows.items():
    print(f"{name:11s}", "  ".join(f"{x:6.2f}" for x in numbers.tolist()))
iou = float(box_overlap.box_iou(boxes.full_boxes(again[None]), boxes.full_boxes(goal[None])))
print(f"IoU of the object and what was understood: {iou:.4f}")

# %% [markdown]
# (The yaw may differ by half a turn: the same solid. Which end is the front is not told; that
# would be a ninth number.)
#
# And what does the network see of a proposal? **Its projection.** The camera says in which
# rectangle the proposed box would appear; there, $4 \times 4$ features are read from the maps
# of a small convolutional encoder. A little network turns them into a score for each kind, and
# the eight numbers.
#
# Read in the same way from the picture itself, and more finely, this is what some proposals
# see. **Guess:** from such a crop, could *you* say how the box has to move?

# %%
names = [driving.KINDS[k] for k in test.kind[shown, here].tolist()]
first = {k: int((stands == k).nonzero()[0]) // 2 for k in range(len(names)) if (stands == k).any()}
spots = torch.tensor([*first.values(), 30, 80, 140])
seen_here = detector.place_rectangles(test.cameras[shown : shown + 1], places)[:, spots]
crops = detector.pool_features(test.images[shown : shown + 1], seen_here, cells=24)[0]
labels = [f"stands for a {names[k]}" for k in first] + ["nothing"] * 3
plots.image_grid(crops, labels, columns=4, picture_inches=2.1)

# %% [markdown]
# You could: the wheels too low mean nearer, the roof too narrow means larger or nearer still.
# Each proposal sees its crop at about the same scale, wherever it stands, so one little network
# serves all of them. Now for all pictures:


# %%
def prepared(pictures):
    """Where each proposal is seen in each picture, and what it should say."""
    seen = detector.place_rectangles(pictures.cameras, places)
    return seen, *detector.make_targets(places, pictures.boxes, pictures.kind)


both = driving.with_mirror_images(train)  # a mirrored road is a road, too
learn = (both.images, *prepared(both))
seen_test = detector.place_rectangles(test.cameras, places)


def losses_of(network):
    def losses(batch):
        images, seen, kind, code = batch
        return detector.detection_losses(network(images, seen), detector.Targets(kind, code))

    return losses


def trained(network, steps, seed=0):
    optimiser, schedule = one_cycle([network], steps)
    step = gradient_step(losses_of(network), optimiser, schedule)
    batches = Minibatches(learn, 16, torch.Generator().manual_seed(seed))
    return network, list(progress(fit(step, batches, steps=steps)))


# %% [markdown]
# Hundreds of proposals, three objects: nearly all are *nothing*. The **focal loss** counts what
# is easy little, so that they do not drown the rest. **Guess first:** what share of the
# proposals stands for something?

# %%
my_guess = 0.1

kinds = learn[2]
print(f"you said {my_guess}; it is {float((kinds >= 0).float().mean()):.3f}")
torch.manual_seed(0)
network, records = trained(detector.Detector(len(driving.KINDS)), SIZES["steps"])
plots.curves(records, ["score", "box"], smooth=30, ylabel="loss")


# %%
def detect(network, pictures, seen):
    network.eval()
    with torch.no_grad():
        answers = network(pictures.images, seen)
    return detector.detections_from_answers(places, answers)


found = detect(network, test, seen_test)


def look(picture=shown, least_score=0.3):
    """Objects (blue) and detections (orange) of one test picture."""
    it, here = found[picture], test.kind[picture] >= 0
    sure = it.scores >= least_score
    words = [
        f"{driving.KINDS[k]} {s:.2f}" for k, s in zip(it.kind[sure], it.scores[sure], strict=True)
    ]
    truth = test.images[picture], test.cameras[picture], test.boxes[picture, here]
    return figures.detection_panel(*truth, it.boxes[sure], words)


look()

# %% [markdown]
# Nothing but pixels and a known camera; and yet boxes in space. Look through the test pictures.
# Where are the errors: sideways, or in depth? Lower the score: what does it hesitate about?

# %%
live.explore(look, picture=(0, len(test) - 1), least_score=(0.05, 0.9))

# %% [markdown]
# ### Average precision
#
# Take the detections of all pictures by falling score. Each is right if it overlaps a new
# object by more than the threshold. **Precision**: the share of right ones so far. **Recall**:
# the share of objects found so far. AP is the area under the one over the other.
#
# How good is good? The floor is the same detector with **random features**: the encoder stays
# as it was thrown, only what comes after it learns. (The crops are still there, and the camera;
# so this is no mean floor.)
#
# **Guess first:** the AP at 3D IoU 0.25 of the floor.

# %%
from course_utils.core.encoders import settle_batch_statistics
from course_utils.vision3d.boxes import average_precision, detection_scores

my_guess = 0.1

torch.manual_seed(0)
floor = detector.Detector(len(driving.KINDS))
floor.encoder.requires_grad_(False)
settle_batch_statistics(floor.encoder, train.images[:512])
floor, _ = trained(floor, SIZES["floor"])
found_floor = detect(floor, test, seen_test)


def judged(found, thresholds=(0.25, 0.5)):
    tables = detection_scores.space_tables(found, test.boxes, test.kind)
    scores = [f.scores for f in found]
    return {
        f"3D IoU {t}": average_precision.average_precision_of(tables, scores, t) for t in thresholds
    }


rows = {"trained": judged(found), "random features": judged(found_floor)}
table = {name: {k: round(v, 2) for k, v in row.items()} for name, row in rows.items()}
print("you said", my_guess, table)
figures.ap_bars(rows)

# %% [markdown]
# Boxes of any kind count there. With the **class score** as well, a car has to be called a car:


# %%
def curve(found, threshold):
    tables = detection_scores.space_tables(found, test.boxes, test.kind)
    right = [
        average_precision.match_detections(t, f.scores, threshold)
        for t, f in zip(tables, found, strict=True)
    ]
    return average_precision.precision_recall(
        torch.cat([f.scores for f in found]), torch.cat(right), int((test.kind >= 0).sum())
    )


tables = detection_scores.space_tables(found, test.boxes, test.kind)
for t in (0.25, 0.5):
    each = detection_scores.ap_of_kinds(tables, found, test.kind, t, len(driving.KINDS))
    rounded = {k: round(v, 2) for k, v in zip(driving.KINDS, each, strict=True)}
    print(f"3D IoU {t}:", rounded, f"mean {sum(each) / len(each):.2f}")
figures.recall_panel(
    {
        "trained, IoU 0.25": curve(found, 0.25),
        "trained, IoU 0.5": curve(found, 0.5),
        "random features, IoU 0.25": curve(found_floor, 0.25),
    }
)

# %% [markdown]
# ## 6 · How much harder than 2D?
#
# The lecture: *much harder problem than 2D object detection!* Take **the very same
# detections**, and judge their *projections*: the rectangle around each told box against the
# rectangle around the true one, at the same thresholds.
#
# **Guess first:** at IoU 0.5 the 3D boxes reach the AP above. And their 2D boxes?

# %%
my_guess = 0.7

flat_tables = detection_scores.picture_tables(found, test.boxes, test.kind, test.cameras)
scores = [f.scores for f in found]


def ap(tables, t):
    return average_precision.average_precision_of(tables, scores, t)


rows = {
    f"IoU {t}": {"2D, on the picture": ap(flat_tables, t), "3D, in space": ap(tables, t)}
    for t in (0.25, 0.5, 0.7)
}
print(f"you said {my_guess}; it is {rows['IoU 0.5']['2D, on the picture']:.2f}")
figures.ap_bars(rows)

# %% [markdown]
# The same boxes! On the picture they are nearly all good; in space, the stricter the threshold,
# the fewer. One more dimension, and it is the one that the picture does not show. Is that so?
# Put **one thing right at a time**, and judge again.
#
# **Guess first:** which helps most: the true distance, direction, size or yaw?

# %%
my_guess = "size"

rows = {"as told": judged(found)}
for part in detection_scores.PARTS:
    mended = detection_scores.with_truth(found, test.boxes, test.kind, test.cameras, part)
    rows[f"true {part}"] = judged(mended)
best = max(detection_scores.PARTS, key=lambda part: rows[f"true {part}"]["3D IoU 0.5"])
print(f"you said {my_guess}; at 0.5 it is {best}")
figures.ap_bars(rows)

# %% [markdown]
# ### Break it: a camera that is not where it says
#
# All depth came from the ground, and the ground from the camera. Nothing of the network changes
# now; only the **pitch** that we tell it is wrong, as if the car had braked. **Guess first:**
# how many degrees does it take to halve the AP at 0.5?

# %%
my_guess = 5.0


def with_wrong_pitch(degrees):
    off = math.radians(degrees)
    c, s = math.cos(off), math.sin(off)
    nod = torch.tensor([[1.0, 0, 0], [0, c, -s], [0, s, c]])  # about the camera's own right
    cameras = replace(test.cameras, rotation=test.cameras.rotation @ nod)
    return judged(detect(network, test, detector.place_rectangles(cameras, places)))


rows = {f"{degrees:+.1f}°": with_wrong_pitch(degrees) for degrees in (-2.0, -1.0, 0.0, 1.0, 2.0)}
print("you said", my_guess, "degrees")
figures.ap_bars(rows)

# %% [markdown]
# One pixel of this picture is about half a degree. **Repaired** by knowing better: real cars
# measure their pitch, or see the horizon, or have a second camera or a laser, and then the
# depth is measured and not inferred.
#
# ## What you can say now
#
# - A camera maps a ray to a pixel; back, a pixel is only a ray, and a 2D box only a frustum.
# - A 3D box has nine numbers, on the ground seven; two of them are compared by clipping,
#   exactly and with a slope.
# - Proposals on the ground, features from their projection, a class and a correction: Faster
#   R-CNN in 3D.
# - On the picture the same boxes are much better than in space, and the distance is to blame.
#
# **Next.** A box says where a thing is. Lesson 11 asks for its *shape*. Assignment a6 has you
# write the camera, the frustum and the corners yourself.
