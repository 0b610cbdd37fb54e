# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Assignment 2 · Which way is up?
#
# *Slides: "Pretext task: predict rotations", "Evaluation on semi-supervised learning" and "Pretext
# task: predict relative patch locations". The notebook runs in about a minute on two cores;
# writing it takes an hour or two.*
#
# Nobody labels these pictures. You turn each of them four ways and ask a network how far it was
# turned; the one who turned it knows the answer:
#
# $$L = -\frac{1}{4N} \sum_{i=1}^{N} \sum_{k=0}^{3}
# \log p\big(k \mid \mathrm{rot}(x_i, 90^\circ k)\big)$$
#
# You write the task, and the protocol by which it is judged, in five functions of at most ten
# lines; at the end your own functions train a network. You will be able to
#
# - make a **pretext task**: a batch with its labels, from pictures alone;
# - say what the smallest loss is when a picture does not tell its turn;
# - **freeze** a part of a network so that it really rests, batch norm included;
# - draw a **budget of labels** that is stratified, random and repeatable, and
# - cut the patch pairs of another pretext task without giving its answer away.

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
from torch import nn
from torch.nn import functional as F

from course_utils import checks, plots, scale

SCALE = scale("laptop")  # "laptop", "gpu" or "test": changes sizes only
plots.use_style()
torch.set_num_threads(1)  # the checks' networks are tiny: one thread is fastest

# %% [markdown]
# ## 1 · Four turns of a batch
#
# From $n$ pictures, a tensor `(n, channels, height, width)` with equal sides, make a batch of $4n$:
# first all of them upright, then all turned by one quarter turn **counter-clockwise**, then by two,
# then by three. The label of each is its number of quarter turns, 0 to 3, a whole number (int64).
#
# On one picture of 2 × 2 pixels the first two copies are
#
# $$\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} \;\to\;
# \begin{pmatrix} 2 & 4 \\ 1 & 3 \end{pmatrix}.$$
#
# Mind the axes: a channel is not a row.


# %% nbgrader={"grade_id": "rotate_batch", "kind": "exercise", "points": 4}
def rotate_batch(images):
    """The pair (pictures, labels): four turned copies of the batch, one after the other."""
    ### BEGIN SOLUTION
    pictures = torch.cat([torch.rot90(images, k, dims=(2, 3)) for k in range(4)])
    labels = torch.arange(4).repeat_interleave(len(images))
    return pictures, labels
    ### END SOLUTION


# %% [markdown]
# ## 2 · The four-way loss
#
# A network looks at a turned picture and gives four **logits** $a_0, \dots, a_3$, one for each
# turn; $p(k) = e^{a_k} / \sum_j e^{a_j}$. The loss is the mean of $-\log p(\text{true turn})$.
#
# ### First predict
#
# A letter N looks the same after a half turn. A batch holds its four turns. What is the smallest
# mean loss that *any* network can reach on it, in nats?
#
# - **a** 0, if it is large enough
# - **b** half of log 2, about 0.35
# - **c** log 2, about 0.69
# - **d** log 4, about 1.39
#
# Put a letter in quotation marks, before you compute anything.

# %% nbgrader={"grade_id": "letter_n", "kind": "prediction", "points": 2}
prediction = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
prediction = "c"
### END SOLUTION

# %% [markdown]
# ### Then write
#
# `logits` is `(n, 4)`, `turns` holds $n$ whole numbers. Logits of ±200 occur: there $p$ is 0 in
# float32, yet $\log p$ is simply $-200$.


# %% nbgrader={"grade_id": "rotation_loss", "kind": "exercise", "points": 2}
def rotation_loss(logits, turns):
    """The mean of -log p(turn) over the batch, as a scalar tensor."""
    ### BEGIN SOLUTION
    return F.cross_entropy(logits, turns)
    ### END SOLUTION


# %% [markdown]
# Was your prediction right? Here is a network with no limits at all: it may give each *different*
# picture any four logits it likes, and descends your loss. (If you were wrong, leave the prediction
# as it is, and remember what surprised you.)

# %%
N = ["X...X", "XX..X", "X.X.X", "X..XX", "X...X"]
letter = torch.tensor([[float(pixel == "X") for pixel in row] for row in N])[None, None]
turned, turns = rotate_batch(letter)
different, which = turned.unique(dim=0, return_inverse=True)
logits = torch.zeros(len(different), 4, requires_grad=True)
for _ in range(1000):
    loss = rotation_loss(logits[which], turns)
    (slope,) = torch.autograd.grad(loss, logits)
    logits = (logits - 20 * slope).detach().requires_grad_(True)
print(f"{len(different)} different pictures among {len(turned)}; the smallest loss is {loss:.3f}")
plots.image_grid(1 - turned, labels=[f"turns = {int(k)}" for k in turns], columns=4)

