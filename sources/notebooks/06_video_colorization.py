# %% [markdown]
# # 6 · Colouring a film by pointing, and tracking that emerges
#
# **What you will see.** A network is asked to colour a grey film. It may not paint: it may only
# *point* at places of an earlier frame, and the colour is copied from there. Nobody tells it what
# moves, or where to. Then we use its pointing finger for something it was never trained for, to
# carry masks and keypoints through a film.
#
# **Slides.** *Video coloring* · *Learning to color videos* · *Tracking emerges from colorization*
#
# **Time.** About 2 minutes on 2 cores (the first run also renders the films, one minute more).
#
# Before each reveal there is a guess to make. Change it, then run: a wrong guess teaches most.

# %%
from course_utils import scale
from course_utils.lessons import shared

SCALE = scale("laptop")  # "laptop", "gpu" or "test": changes sizes only

import copy
import math

import torch
from torch.nn import functional as F

from course_utils import plots
from course_utils.core import devices, steps
from course_utils.core.encoders import settle_batch_statistics
from course_utils.core.training import fit, progress
from course_utils.data import toy
from course_utils.lessons.video_colorization import figures
from course_utils.selfsup import color, pointers, tracking

plots.use_style()
devices.use_threads(1)  # networks this small are fastest on one core; the other one draws
SIZES = {
    "laptop": {"train": 80, "test": 12, "steps": 200, "seeds": 3, "batch": 8},
    "gpu": {"train": 400, "test": 40, "steps": 2000, "seeds": 5, "batch": 16},
    "test": {"train": 25, "test": 3, "steps": 4, "seeds": 2, "batch": 2},
}[SCALE]

SEEDS = range(SIZES["seeds"])

# %%
FRAMES = 6
WORLD = {
    "size": 96,
    "backdrop": "pattern",
    "speed": 3.0,
    "camera_speed": 3.0,
    "objects": 2,
    "kinds": ("car", "duck", "boat", "mushroom", "snowman", "aeroplane", "house"),
}

scenes = toy.sample_clips(
    SIZES["test"], FRAMES, generator=torch.Generator().manual_seed(7), **WORLD
)
films = toy.render_clips(scenes)
film = films.images[0]
shown = [0, 1, 2, 3, 5]
figures.frame_rows(
    {"given": torch.cat([film[:1], shared.grey(film[shown[1:]])]), "wanted": film[shown]},
    titles=[f"frame {t}" for t in shown],
)

# %% [markdown]
# The task of the slide: one *reference frame* in colour, the *target frames* in grey. The things of
# this world have random colours, so nobody can know from the shape alone that a boat is red. The
# only way is to look where the same boat was in the reference.
#
# ## 1 · You do it first
#
# A point of the grey frame is ringed. From which of the three places of the reference would you
# copy its colour? Mind that the film has moved on since.

# %%
now = 3


def flow_to_first(t):
    return toy.correspondence(*scenes.at(t), *scenes.at(0))


came_from = flow_to_first(now)
on_object = (films.instance[0, now] == 0) & came_from.visible[0]
spots = on_object.nonzero()
speed = came_from.flow[0].norm(dim=0)[on_object]
asked = spots[int(speed.argmax())].flip(0) + 0.5  # (x, y), pixel centre
truth = came_from.target[0, :, int(asked[1]), int(asked[0])]
choices = {"A": asked, "B": truth, "C": torch.tensor([12.0, 80.0])}
figures.quiz_panel(film[0], film[now], asked, choices)

# %%
my_guess = "A"

print(
    f"you said {my_guess}; the thing under the ring was at B: it has moved by "
    f"{(asked - truth).norm():.0f} pixels, and A is merely the same place"
)
figures.quiz_panel(film[0], film[now], asked, choices, answer="B")

# %% [markdown]
# To answer you had to *find the same thing again*, in grey, after it moved and turned. That is
# tracking, and it is all this pretext task needs. The answer key is the colour, which was there all
# the time.
#
# ## 2 · Pointing, written down
#
# Every cell of a frame gets a feature vector: $f_i$ in the reference, $f_j$ in the target. The
# lecture's two formulas:
#
# $$A_{ij} = \frac{\exp(f_i^\top f_j)}{\sum_k \exp(f_k^\top f_j)},
# \qquad y_j = \sum_i A_{ij}\, c_i$$
#
# First as loops, with four reference cells, two target cells, and colours $c_i$ of two numbers.

