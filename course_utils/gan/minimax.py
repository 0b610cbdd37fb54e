"""The minimax game between a generator and a discriminator.

    min_G max_D V(D, G),   V(D, G) = E_x[log D(x)] + E_z[log(1 - D(G(z)))]

I. Goodfellow et al., "Generative Adversarial Nets", NIPS 2014. Equation numbers below
are that paper's. The discriminator is always handled through its *logit* a(x), with
D(x) = sigmoid(a(x)): log D and log(1 - D) are then exact even where D rounds to 0 or 1.
All values are in nats.
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

LOG_4 = math.log(4.0)


# ------------------------------------------------------------------ the two players' losses


def game_value(
    real_logits: Float[Tensor, "*real"], fake_logits: Float[Tensor, "*fake"]
) -> Float[Tensor, ""]:
    """Value of the game, V = mean log D(x) + mean log(1 - D(G(z))), in nats.

    Source: Goodfellow et al. 2014, equation (1). The discriminator climbs V, the generator
    descends it. V is never positive; it is -log 4 when D says 1/2 everywhere.

    Args:
        real_logits: a(x) at real samples, any shape; the mean runs over all elements.
        fake_logits: a(G(z)) at generated samples, any shape, any number of them.

    Raises:
        ValueError: if a batch is empty or does not hold real numbers.
    """
    _check_logits(real_logits, "real_logits")
    _check_logits(fake_logits, "fake_logits")
    # log(1 - sigmoid(a)) = logsigmoid(-a): no 1 - D is ever formed, so no log(0).
    return logsigmoid(real_logits).mean() + logsigmoid(-fake_logits).mean()


def discriminator_loss(
    real_logits: Float[Tensor, "*real"], fake_logits: Float[Tensor, "*fake"]
) -> Float[Tensor, ""]:
    """Loss that the discriminator descends, -V(D, G): two binary cross-entropies.

    Source: Goodfellow et al. 2014, Algorithm 1 (ascent on V is descent on -V).

    Raises:
        ValueError: if a batch is empty or does not hold real numbers.
    """
    return -game_value(real_logits, fake_logits)


def generator_loss_saturating(fake_logits: Float[Tensor, "*fake"]) -> Float[Tensor, ""]:
    """Generator's loss of the minimax game, mean log(1 - D(G(z))).

    Source: Goodfellow et al. 2014, equation (1) and Algorithm 1. Its slope with respect to
    the logit is -D: it fades exactly where the generator is doing badly.

    Raises:
        ValueError: if the batch is empty or does not hold real numbers.
    """
    _check_logits(fake_logits, "fake_logits")
    return logsigmoid(-fake_logits).mean()


def generator_loss_nonsaturating(fake_logits: Float[Tensor, "*fake"]) -> Float[Tensor, ""]:
    """Generator's loss used in practice, -mean log D(G(z)).

    Source: Goodfellow et al. 2014, end of section 3. Same fixed point as the minimax loss,
    but its slope with respect to the logit is -(1 - D): strongest where D is sure.

    Raises:
        ValueError: if the batch is empty or does not hold real numbers.
    """
    _check_logits(fake_logits, "fake_logits")
    return -logsigmoid(fake_logits).mean()


# ------------------------------------------------------------------ what the game converges to


def optimal_discriminator(
    p_data: Float[Tensor, "*points"], p_model: Float[Tensor, "*points"]
) -> Float[Tensor, "*points"]:
    """Best answer to a fixed generator, D*(x) = p_data(x) / (p_data(x) + p_G(x)).

    Source: Goodfellow et al. 2014, Proposition 1, equation (2). Where both densities are
    zero no sample ever falls and any D is optimal: we return 1/2, "cannot tell".

    Raises:
        ValueError: if the shapes differ or a density is negative.
    """
    _check_densities(p_data, p_model)
    total = p_data + p_model
    nowhere = total == 0
    # The inner `where` keeps 0/0 out of the backward pass as well as out of the result.
    ratio = p_data / torch.where(nowhere, torch.ones_like(total), total)
    return torch.where(nowhere, torch.full_like(ratio, 0.5), ratio)


def jensen_shannon(
    p: Float[Tensor, "*points"], q: Float[Tensor, "*points"], dx: float
) -> Float[Tensor, ""]:
    """Jensen-Shannon divergence, JS = KL(p || m)/2 + KL(q || m)/2 with m = (p + q)/2, in nats.

    Source: J. Lin, IEEE Trans. Information Theory 1991; Goodfellow et al. 2014, equation (6).
    Between 0 (p = q) and log 2 (no overlap). Symmetric, and finite where KL is not.
    The integral is the sum over the cells of a uniform grid, times `dx`.

    Raises:
        ValueError: if the shapes differ, a density is negative, `dx` is not positive, or a
            density does not integrate to 1 within 2 % (grid too narrow, or wrong `dx`).
    """
    _check_densities(p, q)
    if not dx > 0:
        raise ValueError(f"dx is the size of a grid cell and must be positive, not {dx}.")
    for name, density in (("p", p), ("q", q)):
        mass = float(density.detach().sum()) * dx
        if not abs(mass - 1.0) < 0.02:
            raise ValueError(
                f"{name} integrates to {mass:.4g} on this grid, not to 1: "
                "widen the grid, or check dx."
            )
    return 0.5 * dx * (_excess(p, q) + _excess(q, p)).sum()


def jensen_shannon_estimate(
    real_logits: Float[Tensor, "*real"], fake_logits: Float[Tensor, "*fake"]
) -> Float[Tensor, ""]:
    """Jensen-Shannon divergence as the discriminator sees it, (V(D, G) + log 4) / 2, in nats.

    Source: Goodfellow et al. 2014, equation (6) solved for JS. As V(D, G) <= V(D*, G), it
    is a *lower* bound on average: a poor D makes two different densities look alike. It
    can even be negative. On the samples D was trained on it can overshoot: use fresh ones.

    Raises:
        ValueError: if a batch is empty or does not hold real numbers.
    """
    return 0.5 * (game_value(real_logits, fake_logits) + LOG_4)


# ------------------------------------------------------------------ the alternating descent


def frozen(player: nn.Module) -> Callable[[Tensor], Tensor]:
    """The same function as `player`, but one that training cannot change.

    Its parameters are detached (no gradient can reach them, while gradients still flow
    through it to its input) and its buffers are copies. A batch normalisation in training
    mode therefore still normalises by the batch, but its running statistics stay as they are.

    Raises:
        ValueError: if `player` is not a torch module.
    """
    if not isinstance(player, nn.Module):
        raise ValueError(f"A player must be a torch.nn.Module, not {type(player).__name__}.")
    state = {name: p.detach() for name, p in player.named_parameters()}
    state |= {name: b.detach().clone() for name, b in player.named_buffers()}
    return lambda inputs: torch.func.functional_call(player, state, (inputs,))


def discriminator_step(
    generator: nn.Module,
    discriminator: nn.Module,
    optimiser: torch.optim.Optimizer,
    real: Float[Tensor, "batch *shape"],
    noise: Float[Tensor, "batch_d latent"],
    loss: Callable[[Tensor, Tensor], Tensor] = discriminator_loss,
) -> Float[Tensor, ""]:
    """One ascent step of D on V with G frozen; returns the loss before the step.

    Source: Goodfellow et al. 2014, Algorithm 1, inner loop. No gradient is left on D,
    none ever reaches G.
    """
    with torch.no_grad():
        fake = frozen(generator)(noise)
    optimiser.zero_grad(set_to_none=True)
    # Two calls, not one on the joined batch: batch normalisation must not mix the two.
    value = loss(discriminator(real), discriminator(fake))
    value.backward()
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    return value.detach()


def generator_step(
    generator: nn.Module,
    discriminator: nn.Module,
    optimiser: torch.optim.Optimizer,
    noise: Float[Tensor, "batch latent"],
    loss: Callable[[Tensor], Tensor] = generator_loss_nonsaturating,
) -> Float[Tensor, ""]:
    """One descent step of G with D frozen; returns the loss before the step.

    Source: Goodfellow et al. 2014, Algorithm 1, outer loop. The gradient passes *through*
    D to reach G, so D must not be run under `no_grad`: it is frozen, not cut.
    """
    optimiser.zero_grad(set_to_none=True)
    value = loss(frozen(discriminator)(generator(noise)))
    value.backward()
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    return value.detach()


def alternating_step(
    generator: nn.Module,
    discriminator: nn.Module,
    g_optimiser: torch.optim.Optimizer,
    d_optimiser: torch.optim.Optimizer,
    real: Float[Tensor, "batch *shape"],
    noise_d: Float[Tensor, "batch_d latent"],
    noise_g: Float[Tensor, "batch_g latent"],
    generator_loss: Callable[[Tensor], Tensor] = generator_loss_nonsaturating,
) -> dict[str, Tensor]:
    """One round of the game: D ascends V with G frozen, then G descends with D frozen.

    Source: Goodfellow et al. 2014, Algorithm 1 with k = 1. G answers the *new* D, on fresh
    noise. While one player moves, the other's parameters, buffers and gradients do not
    change; at the end neither holds a gradient.

    Args:
        noise_d, noise_g: latent samples for D's half and for G's half.

    Returns:
        {"discriminator_loss", "generator_loss"}: scalars, each measured just before its
        player moved.

    Raises:
        ValueError: if a player is not a torch module or a batch is empty.
    """
    d_value = discriminator_step(generator, discriminator, d_optimiser, real, noise_d)
    g_value = generator_step(generator, discriminator, g_optimiser, noise_g, generator_loss)
    return {"discriminator_loss": d_value, "generator_loss": g_value}


# ------------------------------------------------------------------ small helpers


def _excess(p: Tensor, q: Tensor) -> Tensor:
    """p log(p / m) with m = (p + q)/2, written p log(2 D*): zero where p is zero."""
    share = optimal_discriminator(p, q)
    # p > 0 can still give a share that rounds to zero; the clamp keeps 0 * inf away.
    return p * (share.clamp_min(torch.finfo(p.dtype).tiny).log() + math.log(2.0))


def _check_logits(logits: Tensor, name: str) -> None:
    if not isinstance(logits, Tensor) or not logits.is_floating_point():
        raise ValueError(f"{name} must be a tensor of real numbers (the logits of D).")
    if logits.numel() == 0:
        raise ValueError(f"{name} is empty: the mean over no samples does not exist.")


def _check_densities(p: Tensor, q: Tensor) -> None:
    for density in (p, q):
        if not isinstance(density, Tensor) or not density.is_floating_point():
            raise ValueError("A density must be a tensor of real numbers.")
        if density.numel() == 0 or not bool((density.detach() >= 0).all()):
            raise ValueError("A density needs at least one value, none negative and none NaN.")
    if p.shape != q.shape:
        raise ValueError(
            f"Both densities must sit on the same grid; got {tuple(p.shape)} and {tuple(q.shape)}."
        )