# %% [markdown]
# ## 3 · Freezing the first blocks
#
# To see what a pretrained network knows, keep its first blocks as they are and train only the rest
# on the new task (Gidaris et al. 2018 keep the first two of three). A block rests when
#
# 1. no gradient reaches its parameters, and
# 2. its **batch norm** rests too. In training mode it divides by the mean and variance of the batch
#    and updates its running averages. These are not parameters, and `requires_grad` does not stop
#    them.
#
# `network` is an `nn.Sequential` of blocks in training mode, `count` the number of blocks to
# freeze; `network[:count]` are the first ones. The other blocks go on training. Return a list of
# the parameters that still learn, for the optimiser.


# %% nbgrader={"grade_id": "freeze_first_blocks", "kind": "exercise", "points": 4}
def freeze_first_blocks(network, count):
    """Freeze the first `count` blocks; the list of the parameters that still learn."""
    ### BEGIN SOLUTION
    network[:count].requires_grad_(False)
    network[:count].eval()
    return list(network[count:].parameters())
    ### END SOLUTION


# %% [markdown]
# ## 4 · A budget of labels
#
# How much is learning for free worth? That is asked with few labels: so many of **each** class,
# drawn at random, and the same for every method that is compared. From `labels`, one whole number
# for each picture, return the row numbers of such a subset, in any order, as an int64 tensor.
#
# - Exactly `per_class` of each class that occurs (the classes may have any numbers), no row twice.
# - All randomness comes from `generator`, a `torch.Generator`: the same seed gives the same rows,
#   and no other dice are thrown.
# - A class with fewer labels than that: raise a `ValueError` that says so.


# %% nbgrader={"grade_id": "label_budget", "kind": "exercise", "points": 4}
def label_budget(labels, per_class, generator):
    """Row numbers of a random subset with so many of each class; ValueError if one is short."""
    ### BEGIN SOLUTION
    chosen = []
    for label in labels.unique():
        rows = (labels == label).nonzero().flatten()
        if len(rows) < per_class:
            raise ValueError(f"class {label} has {len(rows)} labels, {per_class} were asked for")
        order = torch.randperm(len(rows), generator=generator)
        chosen.append(rows[order[:per_class]])
    return torch.cat(chosen)
    ### END SOLUTION


# %% [markdown]
# ## 5 · A patch and its neighbour
#
# Another task without labels (Doersch et al. 2015): cut a patch from a picture and one of its eight
# neighbours. Where does the second lie, as seen from the first? The places are numbered **row by
# row, and the centre is no place**:
#
# $$\begin{matrix} 0 & 1 & 2 \\ 3 & \cdot & 4 \\ 5 & 6 & 7 \end{matrix}$$
#
# If the two touched, lines that run across the border would give the answer away. So there is a
# `gap` of some pixels between them, and the neighbour alone is moved by a small `shift`.
#
# `image` is `(channels, height, width)`, `corner = (top, left)` is the first pixel of the centre
# patch, both patches have `side` × `side` pixels, and `shift = (down, right)`. A neighbour that
# leaves the picture: raise a `ValueError`. (Slicing never complains.)


# %% nbgrader={"grade_id": "relative_patch_pair", "kind": "exercise", "points": 4}
def relative_patch_pair(image, corner, place, side, gap, shift):
    """The pair (centre, neighbour) of patches; ValueError where the neighbour is outside."""
    ### BEGIN SOLUTION
    down, right = divmod(place + (place >= 4), 3)  # after place 3 comes the centre
    top = corner[0] + (down - 1) * (side + gap) + shift[0]
    left = corner[1] + (right - 1) * (side + gap) + shift[1]
    if min(top, left) < 0 or top + side > image.shape[1] or left + side > image.shape[2]:
        raise ValueError("the neighbour leaves the picture")
    centre = image[:, corner[0] : corner[0] + side, corner[1] : corner[1] + side]
    return centre, image[:, top : top + side, left : left + side]
    ### END SOLUTION


# %% [markdown]
# ## See it work
#
# First the material: pictures of ten kinds of things before random wallpaper. And your patches, on
# one of them: the centre and its eight neighbours, each with its number.

# %%
from course_utils.data import toy

many, few, steps = {
    "laptop": (2000, 800, 200),
    "gpu": (10_000, 2000, 1500),
    "test": (120, 60, 4),
}[SCALE]
known, new = (toy.make_images(n, backdrop="pattern", seed=s) for n, s in ((many, 1), (few, 2)))
picture = known.images[int((known.label == 4).nonzero()[0])]
pairs = [relative_patch_pair(picture, (12, 12), place, 8, 2, (0, 0)) for place in range(8)]
parts = [neighbour for _, neighbour in pairs]
parts.insert(4, pairs[0][0])
names = ["0", "1", "2", "3", "centre", "4", "5", "6", "7"]
plots.image_grid(torch.stack(parts), labels=names, columns=3)

# %% [markdown]
# Now the network: three blocks, and a linear layer on the mean of the last map. `rotate_batch` and
# `rotation_loss` train it for some seconds; nobody tells it what is in a picture. A twin with other
# random weights is never trained. It only measures its batch statistics, for a fair comparison.

