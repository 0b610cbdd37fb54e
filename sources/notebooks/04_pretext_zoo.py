# %% [markdown]
# # 4 · The pretext zoo
#
# **What you will see.** Three more ways to make labels out of nothing: where does a patch belong,
# how does a puzzle go together, what is behind the hole. You solve them yourself, against the
# network; you cheat at them, and stop the cheating. Then one table: every pretext task against
# every thing one might want to know. And last the same idea on text and on sound.
#
# **Slides.** *Self-supervised pretext tasks* · *Pretext task: predict relative patch locations*
# (with its two questions) · *Summary: pretext tasks from image transformations* · *Broader picture*
#
# **Time.** About 2 minutes on 2 cores (the first run also renders the pictures).
#
# Before each reveal there is a guess to make. Change it, then run: a wrong guess teaches most.

# %%
from course_utils import scale
from course_utils.lessons import shared

SCALE = scale("laptop")  # "laptop", "gpu" or "test": changes sizes only

import torch
from torch import nn
from torch.nn import functional as F

from course_utils import live, plots
from course_utils.core import devices, encoders, steps
from course_utils.core.training import Minibatches, fit, progress
from course_utils.data import toy
from course_utils.lessons.pretext_zoo import figures
from course_utils.selfsup import jigsaw, patches, pretext, probe, sequence, shortcuts, views

# %%
plots.use_style()
devices.use_threads(1)  # networks this small gain nothing from a second core
PICTURES, CROWDS, TEST, SEEDS = {
    "laptop": (3000, 1500, 1000, 3),
    "gpu": (10_000, 5000, 2000, 5),
    "test": (150, 100, 100, 1),
}[SCALE]
STEPS, ZOO_STEPS, TEXT_STEPS, SOUND_STEPS = {
    "laptop": (200, 300, 250, 500),
    "gpu": (2000, 2000, 2000, 3000),
    "test": (2, 2, 3, 3),
}[SCALE]


def render(what, count, seed, **options):
    def tell(done, total):
        print(f"\r{what}: {done:,} of {total:,} pictures rendered", end="")

    return toy.make_images(count, seed=seed, progress=tell, **options)


# %% [markdown]
# Two pictures from the toy world, and what one can ask about them:

# %%
landscapes = render("landscapes", TEST, seed=3, backdrop="outdoors", size=40)
# The first hundred once more, three times as sharp: for your eyes, not for the network.
sharp = render("sharp landscapes", 100, seed=3, backdrop="outdoors", size=120).images
dice = torch.Generator().manual_seed(12)
example = sharp[[4, 1]]
pair = patches.relative_patch_pairs(example, side=30, gap=9, jitter=6, generator=dice)
orders = torch.stack([torch.randperm(9, generator=dice) for _ in example])
figures.pretext_gallery(
    example,
    (pair.centre_corners, pair.neighbour_corners),
    30,
    jigsaw.shuffle_tiles(jigsaw.cut_tiles(example, 3, 30, dice), orders),
    pretext.erase(example, pretext.central_mask(120, 120, 0.4)),
)

# %% [markdown]
# Three questions, and each answer is already in the picture: **no one had to label anything**.
#
# ## 1 · Relative patch location
#
# Cut two patches out of a picture. Where does B lie, seen from A? There are eight places, so it is
# an eight-way classification. The lecture asks you two questions of this kind. Here are two from
# the toy world. Which place, 1 to 8?

# %%
PATCH = {"side": 10, "gap": 3, "jitter": 2}  # in pixels of the network's pictures, 40 x 40
asked = patches.relative_patch_pairs(
    landscapes.images[:100], **PATCH, generator=torch.Generator().manual_seed(12)
)
contrast = asked.neighbours.std(dim=(2, 3)).mean(dim=1)
busy = contrast.argsort(descending=True)[:24]  # no patches of plain grass
quiz, quiz_pictures = patches.PatchPairs(*(part[busy] for part in asked)), sharp[busy]
sharp_quiz = quiz._replace(
    centres=patches.extract_patches(quiz_pictures, 3 * quiz.centre_corners, 30),
    neighbours=patches.extract_patches(quiz_pictures, 3 * quiz.neighbour_corners, 30),
)
figures.patch_question(sharp_quiz.centres[0], sharp_quiz.neighbours[0])

# %%
figures.patch_question(sharp_quiz.centres[1], sharp_quiz.neighbours[1])

# %% [markdown]
# **Your answers** to the two questions, then run:

# %%
my_answers = [1, 1]
for number, answer in enumerate(my_answers):
    right = int(quiz.labels[number]) + 1
    verdict = "right!" if answer == right else "not this time"
    print(f"question {number + 1}: you said {answer}, it is {right}: {verdict}")

# %% [markdown]
# To answer you had to know what the thing *is*: a lamp has its foot below, a plane its tail behind.
# You did not compare pixels. **That is why the task teaches**, and why everything below is about
# keeping the network from answering in some cheaper way.
#
# ### By hand, then for a batch
#
# Label $k$ moves the corner of the second patch by one step (one patch and the gap); a random
# jitter of up to two pixels comes on top.

