# %% [markdown]
# # 1 · GANs: a game between two players
#
# **What you will see.** Two small networks play against each other. One makes points out of noise,
# the other says which points are real. Neither is ever told what the data look like as a formula,
# and yet, if the game goes well, the maker ends up making the data. You will watch both learn, stop
# them, move one without the other, break the game, and repair it.
#
# **Slides.** *Training GANs: two-player game* · *GAN learning process*
#
# **Time.** About 2 minutes of computing on 2 cores.
#
# Before each reveal there is a guess to make. Change it, then run: a wrong guess teaches most.

# %%
from course_utils import scale

SCALE = scale("laptop")  # "laptop", "gpu" or "test": changes sizes only

import copy
import math

import torch
from torch import nn
from torch.nn import functional as F

from course_utils import live, plots
from course_utils.core import devices
from course_utils.core.training import fit, progress
from course_utils.gan import game_view, learning_process, minimax, toy_distributions
from course_utils.gan.game import Game
from course_utils.gan.players import Settings, discriminator_network
from course_utils.lessons.gan_minimax import figures
from course_utils.lessons.gan_minimax.instrument import LineLab, PlaneLab, line_settings

plots.use_style()
devices.use_threads(1)  # networks this small are fastest on one core; the other one draws
SIZES = {
    "laptop": dict(rounds=3000, fit=1500, line=400, ahead=60, collapse=300, seeds=3),
    "gpu": dict(rounds=8000, fit=4000, line=1000, ahead=60, collapse=500, seeds=5),
    "test": dict(rounds=40, fit=30, line=12, ahead=60, collapse=6, seeds=2),
}[SCALE]

