# %% [markdown]
# # 4 · The pretext zoo
#
# **What you will see.** Three more ways to make labels out of nothing: where does a patch belong,
# how does a puzzle go together, what is behind the hole. How each can be cheated. Then one table
# of every pretext task against every thing one might want to know. And last the same idea on text
# and on sound.
#
# **Slides.** *Self-supervised pretext tasks* · *Pretext task: predict relative patch locations*
# (with its two questions) · *Broader picture*
#
# **Time.** About 2 minutes on 2 cores (the first run also renders the pictures).

# %%
from course_utils import scale

SCALE = scale("laptop")  # "laptop", "gpu" or "test": changes sizes only

import torch
from torch import nn
from torch.nn import functional as F

from course_utils import live, plots, plots_pretext
from course_utils.data import toy
from course_utils.selfsup import encoders, patches, pretext, probe, sequence, steps, views
from course_utils.training import Minibatches, fit, progress

plots.use_style()
SIZES = {
    "laptop": {"pictures": 3000, "crowds": 1500, "test": 1000, "steps": 300, "seeds": 2},
    "gpu": {"pictures": 10_000, "crowds": 5000, "test": 2000, "steps": 2000, "seeds": 5},
    "test": {"pictures": 150, "crowds": 100, "test": 100, "steps": 2, "seeds": 2},
}[SCALE]
WORDS, SAMPLES = {"laptop": (400, 800), "gpu": (2000, 3000), "test": (3, 3)}[SCALE]


# %%
def render(what, count, seed, **options):
    def tell(done, total):
        print(f"\r{what}: {done:,} of {total:,} pictures rendered", end="")

    return toy.make_images(count, seed=seed, progress=tell, **options)


landscapes = render("landscapes", SIZES["test"], seed=3, backdrop="outdoors", size=40)
example = landscapes.images[[4, 1]]
dice = torch.Generator().manual_seed(4)
shuffled = patches.shuffle_tiles(
    patches.cut_tiles(example, 3, 13), torch.randperm(9, generator=dice).expand(2, -1)
)
hole = pretext.erase(example, pretext.central_mask(40, 40))
plots.image_grid(
    torch.cat([F.pad(patches.assemble_tiles(shuffled, 3), (0, 1, 0, 1), value=1.0), hole, example]),
    labels=["jigsaw"] * 2 + ["completion"] * 2 + ["picture"] * 2,
    picture_inches=1.7,
)

# %% [markdown]
# ## 1 · Relative patch location
#
# Cut two patches out of a picture. Where does the second lie, seen from the first? There are eight
# places, so it is an eight-way classification, and nobody had to label anything. The lecture asks
# you two questions of this kind. Here are two from the toy world.

# %%
PATCH = {"side": 10, "gap": 3, "jitter": 2}
asked = patches.relative_patch_pairs(
    landscapes.images[:200], **PATCH, generator=torch.Generator().manual_seed(12)
)
busy = (
    asked.neighbours.std(dim=(2, 3)).mean(dim=1).argsort(descending=True)[:24]
)  # no patches of plain grass
quiz, quiz_pictures = patches.PatchPairs(*(part[busy] for part in asked)), landscapes.images[busy]
plots_pretext.patch_question(quiz.centres[0], quiz.neighbours[0])

# %%
plots_pretext.patch_question(quiz.centres[1], quiz.neighbours[1])

# %% [markdown]
# **Your answers** (places 1 to 8, row by row), then run:

# %%
my_answers = [1, 1]
for number, answer in enumerate(my_answers):
    right = int(quiz.labels[number]) + 1
    print(
        f"question {number + 1}: you said {answer}, it is {right}",
        "- right" if answer == right else "",
    )

# %% [markdown]
# To answer you had to know what the thing *is*. That is why the task teaches.
#
# ### By hand, then for a batch
#
# Label $k$ moves the corner of the second patch by one step (one patch and the gap), and a random
# jitter on top.

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
# **Predict:** someone who knows nothing of objects only compares *borders*: where do the edge
# pixels of the two patches fit best? Without a gap, how often is that right (guessing: 1 in 4 for
# the four straight neighbours)? And with a gap and jitter?