# %%
side, gap = 10, 3
for label, (down, right) in enumerate(patches.NEIGHBOUR_STEPS):
    print(f"label {label}: {down * (side + gap):+d} rows, {right * (side + gap):+d} columns")

# %%
labels = torch.arange(8)
start, still = torch.full((8, 2), 15), torch.zeros(8, 2, dtype=torch.long)
corners = patches.neighbour_corners(start, labels, side, gap, still)
by_loop = [
    [15 + down * (side + gap), 15 + right * (side + gap)] for down, right in patches.NEIGHBOUR_STEPS
]
print("the batch is the loop:", torch.equal(corners, torch.tensor(by_loop)))

# %% [markdown]
# ### How to cheat: lines that run on
#
# Here is a cheater who knows nothing of objects. He lays the second patch above, left, right and
# below the first, and takes the side where the facing edge pixels fit best.
#
# **Guess first:** asked only about these four places (pure guessing: one in four), how often is he
# right when the patches touch? And with a gap of 3 pixels and a jitter of 2?

# %%
my_guess = {"touching": 0.5, "gap and jitter": 0.5}


def border_cheater(images, gap, jitter, side=10):
    """Share of the straight places (above, left, right, below) that edges alone give away."""
    pairs = patches.relative_patch_pairs(
        images, side, gap, jitter, torch.Generator().manual_seed(0)
    )
    straight = torch.isin(pairs.labels, torch.tensor(shortcuts.STRAIGHT_LABELS))
    guess = shortcuts.border_guess(pairs.centres, pairs.neighbours)
    return (guess == pairs.labels)[straight].float().mean().item()


wallpaper = render("wallpapers", TEST, seed=4, backdrop="pattern", size=40)
worlds = {"outdoors": landscapes.images, "before wallpaper": wallpaper.images}
for name, images in worlds.items():
    print(
        f"{name:17} touching {border_cheater(images, 0, 0):.0%} "
        f"(you: {my_guess['touching']:.0%}), gap and jitter "
        f"{border_cheater(images, 3, 2):.0%} (you: {my_guess['gap and jitter']:.0%})"
    )


# %%
def cheat_against_gap(gaps=(0, 1, 2, 3, 4, 6)):
    fig, ax = plots.figure(8, 3.6)
    for (name, images), colour in zip(worlds.items(), (plots.GOOD, plots.REAL), strict=True):
        right = [100 * border_cheater(images, g, min(g, 2), side=8) for g in gaps]
        ax.plot(gaps, right, marker="o", color=colour, label=name)
    ax.axhline(25, color=plots.MUTED, linestyle=":")
    ax.annotate("guessing", (gaps[0], 27), color=plots.MUTED)
    ax.set(xlabel="gap in pixels (and a jitter of up to 2)", ylabel="cheater right, %")
    ax.set(ylim=(0, 100))
    ax.legend()
    return fig


cheat_against_gap()

# %% [markdown]
# Patches that touch give themselves away. Every pixel of gap takes some of it, and never quite
# all: that neighbouring things have similar colours is true of the world. (The patches are a
# little smaller in this figure, to make room for the widest gap.)
#
# ### How to cheat: the lens
#
# Doersch et al. found a stranger one: their networks could tell *where in the picture* a patch had
# been cut. It was the lens. It bends the colours differently, so fringes grow with the distance
# from the middle, and two such places give the answer away. They propose two repairs:
#
# * **project**: remove the green–magenta part of every colour;
# * **drop**: keep one random channel, and make faint noise of the other two.
#
# The toy camera has no lens. Let us put one on: either one that parts red from blue, or one that
# bends green away from both. The pictures are grey first, so that all colour comes from the lens.
#
# **Guess first:** which repair helps against which lens?

# %%
grey = landscapes.images.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
LENSES = {"red-blue lens": shortcuts.RED_BLUE_LENS, "green lens": shortcuts.GREEN_LENS}
cameras = {"no lens": grey} | {
    name: shortcuts.chromatic_aberration(grey, 0.06, bends) for name, bends in LENSES.items()
}
REPAIRS = {
    "as it is": lambda patch: patch,
    "project": shortcuts.project_colours,
    "drop": lambda patch: shortcuts.drop_channels(patch, torch.Generator().manual_seed(1)),
}
shown = sharp[49:50].mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
seen = [shown] + [shortcuts.chromatic_aberration(shown, 0.06, b) for b in LENSES.values()]
plots.image_grid(
    torch.cat([*seen, *(REPAIRS[name](seen[2]) for name in ("project", "drop"))]),
    labels=[*cameras, "green lens, project", "green lens, drop"],
    picture_inches=2.1,
)

