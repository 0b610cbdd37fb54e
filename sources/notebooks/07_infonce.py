# %% [markdown]
# # 7 · InfoNCE: find your partner among N
#
# **What you will see.** One loss from which features are learned without labels and without a task
# thought up by hand. You will write it as a loop, and find an old friend in it; watch it pull and
# push points on a circle and a sphere; see whom it pushes, and how hard; use it to measure how much
# two things know about each other, and see where that measure stops; and break it in three ways.
#
# **Slides.** *Contrastive Representation Learning* · *A formulation of contrastive learning*
#
# **Time.** About 1 minute of computing on 2 cores.
#
# Before each reveal there is a guess to make. Change it, then run: a wrong guess teaches most.

# %%
from course_utils import scale

SCALE = scale("laptop")  # "laptop", "gpu" or "test": changes sizes only

import math

import torch
from torch import nn
from torch.nn import functional as F

from course_utils import live, plots
from course_utils.core import devices
from course_utils.lessons.infonce import figures
from course_utils.lessons.infonce.instrument import SphereLab
from course_utils.selfsup import contrastive, hypersphere
from course_utils.selfsup import mutual_information as mi
from course_utils.selfsup.hypersphere import Rules, Swarm

plots.use_style()
devices.use_threads(1)  # everything here is small: one core is fastest
SIZES = {
    "laptop": dict(swarm=300, pairs=8192, critic=400, museum=400, seeds=3),
    "gpu": dict(swarm=1000, pairs=65_536, critic=2000, museum=2000, seeds=5),
    "test": dict(swarm=20, pairs=1024, critic=30, museum=20, seeds=2),
}[SCALE]


# %%
def dice(seed=0):
    return torch.Generator().manual_seed(seed)