# %%
f_reference = [[2.0, 0.0], [0.0, 2.0], [-1.0, 1.0], [1.5, 0.5]]
f_target = [[2.0, 0.2], [-0.5, 1.5]]
c = [[60.0, 40.0], [-50.0, 30.0], [-40.0, 20.0], [50.0, 50.0]]

A = [[0.0] * 2 for _ in range(4)]
for j in range(2):
    powers = [
        math.exp(sum(a * b for a, b in zip(f_i, f_target[j], strict=True))) for f_i in f_reference
    ]
    for i in range(4):
        A[i][j] = powers[i] / sum(powers)

y = [[sum(A[i][j] * c[i][axis] for i in range(4)) for axis in range(2)] for j in range(2)]
print("copied colours:", [[round(value, 2) for value in y_j] for y_j in y])

# %% [markdown]
# **Guess first:** $A$ has a row for each reference cell and a column for each target cell. Do its
# `"rows"`, its `"columns"` or `"both"` sum to 1?

# %%
my_guess = "rows"

reference, target, colours = (torch.tensor(x).T[None] for x in (f_reference, f_target, c))
attention = pointers.pointer_attention(reference, target)  # (1, 4, 2)
copied = pointers.copy_colours(attention, colours)  # (1, 2, 2)
assert torch.allclose(attention[0], torch.tensor(A), atol=1e-6)
assert torch.allclose(copied[0].T, torch.tensor(y), atol=1e-4)
columns_sum = torch.allclose(attention.sum(dim=1), torch.ones(1, 2))
rows_sum = torch.allclose(attention.sum(dim=2), torch.ones(1, 4))
print(f"you said {my_guess!r}; columns sum to 1: {columns_sum}, rows: {rows_sum}. The loop agrees.")
figures.weight_table(attention[0])

# %% [markdown]
# Columns: each *target* cell has one unit of trust to spend on the reference. A reference cell may
# be pointed at by many, or by nobody (it has just been hidden). Let the rows sum to 1 instead, and
# some targets get hardly any colour; it is the mistake to look out for in the assignment.
#
# Both formulas are one matrix product each, for all the cells of a frame at once. What is copied
# need not be a colour. Remember that for section 5.
#
# ## 3 · What is a colour, for a loss?
#
# Say that the network hesitates between a red cell and a green one, half and half.
#
# **Guess first:** copied as numbers $ab$, which colour comes out: `"red"`, `"green"`, `"neither"`?

# %%
my_guess = "red"

red, green = torch.tensor([65.0, 45.0]), torch.tensor([-60.0, 45.0])
mixed = (red + green) / 2
print(
    f"you said {my_guess!r}; half of {red.tolist()} and half of {green.tolist()} "
    f"is {mixed.tolist()}: neither"
)
lab = torch.stack([torch.cat([torch.tensor([60.0]), ab]) for ab in (red, mixed, green)])
plots.image_grid(
    color.lab_to_rgb(lab[:, :, None, None]).expand(-1, -1, 8, 8), ["red", "copied", "green"]
)

# %% [markdown]
# A mixture of numbers is a third colour, and a squared loss would *like* it. So colours are
# **quantised**: k-means finds 16 typical $ab$, and $c_i$ becomes a one-hot vector. Then $y_j$ is a
# *distribution* over the palette, half red and half green, and the loss is a cross-entropy:
#
# $$\mathcal{L} = -\frac1J \sum_j \log y_{j, c_j}$$

# %%
training = toy.make_clips(SIZES["train"], FRAMES, seed=1, **WORLD).images
palette = pointers.palette_of(
    training[:40].flatten(0, 1), 16, generator=torch.Generator().manual_seed(0)
)
labels = pointers.palette_labels(film[:1], palette, (24, 24))[0]
figures.palette_panel(film[0], palette, labels)

# %%
shares = torch.tensor([[[0.5, 0.1], [0.5, 0.7], [0.0, 0.2]]])  # 3 colours, 2 target cells
answers = torch.tensor([[0, 1]])
by_loop = -(math.log(0.5) + math.log(0.7)) / 2
print(
    f"loop {by_loop:.6f}   pointing_loss {pointers.pointing_loss(shares, answers).item():.6f} nats"
)

