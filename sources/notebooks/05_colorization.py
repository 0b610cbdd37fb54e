# %% [markdown]
# # 5 · Colourisation: the other half of the picture as the label
#
# **What you will see.** A network gets a grey picture and has to say which colour every place has.
# You will see why the obvious loss paints the world grey-brown, and what to do about it; you will
# colour pictures together with the network, by giving it hints; and you will check, honestly,
# whether it has learned on the way what things *are*.
#
# **Slides.** *Pretext task: image coloring* · *Transfer learned features to supervised learning*
# (the split-brain autoencoder)
#
# **Time.** About 2 minutes on 2 cores (the first run also renders the pictures).
#
# Before each reveal there is a guess to make. Change it, then run: a wrong guess teaches most.

# %%
from course_utils import scale
from course_utils.lessons import shared

SCALE = scale("laptop")  # "laptop", "gpu" or "test": changes sizes only

import math
from itertools import pairwise

import torch
from torch.nn import functional as F

from course_utils import live, plots
from course_utils.core import devices, encoders, steps
from course_utils.core.training import Minibatches, fit, progress
from course_utils.data import toy
from course_utils.lessons.colorization import figures
from course_utils.selfsup import color, colorize, probe

plots.use_style()
devices.use_threads(1)  # networks this small gain nothing from a second core
SIZES = {
    "laptop": {"pictures": 3000, "test": 600, "steps": 300, "seeds": 3},
    "gpu": {"pictures": 10_000, "test": 2000, "steps": 2000, "seeds": 5},
    "test": {"pictures": 250, "test": 100, "steps": 3, "seeds": 2},
}[SCALE]
SEEDS = range(SIZES["seeds"])


# %%
def render(count, seed, masks=False):
    def tell(done, total):
        print(f"\r{done:,} of {total:,} pictures rendered", end="")

    return toy.make_images(count, backdrop="outdoors", seed=seed, masks=masks, progress=tell)


pictures = render(SIZES["pictures"], seed=1)
unseen = render(SIZES["test"], seed=2, masks=True)
shown = [int((unseen.label == k).nonzero()[0]) for k in range(10)]
names = [toy.KINDS[int(unseen.label[i])] for i in shown]
grey = color.rgb_to_lab(unseen.images[shown]) * torch.tensor([1.0, 0, 0]).view(3, 1, 1)
plots.image_grid(color.lab_to_rgb(grey), columns=5, picture_inches=1.6, title="Which colours?")

# %% [markdown]
# **Guess first:** you can tell the colour of some places here for certain, or nearly, and of some
# not at all. Which ones?
#
# To say "green" of the lawn you had to see that it is a lawn. That is the hope of this pretext
# task: **to colour a thing, a network must recognise it**. The label, again, costs nothing: every
# colour picture comes with its own.

# %% [markdown]
# ## 1 · Lab: one number for the grey, two for the colour
#
# R, G and B all carry brightness. The lecture therefore uses *CIE Lab*: **L** is lightness, from
# 0 (black) to 100 (white); **a** runs from green (−) to magenta (+); **b** from blue (−) to yellow
# (+). Three steps lead there. First by hand, for one orange pixel:

# %%
rgb = [0.90, 0.45, 0.10]
matrix = [
    [0.412453, 0.357580, 0.180423],
    [0.212671, 0.715160, 0.072169],
    [0.019334, 0.119193, 0.950227],
]
white = [0.95047, 1.0, 1.08883]

linear = []  # 1. undo the gamma of the screen: now twice the number is twice the light
for v in rgb:
    linear.append(v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4)
root = []  # 2. mix to X, Y, Z, relative to white; 3. the eye feels about the cube root of light
for row, w in zip(matrix, white, strict=True):
    t = sum(m * v for m, v in zip(row, linear, strict=True)) / w
    root.append(t ** (1 / 3) if t > (6 / 29) ** 3 else t / (3 * (6 / 29) ** 2) + 4 / 29)
x, y, z = root
by_hand = [116 * y - 16, 500 * (x - y), 200 * (y - z)]
print("L = {:.3f}   a = {:.3f}   b = {:.3f}".format(*by_hand))

# %% [markdown]
# Now for a whole batch, and held against another library, scikit-image:

# %%
from skimage.color import rgb2lab