# %%
my_guess = {"without gap": 0.5, "with gap": 0.5}


def fit_of_borders(a, b):
    """Mean difference of facing edges if b lay above, left, right or below a: (n, 4)."""
    facing = [
        (a[:, :, 0], b[:, :, -1]),
        (a[:, :, :, 0], b[:, :, :, -1]),
        (a[:, :, :, -1], b[:, :, :, 0]),
        (a[:, :, -1], b[:, :, 0]),
    ]
    return torch.stack([(one - other).abs().mean(dim=(1, 2)) for one, other in facing], dim=1)


def border_cheater(images, gap, jitter, side=10):
    pairs = patches.relative_patch_pairs(
        images, side, gap, jitter, torch.Generator().manual_seed(0)
    )
    straight = torch.tensor([1, 3, 4, 6])
    asked = (pairs.labels[:, None] == straight).any(dim=1)
    guess = straight[fit_of_borders(pairs.centres, pairs.neighbours).argmin(dim=1)]
    return (guess == pairs.labels)[asked].float().mean().item()


# %%
wallpaper_test = render("wallpapers", SIZES["test"], seed=4, backdrop="pattern", size=40)
for name, images in {"outdoors": landscapes.images, "wallpaper": wallpaper_test.images}.items():
    print(
        f"{name:10} without gap {border_cheater(images, 0, 0):.0%} "
        f"(you: {my_guess['without gap']:.0%}), "
        f"gap 3, jitter 2: {border_cheater(images, 3, 2):.0%} (you: {my_guess['with gap']:.0%})"
    )

# %% [markdown]
# The cheater is far better than guessing, and knows nothing. Every pixel of gap and jitter takes
# some of it away, never quite all: that neighbouring things have similar colours is true of the
# world. Against the gap, where patches are small enough to make room for it:


# %%
def cheat_against_gap(gaps=(0, 1, 2, 3, 4, 6)):
    fig, ax = plots.figure(8, 3.6)
    for name, images, colour in (
        ("outdoors", landscapes.images, plots.GOOD),
        ("wallpaper", wallpaper_test.images, plots.REAL),
    ):
        ax.plot(
            gaps,
            [100 * border_cheater(images, g, min(g, 2), side=8) for g in gaps],
            marker="o",
            color=colour,
            label=name,
        )
    ax.axhline(25, color=plots.MUTED, linestyle=":")
    ax.set(
        xlabel="gap in pixels (and up to 2 pixels of jitter)",
        ylabel="cheater right, %",
        ylim=(0, 100),
    )
    ax.legend()
    return fig


cheat_against_gap()

# %% [markdown]
# ### How to cheat: the lens
#
# Doersch et al. found a stranger one. A lens bends red and blue differently, so colour fringes grow
# with the distance from the middle: a patch shows *where in the picture* it was cut, and two such
# places give the answer away. The toy camera has no lens; let us add one, and a cheater who only
# measures the fringes: he looks for the shift $d$ that explains red minus blue,
# $R - B \approx d \cdot \nabla G$, by least squares.


# %%
def measured_fringe(patch):
    """Least-squares shift (down, right) in pixels between the red and the blue of each patch."""
    red, green, blue = (patch - patch.mean(dim=(2, 3), keepdim=True)).unbind(dim=1)
    slope = torch.stack(
        [g[:, 1:-1, 1:-1] for g in torch.gradient(green, dim=(1, 2))], dim=-1
    ).flatten(1, 2)
    change = (red - blue)[:, 1:-1, 1:-1].flatten(1)[..., None]
    gram = slope.mT @ slope + 1e-3 * torch.eye(2)
    return torch.linalg.solve(gram, slope.mT @ change)[..., 0]


def lens_cheater(images, repair=lambda patch: patch):
    """How much of a patch's place in the picture its fringes explain (R squared)."""
    pairs = patches.relative_patch_pairs(
        images, **PATCH, generator=torch.Generator().manual_seed(0)
    )
    shift = measured_fringe(repair(pairs.neighbours))
    place, half = pairs.neighbour_corners.float(), len(images) // 2
    return probe.regression_probe(
        (shift[:half], place[:half]), (shift[half:], place[half:]), (1e-3,)
    ).score


