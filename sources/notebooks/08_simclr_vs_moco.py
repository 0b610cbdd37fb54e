# %% [markdown]
# # 8 · SimCLR and MoCo: where do the negatives come from?
#
# **What you will see.** Two ways to train an encoder on pictures that nobody labelled. Both
# say: *two random views of one picture belong together, all others do not.* SimCLR takes its
# negatives from a large batch, MoCo from a queue of old keys. You will play with the views,
# read both algorithms line by line beside their code, take the parts away one by one, and weigh
# what each method costs.
#
# **Slides.** *SimCLR: A Simple Framework for Contrastive Learning* · *Training linear
# classifier on SimCLR features* · *SimCLR design choices* · *Momentum Contrastive Learning
# (MoCo)* · *MoCo vs. SimCLR vs. MoCo V2*
#
# **Time.** About 3 minutes of computing on 2 cores.
#
# Before each reveal there is a guess to make. Change it, then run: a wrong guess teaches most.

# %%
from course_utils import scale
from course_utils.lessons import shared

SCALE = scale("laptop")  # "laptop", "gpu" or "test": changes sizes only

import time
from dataclasses import replace

import torch
from torch.nn import functional as F

from course_utils import live, plots
from course_utils.core import devices, encoders, steps
from course_utils.core.training import Minibatches, Record, fit
from course_utils.data import toy
from course_utils.lessons.simclr_moco import figures
from course_utils.selfsup import augment, contrastive, moco, probe, simclr, views

plots.use_style()
devices.use_threads(1)  # the networks are small: one core is fastest
SIZES = {
    "laptop": dict(pictures=4000, test=1000, known=2000, seen=6400, main=16_000, ablation=24_000)
    | dict(seeds=3, cost=(32, 128, 512), few=(4, 40)),
    "gpu": dict(pictures=20_000, test=2000, known=10_000, seen=200_000, main=200_000)
    | dict(ablation=100_000, seeds=5, cost=(32, 128, 512, 2048), few=(10, 100)),
    "test": dict(pictures=400, test=100, known=200, seen=512, main=512, ablation=512)
    | dict(seeds=2, cost=(8, 16), few=(2, 8)),
}[SCALE]

# %%
world = toy.make_images(SIZES["pictures"], backdrop="pattern", seed=1)
world_test = toy.make_images(SIZES["test"], backdrop="pattern", seed=2)


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


RECIPE = views.ViewRecipe(area=(0.5, 1.0))  # crop, flip, colour jitter, sometimes grey
eight = simclr.two_views(world.images[:8], RECIPE, dice())
plots.image_grid(
    eight, columns=8, title="Two random views of eight pictures: which belong together?"
)

# %% [markdown]
# A column shows one picture twice. You see it at once, although no pixel is the same: the
# *thing* is. A network that can tell the partner among many views must have found something
# that survives the cropping and colouring. Whatever does not survive, it had better
# forget. **So the augmentations decide what is learned**, and they are the first thing to look
# at.
#
# ## 1 · Ten augmentations
#
# The lecture's figure, (a) to (j), on one of our pictures.


# %%
def ten(picture=3, throw=0):
    """The figure of Chen et al. (2020) for one picture and one throw of the dice."""
    one = world.images[picture][None]
    return figures.view_gallery(
        {name: make(one, dice(throw))[0] for name, make in views.ten_augmentations().items()}
    )


ten()

# %%
live.explore(ten, picture=(0, 40), throw=(0, 30))

# %% [markdown]
# And with a hand on each of them. One slider an augmentation; the last picture is all of them,
# one after the other.


