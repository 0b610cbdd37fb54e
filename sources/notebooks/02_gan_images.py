# %% [markdown]
# # 2 · GANs that make pictures
#
# **What you will see.** The game of lesson 1, with pictures instead of points. Two small
# convolutional networks learn to draw digits while you watch. Then the questions that every
# generative model must answer: are its pictures any good, are they *all there*, and did it
# simply learn the training set by heart? At the end stands BigGAN in miniature, which draws the
# digit you ask for, and an honest look at why hardly anybody trains GANs for pictures now.
#
# **Slides.** *Generative Adversarial Nets* (samples and their nearest neighbours) ·
# *Convolutional architectures* · *Architecture guidelines for stable Deep Convolutional GANs* ·
# *2019: BigGAN* · *GANs were popular ...*
#
# **Time.** About 3 minutes of computing on 2 cores (the first run also renders the toy world).
#
# Before each reveal there is a guess to make. Change it, then run: a wrong guess teaches most.

# %%
from course_utils import scale

SCALE = scale("laptop")  # "laptop", "gpu" or "test": changes sizes only

from itertools import repeat

import torch
from torch import nn
from torch.nn import functional as F

from course_utils import live, plots
from course_utils.core import devices, metrics
from course_utils.core.training import fit, progress
from course_utils.data import load_images
from course_utils.gan import (
    biggan,
    dcgan,
    evaluator,
    guidelines,
    images,
    measures,
    transposed_convolution,
)
from course_utils.gan.class_game import ClassGame
from course_utils.gan.dcgan import Recipe
from course_utils.gan.image_game import PictureGame, Rates, made_pictures
from course_utils.lessons.gan_images import figures as show
from course_utils.lessons.gan_images.instrument import PictureLab

plots.use_style()
devices.use_threads()

# %%
SIZES = {  # rounds of the games, steps of the judge, made pictures to measure, seeds of the minis
    "laptop": dict(
        main=2400, mini=250, toy=150, big=800, judge=400, many=1000, seeds=3, world=1500
    ),
    "gpu": dict(
        main=8000, mini=1500, toy=4000, big=4000, judge=800, many=2000, seeds=3, world=10_000
    ),
    "test": dict(main=3, mini=2, toy=2, big=3, judge=3, many=60, seeds=1, world=64),
}[SCALE]
digits = load_images("mnist5k")
dice = torch.Generator().manual_seed(0)
order = torch.randperm(len(digits.train_x), generator=dice)
train, test = (
    F.pad(2 * x - 1, (2, 2, 2, 2), value=-1) for x in (digits.train_x[order], digits.test_x)
)
RECIPE = Recipe(size=32, latent=6, width=24)
game = PictureGame(train, RECIPE, Rates(d_rate=1e-3))  # both players at the same rate
show.sheets({"real digits (MNIST)": train[:40], "made, before any training": game.samples(40)})

# %% [markdown]
# On the left, some of the real digits. On the right, what the generator makes of random numbers
# now: a pattern, and it is *regular*. Remember that; it will be explained soon. Pictures have
# values from $-1$ (black) to 1.
#
# ## 1 · From a small map to a large one
#
# A classifier makes maps smaller; a generator must make them **larger**. The lecture's slide
# says *upsampling network with fractionally-strided convolutions*. It is done with stamps:
# every pixel of the small map stamps the kernel onto the large one, times its own value, each
# stamp **2 pixels** from the next. Where stamps overlap, they add.

# %%
small = torch.tensor([[1.0, 2.0], [3.0, 1.0]])
kernel = torch.tensor([[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]])

large = torch.zeros(5, 5)
for i in range(2):
    for j in range(2):
        for a in range(3):
            for b in range(3):
                large[2 * i + a, 2 * j + b] += small[i, j] * kernel[a, b]

one = transposed_convolution.stamped(small * torch.tensor([[0.0, 1], [0, 0]]), kernel, 2, 0)
show.stamping(small, kernel, large, one, stride=2)

# %% [markdown]
# Torch calls it `conv_transpose2d`. There is a second way to read it, and it gave the name:
# put **zeros between** the pixels, then run an *ordinary* convolution. It moves by one pixel of
# the result, which is *half* a pixel of the small map.

# %%
by_torch = F.conv_transpose2d(small[None, None], kernel[None, None], stride=2)[0, 0]
by_zeros = transposed_convolution.gathered(small, kernel, stride=2, padding=0)
print(transposed_convolution.with_zeros_between(small, 2))
assert torch.allclose(large, by_torch) and torch.allclose(large, by_zeros)
print("stamps, zeros between, and torch: the same", tuple(large.shape), "map")

