# %% [markdown]
# # 15 · NeRF: a scene in the weights of a network
#
# **What you will see.** Photographs of a mushroom go in. Out comes a small network that can be
# asked, for any place and any direction, *how dense is it here, and which colour do I see?* You
# will find out why it is blind to detail until its input is taken apart into waves, where it
# spends its questions, what each of its parts is worth, put a ball into the scene, and at last
# do without the network altogether.
#
# **Slides.** *Neural Radiance Field* · *NeRF Overview* · *Key Insight 1: Positional Encoding* ·
# *Key Insight 2: Hierarchical Volume Rendering* · *NeRF encodes convincing view-dependent
# effects* · *NeRF encodes detailed scene geometry with occlusion effects* · *Space vs. Time
# Tradeoff*
#
# **Time.** About 2 minutes of computing on 2 cores.
#
# Before each reveal there is a guess to make. Change it, then run: a wrong guess teaches most.

# %%
from course_utils import scale
from course_utils.lessons import shared, solid_images

SCALE = scale("laptop")  # "laptop", "gpu" or "test": changes sizes only

import math
import time
from dataclasses import replace

import torch

from course_utils import live, plots
from course_utils.core import devices, metrics
from course_utils.core.training import Minibatches, fit, progress
from course_utils.data import posed_scenes, toy
from course_utils.lessons.nerf import figures
from course_utils.lessons.nerf.instrument import EncodingLab
from course_utils.lessons.volume_rendering.instrument import Slice
from course_utils.vision3d.cameras import crop_camera, orbit_camera, pixel_centres, pixels_to_rays
from course_utils.vision3d.fields import (
    compositing,
    encoding_fits,
    encodings,
    nerf,
    nerf_fit,
    ray_sampling,
)
from course_utils.vision3d.fields import volume_rendering as volume

plots.use_style()
devices.use_threads(1)  # seconds are then those of one core; a second one would help little

# %%
SIZES = {
    "laptop": dict(size=40, rays=256, steps=1000, picture=64, picture_steps=1000, voxel_steps=400)
    | dict(curve=400, tiny=16, births=60, few=600, voxels=(32, 64), mesh=56, disc=25, grid=64),
    "gpu": dict(size=96, rays=4096, steps=6000, picture=128, picture_steps=1000, voxel_steps=2000)
    | dict(curve=2000, tiny=32, births=200, few=1000, voxels=(64, 128), mesh=96, disc=41, grid=96),
    "test": dict(size=16, rays=32, steps=16, picture=16, picture_steps=8, voxel_steps=20)
    | dict(curve=20, tiny=8, births=3, few=8, voxels=(8, 16), mesh=16, disc=7, grid=24),
}[SCALE]
dice, white = torch.Generator().manual_seed(0), torch.ones(3)
world = toy.sample_scenes(1, generator=dice, kinds=("mushroom",))
parts = world.objects.parts  # varnish it: what shines gets a thick clear coat
varnished = replace(parts, gloss=torch.where(parts.gloss > 0, 0.9, 0.0))
world = replace(world, objects=replace(world.objects, parts=varnished))


