# %% [markdown]
# # 3 · Rotation prediction: labels for free
#
# **What you will see.** A network that is never told what a thing is, only asked *which way up
# it is*, and learns to tell houses from ducks on the way. Then how it cheats when the sky is in
# the picture, and how to judge honestly what it has learned.
#
# **Slides.** *Supervised, unsupervised, reinforcement, self-supervised learning* · *Pretext task:
# predict rotations* · *How to evaluate* · *Evaluation on semi-supervised learning*
#
# **Time.** About 2 minutes on 2 cores (the first run also renders the pictures).
#
# Before each reveal there is a guess to make. Change it, then run: a wrong guess teaches most.

# %%
from course_utils import scale
from course_utils.lessons import shared
from course_utils.lessons.rotation import figures

SCALE = scale("laptop")  # "laptop", "gpu" or "test": changes sizes only

import torch
from torch import nn
from torch.nn import functional as F

from course_utils import live, plots
from course_utils.core import encoders, steps
from course_utils.core.training import Minibatches, fit, progress
from course_utils.data import toy
from course_utils.selfsup import pretext, probe, saliency, views

plots.use_style()
SIZES = {
    "laptop": {"pictures": 5000, "many": 10_000, "test": 1000, "steps": 300, "seeds": 3},
    "gpu": {"pictures": 10_000, "many": 20_000, "test": 2000, "steps": 1500, "seeds": 5},
    "test": {"pictures": 250, "many": 400, "test": 100, "steps": 3, "seeds": 2},
}[SCALE]
FEW = {"laptop": (200, 120), "gpu": (1500, 200), "test": (3, 3)}[SCALE]  # most and fewest steps


# %%
def render(backdrop, count, seed, masks=False):
    def tell(done, total):
        print(f"\r{backdrop}: {done:,} of {total:,} pictures rendered", end="")

    return toy.make_images(count, backdrop=backdrop, seed=seed, masks=masks, progress=tell)


wallpaper = render("pattern", SIZES["many"], seed=1)
wallpaper_test = render("pattern", SIZES["test"], seed=2, masks=True)
turned = pretext.rotate_each(wallpaper.images[:10], torch.tensor([2, 1, 0, 3, 1, 2, 0, 3, 1, 2]))
plots.image_grid(turned, labels=["?"] * 10, title="How far was each picture turned?")

# %% [markdown]
# You answered most of these at a glance, and nobody had to label a picture for it. The one who
# turned it knows the answer. To give it, though, you had to recognise a mushroom and know how
# mushrooms stand. The lecture's hypothesis is that a network must do the same: **it can only
# tell the rotation if it has the "visual commonsense" of what the object should look like.**

# %% [markdown]
# ## 1 · Four signals from one dataset
#
# What differs between the four kinds of learning is not the network. It is *what the learner is
# told about a picture*. To see that, take the simplest learner there is, a linear layer on
# 8 × 8 pixels, and the same pictures each time.

# %%
studio = render("studio", SIZES["pictures"], seed=1)
studio_test = render("studio", SIZES["test"], seed=2)


def pixels(images):
    return F.adaptive_avg_pool2d(images, 8).flatten(start_dim=1)


x, y = pixels(studio.images), studio.label
x_test, y_test = pixels(studio_test.images), studio_test.label
first = [int((y == k).nonzero()[0]) for k in range(10)]
plots.image_grid(
    studio.images[first], labels=toy.KINDS, title="supervised: a picture comes with its name"
)

# %% [markdown]
# **Supervised:** pairs $(x, y)$, learn $p(y \mid x)$. The learner is told the right answer.

# %%
supervised = probe.fit_linear_probe(x, y, classes=10, penalty=1e-3)
supervised_score = probe.accuracy(supervised(x_test), y_test)
print(f"right on new pictures: {supervised_score:.0%}   (guessing: 10 %)")

# %% [markdown]
# **Unsupervised:** only $x$, learn about $p(x)$. Clustering is the smallest example: ten means,
# each picture goes to the nearest, each mean moves to the middle of its pictures. Two steps,
# repeated.

