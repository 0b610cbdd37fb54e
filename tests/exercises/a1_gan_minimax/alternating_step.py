"""Wrong and right answers to alternating_step."""

import torch
from torch.nn.functional import logsigmoid, softplus


def d_loss_of(r, f):
    return -logsigmoid(r).mean() - logsigmoid(-f).mean()


def g_loss_of(f):
    return -logsigmoid(f).mean()


def step(
    *,
    detach=True,
    freeze=True,
    clear_d=True,
    clear_g=True,
    d_sign=1.0,
    g_loss=g_loss_of,
    second_noise=True,
    d_step=True,
    g_step=True,
    result=lambda d, g: {"discriminator_loss": d.item(), "generator_loss": g.item()},
):
    """An alternating step with one or more of its parts changed."""

    def answer(generator, discriminator, g_optimiser, d_optimiser, real, noise_d, noise_g):
        fake = generator(noise_d)
        fake = fake.detach() if detach else fake
        d_value = d_loss_of(discriminator(real), discriminator(fake))
        if clear_d:
            d_optimiser.zero_grad()
        (d_sign * d_value).backward()
        if d_step:
            d_optimiser.step()
        g_value = g_loss(discriminator(generator(noise_g if second_noise else noise_d)))
        if clear_g:
            g_optimiser.zero_grad()
        g_value.backward(inputs=list(generator.parameters()) if freeze else None)
        if g_step:
            g_optimiser.step()
        return result(d_value, g_value)

    return answer


def _generator_cut_off(no_grad):
    def answer(generator, discriminator, g_optimiser, d_optimiser, real, noise_d, noise_g):
        fake = generator(noise_d).detach()
        d_value = d_loss_of(discriminator(real), discriminator(fake))
        d_optimiser.zero_grad()
        d_value.backward()
        d_optimiser.step()
        if no_grad:
            with torch.no_grad():
                fake = generator(noise_g)
        else:
            fake = generator(noise_g).detach()
        g_value = g_loss_of(discriminator(fake))
        g_optimiser.zero_grad()
        g_value.backward()
        g_optimiser.step()
        return {"discriminator_loss": d_value.item(), "generator_loss": g_value.item()}

    return answer


def _under_no_grad(generator, discriminator, g_optimiser, d_optimiser, real, noise_d, noise_g):
    fake = generator(noise_d).detach()
    d_value = d_loss_of(discriminator(real), discriminator(fake))
    d_optimiser.zero_grad()
    d_value.backward()
    d_optimiser.step()
    with torch.no_grad():
        g_value = g_loss_of(discriminator(generator(noise_g)))
    g_optimiser.zero_grad()
    g_value.backward()
    g_optimiser.step()
    return {"discriminator_loss": d_value.item(), "generator_loss": g_value.item()}


def _frozen_for_good(generator, discriminator, g_optimiser, d_optimiser, real, noise_d, noise_g):
    fake = generator(noise_d).detach()
    d_value = d_loss_of(discriminator(real), discriminator(fake))
    d_optimiser.zero_grad()
    d_value.backward()
    d_optimiser.step()
    discriminator.requires_grad_(False)
    g_value = g_loss_of(discriminator(generator(noise_g)))
    g_optimiser.zero_grad()
    g_value.backward()
    g_optimiser.step()
    return {"discriminator_loss": d_value.item(), "generator_loss": g_value.item()}


def _generator_first(freeze):
    def answer(generator, discriminator, g_optimiser, d_optimiser, real, noise_d, noise_g):
        g_value = g_loss_of(discriminator(generator(noise_g)))
        g_optimiser.zero_grad()
        g_value.backward(inputs=list(generator.parameters()) if freeze else None)
        g_optimiser.step()
        fake = generator(noise_d).detach()
        d_value = d_loss_of(discriminator(real), discriminator(fake))
        d_optimiser.zero_grad()
        d_value.backward()
        d_optimiser.step()
        return {"discriminator_loss": d_value.item(), "generator_loss": g_value.item()}

    return answer


def _old_samples_again(freeze):
    def answer(generator, discriminator, g_optimiser, d_optimiser, real, noise_d, noise_g):
        fake = generator(noise_d)
        d_value = d_loss_of(discriminator(real), discriminator(fake.detach()))
        d_optimiser.zero_grad()
        d_value.backward()
        d_optimiser.step()
        g_value = g_loss_of(discriminator(fake))
        g_optimiser.zero_grad()
        g_value.backward(inputs=list(generator.parameters()) if freeze else None)
        g_optimiser.step()
        return {"discriminator_loss": d_value.item(), "generator_loss": g_value.item()}

    return answer


