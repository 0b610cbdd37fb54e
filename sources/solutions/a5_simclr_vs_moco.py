# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Assignment 5 · SimCLR against MoCo
#
# *Slides: "SimCLR: A Simple Framework for Contrastive Learning", "Momentum Contrastive Learning
# (MoCo)" and "Training linear classifier on SimCLR features". The notebook runs in about a minute
# on two cores; writing it takes two hours or so.*
#
# Two random views of one picture should look alike to a network, and unlike the views of all other
# pictures. Both methods agree on that. They differ in where the *other* pictures come from: SimCLR
# takes those of a large batch, MoCo takes keys of earlier batches from a queue.
#
# You write both, and the way to judge them, in six functions of at most ten lines; at the end they
# train on pictures that nobody labelled. You will be able to
#
# - say which of $2n$ views belong together, and which compete;
# - write SimCLR's loss so that it is right at any temperature;
# - let one encoder **follow** another without a gradient;
# - keep a **queue** that `backward` never notices, and compare with it;
# - judge an encoder that really **rests** by a linear classifier.

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
torch.set_num_threads(1)  # enough for networks this small, and a busy machine slows it less

# %% [markdown]
# ## 1 · Where is the other view?
#
# From $n$ pictures come $2n$ views: rows $0, \dots, n-1$ hold the first view of each picture, rows
# $n, \dots, 2n-1$ the second, in the same order. (The paper numbers the two views of a picture
# $2k-1$ and $2k$. Halves are easier: two batches, one after the other.)
#
# `pictures` is the number $n$. Return $2n$ whole numbers, a tensor: for each view the row of the
# **other** view of the same picture.


# %% nbgrader={"grade_id": "two_views_index", "kind": "exercise", "points": 2}
def two_views_index(pictures):
    """For each of the 2n views the row of the other view of its picture."""
    ### BEGIN SOLUTION
    return torch.arange(2 * pictures).roll(pictures)
    ### END SOLUTION


# %% [markdown]
# ## 2 · SimCLR's loss
#
# A network makes a projection $z_i$ of each view. The score of two views is their cosine,
# $s_{ij} = z_i^\top z_j \,/\, (\lVert z_i \rVert \lVert z_j \rVert)$, and each view has to find its
# partner $j(i)$ among **all** others:
#
# $$L = -\frac{1}{2n} \sum_{i=1}^{2n}
# \log \frac{\exp(s_{i,j(i)} / \tau)}{\sum_{k \neq i} \exp(s_{ik} / \tau)}$$
#
# ### First predict
#
# The network has **collapsed**: whatever picture it sees, it gives the same projection. A batch has
# 256 pictures. What is the loss, in nats?
#
# - **a** 0: the two views of every picture agree perfectly
# - **b** log 2, about 0.69
# - **c** log 256, about 5.55
# - **d** log 511, about 6.24
#
# Put a letter in quotation marks, before you compute anything.

# %% nbgrader={"grade_id": "all_the_same", "kind": "prediction", "points": 2}
prediction = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
prediction = "d"
### END SOLUTION

# %% [markdown]
# ### Then write
#
# `projections` is `(2n, d)`, the vectors have any length, `temperature` is $\tau$. The sum in the
# denominator leaves out the view itself, **and nothing else**. Temperatures below 0.01 occur: there
# $\exp(s/\tau)$ is too large for float32, and the loss is still a small number.