# %%
means = x[torch.randperm(len(x), generator=torch.Generator().manual_seed(0))[:10]]
for _ in range(30):
    nearest = torch.cdist(x, means).argmin(dim=1)
    means = torch.stack(
        [x[nearest == k].mean(dim=0) if (nearest == k).any() else means[k] for k in range(10)]
    )
purity = sum(
    int(y[nearest == k].bincount().max()) for k in range(10) if (nearest == k).any()
) / len(y)
print(
    f"pictures whose cluster is mostly of their own kind: {purity:.0%}"
    "   (the names were only used to count)"
)
plots.image_grid(
    means.view(10, 3, 8, 8), title="unsupervised: ten clusters, nobody gave them names"
)

# %% [markdown]
# **Reinforcement:** the learner acts, here it names a kind, and hears only a *reward*: 1 if that
# was right, 0 if not. After a 0 it still does not know what would have been right. The policy
# gradient raises the log-probability of actions that paid more than usual.
#
# **Guess first:** after the same pictures, same linear layer, same optimiser, which share will the
# rewarded learner get right, when the supervised one gets the number above?

# %%
my_guess = 0.30


def learn(losses_of, count=40 if SCALE == "test" else 400):
    torch.manual_seed(0)
    layer = nn.Linear(x.shape[1], 10)
    optimiser = torch.optim.Adam(layer.parameters(), lr=3e-3)
    batches = Minibatches((supervised.standardise(x), y), 100, torch.Generator().manual_seed(0))
    step = steps.gradient_step(lambda batch: losses_of(layer(batch[0]), batch[1]), optimiser)
    records = list(fit(step, batches, steps=count))
    return records, probe.accuracy(layer(supervised.standardise(x_test)), y_test)


# %%
def told_the_answer(logits, label):
    return {"loss": F.cross_entropy(logits, label), "accuracy": probe.accuracy(logits, label)}


def told_a_reward(logits, label):
    policy = torch.distributions.Categorical(logits=logits)
    action = policy.sample()
    reward = (action == label).float()  # all that the learner hears
    loss = -((reward - reward.mean()) * policy.log_prob(action)).mean()
    return {"loss": loss, "accuracy": probe.accuracy(logits, label)}


told, told_score = learn(told_the_answer)
rewarded, reward_score = learn(told_a_reward)
print(f"you said {my_guess:.0%}; rewarded: {reward_score:.0%}, told the answer: {told_score:.0%}")
plots.curves(
    {"told the answer": told, "told a reward": rewarded},
    ["accuracy"],
    against="samples",
    smooth=20,
    ylabel="accuracy",
)

# %% [markdown]
# **Self-supervised:** still supervised learning, still a cross-entropy, but the label is made from
# the picture itself. Turn it, and the turn is the label.

# %%
turned, turns = pretext.rotate_batch(studio.images)
turned_test, turns_test = pretext.rotate_batch(studio_test.images)
linear_rotation = probe.fit_linear_probe(pixels(turned), turns, classes=4, penalty=1e-3)
rotation_score = probe.accuracy(linear_rotation(pixels(turned_test)), turns_test)

print(f"{'signal':18}{'what the learner is told':32}{'it gets right':>14}{'guessing':>10}")
print(f"{'supervised':18}{'the name of each thing':32}{supervised_score:14.0%}{0.1:10.0%}")
print(f"{'unsupervised':18}{'nothing':32}{purity:14.0%}{0.1:10.0%}   (purity of 10 clusters)")
print(f"{'reinforcement':18}{'whether its choice paid':32}{reward_score:14.0%}{0.1:10.0%}")
print(
    f"{'self-supervised':18}{'nothing; it turns the picture':32}"
    f"{rotation_score:14.0%}{0.25:10.0%}   (of the turns)"
)

# %% [markdown]
# The last line is about turns, not about names. Whether solving *that* helps with names is the
# question of this notebook, and from here on the learner is a convolutional network.