# %%
ring = toy_distributions.ring()
game = Game(ring)
eyes = game_view.Onlooker(game)
moments = {}
for rounds in (0, SIZES["rounds"] // 20, SIZES["rounds"] // 5, SIZES["rounds"]):
    game.step(rounds - game.rounds)
    moments[f"after {rounds:,} rounds"] = eyes.look()
figures.planes(moments)

# %% [markdown]
# **Blue** points are real: eight small clouds on a ring. **Orange** points are made by the
# *generator* $G$, a network that gets random numbers $z$ and returns a point $G(z)$. The background
# is the opinion of the *discriminator* $D$: blue where it thinks "real", orange where it thinks
# "made", white where it cannot tell. The arrows show where $D$'s opinion pulls the orange points.
#
# Look at the last picture. The orange points lie where the blue ones are, and there $D$ is nearly
# white. That is the end of the game, and the rest of this notebook says why.
#
# ## 1 · One number for two players
#
# The lecture's objective:
#
# $$\min_{G}\;\max_{D}\;\; V(D, G) = \mathbb{E}_{x\sim p_\text{data}}\big[\log D(x)\big]
# + \mathbb{E}_{z\sim p(z)}\big[\log\big(1 - D(G(z))\big)\big]$$
#
# $D(x)$ is a probability: how likely is it that $x$ is real? $D$ wants $V$ **large**: say 1 to what
# is real, 0 to what is made. $G$ wants $V$ **small**. Only the second term depends on $G$.
#
# First with five numbers and two loops.

# %%
d_real = [0.9, 0.6]  # D's answers to two real points
d_fake = [0.2, 0.4, 0.3]  # and to three made ones

value = 0.0
for d in d_real:
    value += math.log(d) / len(d_real)
for d in d_fake:
    value += math.log(1 - d) / len(d_fake)
print(f"V = {value:.4f}")

# %% [markdown]
# A logarithm of a probability is never positive, so $V \le 0$, and a perfect $D$ would bring it up
# to 0.
#
# **Guess first:** what is $V$ if $D$ knows nothing, and answers ½ to everything?

# %%
my_guess = -0.5

know_nothing = math.log(0.5) + math.log(1 - 0.5)
print(f"you said {my_guess}; it is {know_nothing:.4f}, which is -log 4")

# %% [markdown]
# Remember $-\log 4$. It is the value that the whole game ends at, and section 3 says why.
#
# ### The same for a batch, through logits
#
# A network's last layer gives a *logit* $a$, any real number, and $D = \sigma(a) = 1/(1+e^{-a})$.
# Our `game_value` takes logits, and must agree with the loop.

# %%
real_logits = torch.tensor(d_real, dtype=torch.float64).logit()
fake_logits = torch.tensor(d_fake, dtype=torch.float64).logit()
batch_value = minimax.game_value(real_logits, fake_logits)
assert abs(float(batch_value) - value) < 1e-12
print(f"loop {value:.12f}\nbatch {float(batch_value):.12f}")

# %% [markdown]
# **Why logits, and not $D$ itself?** Because a good $D$ is *sure*, and then computers are not exact
# any more. Here is the second term, $\log(1-D)$, written down naively, for a $D$ that is more and
# more (wrongly) sure that a made point is real:

# %%
a = torch.tensor([2.0, 10.0, 20.0, 80.0])
naive = torch.log(1 - torch.sigmoid(a))
stable = F.logsigmoid(-a)
for row in zip(a.tolist(), naive.tolist(), stable.tolist(), strict=True):
    print("logit {:5.1f}    log(1 - D) naively {:9.4f}    repaired {:9.4f}".format(*row))

# %% [markdown]
# In 32 bits, $\sigma(20)$ *is* 1, so the naive form says $\log 0 = -\infty$, the gradient becomes
# NaN, and the training is dead. The repair is algebra: $1-\sigma(a) = \sigma(-a)$, so
# $\log(1-D) = \log\sigma(-a)$, which torch computes exactly.
#
# ## 2 · Ascent and descent, in turn
#
# The lecture's algorithm: **(1)** a step of gradient *ascent* on $V$ for $D$, **(2)** a step of
# gradient *descent* on $V$ for $G$, and again. This is not the descent you know. There is no single
# loss that goes down: each player changes the landscape of the other.
#
# To see what that does, take the smallest game there is. All real points lie at 0. $G$ always puts
# its point at $g$. $D$ has one weight, $D(x) = \sigma(d\,x)$. Then
#
# $$V = \log\tfrac12 + \log\big(1-\sigma(d g)\big), \qquad
# \frac{\partial V}{\partial d} = -g\,\sigma(dg), \qquad
# \frac{\partial V}{\partial g} = -d\,\sigma(dg).$$


# %%
def sigmoid(a):
    return 1 / (1 + math.exp(-a))


def play(rounds=120, rate=0.2, in_turn=True, penalty=0.0):
    g, d = 1.2, 0.0
    path = [(g, d)]
    for _ in range(rounds):
        new_d = d + rate * (-g * sigmoid(d * g) - penalty * d)  # D climbs V
        seen = new_d if in_turn else d  # which D does G answer?
        g = g - rate * (-seen * sigmoid(seen * g))  # G descends V
        d = new_d
        path.append((g, d))
    return path


# %% [markdown]
# The equilibrium is $g = 0, d = 0$: the made point lies on the real ones, and $D$ has no opinion.
#
# **Guess first:** starting at $g=1.2$, $d=0$, will the pair of players run `"in"` to the
# equilibrium, run `"round"` it, or run `"out"`?

# %%
my_guess = "in"

paths = {
    "both at once": play(in_turn=False),
    "in turn": play(),
    "in turn, D held back": play(penalty=0.3),
}
for name, path in paths.items():
    print(
        f"{name:22s} distance from the equilibrium: "
        f"{math.hypot(*path[0]):.2f} -> {math.hypot(*path[-1]):.2f}"
    )
ratio = math.hypot(*paths["in turn"][-1]) / 1.2
print(
    f"in turn you said {my_guess!r}; it runs "
    f"{'in' if ratio < 0.8 else 'out' if ratio > 1.2 else 'round'!r}"
)
figures.orbits(paths)

# %% [markdown]
# Both players always move as they wish (grey arrows), and together they go **round**. If they
# move at the same time, each answering the other's *old* move, they even spiral out. Moving in
# turn keeps the circle. A little friction on $D$, here a penalty on its slope, makes it a
# spiral inwards. (This is the *Dirac-GAN* of Mescheder and others, 2018. Real GANs have
# friction of their own, but the circling never quite leaves: **expect losses that wobble, not
# losses that fall.**)
#
# ### The same with networks
#
# `minimax.alternating_step` is one round for any two networks. On this smallest game it must
# walk exactly the path of the loop. A linear layer without bias is one weight: $G(1) = g$ and
# $a(x) = d\,x$.

# %%
G = nn.Linear(1, 1, bias=False).double()
D = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Flatten(0)).double()
nn.init.constant_(G.weight, 1.2)
nn.init.constant_(D[0].weight, 0.0)
descent = [torch.optim.SGD(player.parameters(), lr=0.2) for player in (G, D)]
zero, one = torch.zeros(1, 1, dtype=torch.float64), torch.ones(1, 1, dtype=torch.float64)