# %%
grey = landscapes.images.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
lens = patches.chromatic_aberration(grey, strength=0.06)


def dropped(patch):
    return patches.drop_channels(patch, torch.Generator().manual_seed(1))


print(f"no lens:                   place explained {lens_cheater(grey):.0%}")
print(f"with a lens:               place explained {lens_cheater(lens):.0%}")
print(
    f"green-magenta removed:     place explained {lens_cheater(lens, patches.project_colours):.0%}"
)
print(f"two channels dropped:      place explained {lens_cheater(lens, dropped):.0%}")
plots.image_grid(
    torch.stack([grey[0], lens[0], *dropped(lens[:1])]),
    labels=["no lens", "lens", "channels dropped"],
    picture_inches=2.0,
)

# %% [markdown]
# The pictures are grey here so that only the lens makes colours. A network finds such a cheat by
# itself, and no one would notice: its loss looks splendid. The paper has two repairs. Removing the
# green-magenta axis helps against lenses that bend green away from the other two, not against this
# one, which parts red from blue: **know your shortcut**. Keeping one channel and making noise of
# the others leaves nothing to measure.
#
# ### Train it
#
# Both patches go through **the same** encoder, and meet only at the top. So the encoder must say
# in 64 numbers what is on a patch. One loop serves every task of this notebook; what differs is
# the loss.


# %%
def train(network, losses, pictures, steps_to_go, batch=64, seed=0):
    """Trains a network on what `losses(network, batch, dice)` asks of it."""
    dice = torch.Generator().manual_seed(seed)
    optimiser, schedule = steps.one_cycle([network], steps_to_go)
    step = steps.gradient_step(lambda images: losses(network, images, dice), optimiser, schedule)
    records = progress(fit(step, Minibatches(pictures, batch, dice), steps=steps_to_go))
    return network.eval(), records


def graded(logits, labels):
    return {"loss": F.cross_entropy(logits, labels), "accuracy": probe.accuracy(logits, labels)}


# %%
def patch_losses(network, images, dice):
    pairs = patches.relative_patch_pairs(images, **PATCH, generator=dice)
    return graded(network(torch.stack([pairs.centres, pairs.neighbours], dim=1)), pairs.labels)


def new_patch_network():
    return patches.PartsNetwork(encoders.ConvEncoder(16), parts=2, classes=8)


landscape_train = render("landscapes", SIZES["pictures"], seed=5, backdrop="outdoors", size=40)
torch.manual_seed(0)
patch_network, records = train(
    new_patch_network(), patch_losses, landscape_train.images, 2 * SIZES["steps"], batch=128
)
plots.curves(records, ["accuracy"], smooth=20, ylabel="places told right (guessing: 1/8)")

# %% [markdown]
# And the two questions from above, as the network answers them:

# %%
with torch.no_grad():
    chances = torch.softmax(
        patch_network(torch.stack([quiz.centres, quiz.neighbours], dim=1)), dim=1
    )
plots_pretext.patch_question(
    quiz.centres[0], quiz.neighbours[0], chances[0], int(quiz.labels[0]), quiz_pictures[0]
)

# %%
plots_pretext.patch_question(
    quiz.centres[1], quiz.neighbours[1], chances[1], int(quiz.labels[1]), quiz_pictures[1]
)

# %% [markdown]
# Play the other questions against it: click the place where the patch belongs.

# %%
from course_utils.live.zoo_lab import JigsawGame, PatchQuiz

game = PatchQuiz(quiz, quiz_pictures, chances)

# %% [markdown]
# ## 2 · Jigsaw
#
# Nine tiles, shuffled; which of the permutations was it? There are $9! = 362\,880$, far too many
# classes, and many of them differ in two tiles only: with two pieces of sky, who could tell? So
# take a few that are **far apart in Hamming distance** (in how many places two orders differ).
#
# **Guess first:** in how many of 9 places do two *random* orders differ on average?