def _both_at_once(freeze):
    def answer(generator, discriminator, g_optimiser, d_optimiser, real, noise_d, noise_g):
        d_value = d_loss_of(discriminator(real), discriminator(generator(noise_d).detach()))
        g_value = g_loss_of(discriminator(generator(noise_g)))
        g_optimiser.zero_grad()
        g_value.backward(inputs=list(generator.parameters()) if freeze else None)
        d_optimiser.zero_grad()
        d_value.backward()
        d_optimiser.step()
        g_optimiser.step()
        return {"discriminator_loss": d_value.item(), "generator_loss": g_value.item()}

    return answer


def _optimisers_swapped(freeze):
    right = step(freeze=freeze)

    def answer(generator, discriminator, g_optimiser, d_optimiser, real, noise_d, noise_g):
        return right(generator, discriminator, d_optimiser, g_optimiser, real, noise_d, noise_g)

    return answer


def _discriminator_moves_twice(clear):
    def answer(generator, discriminator, g_optimiser, d_optimiser, real, noise_d, noise_g):
        d_value = d_loss_of(discriminator(real), discriminator(generator(noise_d).detach()))
        d_optimiser.zero_grad()
        d_value.backward()
        d_optimiser.step()
        g_value = g_loss_of(discriminator(generator(noise_g)))
        g_optimiser.zero_grad()
        if clear:
            d_optimiser.zero_grad()
        g_value.backward()
        g_optimiser.step()
        d_optimiser.step()
        return {"discriminator_loss": d_value.item(), "generator_loss": g_value.item()}

    return answer


def joined(generator, discriminator, g_optimiser, d_optimiser, real, noise_d, noise_g):
    d_value = d_loss_of(discriminator(real), discriminator(generator(noise_d)))
    g_value = g_loss_of(discriminator(generator(noise_g)))
    d_optimiser.zero_grad()
    g_optimiser.zero_grad()
    (d_value + g_value).backward()
    d_optimiser.step()
    g_optimiser.step()
    return {"discriminator_loss": d_value.item(), "generator_loss": g_value.item()}


def _freeze_or_not(**changed):
    """The mistake in a step that freezes D in G's half, and in one that does not."""
    return [step(**changed), step(freeze=False, **changed)]


WRONG = {
    "generator_not_frozen": [step(detach=False)],
    "discriminator_not_frozen": [step(freeze=False)],
    "neither_frozen": [step(detach=False, freeze=False)],
    "discriminator_keeps_old_gradients": _freeze_or_not(clear_d=False),
    "generator_keeps_old_gradients": [
        *_freeze_or_not(clear_g=False),
        step(detach=False, clear_g=False),
    ],
    "no_gradient_is_cleared": _freeze_or_not(clear_d=False, clear_g=False),
    "generator_cut_off": [_generator_cut_off(True), _generator_cut_off(False), _under_no_grad],
    "frozen_for_good": [_frozen_for_good],
    "saturating_generator_loss": _freeze_or_not(g_loss=lambda f: logsigmoid(-f).mean()),
    "generator_sign_flipped": _freeze_or_not(g_loss=lambda f: logsigmoid(f).mean()),
    "discriminator_sign_flipped": _freeze_or_not(d_sign=-1.0),
    "generator_first": [_generator_first(True), _generator_first(False)],
    "same_noise_twice": [
        *_freeze_or_not(second_noise=False),
        _old_samples_again(True),
        _old_samples_again(False),
    ],
    "both_move_at_once": [_both_at_once(True), _both_at_once(False)],
    "optimisers_swapped": [_optimisers_swapped(True), _optimisers_swapped(False)],
    "discriminator_moves_twice": [
        _discriminator_moves_twice(True),
        _discriminator_moves_twice(False),
    ],
    "no_step": [
        *_freeze_or_not(d_step=False, g_step=False),
        *_freeze_or_not(d_step=False),
        *_freeze_or_not(g_step=False),
    ],
    "losses_not_by_name": [
        *_freeze_or_not(result=lambda d, g: (d.item(), g.item())),
        *_freeze_or_not(result=lambda d, g: None),
        *_freeze_or_not(result=lambda d, g: {"d_loss": d.item(), "g_loss": g.item()}),
    ],
    "joined_losses": [joined],
}


def _d_loss(r, f):
    return softplus(-r).mean() + softplus(f).mean()