swarm = Swarm(kinds=8, views=4, generator=dice())
moments = {}
for steps in (0, SIZES["swarm"] // 25, SIZES["swarm"] // 8, SIZES["swarm"]):
    swarm.step(steps - swarm.steps)
    moments[f"after {steps} steps"] = swarm.look()
figures.swarms(moments)

# %% [markdown]
# Every point is the feature vector of one **view**; views of the same thing have the same colour.
# At the beginning they lie anywhere. Then each point is told again and again: *among these, which
# one is your partner?* At the end the views of one thing sit together, and different things keep
# as far from each other as the circle allows. Nobody gave a label, nobody said where to go.
#
# ## 1 · One formula
#
# What we want (the lecture): a high score for the positive, low ones for the negatives,
#
# $$\text{score}(f(x), f(x^+)) \gg \text{score}(f(x), f(x^-)).$$
#
# And the loss, for one positive and $N-1$ negatives:
#
# $$L = -\mathbb{E}_X \left[\log \frac{\exp(s(f(x), f(x^+)))}
# {\exp(s(f(x), f(x^+))) + \sum_{j=1}^{N-1} \exp(s(f(x), f(x_j^-)))}\right]$$
#
# First with two queries and two loops.

# %%
positive = [0.8, 0.3]  # score of each query with its partner
negatives = [[0.1, -0.5, 0.4], [0.6, 0.2, -0.9]]  # and with three others

loss = 0.0
for s_plus, row in zip(positive, negatives, strict=True):
    below = math.exp(s_plus)
    for s_minus in row:
        below += math.exp(s_minus)
    loss -= math.log(math.exp(s_plus) / below) / len(positive)
print(f"L = {loss:.4f}")

# %% [markdown]
# **Guess first:** what is $L$ if all four scores are equal, so that the choice is a pure guess?

# %%
my_guess = 0.0

same = contrastive.info_nce_from_pairs(torch.zeros(2), torch.zeros(2, 3))
print(f"you said {my_guess}; it is {same:.4f}, and log 4 = {math.log(4):.4f}")

# %% [markdown]
# Guessing among $N$ costs $\log N$. And that should sound familiar ...
#
# ### A classifier with N classes
#
# Put the positive's score first, the negatives' behind it, and look again: $\exp$ of one,
# divided by the sum of $\exp$ of all. It is a **softmax**, minus its logarithm at the right
# class is **cross-entropy**, and the right class is *"the positive"*. The same three times:

# %%
pairs = contrastive.info_nce_from_pairs(
    torch.tensor(positive).double(), torch.tensor(negatives).double()
)
logits = torch.tensor([[s, *row] for s, row in zip(positive, negatives, strict=True)]).double()
classes = F.cross_entropy(logits, torch.tensor([0, 0]))
print(f"loop {loss:.12f}\nmatrix {pairs:.12f}\ncross_entropy {classes:.12f}")
assert abs(loss - float(pairs)) < 1e-6 and abs(float(pairs) - float(classes)) < 1e-12

# %% [markdown]
# So there is nothing new to learn about this loss. What is new is where its classes come from: they
# are not kinds of things that somebody named, but **the other members of the batch**, and they
# change with every step.
#
# ### A batch is a table
#
# In practice nobody draws negatives. Take $n$ pictures and two views of each, $u_i$ and $v_i$.
# Score every $u$ with every $v$: one matrix product. In row $i$ the partner stands in column
# $i$, and all the rest are negatives, for free. The score is the **cosine** divided by
# a **temperature** $\tau$:
#
# $$s_{ij} = \frac{u_i^\top v_j}{\lVert u_i\rVert\,\lVert v_j\rVert}, \qquad
# L = -\frac1n\sum_i \log\frac{\exp(s_{ii}/\tau)}{\sum_j \exp(s_{ij}/\tau)}.$$

# %%
things = torch.randn(5, 3, generator=dice(1))
u, v = (things + 0.45 * torch.randn(5, 3, generator=dice(k)) for k in (2, 3))
scores, labels = contrastive.cosine_scores(u, v), torch.arange(5)
print(
    f"L = {contrastive.info_nce(scores, labels, temperature=0.2):.3f}, "
    f"guessing costs {math.log(5):.3f}"
)
figures.score_tables(scores, labels, temperature=0.2)

# %% [markdown]
# Left the cosines, in the middle what the temperature and the softmax make of them, framed the
# right answers. The picture on the right is the subject of section 3.
#
# **A trap.** If *all* views are in one batch, each also meets **itself**, with cosine 1. Which
# share of the softmax does a view give to itself, if nobody forbids it? **Guess first**, in per
# cent.

# %%
my_guess = 10

views = torch.cat([u, v])
whole = contrastive.cosine_scores(views, views)
itself = torch.softmax(whole / 0.2, dim=1).diagonal().mean()
print(f"you said {my_guess} %; it is {itself:.0%}")
repaired = contrastive.without_self(whole)
partners = contrastive.positives_as_labels(torch.arange(5).repeat(2))
print(
    f"loss with the self pair {contrastive.info_nce(whole, partners, 0.2):.3f}, "
    f"without {contrastive.info_nce(repaired, partners, 0.2):.3f}"
)

# %% [markdown]
# A candidate that is always the best, and never the answer, is no help: the loss could not get
# near 0. `without_self` puts $-\infty$ on the diagonal; $\exp(-\infty) = 0$ takes it out.
#
# ## 2 · Pulled and pushed
#
# What does this loss want of the points? Wang and Isola (2020) split it in two:
#
# $$\text{alignment} = \mathbb{E}\,\lVert f(x) - f(x^+)\rVert^2, \qquad
# \text{uniformity} = \log \mathbb{E}\, e^{-2\lVert f(x) - f(y)\rVert^2}.$$
#
# Alignment is 0 when partners coincide. Uniformity is 0 when *everything* coincides, and falls
# as the points spread; the lowest there is belongs to points spread evenly. On three points, by
# a loop:

# %%
three = F.normalize(torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 1.0]]), dim=1)
total = 0.0
for i in range(3):
    for j in range(i + 1, 3):
        total += math.exp(-2 * float((three[i] - three[j]).square().sum())) / 3