# %%
my_guess = 6.0
permutations = patches.permutation_set(24, tiles=9, generator=torch.Generator().manual_seed(0))
dice = torch.Generator().manual_seed(1)
random_orders = torch.stack([torch.randperm(9, generator=dice) for _ in range(24)])


def hamming(a):
    distance = (a[:, None] != a[None]).sum(dim=-1)
    return distance[~torch.eye(len(a), dtype=torch.bool)]


for name, orders in {"24 random orders": random_orders, "24 chosen greedily": permutations}.items():
    print(
        f"{name:20} mean distance {hamming(orders).float().mean():.2f}, "
        f"smallest {int(hamming(orders).min())}"
    )
print(
    f"you said {my_guess}; exactly 9 - 1 = 8 for random orders: "
    "each of the 9 places agrees with chance 1/9"
)

# %% [markdown]
# Each tile is cut at a random place inside its cell (a gap, for the same reason as above), and
# brought to mean 0 and deviation 1, lest neighbours be found by their brightness.


# %%
def jigsaw_losses(network, images, dice):
    which = torch.randint(len(permutations), (len(images),), generator=dice)
    tiles = patches.cut_tiles(images, grid=3, side=10, generator=dice)
    puzzle = patches.shuffle_tiles(patches.standardise_tiles(tiles), permutations[which])
    return graded(network(puzzle), which)


def new_jigsaw_network():
    return patches.PartsNetwork(encoders.ConvEncoder(16), parts=9, classes=len(permutations))


torch.manual_seed(0)
jigsaw_network, records = train(
    new_jigsaw_network(), jigsaw_losses, landscape_train.images, SIZES["steps"]
)
plots.curves(records, ["accuracy"], smooth=20, ylabel="puzzles solved (guessing: 1/24)")

# %%
tiles = patches.cut_tiles(landscapes.images[10:16], 3, 10, torch.Generator().manual_seed(2))
which = torch.arange(6) * 4
puzzle = patches.shuffle_tiles(tiles, permutations[which])
with torch.no_grad():
    believed = permutations[jigsaw_network(patches.standardise_tiles(puzzle)).argmax(dim=1)]
laid = patches.shuffle_tiles(puzzle, believed.argsort(dim=1))
plots_pretext.completion_rows(
    {
        "puzzle": patches.assemble_tiles(puzzle, 3),
        "laid by\nthe network": patches.assemble_tiles(laid, 3),
        "truth": patches.assemble_tiles(tiles, 3),
    }
)

# %% [markdown]
# Now you. Click two pieces to swap them; or ask the network, which only knows its 24 orders.

# %%
puzzle_game = JigsawGame(
    jigsaw_network,
    patches.cut_tiles(landscapes.images[:60], 3, 10, torch.Generator().manual_seed(3)),
    permutations,
    torch.Generator().manual_seed(5),
)

# %% [markdown]
# ## 3 · Image completion
#
# Cut a hole, ask for what was there. The label is the picture itself, the loss the squared error
# **inside the hole only**. In the middle of the network the picture has to pass through a narrow
# place: 64 maps of 5 × 5 cells.
#
# **Predict:** will the filling be sharp?


# %%
def completion_losses(network, images, dice):
    missing = pretext.block_masks(len(images), (40, 40), side=16, blocks=1, generator=dice)
    return {
        "loss": pretext.completion_loss(network(pretext.erase(images, missing)), images, missing)
    }


torch.manual_seed(0)
context_encoder, records = train(
    pretext.ContextEncoder(16), completion_losses, landscape_train.images, SIZES["steps"], batch=32
)
plots.curves(records, smooth=20, ylabel="squared error in the hole")

# %%
missing = pretext.central_mask(40, 40, 0.4)
truth = landscapes.images[20:28]
erased = pretext.erase(truth, missing)
with torch.no_grad():
    predicted = context_encoder(erased)
plots_pretext.completion_rows(
    {"seen": erased, "completed": pretext.complete(predicted, truth, missing), "truth": truth}
)