for g, d in paths["in turn"]:
    assert abs(G.weight.item() - g) < 1e-9 and abs(D[0].weight.item() - d) < 1e-9
    minimax.alternating_step(G, D, *descent, zero, one, one, minimax.generator_loss_saturating)
print(f"{len(paths['in turn'])} places on the path: the networks stand where the loop stood")

# %% [markdown]
# **A trap: the other player must hold still.** The generator's gradient runs *through* $D$ to
# reach $G$. On its way it also leaves a gradient on $D$'s own weights, and that one points the
# wrong way: it is how $D$ would have to change to make $G$ look good. If it is still there when
# $D$ moves next, it is added to $D$'s own. Here is that mistake, and how much of $D$'s step it
# spoils:

# %%
G, D = copy.deepcopy(game.generator), copy.deepcopy(game.discriminator)
x, z = game.data(256), game.noise(256)

minimax.generator_loss_nonsaturating(D(G(z))).backward()  # a step of G, D not frozen
left = torch.cat([p.grad.flatten() for p in D.parameters()])  # what it left lying on D
minimax.discriminator_loss(D(x), D(G(z).detach())).backward()  # then D's own, added to it
spoiled = torch.cat([p.grad.flatten() for p in D.parameters()])
own = spoiled - left
print(f"size of D's own gradient {own.norm():.3f}, of what G left there {left.norm():.3f}")
print(
    f"D should go one way and goes another: cosine {F.cosine_similarity(own, spoiled, dim=0):+.2f}"
)

# %%
G, D = copy.deepcopy(game.generator), copy.deepcopy(game.discriminator)
before = copy.deepcopy(D.state_dict())
minimax.generator_step(G, D, torch.optim.Adam(G.parameters(), lr=1e-3), z)
assert all(p.grad is None for p in D.parameters())
assert all(torch.equal(before[name], tensor) for name, tensor in D.state_dict().items())
print("repaired: after a step of G, the discriminator is what it was, and holds no gradient")

# %% [markdown]
# `generator_step` runs `minimax.frozen(D)`: the same function with detached weights. The
# gradient passes through it to $G$, but nothing stays. (Wrapping $D$ in `torch.no_grad()`
# instead would be the opposite mistake: then nothing passes, and $G$ learns nothing.) In the
# assignment you will write this step yourself.
#
# ## 3 · The best discriminator, and what it measures
#
# Hold $G$ still. Its points have some density $p_G$. What is the best answer $D$ can give at
# one place $x$? Real points come there with density $p = p_\text{data}(x)$, made ones with
# $q = p_G(x)$, so the share of this place in $V$ is $p \log d + q \log(1-d)$.
#
# **Guess first:** with $p = 0.5$ and $q = 0.2$, which answer $d$ makes that largest?