pixel = color.rgb_to_lab(torch.tensor(rgb).view(1, 3, 1, 1)).flatten()
lab = color.rgb_to_lab(unseen.images)
theirs = torch.from_numpy(rgb2lab(unseen.images.permute(0, 2, 3, 1).numpy())).permute(0, 3, 1, 2)
back = color.lab_to_rgb(lab)
print(f"loop and batch differ by     {(pixel - torch.tensor(by_hand)).abs().max():.1e}")
print(f"batch and scikit-image by    {(lab - theirs).abs().max():.1e}")
print(f"there and back again loses   {(back - unseen.images).abs().max():.1e}")
assert (lab - theirs).abs().max() < 1e-3 and (back - unseen.images).abs().max() < 1e-3

# %% [markdown]
# ### What L keeps and ab lose
#
# **Guess first:** in which plane will you find the fine texture of the grass? In which the shadow?

# %%
figures.lab_planes(unseen.images[[shown[k] for k in (0, 4, 9)]])

# %% [markdown]
# Edges, texture and shadow are in L. The colour planes are nearly flat patches, one per thing. So
# colour may be *coarser*. Here one of the two is averaged over 4 × 4 pixels.
#
# **Guess first:** of which do you see the loss, of L or of ab?


# %%
def blurred(planes, cells=4):
    return F.interpolate(F.avg_pool2d(planes, cells), scale_factor=cells, mode="bilinear")


few = lab[[shown[k] for k in (0, 1, 4, 6, 8, 9)]]
coarse_ab = color.lab_to_rgb(torch.cat([few[:, :1], blurred(few[:, 1:])], dim=1))
coarse_l = color.lab_to_rgb(torch.cat([blurred(few[:, :1]), few[:, 1:]], dim=1))
shared.completion_rows(
    {"picture": color.lab_to_rgb(few), "ab coarse": coarse_ab, "L coarse": coarse_l}
)

# %% [markdown]
# That is why JPEG and television store colour coarsely, and why our networks predict ab for cells
# of 2 × 2 pixels only. The full, sharp L is added back at the end: *concatenate (L, ab)*, as the
# slide has it.
#
# ### Failure museum: units
#
# L goes to 100, ab from about −110 to 110, and a network likes numbers near 1. Every one of these
# pictures comes from a conversion that somebody forgot.

# %%
one = unseen.images[shown[:1]]
one_lab = color.rgb_to_lab(one)
ab_only = torch.tensor([1, 110, 110]).view(3, 1, 1)
stored = torch.cat([one_lab[:, :1] * 2.55, one_lab[:, 1:] + 128], dim=1)  # Lab in 8 bits
museum = {
    "right": color.lab_to_rgb(one_lab),
    "Lab scaled to [0, 1],\nnot scaled back": color.lab_to_rgb(one_lab / 100),
    "only ab not\nscaled back": color.lab_to_rgb(one_lab / ab_only),
    "RGB from 0 to 255\ntaken for [0, 1]": color.lab_to_rgb(color.rgb_to_lab(255 * one)),
    "8-bit Lab\ntaken for Lab": color.lab_to_rgb(stored),
}
plots.image_grid(torch.cat(list(museum.values())), list(museum), picture_inches=2.1)

# %% [markdown]
# A black or a grey picture at least looks wrong. The loss does not: a network that is to predict ab
# in [−1, 1] but is judged in ab units sees one single colour everywhere, and is soon perfect.

# %%
bins = color.gamut_bins(20.0)
right = color.quantise_ab(lab[:, 1:], bins)
wrong = color.quantise_ab(lab[:, 1:] / 110, bins)
print(f"colours told apart, in ab units: {len(right.unique())};  forgotten: {len(wrong.unique())}")
lightness, chroma = color.normalise_lab(lab)
repaired = color.denormalise_lab(lightness, chroma)
print(f"repair: normalise_lab and denormalise_lab, lost {(repaired - lab).abs().max():.1e}")

# %% [markdown]
# ## 2 · The ab plane, cut into bins
#
# To *classify* colours we need classes: squares of the ab plane. Only those count that some colour
# of the screen falls into. A pixel belongs to the nearest centre. As a loop over four pixels:

# %%
four = lab[shown[0], 1:, ::10, 16].T[:4]
for point in four:
    best, nearest = float("inf"), None
    for k, centre in enumerate(bins):
        distance = ((point - centre) ** 2).sum()
        if distance < best:
            best, nearest = distance, k
    vectorised = int(color.quantise_ab(point.view(1, 2, 1, 1), bins))
    assert vectorised == nearest
    a, b = point.tolist()
    print(f"ab ({a:6.1f}, {b:6.1f})  ->  bin {nearest:2d} at {bins[nearest].int().tolist()}")


# %%
def cut(grid=20.0, picture=0):
    centres = color.gamut_bins(grid, levels=65)
    truth = lab[shown[picture]][None]
    index = color.quantise_ab(truth[:, 1:], centres)
    snapped = torch.cat([truth[:, :1], centres[index].permute(0, 3, 1, 2)], dim=1)
    return figures.gamut(centres, grid, color.lab_to_rgb(truth)[0], color.lab_to_rgb(snapped)[0])


cut()

# %% [markdown]
# **Guess first:** how wide may a bin be before you see it in the picture?

# %%
cutter = live.explore(cut, grid=(8.0, 50.0, 2.0), picture=(0, 9))

# %% [markdown]
# Zhang et al. use 10 × 10. We take 20 × 20, which is coarser and several times faster.
#
# A hard label would call the bin next door as wrong as the opposite hue. The *soft* label spreads
# over the five nearest bins, by distance:

# %%
index, shares = color.nearest_bins(four[:1].view(1, 2, 1, 1), bins)
print("the pixel:", [round(v, 1) for v in four[0].tolist()])
for k, share in zip(index.flatten().tolist(), shares.flatten().tolist(), strict=True):
    print(f"bin at {bins[k].int().tolist()!s:12} gets {share:.3f}")
soft = color.soft_encode_ab(lab[:2, 1:], bins)
print("every soft label sums to 1:", bool(torch.allclose(soft.sum(dim=1), torch.ones(2, 32, 32))))

# %% [markdown]
# ## 3 · Regression's grey against classification's colour
#
# A lamp may be red, a lamp may be blue, and in grey they look the same. Suppose half of them are
# red, half blue. **Guess first:** which colour minimises the *squared error* on such a pixel: is it
# `"red"`, `"blue"` or `"neither"`?

# %%
my_guess = "red"

candidates = {"red": (60.0, 45.0), "blue": (0.0, -55.0), "neither": (30.0, -5.0)}
losses = {}
for name, (a, b) in candidates.items():
    losses[name] = 0.0
    for truth in ("red", "blue"):
        true_a, true_b = candidates[truth]
        losses[name] += 0.5 * ((a - true_a) ** 2 + (b - true_b) ** 2) / 2
    print(f"always answering {name:8} costs {losses[name]:7.0f}")
print(f"you said {my_guess!r}; the cheapest is {min(losses, key=losses.get)!r}")
figures.two_answers([candidates["red"], candidates["blue"]], [0.5, 0.5])

# %% [markdown]
# The best answer to a squared error is the **mean**, and the mean of vivid colours is dull. No
# lamp ever had that colour. A *distribution* over bins can say "red or blue, not mauve", and leave
# the choice for later.
#
# Two networks, then, the same but for the last layer: L in, either two numbers out (regression), or
# one logit per bin (classification).


# %%
def train(network, losses, seed=0, count=SIZES["steps"]):
    """The loop of all trainings here: 32 pictures, a loss, a step."""
    dice = torch.Generator().manual_seed(seed)
    optimiser, schedule = steps.one_cycle([network], count, rate=3e-3)
    step = steps.gradient_step(losses, optimiser, schedule)
    batches = Minibatches(pictures.images, 32, dice)
    records = progress(fit(step, batches, steps=count))
    return network.eval(), records


def train_regressor(seed):
    torch.manual_seed(seed)
    network = colorize.Colouriser(width=16, outputs=2)
    fast = steps.fast_precision(network)
    return train(network, lambda x: {"loss": colorize.colour_regression_loss(fast, x)}, seed)


regressors = [train_regressor(seed)[0] for seed in SEEDS]

# %%
task = colorize.colour_task(pictures.images[:2000], grid=20.0)  # bins, and a weight for each


def train_classifier(task, seed):
    torch.manual_seed(seed)
    network = colorize.Colouriser(width=16, outputs=len(task.bins))
    fast = steps.fast_precision(network)
    return train(network, lambda x: {"loss": colorize.colourisation_loss(fast, x, task)}, seed)


