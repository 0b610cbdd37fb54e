# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Assignment 4 · Which one belongs to me?
#
# *Slides: "Contrastive Representation Learning" and "A formulation of contrastive learning". The
# notebook runs in about half a minute on two cores; writing it takes an hour or two.*
#
# Two views of one picture should score high, views of two pictures low. The lecture's loss asks
# each view to pick its partner among $N$ candidates:
#
# $$L = -\mathbb{E}\left[\log \frac{\exp(s(f(x), f(x^+)))}
# {\exp(s(f(x), f(x^+))) + \sum_{j=1}^{N-1} \exp(s(f(x), f(x_j^-)))}\right]$$
#
# You write it in five functions of at most ten lines; at the end your own functions train a network
# that is never told what is in a picture. You will be able to
#
# - score **every pair** of a batch at once;
# - say **which key is the positive**, and keep a view from choosing itself;
# - write the **InfoNCE loss** so that it survives a low temperature;
# - turn the loss into a **bound on mutual information**, and say when it is loose, and
# - say who is **pushed**, and how hard, at which temperature.

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
import math

import torch
from torch.nn import functional as F

from course_utils import checks, plots, scale

SCALE = scale("laptop")  # "laptop", "gpu" or "test": changes sizes only
plots.use_style()
torch.set_num_threads(1)  # enough for networks this small, and a busy machine slows it less

# %% [markdown]
# ## 1 · The score of every pair
#
# The score of SimCLR is the cosine of two feature vectors:
#
# $$s(u, v) = \frac{u^\top v}{\lVert u \rVert \, \lVert v \rVert}.$$
#
# `queries` has shape `(queries, features)`, `keys` has `(keys, features)`. Return the matrix
# `(queries, keys)` of all cosines. A vector of zeros has no direction: its cosines are 0, not NaN.


# %% nbgrader={"grade_id": "cosine_scores", "kind": "exercise", "points": 3}
def cosine_scores(queries, keys):
    """The cosine of every query with every key, (queries, keys)."""
    ### BEGIN SOLUTION
    return F.normalize(queries, dim=1) @ F.normalize(keys, dim=1).T
    ### END SOLUTION


# %% [markdown]
# ## 2 · The positive as a label
#
# The loss is a classification: the classes are the candidates, and the right one is the positive.
# So every view needs a label, the *place* of its partner.
#
# A batch holds $n$ views in any order, two of each picture. `pictures[i]` says which picture view
# $i$ was made from; the numbers are only names. Return `labels` (int64) of shape `(n,)`, such that
# view `labels[i]` is the *other* view of the same picture. For example
#
# $$\texttt{pictures} = (7,\, 2,\, 2,\, 7) \quad\to\quad \texttt{labels} = (3,\, 2,\, 1,\, 0).$$
#
# A picture that does not have exactly two views makes no sense here: raise a `ValueError` that says
# so.


# %% nbgrader={"grade_id": "positives_as_labels", "kind": "exercise", "points": 3}
def positives_as_labels(pictures):
    """For each view the place of the other view of its picture; ValueError where there is none."""
    ### BEGIN SOLUTION
    same = pictures[:, None] == pictures[None, :]
    if (same.sum(dim=1) != 2).any():
        raise ValueError("each picture needs exactly two views")
    same.fill_diagonal_(False)  # a view is not its own positive
    return same.long().argmax(dim=1)
    ### END SOLUTION


# %% [markdown]
# ## 3 · The InfoNCE loss
#
# With a temperature $\tau$, and one row of scores for each query,
#
# $$L = -\frac1n \sum_{i=1}^{n} \log \frac{\exp(s_{i,y_i} / \tau)}{\sum_j \exp(s_{ij} / \tau)} .$$
#
# `scores` has shape `(queries, keys)`, `labels` is $y$. Return one number, a scalar tensor.
#
# - At $\tau = 0.005$ a cosine of 1 becomes $\exp(200)$, which no float32 holds; $L$ itself is fine.
# - A score may be $-\infty$: $\exp(-\infty) = 0$, so that key is out of the choice. That is how a
#   view is kept from choosing itself. (But $0 \cdot \infty$ is NaN.)


# %% nbgrader={"grade_id": "info_nce", "kind": "exercise", "points": 4}
def info_nce(scores, labels, temperature):
    """The mean of -log softmax(scores / temperature) at the labels, in nats."""
    ### BEGIN SOLUTION
    return F.cross_entropy(scores / temperature, labels)
    ### END SOLUTION


# %% [markdown]
# ## 4 · A bound on mutual information
#
# How much does one view tell about the other? At least so much (van den Oord et al. 2018):
#
# $$I(x; x^+) \;\ge\; \log N - L \quad \text{nats.}$$
#
# ### First predict
#
# Two views share **10 nats** of information, and the score is the best there is. Each query chooses
# among **64** candidates. What does $\log N - L$ come to, averaged over many batches?
#
# - **a** 10 nats, since the score is the best there is
# - **b** $\log 64$, about 4.2 nats
# - **c** $10 - \log 64$, about 5.8 nats
# - **d** anything: it depends on luck
#
# Put a letter in quotation marks, before you compute anything.