# %% [markdown]
# ### A trap: the checkerboard
#
# Take a small map that is 1 everywhere and a kernel that is 1 everywhere. The result should be
# an even grey. The numbers below say how many stamps fall on each pixel.
#
# **Guess first:** with stride 2, for which kernel sizes is the sheet even?

# %%
my_guess = [3, 5]

counts = {f"kernel {k}": transposed_convolution.stamps_per_pixel(k, stride=2) for k in (2, 3, 4, 5)}
even = [k for k in (2, 3, 4, 5) if transposed_convolution.unevenness(counts[f"kernel {k}"]) < 1e-6]
print(f"you said {my_guess}; it is even for {even}")
show.checkerboards(counts)

# %% [markdown]
# Even exactly when the **stride divides the kernel**. With kernel 3, some pixels get four
# stamps and their neighbours one. The network can learn weights that hide it, but it begins
# with a checkerboard, and all the gradients go through it too. Hence the usual *kernel 4,
# stride 2*, also here. Yet the untrained pictures above are still regular: with random weights,
# the pixels of one stamp differ, and every stamp is the same. An even count removes the worst,
# not all. (Odena and others, 2016, advise to repeat pixels and then convolve: a question for
# section 7.)
#
# ## 2 · Two players, five guidelines
#
# The slide's rules for *stable* convolutional GANs, from Radford and others, 2016:
#
# 1. strided convolutions (D) and fractionally-strided ones (G) instead of pooling;
# 2. batch normalisation in both;
# 3. no fully connected hidden layers;
# 4. ReLU in G, Tanh at its output;
# 5. LeakyReLU in D.

# %%
for name, player in {"G": game.generator, "D": game.discriminator}.items():
    print(f"{name}: {metrics.count_parameters(player):,} weights")
    for layer in player.layers:
        print("   ", layer)

# %% [markdown]
# Only two layers multiply by a full matrix: the projection of $z$ (first in G) and the last one
# of D. They are not *hidden*.
#
# Rules can be checked by a program. Our linter reads any `nn.Module`. Here is a discriminator
# as somebody might write it who comes from classification.
#
# **Guess first:** how many of the five does it break?

# %%
my_guess = 2

classic = nn.Sequential(
    *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Flatten(), nn.Linear(32 * 64, 64), nn.ReLU(), nn.Linear(64, 1)),
)
found = guidelines.lint_discriminator(classic)
for finding in found:
    print("-", finding)
print(
    f"\nyou said {my_guess}; it breaks {len({f.guideline for f in found})} "
    "of the four that concern D"
)

# %% [markdown]
# Now you: repair it until the list is empty. Then try to fool the linter. (It sees modules, not
# what `forward` does with them.)

# %%
mine = nn.Sequential(
    *(nn.Conv2d(1, 16, 4, 2, 1), nn.LeakyReLU(0.2)),
    *(nn.Conv2d(16, 32, 4, 2, 1), nn.BatchNorm2d(32), nn.LeakyReLU(0.2)),
    *(nn.Flatten(), nn.Linear(32 * 64, 1)),
)
print(guidelines.lint_discriminator(mine) or "nothing to complain about")
print(guidelines.lint_generator(game.generator) or "nothing to complain about")

# %% [markdown]
# ## 3 · A judge
#
# Losses of a GAN do not say how good its pictures are (lesson 1, section 3). So first we train
# a **judge**: a small classifier on real digits with their labels. GAN training never sees it,
# nor the labels.

# %%
torch.manual_seed(0)
referee = evaluator.new_judge()
evaluator.trained_judge(referee, train, digits.train_y[order], SIZES["judge"], dice)
factor = evaluator.calibrate(referee, test, digits.test_y)

on_test = evaluator.verdict_on(referee, test)
right = (on_test.labels == digits.test_y).float().mean()
print(
    f"right on real digits that it never saw: {right:.1%}; "
    f"its confidence was scaled by {factor:.2f}"
)

# %% [markdown]
# *Calibration* (Guo and others, 2017) makes its confidence mean something: of the real digits
# for which it says 90 %, about 90 % are right. A classifier must say *something* about any
# picture, so compare three sets.
#
# **Guess first:** of what the untrained generator makes, on how many does the judge give more
# than 90 % confidence?

# %%
my_guess = 0.0

