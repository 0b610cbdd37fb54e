"""Colour of what a ray sees: sky, ground, backdrop and lit surfaces, in linear light.

This is the plain version, whole tensors at once; ``raycast_numba`` repeats it ray by ray
with the same numbers, and a test holds the two together. Rays have axes (views, rays), each
field of the ``Backdrop`` is given one row per view.
"""

from __future__ import annotations

from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.data.toy.backdrops import OUTDOORS, STRIPES, STUDIO, TILES, Backdrop

NOISE_SIZE = 64
COAT_AT_NORMAL = 0.05  # share of light that a clear coat reflects head-on (Schlick 1994)
SHINE_EXPONENT, SHINE = 90.0, 1.3  # sun's highlight (Blinn 1977)
KNEE = 0.62  # brightness above which the tone curve bends
CLOUD = (0.97, 0.98, 1.0)
HILL_LAYERS = ((2.1, 1.0, 0.60), (3.7, 0.55, 0.22))  # frequency, height, haze


@cache
def noise_table() -> Float[Tensor, "64 64"]:
    """A fixed table of numbers in [0, 1), the lattice of the value noise."""
    generator = torch.Generator().manual_seed(19)
    return torch.rand(NOISE_SIZE, NOISE_SIZE, generator=generator, dtype=torch.float64)


def smoothstep(low, high, x: Tensor) -> Tensor:
    """3 t^2 - 2 t^3 with t = (x - low) / (high - low) clamped to [0, 1]."""
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def noise(x: Tensor, y: Tensor) -> Tensor:
    """Smooth value noise in [0, 1): a lattice of random numbers, blended by smoothstep."""
    table = noise_table().to(x)
    left, low = x.floor(), y.floor()
    fx, fy = smoothstep(0, 1, x - left), smoothstep(0, 1, y - low)
    i, j = left.long() % NOISE_SIZE, low.long() % NOISE_SIZE
    i1, j1 = (i + 1) % NOISE_SIZE, (j + 1) % NOISE_SIZE
    a = table[i, j] + (table[i1, j] - table[i, j]) * fx
    b = table[i, j1] + (table[i1, j1] - table[i, j1]) * fx
    return a + (b - a) * fy


def layered_noise(x: Tensor, y: Tensor) -> Tensor:
    """Three octaves of ``noise``."""
    coarse = 0.5 * noise(x, y)
    middle = 0.3 * noise(2.03 * x + 7.7, 2.03 * y + 3.1)
    return coarse + middle + 0.2 * noise(4.11 * x + 1.3, 4.11 * y + 9.2)