# %%
def by_hand(
    picture=3, crop=0.5, flip=True, hue=0.2, saturation=1.5, turn=90, cutout=10, noise=0.1, blur=1.0
):
    """Each augmentation with parameters that you choose, and all of them together."""
    one, tensor = world.images[picture][None], torch.tensor
    side, grain = 32 * crop**0.5, torch.randn(one.shape, generator=dice())
    box = tensor([[(32 - side) / 2, (32 - side) / 2, side, side]])
    colours = tensor([[1.0, 1.0, saturation, hue]])
    steps_of = {
        "crop and resize": lambda x: augment.crop_resize(x, box),
        "flip": lambda x: augment.flip(x, tensor([flip])),
        "colour jitter": lambda x: augment.jitter(x, colours, torch.arange(4)[None]),
        "rotate": lambda x: augment.rotate(x, tensor([float(turn)])),
        "cutout": lambda x: augment.cutout(x, tensor([[11, 11, cutout, cutout]])),
        "Gaussian noise": lambda x: augment.add_noise(x, grain, tensor([noise])),
        "Gaussian blur": lambda x: augment.gaussian_blur(x, tensor([blur]), size=5),
    }
    shown, all_of_them = {"original": one[0]}, one
    for name, make in steps_of.items():
        shown[name], all_of_them = make(one)[0], make(all_of_them)
    shown |= {"Sobel filter": augment.sobel(one)[0], "all but Sobel": all_of_them[0]}
    return figures.view_gallery(shown)


by_hand()

# %%
live.explore(
    by_hand,
    picture=(0, 40),
    crop=(0.05, 1.0),
    flip=True,
    hue=(-0.5, 0.5),
    saturation=(0.0, 3.0),
    turn=(0, 270, 90),
    cutout=(0, 20),
    noise=(0.0, 0.4),
    blur=(0.1, 3.0),
)

# %% [markdown]
# How far can you go before *you* no longer know what it is? There the network would have to
# match views that have nothing in common.
#
# ## 2 · SimCLR, line by line
#
# The lecture prints Algorithm 1 with loops. First exactly so, on eight pictures and an
# untrained network.

# %%
torch.manual_seed(0)
network = simclr.ProjectedEncoder(encoders.ConvEncoder(width=16), outputs=64)  # f and g
f, g, tau, N, throw = network.encoder, network.head, 0.5, 8, dice(1)

x = world.images[:N]  # for sampled minibatch x_k
first = views.random_views(x, RECIPE, throw)  # t(x_k): the first augmentation
second = views.random_views(x, RECIPE, throw)  # t'(x_k): the second augmentation
h = f(torch.cat([first, second]))  # representation
z = g(h)  # projection

s = torch.zeros(2 * N, 2 * N)
for i in range(2 * N):  # for all i and j
    for j in range(2 * N):
        s[i, j] = z[i] @ z[j] / (z[i].norm() * z[j].norm())  # pairwise similarity


def ell(i, j):  # define l(i, j)
    below = sum((s[i, k] / tau).exp() for k in range(2 * N) if k != i)
    return -((s[i, j] / tau).exp() / below).log()


by_loop = sum(ell(k, N + k) + ell(N + k, k) for k in range(N)) / (2 * N)

# %%
print(f"loops {by_loop:.6f}, nt_xent {simclr.nt_xent(z, tau):.6f}")
assert abs(by_loop - simclr.nt_xent(z, tau)) < 1e-5
figures.similarity_panel(s.detach(), tau, view=0, images=torch.cat([first, second]))

# %% [markdown]
# (The paper numbers the views $2k-1$ and $2k$; here they are two halves, $k$ and $N+k$.) Three
# lines hold it all: the cosines of all views with all views, a diagonal that is no candidate,
# and a cross-entropy whose right class is **the other view**:
#
# $$\ell(i,j) = -\log\frac{\exp(s_{i,j}/\tau)}{\sum_{k=1}^{2N} [k\ne i]\,\exp(s_{i,k}/\tau)}.$$
#
# **Guess first:** what does it cost to guess, with a batch of 64 pictures?

# %%
my_guess = 4.16

alike = torch.ones(128, 64)
print(
    f"you said {my_guess}; it is {simclr.nt_xent(alike):.3f} = log of {2 * 64 - 1}: "
    "all views but oneself"
)

# %% [markdown]
# The colder the temperature, the more the bars are about the nearest few. Move it, and choose
# the row.


# %%
def choice(temperature=0.5, view=0):
    return figures.similarity_panel(s.detach(), temperature, view, torch.cat([first, second]))


live.explore(choice, temperature=live.Log(0.05, 3.0), view=(0, 15))

# %% [markdown]
# ### Train
#
# The loop is yours to read: views, loss, step. Labels appear nowhere. Every training of this
# notebook goes through this cell.