print(f"loop {math.log(total):.5f}, vectorised {contrastive.uniformity(three):.5f}")
assert abs(math.log(total) - float(contrastive.uniformity(three))) < 1e-5

# %% [markdown]
# **Guess first:** twelve things, three views each. At which temperature do the *things* end up
# least evenly spread: `0.05`, `0.5` or `3.0`?

# %%
my_guess = 0.05

ends, even = {}, {}
for tau in (0.05, 0.5, 3.0):
    runs = [Swarm(12, 3, 2, Rules(tau, negatives=33), dice(seed)) for seed in range(SIZES["seeds"])]
    for run in runs:
        run.step(SIZES["swarm"])
    ends[f"τ = {tau:g}"] = runs[0].look()
    found = [run.gauges().uniformity for run in runs]
    even[tau] = sum(found) / len(found)
    print(f"τ = {tau:4g}: uniformity " + "  ".join(f"{value:.2f}" for value in found))
print(f"you said {my_guess}; least even: {max(even, key=even.get)}")
figures.swarms(ends)

# %% [markdown]
# A cold loss cares for the nearest neighbours, and does not rest until each has its own place.
# A hot one only sees that the crowd as a whole is balanced: things may lie side by side, as
# long as as many lie opposite.
#
# Now live. **Play**, then move the sliders. **Click a point** to see whom it pulls (green) and
# whom it pushes (orange, the stronger the harder). Choose the *sphere* and drag beside the
# points to turn it.

# %%
lab = SphereLab()
lab

# %% [markdown]
# | Do | Watch | Why |
# |---|---|---|
# | *Play* | alignment falls first, uniformity later | partners are few and far, negatives many |
# | *Reset*, *temperature* 3, *Play* | clumps of several colours | all negatives are pushed alike |
# | *Reset*, *temperature* 0.03 | colours meet, then all stands still, not quite even | once the nearest negative is far enough, the softmax is sure and nobody is pushed |
# | click a point, then move *temperature* | the orange lines become one, or many | section 3 |
# | *negatives* 1 | everything trembles | a softmax over two: a noisy sample of whom to avoid |
# | *hard negatives* 20 with *temperature* 1 | clumps that a cold loss would part | hard ones are chosen often, but pushed no harder |
# | *same kind as negatives* on | the loss stays high, points of a colour tremble | false negatives: pulled and pushed at once |
# | *cosine* off | points leave the circle | section 5 |
#
# ## 3 · Who is pushed, and how hard
#
# The slope of the loss by each score has a closed form. With
# $p_{ij} = \mathrm{softmax}_j(s_{ij}/\tau)$,
#
# $$\frac{\partial L}{\partial s_{ij}} =
# \frac{1}{n\tau}\,\big(p_{ij} - [\,j \text{ is the positive}\,]\big).$$

# %%
table = scores.clone().requires_grad_(True)
(by_autograd,) = torch.autograd.grad(contrastive.info_nce(table, labels, 0.2), table)
by_formula = contrastive.temperature_gradient(scores, labels, 0.2)
print(f"largest difference {(by_autograd - by_formula).abs().max():.1e}")
print(f"sum over each row  {by_formula.sum(dim=1).abs().max():.1e}")

# %% [markdown]
# Two things to read from it. Each row **sums to 0**: the pull on the positive is exactly as
# strong as all pushes on negatives together, and both vanish when the choice is sure. And among
# negatives the push is shared **in proportion to $p_{ij}$**: to $\exp(s_{ij}/\tau)$.
#
# **Guess first:** one negative has cosine 0.9 with the query, another 0.5. How many times
# harder is the first pushed at $\tau = 0.1$?

# %%
my_guess = 2

for tau in (1.0, 0.5, 0.1, 0.05):
    push = contrastive.temperature_gradient(
        torch.tensor([[0.8, 0.9, 0.5]]), torch.tensor([0]), tau
    )[0]
    print(f"τ = {tau:4g}: {float(push[1] / push[2]):8.1f} times harder")