runs = [train_classifier(task, seed) for seed in SEEDS]
colourisers = [network for network, _ in runs]
plots.curves(runs[0][1], ["loss"], smooth=10, ylabel="loss in nats a pixel, weighted")

# %% [markdown]
# One training may be lucky, so there are several of each, from other random starts. What follows
# is said of all of them, with ± one standard deviation over them.
#
# **Guess first:** on pictures that none has seen, how vivid will each paint *the things*, compared
# with the truth? Write the share of the true saturation that you expect of the regression.

# %%
my_guess = 0.9

sharp, halved = colorize.lightness_and_halved_chroma(unseen.images)
on_thing = F.max_pool2d((unseen.instance >= 0).float()[:, None], 2)[:, 0] > 0


@torch.no_grad()
def painted(network, bins=task.bins):
    """The ab that a network answers: its two numbers, or the annealed mean of its bins."""
    answer = network(sharp)
    if answer.shape[1] == 2:
        return color.CHROMA_SCALE * answer
    return color.annealed_mean(answer, bins)


by_regression = torch.stack([painted(network) for network in regressors])
by_class = torch.stack([painted(network) for network in colourisers])
saturation = {"regression": by_regression, "classification": by_class, "truth": halved[None]}
vivid = {name: ab.norm(dim=2)[:, on_thing].mean(dim=1) for name, ab in saturation.items()}
share = vivid["regression"].mean() / vivid["truth"].mean()
print(f"you said {my_guess:.2f} for the regression; it is {share:.2f}")

# %%
ten = torch.tensor(shown)
shared.completion_rows(
    {
        "L": color.lab_to_rgb(grey),
        "regression": colorize.join_chroma(sharp[ten], by_regression[0, ten]),
        "classification": colorize.join_chroma(sharp[ten], by_class[0, ten]),
        "truth": unseen.images[ten],
    }
)

# %% [markdown]
# Lawn and sand both can do: there the answer is nearly certain. Look at the *things*, whose colour
# nobody can know. The regression hedges and the classification commits. Often to the wrong
# colour! But one that such a thing might have.


# %%
def compare(answers):
    """How vivid the answers are, and how wrong, on the things and behind them, over seeds."""
    for where, mask in {"on the thing": on_thing, "backdrop": ~on_thing}.items():
        for name, ab in answers.items():
            size = ab.norm(dim=2)[:, mask].mean(dim=1)
            error = (ab - halved).pow(2).sum(dim=2)[:, mask].mean(dim=1).sqrt()
            told = [f"{x.mean():5.1f} ± {x.std(correction=0):3.1f}" for x in (size, error)]
            print(f"{where:13} {name:15} saturation {told[0]}   root mean square error {told[1]}")


compare(saturation)
figures.saturation_histograms({name: ab[0] for name, ab in saturation.items()})

# %% [markdown]
# **Read both columns, line by line.** On the things the classification is far more vivid, and yet
# its squared error is no smaller: a wrong vivid colour costs more than a dull one, and a measure
# that squares will never ask for it. *A loss is a wish. Be careful what you wish for.*
#
# Two things were changed at once, though: the loss has classes, *and* it weighs them. What is the
# weighing for?
#
# ## 4 · Rebalancing: rare colours must count
#
# Some colours fill the world and others are rare. In photographs the greys rule; here it is lawn
# and sand. A network can ignore the rare bins and hardly pay. So each pixel is weighted by
#
# $$ w_q \propto \Big((1-\lambda)\,p_q + \frac{\lambda}{Q}\Big)^{-1},
# \qquad \sum_q p_q w_q = 1, \qquad \lambda = \tfrac12. $$
#
# On three bins by a loop:

# %%
p, mix = [0.90, 0.09, 0.01], 0.5
raw = []
for share in p:
    raw.append(1 / ((1 - mix) * share + mix / len(p)))
scale_by = sum(share * w for share, w in zip(p, raw, strict=True))
looped = torch.tensor([w / scale_by for w in raw])
print("weights by the loop", [round(w, 3) for w in looped.tolist()])
assert torch.allclose(looped, color.rebalancing_weights(torch.tensor(p), mix))