# %% [markdown]
# Now a cheater who only measures fringes. A channel that is shifted by $d$ differs from the others
# by about $d \cdot \nabla I$, so he finds $d$ by least squares, and then guesses from $d$ alone, by
# a linear rule, where in the picture the patch was cut. What share of that place (its variance)
# can he explain?


# %%
def lens_cheater(images, repair):
    """R squared of a patch's place in the picture, from its colour fringes alone."""
    dice = torch.Generator().manual_seed(0)
    pairs = patches.relative_patch_pairs(images, **PATCH, generator=dice)
    shift = shortcuts.colour_fringes(repair(pairs.neighbours))
    place, half = pairs.neighbour_corners.float(), len(images) // 2
    known, new = (shift[:half], place[:half]), (shift[half:], place[half:])
    return probe.regression_probe(known, new, penalties=(1e-3,)).score


print(" " * 15 + "".join(f"{name:>12}" for name in REPAIRS))
for camera, images in cameras.items():
    told = [max(0.0, lens_cheater(images, repair)) for repair in REPAIRS.values()]
    print(f"{camera:15}" + "".join(f"{share:12.0%}" for share in told))

# %% [markdown]
# Projecting is made for the green lens and leaves nothing of it; against a lens that parts red from
# blue it does nothing, for that shift lies at right angles to the axis it removes. **Know your
# shortcut.** Dropping channels leaves nothing to compare, whatever the lens: and costs the network
# its colour vision.
#
# ### Train it
#
# Both patches go through **the same** encoder and meet only at the top, so the encoder must say in
# 64 numbers what is on a patch. One loop serves every task of this notebook; what differs is the
# loss.


# %%
def train(network, losses, examples, steps_to_go, batch=64, seed=0, rate=2e-3):
    """Trains a network on what `losses(network, batch, dice)` asks of it."""
    dice = torch.Generator().manual_seed(seed)
    optimiser, schedule = steps.one_cycle([network], steps_to_go, rate)
    step = steps.gradient_step(lambda batch: losses(network, batch, dice), optimiser, schedule)
    records = progress(fit(step, Minibatches(examples, batch, dice), steps=steps_to_go))
    return network.eval(), records


def graded(logits, labels):
    return {"loss": F.cross_entropy(logits, labels), "accuracy": probe.accuracy(logits, labels)}


# %%
def patch_losses(network, images, dice, side=10, gap=3, jitter=2):
    pairs = patches.relative_patch_pairs(images, side, gap, jitter, dice)
    return graded(network(torch.stack([pairs.centres, pairs.neighbours], dim=1)), pairs.labels)


def new_patch_network():
    return patches.PartsNetwork(encoders.ConvEncoder(16), parts=2, classes=8)


landscape_train = render("landscapes", PICTURES, seed=5, backdrop="outdoors", size=40)
torch.manual_seed(0)
patch_network, records = train(
    new_patch_network(), patch_losses, landscape_train.images, 2 * STEPS, batch=128
)
plots.curves(records, ["accuracy"], smooth=20, ylabel="places told right (guessing: 1/8)")

# %% [markdown]
# And your two questions, as the network answers them. It saw each patch as 10 × 10 pixels:

# %%
with torch.no_grad():
    both = torch.stack([quiz.centres, quiz.neighbours], dim=1)
    chances = torch.softmax(patch_network(both), dim=1)


def answered(k):
    question = sharp_quiz.centres[k], sharp_quiz.neighbours[k]
    return figures.patch_question(*question, chances[k], int(quiz.labels[k]), quiz_pictures[k])


answered(0)

# %%
answered(1)

# %% [markdown]
# The bluer a place, the surer the network; the green frame is the truth. Now play all 24 questions
# against it: **click the place** where the patch belongs.

# %%
from course_utils.lessons.pretext_zoo.instrument import JigsawGame, PatchQuiz

game = PatchQuiz(sharp_quiz, quiz_pictures, chances)

# %% [markdown]
# Where did you win, where did the network? And when it is wrong, how far is it off: is the right
# place next to the one it chose?
#
# ## 2 · Jigsaw
#
# Nine tiles, shuffled; which of the permutations was it? There are $9! = 362\,880$, far too many
# classes, and many of them differ in two tiles only: with two pieces of sky, who could tell? So
# take a few that are **far apart in Hamming distance** (in how many places two orders differ).
#
# **Guess first:** in how many of 9 places do two *random* orders differ on average?

# %%
my_guess = 6.0
permutations = jigsaw.permutation_set(24, tiles=9, generator=torch.Generator().manual_seed(0))
dice = torch.Generator().manual_seed(1)
random_orders = torch.stack([torch.randperm(9, generator=dice) for _ in range(24)])
for name, orders in {"24 random orders": random_orders, "24 chosen greedily": permutations}.items():
    distance = jigsaw.hamming_distances(orders)
    distance = distance[~torch.eye(24, dtype=torch.bool)].float()
    print(f"{name:20} mean distance {distance.mean():.2f}, smallest {int(distance.min())}")