print(f"at 0.1 you said {my_guess}; exp(0.4 / 0.1) = {math.exp(4):.1f}")

# %% [markdown]
# As a picture: the query in blue, its positive in green, and how far each negative is pushed.

# %%
figures.pushes(temperature=0.2)

# %%
live.explore(
    figures.pushes,
    temperature=live.Log(0.03, 3.0),
    positive=(5.0, 355.0, 5.0),
    negatives=(3, 41),
)

# %% [markdown]
# Drag the temperature down: the arrows leave all but the two nearest negatives. **The
# temperature decides what counts as hard.** Hard negatives need not be searched for; a low
# temperature finds them in any batch that holds some. It will also find the *false* ones: other
# views of the same kind of thing are near.
#
# ## 4 · How much do two views know about each other?
#
# The lecture: InfoNCE is a lower bound on **mutual information**,
#
# $$I\big(f(x); f(x^+)\big) \;\ge\; \log N - L.$$
#
# Why? Among $N$ candidates one was drawn from $p(y \mid x)$, the others from $p(y)$. The best
# possible answer weighs each by the ratio $p(y\mid x)/p(y)$. The expected logarithm of that
# ratio *is* the mutual information; the loss compares the partner's ratio with the mean ratio
# of all candidates, which is about 1:
#
# $$\log N - L = \mathbb{E}\Big[\log\frac{r(x, x^+)}{\frac1N\sum_j r(x, x_j)}\Big], \qquad
# r(x, y) = \frac{p(y\mid x)}{p(y)}.$$
#
# To test a bound one needs the truth. Two Gaussian numbers of correlation $\rho$ share
# $-\tfrac12\log(1-\rho^2)$ nats, and their best score is known too. First four pairs, by a loop:

# %%
nats, N = 1.0, 4
rho = mi.correlation_for_information(nats)
x, y = mi.correlated_gaussians(N, rho, generator=dice(5), dtype=torch.float64)


def log_ratio(a, b):
    return -0.5 * math.log(1 - rho**2) - (b - rho * a) ** 2 / (2 * (1 - rho**2)) + b**2 / 2


bound = 0.0
for i in range(N):
    mean = sum(math.exp(log_ratio(x[i].item(), y[j].item())) for j in range(N)) / N
    bound += (log_ratio(x[i].item(), y[i].item()) - math.log(mean)) / N
best_scores = mi.log_density_ratio(x, y, rho)
print(
    f"correlation {rho:.3f}: loop {bound:.6f}, log N - L "
    f"{mi.mutual_information_bound(best_scores, torch.arange(N)):.6f}"
)

# %% [markdown]
# One small batch says little; it can even be above the truth, by luck. The bound holds **on
# average**.
#
# **Guess first:** the truth is 9 nats, the score the best there is. What will $N = 64$
# candidates show?

# %%
my_guess = 9.0

