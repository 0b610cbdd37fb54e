"""One alternating step of the two players: who moves, who is left alone."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case, Seen
from course_utils.checks.inputs import normal
from course_utils.checks.plain import Plain, copy_out, text, type_name
from course_utils.gan.minimax import alternating_step

ARGUMENTS = (
    "generator", "discriminator", "g_optimiser", "d_optimiser", "real", "noise_d", "noise_g"
)  # fmt: skip
PLAYERS = ARGUMENTS[:2]
LOSSES = ("discriminator_loss", "generator_loss")
DIMENSION, LATENT = 2, 2


def observe(function: Callable[..., Any], case: Case) -> Seen:
    """Sees how far each player's parameters moved, and the two losses returned.

    Also whether a gradient reached a player in the other's half, and whether both can still
    learn afterwards. Mode "twice" makes two rounds.
    """
    arguments = case.make()
    players = dict(zip(PLAYERS, arguments[:2], strict=True))
    start = {name: _flat(player) for name, player in players.items()}
    diary = _Diary(players, dict(zip(PLAYERS, arguments[2:4], strict=True)))
    for _ in range(2 if case.mode == "twice" else 1):
        result = function(*arguments)
    moved = {f"{name}'s move": copy_out(_flat(players[name]) - start[name]) for name in players}
    return {
        **moved,
        **_losses(result),
        "gradients in the generator's half": diary.visitors("discriminator", "generator"),
        "gradients in the discriminator's half": diary.visitors("generator", "discriminator"),
        "order": diary.steps(),
        "afterwards": _afterwards(players),
    }


def _flat(player: nn.Module) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in player.parameters()]).clone()


def _losses(result: object) -> Seen:
    if type(result) is dict:
        lost = Plain("missing", note="the dictionary has no such entry")
        return {name: copy_out(result[name]) if name in result else lost for name in LOSSES}
    if result is None:
        return {name: Plain("none") for name in LOSSES}
    return {
        name: Plain("missing", note=f"a {type_name(result)} came, not a dictionary")
        for name in LOSSES
    }


def _afterwards(players: dict[str, nn.Module]) -> Plain:
    frozen = [
        name
        for name, player in players.items()
        if not all(parameter.requires_grad for parameter in player.parameters())
    ]
    asleep = [name for name, player in players.items() if not player.training]
    words = [f"the {name} is still frozen" for name in frozen]
    words += [f"the {name} was left in eval mode" for name in asleep]
    return text("; ".join(words) or "both players can learn")


class _Diary:
    """Writes down every gradient that reaches a player and every optimiser's step, in order."""

    def __init__(self, players: dict[str, nn.Module], optimisers: dict) -> None:
        self._events: list[tuple[str, str]] = []
        for name, player in players.items():
            for parameter in player.parameters():
                parameter.register_post_accumulate_grad_hook(self._write("gradient", name))
        for name, optimiser in optimisers.items():
            optimiser.register_step_post_hook(self._write("step", name))

    def _write(self, what: str, who: str) -> Callable[..., None]:
        return lambda *_: self._events.append((what, who))

    def steps(self) -> Plain:
        """Whose optimiser stepped, in order."""
        return text(
            ", ".join(who for what, who in self._events if what == "step") or "nobody steps"
        )

    def visitors(self, guest: str, host: str) -> Plain:
        """Whether gradients reached `guest` while the next step was to be `host`'s."""
        for position, event in enumerate(self._events):
            if event == ("gradient", guest):
                step = next((who for what, who in self._events[position:] if what == "step"), host)
                if step == host:
                    return text(f"some reached the {guest}")
        return text(f"none reached the {guest}")


exercise = Declared(alternating_step, observe, arguments=ARGUMENTS)


def _duel(
    seed: int,
    *,
    g_rate: float = 2.0,
    d_rate: float = 1.0,
    adam: bool = False,
    stale: bool = False,
) -> Callable[[], tuple]:
    """Maker of (generator, discriminator, g_optimiser, d_optimiser, real, noise_d, noise_g).

    Two tiny float64 networks, the same for the same seed. `stale` leaves gradients of
    something else on both, as a longer program would.
    """

    def make() -> tuple:
        generator = _network(seed, LATENT, DIMENSION, nn.Tanh())
        discriminator = _network(seed + 17, DIMENSION, 1, nn.LeakyReLU(0.2))
        optimiser = torch.optim.Adam if adam else torch.optim.SGD
        if stale:
            for parameter in (*generator.parameters(), *discriminator.parameters()):
                parameter.grad = torch.full_like(parameter, 0.5)
        real = 2.0 + 0.5 * normal(seed + 31, (6, DIMENSION), dtype=torch.float64)
        noise = [
            normal(seed + n, (rows, LATENT), dtype=torch.float64) for n, rows in ((41, 6), (53, 5))
        ]
        return (
            generator,
            discriminator,
            optimiser(generator.parameters(), lr=g_rate),
            optimiser(discriminator.parameters(), lr=d_rate),
            real,
            *noise,
        )

    return make


def _network(seed: int, inputs: int, outputs: int, bend: nn.Module) -> nn.Sequential:
    layers = nn.Sequential(nn.Linear(inputs, 3), bend, nn.Linear(3, outputs)).double().cpu()
    with torch.no_grad():
        for index, parameter in enumerate(layers.parameters()):
            parameter.copy_(normal(seed + index, tuple(parameter.shape), 0.7, torch.float64))
    return layers


@exercise.claim(5, "discriminator's move")
def discriminator(seed: int) -> list[Case]:
    plain = Case("one round, plain gradient descent", _duel(seed + 200))
    if seed == 0:
        return [plain]
    adam = _duel(seed + 200, adam=True, g_rate=0.1, d_rate=0.1)
    return [plain, Case("one round with Adam", adam)]


@exercise.claim(4, "generator's move")
def generator(seed: int) -> list[Case]:
    still = _duel(seed + 100, d_rate=0.0)
    return [Case("one round in which D stands still (its rate is 0)", still)]


exercise.claim(2, "generator's move", name="answer")(discriminator)


@exercise.claim(3, "discriminator's move", "generator's move")
def clean(seed: int) -> list[Case]:
    return [
        Case("two rounds, one after the other", _duel(seed + 500), mode="twice"),
        Case("one round after somebody else left gradients behind", _duel(seed + 300, stale=True)),
    ]


@exercise.claim(2, "gradients in the generator's half", formal=True)
def d_frozen(seed: int) -> list[Case]:
    expected = {
        "gradients in the generator's half": text("none reached the discriminator"),
        "gradients in the discriminator's half": text("none reached the generator"),
        "order": text("discriminator, generator"),
        "afterwards": text("both players can learn"),
    }
    return [Case("one round, watching every gradient", _duel(seed + 400), expected)]


exercise.claim(2, "gradients in the discriminator's half", name="g_frozen", formal=True)(d_frozen)
exercise.claim(1, "order", "afterwards", name="after", formal=True)(d_frozen)
exercise.claim(1, *LOSSES, name="losses")(discriminator)
