# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Assignment 3 · Colour as a label
#
# *Slides: "Pretext task: image coloring", "Learning features from colorization" and "Video
# coloring". The notebook runs in about 25 seconds on two cores; writing it takes an hour or two.*
#
# A grey picture is the input, its colour is the label: nobody has to write it down. And when a
# network colours a film by *pointing* at the first frame, it learns to track what it sees.
#
# You write both in six functions of at most ten lines. At the end your own functions colour
# pictures, and then a film. You will be able to
#
# - turn Lab colours into a network's input and into **class labels**;
# - weigh **rare colours** so that the grey ones do not rule the loss;
# - make one colour of a distribution over many, at a **temperature**, and
# - let a network **point**, and copy a colour from where it points.

# %% [markdown]
# ## How this works
#
# 1. Write your answer where it says `# YOUR CODE HERE`, and remove the `raise`.
# 2. Run the **check** below it. It tells you what was tried, what was expected, what came, and the
#    likely cause. Check as often as you like: only what you hand in counts.
# 3. The **marks** cell shows what the check's inputs are worth. After you hand in, the same
#    properties are tried on other inputs, and each one that holds earns its part.
#
# {points}
#
# Keep the names of the functions and of their arguments. Use torch functions only: the course's
# own solution would notice being called.

# %%
import torch
from torch.nn import functional as F

from course_utils import checks, scale

SCALE = scale("laptop")  # "laptop", "gpu" or "test": changes sizes only
torch.set_num_threads(1)  # enough for networks this small, and a busy machine slows it less

# %% [markdown]
# ## 1 · Lab as a network reads it
#
# In Lab a colour is a lightness $L$ from 0 (black) to 100 (white), and two axes without lightness:
# $a$ from green to red, $b$ from blue to yellow. Grey has $a = b = 0$; no screen colour is farther
# from grey than about 110 on either axis. A network reads numbers of about 1 more easily:
#
# $$\text{lightness} = \frac{L - 50}{50} \in [-1, 1], \qquad
# \text{chroma} = \frac{(a, b)}{110}.$$
#
# Pictures come in batches `(n, 3, height, width)`. Return the pair `lightness, chroma` with shapes
# `(n, 1, height, width)` and `(n, 2, height, width)`: the first is the network's input, the second
# what it has to guess.


# %% nbgrader={"grade_id": "normalise_lab", "kind": "exercise", "points": 2}
def normalise_lab(lab):
    """The pair (lightness, chroma) of Lab pictures: both of about 1 at most."""
    ### BEGIN SOLUTION
    return lab[:, :1] / 50 - 1, lab[:, 1:] / 110
    ### END SOLUTION


# %% [markdown]
# ## 2 · The nearest bin
#
# A thing can have one of several colours, so the network does not guess one: it gives a
# distribution over **bins**, points $c_q$ of the $ab$ plane. The label of a pixel is the number of
# the bin nearest to its colour $x$,
#
# $$q(x) = \arg\min_q \; \lVert x - c_q \rVert_2 .$$
#
# `chroma` has shape `(n, 2, height, width)` and is in $ab$ units here (not divided by 110), as are
# the `bins` of shape `(bins, 2)`. Return whole numbers (int64) of shape `(n, height, width)`. Mind
# the axes: the channels are not the last one.


# %% nbgrader={"grade_id": "quantise_ab", "kind": "exercise", "points": 3}
def quantise_ab(chroma, bins):
    """For each pixel the number of the bin nearest to its colour, as int64."""
    ### BEGIN SOLUTION
    colours = chroma.permute(0, 2, 3, 1)
    return torch.cdist(colours, bins[None]).argmin(dim=-1)
    ### END SOLUTION


# %% [markdown]
# ## 3 · Weights for rare colours
#
# Most pixels of most pictures are nearly grey. Counted alike, they rule the loss, and the red car
# comes out grey as well. If $p_q$ is the share of pixels in bin $q$ (of $Q$), Zhang et al. (2016)
# weigh each pixel by its bin:
#
# $$w_q \;\propto\; \frac{1}{(1 - \lambda)\, p_q + \lambda / Q},
# \qquad \text{scaled so that} \quad \sum_q p_q \, w_q = 1 .$$
#
# The uniform part keeps the weight of an empty bin finite; $\lambda = 1$ weighs all alike. The
# scale makes a random pixel's weight 1 on average. `shares` is $p$, `uniform` is $\lambda$.


# %% nbgrader={"grade_id": "rebalancing_weights", "kind": "exercise", "points": 3}
def rebalancing_weights(shares, uniform):
    """One weight per bin, large for rare colours; its mean over the pixels is 1."""
    ### BEGIN SOLUTION
    mixture = (1 - uniform) * shares + uniform / len(shares)
    weights = 1 / mixture
    return weights / (shares * weights).sum()
    ### END SOLUTION