raw = evaluator.verdict_on(referee, game.samples(SIZES["many"]))
noise = evaluator.verdict_on(referee, 2 * torch.rand(500, 1, 32, 32, generator=dice) - 1)
print(f"you said {my_guess:.0%}; it is {raw.sure():.0%}; on plain noise {noise.sure():.0%}")
show.confidence_bars(
    {
        "real": on_test.confidence.tolist(),
        "untrained G": raw.confidence.tolist(),
        "noise": noise.confidence.tolist(),
    }
)

# %% [markdown]
# **A trap:** a judge can be *sure* of nonsense, as it was never shown any; and a generator that
# draws one perfect "1" for ever would score 100 %. That is why we shall also count classes, and
# compare whole *sets* of pictures.
#
# ## 4 · The training
#
# It is `minimax.discriminator_step` and `minimax.generator_step` of lesson 1, on batches of 64
# pictures. Only the networks are new. Beside G a **slow copy** follows it (EMA: a running mean
# of its weights, a trick from after DCGAN): G circles, and the mean of a circle is its centre.
#
# $z$ has only 6 numbers here; the paper's had 100. Fewer directions mean fewer in-between
# shapes: more samples that the judge is sure of, and less variety. Set `latent=32` above, and
# compare in section 5.

# %%
moments = [0] + [round(SIZES["main"] * share) for share in (0.03, 0.1, 0.25, 0.5, 1.0)]
fixed_z = game.noise(20)
film, progress_of = {}, []


def one_round(_):
    return game.step()


def watch(record):
    if record.step in moments or not film:
        film[f"{record.step:,} rounds"] = made_pictures(game.average, fixed_z)
        made = evaluator.verdict_on(referee, game.samples(SIZES["many"]))
        progress_of.append((record.step, made.sure(), made.classes_seen()))
    return record


records = progress(map(watch, fit(one_round, repeat(None), steps=SIZES["main"])))
show.film_strip(film)

# %% [markdown]
# Every column is **one** $z$, held still while the networks learn around it. First strokes,
# then digits; and a column may change its mind about which digit it is.

# %%
for rounds, sure, classes in progress_of:
    print(f"after {rounds:5,} rounds: judge sure of {sure:4.0%}, classes seen {classes} of 10")
made = game.samples(SIZES["many"])
verdict = evaluator.verdict_on(referee, made)
print("share of each digit:", " ".join(f"{share:.0%}" for share in verdict.shares.tolist()))
show.sheet(made[:64])

# %%
plots.curves(records, smooth=25, ylabel="nats")

# %% [markdown]
# Now look at the losses. **They do not fall.** D stays a little ahead and G never catches up,
# and that is what a game in good health looks like. If you had only this picture, you would
# have stopped at the beginning.
#
# ## 5 · How near are two *sets* of pictures?
#
# We put every picture through the judge and keep the numbers before its last layer: a point in
# a space where neighbours *look* alike. Then we compare two clouds of points.
#
# **Fréchet distance.** Take each cloud for one Gaussian:
# $d^2 = |\mu_1-\mu_2|^2 + \mathrm{tr}\big(\Sigma_1+\Sigma_2-2(\Sigma_1\Sigma_2)^{1/2}\big)$. On
# a line this is $(\mu_1-\mu_2)^2 + (\sigma_1-\sigma_2)^2$, which we check first.

# %%
a = 2.0 + 1.0 * torch.randn(20_000, 1, generator=dice)
b = 5.0 + 3.0 * torch.randn(20_000, 1, generator=dice)
print(
    f"formula {(2 - 5) ** 2 + (1 - 3) ** 2:.2f}   from samples "
    f"{measures.frechet_distance(a, b):.2f}"
)

# %% [markdown]
# **FID** is this number in the features of an Inception network trained on ImageNet, with
# 50,000 pictures. **Ours is not FID**, and cannot be compared with any published one: other
# features, other sizes. It only compares our own sets with each other.
#
# It mixes two faults into one number. **Precision** and **recall** keep them apart
# (Kynkäänniemi and others, 2019). Around each point draw a ball that reaches its third
# neighbour: the balls together are the *ground* of a set.
#
# **Guess first:** real points are in two heaps, the made ones exactly on one of them. Which
# number is low, `"precision"` or `"recall"`?

# %%
my_guess = "precision"

show.territories(shift=0.0, spread=1.0)

# %%
live.explore(show.territories, shift=(-2.0, 4.0, 0.1), spread=(0.1, 4.0, 0.1))

# %% [markdown]
# It was **recall**: what is made is good, but half of the real ones lie on no made ground. Try
# *spread* 0.1 (collapse), *spread* 4 (made points everywhere, few on real ground), and *shift*
# 1.5 (between the heaps, where nothing real is).
#
# Now the digits. Two halves of the *real* set tell what is possible; we blur and copy real
# digits to see what the numbers notice.