# %%
def train(
    losses_of,
    seed=0,
    recipe=RECIPE,
    head="non-linear",
    batch=64,
    seen=SIZES["seen"],
    rates=steps.one_cycle,
    watch=None,
):
    """A network trained on the same number of pictures, whatever the batch; and its records."""
    torch.manual_seed(seed)
    throw = dice(seed)
    network = simclr.ProjectedEncoder(encoders.ConvEncoder(width=16), 64, head)
    losses, count = losses_of(network, throw), seen // batch
    optimiser, schedule = rates([network], count)
    step = steps.gradient_step(
        lambda x: losses(simclr.two_views(x, recipe, throw)), optimiser, schedule
    )
    records = []
    for record in fit(step, Minibatches(world.images, batch, throw), steps=count):
        records.append(record)
        if watch is not None:
            watch(network, record)  # for example a probe, now and then
    return network, records


# %%
def by_simclr(network, throw):
    fast = steps.fast_precision(network)
    return lambda drawn: simclr.simclr_losses(fast, drawn, temperature=0.2)


def untrained(seed):
    torch.manual_seed(seed)
    network = simclr.ProjectedEncoder(encoders.ConvEncoder(width=16), 64)
    encoders.settle_batch_statistics(network, world.images[:1000])
    return network


# %% [markdown]
# One of the trainings is stopped now and then, for a look at its features; more of that below.


# %%
@torch.no_grad()
def look_now(network):
    """Accuracy of a linear probe and 20 neighbours on new pictures, share of 64 partners found."""
    some = slice(SIZES["known"])
    known = encoders.features_of(network.encoder, world.images[some]), world.label[some]
    new = encoders.features_of(network.encoder, world_test.images), world_test.label
    with encoders.evaluation_mode(network):
        found = simclr.pairs_found(
            network(simclr.two_views(world_test.images[:64], RECIPE, dice(9)))
        )
    linear = probe.linear_probe(known, new, 10, (1e-3,)).score
    neighbours = probe.knn_probe(known, new, 10)
    return {"linear probe": linear, "20 neighbours": neighbours, "partners found": found}


