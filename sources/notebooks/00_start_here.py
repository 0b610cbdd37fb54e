# %% [markdown]
# # Start here
#
# **What you will see.** The lecture as a map, a check that your machine is up to it, the little
# world that all our pictures come from, and how a notebook of this course works: you *predict*,
# you *run*, and then it is *explained*.
#
# **Slides.** *Topics* and *Today's agenda*: the whole lecture, from GANs to Gaussian splatting.
#
# **Time.** About 30 seconds on 2 cores, and as long as you like to play.
#
# To run a cell, click on it and press **Shift + Enter**. To run all of them: menu *Run*, then
# *Run All Cells*.

# %%
from course_utils import scale
from course_utils.lessons.start_here import machine

SCALE = scale("laptop")  # "laptop", "gpu" or "test": changes sizes only

from functools import partial

import torch

from course_utils import live, plots
from course_utils.data import toy
from course_utils.lessons.start_here import lecture_map
from course_utils.vision3d.cameras import orbit_camera

plots.use_style()
lecture_map.draw()

# %% [markdown]
# Three acts, each an answer to the one before:
#
# 1. **GANs** learn to *make* pictures, by a game between a forger and a detective.
# 2. **Self-supervision** asks less and gets more: no need to make every pixel. Invent a puzzle
#    from the picture itself, and what is learned on the way is useful elsewhere.
# 3. **3D vision** asks what was in front of the camera: boxes, voxels, meshes, fields, splats.
#
# A star marks notebooks that come with a graded assignment. Click to open one:

# %%
lecture_map.links()

# %% [markdown]
# ## Your machine
#
# The course was measured on two ordinary cores without a GPU, and each notebook says how long it
# takes there. So: what do you have, and how fast does it train?

# %%
here = machine.machine()
print(here)

# %%
speed = machine.training_speed(seconds={"laptop": 2.0, "gpu": 2.0, "test": 0.3}[SCALE])
print(machine.verdict(here, speed))

# %% [markdown]
# One *training step* here is what you will meet in every notebook: 64 small pictures go through
# a small network, the loss is computed, the gradients flow back, the weights move.
#
# ## A world of our own
#
# Where do the pictures come from? Most are made on the spot: ten kinds of things, each put
# together from ellipsoids, boxes and cones, under a sun, seen by a camera. Because we made the
# world, we know *everything* about it: what each pixel shows, how far away it is, where the object
# goes on behind. Real datasets tell you almost none of that, so here every method can not only
# be trained but also *judged*.

# %%
world = toy.sample_scenes(1, objects=5, generator=torch.Generator().manual_seed(5))
camera = partial(orbit_camera, target=(0.0, 0.0, 0.5), field_of_view=0.62)


def photograph(camera):
    return toy.render_image(world, camera)[0]


around = [photograph(camera(turn, 0.3, 7.0, size=200)) for turn in (0.6, 2.2, 3.8, 5.4)]
plots.image_grid(torch.stack(around), picture_inches=2.6, title="One world, four cameras")

# %% [markdown]
# **Predict.** You will now walk round this world yourself. Pick a shadow and follow it: when you
# are on the other side, does it still fall in the *same direction on the ground*, or does it turn
# with you? Decide, then drag.

# %%
live.orbit(photograph, camera, start=(0.6, 0.3, 7.0), rest_size=320)

# %% [markdown]
# The shadow stays where it is: the sun belongs to the world, not to you. Sounds obvious, yet a
# network that only ever sees flat pictures has to find it out. The third act is about just that:
# what stays the same when only the camera moves.
#
# ## Predict, run, explain
#
# This is how every notebook goes on. First comes a question, and **you commit to an answer in
# code**. A wrong guess teaches more than none, and nobody grades it.
#
# The world has ten kinds of things. Somebody labels 1,000 pictures of it *without looking*, each
# time naming a kind at random. What fraction will be right?

# %%
my_guess = 0.5  # between 0 and 1: change me, then run this cell and the next


# %%
def blind_accuracy(pictures, seed):
    generator = torch.Generator().manual_seed(seed)
    truth = torch.randint(len(toy.KINDS), (pictures,), generator=generator)
    blind = torch.randint(len(toy.KINDS), (pictures,), generator=generator)
    return (truth == blind).float().mean().item()


measured = blind_accuracy(1000, seed=0)
print(f"you said {my_guess:.0%}, it is {measured:.1%}")
right = abs(my_guess - measured) < 0.03
print("Right!" if right else "Not quite: how many kinds are there to choose from?")

# %% [markdown]
# With ten kinds, one blind label in ten is right: **chance** is 1/10. Keep that number in mind. A
# network that reaches 40 % without ever having seen a label looks poor, until you remember that
# knowing nothing gives 10 %.
#
# It was not *exactly* 10 %, though. How far off can luck alone take you? That depends on how many
# pictures you test on, and it decides whether "my method is 2 points better" means anything.


# %%
def luck(pictures=1000, tries=400):
    accuracies = torch.tensor([blind_accuracy(pictures, seed) for seed in range(tries)])
    figure, ax = plots.figure(8, 3.8)
    ax.hist(accuracies, bins=torch.linspace(0, 0.3, 61).numpy(), color=plots.REAL)
    ax.axvline(0.1, color=plots.FAKE, linewidth=2.4, label="chance: 1/10")
    ax.legend()
    ax.set(xlabel="accuracy of blind labels", ylabel="how often", xlim=(0, 0.3))
    ax.set_title(f"{pictures:,} test pictures: luck is worth ± {accuracies.std():.1%}")
    return figure


luck()

# %% [markdown]
# **Predict.** To make luck half as large, how many times as many pictures do you need? Two? Four?
# Drag the slider and see.

# %%
live.explore(luck, pictures=(50, 5000, 50))

# %% [markdown]
# Four times as many: the spread of an average over $n$ pictures is $\sqrt{p(1-p)/n}$, here with
# $p = 1/10$. Whenever this course compares two methods it says over how many pictures and how many
# repetitions, for this reason.
#
# ## Before you go on
#
# - **Something takes too long?** Long trainings show how much is left. The square ■ in the toolbar
#   stops a cell; what was trained so far is kept. Live instruments have a *Pause* button.
# - **Something is odd?** Menu *Kernel*, then *Restart Kernel and Run All Cells*: a clean start.
# - **Broke a cell?** Good, that is what they are for. The menu *Edit* undoes it.
#
# Next: [the minimax game](01_gan_minimax.ipynb), where a forger and a detective train each other.