def photographed(count, size):  # the middle of larger pictures: the mushroom fills them
    wide, edge = posed_scenes.sphere_cameras(world, count, 7 * size // 5, generator=dice), size // 5
    return posed_scenes.posed_views(world, crop_camera(wide, edge, edge, size, size))


views, held_back = photographed(96, SIZES["size"]), torch.arange(96) % 24 == 8
views, judges = views[~held_back], views[held_back]
centre, radius = toy.scene_ball(world)[0][0], 0.7 * float(toy.scene_ball(world)[1])
plots.image_grid(views.images[::10], columns=5, picture_inches=1.7)

# %% [markdown]
# Some of the photographs; there is one for every few degrees. From where each was taken is
# known. Four more are held back, to judge by: a scene is right if it also looks right from
# where nobody has stood.
#
# **The plan.** Lesson 14 rendered pictures of fog by one sum, and the sum is differentiable.
# So: let a network $F_\theta$ *be* the fog,
#
# $$F_\theta(x, y, z, d) = (r, g, b, \sigma),$$
#
# render it from where the photographs were taken, compare, and follow the gradient. The network
# never sees a picture. It is only ever asked about places, and it is **one network for one
# scene**: training *is* the reconstruction.
#
# ## 1 · Key insight 1: positional encoding
#
# *"Having $F_\theta$ operate directly on $(x, y, z, d)$ performs poorly"*, says the slide. The
# cure is to hand it, in place of a number $p$, a whole row of waves of that number:
#
# $$\gamma(p) =
# \big(\sin 2^0\pi p,\ \cos 2^0\pi p,\ \dots,\ \sin 2^{L-1}\pi p,\ \cos 2^{L-1}\pi p\big)$$
#
# As a loop, and then for all points at once:


# %%
def encoded(p, octaves):
    code = []
    for k in range(octaves):
        code += [math.sin(2**k * math.pi * p), math.cos(2**k * math.pi * p)]
    return code


loop = torch.tensor([encoded(p, 4) for p in (0.1, 0.11, -0.7)], dtype=torch.float64)
at_once = encodings.positional_encoding(
    torch.tensor([[0.1], [0.11], [-0.7]], dtype=torch.float64), 4
)
assert torch.allclose(loop, at_once, atol=1e-12)
print("0.10 ->", [f"{c:+.2f}" for c in at_once[0].tolist()])
print("0.11 ->", [f"{c:+.2f}" for c in at_once[1].tolist()])

# %%
figures.encoding_panel(6)

# %% [markdown]
# Left: the code of each number, from slow waves above to fast ones below. Like the digits of a
# binary number, the slow ones say roughly where we are, the fast ones exactly. Right: multiply
# the codes of two numbers. With one octave, everything is similar to everything near it, so a
# network cannot easily say something *different* at two neighbouring places. With eight, only
# what is very near is similar.
#
# ### A curve
#
# Eleven networks, all alike but for $L$, learn this curve at 64 places: ripples that become
# finer, and a step. They are judged *between* those places. **Guess first:** which $L$ will be
# best there? (0 for none, up to 10.)

# %%
my_guess = 10

octaves = list(range(11))
x = encoding_fits.picture_points(1, 64)[:, :1]
line = torch.linspace(-1, 1, 1001)[:, None]
between = (x[1:] + x[:-1]) / 2
truth = encoding_fits.rippled_curve
networks = encoding_fits.EncodedNetworks(octaves, generator=dice)
fits = encoding_fits.EncodedFits(networks, steps=SIZES["curve"])
for _ in fit(fits.step, iter([(x, truth(x))] * SIZES["curve"])):
    pass
rms = {
    n: ((fits.values(p) - truth(p)) ** 2).mean((1, 2)).sqrt()
    for n, p in (("at", x), ("between", between))
}
print("L            ", *[f"{n:6d}" for n in octaves])
print("at the data  ", *[f"{e:6.3f}" for e in rms["at"].tolist()])
print("between them ", *[f"{e:6.3f}" for e in rms["between"].tolist()])
print(f"you said {my_guess}; best between the data is L = {int(rms['between'].argmin())}")

# %%
best = int(rms["between"].argmin())
print(f"limit for these data: L = {encoding_fits.octaves_for_spacing(2 / 64)}")
shown = {
    ("none" if n == 0 else f"L = {n}"): fits.values(line)[n, :, 0] for n in sorted({0, 1, best, 10})
}
figures.curve_fits(
    (line[:, 0], truth(line)[:, 0]), (x[:, 0], truth(x)[:, 0]), shown, [f"L = {best}"]
)

# %% [markdown]
# *Without* a code the network follows the slow part and gives up where the ripples become fine:
# it has a *bias* towards slow changes. With *too many* octaves it hits every data point and
# does as it likes in between. A limit can be known beforehand: the fastest wave needs two data
# points per period. Any faster one cannot be told from a slower one by these data (*Shannon,
# Nyquist*).
#
# $$2^{L-1}\pi \le \pi / \text{spacing} \quad\Longrightarrow\quad L \le 1 - \log_2(\text{spacing})$$
#
# The best is some octaves *below* the limit: the network bends its waves into sharper things of
# its own accord.
#
# **In your hand:** the curve is grey. Bend it with the mouse, press *Play*, change $L$ and the
# number of data.

# %%
lab = EncodingLab(octaves=0, data=64)

# %% [markdown]
# Try these, and say beforehand what will happen:
#
# 1. No octaves, *Play*, wait. Which part of the curve comes first? Does the fine part ever come?
# 2. $L = 10$ with few data. The blue error falls to nothing. And the orange one?
# 3. Bend the curve while it learns. Which $L$ follows your hand fastest?
#
# ### A picture
#
# The same in two dimensions: the network is told every second pixel of every second row, a
# quarter of a photograph, and has to make up the rest.

# %%
side = SIZES["picture"]
close_up = toy.render_image(
    world, orbit_camera(0.6, 0.3, 2.7 * radius, centre.tolist(), size=side)
)[0]
points, colours = encoding_fits.picture_points(side, side), close_up.flatten(1).T
told = encoding_fits.every_second_pixel(side, side)
print(
    f"told {int(told.sum())} of {len(told)} pixels; "
    f"the limit is L = {encoding_fits.octaves_for_spacing(4 / side)}"
)

# %% [markdown]
# **Guess first:** of the eleven, which $L$ will make the best picture between the pixels that
# it was told?

# %%
my_guess = 10

networks = encoding_fits.EncodedNetworks(octaves, axes=2, outputs=3, generator=dice)
paint = encoding_fits.EncodedFits(networks, steps=SIZES["picture_steps"])
batches = iter([(points[told], colours[told])] * SIZES["picture_steps"])
for _ in progress(fit(paint.step, batches)):
    pass
painted = paint.values(points)
squared = ((painted - colours) ** 2).mean(-1)
seen_db, unseen_db = ([metrics.psnr(e) for e in squared[:, mask].mean(1)] for mask in (told, ~told))
print(f"you said {my_guess}; best between the pixels is L = {unseen_db.index(max(unseen_db))}")
figures.errors_by_octaves(octaves, seen_db, unseen_db, encoding_fits.octaves_for_spacing(4 / side))


# %%
def picture_with(octaves=0):
    picture = painted[octaves].T.view_as(close_up).clamp(0, 1)
    both = torch.cat([picture, close_up], 2)
    return both.repeat_interleave(5, 1).repeat_interleave(5, 2)


chosen = (0, 1, 3, 5, 7, 10)
pictures = {("none" if n == 0 else f"L = {n}"): painted[n].T.view_as(close_up) for n in chosen}
shared.image_rows(pictures | {"photograph": close_up}, good=["photograph"])

# %% [markdown]
# All of them, with a slider: the network's picture on the left, the photograph on the right.

# %%
live.explore(picture_with, octaves=(0, 10, 1))

# %% [markdown]
# From blurred over sharp to *sandpaper*.
#
# What about our mushroom? It is brought into $[-1, 1]$, and its photographs have so many pixels
# across. How many octaves can *their* spacing carry? And that of the paper's pictures, 800
# pixels wide?

# %%
for name, pixels in (("ours", SIZES["size"]), ("the paper's", 800)):
    print(f"{name:12s} {pixels:4d} pixels: L = {encoding_fits.octaves_for_spacing(2 / pixels)}")
LEVELS = encoding_fits.octaves_for_spacing(2 / SIZES["size"])

# %% [markdown]
# The paper found its $L = 10$ by trying; it is at the limit. Unlike a single picture, many
# views from many sides see between each other's pixels. (Only the *position* needs so many. For
# the direction it takes 4, we take 2: what shines changes slowly with the direction.)
#
# ## 2 · The network
#
# Place, encoded, goes in at the front, and once more half way. Out come the density and a
# feature. The direction joins *after* that, just before the colour.


# %%
def new_fields(levels=LEVELS, directions=2, seed=0, width=64, kind=nerf.RadianceField):
    torch.manual_seed(seed)
    ball = dict(centre=tuple(centre.tolist()), radius=radius)
    fine = kind(width, 4, levels, directions, **ball)
    return kind(width // 2, 2, min(levels, 4), None, **ball), fine


coarse, fine = new_fields()
print(fine)
numbers = sum(p.numel() for p in fine.parameters())
print(f"{numbers:,} numbers; the photographs have {views.images.numel():,}")

# %% [markdown]
# **Guess first:** turn the direction round, from $d$ to $-d$. What will change: `"density"`,
# `"colour"` or `"both"`?

# %%
my_guess = "both"

place = centre + radius * (2 * torch.rand(5, 3, generator=dice) - 1) / 2
ahead = torch.nn.functional.normalize(torch.randn(5, 3, generator=dice), dim=-1)
with torch.no_grad():
    (density, colour), (same, other) = fine(place, ahead), fine(place, -ahead)
changed = {"density": not torch.equal(density, same), "colour": not torch.equal(colour, other)}
print(f"you said {my_guess!r}; changed: {changed}")

# %% [markdown]
# Density must not know where you stand. If it did, the network could put up a different
# cardboard scene for each camera, and every photograph would be perfect, and all of it useless
# from anywhere else. What may depend on the direction is only how a place *looks*.
#
# ## 3 · Key insight 2: hierarchical sampling
#
# *"Waste of compute on empty space"*, says the slide. Most places along a ray are empty, or
# hidden behind something. So look twice. The *coarse* look goes everywhere, and finds weights
# $w_i$ (lesson 14). Divided by their sum they are a distribution along the ray. The *fine* look
# draws its places from it. By **inverse transform**: a number $u$ between 0 and 1 is carried to
# the place up to which a share $u$ of all weight lies.
#
# By hand: four bins, each one unit long, with these weights. **Guess first:** of 1000 fine
# samples, how many fall into the third bin?

# %%
my_guess = 250

weights, edges4 = [0.0, 0.1, 0.6, 0.1], [0.0, 1.0, 2.0, 3.0, 4.0]


def place_of(u):
    reached = 0.0
    for w, left, right in zip(weights, edges4, edges4[1:], strict=False):
        share = w / sum(weights)
        if share and u <= reached + share:
            return left + (u - reached) / share * (right - left)
        reached += share


by_hand = torch.tensor([place_of((i + 0.5) / 1000) for i in range(1000)])
drawn = ray_sampling.sample_pdf(torch.tensor(edges4), torch.tensor([weights]), 1000, dice)[0]
for name, at in (("loop", by_hand), ("sample_pdf", drawn)):
    print(f"{name:10s}", torch.histc(at, 4, 0, 4).int().tolist())
print(
    f"you said {my_guess}; largest gap between loop and sample_pdf: "
    f"{float((by_hand - drawn).abs().max()):.4f}"
)

# %% [markdown]
# Now on a field that we know exactly: the true fog of the mushroom. Sixteen coarse and sixteen
# fine samples on one ray, and then on a whole fan of rays.

# %%
true_fog = posed_scenes.radiance_field(world, peak=60 / radius, softness=0.012)
edges = nerf_fit.edges_of_ball(views.cameras, centre, radius, 16)
judge = judges.cameras[1]
rays = pixels_to_rays(judge, pixel_centres(judge).flatten(0, 1))
middle = SIZES["size"] * (SIZES["size"] // 2) + SIZES["size"] // 2


def looks(origins, directions):
    first = ray_sampling.stratified_distances(edges, tuple(origins.shape[:-1]), dice)
    weights = volume.render_rays(true_fog, origins, directions, edges, first).weights
    return first, weights, ray_sampling.sample_pdf(edges, weights, 16, dice)


first, weights, more = looks(rays[0][middle], rays[1][middle])
surface = float(judges.distance[1].flatten()[middle])
figures.samples_on_ray(edges, weights, {"coarse": first, "fine": more}, surface)

# %%
x, y, z = centre.tolist()
plane = Slice(true_fog, y, (x - radius, x + radius, z - radius, z + radius))
flat = edges.mean()  # the fan begins as far away as a camera is
heading = torch.tensor([0.97, 0.0, -0.24])
eye = centre - flat * heading
fan = torch.linspace(-0.22, 0.22, 33)
turned = heading + fan[:, None] * torch.tensor([0.24, 0.0, 0.97])
turned = turned / turned.norm(dim=1, keepdim=True)
first, weights, more = looks(eye.expand_as(turned), turned)
places = {
    n: (eye + t[..., None] * turned[:, None])[..., [0, 2]].flatten(0, 1)
    for n, t in (("coarse", first), ("fine", more))
}
figures.samples_in_slice(plane.density(128), plane.extent, places)

# %% [markdown]
# The eye is on the left. The fine samples sit on the *near* surface: what is hidden behind it
# gets next to none, what is empty gets none. A ray that meets nothing is sampled evenly.
#
# **Guess first:** against a very fine march, how much better is a picture from 16 + 16 samples
# than one from 32 evenly spread? In dB.

# %%
my_guess = 1.0


def over_white(look):
    return compositing.over_background(look.colour, look.opacity, white)


best = over_white(
    volume.render_rays(true_fog, *rays, ray_sampling.regular_edges(edges[0], edges[-1], 512))
)
even = over_white(
    volume.render_rays(true_fog, *rays, ray_sampling.regular_edges(edges[0], edges[-1], 32))
)
twice = over_white(volume.render_hierarchical(true_fog, true_fog, *rays, edges, 16, dice)[1])
even_db, twice_db = (metrics.psnr(((p - best) ** 2).mean()) for p in (even, twice))
print(
    f"32 evenly {even_db:.1f} dB, 16 + 16 {twice_db:.1f} dB: you said {my_guess}, "
    f"it gains {twice_db - even_db:.1f}"
)
named = {"32 evenly": even, "16 + 16": twice, "512": best}
shared.image_rows({n: p.view(judge.height, judge.width, 3) for n, p in named.items()}, good=["512"])

# %% [markdown]
# The coarse look needs only to know *where*, so in training it gets a small network of its own,
# with its own term in the loss,
#
# $$\mathcal{L} =
# \sum_{\text{rays}} \|\hat C_{\text{coarse}} - C\|^2 + \|\hat C_{\text{fine}} - C\|^2 ,$$
#
# and no gradient flows through the places themselves.
#
# ## 4 · Train, and take parts away
#
# Every pixel of the photographs is one ray with a known colour. A step takes some hundreds of
# them at random, asks both networks along each, sums, compares. Nothing else. Three trainings:
# the **complete** model; one whose colour does **not depend on the direction**; one **without
# positional encoding**.
#
# **Guess first:** which will cost more dB on the views held back: `"view"` dependence or the
# positional `"encoding"`?

# %%
my_guess = "view"

lit = nerf.rays_of_views(views.images, views.cameras)


def train(run, judged, size=SIZES["rays"], steps=SIZES["steps"], looks=6):
    """Quality after so many seconds of processor time, and a picture, ``looks`` times."""
    found, batches = [], Minibatches(lit.tensors(), size, dice)

    def watched(spent=0.0):
        begin = time.process_time()
        for record in fit(run.step, batches, steps=steps):
            if record.step % max(steps // looks, 1) == 0:
                spent += time.process_time() - begin
                found.append((spent, *judged(run)))
                begin = time.process_time()
            yield record

    progress(watched())
    return found


def judged(run):
    drawn = torch.stack([run.picture(camera, generator=dice) for camera in judges.cameras])
    return metrics.psnr(((drawn - judges.images) ** 2).mean()), drawn


# %%
def new_run(**changes):
    return nerf_fit.NerfFit(new_fields(**changes), edges, 16, steps=SIZES["steps"], generator=dice)


complete = new_run()
history = train(complete, judged)
stages = {f"{seconds:.0f} s: {db:.1f} dB": drawn[1] for seconds, db, drawn in history}
shared.image_rows(stages | {"photograph": judges.images[1]}, good=["photograph"])

# %% [markdown]
# A view that was not trained on, against seconds of processor time. First a cloud of about the
# right colour in about the right place; then a shape; then its details. Now the same without
# one part, and without the other.

# %%
no_view = new_run(directions=None)
no_view_history = train(no_view, judged, looks=1)

# %%
no_code = new_run(levels=0, directions=0)
no_code_history = train(no_code, judged, looks=1)

# %% [markdown]
# The paper's figure 4, remade: the same pictures side by side, and enlarged.

# %%
ends = {
    "Complete Model": history,
    "No View\nDependence": no_view_history,
    "No Positional\nEncoding": no_code_history,
}
quality = {name: found[-1][1] for name, found in ends.items()}
columns = {"Ground Truth": judges.images} | {name: found[-1][2] for name, found in ends.items()}
n = SIZES["size"]
boxes = [(1, n // 5, n // 5, 2 * n // 5), (2, n // 6, n // 6, 2 * n // 5)]
lost_view, lost_code = (quality["Complete Model"] - db for db in list(quality.values())[1:])
print(
    f"you said {my_guess!r}; lost without view dependence {lost_view:.2f} dB, "
    f"without encoding {lost_code:.2f} dB"
)
figures.ablation(columns, boxes, {name: f"{db:.1f} dB" for name, db in quality.items()})

# %% [markdown]
# Look at the edges of the white spots and at the shine on the cap:
#
# - *Without view dependence* the shine cannot move. All cameras have to agree on it, so it is
#   averaged away. The complete model has only a hint of it, broad and pale, after so short a
#   training; the paper's trained for a day. (The voxels of section 8 will show it.)
# - *Without encoding* everything is soft: the spots run out, the rim is a gradient, the thin
#   parts are lost.
#
# This is one throw of the dice, after a short training. The course's tests repeat both
# comparisons in miniature on three seeds each: the encoding for a whole training, the view
# dependence for the colour of the true surface. There is a reason for so many photographs: with
# twenty, nobody has seen the shine from near enough, and the direction gains nothing.
#
# ## 5 · View dependence: fix the point, turn the direction
#
# The paper's figure 3. Take one place on the surface, and ask for its colour from *every* side.
# Each disc is the sky above the place, seen from straight above: the middle is the view from
# overhead, the rim the view from the horizon. White dots: where photographs were taken.

# %%
across = SIZES["disc"]
flat = encoding_fits.picture_points(across, across).flip(0)  # row 0 at the bottom
sky = torch.cat([flat, (1 - flat.square().sum(1, keepdim=True)).clamp_min(0).sqrt()], 1)
above = sky[:, 2] > 0.1


def true_disc(point):
    angle, height = torch.atan2(sky[above, 1], sky[above, 0]), sky[above, 2].asin()
    seen = posed_scenes.posed_views(
        world, orbit_camera(angle, height, 4 * radius, point, 0.004, size=1)
    )
    free = (seen.distance[:, 0, 0] - 4 * radius).abs() < 0.05 * radius  # nothing in between
    return in_disc(seen.images[:, :, 0, 0], free)


def model_disc(field, point):
    with torch.no_grad():
        return in_disc(field(point.expand(int(above.sum()), 3), -sky[above])[1])


def in_disc(colour, known=True):
    disc = torch.full((across * across, 3), torch.nan)
    disc[above] = torch.where(torch.as_tensor(known).view(-1, 1), colour, torch.nan)
    return disc.view(across, across, 3)


# %%
def below(right, forward):
    """The first place of the surface straight below (right, forward), in radii from the middle."""
    over = centre + radius * torch.tensor([right, forward, 0.0])
    seen = posed_scenes.posed_views(
        world, orbit_camera(torch.zeros(1), torch.pi / 2, 3.0, over, 0.004, size=1)
    )
    return over + torch.tensor([0.0, 0.0, 3.0 - float(seen.distance)])


spots = {
    "cap, one side": below(0.3, 0.2),
    "cap, middle": below(-0.15, 0.1),
    "cap, other side": below(-0.3, -0.25),
}
seen_from = torch.nn.functional.normalize(views.cameras.centre - centre, dim=-1)
rows = {
    "truth": [true_disc(p) for p in spots.values()],
    "complete": [model_disc(complete.fine, p) for p in spots.values()],
    "no view dep.": [model_disc(no_view.fine, p) for p in spots.values()],
}
figures.direction_discs(rows, list(spots), seen_from)

# %% [markdown]
# In truth every place has a small bright spot, in the direction in which it mirrors the sun,
# and each has it elsewhere. After so short a training, and with two octaves for the direction,
# the complete model knows of it only roughly, if at all: broad changes from side to side. The
# one without view dependence has one colour for all.
#
# **Hold still, and turn only the direction that the network is told.** Everything stays where
# it is, because the density does not know of directions; only the shading changes, and with so
# short a training not much.


# %%
def with_turned_directions(degrees=0):
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = torch.tensor([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])

    def told(points, directions):
        return complete.fine(points, directions @ turn.T)

    still = torch.Generator().manual_seed(0)
    with torch.no_grad():
        seen = nerf_fit.render_picture(
            (complete.fields[0], told), judges.cameras[1], edges, 16, generator=still
        )
    picture = over_white(seen).clamp(0, 1)
    return picture.repeat_interleave(8, 0).repeat_interleave(8, 1)


turns = {f"{degrees}°": with_turned_directions(degrees) for degrees in (-90, -45, 0, 45, 90)}
shared.image_rows(turns, good=["0°"])

# %%
live.explore(with_turned_directions, degrees=(-180, 180, 5))

# %% [markdown]
# ## 6 · Geometry, and occlusion
#
# Nobody told the network about shape. It had to find one, because only the right shape explains
# all the photographs at once. The weights of a ray tell how far away what it sees is; and the
# density has a surface, which *marching cubes* makes a mesh of (lesson 11).
#
# **Guess first:** how far, as a share of the mushroom's radius, will the mesh be from the true
# surface, at the median?

# %%
from course_utils.vision3d.fields import grid_field, insertion
from course_utils.vision3d.shapes import conversions

my_guess = 0.1


@torch.no_grad()
def mesh_of(field):
    def density(points):
        return field(points, torch.tensor([0.0, 0.0, -1.0]).expand_as(points))[0]

    # Where the fog is a quarter as thick as it becomes anywhere.
    level = density(grid_field.grid_points(24, centre, radius).flatten(0, 2)).max() / 4
    vertices, faces = conversions.mesh_from_function(
        lambda points: level - density(points + centre), SIZES["mesh"], 2 * radius
    )
    return vertices + centre, faces


mesh, true_mesh = mesh_of(complete.fine), toy.mesh_of(world, 24)
gap = toy.signed_distance(world, mesh[0])[0].abs() / radius
print(
    f"you said {my_guess}; the median of {len(gap):,} corners is {float(gap.median()):.3f}, "
    f"90 % are below {float(gap.quantile(0.9)):.3f}"
)

# %%
from course_utils.vision3d.cameras import resize_camera

seen, eye = complete.look(judge, generator=dice), resize_camera(judge, 240)
near, far = judges.distance[1][judges.distance[1].isfinite()].aminmax()


def nearness(distance, opacity):
    return opacity * (1 - 0.8 * ((distance - near) / (far - near)).nan_to_num(posinf=0)).clamp(0, 1)


shared.image_rows(
    {
        "nearness by the weights": nearness(seen.distance, seen.opacity),
        "true nearness": nearness(judges.distance[1], judges.opacity[1]),
        "mesh of the density": solid_images.shaded_mesh(*mesh, eye),
        "true surface": solid_images.shaded_mesh(true_mesh.vertices, true_mesh.faces, eye),
    }
)

# %% [markdown]
# ### A ball that was never there
#
# Because the field knows *where* things are, we can put something into it. A solid ball stops
# what is left of a ray, at a distance $s$. So sum the fog up to $s$ and no farther, and give
# the light that is left to the ball:
#
# $$C = \sum_{t_i < s} w_i c_i + T(s)\, c_{\text{ball}}$$
#
# In code: cut off the bins at $s$. A bin without length stops nothing. Three ways to do
# it; **guess first:** which is right: `"pasted"`, `"by mean distance"` or `"ray cut off"`?

# %%
my_guess = "by mean distance"

lamp = world.backdrop.sun[0].to(torch.float32)  # the same sun as on the photographs
blue, many = torch.tensor([0.15, 0.45, 0.85]), ray_sampling.regular_edges(edges[0], edges[-1], 64)


def ball_in(depth, field=complete.fine, camera=judges.cameras[1], size=0.28):
    """Picture with a ball at ``depth`` radii behind the scene's middle, seen from the camera."""
    rays = pixels_to_rays(camera, pixel_centres(camera).flatten(0, 1))
    at = centre + radius * (depth * camera.forward + 0.5 * camera.down + 0.3 * camera.right)
    solid = insertion.shaded_ball(*rays, at, size * radius, blue, lamp)
    with torch.no_grad():
        return rays, solid, insertion.render_with_solid(field, *rays, many, solid, white)


rays, (stop, coloured), cut = ball_in(0.35)
alone = complete.look(judges.cameras[1], generator=dice)
plain = over_white(alone).flatten(0, 1)
before = (stop < alone.distance.flatten()) | (alone.opacity.flatten() < 0.5)
ways = {"pasted": torch.isfinite(stop), "by mean distance": torch.isfinite(stop) & before}
made = {name: torch.where(mask[:, None], coloured, plain) for name, mask in ways.items()}
made["ray cut off"] = cut
print(f"you said {my_guess!r}")
pictures = {name: p.view(judge.height, judge.width, 3) for name, p in made.items()}
shared.image_rows(pictures, good=["ray cut off"])


# %%
def inserted(depth=0.9):
    picture = ball_in(depth)[2].view(judge.height, judge.width, 3).clamp(0, 1)
    return picture.repeat_interleave(8, 0).repeat_interleave(8, 1)


shared.image_rows({f"{d:+.1f}": inserted(d) for d in (0.9, 0.4, 0.15, -0.6)})

# %% [markdown]
# From behind to before the mushroom. The slider lets you push it:

# %%
live.explore(inserted, depth=(-1.0, 1.2, 0.05))

# %% [markdown]
# *Pasted* is always in front. *By mean distance* decides for each pixel, all or nothing, and is
# wrong where a pixel is half covered: the edges tear. Cut off, the ball dives into the fog and
# comes out, and edges stay soft. So the slide's virtual objects stand within a real scene.
#
# ## 7 · The museum of mistakes
#
# **1. ReLU density.** The paper's density is a ReLU. Born in thin fog (the sensible start:
# thick fog hides all that is behind it), a ReLU is flat. Five dice each, for a short training
# on small photographs. **Guess first:** how many of five ReLU trainings are still without any
# fog at the end?

# %%
my_guess = 1


class ReluField(nerf.RadianceField):
    def fog(self, output):
        return torch.relu(output - 1)


small = photographed(20, SIZES["tiny"])
tiny_lit = nerf.rays_of_views(small.images, small.cameras)


def born(kind, seed, steps=SIZES["births"]):
    run = nerf_fit.NerfFit(new_fields(4, 2, seed, 32, kind), edges, 8, steps=steps, generator=dice)
    *_, last = fit(run.step, Minibatches(tiny_lit.tensors(), 64, dice), steps=steps)
    opacity = float(run.look(small.cameras[0], generator=dice).opacity.max())
    return opacity, last.values["training dB"]


for name, kind in (("ReLU", ReluField), ("softplus", nerf.RadianceField)):
    found = [born(kind, seed) for seed in range(5)]
    empty = sum(opacity < 0.01 for opacity, _ in found)
    print(f"{name:9s} without fog: {empty} of 5, dB at the end {[f'{db:.1f}' for _, db in found]}")
print(f"you said {my_guess}")

# %% [markdown]
# A field without fog gives a white picture, which is not even a very bad one here: more than
# half of each photograph is white. The loss falls for a moment, and then never again. Softplus
# is never flat.
#
# **2. Too few photographs.** Two in place of eighteen. **Guess first:** how will the loss on
# the *training* photographs come out: `"worse"` or `"better"`?

# %%
my_guess = "worse"


def trained_on(count):
    chosen = nerf.rays_of_views(small.images[:count], small.cameras[:count])
    run = nerf_fit.NerfFit(new_fields(4, 2, 0, 32), edges, 12, steps=SIZES["few"], generator=dice)
    for _ in fit(run.step, Minibatches(chosen.tensors(), 128, dice), steps=SIZES["few"]):
        pass
    drawn = {
        n: run.picture(small.cameras[k], generator=dice)
        for n, k in (("trained on", 0), ("never seen", 11))
    }
    db = {
        n: metrics.psnr(((p - small.images[k]) ** 2).mean())
        for (n, p), k in zip(drawn.items(), (0, 11), strict=True)
    }
    return {f"{count}: {n}\n{db[n]:.1f} dB": p for n, p in drawn.items()}


both = trained_on(2) | trained_on(18)
print(f"you said {my_guess!r}")
shared.image_rows(both, bad=list(both)[1:2])

# %% [markdown]
# Two photographs are easy to explain, in a thousand wrong ways: a cloud in front of each camera
# will do. It is the *other* views that rule out wrong shapes.
#
# ## 8 · The same sum without a network: voxels
#
# Why is it slow? Every place asked costs all the weights of the network, forwards and
# backwards, and every step asks at tens of thousands of places. Yet nothing in the sum needs a
# network. Keep the field as a **table**: numbers at the corners of voxels, read in between,
# empty ones thrown away, the colour as spherical harmonics of the direction. Same rays, same
# quadrature, same loss.
#
# **Guess first:** how many times sooner will the voxels be as good as the network at its end?

# %%
from course_utils.vision3d.fields import voxel_fit, voxel_march

my_guess = 2

plan = voxel_fit.Plan(steps=SIZES["voxel_steps"], resolutions=SIZES["voxels"], degree=1)
voxels = voxel_fit.VoxelFit(centre, radius, plan, generator=dice)


def voxel_judged(run):
    drawn = torch.stack([voxel_march.render_view(run.field, camera) for camera in judges.cameras])
    return metrics.psnr(((drawn - judges.images) ** 2).mean()), drawn


voxel_march.warm_up()
voxel_history = train(voxels, voxel_judged, 4 * SIZES["rays"], SIZES["voxel_steps"], looks=12)
as_good = [seconds for seconds, db, _ in voxel_history if db >= history[-1][1]]
print(
    f"network: {history[-1][1]:.1f} dB after {history[-1][0]:.1f} s of one core; "
    f"voxels: {voxel_history[-1][1]:.1f} dB after {voxel_history[-1][0]:.1f} s"
)
if as_good:
    print(f"you said {my_guess}; they were as good {history[-1][0] / as_good[0]:.0f} times sooner")
figures.race(
    {"network, 4 x 64": [h[:2] for h in history], "voxels": [h[:2] for h in voxel_history]}
)

# %%
early = min(voxel_history, key=lambda h: abs(h[0] - history[0][0]))
rows = {"network": (history[0], history[-1]), "voxels": (early, voxel_history[-1])}
named = {
    f"{n}, {s:.1f} s\n{db:.1f} dB": drawn[1].clamp(0, 1)
    for n, h in rows.items()
    for s, db, drawn in h
}
shared.image_rows(named | {"photograph": judges.images[1]}, good=["photograph"])

# %% [markdown]
# **Walk round it.** A hundred pixels square while you drag, two hundred when you let go. Is
# that fast enough to feel live?


# %%
def eye_at(azimuth, elevation, distance, size=200):
    return orbit_camera(azimuth, elevation, distance, centre.tolist(), size=size)


def voxel_view(camera):
    return voxel_march.render_view(voxels.field, camera).movedim(0, -1).clamp(0, 1)


def per_second(draw, times=5):
    draw()
    begin = time.perf_counter()
    for _ in range(times):
        draw()
    return times / (time.perf_counter() - begin)


start = (0.6, 0.35, 3.1 * radius)
far = ray_sampling.regular_edges(2.1 * radius, 4.1 * radius, 16)
speed = {f"voxels, {n}²": per_second(lambda n=n: voxel_view(eye_at(*start, n))) for n in (100, 200)}
with torch.no_grad():
    speed["network, 100²"] = per_second(
        lambda: nerf_fit.render_picture(complete.fields, eye_at(*start, 100), far, 16), 1
    )
print({name: f"{rate:.1f} pictures per second" for name, rate in speed.items()})

# %%
shared.image_rows(
    {f"{a:.1f}": voxel_view(eye_at(a, 0.35, start[2], 100)) for a in (0.0, 1.3, 2.6, 3.9, 5.2)}
)

# %% [markdown]
# And now by hand. Drag:

# %%
live.orbit(voxel_view, eye_at, start=start)

# %% [markdown]
# ## 9 · Space against time
#
# The slide: *"the biggest practical tradeoffs between these methods are time versus space"*.
# The network of the paper takes 5 MB and half a day of training; a rival that stores voxels is
# ready in ten minutes and takes 15 GB. Ours are much smaller. **Guess first:** how many times
# more bytes have our voxels than our network?

# %%
my_guess = 100

table = {
    "network": (complete.bytes_stored, history[-1][0], history[-1][1], speed["network, 100²"]),
    "voxels": (
        voxels.field.bytes,
        voxel_history[-1][0],
        voxel_history[-1][1],
        speed["voxels, 100²"],
    ),
}
print(f"{'':12s}{'kilobytes':>12s}{'CPU seconds':>14s}{'PSNR, dB':>10s}{'pictures/s':>13s}")
for name, (size, seconds, db, rate) in table.items():
    print(f"{name:12s}{size / 1000:12.0f}{seconds:14.1f}{db:10.1f}{rate:13.1f}")
print(
    f"{'photographs':12s}{views.images.numel() / 1000:12.0f}   "
    "(one byte for each red, green and blue)"
)
print(
    f"you said {my_guess}; the voxels have {table['voxels'][0] / table['network'][0]:.0f} "
    "times as many bytes"
)

# %% [markdown]
# A network shares its few numbers over all of space, and so is small and slow: every question
# goes through all of it. A table has a number for each place, and so is large and fast: a
# question touches eight corners. Lesson 16 takes the third way: neither a network nor a table,
# but blobs where something *is*.
#
# **What you saw.** NeRF is the sum of lesson 14 with a network in it. Its two insights: *waves*
# of the coordinates, no more than the spacing of the data can carry, and a *second look* where
# the first one found weight. Its density is blind to direction, its colour is not. What comes
# out is not only pictures: it is a shape, into which a ball can roll.