# %% [markdown]
# Colours and large shapes come out, edges do not: where several fillings are possible the squared
# error is smallest for their *mean*. That is the dollar bill drawn from memory on the slide, and
# the lecture's point: **to generate every pixel is often unnecessary** for good features. Against
# the simplest completions:

# %%
border = (truth * ~missing).sum(dim=(2, 3), keepdim=True) / (~missing).sum()
fillings = {
    "grey": torch.full_like(truth, 0.5),
    "mean of what is seen": border.expand_as(truth),
    "context encoder": predicted,
}
for name, filling in fillings.items():
    print(
        f"{name:22} squared error in the hole "
        f"{pretext.completion_loss(filling, truth, missing):.4f}"
    )

# %% [markdown]
# ## 4 · Every pretext task × every downstream task
#
# So which pretext task is the best? The lecture: the features are **tied to their task**. Let us
# see it. Objects before wallpaper (nothing but the object helps), not in the middle, and five
# things to ask of the frozen features: its **kind**, its **pose** (from which side it is seen),
# its **colour**, its **place** in the picture, and, on other pictures, the **count** of objects.

# %%
total = SIZES["pictures"] + SIZES["test"]
large = render("single objects", total, seed=6, backdrop="pattern", size=48, zoom=0.85)
crowds = render(
    "crowds",
    SIZES["crowds"] + SIZES["test"],
    seed=7,
    backdrop="pattern",
    size=40,
    objects=(1, 4),
    zoom=1.1,
)
corners = torch.randint(0, 9, (total, 2), generator=torch.Generator().manual_seed(0))
singles = patches.extract_patches(large.images, corners, 40)
plots.image_grid(
    torch.cat([singles[:8], crowds.images[:8]]),
    columns=8,
    labels=[toy.KINDS[int(k)] for k in large.label[:8]]
    + [f"{int(c)} objects" for c in crowds.count[:8]],
)

# %% [markdown]
# **Predict, before the table:** which pretext task will know most about pose? About colour? Which
# will forget the place?

# %%
my_guess = {"pose": "rotation", "colour": "completion", "place": "jigsaw"}


def rotation_losses(network, images, dice):
    turned, turns = pretext.rotate_batch(views.random_views(images, views.GEOMETRY_ONLY, dice))
    return graded(network(turned), turns)


ZOO = {
    "rotation": (lambda: encoders.Classifier(encoders.ConvEncoder(16), 4), rotation_losses, 32),
    "patch location": (new_patch_network, patch_losses, 128),
    "jigsaw": (new_jigsaw_network, jigsaw_losses, 64),
    "completion": (lambda: pretext.ContextEncoder(16), completion_losses, 32),
}


# %%
def encoder_of(task, seed):
    """The encoder that a pretext task leaves behind, or one that was never trained."""
    torch.manual_seed(seed)
    encoder = encoders.ConvEncoder(16)
    if task in ZOO:
        build, losses, batch = ZOO[task]
        encoder = train(build(), losses, singles[: SIZES["pictures"]], SIZES["steps"], batch, seed)[
            0
        ].encoder
    encoders.settle_batch_statistics(
        encoder, singles[:1000]
    )  # patches and holes have other statistics
    return encoder


tasks = ["never trained", *ZOO]
zoo = {task: [encoder_of(task, seed) for seed in range(SIZES["seeds"])] for task in tasks}

# %% [markdown]
# Each probe is linear, on the same layer of each encoder (the last block, 2 × 2 cells). Place is
# regressed ($R^2$, the share of the variance that is explained), all else is classified. Pose is
# one of four: does it show its front, its left, its back or its right? Asked only of things that
# have a front.

# %%
WITH_FRONT = [toy.KINDS.index(k) for k in ("car", "duck", "aeroplane", "boat", "chair", "house")]
has_front = torch.isin(large.label, torch.tensor(WITH_FRONT))
shown_side = ((large.view / (torch.pi / 2)).round() % 4).long()  # front, left, back, right