truths, sizes = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0), (4, 16, 64, 256, 1024)
throw = dice(0)
grid = [
    mi.estimate_bound(truth, N, max(4, SIZES["pairs"] // N), generator=throw)
    for N in sizes
    for truth in truths
]
shown = next(e for e in grid if e.candidates == 64 and e.truth == 9.0)
print(f"you said {my_guess}; it shows {shown.mean:.2f}, and log 64 = {shown.ceiling:.2f}")
figures.bound_against_truth(grid)

# %%
above = max((e.mean - e.truth) / max(e.error, 1e-9) for e in grid if e.truth > 0)
tight = [e for e in grid if e.candidates >= 256 and 1.0 <= e.truth < e.ceiling / 2]
print(f"above the truth by {above:+.1f} standard errors at most (chance alone makes some positive)")
print(f"below half of log N: at worst {max(1 - e.mean / e.truth for e in tight):.1%} short")

# %% [markdown]
# $L$ is never negative, so **the bound cannot show more than $\log N$**: with 64 candidates
# there are 4.2 nats at most, whether 5 are shared or 5000. That is the flat part of each line.
#
# ### Why more negatives help
#
# They lift the ceiling. And below the ceiling they make the mean in the denominator a better
# mean: where few of the candidates have a large ratio, a small $N$ misses them, or the positive
# itself (which is in the mean too) makes up most of it.

# %%
throw = dice(1)
tighter = [
    mi.estimate_bound(truth, N, max(4, SIZES["pairs"] // N), generator=throw)
    for truth in (1.0, 2.0, 4.0, 8.0)
    for N in (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
]
figures.tightening(tighter)

# %% [markdown]
# Solid what is shown, dotted what $\log N$ would allow. To show $I$ nats one needs of the order
# of $e^I$ candidates. **This is why SimCLR wants batches of thousands, and MoCo a queue of
# 65,536**: the next notebook.
#
# ### And a learned score?
#
# So far the score was the best there is. Usually it is learned, and then the bound is loose for
# a second reason. Three learners on 3 nats with $N = 128$. The first scores by an inner product
# of two small networks; the second and third by a cosine over a temperature.
#
# **Guess first:** the cosine lies between −1 and 1. What is the most that $\tau = 1$ can show?

# %%
my_guess = 3.0

print(
    f"you said {my_guess}; at τ = 1 it is {mi.most_by_cosine(128, 1.0):.2f}, "
    f"at τ = 0.1 {mi.most_by_cosine(128, 0.1):.2f}"
)


def learner(score, seed=0):
    """The bound at every step while two small networks learn a score of x and y."""
    torch.manual_seed(seed)
    f, g = (
        nn.Sequential(nn.Linear(1, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 16))
        for _ in "fg"
    )
    optimiser = torch.optim.Adam([*f.parameters(), *g.parameters()], lr=3e-3)
    rho, throw, bounds = mi.correlation_for_information(3.0), dice(seed), []
    for _ in range(SIZES["critic"]):
        x, y = mi.correlated_gaussians(128, rho, generator=throw)
        bound = mi.mutual_information_bound(score(f(x), g(y)), torch.arange(128))
        optimiser.zero_grad()
        (-bound).backward()
        optimiser.step()
        bounds.append(bound.item())
    return bounds


# %%
learned = {
    "inner product": learner(lambda a, b: a @ b.T),
    "cosine, τ = 0.1": learner(lambda a, b: contrastive.cosine_scores(a, b) / 0.1),
    "cosine, τ = 1": learner(lambda a, b: contrastive.cosine_scores(a, b)),
}
best = mi.estimate_bound(3.0, 128, 40, generator=dice(2))
for name, bounds in learned.items():
    print(f"{name:16} {sum(bounds[-50:]) / len(bounds[-50:]):.2f} of 3 nats")
figures.critics(learned, truth=3.0, best=best.mean, ceiling=best.ceiling)

# %% [markdown]
# The learners climb towards the best score, from below. The hot cosine stops far short: with
# scores in $[-1, 1]$ the softmax *cannot* be sure, and never shows more than $2/\tau$ nats.
#
# So a small $\log N - L$ has three possible causes: little is shared, $N$ is small, or the
# score is poor. The number alone does not say which. (Nor is a tighter bound always a better
# representation: that depends on *what* the shared nats are about, which the augmentations
# decide. See Tschannen et al., 2020.)
#
# ## 5 · The failure museum
#
# Now an encoder, which must place *new* things: ten numbers in, a point on the sphere out.
# Things come in eight kinds; a view is the thing with some noise. It never hears of the kinds.

# %%
centres = 1.2 * torch.randn(8, 10, generator=dice(9))


def draw(count, throw):
    kind = torch.randint(8, (count,), generator=throw)
    thing = centres[kind] + 0.5 * torch.randn(count, 10, generator=throw)
    return (*(thing + 0.3 * torch.randn(count, 10, generator=throw) for _ in "uv"), kind)


def train(loss_of, seed=0, steps=SIZES["museum"]):
    torch.manual_seed(seed)
    f = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3))
    optimiser, throw = torch.optim.Adam(f.parameters(), lr=2e-3), dice(seed)
    for _ in range(steps):
        u, v, kind = draw(128, throw)
        loss = loss_of(f(u), f(v), kind)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return f.requires_grad_(False)


# %%
def look(f, count=240):
    """New things through the encoder, two views of each, as a picture."""
    u, v, kind = draw(count, dice(77))
    u, v = F.normalize(f(u), dim=1), F.normalize(f(v), dim=1)
    gauges = hypersphere.Gauges(
        0.0, 0.0, float(contrastive.alignment(u, v)), float(contrastive.uniformity(u)), 1.0
    )
    return hypersphere.Look(u, kind, gauges, 0)


# %% [markdown]
# ### Exhibit 1: no negatives
#
# If partners should be close, why not simply ask for that? $L = -\text{cosine}(f(x), f(x^+))$,
# no negatives.
#
# **Guess first:** how good will the *alignment* be: `"poor"`, `"good"` or `"perfect"`?

# %%
my_guess = "good"


def pull_only(a, b, kind):
    return -F.cosine_similarity(a, b).mean()


def info_nce(a, b, kind, tau=0.2):
    return contrastive.info_nce(contrastive.cosine_scores(a, b), torch.arange(len(a)), tau)


exhibits = {
    "untrained": look(train(pull_only, steps=0)),
    "pull only": look(train(pull_only)),
    "InfoNCE": look(train(info_nce)),
}
alone = exhibits["pull only"].gauges
print(f"you said {my_guess!r}; alignment {alone.alignment:.4f}, uniformity {alone.uniformity:+.4f}")
figures.swarms(exhibits)

# %% [markdown]
# Perfect, and worthless: **collapse**. A constant encoder satisfies every pull at once, and
# gradient descent finds it. Colours are the kinds that nobody told: InfoNCE separates them, as
# a by-product of telling *all* things apart. Negatives are one cure. (Others keep the pull
# alone and stop the gradient on one side, or keep the features' spread: BYOL, SimSiam, VICReg.)
#
# Mind that with *no* negatives InfoNCE itself does nothing at all: one candidate, $\log 1 = 0$,
# no slope.
#
# ### Exhibit 2: no normalisation
#
# Leave the lengths in: score by the inner product $u^\top v / \tau$.
#
# **Guess first:** the softmax sees $\lVert u\rVert\,\lVert v\rVert \cos/\tau$. We train with
# $\tau = 0.2$ and with $\tau = 2$, ten times hotter. By which factor do the *effective*
# temperatures $\tau/(\lVert u\rVert\,\lVert v\rVert)$ differ after training?

# %%
my_guess = 10


def inner(tau):
    return lambda a, b, kind: contrastive.info_nce(a @ b.T, torch.arange(len(a)), tau)


effective = {0.2: [], 2.0: []}
for seed in range(SIZES["seeds"]):
    for tau, found in effective.items():
        f = train(inner(tau), seed)
        length = f(draw(500, dice(50 + seed))[0]).norm(dim=1).mean()
        found.append(float(tau / length**2))
        print(
            f"seed {seed}, τ = {tau:g}: mean length {length:5.2f}, "
            f"effective temperature {found[-1]:.3f}"
        )
print(f"you said {my_guess}; it is {sum(effective[2.0]) / sum(effective[0.2]):.1f}")

# %% [markdown]
# The network **chooses its own temperature** by growing, and your setting hardly matters. It
# goes on growing, too: a longer vector always makes a right choice surer. And it has another
# way to win, being long instead of being right:


# %%
def favourites(f, cosine):
    """Share of queries whose best-scored key is the most popular key of all."""
    u, v, _ = draw(400, dice(60))
    v[0] *= 4  # one loud key
    scores = contrastive.cosine_scores(f(u), f(v)) if cosine else f(u) @ f(v).T
    return float(scores.argmax(dim=1).bincount().max()) / len(u)


for name, loss_of, cosine in (("inner product", inner(0.2), False), ("cosine", info_nce, True)):
    shares = [favourites(train(loss_of, seed), cosine) for seed in range(SIZES["seeds"])]
    print(
        f"{name:14} the most popular key is the choice of "
        + ", ".join(f"{share:.1%}" for share in shares)
    )

# %% [markdown]
# One loud input becomes everybody's favourite in its direction. With cosines it is one among
# many again. **Normalise.**
#
# ### Exhibit 3: false negatives
#
# InfoNCE pushes every other thing away, also those of the same kind. We compare it with a loss
# that is told the kinds, only to leave those pairs out of the negatives, and measure the cosine
# between *different things of one kind*.
#
# **Guess first:** at which temperature do the false negatives do more harm, `0.05` or `0.5`?

# %%
my_guess = 0.5


def without_false(tau):
    def loss_of(a, b, kind):
        false = (kind[:, None] == kind[None]) & ~torch.eye(len(kind), dtype=torch.bool)
        scores = contrastive.cosine_scores(a, b).masked_fill(false, -math.inf)
        return contrastive.info_nce(scores, torch.arange(len(a)), tau)

    return loss_of


def togetherness(f):
    u, _, kind = draw(400, dice(70))
    same = (kind[:, None] == kind[None]).triu(diagonal=1)
    return float(contrastive.cosine_scores(f(u), f(u))[same].mean())


# %%
harm = {}
for tau in (0.05, 0.5):
    plain = [
        togetherness(train(lambda a, b, k, tau=tau: info_nce(a, b, k, tau), seed))
        for seed in range(SIZES["seeds"])
    ]
    told = [togetherness(train(without_false(tau), seed)) for seed in range(SIZES["seeds"])]
    harm[tau] = sum(told) / len(told) - sum(plain) / len(plain)
    print(
        f"τ = {tau:4g}: with false negatives {plain[0]:.2f}, without {told[0]:.2f}; "
        f"lost on average {harm[tau]:.2f}"
    )
print(f"you said {my_guess}; more is lost at {max(harm, key=harm.get)}")

# %% [markdown]
# Things of one kind are near each other, so they are exactly the ones that a cold loss pushes
# hardest. Large batches hold many of them, and yet contrastive learning works: each is one
# among thousands, and a view's own partner is nearer still. The lecture's other cure is in
# notebook 09: let *captions* say what belongs together.
#
# ## 6 · What to take along
#
# - InfoNCE is cross-entropy: find the positive among $N$. Guessing costs $\log N$.
# - It wants partners together (alignment) and everything spread (uniformity). Without
#   negatives: collapse.
# - Slope: $(p - \text{one-hot})/(n\tau)$. The pull equals all pushes; a low temperature spends
#   them on the nearest.
# - $\log N - L$ is a lower bound on mutual information, never above $\log N$, and loose if the
#   score is poor.
# - Normalise, or the network sets the temperature itself.
#
# **Assignment** [a4_infonce](../assignments/a4_infonce/a4_infonce.ipynb): write scores, labels,
# loss, bound and gradient yourself; each is checked, and mistakes are named. **Next in the
# lecture:** the same loss on pictures, SimCLR and MoCo.
#
# **Read.** A. van den Oord et al., *Representation Learning with Contrastive Predictive
# Coding*, 2018 · B. Poole et al., *On Variational Bounds of Mutual Information*, 2019 · T. Wang
# and P. Isola, *Alignment and Uniformity on the Hypersphere*, 2020 · F. Wang and H. Liu,
# *Understanding the Behaviour of Contrastive Loss*, 2021 · M. Tschannen et al., *On Mutual
# Information Maximization for Representation Learning*, 2020.
