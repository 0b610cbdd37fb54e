# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Assignment 1 · The minimax game
#
# *Slides: "Training GANs: Two-player game" and "GAN Learning Process". The notebook runs in about
# 20 seconds on two cores; writing it takes an hour or two.*
#
# $$\min_G \max_D \; V(D, G) = \mathbb{E}_{x \sim p_\text{data}}\big[\log D(x)\big]
# + \mathbb{E}_{z \sim p(z)}\big[\log\big(1 - D(G(z))\big)\big]$$
#
# You write the game in five functions of at most ten lines, and at the end your own functions
# train a GAN. You will be able to
#
# - compute the value of the game from a discriminator's **logits**, exactly even where $D$ rounds
#   to 0 or 1;
# - say which loss each player descends, and why the generator is given another one in practice;
# - write the best discriminator against a fixed generator, and
# - let the players move in turn, each one **frozen** while the other moves.

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
torch.set_num_threads(1)  # networks as small as these are fastest on one

# %% [markdown]
# ## 1 · The value of the game
#
# The discriminator's last layer gives a **logit** $a(x)$, any real number, and
# $D(x) = \sigma(a(x)) = 1/(1 + e^{-a(x)})$. From a batch of real and a batch of generated samples
# we estimate
#
# $$V = \operatorname{mean}_i \, \log D(x_i)
# \;+\; \operatorname{mean}_j \, \log\big(1 - D(G(z_j))\big).$$
#
# The batches may differ in size and have any shape. Logits of ±200 occur: $\sigma(-200)$ is 0 in
# float32, yet $\log \sigma(-200)$ is simply $-200$. Two facts help: torch has a function for
# $\log \sigma(a)$, and $1 - \sigma(a) = \sigma(-a)$.


# %% nbgrader={"grade_id": "game_value", "kind": "exercise", "points": 3}
def game_value(real_logits, fake_logits):
    """V(D, G) as a scalar tensor, from logits of real and of generated samples."""
    ### BEGIN SOLUTION
    return F.logsigmoid(real_logits).mean() + F.logsigmoid(-fake_logits).mean()
    ### END SOLUTION


# %% [markdown]
# ## 2 · The discriminator's loss
#
# $D$ climbs $V$; an optimiser descends a loss. So $D$ gets the loss $-V$, which is an old
# acquaintance: the sum of two **binary cross-entropies**, with label 1 for real samples and label 0
# for generated ones,
#
# $$L_D = -\operatorname{mean}_i \log D(x_i) - \operatorname{mean}_j \log\big(1 - D(G(z_j))\big).$$
#
# Write it with torch's cross-entropy for logits, or in any way you like.


# %% nbgrader={"grade_id": "discriminator_loss", "kind": "exercise", "points": 3}
def discriminator_loss(real_logits, fake_logits):
    """Loss that D descends, -V, as a scalar tensor."""
    ### BEGIN SOLUTION
    on_real = F.binary_cross_entropy_with_logits(real_logits, torch.ones_like(real_logits))
    on_fake = F.binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))
    return on_real + on_fake
    ### END SOLUTION


# %% [markdown]
# ## 3 · The generator's two losses
#
# In the game, $G$ descends $\operatorname{mean}_j \log(1 - D(G(z_j)))$, the **saturating** loss. In
# practice it descends the **non-saturating** loss $-\operatorname{mean}_j \log D(G(z_j))$ instead.
#
# ### First predict
#
# Early in training every sample is bad and $D$ knows it: $D(G(z)) = 0.01$. How many times larger is
# the gradient of the non-saturating loss by the logit $a$ than that of the saturating one?
#
# - **a** the same
# - **b** about 2 times
# - **c** about 10 times
# - **d** about 100 times
#
# Put a letter in quotation marks, before you compute anything.

# %% nbgrader={"grade_id": "early_gradient", "kind": "prediction", "points": 2}
prediction = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
prediction = "d"
### END SOLUTION

# %% [markdown]
# ### Then write
#
# Return both losses, the saturating one first. Both are *losses*: the better $G$ fools $D$, the
# smaller they are.