# %% [markdown]
# ## 4 · The annealed mean
#
# In the end a pixel needs one colour. The mean over the bins is greyish where the network is torn;
# the likeliest bin alone is vivid but patchy. In between lies the **annealed mean**, with the
# temperature $T$ (0.38 in the paper):
#
# $$y = \sum_q f_T(z)_q \, c_q, \qquad
# f_T(z)_q = \frac{\exp(\log z_q / T)}{\sum_k \exp(\log z_k / T)} .$$
#
# ### First predict
#
# For one pixel a network gives red and blue **exactly 1/2 each**, and 0 to all other bins. $T$
# falls from 1 to 0.01. What happens to the colour?
#
# - **a** it turns into the vivid red or blue
# - **b** it turns grey
# - **c** nothing: it stays the purple between the two
# - **d** it jumps at random between red and blue
#
# Put a letter in quotation marks, before you compute anything.

# %% nbgrader={"grade_id": "torn_between_two", "kind": "prediction", "points": 2}
prediction = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
prediction = "c"
### END SOLUTION

# %% [markdown]
# ### Then write
#
# `logits` has shape `(n, bins, height, width)`: they are $\log z$ up to a constant for each pixel,
# which does not matter here (why?). Return $ab$ of shape `(n, 2, height, width)`. Logits of ±500
# occur, and temperatures down to 0.01. A temperature of 0 or below makes no sense: raise a
# `ValueError` that says so.


# %% nbgrader={"grade_id": "annealed_mean", "kind": "exercise", "points": 4}
def annealed_mean(logits, bins, temperature):
    """ab of each pixel: the mean of the bins under the annealed distribution."""
    ### BEGIN SOLUTION
    if temperature <= 0:
        raise ValueError("the temperature must be positive")
    annealed = torch.softmax(logits / temperature, dim=1)
    return torch.einsum("nqhw,qc->nchw", annealed, bins)
    ### END SOLUTION


# %% [markdown]
# Was your prediction right? Your own function knows. Grey is at distance 0, and the red and the
# blue of this pixel are both 80 units away from it. (If you were wrong, leave the prediction as it
# is, and remember what surprised you.)

# %%
red_and_blue = torch.tensor([[72.0, 35.0], [35.0, -72.0]])
for share in (0.5, 0.55, 0.7):
    logits = torch.tensor([share, 1 - share]).log().view(1, 2, 1, 1)
    colours = [annealed_mean(logits, red_and_blue, T).flatten() for T in (1.0, 0.38, 0.1, 0.01)]
    distances = "  ".join(f"{colour.norm():5.1f}" for colour in colours)
    print(f"red {share:4.0%}: distance from grey {distances}  (T = 1, 0.38, 0.1, 0.01)")

# %% [markdown]
# ## 5 · Pointing into the reference frame
#
# Vondrick et al. (2018) colour a film another way. No colour is predicted at all. A network gives
# every cell of a grey frame a feature vector $f$, and each cell $j$ of the **target** frame points
# at the cells $i$ of a **reference** frame whose colours are known:
#
# $$A_{ij} = \frac{\exp(f_i^\top f_j)}{\sum_k \exp(f_k^\top f_j)} .$$
#
# So for each $j$ the weights over $i$ sum to 1. `reference` has shape `(n, features, reference
# cells)`, `target` has `(n, features, target cells)`: one clip after the other. Return $A$ of shape
# `(n, reference cells, target cells)`. The two frames may differ in their number of cells, and
# feature vectors may be long: $f_i^\top f_j = 400$ occurs.


# %% nbgrader={"grade_id": "pointer_attention", "kind": "exercise", "points": 3}
def pointer_attention(reference, target):
    """A, (n, reference, target): where in the reference each target cell points."""
    ### BEGIN SOLUTION
    similarity = torch.einsum("ndi,ndj->nij", reference, target)
    return torch.softmax(similarity, dim=1)
    ### END SOLUTION


# %% [markdown]
# ## 6 · Copying colours
#
# Where a cell points, there it takes its colour from:
#
# $$y_j = \sum_i A_{ij} \, c_i .$$
#
# `attention` is $A$, of shape `(n, reference cells, target cells)`; `colours` is $c$, of shape
# `(n, channels, reference cells)`. Return `(n, channels, target cells)`. What is copied can be
# anything: $ab$, shares of a palette, the mask of an object. The error of the copied colours must
# reach the features through $A$: this is how they learn.