print(f"you said {my_guess} for random ones")

# %% [markdown]
# Random orders differ in $9 - 1 = 8$ places on average, since each of the 9 agrees with chance 1/9.
# So the *mean* is hardly worth choosing for. The **smallest** distance is: no two of the chosen
# orders are nearly the same puzzle.
#
# Each tile is cut at a random place inside its cell (a gap, for the same reason as above), and
# brought to mean 0 and deviation 1, lest neighbours be found by their brightness.


# %%
def jigsaw_losses(network, images, dice, side=10):
    which = torch.randint(len(permutations), (len(images),), generator=dice)
    tiles = jigsaw.cut_tiles(images, 3, side, dice)
    puzzle = jigsaw.shuffle_tiles(jigsaw.standardise_tiles(tiles), permutations[which])
    return graded(network(puzzle), which)


def new_jigsaw_network():
    return patches.PartsNetwork(encoders.ConvEncoder(16), parts=9, classes=len(permutations))


torch.manual_seed(0)
jigsaw_network, records = train(new_jigsaw_network(), jigsaw_losses, landscape_train.images, STEPS)
plots.curves(records, ["accuracy"], smooth=20, ylabel="puzzles solved (guessing: 1/24)")


# %%
@torch.no_grad()
def judge(sharp_puzzle):
    """The network's logits for shuffled tiles, which it sees with a third of the pixels."""
    small = F.avg_pool2d(sharp_puzzle.flatten(0, 2), 3).view(*sharp_puzzle.shape[:3], 10, 10)
    return jigsaw_network(jigsaw.standardise_tiles(small))


tiles = jigsaw.cut_tiles(sharp[10:16], 3, 30, torch.Generator().manual_seed(2))
puzzle = jigsaw.shuffle_tiles(tiles, permutations[torch.arange(6) * 4])
believed = permutations[judge(puzzle).argmax(dim=1)]
laid = jigsaw.shuffle_tiles(puzzle, believed.argsort(dim=1))
rows = {"puzzle": puzzle, "laid by\nthe network": laid, "truth": tiles}
shared.completion_rows({name: jigsaw.assemble_tiles(part, 3) for name, part in rows.items()})

# %% [markdown]
# Now you. **Click two pieces to swap them**, until the picture is whole. Or let the network lay it:
# it does so in one go, but knows only its 24 orders, and would be lost at a 25th.

# %%
puzzle_game = JigsawGame(
    judge,
    jigsaw.cut_tiles(sharp, 3, 30, torch.Generator().manual_seed(3)),
    permutations,
    torch.Generator().manual_seed(5),
)

# %% [markdown]
# How did you begin? Most people lay the sky on top and the ground below. The network can do the
# same: outdoors, a good part of this puzzle needs no objects at all. Remember that for section 4.
#
# ## 3 · Image completion
#
# Cut a hole, ask for what was there. The label is the picture itself, the loss the squared error
# **inside the hole only**. In the middle of this *context encoder* the picture has to pass through
# a narrow place: 64 maps of 5 × 5 cells.
#
# **Guess first:** will the filling be sharp?


# %%
def completion_losses(network, images, dice, side=16):
    missing = pretext.block_masks(len(images), images.shape[2:], side, blocks=1, generator=dice)
    fast = steps.fast_precision(network)  # the same network, in bfloat16 where that is faster
    filled = fast(pretext.erase(images, missing))
    return {"loss": pretext.completion_loss(filled, images, missing)}


torch.manual_seed(0)
context_encoder, records = train(
    pretext.ContextEncoder(16), completion_losses, landscape_train.images, STEPS, batch=32
)
plots.curves(records, smooth=20, ylabel="squared error in the hole")

# %%
missing = pretext.central_mask(40, 40, 0.4)
truth = landscapes.images[20:28]
erased = pretext.erase(truth, missing)
with torch.no_grad():
    predicted = context_encoder(erased)
shared.completion_rows(
    {"seen": erased, "completed": pretext.complete(predicted, truth, missing), "truth": truth}
)

# %% [markdown]
# Colours and large shapes come out, edges do not: where several fillings are possible the squared
# error is smallest for their *mean*. That is the dollar bill drawn from memory on the slide, and
# the lecture's point: **to generate every pixel is often unnecessary** for good features. Against
# the simplest completions, on all new pictures:

# %%
everything = landscapes.images
mean_seen = (everything * ~missing).sum(dim=(2, 3), keepdim=True) / (~missing).sum()
with torch.no_grad():
    by_network = torch.cat(
        [context_encoder(pretext.erase(part, missing)) for part in everything.split(250)]
    )
fillings = {
    "grey": torch.full_like(everything, 0.5),
    "mean of what is seen": mean_seen.expand_as(everything),
    "context encoder": by_network,
}
for name, filling in fillings.items():
    error = pretext.completion_loss(filling, everything, missing)
    print(f"{name:22} squared error in the hole {error:.4f}")