# %% [markdown]
# ## 2 · Turning a batch
#
# A quarter turn counter-clockwise moves the last column to the first row. By hand, on nine
# numbers: the new entry at row $i$, column $j$ was at row $j$, column $2 - i$.

# %%
grid = torch.arange(1, 10).view(3, 3)
by_hand = torch.zeros_like(grid)
for i in range(3):
    for j in range(3):
        by_hand[i, j] = grid[j, 2 - i]
print(grid, by_hand, sep="\n")

# %%
print("the same as torch.rot90:", torch.equal(by_hand, torch.rot90(grid, 1)))
turned, turns = pretext.rotate_batch(wallpaper.images[:3])
slow = torch.stack(
    [torch.rot90(picture, k, (1, 2)) for k in range(4) for picture in wallpaper.images[:3]]
)
print("the whole batch at once, the same as one by one:", torch.equal(slow, turned))
plots.image_grid(turned, labels=[f"y = {int(k)}" for k in turns], columns=6)

# %% [markdown]
# Twelve pictures from three: **all four turns of every picture are in the batch**, so the network
# cannot learn that boats are upright more often. The loss is the plain four-way cross-entropy
#
# $$ L = -\frac{1}{4N} \sum_{i=1}^{N} \sum_{k=0}^{3}
# \log p\big(k \mid \mathrm{rot}(x_i, 90^\circ k)\big). $$
#
# **Guess first:** what is $L$ for a network that has learned nothing and gives each turn the same
# probability?

# %%
my_guess = 1.0
know_nothing = torch.zeros(12, 4)
print(
    f"you said {my_guess:.3f}; "
    f"it is {pretext.rotation_loss(know_nothing, turns):.3f} nats, the log of 4"
)

# %% [markdown]
# ## 3 · RotNet
#
# Five convolutions in three blocks, 70 thousand numbers, and a linear layer with four outputs.
# The loop is yours to read: crop and flip a little, turn, four logits, cross-entropy.


# %%
def train_rotation(images, steps_to_go, seed=0, batch=64):
    """An encoder and a four-way head; no name of anything comes in."""
    torch.manual_seed(seed)
    encoder = encoders.ConvEncoder(width=16)
    network = encoders.Classifier(encoder, 4)
    fast = steps.fast_precision(network)  # the same network, in bfloat16 where that is faster
    optimiser, schedule = steps.one_cycle([network], steps_to_go)
    dice = torch.Generator().manual_seed(seed)

    def losses(pictures):
        turned, turns = pretext.rotate_batch(
            views.random_views(pictures, views.GEOMETRY_ONLY, dice)
        )
        logits = fast(turned)
        return {
            "loss": pretext.rotation_loss(logits, turns),
            "accuracy": probe.accuracy(logits, turns),
        }

    step = steps.gradient_step(losses, optimiser, schedule)
    records = progress(fit(step, Minibatches(images, batch, dice), steps=steps_to_go))
    return encoder, network.eval(), records


# %%
encoder, network, records = train_rotation(wallpaper.images, SIZES["steps"])
plots.curves(records, ["accuracy"], smooth=10, ylabel="rotations told right")

# %% [markdown]
# The objects stand before a random wallpaper, lit from anywhere, so the *object alone* tells which
# way is up. What is the accuracy on pictures that the network never saw?


# %%
def rotation_accuracy(network, images):
    turned, turns = pretext.rotate_batch(images)
    return probe.classifier_accuracy(network, turned, turns)


print(
    f"new pictures, all four turns: {rotation_accuracy(network, wallpaper_test.images):.1%}"
    " (guessing: 25 %)"
)

# %% [markdown]
# ### Turn a picture by hand
#
# It was trained on four angles only. **Predict:** what will it say at 45°? And will it change its
# mind exactly half way?

# %%
from course_utils.lessons.rotation.instrument import RotationLab, probabilities_over_circle