# %%
from course_utils.core.encoders import convolution, settle_batch_statistics
from course_utils.core.steps import one_cycle


def network_of(classes, seed):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Sequential(convolution(3, 16, 2), convolution(16, 32)),
        nn.Sequential(convolution(32, 32, 2), convolution(32, 64)),
        convolution(64, 64, 2),
        nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes)),
    )


x, x_new = ((pictures.images - 0.5) / 0.25 for pictures in (known, new))
rotnet, untrained = network_of(4, seed=0), network_of(4, seed=1)
settle_batch_statistics(untrained, x)
optimiser, schedule = one_cycle([rotnet], steps)

# %%
for step in range(1, steps + 1):
    turned, turns = rotate_batch(x[torch.randint(many, (32,))])
    logits = rotnet(turned)
    loss = rotation_loss(logits, turns)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    schedule.step()
    if step % (steps // 4) == 0:
        right = (logits.argmax(1) == turns).float().mean()
        print(f"step {step:5}: loss {loss:.3f}, turns told right {right:4.0%} (guessing: 25 %)")

# %% [markdown]
# What do its features know about the *kind* of thing, which nobody told it? A linear classifier on
# the second block's map, averaged over 4 × 4 regions, against **the same layer of the twin**. Its
# labels are a budget: yours.

# %%
from course_utils.selfsup import probe

per_class = min(100, int(known.label.bincount().min()))
rows = label_budget(known.label, per_class, torch.Generator().manual_seed(0))


@torch.no_grad()
def features(network, pictures):
    return F.adaptive_avg_pool2d(network[:2].eval()(pictures), 4).flatten(1)


for name, network in (("never trained", untrained), ("trained on turns", rotnet)):
    seen = features(network, x[rows]), known.label[rows]
    score = probe.linear_probe(seen, (features(network, x_new), new.label), 10, (1e-2,)).score
    print(f"{name:17} {score:4.0%} of new pictures, with {per_class} labels for each of 10 kinds")

# %% [markdown]
# And the figure of the lecture in one line each: few labels, the first two blocks frozen by your
# function, the third and a linear layer trained on the kinds.


# %%
def taught(start, per_class, steps):
    """Accuracy on new pictures after training on few labels, the first two blocks frozen."""
    network = network_of(10, seed=2).train()
    network[:2].load_state_dict(start[:2].state_dict())
    optimiser = torch.optim.AdamW(freeze_first_blocks(network, 2), lr=2e-3)
    rows = label_budget(known.label, per_class, torch.Generator().manual_seed(0))
    for _ in range(steps):
        batch = rows[torch.randint(len(rows), (50,))]
        loss = F.cross_entropy(network(x[batch]), known.label[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return probe.classifier_accuracy(network, x_new, new.label)


for per_class in (b for b in (5, 10, 50) if b <= int(known.label.bincount().min())):
    random, turned = (taught(start, per_class, steps // 2) for start in (untrained, rotnet))
    print(f"{per_class:3} labels a kind: frozen at random {random:4.0%}, RotNet {turned:4.0%}")

# %% [markdown]
# ## 6 · In your own words
#
# Answer in 100 to 200 words, with reference to what you computed and saw above:
#
# 1. Two networks are trained on turns. One, outdoors, under a sky, tells 99 % of the turns; the
#    other, before wallpaper, 85 %. Which of them may know more about objects, and how would you
#    find out? What must be the same in the comparison, and what is the baseline?
# 2. What is the shortcut in the task of section 5, and which two arguments of your function close
#    it? Name a picture on which the *rotation* task cannot be solved, and its smallest loss.

# %% [markdown] nbgrader={"grade_id": "in_your_own_words", "kind": "manual", "points": 5}
# ### BEGIN SOLUTION
# **A model answer.** The accuracy on turns says how well the pretext task was solved, not how.
# Under a sky the top of the picture gives the answer: the network need not look at any object,
# and its features may know little about them. Before wallpaper only the object tells, so the
# second network had to learn its shape. To find out, freeze both networks (weights *and* batch
# statistics), train the same linear classifier on the same layer with the same labels, and test
# on new pictures. The baseline is the same layer of a network that was never trained, since
# random convolutions already beat raw pixels; several seeds show whether a difference is one.
#
# When the patches touch, lines and textures that run across the border tell the place, without any
# idea of the object. The gap takes the border away, the shift makes sure that no line can be
# continued at an exact position. A ball before a plain wall looks the same in all four turns: any
# network is right once in four, and the smallest loss is log 4 (for a letter N it is log 2).
#
# **Marks, 5 in all**
#
# - 1: the pretext accuracy is not the measure; the sky (or another shortcut) answers the question
# - 1: a probe on frozen features: same layer, same labels, new pictures
# - 1: the baseline is the same layer untrained, not chance and not raw pixels
# - 1: lines across the border are the shortcut; gap *and* shift close it
# - 1: a picture with a symmetry, and its loss: log 4 for a quarter turn, log 2 for a half turn
#
# Half a point for a true statement without its reason. No marks are lost for language or length.
# ### END SOLUTION