# %% nbgrader={"grade_id": "copy_colours", "kind": "exercise", "points": 3}
def copy_colours(attention, colours):
    """For each target cell the mixture of reference colours that it points at."""
    ### BEGIN SOLUTION
    return colours @ attention
    ### END SOLUTION


# %% [markdown]
# ## See it work
#
# First pictures. Your `normalise_lab` makes the input, `quantise_ab` the labels, and
# `rebalancing_weights` weighs them. (In photographs the commonest bin is grey; in this small world
# it is the meadow.) A small network learns for a few seconds.

# %%
from course_utils import plots
from course_utils.data import load_images
from course_utils.selfsup.color import gamut_bins, rgb_to_lab
from course_utils.selfsup.colorize import Colouriser, join_chroma

count, steps = {"laptop": (1000, 300), "gpu": (5000, 600), "test": (60, 4)}[SCALE]
pictures = load_images("toy", count=count, test_count=60)
lab, new = rgb_to_lab(pictures.train_x), rgb_to_lab(pictures.test_x)
bins = gamut_bins(20.0)
lightness, _ = normalise_lab(lab)
labels = quantise_ab(F.avg_pool2d(lab[:, 1:], 2), bins)  # one colour for each 2 x 2 pixels
shares = labels.flatten().bincount(minlength=len(bins)) / labels.numel()
weights = rebalancing_weights(shares, 0.5)
top = shares.argmax()
print(f"{shares[top]:.0%} of the pixels fall in one of {len(bins)} bins, {bins[top].tolist()}")
print(f"it weighs {weights[top]:.2f}, the rarest bin {weights.max():.2f}")