shown = [int((wallpaper_test.label == k).nonzero()[0]) for k in (0, 4, 6, 9, 3, 5)]
names = [toy.KINDS[int(wallpaper_test.label[i])] for i in shown]
degrees, chances = probabilities_over_circle(network, wallpaper_test.images[shown[0]])
figures.turn_panel(wallpaper_test.images[shown[0]], degrees, chances, angle=0.0)

# %%
lab = RotationLab(network, wallpaper_test.images[shown], names)

# %% [markdown]
# Drag round the picture, or use the slider. Between the four angles it has never seen anything;
# mostly it goes on answering with the nearer turn, and around the diagonals its answers cross.

# %% [markdown]
# ### What does it look at?
#
# Hide a square of 8 × 8 pixels behind the picture's mean colour and note by how much the
# probability of the right answer falls. Do that at every place. **Predict:** where on the house,
# the chair, the duck will hiding hurt most?


# %%
def upright(network):
    return lambda images: torch.softmax(network(images), dim=1)[:, 0]


pictures = wallpaper_test.images[shown]
heat = saliency.occlusion_map(upright(network), pictures, side=8, stride=4)
figures.heat_rows(pictures, {"needed to see\nthat it is upright": heat}, labels=names)

# %%
some = slice(0, 200)
heat = saliency.occlusion_map(upright(network), wallpaper_test.images[some])
on_object = saliency.share_inside(heat, wallpaper_test.instance[some] >= 0, side=8)
by_chance = saliency.share_inside(torch.ones_like(heat), wallpaper_test.instance[some] >= 0, side=8)
print(
    f"share of the effect that falls on the object: {on_object:.0%}"
    f" (on average over all places: {by_chance:.0%})"
)

# %% [markdown]
# ### Where it must fail
#
# A picture that looks the same after a quarter turn has four labels and one appearance. **Guess
# first:** what accuracy can the best network in the world reach on this ball?

# %%
my_guess = 0.5
offset = torch.arange(32) - 15.5
distance = (offset[:, None] ** 2 + offset[None, :] ** 2).sqrt()
ball = torch.where(distance < 11, torch.tensor([0.8, 0.2, 0.2]).view(3, 1, 1), torch.tensor(0.75))
turned, turns = pretext.rotate_batch(ball[None])
print("all four turns are the same picture:", bool((turned == ball).all()))
print(f"you said {my_guess:.0%}; this network: {probe.accuracy(network(turned), turns):.0%}")

# %% [markdown]
# Exactly a quarter, for *every* network: it gives four identical inputs one answer, and that is
# right once. A round thing has no "up". And seen from straight above, nothing has: a picture of a
# car from a satellite is as likely as the same picture turned.
#
# **Predict:** how many of these turns will be told right?

# %%
dice = torch.Generator().manual_seed(3)
scenes = toy.sample_scenes(SIZES["test"], generator=dice, backdrop="pattern")
camera = toy.sample_cameras(scenes, generator=dice, elevation=(torch.pi / 2 - 1e-3,) * 2)
from_above = toy.render_image(scenes, camera)
print(f"turns told right, from above: {rotation_accuracy(network, from_above):.0%}")
plots.image_grid(from_above[:10], labels=[toy.KINDS[int(k)] for k in scenes.objects.kind[:10, 0]])

# %% [markdown]
# Guessing, again, and no training would help. Among pictures from the side there are easy
# kinds and hard ones:

# %%
turned, turns = pretext.rotate_batch(wallpaper_test.images)
with torch.no_grad():
    right = (network(turned).argmax(dim=1) == turns).float().view(4, -1).mean(dim=0)
per_kind = {
    kind: right[wallpaper_test.label == k].mean().item() for k, kind in enumerate(toy.KINDS)
}
figures.accuracy_bars(per_kind, chance=0.25, title="turns told right, by kind", highlight=0.7)

# %%
with torch.no_grad():
    certainty = torch.softmax(network(wallpaper_test.images), dim=1)