# %%
my_guess = 1.0

p, q = 0.5, 0.2
best_d, best_share = None, -math.inf
for step in range(1, 1000):  # try every answer
    d = step / 1000
    share = p * math.log(d) + q * math.log(1 - d)
    if share > best_share:
        best_d, best_share = d, share
print(f"you said {my_guess}; the best answer is {best_d:.3f}, and p/(p+q) = {p / (p + q):.3f}")
figures.value_against_d(p, q)

# %% [markdown]
# Not 1: being *sure* would cost too much on the made points that also fall there. Setting the
# derivative $p/d - q/(1-d)$ to zero gives (Goodfellow et al. 2014, Proposition 1)
#
# $$D^*(x) = \frac{p_\text{data}(x)}{p_\text{data}(x) + p_G(x)}.$$
#
# Put $D^*$ back into $V$, and out comes a distance between the two densities. With
# $m = \tfrac12(p_\text{data} + p_G)$,
#
# $$\max_D V = \int p_\text{data}\log\frac{p_\text{data}}{2m} + p_G\log\frac{p_G}{2m}\;dx
# = -\log 4 + 2\,\mathrm{JS}(p_\text{data}, p_G).$$
#
# JS is the **Jensen–Shannon divergence**: 0 if and only if the two are equal. So the *best* $D$
# measures how far $p_G$ is from the data, and $G$, in descending $V$, shrinks that. Equal
# densities, $D^* = ½$, $V = -\log 4$: the end of the game.
#
# Three bins first, by a loop.

# %%
p_bins, q_bins = [0.5, 0.3, 0.2], [0.1, 0.3, 0.6]

js, best_value = 0.0, 0.0
for p, q in zip(p_bins, q_bins, strict=True):
    m = (p + q) / 2
    js += 0.5 * p * math.log(p / m) + 0.5 * q * math.log(q / m)
    best_value += p * math.log(p / (p + q)) + q * math.log(q / (p + q))
vectorised = minimax.jensen_shannon(torch.tensor(p_bins), torch.tensor(q_bins), dx=1.0)
print(f"JS by the loop {js:.6f}, vectorised {vectorised:.6f}")
print(f"V at the best D {best_value:.6f}, -log 4 + 2 JS {-math.log(4) + 2 * js:.6f}")
assert abs(js - float(vectorised)) < 1e-6 and abs(best_value + math.log(4) - 2 * js) < 1e-12

# %% [markdown]
# Now on a line: the data have two bumps, the model has one.

# %%
data = toy_distributions.two_bumps()


def compare(mean=1.0, spread=0.7):
    return figures.two_densities(data, toy_distributions.line_mixture([mean], [spread]))


compare()

# %%
live.explore(compare, mean=(-5.0, 5.0, 0.1), spread=(0.2, 2.0, 0.05))

# %% [markdown]
# Drag the model about. Where only blue is, the best $D$ says 1; where only orange is, 0; and where
# both are equally high, exactly ½.
#
# **Guess first:** move the model to `mean = 5`, `spread = 0.2`, far from all the data. How
# large does JS get? Does it have a bound? Write a number.

# %%
my_guess = 10.0

x = torch.linspace(-8, 8, 4001)[:, None]
far = toy_distributions.line_mixture([5.0], [0.2])
js_far = float(minimax.jensen_shannon(data.density(x), far.density(x), dx=16 / 4000))
print(
    f"you said {my_guess}; two densities that do not touch have JS = {js_far:.4f}, "
    f"and log 2 = {math.log(2):.4f}"
)

# %% [markdown]
# It stops at $\log 2$. **Once they no longer touch, moving further away changes nothing**, and
# what does not change has no slope. Keep that in mind for section 5.
#
# ### Trained against the formula
#
# A network never sees densities, only samples. Does training bring it to $D^*$? This is the
# whole training of a discriminator against a generator that holds still:

# %%
model = toy_distributions.line_mixture([1.0], [0.7])
dice = torch.Generator().manual_seed(0)
D = discriminator_network(1, width=32, activation="tanh", generator=dice)
optimiser = torch.optim.Adam(D.parameters(), lr=5e-3)


def step(batch):
    real, fake = batch
    loss = minimax.discriminator_loss(D(real), D(fake))
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return {"JS estimate": minimax.jensen_shannon_estimate(D(real), D(fake))}


batches = ((data.sample(1024, dice), model.sample(1024, dice)) for _ in range(SIZES["fit"]))
records = progress(fit(step, batches, steps=SIZES["fit"]))
figures.two_densities(data, model, trained=D)

# %%
exact = float(minimax.jensen_shannon(data.density(x), model.density(x), dx=16 / 4000))
with torch.no_grad():
    fresh = minimax.jensen_shannon_estimate(
        D(data.sample(50_000, dice)), D(model.sample(50_000, dice))
    )
print(f"JS by integration                     {exact:.4f}")
print(f"(V + log 4)/2 by the trained D        {fresh:.4f}   (fresh samples)")
print(f"(V + log 4)/2 at its first steps      {records[0].values['JS estimate']:.4f}")

# %% [markdown]
# The trained curve lies on the formula wherever there are samples to learn from; outside,
# nobody corrects it. And $(V + \log 4)/2$ creeps up to the true divergence *from below*,
# because no $D$ can reach a higher $V$ than $D^*$ (up to the luck of the sample: the estimate
# is a mean over random points).
#
# **A trap:** a *poor* $D$ makes two different densities look alike. A small $V$ can mean "the
# generator is good" or "the discriminator is bad", and the number alone does not say which. Do
# not compare two GANs by their losses.
#
# ## 4 · The learning process
#
# Now both move. This is the picture of the lecture's *GAN learning process*: below, $z$; above
# it, the place $x = G(z)$ where each is sent; over $x$ the two densities and $D$.
#
# **Guess first:** when $p_G$ has become $p_\text{data}$, what does the best $D$ say at every point?

# %%
my_guess = 1.0