# %% [markdown]
# ### What do its features know?
#
# Take the encoder out, show it whole pictures, and ask for each picture which other one it finds
# most alike. **Guess first:** will the neighbours be things of the same *kind*, or pictures of the
# same *colours*?


# %%
def neighbours(encoder, count):
    """For each new picture the most similar others, by the cosine of their features."""
    encoders.settle_batch_statistics(encoder, everything[:500])
    features = encoders.features_of(encoder, everything, layer=3, pool=2)
    features = F.normalize(probe.fit_standardiser(features)(features))
    return (features @ features.T).fill_diagonal_(-1).topk(count, dim=1).indices


torch.manual_seed(0)
alike = neighbours(context_encoder.encoder, 6)
others = {"never trained": neighbours(encoders.ConvEncoder(16), 6), "completion": alike}
for name, near in others.items():
    for what, label in {"kind": landscapes.label, "colour": landscapes.colour}.items():
        share = (label[near] == label[:, None]).float().mean()
        print(f"{name:14} the 6 nearest share the {what:7} {share:.0%}")
rows = torch.tensor([[k, *alike[k].tolist()] for k in (0, 5, 10)]).flatten()
labels = [toy.KINDS[int(k)] for k in landscapes.label[rows]]
labels[::7] = [f"asked: {name}" for name in labels[::7]]
plots.image_grid(everything[rows], labels, columns=7, picture_inches=1.4)

# %% [markdown]
# Look along a row: the same ground, the same light, similar colours, often the right kind. It is
# tempting to praise the task for that. But see what is printed for the network that was *never
# trained*: pictures that are alike stay alike under any fixed function. What training on holes has
# added is the difference, and no more. And two questions to one network are a thin test. Hence:
#
# ## 4 · Every pretext task × every downstream task
#
# So which pretext task is the best? The lecture: the features are **tied to their task**. Let us
# see it. Single objects before wallpaper, so that nothing but the object helps; and not in the
# middle. Of the frozen features we ask its **kind**, its **pose** (from which side it is seen), its
# **colour**, its **place** in the picture; and, on other pictures, the **count** of objects.

# %%
total = PICTURES + TEST
large = render("single objects", total, seed=6, backdrop="pattern", size=40, zoom=0.85)
many = CROWDS + TEST
crowds = render("crowds", many, seed=7, backdrop="pattern", size=32, objects=(1, 4), zoom=1.1)
corners = torch.randint(0, 9, (total, 2), generator=torch.Generator().manual_seed(0))
singles = patches.extract_patches(large.images, corners, 32)
plots.image_grid(
    torch.cat([singles[:8], crowds.images[:8]]),
    columns=8,
    labels=[toy.KINDS[int(k)] for k in large.label[:8]]
    + [f"{int(c)} objects" if c > 1 else "1 object" for c in crowds.count[:8]],
    picture_inches=1.3,
)

# %% [markdown]
# **Guess first:** which pretext task will know most about the pose? Which about the colour? Which
# about the place? (Rotation is the task of notebook 03.)

# %%
my_guess = {"pose": "jigsaw", "colour": "rotation", "place": "patch location"}


def rotation_losses(network, images, dice):
    turned, turns = pretext.rotate_batch(views.random_views(images, views.GEOMETRY_ONLY, dice))
    return graded(steps.fast_precision(network)(turned), turns)


def with_side(losses, **options):
    return lambda network, images, dice: losses(network, images, dice, **options)


ZOO = {  # pretext task: (network, losses, pictures in a batch)
    "rotation": (lambda: encoders.Classifier(encoders.ConvEncoder(16), 4), rotation_losses, 16),
    "patch location": (new_patch_network, with_side(patch_losses, side=8, gap=2, jitter=1), 128),
    "jigsaw": (new_jigsaw_network, with_side(jigsaw_losses, side=8), 48),
    "completion": (lambda: pretext.ContextEncoder(16), with_side(completion_losses, side=12), 24),
}


# %%
def encoder_of(task, seed):
    """The encoder that a pretext task leaves behind, or one that was never trained."""
    torch.manual_seed(seed)
    encoder = encoders.ConvEncoder(16)
    if task in ZOO:
        build, losses, batch = ZOO[task]
        train_on = singles[:PICTURES]
        network, records = train(build(), losses, train_on, ZOO_STEPS, batch, seed)
        encoder, solved[task] = network.encoder, records[-20:]
    # Patches and pictures with holes have other statistics than the pictures the probe sees.
    encoders.settle_batch_statistics(encoder, singles[:1000])
    return encoder


solved = {}
tasks = ["never trained", *ZOO]
zoo = {task: [encoder_of(task, seed) for seed in range(SEEDS)] for task in tasks}
for task, last in solved.items():
    if "accuracy" in last[-1].values:
        share = sum(record.values["accuracy"] for record in last) / len(last)
        print(f"{task:15} solves its own task in {share:.0%} of the cases")