worst = certainty[:, 0].argsort()[:10]
said = [figures.TURN_NAMES[int(k)] for k in certainty[worst].argmax(dim=1)]
kinds = [toy.KINDS[int(k)] for k in wallpaper_test.label[worst]]
answers = [f"{kind}: {turn}?" for kind, turn in zip(kinds, said, strict=True)]
plots.image_grid(
    wallpaper_test.images[worst],
    labels=answers,
    columns=5,
    picture_inches=1.8,
    title="upright, and what the network said",
)

# %% [markdown]
# Look for a pattern in its mistakes. A chair is two boards at a right angle, and after a quarter
# turn it is two boards at a right angle again; an aeroplane is a cross. Would you have been sure?

# %% [markdown]
# ## 4 · The shortcut in the sky
#
# Now the same objects *outdoors*: ground below, sky above, shadows on the ground. And in a *studio*
# with a plain backdrop, no floor, and a lamp that may stand anywhere: like the wallpaper, a repair.

# %%
outdoors = render("outdoors", SIZES["pictures"], seed=1)
outdoors_test = render("outdoors", SIZES["test"], seed=2, masks=True)
tests = {"outdoors": outdoors_test, "studio": studio_test, "wallpaper": wallpaper_test}
plots.image_grid(torch.cat([outdoors.images[:10], studio.images[:10]]), columns=10)

# %% [markdown]
# **Predict:** is the rotation task easier or harder outdoors than before wallpaper? And how will a
# network trained outdoors do in the studio: as well, a little worse, or much worse?

# %%
trained = {"wallpaper": (encoder, network)}
for name, world in {"outdoors": outdoors, "studio": studio}.items():
    *trained[name], _ = train_rotation(world.images, SIZES["steps"])
worlds = ["outdoors", "studio", "wallpaper"]

# %%
scores = torch.tensor(
    [[rotation_accuracy(trained[a][1], tests[b].images) for b in worlds] for a in worlds]
)
shared.score_table(
    scores,
    [f"trained: {a}" for a in worlds],
    [f"seen: {b}" for b in worlds],
    title="turns told right, in %",
)

# %% [markdown]
# Read the first row: how good it is at home, and what is left of that where there is no sky. What
# did it look at? The same occlusion maps, for the network from outdoors and the one that grew up
# before wallpaper:

# %%
shown = [int((outdoors_test.label == k).nonzero()[0]) for k in (0, 4, 6, 9, 3, 5)]
heats = {
    f"trained\n{a}": saliency.occlusion_map(upright(trained[a][1]), outdoors_test.images[shown])
    for a in ("outdoors", "wallpaper")
}
figures.heat_rows(
    outdoors_test.images[shown],
    heats,
    labels=[toy.KINDS[int(outdoors_test.label[i])] for i in shown],
)

# %%
sky = outdoors_test.images.clone()
sky[:, :, 12:] = sky[:, :, 12:].mean(dim=(2, 3), keepdim=True)  # only the top rows are left
for name in worlds:
    score = rotation_accuracy(trained[name][1], sky)
    print(
        f"trained {name:10} turns told right with only the sky left: {score:.0%} (guessing: 25 %)"
    )

# %% [markdown]
# ### What does the shortcut cost?
#
# Outdoors much of the answer is in the sky. A pretext accuracy says nothing by itself: the network
# from outdoors has the best one at home. What counts is what the *features* know. Freeze the
# encoder, put a linear classifier of the ten kinds on its output, and compare with **the same
# layer of an encoder that was never trained**.
#
# **Predict:** which of the three networks knows most about outdoor pictures, the one that grew up
# there?


# %%
def random_encoder(seed, images):
    torch.manual_seed(1000 + seed)
    fresh = encoders.ConvEncoder(width=16)
    encoders.settle_batch_statistics(fresh, images[:1000])
    return fresh


def kinds_known(encoder, world, test, layer=3, pool=1, count=3000):
    """Accuracy of a linear classifier on frozen features of one layer."""
    known = encoders.features_of(encoder, world.images[:count], layer, pool), world.label[:count]
    new = encoders.features_of(encoder, test.images, layer, pool), test.label
    return probe.linear_probe(known, new, classes=10, penalties=(1e-3,)).score