# %%
shares = color.bin_distribution(color.rgb_to_lab(pictures.images[:2000])[:, 1:], task.bins)
shares = color.smooth_distribution(shares, task.bins)
top = shares.sort(descending=True).values[:5].sum()
print(f"the 5 most frequent of {len(shares)} bins hold {top:.0%} of all pixels")
print(f"weights from {task.weights.min():.2f} to {task.weights.max():.2f}")
figures.prior_and_weights(task.bins, shares, task.weights, 20.0)

# %% [markdown]
# ### Failure museum: every pixel counts the same
#
# The same networks, all weights 1. **Guess first:** which of the two will get *more pixels* right,
# the rebalanced or the unweighted? And which will find more of the rare colours?

# %%
my_guess = "rebalanced", "rebalanced"

plain_task = colorize.ColourTask(task.bins, torch.ones_like(task.weights))
unweighted = [train_classifier(plain_task, seed)[0] for seed in SEEDS]
truth = color.quantise_ab(halved, task.bins)


@torch.no_grad()
def found(network):
    """Shares of right pixels, and of right pixels averaged over bins; how many bins it uses."""
    answer = network(sharp).argmax(dim=1)
    right = (answer == truth).float()
    per_bin = torch.stack([right[truth == k].mean() for k in truth.unique()])
    return right.mean(), per_bin.mean(), torch.tensor(float(len(answer.unique())))


# %%
scores = {}
for name, networks in {"unweighted": unweighted, "rebalanced": colourisers}.items():
    scores[name] = torch.stack([torch.stack(found(network)) for network in networks])
    pixels, bins_right, used = scores[name].mean(dim=0)
    print(
        f"{name:11} right: {pixels:.1%} of pixels, {bins_right:.1%} averaged over bins;"
        f" uses {used:.0f} bins ({len(truth.unique())} occur)"
    )
gain = scores["rebalanced"] - scores["unweighted"]
print(f"rebalanced - unweighted, seed by seed: pixels {[f'{x:+.1%}' for x in gain[:, 0].tolist()]}")
print(f"                               over bins {[f'{x:+.1%}' for x in gain[:, 1].tolist()]}")
best = tuple(max(scores, key=lambda name: scores[name][:, k].mean()) for k in (0, 1))
print(f"you said {my_guess}; it is {best}")

# %% [markdown]
# And how vivid does each paint? **Guess first:** was it the classes that made the things of section
# 3 vivid, or the weights?

# %%
without = torch.stack([painted(network) for network in unweighted])
compare({"regression": by_regression, "unweighted": without, "rebalanced": by_class})
edges = torch.tensor([0.0, 10.0, 25.0, 40.0, 60.0, 110.0])
size, bands = halved.norm(dim=1)[on_thing], {}
for name, ab in {"unweighted": without, "rebalanced": by_class, "truth": halved[None]}.items():
    mean_size = ab.norm(dim=2).mean(dim=0)[on_thing]
    inside = [(size >= low) & (size < high) for low, high in pairwise(edges)]
    bands[name] = torch.stack([mean_size[mask].mean() for mask in inside])
figures.recall_curves(edges, bands, "mean |ab| painted on things")

# %% [markdown]
# Without weights the classification is as careful on the things as the regression is: lawn and sand
# fill the pictures, and the safe answer is theirs. With them it dares more. But look at the *whole*
# row of bars: it paints more vividly where the thing is dull, too. It has not found out which thing
# is red; it has been told that saying "red" is worth the risk. Most rare colours it still does not
# find. Weights are a wish as well, and they are paid for with pixels.
#
# ## 5 · From a distribution to one colour: the annealed mean
#
# A picture needs *one* colour per place. The mean of the distribution is grey again; the mode is
# vivid but jumps from pixel to pixel. In between: sharpen with a temperature, then take the mean.
#
# $$ f_T(p)_q = \frac{\exp(\log p_q / T)}{\sum_k \exp(\log p_k / T)}, \qquad
# \hat y = \sum_q f_T(p)_q\; c_q $$

# %%
p, centres = [0.5, 0.3, 0.2], [60.0, -40.0, 0.0]
for T in (5.0, 1.0, 0.38, 0.05):
    sharpened = [math.exp(math.log(v) / T) for v in p]
    total = sum(sharpened)
    loop = sum(s / total * c for s, c in zip(sharpened, centres, strict=True))
    line = torch.tensor([[c, 0.0] for c in centres])
    batch = color.annealed_mean(torch.tensor(p).log().view(1, 3, 1, 1), line, T)
    assert abs(float(batch[0, 0]) - loop) < 1e-4
    print(f"T = {T:4.2f}   shares {[round(s / total, 2) for s in sharpened]}   colour {loop:6.1f}")