# %% [markdown]
# As in the lecture, we do not care how well a network solves its own task, but what its features
# know. Each probe is linear, on the same layer of each encoder (the last
# block, 2 × 2 cells). Place is regressed ($R^2$, the share of the variance that is explained), all
# else is classified. Pose is one of four: do we see its front, its left, its back or its right? It
# is asked only of things that have a front.

# %%
WITH_FRONT = [toy.KINDS.index(k) for k in ("car", "duck", "aeroplane", "boat", "chair", "house")]
has_front = torch.isin(large.label, torch.tensor(WITH_FRONT))
shown_side = ((large.view / (torch.pi / 2)).round() % 4).long()  # front, left, back, right


def known(features, target, classes, count, asked=None):
    """Score on the rows from `count` on of a linear probe fitted on those before."""
    keep = torch.ones(len(target), dtype=torch.bool) if asked is None else asked
    old, new = keep.nonzero()[:, 0].split([int(keep[:count].sum()), int(keep[count:].sum())])
    data = (features[old], target[old]), (features[new], target[new])
    if classes is None:
        return probe.regression_probe(*data, penalties=(1e-2,)).score
    return probe.linear_probe(*data, classes, penalties=(1e-2,)).score


# %%
def everything_known(encoder, layer=3, pool=2):
    one, several = (
        encoders.features_of(encoder, images, layer, pool) for images in (singles, crowds.images)
    )
    n, m = PICTURES, CROWDS
    return [
        known(one, large.label, len(toy.KINDS), n),
        known(one, shown_side, 4, n, has_front),
        known(one, large.colour, len(toy.COLOURS), n),
        known(one, (4 - corners).float(), None, n),
        known(several, crowds.count - 1, 4, m),
    ]


columns = ["kind", "pose", "colour", "place", "count"]
results = torch.tensor([[everything_known(encoder) for encoder in zoo[task]] for task in tasks])
mean, spread = results.mean(dim=1), (results.amax(dim=1) - results.amin(dim=1)) / 2
shared.score_table(
    mean,
    tasks,
    columns,
    reference=mean[:1],
    spread=spread,
    title="what a linear probe reads, in points of 100",
)

# %% [markdown]
# Blue is better than the network that was never trained, orange is worse; the best of a column is
# bold; ± is half the range over the seeds. The winners, with their worst seed:

# %%
gain = results - results[:1].mean(dim=1, keepdim=True)
for column, name in enumerate(columns):
    best = int(mean[1:, column].argmax()) + 1
    mine, worst = gain[best, :, column].mean(), gain[best, :, column].min()
    said = f"   (you said {my_guess[name]})" if name in my_guess else ""
    print(
        f"{name:7} best: {tasks[best]:15} {100 * mine:+5.1f} points over never trained, "
        f"worst seed {100 * worst:+5.1f}{said}"
    )

# %% [markdown]
# Read the rows, not only the winners. A task keeps what it needs and drops the rest; where a cell
# is orange, training made the features *worse* for that question than chance had made them. "Better
# than an untrained network, at the same layer" is the honest claim, column by column; "good
# features" without a question is not a claim at all. This is the lecture's worry: *learned
# representations may be tied to a specific pretext task*. It goes on to contrastive learning, whose
# task is less particular (notebooks 07 to 09).
#
# ## 5 · The broader picture: text
#
# Take a text, hide the next letter, ask for it. The label is free again: it is the text. GPT-3 is
# this, with 175 billion numbers. Ours has 100 thousand and reads about the toy world.

# %%
KIND = ("house", "tree", "car", "chair", "duck", "lamp", "boat")
COLOUR = ("red", "green", "blue", "yellow", "pink")
PLACE = ("behind", "beside", "left of", "in front of")


def tell(dice):
    """One little story and what it is about: (text, kind, colour)."""

    def draw(n):
        return int(torch.randint(n, (1,), generator=dice))

    kind, colour = draw(len(KIND)), draw(len(COLOUR))
    text = f"a {COLOUR[colour]} {KIND[kind]} stands {PLACE[draw(4)]} a {KIND[draw(7)]}. "
    return text + f"the {KIND[kind]} is {COLOUR[colour]}. ", kind, colour


dice = torch.Generator().manual_seed(0)
stories = [story for story, _, _ in (tell(dice) for _ in range(4000))]
text, lengths = "".join(stories), torch.tensor([len(story) for story in stories])
alphabet = sequence.Alphabet(text)
print(f"{len(text):,} characters, {len(alphabet)} different ones:\n{text[:220]}...")

# %% [markdown]
# The loss by hand, on four letters and an alphabet of three, then the function of the package. It
# is the cross-entropy of a classifier, as in every task above; the class is the next letter.

# %%
logits = torch.randn(1, 4, 3, generator=torch.Generator().manual_seed(0))
tokens = torch.tensor([[0, 2, 1, 1]])
by_hand = 0.0
for t in range(3):  # the last letter has no next one
    by_hand -= torch.log_softmax(logits[0, t], dim=0)[tokens[0, t + 1]] / 3