# %%
training = {"outdoors": outdoors, "studio": studio, "wallpaper": wallpaper}
never = [kinds_known(random_encoder(0, training[b].images), training[b], tests[b]) for b in worlds]
known = [[kinds_known(trained[a][0], training[b], tests[b]) for b in worlds] for a in worlds]
table = torch.tensor([never, *known])
shared.score_table(
    table,
    ["never trained", *(f"trained: {a}" for a in worlds)],
    [f"kinds, {b}" for b in worlds],
    reference=table[:1],
    title="kinds told by a linear probe, in % (colour: gain)",
)

# %% [markdown]
# Compare the gains in each column, not the numbers across columns. Where the sky answers the
# question, the object need not be looked at, and less is learned about it. **The pretext task
# must be hard in the right way.** The repair is in the data: remove what gives the answer away.
# (These are three networks, one example each. Claims need more than one seed: next section.)

# %%
home = table[1, 0] - table[0, 0]
away = table[2:, 0] - table[0, 0]
print(
    f"gain over random, on outdoor pictures: trained outdoors {100 * home:+.1f} points, "
    f"studio {100 * away[0]:+.1f}, wallpaper {100 * away[1]:+.1f}"
)

# %% [markdown]
# ## 5 · How to evaluate
#
# The protocol of the lecture: (1) learn features from the pretext task, (2) attach a shallow
# network and train *it* on the target task with few labels. Two things are easy to get wrong:
#
# * compare with the **same layer, untrained**: the architecture alone, with random numbers in it,
#   already tells kinds far better than guessing, and so do raw pixels;
# * the best layer is often **not the last**, which has specialised in turns.

# %%
seeds = [encoder] + [
    train_rotation(wallpaper.images, SIZES["steps"], seed)[0] for seed in range(1, SIZES["seeds"])
]

# %%
places = [(1, 2), (2, 1), (2, 2), (3, 1), (3, 2)]
untrained = [random_encoder(s, wallpaper.images) for s in range(SIZES["seeds"])]


def over_seeds(group):
    return torch.tensor(
        [
            [kinds_known(e, wallpaper, wallpaper_test, layer, pool) for layer, pool in places]
            for e in group
        ]
    )


after, before = over_seeds(seeds), over_seeds(untrained)
shared.score_table(
    torch.stack([before.mean(0), after.mean(0)]),
    ["never trained", "rotation"],
    [f"block {layer}\n{pool} × {pool}" for layer, pool in places],
    reference=before.mean(0, keepdim=True),
    spread=torch.stack([before.std(0), after.std(0)]),
)

# %% [markdown]
# The claim of the lecture is the difference of the two rows, and it should hold for every seed:

# %%
raw = probe.linear_probe(
    (pixels(wallpaper.images[:3000]), wallpaper.label[:3000]),
    (pixels(wallpaper_test.images), wallpaper_test.label),
    10,
    (1e-3,),
).score
margin = after - before
print(f"raw 8 x 8 pixels {raw:.1%}")
for (layer, pool), gain in zip(places, margin.T, strict=True):
    print(
        f"block {layer}, {pool} x {pool}: trained - random = {100 * gain.mean():+.1f} points, "
        f"worst seed {100 * gain.min():+.1f}"
    )

# %% [markdown]
# ### Few labels: the figure of Gidaris et al.
#
# Freeze blocks 1 and 2. Train block 3 and a linear layer, both new, on 10 to 1000 labels a class.
# Against it: the same architecture trained from scratch on the same labels, and, as the honest
# control, blocks 1 and 2 frozen *at random*.
#
# **Predict:** from how many labels per class on does the network from scratch win?

# %%
my_guess = 100