def known(features, target, classes, count, asked=None):
    """Score on the rows from `count` on of a linear probe fitted on those before."""
    keep = torch.ones(len(target), dtype=torch.bool) if asked is None else asked
    known, new = keep.nonzero()[:, 0].split([int(keep[:count].sum()), int(keep[count:].sum())])
    data = (features[known], target[known]), (features[new], target[new])
    if classes is None:
        return probe.regression_probe(*data, penalties=(1e-2,)).score
    return probe.linear_probe(*data, classes, penalties=(1e-2,)).score


# %%
def everything_known(encoder, layer=3, pool=2):
    one, many = (
        encoders.features_of(encoder, images, layer, pool) for images in (singles, crowds.images)
    )
    n, m = SIZES["pictures"], SIZES["crowds"]
    return [
        known(one, large.label, 10, n),
        known(one, shown_side, 4, n, has_front),
        known(one, large.colour, len(toy.COLOURS), n),
        known(one, (4 - corners).float(), None, n),
        known(many, crowds.count - 1, 4, m),
    ]


# %% [markdown]
# Every encoder is asked everything:

# %%
columns = ["kind", "pose", "colour", "place", "count"]
results = torch.tensor([[everything_known(encoder) for encoder in zoo[task]] for task in tasks])
mean, spread = results.mean(dim=1), (results.amax(dim=1) - results.amin(dim=1)) / 2
plots_pretext.score_table(
    mean,
    tasks,
    columns,
    reference=mean[:1],
    spread=spread,
    title="what a linear probe reads, in points of 100 (colour: gain over random)",
)

# %%
gain = results - results[:1].mean(dim=1, keepdim=True)
for column, name in enumerate(columns):
    best = int(mean[1:, column].argmax()) + 1
    sure = gain[best, :, column].min()
    said = f"   (you said {my_guess[name]})" if name in my_guess else ""
    print(
        f"{name:7} best: {tasks[best]:15} {100 * gain[best, :, column].mean():+.1f} points "
        f"over never trained, worst seed {100 * sure:+.1f}{said}"
    )

# %% [markdown]
# Read the rows, not only the winner. A task keeps what it needs and drops the rest; where the
# colour of a cell is orange, training made the features *worse* for that question than chance had
# made them. "Better than an untrained network, at the same layer" is the honest claim, column by
# column; "good features" without a question is not a claim at all. This is why the lecture goes on
# to contrastive learning, whose task is less particular.

# %% [markdown]
# ## 5 · The broader picture: text
#
# Take a text, hide the next letter, ask for it. The label is free again: it is the text. GPT-3 is
# this, with 175 billion numbers. Ours has 100 thousand and reads about the toy world.

# %%
KIND, COLOUR = (
    ("house", "tree", "car", "chair", "duck", "lamp", "boat"),
    ("red", "green", "blue", "yellow", "pink"),
)
PLACE = ("behind", "beside", "left of", "in front of")


def tell(dice):
    """One little story and what it is about: (text, kind, colour)."""

    def draw(n):
        return int(torch.randint(n, (1,), generator=dice))

    kind, colour = draw(len(KIND)), draw(len(COLOUR))
    text = f"a {COLOUR[colour]} {KIND[kind]} stands {PLACE[draw(4)]} a {KIND[draw(7)]}. "
    return text + f"the {KIND[kind]} is {COLOUR[colour]}. ", kind, colour


dice = torch.Generator().manual_seed(0)
stories = [tell(dice) for _ in range(2000)]
text = "".join(story for story, _, _ in stories)
alphabet = sequence.Alphabet(text)
print(f"{len(text):,} characters, {len(alphabet)} different ones:\n{text[:220]}")

# %% [markdown]
# The loss by hand, on four letters and an alphabet of three, then the function of the package:

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
def text_losses(model, windows, dice):
    return {"loss": sequence.next_token_loss(model(windows), windows)}


numbers = alphabet.encode(text)
windows = sequence.draw_windows(numbers, 20_000, 80, torch.Generator().manual_seed(1))
torch.manual_seed(0)
model = sequence.CausalTransformer(len(alphabet), width=64, heads=4, layers=2, context=80)
untrained = sequence.CausalTransformer(
    len(alphabet), width=64, heads=4, layers=2, context=80
).eval()
print(f"log {len(alphabet)} = {torch.log(torch.tensor(float(len(alphabet)))):.2f} nats")
model, records = train(model, text_losses, windows, WORDS, batch=32)
plots.curves(records, smooth=10, ylabel="nats per letter")