# %% nbgrader={"grade_id": "generator_losses", "kind": "exercise", "points": 4}
def generator_losses(fake_logits):
    """The pair (saturating, non_saturating) of scalar tensors."""
    ### BEGIN SOLUTION
    saturating = F.logsigmoid(-fake_logits).mean()
    non_saturating = -F.logsigmoid(fake_logits).mean()
    return saturating, non_saturating
    ### END SOLUTION


# %% [markdown]
# Was your prediction right? Your own functions know: here are both slopes by the logit, from a sure
# discriminator to one that is fooled. (If you were wrong, leave the prediction as it is, and
# remember what surprised you.)

# %%
for probability in (0.01, 0.1, 0.5, 0.9):
    logit = torch.logit(torch.tensor([probability])).requires_grad_(True)
    slopes = [torch.autograd.grad(loss, logit)[0].item() for loss in generator_losses(logit)]
    times = slopes[1] / slopes[0]
    print(f"D(G(z)) = {probability:4.2f}: {slopes[0]:6.2f} and {slopes[1]:6.2f}, {times:.2f} times")

# %% [markdown]
# ## 4 · The optimal discriminator
#
# Against a fixed generator the best discriminator is known. At a point $x$ where real samples have
# density $p$ and generated ones $q$, the integrand $p \log D + q \log(1 - D)$ is largest for
#
# $$D^*(x) = \frac{p}{p + q}.$$
#
# Where both densities are 0 no sample ever falls and any answer is optimal: return **1/2**, "cannot
# tell". Keep the tails exact: $p = 10^{-20}$ against $q = 3 \cdot 10^{-20}$ is still 1/4. And a
# density is never negative: raise a `ValueError` that says so.


# %% nbgrader={"grade_id": "optimal_discriminator", "kind": "exercise", "points": 3}
def optimal_discriminator(p_data, p_model):
    """D*(x) = p / (p + q) at every point; 1/2 where both are 0; ValueError below 0."""
    ### BEGIN SOLUTION
    if (p_data < 0).any() or (p_model < 0).any():
        raise ValueError("a density is never negative")
    total = p_data + p_model
    return torch.where(total > 0, p_data / total, 0.5)
    ### END SOLUTION


# %% [markdown]
# ## 5 · One alternating step
#
# The players move in turn. While one moves, the other is **frozen**: its parameters do not change,
# and no gradient is left on them.
#
# 1. **D's half.** Generate samples from `noise_d`, as plain data: no gradient may run back into
#    $G$. Clear D's gradients, send `discriminator_loss` back, step.
# 2. **G's half.** Generate samples from `noise_g`; they go through the **new** $D$. Clear G's
#    gradients, send the *non-saturating* loss back **through** $D$ to $G$, step. The gradient
#    passes through $D$, but must not be collected on D's parameters: see the argument `inputs=` of
#    [`backward`](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html), or
#    `requires_grad_(False)` for a while.
#
# Return both losses, as they were just before each player moved, under the names
# `"discriminator_loss"` and `"generator_loss"`. Use your own functions from above.


# %% nbgrader={"grade_id": "alternating_step", "kind": "exercise", "points": 5}
def alternating_step(generator, discriminator, g_optimiser, d_optimiser, real, noise_d, noise_g):
    """One step of D with G frozen, then one step of G with D frozen; returns both losses."""
    ### BEGIN SOLUTION
    fake = generator(noise_d).detach()
    d_loss = discriminator_loss(discriminator(real), discriminator(fake))
    d_optimiser.zero_grad()
    d_loss.backward()
    d_optimiser.step()
    _, g_loss = generator_losses(discriminator(generator(noise_g)))
    g_optimiser.zero_grad()
    g_loss.backward(inputs=list(generator.parameters()))
    g_optimiser.step()
    return {"discriminator_loss": d_loss.item(), "generator_loss": g_loss.item()}
    ### END SOLUTION


# %% [markdown]
# ## See it work
#
# Your `alternating_step` trains a small GAN on eight clusters in a ring. Blue points are data,
# orange ones are generated; the background is your discriminator's $D(x)$.

# %%
from course_utils import plots
from course_utils.gan.players import discriminator_network, generator_network
from course_utils.gan.toy_distributions import modes_covered, ring, share_near

torch.manual_seed(0)
data, generator, discriminator = ring(), generator_network(2, 2), discriminator_network(2)
g_optimiser, d_optimiser = (
    torch.optim.Adam(player.parameters(), lr=2e-3, betas=(0.5, 0.9), fused=True)
    for player in (generator, discriminator)
)