# %% [markdown]
# ## 4 · Learn to point
#
# The encoder is a small convolutional network that sees lightness only. A batch is a few pairs of
# frames, each of one film; the later one is to be coloured from the earlier. This is the whole
# training:


# %%
def new_encoder(seed):
    torch.manual_seed(seed)
    encoder = pointers.PointerEncoder(width=16, features=32, stride=4)
    settle_batch_statistics(encoder, training[:20].flatten(0, 1))
    return encoder


def pairs(dice):
    """Pairs of frames, one or two apart, of random training films."""
    while True:
        chosen = torch.randint(len(training), (SIZES["batch"],), generator=dice)
        gap = int(torch.randint(1, 3, (), generator=dice))
        end = torch.randint(gap, FRAMES, (SIZES["batch"],), generator=dice)
        yield torch.stack([training[chosen, end - gap], training[chosen, end]], dim=1)


# %%
def learn(seed):
    encoder, moments = new_encoder(seed), {}
    fast = steps.fast_precision(encoder)
    optimiser, schedule = steps.one_cycle([encoder], SIZES["steps"])
    step = steps.gradient_step(
        lambda clips: pointers.pointing_losses(fast, clips, palette), optimiser, schedule
    )
    keep = {round(SIZES["steps"] * share) for share in (0.1, 0.3, 1.0)}

    def watched():
        moments[0] = copy.deepcopy(encoder).eval()
        for record in fit(step, pairs(torch.Generator().manual_seed(seed)), steps=SIZES["steps"]):
            if record.step in keep:
                moments[record.step] = copy.deepcopy(encoder).eval()
            yield record

    return progress(watched()), moments


# %% [markdown]
# One training may be lucky, so there are several, with other starts and other batches. Pictures
# show the first; numbers are of all.

# %%
runs = [learn(seed) for seed in SEEDS]
learned = [moments for _, moments in runs]
trained, untrained = learned[0][SIZES["steps"]], learned[0][0]
plots.curves(runs[0][0], ["loss"], smooth=10, ylabel="colouring loss (nats)")

# %% [markdown]
# Does it colour? A film it never saw; each frame copies from frame 0 alone.


# %%
def coloured(encoder, frames):
    """Frames 1, 2 ... in the colours that they point to in frame 0."""
    with torch.no_grad():
        features = encoder(frames).flatten(start_dim=2)
    lab = color.rgb_to_lab(frames)
    chroma = F.adaptive_avg_pool2d(lab[:1, 1:], 24).flatten(start_dim=2).expand(len(frames), -1, -1)
    attention = pointers.pointer_attention(features[:1].expand_as(features), features)
    copied = pointers.copy_colours(attention, chroma).unflatten(2, (24, 24))
    copied = F.interpolate(copied, size=frames.shape[2:], mode="bilinear")
    return color.lab_to_rgb(torch.cat([lab[:, :1], copied], dim=1))


figures.frame_rows(
    {
        "given": torch.cat([film[:1], shared.grey(film[shown[1:]])]),
        "never trained": coloured(untrained, film[shown]),
        "trained": coloured(trained, film[shown]),
        "truth": film[shown],
    },
    titles=[f"frame {t}" for t in shown],
)

# %% [markdown]
# The right picture is not yet the right *reason*. How many cells of new films get their own colour
# of the palette, against copying from the same place?

# %%
pair = films.images[:, [0, 1]]
labels = pointers.palette_labels(pair.flatten(0, 1), palette, (24, 24)).view(len(pair), 2, -1)
print(f"same place     {(labels[:, 0] == labels[:, 1]).float().mean():.1%} of cells right")
for name, step in {"never trained": 0, "trained": SIZES["steps"]}.items():
    with torch.no_grad():
        right = [pointers.pointing_losses(m[step], pair, palette)["accuracy"] for m in learned]
    print(f"{name:14} {min(right):.1%} to {max(right):.1%}")

# %% [markdown]
# ### Where does it look?
#
# The ringed point of the quiz again. **Predict:** will the trained network look at one cell, at the
# whole thing, or at everything of the same grey?