SEEDS = range(SIZES["seeds"])
never = [untrained(seed) for seed in SEEDS]
readings = [Record(0, 0.0, look_now(never[0]))]
PAUSE = max(1, SIZES["main"] // 64 // 10)


def watch(network, record, pause=PAUSE):
    if record.step % pause == 0:
        readings.append(Record(record.step, record.seconds, look_now(network)))


# %%
trained, records = zip(
    *(train(by_simclr, seed, seen=SIZES["main"], watch=None if seed else watch) for seed in SEEDS),
    strict=True,
)
plots.curves(
    {f"seed {seed}": records[seed] for seed in SEEDS}, ["found"], smooth=10, ylabel="partners found"
)

# %% [markdown]
# ### Linear evaluation
#
# How good are the features? Throw the head $g$ away, **freeze** $f$, and train a linear
# classifier of the ten kinds on $h$. The thing to compare with is the same encoder with random
# weights.
#
# **Guess first:** how many points will SimCLR gain over random?

# %%
my_guess = 5


def read(network, output=lambda network, x: encoders.features_of(network.encoder, x)):
    """Accuracy of a linear classifier of the kinds on frozen features, on new pictures."""
    known = output(network, world.images[: SIZES["known"]]), world.label[: SIZES["known"]]
    return probe.linear_probe(
        known, (output(network, world_test.images), world_test.label), 10, (1e-3,)
    ).score


def mean(values):
    return sum(values) / len(values)


before, after = [read(network) for network in never], [read(network) for network in trained]
for seed in SEEDS:
    print(f"seed {seed}: random {before[seed]:.1%}, SimCLR {after[seed]:.1%}")
print(f"you said {my_guess} points; it is {100 * (mean(after) - mean(before)):+.1f} on average")

# %% [markdown]
# A few seconds on a laptop, and tiny pictures; the paper trained ResNet-50 for days. The order
# of things is what to look at here, not their size.
#
# ### Probes while it trains
#
# The loss says how well partners are found, which is not what we want to know. So the first
# training stopped now and then, and the features themselves were asked: by the linear probe,
# and by their **nearest neighbours**, for which nothing is fitted at all.
#
# **Predict:** do the probes go up together with the share of partners found?

# %%
plots.curves(readings, ylabel="share right")

# %% [markdown]
# They go up together here, so the loss was a fair guide. It need not be: look at *crop, crop*
# in section 3, where partners are found and nothing is learned. A probe costs a second and
# tells.
#
# ### Few labels
#
# The lecture's table: with 1 % or 10 % of the labels, features learned without any beat a
# network trained on those labels alone. Ours: a linear classifier on frozen SimCLR features,
# the same on random features, and the whole network trained from scratch.
#
# **Predict:** where is the gap larger, with few labels or with more?


# %%
def from_scratch(rows, seed):
    """The same encoder with a linear layer, trained on these labelled pictures only."""
    torch.manual_seed(seed)
    classifier = encoders.Classifier(encoders.ConvEncoder(width=16), 10)
    count = 100 if SCALE != "test" else 3
    optimiser, schedule = steps.one_cycle([classifier], count)
    step = steps.gradient_step(
        lambda pair: probe.classification_losses(classifier, *pair), optimiser, schedule
    )
    labelled = world.images[rows], world.label[rows]
    list(fit(step, Minibatches(labelled, min(40, len(rows)), dice(seed)), steps=count))
    return probe.classifier_accuracy(classifier, world_test.images, world_test.label)


def on_frozen(network, rows):
    train_, test_ = (
        encoders.features_of(network.encoder, x) for x in (world.images[rows], world_test.images)
    )
    return probe.linear_probe(
        (train_, world.label[rows]), (test_, world_test.label), 10, (1e-2,)
    ).score


# %%
budgets = SIZES["few"]
runs = {
    name: torch.zeros(len(SEEDS), len(budgets))
    for name in ("SimCLR, frozen", "from scratch", "random, frozen")
}
for seed in SEEDS:
    for k, budget in enumerate(budgets):
        rows = probe.label_budget(world.label, budget, dice(seed))
        runs["SimCLR, frozen"][seed, k] = on_frozen(trained[seed], rows)
        runs["from scratch"][seed, k] = from_scratch(rows, seed)
        runs["random, frozen"][seed, k] = on_frozen(never[seed], rows)
print(
    f"{budgets[0]} and {budgets[1]} labels a kind, of about {len(world.label) // 10}: "
    "1 % and 10 % on a laptop"
)
shared.label_curves(budgets, runs)

# %% [markdown]
# The band is the range over seeds; labels, weights and SimCLR training differ for each. With a
# handful of labels, features that were learned without any are ahead. With more labels the
# network from scratch catches up, as in lesson 3: it may change everything, they stay frozen.
# (On ImageNet, where kinds are many and pictures rich, that takes far more labels.)
#
# ## 3 · Taking SimCLR apart
#
# ### Which augmentations matter?
#
# The paper trained with every pair of augmentations. In miniature: crop, colour, blur, one
# alone on the diagonal, pairs beside it.
#
# **Predict:** on ImageNet *crop with colour* was the best pair by far. Our things stand in the
# middle of the picture before random wallpaper. Will it be the same here?

# %%
NONE = dict(area=(1.0, 1.0), ratio=(1.0, 1.0), flip=0.0, jitter=0.0, grey=0.0)
PART = {
    "crop": dict(area=(0.2, 1.0), ratio=(3 / 4, 4 / 3)),
    "colour": dict(jitter=0.8, grey=0.2),
    "blur": dict(blur=0.8),
}
composed = {}
for k, one in enumerate(PART):
    for other in list(PART)[k:]:
        recipe = views.ViewRecipe(**(NONE | PART[one] | PART[other]))
        network, run = train(by_simclr, recipe=recipe)
        composed[one, other] = composed[other, one] = read(network)
        print(
            f"{one:7} {other:7} partners found {run[-1].values['found']:4.0%}, "
            f"probe {composed[one, other]:.1%}"
        )
figures.composition_table(
    composed, list(PART), f"probe; random weights {before[0]:.0%} (one seed each)"
)

# %% [markdown]
# Compare the two columns of numbers printed. Where the colours stay, partners are found easily,
# and little is learned: **the colour histogram gives the answer away**. (That is the paper's
# explanation, too.) So colour must change. Whether the crop must be hard depends on the world:
# photographs show things in all sizes and places, so invariance to crops pays; ours are all in
# the middle, and a small crop often shows wallpaper only. *One training each: an example, not a
# law.* The right augmentations are those that change what you do not care about, and nothing
# else: that is prior knowledge, put in by hand.
#
# ### The projection head
#
# The loss is taken on $z = g(h)$, the probe on $h$. Why not drop $g$? Three heads, and the
# probe before ($h$) and after ($z$) them.
#
# **Guess first:** which is read better, `"h"` or `"z"`?

# %%
my_guess = "z"


@torch.no_grad()
def projected(network, x):
    return network.head(encoders.features_of(network.encoder, x))


by_head = {head: [train(by_simclr, seed, head=head)[0] for seed in SEEDS] for head in simclr.HEADS}
table = torch.tensor(
    [[[read(n), read(n, projected)] for n in by_head[head]] for head in simclr.HEADS]
)
gap = (table[1:, :, 0] - table[1:, :, 1]).mean()
print(f"you said {my_guess!r}; over linear and non-linear, h minus z = {100 * gap:+.1f} points")
shared.score_table(
    table.mean(1),
    [f"head: {head}" for head in simclr.HEADS],
    ["before g: h", "after g: z"],
    spread=table.std(1),
    title="probe, mean over seeds",
)

# %% [markdown]
# (These trainings are shorter than the one above, as all that follow.) The lecture's
# explanation: $z$ is trained to be *invariant*, and throws away what the augmentations change,
# such as colour, even if you will need it. With a head between, $h$ may keep it. (Without a
# head $h$ and $z$ are the same thing. The paper, on ImageNet and at length, finds non-linear
# better than linear better than none; with short trainings that order need not show.)
#
# ### Batch size
#
# More pictures in a batch are more negatives, and a harder question. All runs see the same
# number of pictures.
#
# **Predict:** large batches make fewer steps with better gradients. Who wins in a *short* training?

# %%
sizes = (32, 64, 256)
by_batch = {64: [read(network) for network in by_head["non-linear"]]}  # the same trainings
for size in (32, 256):
    by_batch[size] = [read(train(by_simclr, seed, batch=size)[0]) for seed in SEEDS]
for size in sizes:
    print(
        f"batch {size:4}: {2 * size - 2:4} negatives, {SIZES['seen'] // size:4} steps, probe "
        + "  ".join(f"{score:.1%}" for score in by_batch[size])
    )
fig = shared.label_curves(
    [2 * size - 2 for size in sizes], {"SimCLR": torch.tensor([by_batch[size] for size in sizes]).T}
)
fig.axes[0].set_xlabel("negatives")
fig

# %% [markdown]
# Two things change at once, the negatives and the number of steps, and they pull in opposite
# directions: with the learning rate fixed, as here, a large batch makes too few steps. The
# paper's figure 9 has the same confusion, resolved by patience: the longer the training, the
# smaller the difference. What *cannot* be argued away is the price: a batch of 8192 on ImageNet
# does not fit on any one GPU. So, could one have many negatives **without** a large batch?
#
# ## 4 · MoCo: a queue of keys
#
# An old negative is still a negative. So keep the keys of earlier batches, in a **queue**. But
# the encoder that made them has changed since: if it changes fast, they are stale. So let keys
# be made by a second encoder that only **follows**:
#
# $$\theta_k \leftarrow m\,\theta_k + (1-m)\,\theta_q.$$

# %%
torch.manual_seed(0)
f_q = simclr.ProjectedEncoder(encoders.ConvEncoder(width=16), 64)
model = moco.MomentumContrast(f_q, moco.KeyQueue(512, 64, dice()))  # f_k.params = f_q.params
f_k, queue, t, m, N = model.key, model.queue, 0.2, 0.99, 32
optimiser = torch.optim.AdamW(f_q.parameters(), lr=2e-3)  # f_q only!

x = world.images[:N]  # load a minibatch x
x_q, x_k = simclr.two_views(x, RECIPE, dice()).chunk(2)  # aug(x), aug(x)
q = F.normalize(f_q(x_q), dim=1)  # queries: NxC
k = F.normalize(f_k(x_k), dim=1).detach()  # keys: NxC, no gradient
l_pos = torch.bmm(q.view(N, 1, 64), k.view(N, 64, 1)).view(N, 1)  # positive logits: Nx1
l_neg = q @ queue.keys.T  # negative logits: NxK
logits = torch.cat([l_pos, l_neg], dim=1)  # Nx(1+K)
labels = torch.zeros(N, dtype=torch.long)  # positives are the 0-th
loss = F.cross_entropy(logits / t, labels)
loss.backward()  # SGD update: query network
optimiser.step()
moco.momentum_update(f_k, f_q, m)  # momentum update
queue.enqueue(k)  # enqueue, and dequeue

# %%
first_step = moco.moco_loss(moco.moco_logits(q, k, moco.KeyQueue(512, 64, dice()).keys, t))
print(f"line by line {loss:.6f}, the course's functions {first_step:.6f}")
print(f"negatives: {len(queue)} for a batch of {N}; the copy is {moco.drift(f_k, f_q):.2%} behind")
assert abs(loss - first_step) < 1e-5

# %% [markdown]
# Watch for three things in the code: `k` carries **no gradient**; the optimiser **never sees**
# `f_k`; and the positive is always **candidate 0**.
#
# ### The ring
#
# The queue is a ring; each batch overwrites the oldest keys. Left, the age of each key. Right:
# take the views that a stored key was made of, encode them *now*, and compare.
#
# **Predict:** the curve for momentum 0, where the copy jumps to the query encoder at each step,
# and for 0.99. Which falls faster?

# %%
from course_utils.lessons.simclr_moco.instrument import QueueLab, WatchedQueue

rings, oldest = {}, {}
for momentum in (0.0, 0.99):
    rings[momentum] = WatchedQueue(world.images, momentum)
    rings[momentum].step(24)
    oldest[momentum] = rings[momentum].likeness()[-1]
    print(
        f"momentum {momentum:4g}: cosine of the oldest keys with the same keys made now "
        f"{oldest[momentum]:.2f}"
    )
rings[0.0].figure()

# %%
rings[0.99].figure()

# %% [markdown]
# With momentum the ring holds keys of **one** language; without, of eight dialects. Now step
# through it yourself.

# %%
lab = QueueLab(world.images)
lab

# %% [markdown]
# | Do | Watch | Why |
# |---|---|---|
# | *Step*, eight times | the white (random) keys are overwritten, clockwise | a ring: no key is ever moved |
# | *Play* | colours run round; the curve stays high | the copy moves slowly |
# | *momentum* 0, *Play* | the curve bends down within a few batches | each key is of another encoder |
# | *momentum* 0.999 | flat; but the copy falls far behind | consistent, yet ever more out of date |
# | *keys* 512 | older keys, lower at the right | a longer memory asks for a slower copy |
#
# ### Which momentum?
#
# **Guess first:** the best of 0, 0.9, 0.99 and 0.999 in a training as short as ours?

# %%
my_guess = 0.999


def by_moco(momentum, keys=512):
    def losses_of(network, throw):
        model = moco.MomentumContrast(network, moco.KeyQueue(keys, 64, throw))
        return lambda drawn: moco.moco_losses(model, drawn, momentum, 0.2, steps.fast_precision)

    return losses_of


by_momentum = {}
for momentum in (0.0, 0.9, 0.99, 0.999):
    by_momentum[momentum] = [read(train(by_moco(momentum), seed)[0]) for seed in SEEDS]
    print(
        f"momentum {momentum:5g}: probe "
        + "  ".join(f"{score:.1%}" for score in by_momentum[momentum])
    )
best = max(by_momentum, key=lambda momentum: mean(by_momentum[momentum]))
print(f"you said {my_guess}; on average the best is {best}. (Random weights: {mean(before):.1%})")

# %% [markdown]
# In the paper (He et al., 2020) momentum 0 does not train at all, and 0.999 is best: over
# hundreds of thousands of steps. A copy with momentum $m$ remembers about $1/(1-m)$ steps. Ours
# makes far fewer steps than 0.999 would remember: its keys come from an encoder that has hardly
# moved. They know little, but they are *consistent*, and that is what counts: with momentum 0
# or 0.9 the training ends below random weights. **Stale keys are worse than ignorant ones.**
# (MoCo is slow to start: its queue must first fill, and only half of the views send a gradient.
# The papers' trainings are long enough not to notice.)
#
# ## 5 · What do negatives cost?
#
# For one step: the bytes that `backward` needs to be remembered (for MoCo, the queue and the
# copy's weights added), and the time. SimCLR gets more negatives by a larger batch, MoCo by a
# longer queue with batches of 32.
#
# **Predict:** the slope of each line.


# %%
def cost(loss_of):
    """Megabytes kept for backward, and the milliseconds of the best of three steps."""
    kept, taken = {}, []

    def note(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    for _ in range(3):
        begin, _ = time.process_time(), kept.clear()
        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            loss = loss_of()
        loss.backward()
        taken.append(1000 * (time.process_time() - begin))
    return sum(kept.values()) / 1e6, min(taken)


# %%
costs = {"SimCLR": [], "MoCo": []}
for size in SIZES["cost"]:
    large = simclr.two_views(world.images[:size], RECIPE, dice())
    small = simclr.two_views(world.images[:32], RECIPE, dice())
    network, keys = untrained(0), 2 * size - 2
    model = moco.MomentumContrast(untrained(0), moco.KeyQueue(keys + 64, 64, dice()))
    extra = (model.queue.keys.nbytes + sum(p.nbytes for p in model.key.parameters())) / 1e6
    costs["SimCLR"].append(cost(lambda f=network, x=large: simclr.nt_xent(f(x))))
    megabytes, milliseconds = cost(lambda f=model, x=small: moco.moco_losses(f, x)["loss"])
    costs["MoCo"].append((megabytes + extra, milliseconds))
negatives = [2 * size - 2 for size in SIZES["cost"]]
figures.cost_panel(
    negatives,
    {n: [c[0] for c in line] for n, line in costs.items()},
    {n: [c[1] for c in line] for n, line in costs.items()},
)

# %% [markdown]
# SimCLR's lines go up with the negatives, MoCo's hardly: a key in the queue is 64 numbers, a
# picture in the batch is a whole stack of maps. The papers' own numbers, *not ours* (MoCo v2,
# Chen et al. 2020, table 3: ResNet-50, 8 V100 GPUs; the lecture's "end-to-end" is SimCLR):
#
# | mechanism | batch | memory / GPU | time / 200 epochs |
# |---|---|---|---|
# | MoCo | 256 | 5.0 GB | 53 h |
# | end-to-end | 256 | 7.4 GB | 65 h |
# | end-to-end | 4096 | 93.0 GB (their estimate) | n/a |
#
# **Guess first:** extrapolate our line to their batch of 4096. How many times the memory of
# 256? (Theirs: 93.0 / 7.4.)

# %%
my_guess = 16

(low, _), (high, _) = costs["SimCLR"][0], costs["SimCLR"][-1]
slope = (high - low) / (SIZES["cost"][-1] - SIZES["cost"][0])
at = {batch: low + slope * (batch - SIZES["cost"][0]) for batch in (256, 4096)}
print(
    f"you said {my_guess}; ours, by a straight line: {at[4096] / at[256]:.1f} times; "
    f"theirs: {93.0 / 7.4:.1f} times"
)

# %% [markdown]
# Both are nearly linear in the batch.
#
# ### MoCo v2: what SimCLR taught MoCo
#
# **MoCo v2** is no third method: it is MoCo with SimCLR's non-linear head (*MLP*), stronger
# augmentation (*aug+*: blur), and a cosine schedule (*cos*). Our MoCo above had the head and
# the schedule. Here is the paper's ablation in miniature: start from version 1, a linear head
# and a rate that falls in steps, and add one thing after the other.
#
# **Guess first:** in the paper, which part alone brings most?

# %%
my_guess = "aug+"


def by_stairs(modules, count, rate=2e-3):
    """MoCo's first schedule: a constant rate, divided by ten after 60 % and again after 80 %."""
    optimiser = torch.optim.AdamW(modules[0].parameters(), lr=rate, weight_decay=0.01)
    return optimiser, torch.optim.lr_scheduler.MultiStepLR(
        optimiser, [int(0.6 * count), int(0.8 * count)]
    )


BLURRED = replace(RECIPE, blur=0.5)
ABLATION = {
    "MoCo": dict(head="linear", recipe=RECIPE, rates=by_stairs),
    "+ MLP": dict(head="non-linear", recipe=RECIPE, rates=by_stairs),
    "+ aug+": dict(head="linear", recipe=BLURRED, rates=by_stairs),
    "+ MLP, aug+": dict(head="non-linear", recipe=BLURRED, rates=by_stairs),
    "+ MLP, aug+, cos": dict(head="non-linear", recipe=BLURRED, rates=steps.one_cycle),
}
PAPER = (60.6, 66.2, 63.4, 67.3, 67.5)  # MoCo v2, table 1: ImageNet, 200 epochs

# %%
ablated = [
    read(train(by_moco(0.99), seen=SIZES["ablation"], **parts)[0]) for parts in ABLATION.values()
]
print(
    f"you said {my_guess!r}; in the paper MLP alone brings {PAPER[1] - PAPER[0]:+.1f} points, "
    f"aug+ alone {PAPER[2] - PAPER[0]:+.1f}"
)
for name, score, paper in zip(ABLATION, ablated, PAPER, strict=True):
    print(f"{name:17} ours {score:.1%}   paper {paper} %")
print(f"MoCo v2 over random weights: {100 * (ablated[-1] - before[0]):+.1f} points")
shared.score_table(
    torch.tensor([ablated, [p / 100 for p in PAPER]]).T,
    list(ABLATION),
    ["here: toy world", "paper: ImageNet"],
    title="linear probe",
)

# %% [markdown]
# One training each, four times as long as those above, since MoCo is slow to start;
# `python -m benchmarks.contrastive --only moco_v2` repeats all five with three seeds. Compare
# the order of the rows. On ImageNet each part helps. Here the deeper head needs the cosine
# schedule to pay: with a rate that stays high for most of a short training it never settles.
# *An ablation is about a data set and a budget, not about a method for ever.*
#
# ## 6 · Take the negatives away
#
# If the negatives cost so much, why not only pull partners together? $L = -\cos(z, z')$,
# nothing pushed.
#
# **Guess first:** alignment will be perfect. What will be the mean cosine between views of
# *different* pictures?

# %%
my_guess = 0.0


def pull_only(network, throw):
    def losses(drawn):
        one, other = network(drawn).chunk(2)
        return {"loss": -F.cosine_similarity(one, other).mean()}

    return losses


def between(network):
    """Mean cosine of views of different pictures."""
    with torch.no_grad(), encoders.evaluation_mode(network):
        z = network(world_test.images[:100])
    return float((contrastive.cosine_scores(z, z).sum() - len(z)) / (len(z) * (len(z) - 1)))


pulled = [train(pull_only, seed, seen=SIZES["seen"] // 2)[0] for seed in SEEDS]
for name, group in {"pull only": pulled, "with negatives": trained}.items():
    print(
        f"{name:15} cosine between different pictures "
        + "  ".join(f"{between(n):.3f}" for n in group)
    )
print(f"you said {my_guess}; it is {mean([between(n) for n in pulled]):.3f}")

# %% [markdown]
# **Collapse:** the head maps everything to one direction, and the loss is as low as it can be.
# Negatives are the repair that you have seen: *what is pushed apart cannot coincide*. Others,
# without negatives: stop the gradient on one side and predict it (SimSiam), together with a
# momentum encoder (BYOL), or keep the spread of features explicitly (VICReg, Barlow Twins).
#
# ## 7 · What to take along
#
# - The augmentations say what does not matter. They are the only thing that SimCLR and MoCo are
#   taught.
# - SimCLR: all views of the batch compete, $2N-2$ negatives, gradients through all. Memory
#   grows with the negatives.
# - MoCo: a queue of keys, and a slow copy so that old keys stay comparable. Memory hardly grows.
# - Freeze, probe linearly, and compare with random weights. Read $h$, not $z$.
# - Without something that pushes, everything collapses.
#
# **Assignment** [a5_simclr_vs_moco](../assignments/a5_simclr_vs_moco/a5_simclr_vs_moco.ipynb):
# write both losses, the queue, the momentum and the probe; each is checked, and mistakes are
# named. **Next in the lecture:** positives that are sentences: CLIP, and pixels: Dense Object
# Nets.
#
# **Read.** T. Chen et al., *A Simple Framework for Contrastive Learning of Visual
# Representations*, 2020 · K. He et al., *Momentum Contrast for Unsupervised Visual
# Representation Learning*, 2020 · X. Chen et al., *Improved Baselines with Momentum Contrastive
# Learning*, 2020 · J.-B. Grill et al., *Bootstrap Your Own Latent*, 2020 · X. Chen and K. He,
# *Exploring Simple Siamese Representation Learning*, 2021.