# %% [markdown]
# A few seconds of training. Watch how many of the eight clusters the generator has found.

# %%
steps = {"laptop": 1600, "gpu": 4000, "test": 60}[SCALE]
losses = []
for step in range(steps):
    batch, noise = data.sample(256), torch.randn(2, 256, 2)
    players = generator, discriminator, g_optimiser, d_optimiser
    losses.append(alternating_step(*players, batch, noise[0], noise[1]))
    if (step + 1) % (steps // 4) == 0:
        samples = generator(torch.randn(2000, 2)).detach()
        covered, near = modes_covered(samples, data), share_near(samples, data)
        print(f"step {step + 1:5}: {covered} of 8 clusters, {near:4.0%} of the samples near one")

# %% [markdown]
# And the picture: samples on the left, the two losses on the right.

# %%
fig, (left, right) = plots.figure(11, 5, ncols=2)
axis = torch.linspace(-3, 3, 120)
grid = torch.cartesian_prod(axis, axis)
field = discriminator(grid).sigmoid().detach().reshape(120, 120).T
left.imshow(field, extent=(-3, 3, -3, 3), origin="lower", cmap=plots.FIELD, vmin=0, vmax=1)
left.scatter(*data.sample(400).T, s=9, color=plots.REAL, label="data")
left.scatter(*generator(torch.randn(400, 2)).detach().T, s=9, color=plots.FAKE, label="generated")
left.set(title="Samples on D(x)", xlabel="$x_1$", ylabel="$x_2$")
left.legend(loc="upper right", markerscale=2)
for name, colour in (("discriminator_loss", plots.REAL), ("generator_loss", plots.FAKE)):
    values = torch.tensor([float(loss[name]) for loss in losses])
    smooth = values[: len(values) // 20 * 20].reshape(-1, 20).mean(1)
    right.plot(range(0, 20 * len(smooth), 20), smooth, color=colour, label=name.replace("_", " "))
right.axhline(1.386, color=plots.MUTED, linestyle=":")
right.text(0, 1.40, "log 4: D cannot tell", color=plots.MUTED)
right.set(title="Both losses", xlabel="step", ylabel="nats")
right.legend()
fig

# %% [markdown]
# ## 6 · In your own words
#
# Answer in 100 to 200 words, with reference to what you computed and saw above:
#
# 1. Why does the saturating loss teach $G$ almost nothing early in training, and why does the
#    non-saturating one? Do the two want different generators in the end?
# 2. In an ordinary training a falling loss means progress. Why can you not read the quality of the
#    samples off the two curves above, and what could you measure instead?

# %% [markdown] nbgrader={"grade_id": "in_your_own_words", "kind": "manual", "points": 5}
# ### BEGIN SOLUTION
# **A model answer.** By the logit $a$, the saturating loss $\log(1 - D)$ has slope $-D$ and the
# non-saturating $-\log D$ has slope $-(1 - D)$. Early on $D(G(z)) \approx 0$: the first slope
# vanishes exactly where the samples are worst, the second is close to $-1$ (99 times as much at
# $D = 0.01$). Both fall as $D(G(z))$ grows, and both are at rest when $p_G = p_\text{data}$, so the
# fixed point is the same; only the path differs. The two losses belong to a game: each is measured
# against an opponent that changes too. When both players improve, the curves can stay where they
# are; a collapsed generator with a confused discriminator can show the same numbers as a good one.
# At the ideal end D's loss is $\log 4$ and not 0. Better to measure samples directly: clusters
# covered and the share of samples near one, nearest neighbours, or a distance between
# distributions on fresh samples.
#
# **Marks, 5 in all**
#
# - 1: names the slopes ($-D$ and $-(1 - D)$), or the flat part of $\log(1 - D)$ near $D = 0$
# - 1: ties it to early training: $D(G(z))$ is near 0 because the samples are bad
# - 1: same fixed point, other path ("both are minimal when G fools D" is enough)
# - 1: the losses are relative to a moving opponent, so their level says nothing by itself
# - 1: names a measure on samples (clusters covered, share near, neighbours, a distance, looking)
#
# Half a point for a true statement without its reason. No marks are lost for language or length.
# ### END SOLUTION