# %%
fresh = [tell(dice) for _ in range(600)]
story = fresh[0][0]
with torch.no_grad():
    said = torch.log_softmax(model(alphabet.encode(story)[None, :80])[0], dim=-1)
nats = -said[:-1].gather(1, alphabet.encode(story)[1 : len(said), None])[:, 0]
plots_pretext.surprise_text(story[1 : len(said)], nats)

# %% [markdown]
# White letters were expected, orange ones a surprise. Surprise sits where the story makes a
# *choice*: the first letter of a kind, of a colour, of a place. In the second sentence there is no
# choice left, for one who remembers the first. Does the model remember? Over all new stories, at
# the first letter of each word:

# %%
tokens = torch.stack([alphabet.encode(story.ljust(80)) for story, _, _ in fresh])
second = torch.tensor([story.index(". ") + 2 for story, _, _ in fresh])  # where "the" begins
after_is = torch.tensor([story.index(" is ") + 4 for story, _, _ in fresh])
rows = torch.arange(len(fresh))
with torch.no_grad():
    surprise = -torch.log_softmax(model(tokens), dim=-1)[:, :-1].gather(2, tokens[:, 1:, None])[
        ..., 0
    ]
first_mention, kind_again, colour_again = (
    surprise[rows, at - 1].mean() for at in (torch.full((len(fresh),), 2), second + 4, after_is)
)
print(
    f"nats: colour first told {first_mention:.2f} (log 5 = 1.61 is a free choice), "
    f"kind told again {kind_again:.2f}, colour told again {colour_again:.2f}"
)

# %% [markdown]
# A number near 0 is memory; one near that of the free choice is a guess. Nothing ever told the
# model to remember: it was only asked for the next letter.
#
# ### The same probe
#
# Freeze the model and ask a linear probe, from **25 labelled stories**, which kind and which
# colour a story was about. Ask it at two places of the second sentence: before the kind (`the `)
# and before the colour (`is `). The control is the same layer of a model that was never trained;
# it has seen all those letters too.
#
# **Predict:** where does the trained model know the colour?

# %%
places = {"before the kind": second + 3, "before the colour": after_is - 1}


def read_out(model, place, about, labelled=25):
    """Accuracy of a linear probe on the features at one place of each story."""
    with torch.no_grad():
        features = model.features(tokens)[rows, places[place]]
    labels = torch.tensor([story[about] for story in fresh])
    return known(
        torch.cat([features[:labelled], features[200:]]),
        torch.cat([labels[:labelled], labels[200:]]),
        int(labels.max()) + 1,
        labelled,
    )


# %%
questions = [
    (place, name, about) for place in places for about, name in ((1, "kind"), (2, "colour"))
]
read = torch.tensor(
    [[read_out(net, place, about) for place, _, about in questions] for net in (untrained, model)]
)
plots_pretext.score_table(
    read,
    ["never trained", "next letter"],
    [f"{name}\n{place}" for place, name, _ in questions],
    reference=read[:1],
)

# %% [markdown]
# Read the second row: the kind is at hand where it is needed, and the colour is easier to read
# where *it* comes next than where the kind does. Then read the columns: a random mixture of all
# letters keeps the colour as well, or better. The trained model holds what the next letters need
# and lets go of the rest. Tied to the task, here too; and without the control you would have
# praised it for both.

# %% [markdown]
# Write a beginning and let it go on; the temperature divides the logits.


# %%
def go_on(start="a pink lamp stands", temperature=0.5):
    begun = alphabet.encode(start)[None]
    written = sequence.continue_sequence(
        model, begun, 110, 80, temperature, torch.Generator().manual_seed(0)
    )[0]
    with torch.no_grad():
        said = torch.log_softmax(model(written[None, :80])[0], dim=-1)
    nats = -said[:-1].gather(1, written[1:80, None])[:, 0]
    nats[: len(start) - 1] = 0  # what you wrote yourself is not judged
    return plots_pretext.surprise_text(alphabet.decode(written[1:80]), nats)