# %% nbgrader={"grade_id": "how_much_can_be_shown", "kind": "prediction", "points": 2}
prediction = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
prediction = "b"
### END SOLUTION

# %% [markdown]
# ### Then write
#
# `scores` is `(queries, keys)`, any numbers (a temperature is in them already), `labels` as before.
# Return $\log N - L$ as a scalar tensor: what is $N$ here? On a single batch it may well be
# negative; leave it so, or the mean over batches is no bound any more.


# %% nbgrader={"grade_id": "mutual_information_bound", "kind": "exercise", "points": 4}
def mutual_information_bound(scores, labels):
    """log N - L in nats: so much information the scores show."""
    ### BEGIN SOLUTION
    return math.log(scores.shape[1]) - F.cross_entropy(scores, labels)
    ### END SOLUTION


# %% [markdown]
# Was your prediction right? Your own function knows. These are Gaussian pairs of which the truth is
# known, with the best score there is. (If you were wrong, leave the prediction as it is, and
# remember what surprised you.)

# %%
from course_utils.selfsup import mutual_information as known

dice = torch.Generator().manual_seed(0)
print("truth     " + "".join(f"N = {N:<6}" for N in (4, 16, 64, 256)))
for truth in (0.5, 2.0, 4.0, 10.0):
    r = known.correlation_for_information(truth)
    shown = []
    for N in (4, 16, 64, 256):
        bounds = []
        for _ in range(4096 // N):
            x, y = known.correlated_gaussians(N, r, 1, dice, torch.float64)
            scores = known.log_density_ratio(x, y, r)
            bounds.append(mutual_information_bound(scores, torch.arange(N)))
        shown.append(f"{torch.stack(bounds).mean():<10.2f}")
    print(f"{truth:4.1f} nats " + "".join(shown))
print("log N     " + "".join(f"{math.log(N):<10.2f}" for N in (4, 16, 64, 256)))

# %% [markdown]
# ## 5 · Who is pushed, and how hard
#
# Learning follows the slopes of $L$ by the scores. They have a closed form, with
# $p_{ij} = \mathrm{softmax}_j(s_{ij} / \tau)$:
#
# $$\frac{\partial L}{\partial s_{ij}} = \frac{p_{ij} - [\,j = y_i\,]}{n \, \tau} .$$
#
# Where does each of the three parts come from: $p$, the bracket (1 at the positive, else 0), and
# $1/(n\tau)$? Return the whole matrix, `(queries, keys)`. The arguments are those of `info_nce`.


# %% nbgrader={"grade_id": "temperature_gradient", "kind": "exercise", "points": 4}
def temperature_gradient(scores, labels, temperature):
    """The slope of the InfoNCE loss by every score, (queries, keys)."""
    ### BEGIN SOLUTION
    share = torch.softmax(scores / temperature, dim=1)
    right = F.one_hot(labels, scores.shape[1])
    return (share - right) / (len(scores) * temperature)
    ### END SOLUTION


# %% [markdown]
# What your gradient says of one query with its positive and twelve negatives, from the nearest to
# the farthest: which share of the push does each negative get?

# %%
near = torch.cat([torch.tensor([0.8]), torch.linspace(0.9, -0.9, 12)])[None]
fig, ax = plots.figure(9, 4)
for temperature, colour in ((0.05, plots.BAD), (0.2, plots.FAKE), (1.0, plots.REAL)):
    push = temperature_gradient(near, torch.tensor([0]), temperature)[0, 1:]
    ax.plot(near[0, 1:], push / push.sum(), "o-", color=colour, label=f"τ = {temperature:g}")
ax.set(xlabel="cosine with the query", ylabel="share of the push")
ax.legend()
fig

# %% [markdown]
# ## See it work
#
# Small pictures of ten kinds of things. Each step takes some of them and draws two random views of
# each: cropped, flipped, recoloured. Your functions say how well a network recognises the partners.
# Nobody tells it what is in a picture.

# %%
from torch import nn

from course_utils.core.encoders import convolution, settle_batch_statistics
from course_utils.core.steps import one_cycle
from course_utils.data import load_images
from course_utils.selfsup.views import ViewRecipe, random_views

many, batch, steps = {"laptop": (2000, 64, 200), "gpu": (10_000, 256, 1500), "test": (80, 8, 4)}[
    SCALE
]
data = load_images("toy", count=many, test_count=many // 4)
recipe, dice = ViewRecipe(area=(0.25, 1.0)), torch.Generator().manual_seed(0)
some = torch.randperm(many, generator=dice)[:6]
shown = torch.cat(
    [data.train_x[some], *(random_views(data.train_x[some], recipe, dice) for _ in "ab")]
)
plots.image_grid(shown, labels=["picture"] * 6 + ["view"] * 12, columns=6)

# %% [markdown]
# The network, and a twin that is never trained (it only measures its batch statistics, for a fair
# comparison). The last column is your bound: so many nats the two views surely share.


# %%
def network_of(seed):
    torch.manual_seed(seed)
    blocks = convolution(3, 16, 2), convolution(16, 32), convolution(32, 48, 2), convolution(48, 64)
    head = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32))
    return nn.Sequential(nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten()), head)