# %% nbgrader={"grade_id": "nt_xent", "kind": "exercise", "points": 4}
def nt_xent(projections, temperature):
    """The mean over all views of -log p(the other view), as a scalar tensor."""
    ### BEGIN SOLUTION
    units = F.normalize(projections, dim=1)
    scores = units @ units.T / temperature
    scores.fill_diagonal_(-torch.inf)  # a view is no candidate for itself
    return F.cross_entropy(scores, two_views_index(len(scores) // 2))
    ### END SOLUTION


# %% [markdown]
# Was your prediction right? (If you were wrong, leave the prediction as it is, and remember what
# surprised you.) The second line is a network that knows every picture.

# %%
collapsed = torch.ones(512, 64)
perfect = torch.eye(256).repeat(2, 1)
for name, projections in (("collapsed", collapsed), ("every picture apart", perfect)):
    print(f"{name:20} loss {nt_xent(projections, 0.1):.3f}")

# %% [markdown]
# ## 3 · The key encoder follows
#
# MoCo has two encoders of the same kind. The **query** encoder learns by gradient. The **key**
# encoder makes the vectors to compare with; it only follows, parameter by parameter:
#
# $$\theta_k \leftarrow m\,\theta_k + (1 - m)\,\theta_q$$
#
# Both arguments are `nn.Module`s with the same parameters in the same order. Change the parameters
# of `key_encoder` **in place**, and nothing else; return nothing. The update is no part of any
# computation: afterwards the key encoder must not hang on the query encoder, neither by a graph nor
# by shared memory.


# %% nbgrader={"grade_id": "momentum_update", "kind": "exercise", "points": 3}
def momentum_update(key_encoder, query_encoder, momentum):
    """Move every parameter of the key encoder a little towards the query encoder's."""
    ### BEGIN SOLUTION
    with torch.no_grad():
        for key, query in zip(key_encoder.parameters(), query_encoder.parameters(), strict=True):
            key.mul_(momentum).add_(query, alpha=1 - momentum)
    ### END SOLUTION


# %% [markdown]
# ## 4 · A queue of keys
#
# `queue` is `(K, d)`: the last K keys. It is a **ring**. `place` (a whole number) is the row of the
# oldest key; the rows after it are the next oldest, and after row $K-1$ comes row 0. The $n \le K$
# new `keys`, `(n, d)`, take the places of the $n$ oldest, the first key at `place`.
#
# Return a pair: the new queue, and the place of what is the oldest key then, between 0 and $K-1$.
#
# - The queue that went in must stay as it was. The logits of this step were computed with it, and
#   `backward` will ask for it.
# - The queue keeps numbers, no graphs: whatever the keys hang on is cut.


# %% nbgrader={"grade_id": "enqueue_dequeue", "kind": "exercise", "points": 4}
def enqueue_dequeue(queue, place, keys):
    """The pair (queue, place) after the keys took the places of the oldest."""
    ### BEGIN SOLUTION
    rows = (place + torch.arange(len(keys))) % len(queue)
    renewed = queue.index_copy(0, rows, keys.detach())
    return renewed, (place + len(keys)) % len(queue)
    ### END SOLUTION


# %% [markdown]
# ## 5 · Own key against queue
#
# `queries` and `keys` are `(n, d)`: row $i$ of both comes from the same picture. `queue` is
# `(K, d)`. All vectors have length 1. The logits of query $i$ are
#
# $$\big[\; q_i^\top k_i, \;\; q_i^\top u_1, \;\; \dots, \;\; q_i^\top u_K \;\big] \,/\, \tau$$
#
# with its own key in column 0, so that the right answer is 0 for every query. Keys and queue are
# **constants**: see to it that only the queries receive a gradient.


# %% nbgrader={"grade_id": "moco_logits", "kind": "exercise", "points": 3}
def moco_logits(queries, keys, queue, temperature):
    """Logits (n, 1 + K): the own key first, then the queue."""
    ### BEGIN SOLUTION
    own = (queries * keys.detach()).sum(dim=1, keepdim=True)
    others = queries @ queue.detach().T
    return torch.cat([own, others], dim=1) / temperature
    ### END SOLUTION


# %% [markdown]
# ## 6 · Linear evaluation
#
# What does an encoder know? Let it rest, and train a linear classifier on its features. One step:
# features of `images`, cross-entropy of `linear(features)` with `labels`, one step of `optimiser`.
# Return the loss that was descended, **without** its graph.
#
# What is judged must not change while it is judged. The encoder comes in training mode, with batch
# norm, and somebody gave its parameters to the optimiser as well. See to it that neither its
# weights nor its batch statistics move, and that no gradient reaches it.


# %% nbgrader={"grade_id": "linear_probe_step", "kind": "exercise", "points": 3}
def linear_probe_step(encoder, linear, optimiser, images, labels):
    """One training step of `linear` on the features of a resting encoder; the loss."""
    ### BEGIN SOLUTION
    encoder.eval()
    with torch.no_grad():
        features = encoder(images)
    loss = F.cross_entropy(linear(features), labels)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.detach()
    ### END SOLUTION


# %% [markdown]
# ## See it work
#
# First the material: pictures of ten kinds of things, and two random views of some of them. A crop,
# a flip, other colours: what stays the same between the two rows is what a network can learn.

# %%
from course_utils.data import toy
from course_utils.selfsup.simclr import ProjectedEncoder, two_views
from course_utils.selfsup.views import ViewRecipe

many, few, steps, batch = {
    "laptop": (3000, 1000, 300, 96),
    "gpu": (20_000, 4000, 4000, 256),
    "test": (120, 60, 3, 16),
}[SCALE]
known, new = (toy.make_images(n, backdrop="pattern", seed=s) for n, s in ((many, 1), (few, 2)))
recipe, dice = ViewRecipe(area=(0.2, 1.0)), torch.Generator().manual_seed(0)
plots.image_grid(two_views(known.images[:8], recipe, dice), columns=8)

# %% [markdown]
# Two networks with the same start, an encoder and a projection head each. One is trained with your
# SimCLR, the other with your MoCo. A third is never trained.

# %%
import copy

from course_utils.core.encoders import ConvEncoder, settle_batch_statistics
from course_utils.core.steps import one_cycle

torch.manual_seed(0)
untrained = ProjectedEncoder(ConvEncoder(16))
simclr, query, key = (copy.deepcopy(untrained) for _ in range(3))
key.requires_grad_(False)
settle_batch_statistics(untrained.encoder, known.images)

optimiser, schedule = one_cycle([simclr], steps)
for step in range(1, steps + 1):
    pictures = known.images[torch.randint(many, (batch,), generator=dice)]
    loss = nt_xent(simclr(two_views(pictures, recipe, dice)), 0.2)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    schedule.step()
    if step % max(1, steps // 4) == 0:
        print(f"SimCLR, step {step:4}: loss {loss:.3f}")

# %%
optimiser, schedule = one_cycle([query], steps)
queue, place = F.normalize(torch.randn(1024, 64, generator=dice)), 0
for step in range(1, steps + 1):
    pictures = known.images[torch.randint(many, (batch,), generator=dice)]
    first, second = two_views(pictures, recipe, dice).chunk(2)
    momentum_update(key, query, 0.9)
    queries, keys = F.normalize(query(first)), F.normalize(key(second))
    logits = moco_logits(queries, keys, queue, 0.2)
    loss = F.cross_entropy(logits, torch.zeros(batch, dtype=torch.long))
    queue, place = enqueue_dequeue(queue, place, keys)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    schedule.step()
    if step % max(1, steps // 4) == 0:
        print(f"MoCo, step {step:4}: loss {loss:.3f}, place {place}")

# %% [markdown]
# The two losses cannot be compared: one chooses among the views of a batch, the other among 1025
# keys. What can be compared is what the encoders know about the *kind* of thing, which nobody told
# them. Your probe asks them, with the same labels and the same number of steps.


# %%
def probed(encoder):
    """Accuracy on new pictures of a linear classifier, trained by your step."""
    torch.manual_seed(1)
    linear = nn.Sequential(nn.BatchNorm1d(64, affine=False), nn.Linear(64, 10))
    optimiser = torch.optim.Adam(linear.parameters(), lr=0.02)
    for _ in range(100 if SCALE != "test" else 3):
        rows = torch.randint(many, (256,), generator=dice)
        linear_probe_step(encoder, linear, optimiser, known.images[rows], known.label[rows])
    with torch.no_grad():
        guesses = linear.eval()(encoder.eval()(new.images)).argmax(1)
    return (guesses == new.label).float().mean()


networks = {"never trained": untrained, "SimCLR": simclr, "MoCo": query}
for name, network in networks.items():
    print(f"{name:14} {probed(network.encoder):4.0%} of new pictures (guessing: 10 %)")

# %% [markdown]
# ## 7 · In your own words
#
# Answer in 100 to 200 words, with reference to what you computed and saw above:
#
# 1. Why does SimCLR need a large batch, and why does MoCo not? What does a step of each cost in
#    memory when the number of negatives is doubled?
# 2. Somebody sets MoCo's momentum to 0, "so that the keys are up to date". Which keys are then up
#    to date and which are not, and what happens to the comparison?

# %% [markdown] nbgrader={"grade_id": "in_your_own_words", "kind": "manual", "points": 4}
# ### BEGIN SOLUTION
# **A model answer.** SimCLR's negatives are the other views of the same batch. To have more of them
# it must encode more pictures at once and keep all their activations for `backward`: memory grows
# with the batch, and the matrix of scores with its square. MoCo keeps vectors only. They come from
# earlier batches, no gradient goes through them, and twice as many cost a longer queue of small
# vectors and one larger matrix product; the batch stays as it is.
#
# With momentum 0 the key encoder is a copy of the query encoder at every step. The keys of *this*
# batch are up to date, but those in the queue were made by the encoders of many different earlier
# steps, which differ more the faster the encoder learns. The query is then compared with vectors
# from several spaces, and can tell its own key by its age instead of by its picture. A momentum
# near 1 makes the key encoder slow: old keys and new ones come from nearly the same function.
#
# **Marks, 4 in all**
#
# - 1: SimCLR's negatives are the batch, and their activations must be kept
# - 1: MoCo's are stored vectors without gradient; doubling them costs little
# - 1: at momentum 0 the queue holds keys of many different encoders
# - 1: inconsistent keys make the comparison easy or meaningless; slowness is what makes it fair
#
# Half a point for a true statement without its reason. No marks are lost for language or length.
# ### END SOLUTION
