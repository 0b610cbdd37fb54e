"""Sample submissions to assignment 1, made from the notebook that students are given.

`perfect` answers everything, differently from the course's solution; `half` makes five known
mistakes; `untouched` hands in what was given out; `broken` is a file cut off in the middle.
"""

from __future__ import annotations

import copy
from pathlib import Path

import nbformat

ASSIGNMENT = "a1_gan_minimax"

PERFECT = {
    "game_value": """\
def game_value(real_logits, fake_logits):
    log_d = -F.softplus(-real_logits)  # log sigmoid
    log_not_d = -F.softplus(fake_logits)
    return log_d.mean() + log_not_d.mean()
""",
    "discriminator_loss": """\
def discriminator_loss(real_logits, fake_logits):
    return -game_value(real_logits, fake_logits)
""",
    "early_gradient": 'prediction = "D"',
    "generator_losses": """\
def generator_losses(fake_logits):
    return -F.softplus(fake_logits).mean(), F.softplus(-fake_logits).mean()
""",
    "optimal_discriminator": """\
def optimal_discriminator(p_data, p_model):
    if torch.any(torch.minimum(p_data, p_model) < 0):
        raise ValueError("densities are not negative")
    both_zero = (p_data == 0) & (p_model == 0)
    total = torch.where(both_zero, torch.ones_like(p_data), p_data + p_model)
    return torch.where(both_zero, torch.full_like(p_data, 0.5), p_data / total)
""",
    "alternating_step": """\
def alternating_step(generator, discriminator, g_optimiser, d_optimiser, real, noise_d, noise_g):
    with torch.no_grad():
        fake = generator(noise_d)
    d_optimiser.zero_grad()
    d_loss = discriminator_loss(discriminator(real), discriminator(fake))
    d_loss.backward()
    d_optimiser.step()
    for parameter in discriminator.parameters():
        parameter.requires_grad_(False)
    g_optimiser.zero_grad()
    g_loss = generator_losses(discriminator(generator(noise_g)))[1]
    g_loss.backward()
    g_optimiser.step()
    for parameter in discriminator.parameters():
        parameter.requires_grad_(True)
    return {"discriminator_loss": float(d_loss), "generator_loss": float(g_loss)}
""",
    "in_your_own_words": "Early on D(G(z)) is near 0, where the saturating loss has slope -D.",
}

HALF = {
    # log of a rounded sigmoid: infinite at logits of 200
    "game_value": """\
def game_value(real_logits, fake_logits):
    real, fake = torch.sigmoid(real_logits), torch.sigmoid(fake_logits)
    return torch.log(real).mean() + torch.log(1 - fake).mean()
""",
    # the sign of V
    "discriminator_loss": """\
def discriminator_loss(real_logits, fake_logits):
    return F.logsigmoid(real_logits).mean() + F.logsigmoid(-fake_logits).mean()
""",
    "early_gradient": 'prediction = "b"',
    # the two losses the other way round
    "generator_losses": """\
def generator_losses(fake_logits):
    return -F.logsigmoid(fake_logits).mean(), F.logsigmoid(-fake_logits).mean()
""",
    # 0 / 0 where no sample falls
    "optimal_discriminator": """\
def optimal_discriminator(p_data, p_model):
    if (p_data < 0).any() or (p_model < 0).any():
        raise ValueError("negative density")
    return p_data / (p_data + p_model)
""",
    # G's loss also leaves gradients on D, and D moves with them the next time
    "alternating_step": """\
def alternating_step(generator, discriminator, g_optimiser, d_optimiser, real, noise_d, noise_g):
    fake = generator(noise_d).detach()
    d_loss = -(F.logsigmoid(discriminator(real)).mean() + F.logsigmoid(-discriminator(fake)).mean())
    d_optimiser.zero_grad()
    d_loss.backward()
    d_optimiser.step()
    g_loss = -F.logsigmoid(discriminator(generator(noise_g))).mean()
    g_optimiser.zero_grad()
    g_loss.backward()
    g_optimiser.step()
    return {"discriminator_loss": d_loss.item(), "generator_loss": g_loss.item()}
""",
    "in_your_own_words": "I am not sure.",
}


def write_samples(root: Path, submitted: Path) -> None:
    """Write the four submissions under `submitted`, from the course at `root`."""
    given = nbformat.read(root / "assignments" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb", as_version=4)
    _write(submitted, "perfect", nbformat.writes(answered(given, PERFECT)))
    _write(submitted, "half", nbformat.writes(answered(given, HALF)))
    text = nbformat.writes(given)
    _write(submitted, "untouched", text)
    _write(submitted, "broken", text[: len(text) // 2])


def answered(given: nbformat.NotebookNode, answers: dict[str, str]) -> nbformat.NotebookNode:
    """The given notebook with answers in its solution cells."""
    book = copy.deepcopy(given)
    for cell in book.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = answers.get(grade_id, cell.source)
    return book


def _write(submitted: Path, student: str, text: str) -> None:
    folder = submitted / student / ASSIGNMENT
    folder.mkdir(parents=True)
    (folder / f"{ASSIGNMENT}.ipynb").write_text(text, encoding="utf-8")