go_on()

# %%
writer = live.explore(go_on, start="a pink lamp stands", temperature=(0.1, 2.0, 0.1))

# %% [markdown]
# ## 6 · The broader picture: sound
#
# WaveNet does the same with samples: $p(x_t \mid x_{<t})$, each sample one of 64 levels, and the
# same loss. What is new is how it sees the past: convolutions that only look back, with holes that
# double from layer to layer. **Guess first:** how many samples does the last output see, with
# dilations 1, 2, 4, 8 and kernels of 2?

# %%
my_guess = 15
print(f"you said {my_guess}; it is {sequence.receptive_field(2, (1, 2, 4, 8))}")
plots_pretext.dilation_tree((1, 2, 4, 8))

# %% [markdown]
# By hand: a causal convolution with dilation 2 adds what is now and what was two samples ago. Then
# broken on purpose: padded on both sides, as convolutions usually are, it sees the future, and the
# answer is in the question.

# %%
sound, weight = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0]), torch.tensor([10.0, 1.0])
by_hand = [weight[0] * (sound[t - 2] if t >= 2 else 0) + weight[1] * sound[t] for t in range(5)]
causal = sequence.CausalConvolution(1, 1, 2, dilation=2, bias=False)
causal.weight.data = weight.view(1, 1, 2)
print(
    "the same:", torch.equal(torch.tensor(by_hand), causal(sound.view(1, 1, 5)).detach().flatten())
)


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
# is the one of the text, `text_losses`: nothing in it knows whether a token is a letter or a
# level.

# %%
LEVELS = 64
tones, pitch = sequence.draw_tones(1500, 256, generator=torch.Generator().manual_seed(0))
levels = sequence.mu_law_encode(tones, LEVELS)
torch.manual_seed(0)
wavenet, deaf = sequence.WaveNet(LEVELS, 32).train(), sequence.WaveNet(LEVELS, 32).eval()
print(
    f"receptive field {wavenet.field} samples; "
    f"log {LEVELS} = {torch.log(torch.tensor(float(LEVELS))):.2f} nats"
)
wavenet, records = train(wavenet, text_losses, levels[:1000], SAMPLES, batch=16)
plots.curves(records, smooth=10, ylabel="nats per sample")

# %% [markdown]
# Give it half of a new tone, and let it draw the rest, sample by sample:

# %%
continued = {}
for name, net in {"trained": wavenet, "untrained": deaf}.items():
    drawn = sequence.continue_sequence(
        net, levels[1200:1201, :128], 128, wavenet.field, 0.3, torch.Generator().manual_seed(0)
    )
    continued[name] = sequence.mu_law_decode(drawn[0, 128:], LEVELS)
plots_pretext.sound_panel(tones[1200, :128], tones[1200, 128:], continued)

# %% [markdown]
# Each drawn sample is the next input, so errors add up and the tone may drift. It was asked for
# the next sample only; but to know that it must know the pitch, and so the pitch can be read from
# its features. The same probe, the same control:


# %%
def pitch_known(net):
    with torch.no_grad():
        features = torch.cat([net.features(part).mean(dim=1) for part in levels.split(250)])
    return known(features, pitch.log()[:, None], None, 1000)


print(
    f"log pitch explained by a linear probe: trained {pitch_known(wavenet):.0%}, "
    f"untrained {pitch_known(deaf):.0%}"
)

# %% [markdown]
# ## What to take away
#
# * Patch location, jigsaw, completion, next letter, next sample: **one idea**. Hide a part of the
#   data, predict it from the rest, throw the prediction away, keep the features.
# * A pretext task is as good as its shortcuts are few: gap, jitter, dropped channels,
#   standardised tiles, causal padding.
# * Features are tied to their task. Ask what you want to know before you choose.
# * Next in the lecture: *colorization*, notebook 05.
#
# **Try it.** Set the gap to 0 in `PATCH` and train again: does the pretext accuracy go up, and the
# table?