# %%
def look(pictures):
    return evaluator.judged_features(referee, pictures)


n = SIZES["many"]
reference = look(train[:n])
sets = {
    "other real digits": train[n : 2 * n],
    "the DCGAN": made,
    "the untrained DCGAN": PictureGame(train, RECIPE).samples(n),
    "real, blurred": F.avg_pool2d(train[n : 2 * n], 5, 1, 2, count_include_pad=False),
    "real, only 0 to 4": train[n:][digits.train_y[order][n:] < 5][:n],
    "ten real ones, repeated": train[n : n + 10].repeat(n // 10, 1, 1, 1),
}
print(f"{'':26s} distance  precision  recall  coverage")
for name, pictures in sets.items():
    m = measures.coverage_measures(reference, look(pictures))
    distance = measures.frechet_distance(reference, look(pictures))
    print(f"{name:26s} {distance:8.2f} {m.precision:9.0%} {m.recall:8.0%} {m.coverage:8.0%}")

# %% [markdown]
# *Only 0 to 4* keeps its precision and loses recall: that is what mode collapse looks like in
# numbers. (*Coverage*, by Naeem and others, 2020, counts real points that have a made one
# nearby, and stumbles less over single outliers.)
#
# ## 6 · Is it copying?
#
# The lecture shows samples beside their **nearest neighbour in the training set**. If a
# generator had learned the training set by heart, sample and neighbour would be the same
# picture.
#
# Nearest in *what*? In pixels, a digit moved by two pixels is far from itself. In the judge's
# features it should be nearer. Let us test the searchers before we trust them: disguise a
# hundred training digits (moved to the right, a little noisy) and look for their originals.
#
# **Guess first:** of digits moved by 2 pixels, how many does the search in pixels find?

# %%
my_guess = 0.5

picks = torch.arange(0, 4000, 40)
spaces = {
    "pixels": images.pixels_of,
    "features": lambda x: evaluator.judged_features(referee, x, cells=2),
}
library = {name: space(train) for name, space in spaces.items()}
rates = {}
for move in (0, 1, 2, 3):
    hidden = [images.smuggled(train[:1], train[i], 0, (0, move), generator=dice) for i in picks]
    for name, space in spaces.items():
        index = images.nearest_neighbours(space(torch.cat(hidden)), library[name]).index[:, 0]
        rates[move, name] = float((index == picks).float().mean())
    print(
        f"moved by {move}: found in pixels {rates[move, 'pixels']:.0%}, "
        f"in features {rates[move, 'features']:.0%}"
    )
print(f"you said {my_guess:.0%}; it is {rates[2, 'pixels']:.0%}")

# %% [markdown]
# A search in pixels is blind to a copy that was moved. A search in features sees more, but no
# search sees everything: always say in which space you looked.
#
# Now the lecture's figure, for our GAN. One of these pictures is *not* made: it is a training
# picture, smuggled in and moved by a pixel.
#
# **Guess first:** which one (0 to 13)?

# %%
smuggled = images.smuggled(made[:14], train[123], place=9, move=(0, 1), generator=dice)
neighbours = {
    f"nearest in {name}": images.nearest_neighbours(space(smuggled), library[name]).index[:, 0]
    for name, space in spaces.items()
}
show.neighbour_rows(smuggled, train, neighbours)

# %%
my_guess = 4

finds = [name for name, index in neighbours.items() if int(index[9]) == 123]
print(
    f"you said {my_guess}; it is 9, and its original is the "
    f"{' and the '.join(finds) or 'nearest in neither'}"
)
show.neighbour_rows(smuggled, train, neighbours, suspects=[9])

# %% [markdown]
# And how near is *too* near? New real digits have neighbours too, so they are the measure: we
# suspect only what lies nearer to the training set than nearly all real digits that were never
# trained on.

# %%
features, known = spaces["features"], library["features"]
usual = images.nearest_neighbours(features(test), known).distance[:, 0]
with_spy = images.smuggled(made, train[123], place=9, move=(0, 0), noise=0.02, generator=dice)
distance = images.nearest_neighbours(features(with_spy), known).distance[:, 0]
suspects = images.suspected_copies(distance, usual)
print(
    f"suspected: {int(suspects.sum())} of {len(with_spy)}; "
    f"the smuggled one among them: {bool(suspects[9])}"
)
print(f"expected by chance alone, were all of them new real digits: {0.005 * len(with_spy):.0f}")
print(
    f"median distance to the training set: made {distance.median():.2f}, "
    f"new real {usual.median():.2f}"
)

# %% [markdown]
# What does it *not* prove? That nothing is copied in part; and a generator may also lie far
# from the training set because it is bad.
#
# ## 7 · Walking in the latent space
#
# A generator that had stored pictures would jump from one to the next. Take two latents and
# walk the arc between them.

# %%
ends = game.noise(8)


def walk(share=0.5, start=0, end=1):
    way = images.walk(torch.stack([ends[start], ends[end]]), 15)
    here = images.walk_between(ends[start], ends[end], share)
    pictures = made_pictures(game.average, torch.cat([way, here[None]]))
    return show.sheets({"the way": pictures[:16], f"at {share:.0%}": pictures[16:]}, columns=4)


walk()

# %%
live.explore(walk, share=(0.0, 1.0, 0.01), start=(0, 7), end=(0, 7))

# %% [markdown]
# There is no jump, and halfway there are shapes that nobody wrote.
#
# **Arithmetic.** Radford and others took the mean latent of *smiling woman*, minus *neutral
# woman*, plus *neutral man*, and got a smiling man. Digits do not smile, but they lean and are
# thick or thin, and both can be measured. Take the mean $z$ of the fattest made digits minus
# that of the thinnest: a direction. Add it to *other* latents.

# %%
z = game.noise(2 * SIZES["many"])
pictures = made_pictures(game.average, z)
directions = {}
for name, measure in {"ink": images.ink, "slant": images.slant}.items():
    values = measure(pictures)
    low, high = values.quantile(torch.tensor([0.1, 0.9]))
    directions[name] = images.mean_latent(z, values > high) - images.mean_latent(z, values < low)

fresh = game.noise(12)
for name, measure in {"ink": images.ink, "slant": images.slant}.items():
    told = [
        measure(made_pictures(game.average, fresh + t * directions[name])).mean()
        for t in (-0.5, 0, 0.5)
    ]
    print(
        f"{name:6s} at -0.5, 0, +0.5 times the direction: " + "  ".join(f"{v:+.3f}" for v in told)
    )


# %%
def arithmetic(ink=0.0, slant=0.0):
    moved = fresh + ink * directions["ink"] + slant * directions["slant"]
    pictures = {
        "as they were": made_pictures(game.average, fresh),
        f"{ink:+.2f} ink, {slant:+.2f} slant": made_pictures(game.average, moved),
    }
    return show.sheets(pictures, columns=4)


arithmetic(ink=0.3, slant=0.5)

# %% [markdown]
# Nobody told the generator what ink or slant is. Go far, and the identity goes too: the
# direction is a mean over *all* digits, and the mean of the fattest is no good 1.

# %%
live.explore(arithmetic, ink=(-1.0, 1.0, 0.05), slant=(-1.0, 1.0, 0.05))

# %% [markdown]
# ## 8 · Do the guidelines matter?
#
# Six generators in miniature, at 16 by 16 pixels: one keeps all five rules, each of the others
# breaks one. The same number of rounds, and the same seeds. The score is our Fréchet distance,
# in the features of a second judge for pictures of that size: smaller is better.
#
# **Guess first:** which broken rule hurts most?

# %%
my_guess = "convolutional"

tiny, tiny_test = (
    F.interpolate(x, (16, 16), mode="bilinear", antialias=True).clamp(-1, 1) for x in (train, test)
)
torch.manual_seed(0)
tiny_referee = evaluator.new_judge()
evaluator.trained_judge(tiny_referee, tiny, digits.train_y[order], SIZES["judge"], dice)
evaluator.calibrate(tiny_referee, tiny_test, digits.test_y)


def tiny_look(pictures):
    return evaluator.judged_features(tiny_referee, pictures)


tiny_reference = tiny_look(tiny[:n])


# %%
def train_mini(recipe, seeds=SIZES["seeds"], batch=64):
    rates = Rates(g_rate=2e-3, d_rate=2e-3, batch=batch)  # small networks take large steps
    games = [PictureGame(tiny, recipe, rates, seed=s) for s in range(seeds)]
    scores = []
    for mini in games:
        mini.step(SIZES["mini"])
        scores.append(measures.frechet_distance(tiny_reference, tiny_look(mini.samples(n))))
    scores = torch.stack(scores)
    spread = float(scores.max() - scores.min()) / 2
    return show.Trained(games[0].samples(24), float(scores.mean()), spread)


kept = train_mini(Recipe(size=16, width=8))
broken = {name: train_mini(Recipe(size=16, width=8).without(name)) for name in dcgan.GUIDELINES}
worst = max(broken, key=lambda name: broken[name].score)
print(f"you said {my_guess!r}; here it hurts most to break {worst!r}")
show.guideline_pairs(kept, broken)

# %% [markdown]
# Read it with care. *No difference* means: not more than two trainings with different seeds
# differ. The rules were found on *larger* pictures, with *deeper* networks, in trainings of
# days, and they are advice for **stability**: how rarely a training fails, more than how good
# it gets. On small grey digits and two blocks deep, some of them do nothing or are even the
# worse choice in a short training, and then the cell above says so. Later work dropped several:
# BigGAN has no batch normalisation in D, uses ReLU there, and enlarges by repeating pixels.
#
# ## 9 · The picture laboratory
#
# Press **Play**. The sheet shows the same latents all the time.

# %%
world = 2 * load_images("toy", count=SIZES["world"], test_count=1).train_x - 1
tiny_world = F.interpolate(world, (16, 16), mode="bilinear", antialias=True).mean(1, keepdim=True)


def score(pictures):
    seen = evaluator.verdict_on(tiny_referee, pictures)
    m = measures.coverage_measures(tiny_reference[:300], tiny_look(pictures))
    return {"judge sure": seen.sure(), "precision": m.precision, "recall": m.recall}


lab = PictureLab(
    {"digits": tiny, "toy world": tiny_world.clamp(-1, 1)}, score, Recipe(size=16, width=16)
)
lab

# %% [markdown]
# | Do | Watch | Why |
# |---|---|---|
# | *Play* for half a minute; *shown*: *G itself* | it trembles, the slow copy does not | G circles (lesson 1) |
# | *G moves per round* 8 | the sheet becomes all alike; recall falls | collapse |
# | *D learning rate* × 30 | D's loss goes to 0, G's rises, pictures freeze | D too sure: no slope |
# | *batch norm* off | slower, or one grey blur | signals fade or grow |
# | *relu tanh* off | contrast | values beyond what a screen can show |
# | data: *toy world* | the scores mean nothing now | the judge knows digits only |
#
# ## 10 · Something harder
#
# Digits are strokes on black. Here is the toy world in colour, with the same recipe, for a few
# seconds.

# %%
toy_game = PictureGame(world, Recipe(size=32, channels=3, width=16), Rates(batch=32))
progress(fit(lambda _: toy_game.step(), repeat(None), steps=SIZES["toy"]))
show.sheets({"real": world[:24], "made": toy_game.samples(24)})

# %% [markdown]
# Sky, ground, and something that throws a shadow, and no more in this time. A world with many
# kinds, colours and camera places needs a larger network and much longer. That is the door to
# BigGAN.
#
# ## 11 · BigGAN in miniature
#
# Brock, Donahue and Simonyan, 2019, made GANs **big**, and collected what keeps a big one in
# check. Part by part:
#
# | Part | What it is |
# |---|---|
# | class-conditional batch norm | the class sets gain and shift of each map in G |
# | projection discriminator | D's logit gets $e(y)\cdot h(x)$: does it look like *its* class? |
# | spectral norm | each weight matrix of D is divided by its largest singular value |
# | hinge loss | D stops caring about what is already beyond the margin |
# | slow copy (EMA) | as above |
# | orthogonal regularisation | filters of G shall differ |
#
# **Spectral norm** first, as a loop. The largest singular value $\sigma$ is how much a matrix
# can stretch a vector. Divide by it, and D's slope stays bounded: no cliffs (lesson 1, section
# 7).

# %%
W = torch.randn(20, 30, generator=dice)
u = torch.randn(20, generator=dice)
for step in range(1, 31):
    v = F.normalize(W.T @ u, dim=0)
    u = F.normalize(W @ v, dim=0)
    if step in (1, 3, 10, 30):
        print(f"after {step:2d} steps: sigma = {u @ W @ v:.4f}")
print(f"exact:              {torch.linalg.svdvals(W)[0]:.4f}")

# %% [markdown]
# In training **one** such step per round is enough, because the weights hardly change from
# round to round.
#
# **The hinge loss**, and its slope where D is already right:

# %%
for logit in (-2.0, -0.5, 0.5, 2.0):
    a = torch.tensor([logit], requires_grad=True)
    loss = biggan.hinge_discriminator_loss(a, torch.tensor([-1.0]))
    (slope,) = torch.autograd.grad(loss, a)
    print(
        f"D's logit on a real picture {logit:+.1f}   loss {loss:.1f}   slope "
        f"{slope.item() + 0.0:+.0f}"
    )

# %% [markdown]
# Now the training. G gets a *code*: 8 random numbers and the class. (Few, because of what comes
# next: the middle of a space with many dimensions is a place where training never was.)

# %%
big = ClassGame(train, digits.train_y[order], Recipe(size=32, latent=8, width=24))


def big_round(done):
    big.cool(done / SIZES["big"])  # in the second half the rates fall to a tenth: smaller circles
    return big.step()


records = progress(fit(big_round, range(SIZES["big"]), steps=SIZES["big"]))
asked = torch.arange(10).repeat(max(SIZES["many"] // 10, 6))
drawn = big.samples(asked)
seen = evaluator.verdict_on(referee, drawn)
print(f"the judge sees the class that was asked for in {(seen.labels == asked).float().mean():.0%}")
show.sheet(drawn[:60], columns=10, title="each column: one class")

# %%
table = torch.zeros(10, 10, dtype=torch.long)
for wanted, got in zip(asked.tolist(), seen.labels.tolist(), strict=True):
    table[wanted, got] += 1
show.asked_and_seen(table, digits.classes)

# %% [markdown]
# ### The truncation trick
#
# Trained with $z$ from a normal distribution, *used* with a $z$ that is drawn again until no
# entry is further from 0 than a threshold.
#
# **Guess first:** with a *small* threshold, what happens to precision and recall: `"both up"`,
# `"up, down"` or `"down, up"`?

# %%
my_guess = "both up"

thresholds = (0.1, 0.3, 0.6, 1.0, 1.5, 2.5)
found = [measures.coverage_measures(reference, look(big.samples(asked, t))) for t in thresholds]
small, large = found[0], found[-1]
words = {True: "up", False: "down"}
print(
    f"you said {my_guess!r}; it is '{words[small.precision > large.precision]}, "
    f"{words[small.recall > large.recall]}'"
)
show.fidelity_and_variety(thresholds, found)

# %%
row = torch.arange(10).repeat(4)
untruncated = torch.Generator()


def truncated(threshold=1.0):
    z = biggan.truncated_noise(len(row), 8, threshold, untruncated.manual_seed(1))
    return show.sheet(
        big.pictures(z, biggan.class_weights(row)), columns=10, title=f"threshold {threshold:g}"
    )


truncated(0.3)

# %% [markdown]
# **Variety** falls with the threshold, down to nothing: near 0 all pictures of a class are the
# same one. **Fidelity** rises in exchange, after the training and for free. So beware of
# galleries: the beautiful pictures in papers were often made at a low threshold.
#
# **A trap.** It does not work with every network. After a third of this training (try it),
# precision *falls* towards the left: the middle of the latents is a place where a short
# training hardly ever was, and there G answers with clean strokes and a few specks that no real
# digit has. It needs the rest of the training, and the falling rates at its end. The paper met
# the same: without orthogonal regularisation 16 % of its models could be truncated, with it
# 60 %. And see that at the very left precision is measured on ten nearly constant pictures: one
# of them off the real ground costs a tenth.

# %%
live.explore(truncated, threshold=(0.05, 2.5, 0.05))

# %% [markdown]
# ### Between classes
#
# The class enters G as a vector of weights, so we can ask for a mixture that never occurred in
# training: $z$ stays, only the class moves.

# %%
still = biggan.truncated_noise(4, 8, 0.8, torch.Generator().manual_seed(3))


def mixture(first=3, second=8):
    weights = torch.stack([biggan.between_classes(first, second, k / 9) for k in range(10)])
    pictures = big.pictures(still.repeat_interleave(10, 0), weights.repeat(4, 1))
    return show.sheet(pictures, columns=10, title=f"from {first} to {second}")


mixture()

# %%
live.explore(mixture, first=(0, 9), second=(0, 9))

# %% [markdown]
# ### What size does
#
# "Big" was the point: BigGAN's first table changes **batch size** and **width** and little
# else. We do the same in miniature, with our DCGAN at 16 by 16 and the same number of rounds.
#
# **Guess first:** does the distance fall with width, with batch, or with `"both"`?

# %%
my_guess = "both"

mini = Recipe(size=16, width=8)
widths = {w: train_mini(Recipe(size=16, width=w), 1).score for w in (2, 4, 16)} | {8: kept.score}
batches = {b: train_mini(mini, 1, b).score for b in (16, 32, 128)} | {64: kept.score}
widths, batches = dict(sorted(widths.items())), dict(sorted(batches.items()))
falls = [
    name
    for name, line in (("width", widths), ("batch", batches))
    if list(line.values())[-1] < next(iter(line.values()))
]
print(f"you said {my_guess!r}; here it falls with {' and '.join(falls) or 'neither'}")
show.scale_lines({"width of the networks": widths, "pictures in a batch": batches})

# %% [markdown]
# The paper's numbers (Brock et al. 2019, Table 1; ImageNet at 128 × 128, *published* FID, not
# ours):
#
# | batch | width | FID |
# |---|---|---|
# | 256 | 64 | 18.65 |
# | 512 | 64 | 15.30 |
# | 1024 | 64 | 14.88 |
# | 2048 | 64 | 12.39 |
# | 2048 | 96 | 9.54 |
#
# A larger batch holds more modes at once, so both players see more of the world in each step.
# The paper also tells the price: such trainings **collapse** in the end, and one stops early
# and keeps the last good weights.
#
# ## 12 · The failure museum
#
# Three ways to spoil it, at 16 by 16. `"a"`: G moves eight times per round, at five times the
# rate. `"b"`: D's rate is 100 times G's. `"c"`: momentum 0.95, as if this were ordinary
# training.
#
# **Guess first:** how many of the three still draw more than one kind of digit?

# %%
my_guess = 2

recipes = {
    "as it should be": Rates(g_rate=2e-3, d_rate=2e-3),
    "a: G outruns D": Rates(g_rate=1e-2, d_rate=4e-4, g_steps=8),
    "b: D far too strong": Rates(g_rate=2e-4, d_rate=2e-2),
    "c: momentum 0.95": Rates(g_rate=2e-3, d_rate=2e-3, beta1=0.95),
}
museum, classes = {}, {}
for name, rates in recipes.items():
    exhibit = PictureGame(tiny, Recipe(size=16, width=8), rates)
    exhibit.step(max(SIZES["mini"] // (1 if rates.g_steps == 1 else 4), 1))
    pictures = exhibit.samples(min(n, 500))
    verdict = evaluator.verdict_on(tiny_referee, pictures)
    classes[name] = verdict.classes_seen()
    found = measures.coverage_measures(tiny_reference[:500], tiny_look(pictures))
    museum[f"{name}\nclasses {classes[name]}, recall {found.recall:.0%}"] = pictures[:24]

# %%
alive = [name for name in list(classes)[1:] if classes[name] > 1]
print(f"you said {my_guess}; it is {len(alive)}")
show.sheets(museum, columns=4)

# %% [markdown]
# You have met all of them on the ring of lesson 1. Pictures only hide it better: on a sheet of
# faces nobody notices that one kind of face is missing. **Count.**
#
# ## 13 · What GANs left behind
#
# *GANs were popular ...* says the slide, with dots. **Why they were:** sharp pictures when
# everything else was blurred; one pass through a network, so they are fast; and an idea that
# anybody understands at once. **Why they are no longer the first choice for pictures:** the
# game may collapse, and no loss tells you; they leave out parts of the data and cannot tell how
# likely a picture is; and each new data set asks for tuning again.
#
# **What took over.** *Diffusion models* (Ho and others, 2020) learn to remove noise, step by
# step: a plain regression whose loss falls, and which covers the data. In 2021 Dhariwal and
# Nichol passed BigGAN on ImageNet; with latent diffusion and text (Rombach and others, 2022)
# they became what people know as image generators. Beside them stand autoregressive models on
# tokens.
#
# **What stayed.** The *adversarial loss* as one term among others, wherever something must look
# sharp (autoencoders for latent diffusion, super-resolution, sound); distilling a slow
# diffusion model into one that draws in one step, often against a discriminator; and the
# measures of section 5, which are used for all of them.
#
# ## 14 · What to take along
#
# - A fractionally-strided convolution stamps; let the stride divide the kernel.
# - The five guidelines are advice for stability. Measure whether they matter for you.
# - Losses do not tell. Look at samples, count classes, and measure fidelity *and* variety, in
#   features that you can name.
# - Nearest neighbours: choose the space, plant a copy, and compare with new real pictures.
# - BigGAN: the class in both players, a bounded D, an averaged G, and truncation: variety for
#   fidelity.
#
# **Next in the lecture:** learning from pictures without making any: self-supervision.
#
# **Read.** A. Radford et al., *Unsupervised Representation Learning with DCGANs*, 2016 · A.
# Odena et al., *Deconvolution and Checkerboard Artifacts*, 2016 · A. Brock et al., *Large Scale
# GAN Training*, 2019 · T. Kynkäänniemi et al., *Improved Precision and Recall*, 2019 · P.
# Dhariwal and A. Nichol, *Diffusion Models Beat GANs on Image Synthesis*, 2021.
