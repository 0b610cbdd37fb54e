"""Right answers to assignment 1, written in different ways: `RIGHT[exercise][way]`."""

import torch
from torch.nn import functional as F
from torch.nn.functional import logsigmoid, softplus


def _bce(logits, label):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))


def _value_loop(r, f):
    total_r = sum(logsigmoid(a) for a in r.flatten())
    total_f = sum(logsigmoid(-a) for a in f.flatten())
    return total_r / r.numel() + total_f / f.numel()


def _value_double(r, f):
    return logsigmoid(r.double()).mean() + logsigmoid(-f.double()).mean()


def _value_einsum(r, f):
    ones = [torch.ones_like(x.flatten()) / x.numel() for x in (r, f)]
    real = torch.einsum("i,i->", logsigmoid(r.flatten()), ones[0])
    return real + torch.einsum("i,i->", logsigmoid(-f.flatten()), ones[1])


def _value_logaddexp(r, f):
    real = -torch.logaddexp(torch.zeros_like(r), -r)
    fake = -torch.logaddexp(torch.zeros_like(f), f)
    return torch.add(real.mean(), fake.mean())


GAME_VALUE = {
    "logsigmoid": lambda r, f: logsigmoid(r).mean() + logsigmoid(-f).mean(),
    "softplus, other order": lambda r, f: -(softplus(f).mean() + softplus(-r).mean()),
    "cross-entropy": lambda r, f: -_bce(r, 1.0) - _bce(f, 0.0),
    "loop": _value_loop,
    "float64": _value_double,
    "einsum": _value_einsum,
    "logaddexp": _value_logaddexp,
    "log D(x) = a − softplus(a)": lambda r, f: (r - softplus(r)).mean() - softplus(f).mean(),
}
DISCRIMINATOR_LOSS = {
    "cross-entropy": lambda r, f: _bce(r, 1.0) + _bce(f, 0.0),
    "minus the value": lambda r, f: -GAME_VALUE["logsigmoid"](r, f),
    "softplus": lambda r, f: softplus(-r).mean() + softplus(f).mean(),
    "loop": lambda r, f: -_value_loop(r, f),
    "float64": lambda r, f: -_value_double(r, f),
    "sum over count": lambda r, f: softplus(-r).sum() / r.numel() + softplus(f).sum() / f.numel(),
}


def _pair_loop(f):
    saturating, other = 0.0, 0.0
    for a in f.flatten():
        saturating = saturating + logsigmoid(-a)
        other = other - logsigmoid(a)
    return saturating / f.numel(), other / f.numel()


GENERATOR_LOSSES = {
    "logsigmoid": lambda f: (logsigmoid(-f).mean(), -logsigmoid(f).mean()),
    "softplus": lambda f: (-softplus(f).mean(), softplus(-f).mean()),
    "cross-entropy": lambda f: (-_bce(f, 0.0), _bce(f, 1.0)),
    "list, float64": lambda f: [-softplus(f.double()).mean(), softplus(-f.double()).mean()],
    "loop": _pair_loop,
}


def _refuse_negative(p, q):
    if (p < 0).any() or (q < 0).any():
        raise ValueError("a density is never negative")


def _share_where(p, q):
    _refuse_negative(p, q)
    return torch.where(p + q == 0, torch.tensor(0.5, dtype=p.dtype), p / (p + q))


def _share_mask(p, q):
    _refuse_negative(p, q)
    result = torch.full_like(p, 0.5)
    some = (p + q) > 0
    result[some] = p[some] / (p[some] + q[some])
    return result


def _share_loop(p, q):
    if min(float(p.min()), float(q.min())) < 0:
        raise ValueError("negative")
    rows = [
        a / (a + b) if a + b > 0 else 0.5 for a, b in zip(p.flatten(), q.flatten(), strict=True)
    ]
    return torch.tensor([float(row) for row in rows]).reshape(p.shape)


def _share_nan_to_num(p, q):
    if not bool(((p >= 0) & (q >= 0)).all()):
        raise ValueError("negative")
    return (p / (p + q)).nan_to_num(nan=0.5)


def _share_of_logs(p, q):
    _refuse_negative(p, q)
    log_p, log_q = p.double().log(), q.double().log()
    return torch.sigmoid(log_p - log_q).nan_to_num(nan=0.5)


def _share_inverse(p, q):
    _refuse_negative(p, q)
    return (1 / (1 + q.double() / p.double())).nan_to_num(nan=0.5)


OPTIMAL_DISCRIMINATOR = {
    "where": _share_where,
    "mask": _share_mask,
    "loop": _share_loop,
    "nan_to_num": _share_nan_to_num,
    "sigmoid of the log ratio, float64": _share_of_logs,
    "1 / (1 + q/p)": _share_inverse,
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


ALTERNATING_STEP = {
    "backward(inputs=...)": _step_inputs,
    "requires_grad_(False)": _step_requires_grad,
    "two backward calls": _step_two_backwards,
    "autograd.grad": _step_autograd_grad,
    "functional_call": _step_functional,
}

RIGHT = {
    "game_value": GAME_VALUE,
    "discriminator_loss": DISCRIMINATOR_LOSS,
    "generator_losses": GENERATOR_LOSSES,
    "optimal_discriminator": OPTIMAL_DISCRIMINATOR,
    "alternating_step": ALTERNATING_STEP,
}