# %%
torch.manual_seed(0)
network = Colouriser(16, len(bins))
optimiser = torch.optim.AdamW(network.parameters(), lr=6e-3)
for step in range(1, steps + 1):
    optimiser.param_groups[0]["lr"] = 6e-3 * min(1.0, 2 * (1 - step / (steps + 1)))
    some = torch.randint(count, (48,))
    loss = F.cross_entropy(network(lightness[some]), labels[some], weight=weights)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    if step % (steps // 4) == 0:
        even = torch.tensor(len(bins)).log()
        print(f"step {step:4}: {loss:.2f} nats a pixel (guessing evenly: {even:.2f})")

# %% [markdown]
# New pictures, coloured by your `annealed_mean` at three temperatures. Look at things that come in
# many colours: which row do you believe?

# %%
chosen = [int((pictures.test_y == kind).nonzero()[0]) for kind in (0, 1, 2, 3, 4, 6, 8, 9)]
grey, _ = normalise_lab(new[chosen])
with torch.no_grad():
    logits = network.eval()(grey)
rows = {"input": torch.zeros(8, 2, 16, 16)}
rows |= {f"T = {T:g}": annealed_mean(logits, bins, T) for T in (1.0, 0.38, 0.05)}
fig, axes = plots.figure(11, 7.2, nrows=5, ncols=8)
for line, (name, chroma) in zip(axes, (rows | {"truth": None}).items(), strict=True):
    shown = pictures.test_x[chosen] if chroma is None else join_chroma(grey, chroma)
    for ax, picture in zip(line, plots.as_pictures(shown), strict=True):
        ax.imshow(picture, interpolation="nearest")
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    line[0].set_ylabel(name)
fig

# %% [markdown]
# And now a film. The network sees two **grey** frames of a clip; your `pointer_attention` and
# `copy_colours` bring the colours of one into the other. The label is the nearest of 16 palette
# colours.

# %%
from course_utils.data import toy
from course_utils.selfsup.pointers import PointerEncoder, palette_labels, palette_of, pointing_loss

clip_count, film_steps = {"laptop": (60, 240), "gpu": (200, 1000), "test": (10, 4)}[SCALE]
clips = toy.make_clips(clip_count, 6, size=64).images
train, held_out = clips[: -clip_count // 5], clips[-clip_count // 5 :]
palette = palette_of(train[:, 0], 16, generator=torch.Generator().manual_seed(0))
cells = palette_labels(train.flatten(0, 1), palette, (16, 16)).view(len(train), 6, -1)
torch.manual_seed(0)
untrained, encoder = PointerEncoder(16).eval(), PointerEncoder(16)
optimiser = torch.optim.AdamW(encoder.parameters(), lr=3e-3)

# %%
for step in range(1, film_steps + 1):
    some = torch.randint(len(train), (8,))
    known, wanted = torch.randperm(6)[:2].tolist()
    frames = torch.cat([train[some, known], train[some, wanted]])
    reference, target = encoder(frames).flatten(2).chunk(2)
    shares = F.one_hot(cells[some, known], 16).transpose(1, 2).float()
    copied = copy_colours(pointer_attention(reference, target), shares)
    loss = pointing_loss(copied, cells[some, wanted])
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    if step % (film_steps // 4) == 0:
        print(f"step {step:4}: {loss:.2f} nats a cell (guessing evenly: 2.77)")

# %% [markdown]
# Clips it has never seen. The first frame's colours are copied into every frame. The print
# compares them with two baselines: leaving the colours where they were, and pointing with features
# that were never trained.


# %%
def coloured(encoder, clip):
    """ab of all frames of a clip at 16 x 16 cells, copied from frame 0."""
    with torch.no_grad():
        features = encoder(clip).flatten(2)
    colours = F.adaptive_avg_pool2d(rgb_to_lab(clip[:1])[:, 1:], 16).flatten(2)
    ways = pointer_attention(features[:1].expand(len(clip), -1, -1), features)
    return copy_colours(ways, colours.expand(len(clip), -1, -1)).unflatten(2, (16, 16))


truth = [F.adaptive_avg_pool2d(rgb_to_lab(clip)[:, 1:], 16) for clip in held_out]
guesses = {
    "left where they were": [colours[:1].expand(6, -1, -1, -1) for colours in truth],
    "untrained features": [coloured(untrained, clip) for clip in held_out],
    "your trained features": [coloured(encoder.eval(), clip) for clip in held_out],
}
for name, guess in guesses.items():
    apart = (torch.stack(guess) - torch.stack(truth))[:, -1].norm(dim=1).mean()
    print(f"{name:22}: {apart:5.2f} ab units from the truth, in the last frame")

# %%
liveliest = int(torch.tensor([(colours[-1] - colours[0]).norm() for colours in truth]).argmax())
clip, copied = held_out[liveliest], guesses["your trained features"][liveliest]
grey, _ = normalise_lab(rgb_to_lab(clip))
rows = {"seen": join_chroma(grey, 0 * copied), "copied": join_chroma(grey, copied), "truth": clip}
rows["seen"] = torch.cat([clip[:1], rows["seen"][1:]])
fig, axes = plots.figure(11, 5.8, nrows=3, ncols=6)
for line, (name, frames) in zip(axes, rows.items(), strict=True):
    for number, (ax, picture) in enumerate(zip(line, plots.as_pictures(frames), strict=True)):
        ax.imshow(picture, interpolation="nearest")
        ax.set(xticks=[], yticks=[], title=f"frame {number}" if name == "seen" else "")
        ax.spines[:].set_visible(False)
    line[0].set_ylabel(name)
fig

# %% [markdown]
# ## 7 · In your own words
#
# Answer in 100 to 200 words, with reference to what you computed and saw above:
#
# 1. A network that predicts $ab$ by squared error paints a red-or-blue car purple or grey. Why?
#    What do the bins, the weights and the temperature each change about it, and which picture above
#    shows that none of them knows the true colour?
# 2. Nobody told the second network where anything is. Why does learning to *copy* colours make its
#    features track objects, and when would it go wrong although the copied colours are right?

# %% [markdown] nbgrader={"grade_id": "in_your_own_words", "kind": "manual", "points": 5}
# ### BEGIN SOLUTION
# **A model answer.** The squared error is smallest at the mean of all colours that fit the grey
# picture, and the mean of red and blue is purple; of many colours it is grey. Over bins the network
# can say "red or blue, not grey", and keep both. The weights make the rare, vivid bins count in
# training, so that the safe greys do not win everywhere. The temperature only decides at the end
# how one colour is made of the distribution: near 0 the likeliest bin wins, at 1 it is the mean.
# None of them knows what a grey picture does not show: a white duck that came out yellow is a
# plausible answer, and it stays wrong at every temperature.
#
# To copy the right colour, a cell must point at a place with that colour, and over many clips the
# surest way is to point at the same part of the same object: the features must find it again
# although it moved and turned. Where colour does not tell things apart, copying is right and
# tracking wrong: two cars of one colour, or any two cells of a uniform meadow. It also fails when a
# part was hidden in the reference frame, or the light changed.
#
# **Marks, 5 in all**
#
# - 1: the squared error is smallest at the mean (and the mean of several colours is dull)
# - 1: says what two of bins, weights and temperature do (half a point for one)
# - 1: names a picture whose colour is plausible but wrong, or that grey does not hold the colour
# - 1: the right colour over many clips needs the right place: correspondence is the easiest way
# - 1: names a case of right colour and wrong place (same colour, uniform areas)
#
# Half a point for a true statement without its reason. No marks are lost for language or length.
# ### END SOLUTION