print(f"{by_hand:.6f} = {sequence.next_token_loss(logits, tokens):.6f}")

# %% [markdown]
# **Guess first:** before training, what is the loss (in nats a letter), if all letters are equally
# likely? And which letters can *never* be predicted well, however long we train?


# %%
def next_losses(model, windows, dice):
    return {"loss": sequence.next_token_loss(model(windows), windows)}


CONTEXT = 72  # letters: one story, and how the next begins
begins = lengths.cumsum(0)[:-3]
windows = alphabet.encode(text)[begins[:, None] + torch.arange(CONTEXT)]
torch.manual_seed(0)
model, deaf_model = (
    sequence.CausalTransformer(len(alphabet), width=64, heads=4, layers=2, context=CONTEXT).eval()
    for _ in range(2)
)
print(f"log {len(alphabet)} = {torch.log(torch.tensor(float(len(alphabet)))):.2f} nats")
model, records = train(model.train(), next_losses, windows, TEXT_STEPS, batch=32, rate=3e-3)
plots.curves(records, smooth=10, ylabel="nats per letter")

# %% [markdown]
# Now a story that the model has not read. Each letter is shaded by how little the model expected
# it:

# %%
fresh = [tell(dice) for _ in range(600)]


@torch.no_grad()
def surprise(tokens):
    """Nats of each token but the first, which nothing comes before: (n, time), first column 0."""
    said = torch.log_softmax(model(tokens), dim=-1)[:, :-1]
    return F.pad(-said.gather(2, tokens[:, 1:, None])[..., 0], (1, 0))


story = fresh[0][0].strip()
figures.surprise_text(story, surprise(alphabet.encode(story)[None])[0])

# %% [markdown]
# White letters were expected, orange ones a surprise. Surprise sits where the story makes a
# *choice*: the first letter of a colour, of a kind, of a place. No training can remove it. In the
# second sentence there is no choice left, for one who remembers the first. Does the model? Over
# all new stories, at the first letter of each word:

# %%
tokens = torch.stack([alphabet.encode(story.ljust(CONTEXT)) for story, _, _ in fresh])
second = torch.tensor([story.index(". ") + 2 for story, _, _ in fresh])  # where "the" begins
after_is = torch.tensor([story.index(" is ") + 4 for story, _, _ in fresh])
moments = {
    "colour, first told": torch.full((len(fresh),), 2),
    "kind, told again": second + 4,
    "colour, told again": after_is,
}
nats, rows = surprise(tokens), torch.arange(len(fresh))
print("a free choice of 5 colours costs log 5 = 1.61 nats")
for name, at in moments.items():
    print(f"{name:20} {nats[rows, at].mean():.2f} nats")

# %% [markdown]
# Near 0 is memory; near the free choice is a guess. Nothing ever told the model to remember: it was
# only asked for the next letter.
#
# ### The same probe
#
# Freeze the model and ask a linear probe, from **25 labelled stories**, which kind and which
# colour a story was about. Ask it at two places of the second sentence: before the kind (`the `)
# and before the colour (`is `). The control is the same layer of a model that was never trained;
# it has seen all those letters too.
#
# **Guess first:** at which of the two places does the trained model know the colour best?

# %%
places = {"before the kind": second + 3, "before the colour": after_is - 1}
ASKED = [(place, name, about) for place in places for about, name in ((1, "kind"), (2, "colour"))]


def read_out(model, place, about, labelled=25):
    """Accuracy of a linear probe on the features at one place of each story."""
    with torch.no_grad():
        features = model.features(tokens)[rows, places[place]]
    labels = torch.tensor([story[about] for story in fresh])
    return known(features, labels, int(labels.max()) + 1, labelled)


read = torch.tensor(
    [[read_out(net, place, about) for place, _, about in ASKED] for net in (deaf_model, model)]
)
names = [f"{name}\n{place}" for place, name, _ in ASKED]
shared.score_table(read, ["never trained", "next letter"], names, reference=read[:1])

# %% [markdown]
# Just before the kind, the trained model has the kind at hand, and the colour less than the
# untrained one; just before the colour it is the other way round. It holds what the next letters
# need and lets go of the rest. A random mixture of all letters holds a bit of everything. **Tied
# to the task**, here too; and without the control you would not have seen it.
#
# Write a beginning and let the model go on; the temperature divides the logits.


# %%
def go_on(start="a pink lamp stands", temperature=0.5):
    begun = alphabet.encode(start)[None, :CONTEXT]
    written = sequence.continue_sequence(
        model, begun, 120, CONTEXT - 1, temperature, torch.Generator().manual_seed(0)
    )
    judged = surprise(written[:, :CONTEXT])[0]
    judged[: len(start)] = 0  # what you wrote yourself is not judged
    return figures.surprise_text(alphabet.decode(written[0, :CONTEXT]), judged)


go_on()