def mix(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """a + (b - a) t, for colours with the channel last and t without it."""
    return a + (b - a) * t[..., None]


def tone(light: Tensor) -> Tensor:
    """Keeps dark and middle tones, bends highlights smoothly towards 1."""
    bent = KNEE + (1 - KNEE) * (1 - torch.exp(-(light - KNEE) / (1 - KNEE)))
    return torch.where(light > KNEE, bent, light)


def sky(world: Backdrop, d: Float[Tensor, "views rays 3"]) -> Float[Tensor, "views rays 3"]:
    """Graded sky with a sun's glow, clouds and two rows of hills, at infinity."""
    world = world.map(lambda x: x[:, None])
    z = d[..., 2].clamp(min=0)
    colour = mix(world.horizon, world.zenith, 1 - torch.exp(-4.5 * z))
    s = (d * world.sun).sum(-1).clamp(min=0)
    glow = 0.10 * s**8 + 0.5 * s**400
    colour = colour + world.sunlight * glow[..., None]
    spread = 1.15 / (z + 0.18)
    x, y = world.offset.unbind(-1)
    cloud = layered_noise(d[..., 0] * spread + x, d[..., 1] * spread + y)
    edge = 0.74 - 0.36 * world.clouds
    cover = 0.88 * smoothstep(edge, edge + 0.24, cloud) * smoothstep(0.02, 0.22, z)
    cover = cover * (world.clouds > 0)
    colour = mix(colour, d.new_tensor(CLOUD).expand_as(colour), cover)
    flat = d[..., :2].norm(dim=-1).clamp(min=1e-9)
    east, north, tangent = d[..., 0] / flat, d[..., 1] / flat, d[..., 2] / flat
    for frequency, height, haze in HILL_LAYERS:
        u, v = east * frequency + x, north * frequency + y
        ridge = 0.15 + 0.65 * noise(u, v) + 0.2 * noise(4.3 * u, 4.3 * v)
        mist = haze + 0.45 * (1 - haze) * (-22 * tangent.clamp(min=0)).exp()
        behind = mix(world.hill_colour, world.horizon, mist)
        hidden = (tangent < world.hills * height * ridge) & (world.hills > 0)
        colour = torch.where(hidden[..., None], behind, colour)
    return colour


def backdrop(
    world: Backdrop, d: Float[Tensor, "views rays 3"], forward: Float[Tensor, "views 3"]
) -> Float[Tensor, "views rays 3"]:
    """What a ray sees that hits nothing."""
    seamless = _seamless(world, d, forward)
    outdoors = (world.code == OUTDOORS)[:, None, None]
    return torch.where(outdoors, sky(world, d), seamless)


def _seamless(world: Backdrop, d: Tensor, forward: Tensor) -> Tensor:
    cosine = (d * forward[:, None]).sum(-1).clamp(min=1e-6)
    away = ((1 / cosine**2 - 1) / 0.18).clamp(0, 1)
    scale = 0.5 * world.texture_scale[:, None]
    u = (3.0 * d[..., 0] + 1.7 * d[..., 2]) * scale + world.offset[:, None, 0]
    v = (3.0 * d[..., 1] - 2.3 * d[..., 2]) * scale + world.offset[:, None, 1]
    blobs = smoothstep(0.42, 0.58, layered_noise(u, v))
    share = torch.where((world.code == STUDIO)[:, None], away, blobs)
    return mix(world.horizon[:, None], world.zenith[:, None], share)


def surroundings(world: Backdrop, r: Float[Tensor, "views rays 3"]) -> Tensor:
    """Light that a glossy coat reflects from direction r: sky or ground, or a studio lamp."""
    below = (0.55 * world.ground_a)[:, None].expand_as(r)
    outdoors = torch.where((r[..., 2] > 0)[..., None], sky(world, r), below)
    facing = (r * world.sun[:, None]).sum(-1).clamp(min=0)
    lamp = world.horizon[:, None] * 0.6 + (0.9 * facing**12)[..., None]
    return torch.where((world.code == OUTDOORS)[:, None, None], outdoors, lamp)


def ground(world: Backdrop, p: Float[Tensor, "views rays 3"], distance: Tensor) -> Tensor:
    """The ground's own colour at points on it: lawn, tiles or mown stripes."""
    world = world.map(lambda x: x[:, None])
    s = world.texture_scale
    u, v = p[..., 0] * s, p[..., 1] * s
    patches = layered_noise(u + world.offset[..., 0], v + world.offset[..., 1])
    lawn = smoothstep(0.3, 0.7, patches)
    near = torch.exp(-0.10 * distance)
    stripe = (0.9 * u).floor() % 2
    checker = (0.9 * u).floor() + (0.9 * v).floor()
    striped = 0.5 + ((stripe - 0.5) * 0.8 + (lawn - 0.5) * 0.5) * near
    tiled = 0.5 + ((checker % 2 - 0.5) * 0.9 + (lawn - 0.5) * 0.3) * near
    share = torch.where(world.texture == STRIPES, striped, lawn)
    share = torch.where(world.texture == TILES, tiled, share)
    grain = 1 + 0.16 * (noise(9.7 * u, 9.7 * v) - 0.5) * near
    return mix(world.ground_a, world.ground_b, share) * grain[..., None]


def lit(
    world: Backdrop,
    albedo: Tensor,
    gloss: Tensor,
    glow: Tensor,
    n: Tensor,
    d: Tensor,
    sun_share: Tensor,
    open_share: Tensor,
) -> Tensor:
    """Light leaving a surface towards the eye: diffuse, clear coat, highlight and own glow.

    albedo (views, rays, 3); gloss, glow (views, rays); n unit normal, d unit ray direction;
    sun_share: 0 in shadow, 1 in the sun; open_share: how much of the surroundings the point
    sees (ambient occlusion).
    """
    sun, sunlight = world.sun[:, None], world.sunlight[:, None]
    facing = (n * sun).sum(-1).clamp(min=0) * sun_share
    upward = 0.5 + 0.5 * (n * world.up[:, None]).sum(-1)
    ambient = mix(world.bounce[:, None], world.fill[:, None], upward) * open_share[..., None]
    diffuse = albedo * (sunlight * facing[..., None] + ambient)
    cosine = -(n * d).sum(-1)
    mirrored = d + 2 * cosine[..., None] * n
    coat = gloss * (COAT_AT_NORMAL + (1 - COAT_AT_NORMAL) * (1 - cosine.clamp(0, 1)) ** 5)
    shiny = surroundings(world, mirrored) * open_share[..., None]
    half = torch.nn.functional.normalize(sun - d, dim=-1)
    highlight = SHINE * gloss * (n * half).sum(-1).clamp(min=0) ** SHINE_EXPONENT * (facing > 0)
    light = mix(diffuse, shiny, coat) + sunlight * highlight[..., None]
    return light + albedo * glow[..., None]


def hazed(world: Backdrop, light: Tensor, distance: Tensor) -> Tensor:
    """Fades what is far away into the colour of the horizon."""
    share = 1 - torch.exp(-world.haze[:, None] * (distance - 7).clamp(min=0))
    return mix(light, world.horizon[:, None], share)