def train_classifier(classifier, inputs, labels, seed):
    batch = min(100, max(20, len(labels) // 4))
    count = probe.steps_for_budget(len(labels), batch, *FEW)
    optimiser, schedule = steps.one_cycle([classifier], count)
    fast = steps.fast_precision(classifier)
    step = steps.gradient_step(
        lambda chosen: probe.classification_losses(fast, *chosen), optimiser, schedule
    )
    dice = torch.Generator().manual_seed(seed)
    list(fit(step, Minibatches((inputs, labels), batch, dice), steps=count))
    return classifier


# %%
def accuracy_by_budget(maps, maps_test, budgets, seed, build):
    """Test accuracy for each number of labels per class, always the same labels for a seed."""
    scores = []
    for budget in budgets:
        rows = probe.label_budget(wallpaper.label, budget, torch.Generator().manual_seed(seed))
        torch.manual_seed(seed)
        classifier = train_classifier(
            build(encoders.ConvEncoder(width=16), 10), maps[rows], wallpaper.label[rows], seed
        )
        scores.append(probe.classifier_accuracy(classifier, maps_test, wallpaper_test.label))
    return scores


most = int(wallpaper.label.bincount().min())
budgets = [b for b in (10, 32, 100, 316, 1000) if b <= most]
print("labels per class:", budgets)

# %% [markdown]
# While blocks 1 and 2 are frozen their maps never change, so they are computed once.

# %%
runs = {"RotNet, 2 blocks frozen": [], "supervised from scratch": [], "random, 2 blocks frozen": []}
for seed, (rotnet, fresh) in enumerate(zip(seeds, untrained, strict=True)):
    for name, frozen in {
        "RotNet, 2 blocks frozen": rotnet,
        "random, 2 blocks frozen": fresh,
    }.items():
        maps, maps_test = (probe.frozen_maps(frozen, w.images) for w in (wallpaper, wallpaper_test))
        runs[name].append(
            accuracy_by_budget(maps, maps_test, budgets, seed, probe.ThirdBlockClassifier)
        )
    scratch = accuracy_by_budget(
        wallpaper.images, wallpaper_test.images, budgets, seed, encoders.Classifier
    )
    runs["supervised from scratch"].append(scratch)
    print(f"seed {seed} done")
runs = {name: torch.tensor(run) for name, run in runs.items()}
shared.label_curves(budgets, runs)

# %%
gain = runs["RotNet, 2 blocks frozen"] - runs["supervised from scratch"]
for budget, points in zip(budgets, 100 * gain.T, strict=True):
    print(
        f"{budget:5d} labels per class: RotNet - scratch = {points.mean():+.1f} points "
        f"({points.min():+.1f} to {points.max():+.1f})"
    )
behind = [b for b, points in zip(budgets, gain.T, strict=True) if points.mean() < 0]
print(
    f"you said {my_guess}; from scratch wins on average from",
    behind[0] if behind else "beyond the largest budget",
)

# %% [markdown]
# With few labels the free task replaces several times as many of them. With many, frozen blocks
# are a handicap: they were made for turns, and the network from scratch may change everything. The
# grey curve is far below: it is not the freezing that helps, it is what was learned before. The
# band is the range over seeds; each seed has its own RotNet, its own labels and its own start.
#
# Move the cursor, and read off the exchange rate, the dotted line: how many times as many labels
# does the network from scratch need for what RotNet reaches there?


# %%
def at_budget(labels_per_class=32.0):
    nearest = min(budgets, key=lambda b: abs(torch.log(torch.tensor(b / labels_per_class))))
    return shared.label_curves(budgets, runs, nearest)


at_budget()

# %%
slider = live.explore(at_budget, labels_per_class=live.Log(10, budgets[-1], steps=2))

# %% [markdown]
# ## What to take away
#
# * Self-supervised learning is supervised learning with labels made from the data.
# * The pretext accuracy is not the goal: where a shortcut makes it high, the features may be poor.
# * Judge features by a shallow classifier, at the same layer, against the untrained network, over
#   seeds.
# * Free labels pay most where paid labels are few.
#
# **Try it.** Train on `toy.make_images(..., kinds=("tree", "lamp", "mushroom"))`: things without a
# front. Do the features still tell a car's front from its back? Or take real photographs:
# `data.load_images` also reads CIFAR-10.