# %%
writer = live.explore(go_on, start="a pink lamp stands", temperature=(0.1, 2.0, 0.1))

# %% [markdown]
# Try a beginning it has never read, such as `a green lamp is`, and a temperature of 2.
#
# ## 6 · The broader picture: sound
#
# WaveNet does the same with samples: $p(x_t \mid x_{<t})$, each sample one of 64 levels, and the
# same loss. What is new is how it sees the past: convolutions that only look back, with holes that
# double from layer to layer. **Guess first:** how many samples does the last output see, with
# dilations 1, 2, 4, 8 and kernels of 2?

# %%
my_guess = 15
print(f"you said {my_guess}; it is {sequence.receptive_field(2, (1, 2, 4, 8))}")
figures.dilation_tree((1, 2, 4, 8))

# %% [markdown]
# By hand: a causal convolution with dilation 2 adds what is now and what was two samples ago. Then
# broken on purpose: padded on both sides, as convolutions usually are, it sees the future, and the
# answer is in the question.

# %%
sound, weight = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0]), torch.tensor([10.0, 1.0])
by_hand = [weight[0] * (sound[t - 2] if t >= 2 else 0) + weight[1] * sound[t] for t in range(5)]
causal = sequence.CausalConvolution(1, 1, 2, dilation=2, bias=False)
causal.weight.data = weight.view(1, 1, 2)
by_layer = causal(sound.view(1, 1, 5)).detach().flatten()
print("the same:", torch.equal(torch.tensor(by_hand), by_layer), by_layer.tolist())


# %%
def sees_the_future(layer):
    """Whether output t changes when sample t + 1 does."""
    one, two = torch.zeros(1, 1, 9), torch.zeros(1, 1, 9)
    two[..., 5] = 1.0
    return bool((layer(one) != layer(two))[..., :5].any())


print("causal convolution sees the future:", sees_the_future(sequence.CausalConvolution(1, 1, 3)))
print("ordinary convolution sees the future:", sees_the_future(nn.Conv1d(1, 1, 3, padding=1)))

# %% [markdown]
# Now tones, a fundamental and two overtones each, of a pitch between 200 and 800 hertz. The loss
# is the one of the text, `next_losses`: nothing in it knows whether a token is a letter or a level.

# %%
LEVELS, DILATIONS = 64, (1, 2, 4, 8, 16, 32)
tones, pitch = sequence.draw_tones(1500, 256, generator=torch.Generator().manual_seed(0))
levels = sequence.mu_law_encode(tones, LEVELS)
torch.manual_seed(0)
wavenet = sequence.WaveNet(LEVELS, 32, DILATIONS)
deaf = sequence.WaveNet(LEVELS, 32, DILATIONS).eval()
print(f"receptive field {wavenet.field} samples, at 8000 a second; a period has 10 to 40")
print(f"log {LEVELS} = {torch.log(torch.tensor(float(LEVELS))):.2f} nats")
wavenet, records = train(
    wavenet, next_losses, levels[:1000, :160], SOUND_STEPS, batch=16, rate=6e-3
)
plots.curves(records, smooth=10, ylabel="nats per sample")

# %% [markdown]
# Give it half of a new tone, and let it draw the rest, sample by sample:

# %%
continued = {}
for name, net in {"trained": wavenet, "never trained": deaf}.items():
    drawn = sequence.continue_sequence(
        net, levels[1200:1201, :128], 128, wavenet.field, 0.3, torch.Generator().manual_seed(0)
    )
    continued[name] = sequence.mu_law_decode(drawn[0, 128:], LEVELS)
figures.sound_panel(tones[1200, :128], tones[1200, 128:], continued)

# %% [markdown]
# Each drawn sample is the next input, so errors add up and the tone may drift. It was asked for
# the next sample only; but to know that it must know the pitch, and so the pitch can be read from
# its features. The same probe, the same control:


# %%
def pitch_known(net):
    with torch.no_grad():
        features = torch.cat([net.features(part).mean(dim=1) for part in levels.split(250)])
    return known(features, pitch.log()[:, None], None, 1000)


for name, net in {"never trained": deaf, "next sample": wavenet}.items():
    print(f"share of the (log) pitch that a linear probe explains, {name}: {pitch_known(net):.0%}")

# %% [markdown]
# ## What to take away
#
# * Patch location, jigsaw, completion, next letter, next sample: **one idea**. Hide a part of the
#   data, predict it from the rest, throw the prediction away, keep the features.
# * A pretext task is worth what its shortcuts leave of it: gap, jitter, dropped channels,
#   standardised tiles, causal padding are all there to close one.
# * Features are tied to their task. Decide what you want to know before you choose.
# * Always against the same layer of an untrained network: it knows more than one thinks.
# * Next in the lecture: *image colouring*, notebook 05.
#
# **Try it.** Leave out `standardise_tiles` in `jigsaw_losses` (and in `judge`), and train again.
# Does the network solve more puzzles? And does its row of the table gain or lose?