line_game = Game(data, line_settings())
pictures = {}
for rounds in (0, SIZES["line"] // 12, SIZES["line"] // 4, SIZES["line"]):
    line_game.step(rounds - line_game.rounds)
    pictures[f"{rounds} rounds"] = learning_process.learning_picture(line_game)
print(f"you said {my_guess}; p/(p + p) = {0.4 / (0.4 + 0.4)}")
figures.learning_panels(pictures)

# %% [markdown]
# How to read it: where arrows land close together, $p_G$ is high; where they spread, it is low.
# That is the change of variables $p_G(x) = \sum_{G(z)=x} p(z)/|G'(z)|$, and the orange curve is
# computed by it, not estimated. $D$ (dark) runs after the best $D$ (dotted), which runs away
# from it as $G$ moves. $G$ pushes its points *up the slope of $D$*: from orange surplus to blue
# surplus.
#
# Now live. Press **Play**. Then **Pause**, and press **25 × D** a few times: the dark curve
# climbs to the dotted one, while orange holds still. Then **25 × G**: orange moves, and the
# dotted curve runs.

# %%
line_lab = LineLab()
line_lab

# %% [markdown]
# Things to try:
#
# | Do | Watch | Why |
# |---|---|---|
# | data: *far away*, loss: *minimax*; *25 × D* twice; then optimiser: *SGD*, G learning rate 0.01; *25 × G* | orange hardly moves | the next section |
# | now loss: *non-saturating*, *25 × G* | it walks over | the next section |
# | *D moves per round*: 1, *D learning rate* far down | exact JS stays high while D's estimate says 0 | a poor $D$ flatters $G$ |
# | *width* 8, then 64 | the finest detail that $G$ gets right | capacity |
#
# ## 5 · Saturating and non-saturating
#
# At the start $G$ is bad, $D$ sees it at once, and $D(G(z))$ is nearly 0. What does $G$ feel
# then? By the chain rule, the slope of its loss in $D$'s *logit*, times the rest. For the two
# losses of the lecture:
#
# | | loss of $G$ | slope in the logit |
# |---|---|---|
# | minimax | $\log(1 - D)$ | $-D$ |
# | non-saturating | $-\log D$ | $-(1 - D)$ |

# %%
for logit in (-8.0, -2.0, 0.0, 3.0):
    a = torch.tensor([logit], requires_grad=True)
    (saturating,) = torch.autograd.grad(minimax.generator_loss_saturating(a), a)
    (other,) = torch.autograd.grad(minimax.generator_loss_nonsaturating(a), a)
    d = sigmoid(logit)
    print(
        f"D = {d:.4f}   slopes {saturating.item():+.4f} {other.item():+.4f}   "
        f"formulas {-d:+.4f} {-(1 - d):+.4f}"
    )

# %%
figures.generator_losses()

# %% [markdown]
# Both want the same: $D$ up. But in the grey strip, where $G$ starts, the minimax loss is
# *flat*, and the other is steep. That is why Goodfellow et al., in the very paper that
# introduced the minimax game, advise to train $G$ with $-\log D$.
#
# On a line, with the best $D$, one can say how flat. **Guess first:** real and made points lie
# 4 apart, each with spread 0.6. By which factor is the non-saturating pull in the middle of the
# made points stronger?

# %%
my_guess = 10

logit = -(4.0 / 0.6**2) * 2.0  # log p - log q of two Gaussians, at the made points' mean
factor = (1 - sigmoid(logit)) / sigmoid(logit)
print(f"you said {my_guess:,}; it is {factor:,.0f}")
figures.pull_from_afar(distance=4.0)

# %%
live.explore(figures.pull_from_afar, distance=(0.0, 6.0, 0.1), spread=(0.3, 1.5, 0.05))

# %% [markdown]
# The further apart, the *weaker* the minimax pull: exactly the plateau at $\log 2$ of section
# 3, seen from the generator's side. (Arjovsky and Bottou 2017 prove it: the better $D$, the
# closer that gradient is to zero.)
#
# Now with networks. $D$ gets a head start, as it does in practice; then only $G$ moves, thirty
# times under each loss, by plain gradient steps and by Adam.

# %%
far_data = toy_distributions.line_mixture([3.0], [0.3])
for optimiser, rate in (("SGD", 1e-2), ("Adam", 1e-3)):
    for loss in ("minimax", "non-saturating"):
        late = Game(far_data, line_settings())
        late.step(SIZES["ahead"], "D")
        late.set(loss=loss, optimiser=optimiser, g_rate=rate)
        z = late.noise(500)
        start = late.generator(z).detach()
        answer = torch.sigmoid(late.discriminator(start)).median()
        late.step(30, "G")
        moved = (late.generator(z) - start).mean()
        print(
            f"{optimiser:5s} {loss:15s} D(G(z)) = {answer:.5f}   G moved towards the data by "
            f"{moved:+.3f}"
        )

# %% [markdown]
# With plain gradient steps the minimax generator stands still, and the other one walks. **A
# trap:** Adam *hides* this. It divides every gradient by its own recent size, so a gradient of
# a millionth becomes a full step. That rescues the minimax loss on small problems like ours,
# but only in size: what is left of the gradient comes from the few points that $D$ likes best,
# and once it falls below Adam's own $\epsilon$, or below rounding, there is nothing left to
# enlarge.
#
# **Is the non-saturating game still the minimax game?** No: the players no longer share one
# $V$. It has the same resting point, and far from it a far better signal, but with the best $D$
# it descends another quantity, $\mathrm{KL}(p_G\|p_\text{data}) - 2\,\mathrm{JS}$ (Arjovsky and
# Bottou 2017, Theorem 2.5). That one forgives missing a part of the data more easily than
# making something unlikely. Which brings us to the plane.
#
# ## 6 · The laboratory
#
# Two numbers will tell us how good the made points are (after Srivastava and others,
# 2017): **near**, the share of made points within three standard deviations of a mode,
# and **modes covered**, how many of the eight clouds get at least a fifth of the points that
# they deserve. A generator can be perfect in the first and miserable in the second.

# %%
spiral_game = Game(toy_distributions.spiral())
spiral_game.step(SIZES["rounds"])
figures.planes({"ring": eyes.look(), "spiral": game_view.Onlooker(spiral_game).look()}, grid=True)

# %% [markdown]
# The orange net is a square grid of $z$, sent through $G$: every mesh holds the same share of
# the points. See how $G$ must *tear* the plane to reach eight separate clouds, and cannot
# quite: a continuous function of connected noise leaves threads between them. That, and not bad
# luck, is why *near* does not reach 100 %.
#
# Now you. **Draw on the picture** with the mouse to make data of your own.

# %%
plane_lab = PlaneLab()
plane_lab

# %% [markdown]
# | Do | Watch | Why |
# |---|---|---|
# | *Play*, wait for 8 modes | field turns white at the clouds; losses settle near log 4 and log 2 | $D^* = ½$ |
# | field: *best D possible* | compare it with *D as it is* | $D$ is a network: smooth, and late |
# | *Pause*, *25 × D* a few times | D's loss falls, the arrows grow | ascent with $G$ frozen |
# | then *25 × G* a few times | all points run to where $D$ likes it best, often beyond the data | descent with $D$ frozen: the seed of collapse |
# | data: *grid of 25*, *spiral*, or draw | modes are found one after the other | |
# | *noise dimension*: 1 | the net becomes a thread | $G$ bends a line over the plane |
# | *batch size* 16; *learning rates* × 30 | wobble, then chaos | the circling of section 2 |
# | *optimiser*: SGD | almost nothing, until the rates are raised much | Adam rescales every gradient |
#
# ## 7 · The failure museum: mode collapse
#
# $G$ is paid for making points that *this* $D$ takes for real, not for making all kinds. If $G$
# moves too fast for $D$, it can throw all points on the one place that $D$ likes best just now.
# $D$ notices, that place falls out of favour, and everybody runs to the next.
#
# **Guess first:** which recipe makes the ring collapse? `"a"`: ten moves of $D$ for each of
# $G$. `"b"`: ten moves of $G$ for each of $D$.

# %%
my_guess = "a"


def watch(game, moves, looks=12):
    run = []
    for _ in range(looks):
        game.step(moves // looks)
        run.append((game.g_moves, game.measure()))
    return run


G_MOVES = 10 * SIZES["collapse"]
games = {
    "one to one": Game(ring),
    "a: 10 moves of D": Game(ring, Settings(d_steps=10)),
    "b: 10 moves of G": Game(ring, Settings(g_steps=10)),
}

# %%
runs = {}
for name, player in games.items():
    rounds = {"a: 10 moves of D": G_MOVES // 6, "b: 10 moves of G": G_MOVES // 10}.get(
        name, G_MOVES // 2
    )
    runs[name] = watch(player, max(rounds, 12))
least = min(runs, key=lambda name: sum(m.modes for _, m in runs[name]))
print(f"you said {my_guess!r}; the fewest modes: {least}")
figures.coverage(runs, modes=8)

# %% [markdown]
# Ten moves of $D$ cost time, and are no cure either. Ten moves of $G$ are fatal: at every look,
# nearly all points sit at one place. In the pictures:

# %%
figures.planes({name: game_view.Onlooker(player).look() for name, player in games.items()})

# %% [markdown]
# In the middle picture you will probably see blue patches: clouds that $G$ does not serve. $D$
# *knows* it, but it is so sure of everything else that its opinion is a cliff close to the
# clouds and flat further away: nothing pulls the orange points there. In the right picture a
# pale $D$ has been outrun: it hardly knows where the points are now.
#
# ### A second recipe, and a repair in mid-game
#
# Collapse also comes by a back door that looks harmless: Adam's usual memories,
# $\beta = (0.9, 0.999)$, and a timid $D$ with a tenth of the learning rate. $G$'s momentum
# carries it past the data before $D$ can object. We let it collapse, measure, set both back
# while the game goes on, and measure again. Three seeds, so that it is not an accident.

# %%
repaired = {}
for seed in range(SIZES["seeds"]):
    sick = Game(ring, Settings(beta1=0.9, beta2=0.999, d_rate=1e-4, seed=seed))
    run = watch(sick, 4 * SIZES["collapse"], looks=6)
    ill = run[-1][1]
    sick.set(beta1=0.5, beta2=0.9, d_rate=1e-3)
    run += watch(sick, 6 * SIZES["collapse"], looks=6)
    well = run[-1][1]
    repaired[f"seed {seed}"] = run
    print(
        f"seed {seed}: {ill.modes} modes, {ill.near:4.0%} near   ->   {well.modes} modes, "
        f"{well.near:4.0%} near"
    )
figures.coverage(repaired, modes=8)

# %% [markdown]
# **Why it helps.** A short memory lets both players answer what is, not what was; and a $D$
# that keeps up makes every over-full place unattractive at once. This is why GAN recipes set
# $\beta_1 = 0.5$ (DCGAN) or 0 (BigGAN), and often move $D$ more often than $G$.
#
# Not every collapse heals by itself. Take the game of recipe *b*, put it back to one move each,
# and let it go on. Then give $D$ five moves for each of $G$.
#
# **Guess first:** does going back to one move each already repair it, `True` or `False`?

# %%
my_guess = True

player = games["b: 10 moves of G"]
story = {}
for name, change, moves in (
    ("one to one again", dict(g_steps=1), 4),
    ("5 moves of D", dict(d_steps=5), 2),
):
    player.set(**change)
    story[name] = watch(player, moves * SIZES["collapse"], looks=4)
    print(f"{name:17s} modes, one look after the other: {[m.modes for _, m in story[name]]} of 8")
healed = story["one to one again"][-1][1].modes >= 6
print(f"you said {my_guess}; one to one alone repaired it: {healed}")

# %% [markdown]
# A bad state can outlive the settings that made it. Once all points sit on one heap, $G$ and
# $D$ chase each other: $D$ must only learn where the heap is *now*, and $G$ must only move it.
# That is the circling of section 2, with the whole ring as its stage. With a few extra moves,
# $D$ closes the gaps before $G$ can flee, and the heap has to spread. **Watch the modes from
# the beginning, not the losses at the end.**
#
# ## 8 · What to take along
#
# - $V(D, G)$ is one number; $D$ climbs it, $G$ descends it, in turn, and the other holds still.
# - The best $D$ is $p_\text{data}/(p_\text{data}+p_G)$, and then
#   $V = -\log 4 + 2\,\mathrm{JS}$. At the end $D = ½$ and $V = -\log 4$.
# - The minimax loss goes flat when $D$ is good; $-\log D$ does not.
# - The game circles rather than descends. Losses do not tell how good the samples are: look at
#   them, and count modes.
# - Collapse is $G$ outrunning $D$.
#
# **Assignment** [a1_gan_minimax](../assignments/a1_gan_minimax/a1_gan_minimax.ipynb): write the
# value, both players' losses, the best discriminator and the alternating step yourself; each is
# checked, and mistakes are named. **Next in the lecture:** the same game with pictures.
#
# **Read.** I. Goodfellow et al., *Generative Adversarial Nets*, 2014 (four pages are enough) ·
# M. Arjovsky and L. Bottou, *Towards Principled Methods for Training GANs*, 2017 · L. Mescheder
# et al., *Which Training Methods for GANs do actually Converge?*, 2018 · M. Kahng et al., *GAN
# Lab*, 2019, which inspired the laboratory above.