# %%
from course_utils.lessons.video_colorization.instrument import PointerLab, pointing_map


def where(encoder):
    with torch.no_grad():
        before, after = encoder(film[[0, now]])
    return pointing_map(before, after, (int(asked[1]) // 4, int(asked[0]) // 4))


figures.attention_panel(
    film[0], film[now], asked, {"never trained": where(untrained), "trained": where(trained)}
)

# %%
for name, step in {"never trained": 0, "trained": SIZES["steps"]}.items():
    maps = torch.stack([where(moments[step]).flatten() for moments in learned])
    cells = (maps.sort(descending=True).values.cumsum(dim=1) < 0.9).sum(dim=1) + 1
    peak = maps.argmax(dim=1)
    place = 4.0 * torch.stack([peak % 24, peak // 24], dim=1) + 2.0
    miss = [f"{apart:.0f}" for apart in (place - truth).norm(dim=1)]
    print(
        f"{name:14} 90 % of A lie on {cells.tolist()} of {24 * 24} cells; peaks miss by {miss} px"
    )

# %% [markdown]
# Each list has one entry a training. The untrained network already sees light and dark, and so it
# finds a good many cells that look like the one in question. The trained one has learned which of
# its looks to trust.

# %%
finger = PointerLab({"trained": trained, "never trained": untrained}, films.images[:6])

# %% [markdown]
# Click or drag in the grey frame. The glow is one column of $A$, laid over the reference; the disc
# under your finger has the colour that is copied. Try the rim of a thing, its inside, the backdrop.
# Then the temperature: $A \propto \exp(f_i^\top f_j / T)$.
#
# ## 5 · Tracking emerges
#
# Now the trick of the slide. In $y_j = \sum_i A_{ij} c_i$ replace the colour by a **mask**: 1 on
# the object, 0 elsewhere. Give the mask of frame 0, point from frame 1 to 0, from 2 to 1 and 0, and
# so on: the mask travels. Nothing is trained for it. Four knobs remain:
#
# * `memory`: how many of the last frames may be pointed into, besides the first;
# * `radius`: how many cells a thing may move from one frame to the next;
# * `top`: only so many of the best cells are mixed;
# * `temperature`: below 1, the finger points more sharply than in training.

# %%
settings = tracking.TrackingSettings(memory=4, radius=3, top=9, temperature=0.5)
masks = films.instance == 0


def carried(encoder, k, settings=settings):
    with torch.no_grad():
        return tracking.propagate_mask(encoder(films.images[k]), masks[k, 0], settings)


found = {
    "truth": masks[0],
    "trained": carried(trained, 0),
    "random features": carried(untrained, 0),
    "identity": masks[0, :1].expand(FRAMES, -1, -1),
}
figures.mask_rows(
    film[shown], {name: m[shown] for name, m in found.items()}, [f"frame {t}" for t in shown]
)

# %% [markdown]
# How good is that? **Region similarity** $J$: the overlap of found and true mask, intersection over
# union. Against it three baselines:
#
# * **identity**: the mask of frame 0, left where it was, at the full resolution of the film;
# * **random features**: the same network, never trained;
# * **true flow**: the toy world knows where every point came from. Fetch the label there. What was
#   hidden in frame 0 has no label to fetch.
#
# **Predict:** who wins one frame after the given one, and who five frames after?


# %%
def similarity(encoder, settings=settings, films_to_try=SIZES["test"]):
    found = torch.stack([carried(encoder, k, settings) for k in range(films_to_try)])
    return tracking.region_similarity(found, masks[:films_to_try]).mean(dim=0)


def by_true_flow(k, matches):
    whole = tracking.one_hot_masks(masks[k, 0], (96, 96))
    flow, visible = (
        torch.stack([getattr(m, part)[k] for m in matches]) for part in ("flow", "visible")
    )
    return tracking.masks_from_maps(tracking.fetch_by_flow(whole, flow, visible), (96, 96))


matches = [flow_to_first(t) for t in range(1, FRAMES)]
flow_masks = torch.stack([by_true_flow(k, matches) for k in range(len(masks))])

# %% [markdown]
# The mean over all films, for each frame and each training (the band is their range):

# %%
J = {
    "trained": torch.stack([similarity(m[SIZES["steps"]]) for m in learned]),
    "random features": torch.stack([similarity(m[0]) for m in learned]),
    "identity": tracking.region_similarity(masks[:, :1].expand_as(masks), masks).mean(dim=0)[None],
    "true flow": tracking.region_similarity(flow_masks, masks).mean(dim=0)[None],
}
figures.distance_curves(J, "region similarity J (%)")

# %%
cells = torch.stack(
    [
        tracking.masks_from_maps(
            tracking.stay(tracking.one_hot_masks(m[0], (24, 24)), FRAMES), (96, 96)
        )
        for m in masks
    ]
)
same_cells = tracking.region_similarity(cells, masks).mean(dim=0)
print("worst seed minus ...   identity     same cells     random   (points of J)")
for t in range(1, FRAMES):
    worst = J["trained"][:, t].min()
    rest = [J["identity"][0, t], same_cells[t], J["random features"][:, t].max()]
    print(f"{t} frames later    " + "".join(f"{100 * (worst - other):+12.1f}   " for other in rest))

# %% [markdown]
# The network works on cells of 4 × 4 pixels, so even a perfect finger draws a slightly wrong
# outline; the second column gives identity the same handicap. The true flow is no upper bound: it
# only knows points that were visible in frame 0, while features may recognise the other side of a
# thing once the first cells of it have been labelled.
#
# ### Keypoints, by the same finger
#
# A keypoint becomes a small bump of heat, is carried like a mask, and read off at its peak. **PCK**
# is the share of visible keypoints found within a given distance of the truth, here 6 of 96 pixels.

# %%
points, seen = films.keypoint, films.keypoint_visible
seen = seen & seen[:, :1]  # a point that was hidden in frame 0 cannot be asked for
REACH = 6.0


def carried_points(encoder, k):
    with torch.no_grad():
        return tracking.propagate_points(encoder(films.images[k]), points[k, 0], 4.0, settings)


tracks = {"trained": carried_points(trained, 0), "identity": points[0, :1].expand(FRAMES, -1, -1)}
figures.point_rows(
    film[shown], points[0, shown], seen[0, shown], {n: p[shown] for n, p in tracks.items()}, REACH
)


# %%
def pck_curve(found):
    return torch.tensor(
        [tracking.pck(found[:, t], points[:, t], seen[:, t], REACH) for t in range(FRAMES)]
    )


def points_of(encoder):
    return torch.stack([carried_points(encoder, k) for k in range(len(points))])


PCK = {
    "trained": torch.stack([pck_curve(points_of(m[SIZES["steps"]])) for m in learned]),
    "random features": torch.stack([pck_curve(points_of(m[0])) for m in learned]),
    "identity": pck_curve(points[:, :1].expand_as(points))[None],
}
figures.distance_curves(PCK, f"keypoints within {REACH:.0f} pixels (%)")

# %% [markdown]
# The band widens towards the end because few of the points of frame 0 are still in sight there.
#
# ### While it learns to colour
#
# Snapshots were kept along the way. **Predict:** does tracking improve steadily with the colouring
# loss, or does it come late?

# %%
few = min(8, SIZES["test"])


@torch.no_grad()
def colour_loss(encoder):
    return float(pointers.pointing_losses(encoder, films.images[:few, [2, 4]], palette)["loss"])


at = sorted(learned[0])
J_at = torch.stack(
    [torch.stack([similarity(m[t], films_to_try=few)[1:].mean() for t in at]) for m in learned]
)
loss_at = torch.tensor([[colour_loss(m[t]) for t in at] for m in learned])
stays = masks[:few, :1].expand_as(masks[:few])
still = tracking.region_similarity(stays, masks[:few])[:, 1:].mean()
figures.emergence_curve(at, J_at, still.item(), loss_at)

# %% [markdown]
# No mask and no keypoint was ever shown to it. The only signal was colour, and the only way to get
# that right was to find things again.
#
# ## 6 · Failure museum
#
# **Guess first:** which of these breaks the tracking most: a `"hot"` softmax (temperature 20),
# `"no window"`, pointing anywhere in every frame, or `"no chain"`, pointing into frame 0 alone?

# %%
my_guess = "no chain"


def straight(encoder, k):
    """The mask of frame 0, copied to each frame directly."""
    frames = films.images[k]
    hops = [frames[[0, t]] for t in range(1, FRAMES)]
    free = settings._replace(radius=None)
    with torch.no_grad():
        later = [tracking.propagate_mask(encoder(hop), masks[k, 0], free)[1] for hop in hops]
    return torch.stack([masks[k, 0], *later])


ways = {
    "as above": lambda encoder, k: carried(encoder, k),
    "hot": lambda encoder, k: carried(encoder, k, settings._replace(temperature=20.0, top=576)),
    "no window": lambda encoder, k: carried(encoder, k, settings._replace(radius=None)),
    "no chain": straight,
}

# %%
broken = {}
for name, way in ways.items():
    found = [[way(m[SIZES["steps"]], k) for k in range(few)] for m in learned]
    each = torch.stack([tracking.region_similarity(torch.stack(f), masks[:few]) for f in found])
    broken[name] = each[:, :, 1:].mean(dim=(1, 2))
    print(f"{name:10} J by seed: {[f'{value:.1%}' for value in broken[name].tolist()]}")
scores = {name: values.mean().item() for name, values in broken.items()}
print(f"you said {my_guess!r}; it is {min(scores, key=scores.get)!r}")
figures.repair_bars(scores, "as above", "the same networks, four ways to use them")

# %% [markdown]
# * **Too hot**: $A$ becomes nearly uniform, every cell copies the average of all it may point to,
#   and the object dissolves. The repair: a small temperature, and only the best few cells mixed.
# * **No window**: somewhere far away there is always something that looks alike. Things do not
#   jump, so only nearby cells of the last frames may be pointed at.
# * **No chain**: after some frames a thing looks different from what it was, and no place of frame
#   0 resembles it any more. From one frame to the next it hardly changes.
#
# The last two cost only a little here: six frames are a short film, and two things do not offer
# many places to mistake for each other. In long films they are what a tracker dies of.
#
# ### What colour cannot teach
#
# Two things of one grey and one colour: nothing in the loss says that they are different. And what
# is hidden has no place to be copied from. Which film is the hardest, on average over trainings?

# %%
each = torch.stack(
    [
        torch.stack(
            [
                tracking.region_similarity(carried(m[SIZES["steps"]], k), masks[k])
                for k in range(len(masks))
            ]
        )
        for m in learned
    ]
)
by_film = each[:, :, 1:].mean(dim=(0, 2))
worst, best = int(by_film.argmin()), int(by_film.argmax())
found = {"truth": masks[worst], "trained": carried(trained, worst)}
figures.mask_rows(
    films.images[worst, shown],
    {n: m[shown] for n, m in found.items()},
    [f"frame {t}" for t in shown],
)


# %%
def contrast(k):
    """How far the object's mean lightness and colour are from those of what is around it."""
    lab = color.rgb_to_lab(films.images[k, :1])[0]
    apart = (lab[:, masks[k, 0]].mean(dim=1) - lab[:, ~masks[k, 0]].mean(dim=1)).abs()
    return apart[0].item(), apart[1:].norm().item()


for name, k in {"hardest film": worst, "easiest film": best}.items():
    grey_gap, colour_gap = contrast(k)
    size = masks[k].float().mean(dim=(1, 2))
    print(
        f"{name}: J {by_film[k]:.0%}; object against the rest: {grey_gap:.0f} in lightness, "
        f"{colour_gap:.0f} in colour; it covers {size[0]:.1%} of the first frame and "
        f"{size[-1]:.1%} of the last"
    )

# %% [markdown]
# ## What to take away
#
# * The network never paints. It points, and what it points with are features that find things
#   again.
# * Columns of $A$ sum to 1; what is copied can be a colour, a mask or a keypoint.
# * Quantised colours, because half red and half green is not brown.
# * Tracking was never trained. It is what the pretext task *needs*, and that is what makes it a
#   good one.
#
# **Try it.** Train on `backdrop="outdoors"`, where grass is green everywhere: is tracking as good?
# Or set `camera_speed=0`: a film in which most things stay where they are teaches to point straight
# back. And `benchmarks/tracking.py` does the same on a real film, if you have one with masks.
