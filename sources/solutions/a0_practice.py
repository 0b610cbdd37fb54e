# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Assignment 0 · Practice: check, hand in, get it back
#
# *For the week before the first lecture. Nothing here counts. The notebook runs in a few seconds on
# two cores; writing it takes a quarter of an hour.*
#
# All homework of this course works as this notebook does. You write two short functions, which
# every later assignment takes for granted, answer one question, and write two sentences. Then you
# hand the notebook in, and get it back with marks and reasons. You will be able to
#
# - let a **check** tell you what is wrong with a function, and why;
# - say what your **marks** are given for, and
# - compute an error in **decibels**, and write one **step of training**.

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
torch.set_num_threads(1)  # a network as small as this is fastest on one

# %% [markdown]
# ## 1 · An error in decibels
#
# How close is a picture to the true one? The mean squared error of their values is small for a good
# picture, and hard to read: 0.001 or 0.0001? The **peak signal-to-noise ratio** (PSNR) counts the
# powers of ten, in tenths, the *decibel* (dB). For values between 0 and 1,
#
# $$\mathrm{PSNR} = -10 \, \log_{10} \Big( \operatorname{mean}_i \, (x_i - y_i)^2 \Big).$$
#
# An error of 0.01 is 20 dB, one of 0.001 is 30 dB; equal pictures have no error, and infinitely
# many. `picture` and `truth` are tensors of the same shape. Return one number, a scalar tensor.


# %% nbgrader={"grade_id": "psnr", "kind": "exercise", "points": 3}
def psnr(picture, truth):
    """The peak signal-to-noise ratio of two pictures with values in [0, 1], in decibels."""
    ### BEGIN SOLUTION
    return -10 * torch.log10((picture - truth).square().mean())
    ### END SOLUTION


# %% [markdown]
# ## 2 · One step of training
#
# Every network of this course learns by steps like this one: compute the loss of a batch, here the
# mean squared error of `network(inputs)` against `targets`; compute its gradients; let the
# `optimizer` move the weights. Two things are easily forgotten: `backward` *adds* to the gradients
# that are there already, and a loss that still knows how it was computed keeps all of it in memory.
#
# Return the loss as it was before the step, as a tensor without its graph (`.detach()`).


# %% nbgrader={"grade_id": "training_step", "kind": "exercise", "points": 3}
def training_step(network, optimizer, inputs, targets):
    """Move the weights by one step; return the mean squared error before it, without its graph."""
    ### BEGIN SOLUTION
    loss = F.mse_loss(network(inputs), targets)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()
    ### END SOLUTION


# %% [markdown]
# ### Both at work
#
# A network is asked for the brightness at a place $(x, y)$, and learns one picture by your steps.
# Your PSNR says how close it is.

# %%
SIZE = 32
place = torch.linspace(-1, 1, SIZE)
y, x = torch.meshgrid(place, place, indexing="ij")
truth = 0.5 + 0.5 * torch.cos(5 * (x.square() + y.square()))  # a ring around the middle

torch.manual_seed(0)
network = nn.Sequential(nn.Linear(2, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 1))

# %%
inputs, targets = torch.stack([x, y], -1).view(-1, 2), truth.view(-1, 1)
optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
for step in range({"test": 201}.get(SCALE, 1001)):
    loss = training_step(network, optimizer, inputs, targets)
    if step % 200 == 0:
        with torch.no_grad():
            picture = network(inputs).view(SIZE, SIZE)
        print(f"step {step:4}: loss {loss:.5f}, {psnr(picture, truth):5.1f} dB")

# %%
labels = ["the truth", f"learned: {psnr(picture, truth):.1f} dB"]
plots.image_grid(torch.stack([truth, picture.clamp(0, 1)]), labels, picture_inches=2.5)
# %% [markdown]
# ## 3 · What are your marks given for?
#
# Your functions pass every check in this notebook. What are your marks given for?
#
# - **a** for the numbers that the marks cells show in my copy
# - **b** for the same properties, tried on other inputs after I hand in
# - **c** for the number of checks that I needed
# - **d** for code that looks like the model solution
#
# Put a letter in quotation marks.

# %% nbgrader={"grade_id": "what_counts", "kind": "prediction", "points": 2}
prediction = ...  # "a", "b", "c" or "d"
### BEGIN SOLUTION
prediction = "b"
### END SOLUTION

# %% [markdown]
# ## 4 · In your own words
#
# Some answers are read by a person. In two sentences: the check is passed by a function that knows
# the right results of the visible inputs by heart. Why does such a function earn few marks, and why
# do you lose nothing by checking often?

# %% [markdown] nbgrader={"grade_id": "in_your_own_words", "kind": "manual", "points": 2}
# ### BEGIN SOLUTION
# **A model answer.** Marks are given on inputs that nobody has seen: a function must be right, and
# not only where it is shown. A check reads my function and keeps nothing: only the notebook that I
# hand in is graded.
#
# **Marks, 2 in all**
#
# - 1: the hidden inputs are others
# - 1: checks are not counted, or: only what is handed in is graded
# ### END SOLUTION

# %% [markdown]
# ## Hand it in
#
# Choose *Kernel › Restart Kernel and Run All Cells*: what you hand in must run from the top. Save,
# and hand in `a0_practice.ipynb` in the way that your course uses. You get it back as a page with
# your marks, and the likely cause wherever something did not hold. Try it once with a mistake in
# it: leave out the minus sign, or a line of the step, and read what the page says.