def scored(network, rows):
    """Scores of all views of these pictures with each other, and the labels."""
    pictures = rows.repeat(2)[torch.randperm(2 * len(rows), generator=dice)]
    features = network(random_views(data.train_x[pictures], recipe, dice) * 2 - 1)
    return cosine_scores(features, features).fill_diagonal_(-math.inf), positives_as_labels(
        pictures
    )


network, untrained = network_of(0), network_of(1)
settle_batch_statistics(untrained, data.train_x * 2 - 1)
optimiser, schedule = one_cycle([network], steps)

# %%
tau = 0.2
for step in range(1, steps + 1):
    scores, labels = scored(network, torch.randperm(many, generator=dice)[:batch])
    loss = info_nce(scores, labels, tau)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    schedule.step()
    if step % (steps // 4) == 0:
        found = (scores.argmax(dim=1) == labels).float().mean()
        bound = mutual_information_bound(scores.detach() / tau, labels)
        print(
            f"step {step:4}: loss {loss:.2f}, partner found {found:4.0%}, at least {bound:.2f} nats"
        )

# %% [markdown]
# What did it learn? First what it was asked: the share of views of **new** pictures that find their
# partner among all the others. Then what nobody asked: how many of the new pictures are named
# rightly by a vote of their twenty nearest neighbours of known *kind*. (In so few steps the second
# gains little; lesson 08 gives it more time.)

# %%
from course_utils.selfsup.probe import knn_probe


@torch.no_grad()
def features(network, pictures):
    return network[0].eval()(pictures * 2 - 1)


new = len(data.test_x)
pairs = random_views(data.test_x.repeat(2, 1, 1, 1), recipe, dice)
partners = positives_as_labels(torch.arange(new).repeat(2))
for name, judged in (("never trained", untrained), ("trained on views", network)):
    z = features(judged, pairs)
    found = cosine_scores(z, z).fill_diagonal_(-math.inf).argmax(dim=1) == partners
    seen = features(judged, data.train_x), data.train_y
    kinds = knn_probe(seen, (features(judged, data.test_x), data.test_y), 10)
    print(
        f"{name:17} partner found {found.float().mean():4.0%} (of {2 * new - 1}), kind {kinds:4.0%}"
    )

# %%
rows = torch.cat([(data.test_y == kind).nonzero()[:1, 0] for kind in (0, 3, 6, 8)])
scores = cosine_scores(features(network, data.test_x[rows]), features(network, data.train_x))
nearest = data.train_x[scores.topk(7, dim=1).indices]
shown = torch.cat([data.test_x[rows][:, None], nearest], dim=1).flatten(0, 1)
plots.image_grid(shown, labels=(["new"] + ["near"] * 7) * len(rows), columns=8)

# %% [markdown]
# ## 6 · In your own words
#
# Answer in 100 to 200 words, with reference to what you computed and saw above:
#
# 1. Why does the bound get tighter with more negatives, and why is it still loose in the last row
#    of the table in section 4? A run shows $\log N - L = 3$ nats with $N = 4096$: may you conclude
#    that the two views share only 3 nats?
# 2. What does a lower temperature change about who is pushed? In your batch there were other
#    pictures of the same *kind* of thing. What did the loss do with them, and at which temperature
#    is that worse?

# %% [markdown] nbgrader={"grade_id": "in_your_own_words", "kind": "manual", "points": 5}
# ### BEGIN SOLUTION
# **A model answer.** The loss is an average of $-\log p$ and never negative, so the bound never
# shows more than $\log N$: with 10 nats shared and 256 candidates every choice is right, $L$ is
# almost 0, and $\log 256$, about 5.5, is all it can say. More negatives raise that ceiling, and
# also below it they make the sum in the denominator a better estimate of its expectation, so
# that the gap closes. 3 nats with $N = 4096$ say only that *at least* 3 are shared: the ceiling
# of 8.3 is far, so it is not $N$ that limits but the score. A network that is not the best
# critic, or cosines over a temperature (which cannot show more than $2/\tau$), gives a loose
# bound.
#
# At a low temperature nearly all of the push goes to the negatives nearest to the query; at a high
# one all negatives are pushed alike. Other pictures of the same kind are false negatives: they are
# pushed away like the rest, although they belong together. They are among the nearest, so a low
# temperature pushes them hardest.
#
# **Marks, 5 in all**
#
# - 1: the bound cannot exceed $\log N$, since $L \ge 0$; more negatives raise the ceiling
# - 1: no: it is a lower bound, "at least 3 nats"
# - 1: another cause of looseness than $N$: a score that is not the best one (network, cosine,
#   $\tau$)
# - 1: low temperature: the push goes to the nearest negatives; high: to all alike
# - 1: false negatives of the same kind are pushed apart, the more the nearer and the colder
#
# Half a point for a true statement without its reason. No marks are lost for language or length.
# ### END SOLUTION