# %% [markdown]
# On a prediction of the first network. The cross is the annealed mean of the distribution at the
# framed place. **Predict:** what will happen to the picture at T = 0.05, and at T = 3?


# %%
with torch.no_grad():
    logits = colourisers[0](sharp)


def at_temperature(temperature=0.38, picture=8, row=10, column=16):
    i = shown[picture]
    softened = torch.softmax(logits[i, :, row // 2, column // 2] / temperature, dim=0)
    answer = color.annealed_mean(logits[i : i + 1], task.bins, temperature)
    coloured = colorize.join_chroma(sharp[i : i + 1], answer)[0]
    three = (color.lab_to_rgb(grey[picture : picture + 1])[0], coloured, unseen.images[i])
    place, title = (row, column), f"T = {temperature:.2f}"
    return figures.temperature_panel(three, place, task.bins, softened, 20.0, title)


at_temperature()

# %%
heat = live.explore(
    at_temperature, temperature=live.Log(0.05, 3.0), picture=(0, 9), row=(1, 30), column=(1, 30)
)

# %% [markdown]
# ### Failure museum: too hot, too cold

# %%
rows = {}
for T, name in ((3.0, "too hot"), (1.0, "mean"), (0.38, "paper"), (0.02, "too cold")):
    answer = color.annealed_mean(logits, task.bins, T)
    rough = sum(answer.diff(dim=d).abs().mean() for d in (2, 3))
    rows[f"{name}\nT = {T}"] = colorize.join_chroma(sharp[ten], answer[ten])
    print(f"T = {T:4.2f}: saturation {answer.norm(dim=1).mean():5.1f}, roughness {rough:5.2f}")
rough = sum(halved.diff(dim=d).abs().mean() for d in (2, 3))
print(f"truth:    saturation {halved.norm(dim=1).mean():5.1f}, roughness {rough:5.2f}")
shared.completion_rows(rows)

# %% [markdown]
# Hot washes everything towards the middle of the gamut; cold breaks things into patches of single
# bins. (Roughness: how much the colour changes from one cell to the next.)
#
# ## 6 · Colour together: hints
#
# The network cannot know that *this* lamp is blue. You can. So train one that also reads hints:
# three more channels, the ab of a few places and a mask that says *here it is known*. During
# training the hints are drawn at random from the true picture, sometimes none at all. They enter
# three times louder than L, or a network trained this shortly does not hear them.

# %%
torch.manual_seed(0)
reader = colorize.Colouriser(width=16, outputs=len(task.bins), hinted=True)
fast_reader = steps.fast_precision(reader)
louder = torch.tensor([1.0, 3.0, 3.0, 1.0]).view(4, 1, 1)
dice = torch.Generator().manual_seed(0)


def hinted_losses(images):
    lab = color.rgb_to_lab(images)
    mask = colorize.draw_hints(len(images), tuple(images.shape[2:]), 20.0, dice)
    mask = F.max_pool2d(mask, 3, stride=1, padding=1)  # a hint is a brush of 3 x 3 pixels
    inputs = colorize.with_hints(color.normalise_lab(lab)[0], lab[:, 1:], mask)
    nearest = color.nearest_bins(F.avg_pool2d(lab[:, 1:], 2), task.bins)
    return {"loss": color.nearest_bins_loss(fast_reader(louder * inputs), nearest, task.weights)}


reader, _ = train(reader, hinted_losses, count=2 * SIZES["steps"])

# %% [markdown]
# **Guess first:** how many true hints, at random places, halve the colour error of the places that
# got *no* hint?

# %%
my_guess = 3


def hinted(inputs):
    return reader(louder * inputs)


error = {}
for count in (0, 1, 3, 10, 30):
    rank = torch.rand(len(unseen.images), 1024, generator=dice).argsort(dim=1).argsort(dim=1)
    mask = F.max_pool2d((rank < count).float().view(-1, 1, 32, 32), 3, stride=1, padding=1)
    with torch.no_grad():
        answer = hinted(colorize.with_hints(sharp, lab[:, 1:], mask))
    untold = F.max_pool2d(mask, 2)[:, 0] == 0
    error[count] = (color.annealed_mean(answer, task.bins) - halved).norm(dim=1)[untold].mean()
    print(f"{count:2d} hints: error elsewhere {error[count]:5.1f} ab units")
enough = [count for count, e in error.items() if e < error[0] / 2]
print(f"you said {my_guess}; it takes", enough[0] if enough else "more than 30")

# %% [markdown]
# A hint speaks for more than its own place: the colour flows on over the thing, though not yet over
# all of it after so short a training. One grey picture, one place, four wishes:

# %%
from course_utils.lessons.colorization.instrument import ColorLab, colour_with_hints

i = shown[names.index("lamp")]
on = (unseen.instance[i] >= 0).nonzero()
row, column = on[len(on) // 5].tolist()
wishes = {"red": (60, 45), "blue": (15, -55), "green": (-45, 40), "grey": (0, 0)}
results = [colour_with_hints(hinted, task.bins, unseen.images[i], [])]
for a, b in wishes.values():
    hint = (row, column, float(a), float(b))
    results.append(colour_with_hints(hinted, task.bins, unseen.images[i], [hint]))
plots.image_grid(torch.stack(results), ["no hint", *wishes], picture_inches=2.0)

# %%
said = [(row, column, 60.0, 45.0), (28, 4, 15.0, -55.0)]  # a red lamp on a blue floor
figures.hint_panel(
    color.lab_to_rgb(grey[names.index("lamp")][None])[0],
    colour_with_hints(hinted, task.bins, unseen.images[i], said),
    said,
    chosen=0,
)

# %% [markdown]
# Now you. Click a place on the left, then click or drag in the palette on the right. Give the roof
# another colour; make a pink lawn; ask for a colour the network has never seen a lawn in, and see
# who wins.

# %%
painter = ColorLab(hinted, task.bins, unseen.images[shown], names)

# %% [markdown]
# ## 7 · What do the features know?
#
# Nobody coloured pictures for the pictures' sake. Freeze the encoder, and read off it with a linear
# classifier of the ten kinds. The comparison that counts is with **the same layer of the same
# network, untrained**: how well a layer can be read depends first of all on how many numbers it
# has, and only then on what it has learned.
#
# **Guess first:** how many points does the training add, in the last block?

# %%
my_guess = 30


def kinds_known(known, new):
    """Test accuracy of a linear classifier of the ten kinds on frozen features."""
    train, test = (known, pictures.label), (new, unseen.label)
    return probe.linear_probe(train, test, classes=10, penalties=(1e-3,)).score


train_l = color.normalise_lab(color.rgb_to_lab(pictures.images))[0]
places = [(2, 1), (3, 1), (3, 2)]


def at_places(encoder):
    pairs = [[encoders.features_of(encoder, x, *at) for x in (train_l, sharp)] for at in places]
    return [kinds_known(*pair) for pair in pairs]


# %%
untrained = []
for seed in SEEDS:
    torch.manual_seed(1000 + seed)
    untrained.append(encoders.ConvEncoder(16, 1, centre=0.0, spread=0.5))
    encoders.settle_batch_statistics(untrained[-1], train_l[:1000])
before = torch.tensor([at_places(encoder) for encoder in untrained])
after = torch.tensor([at_places(network.encoder) for network in colourisers])

# %% [markdown]
# The margins over the seeds, and the table (± one standard deviation over seeds):

# %%
flat = [F.adaptive_avg_pool2d(x, 8).flatten(1) for x in (train_l, sharp)]
print(f"for scale: 64 raw pixels (8 x 8 lightness) {kinds_known(*flat):.1%}, guessing 10 %")
for at, gain in zip(places, 100 * (after - before).T, strict=True):
    print(f"block {at[0]}, {at[1]} x {at[1]}: {gain.mean():+5.1f}, worst seed {gain.min():+5.1f}")
print(f"you said {my_guess:+d} points for block 3, 1 x 1")
shared.score_table(
    torch.stack([before.mean(0), after.mean(0)]),
    ["never trained", "colourisation"],
    [f"block {layer}\n{pool} × {pool}" for layer, pool in places],
    reference=before.mean(0, keepdim=True),
    spread=torch.stack([before.std(0, correction=0), after.std(0, correction=0)]),
)

# %% [markdown]
# ## 8 · Split-brain: both halves predict each other
#
# The colouriser has a blind spot: **it never sees colour**, because colour is its label. So let a
# second network do the reverse, ab → L. Neither can cheat by copying, for neither predicts what it
# sees. Together they have seen everything, and their features $F_1$ and $F_2$ are concatenated. To
# be fair each gets *half the channels*, so that both together are as wide as one colouriser.


# %%
def train_split(seed):
    torch.manual_seed(seed)
    network = colorize.SplitBrain(width=16, bins=len(task.bins))
    return train(network, lambda x: colorize.split_brain_losses(network, x, task), seed)


split_runs = [train_split(seed) for seed in SEEDS]
splits = [network for network, _ in split_runs]
plots.curves(split_runs[0][1], ["chroma", "lightness"], smooth=10, ylabel="loss in nats a pixel")

# %% [markdown]
# **Guess first:** order the three, from the poorest features to the best: `L → ab` alone, `ab → L`
# alone, both joined.

# %%
my_guess = ["ab → L", "L → ab", "joined"]


def three_ways(network, layer=3, pool=1):
    """Accuracy from F1, from F2 and from both."""
    known = colorize.split_brain_features(network, pictures.images, layer, pool)
    new = colorize.split_brain_features(network, unseen.images, layer, pool)
    return [*map(kinds_known, known, new), kinds_known(torch.cat(known, 1), torch.cat(new, 1))]


def untrained_split(seed):
    torch.manual_seed(1000 + seed)
    network = colorize.SplitBrain(width=16, bins=len(task.bins))
    l_ab = color.normalise_lab(color.rgb_to_lab(pictures.images[:1000]))
    encoders.settle_batch_statistics(network.lightness_encoder, l_ab[0])
    encoders.settle_batch_statistics(network.chroma_encoder, l_ab[1])
    return network


# %%
fresh = [untrained_split(seed) for seed in SEEDS]
before_split = torch.tensor([three_ways(network) for network in fresh])
after_split = torch.tensor([three_ways(network) for network in splits])
ways = ["L → ab", "ab → L", "joined"]
print("you said", my_guess, "; on average:", [ways[k] for k in after_split.mean(0).argsort()])
shared.score_table(
    torch.stack([before_split.mean(0), after_split.mean(0)]),
    ["never trained", "split-brain"],
    ["F1: L → ab\n(half width)", "F2: ab → L\n(half width)", "F1 and F2\njoined"],
    reference=before_split.mean(0, keepdim=True),
    spread=torch.stack([x.std(0, correction=0) for x in (before_split, after_split)]),
)

# %% [markdown]
# Three comparisons, each over seeds. The last is the strictest: as many features, and a network as
# wide.

# %%
joined = after_split[:, 2]
comparisons = {
    "joined, trained - joined, random": joined - before_split[:, 2],
    "joined - the better half": joined - after_split[:, :2].amax(dim=1),
    "joined - one full-width L → ab": joined - after[:, places.index((3, 1))],
}
for name, gain in comparisons.items():
    holds = "holds for every seed" if gain.min() > 0 else "does NOT hold for every seed"
    worst = f"worst seed {100 * gain.min():+5.1f}"
    print(f"{name:34} {100 * gain.mean():+5.1f} points, {worst}: {holds}")

# %% [markdown]
# Joining is what pays: each half knows what the other does not. What the training adds on top is
# smaller than for the one network of section 7, and not the same with every start; read the first
# line before you believe the mean. Nor need two halves beat one whole. Zhang et al. report that
# split-brain wins on ImageNet. The last line says what is true of these small pictures, where L
# alone tells the shape of a thing and its colour says little about what it is.
#
# ## What to take away
#
# * The label is half of the picture itself: L in, ab out. Mind the units.
# * Squared error answers with the mean, and the mean of many colours is none of them. Predict a
#   distribution, and choose from it with a temperature.
# * Weights decide whether rare colours exist for a network.
# * Judge features at the same layer against the untrained network, over seeds.
# * A task that hides part of the input leaves the features blind to it. Split-brain gives each part
#   to one half, and joins them.
#
# **Try it.** Change the backdrop to `"pattern"`, where colour has nothing to do with the thing, and
# run again: which of the gains is left? In the next notebook colour is not guessed but *copied*,
# from one frame of a clip to the next, and tracking comes out of it.