def _g_loss(f):
    return softplus(-f).mean()


def _step_inputs(generator, discriminator, g_optimiser, d_optimiser, real, noise_d, noise_g):
    fake = generator(noise_d).detach()
    d_loss = _d_loss(discriminator(real), discriminator(fake))
    d_optimiser.zero_grad()
    d_loss.backward()
    d_optimiser.step()
    g_loss = _g_loss(discriminator(generator(noise_g)))
    g_optimiser.zero_grad()
    g_loss.backward(inputs=list(generator.parameters()))
    g_optimiser.step()
    return {"discriminator_loss": d_loss.item(), "generator_loss": g_loss.item()}


def _step_requires_grad(generator, discriminator, g_optimiser, d_optimiser, real, noise_d, noise_g):
    with torch.no_grad():
        fake = generator(noise_d)
    d_optimiser.zero_grad(set_to_none=False)
    d_loss = _d_loss(discriminator(real), discriminator(fake))
    d_loss.backward()
    d_optimiser.step()
    discriminator.requires_grad_(False)
    g_optimiser.zero_grad()
    g_loss = _g_loss(discriminator(generator(noise_g)))
    g_loss.backward()
    g_optimiser.step()
    discriminator.requires_grad_(True)
    return {"generator_loss": g_loss, "discriminator_loss": d_loss}


def _step_two_backwards(generator, discriminator, g_optimiser, d_optimiser, real, noise_d, noise_g):
    d_optimiser.zero_grad()
    on_real = softplus(-discriminator(real)).mean()
    on_real.backward()
    on_fake = softplus(discriminator(generator(noise_d).detach())).mean()
    on_fake.backward()
    d_optimiser.step()
    for parameter in discriminator.parameters():
        parameter.requires_grad = False
    g_optimiser.zero_grad()
    g_loss = _g_loss(discriminator(generator(noise_g)))
    g_loss.backward()
    g_optimiser.step()
    for parameter in discriminator.parameters():
        parameter.requires_grad = True
    return {"discriminator_loss": on_real + on_fake, "generator_loss": g_loss}


def _step_autograd_grad(generator, discriminator, g_optimiser, d_optimiser, real, noise_d, noise_g):
    def descend(optimiser, parameters, loss):
        for parameter, slope in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            parameter.grad = slope
        optimiser.step()
        return loss.detach()

    d_loss = descend(
        d_optimiser,
        list(discriminator.parameters()),
        _d_loss(discriminator(real), discriminator(generator(noise_d).detach())),
    )
    g_loss = descend(
        g_optimiser, list(generator.parameters()), _g_loss(discriminator(generator(noise_g)))
    )
    return {"discriminator_loss": d_loss, "generator_loss": g_loss}


def _step_functional(generator, discriminator, g_optimiser, d_optimiser, real, noise_d, noise_g):
    fake = generator(noise_d).detach()
    d_optimiser.zero_grad()
    d_loss = _d_loss(discriminator(real), discriminator(fake))
    d_loss.backward()
    d_optimiser.step()
    still = {name: value.detach() for name, value in discriminator.named_parameters()}
    g_optimiser.zero_grad()
    g_loss = _g_loss(torch.func.functional_call(discriminator, still, (generator(noise_g),)))
    g_loss.backward()
    g_optimiser.step()
    return {"discriminator_loss": d_loss.detach(), "generator_loss": g_loss.detach()}


RIGHT = {
    "backward(inputs=...)": _step_inputs,
    "requires_grad_(False)": _step_requires_grad,
    "two backward calls": _step_two_backwards,
    "autograd.grad": _step_autograd_grad,
    "functional_call": _step_functional,
}


# What the first variant of each mistake earns.
MARKS = {
    "generator_not_frozen": 4.5,
    "discriminator_not_frozen": 4.5,
    "neither_frozen": 4,
    "discriminator_keeps_old_gradients": 4.25,
    "generator_keeps_old_gradients": 4.25,
    "no_gradient_is_cleared": 4.25,
    "generator_cut_off": 2.25,
    "frozen_for_good": 4,
    "saturating_generator_loss": 2.5,
    "generator_sign_flipped": 2.5,
    "discriminator_sign_flipped": 2.25,
    "generator_first": 2,
    "same_noise_twice": 2.5,
    "both_move_at_once": 3,
    "optimisers_swapped": 0,
    "discriminator_moves_twice": 2.25,
    "no_step": 0,
    "losses_not_by_name": 4.75,
    "joined_losses": 0,
}
