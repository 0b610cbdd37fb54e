"""Points on a circle or a sphere that InfoNCE pulls together and pushes apart.

There is no encoder here: every view has a point of its own, and the point itself learns. What
moves is therefore the loss alone, seen by the two things that it wants: views of one kind close
together (alignment), everything spread evenly (uniformity).

Source: T. Wang and P. Isola, "Understanding Contrastive Representation Learning through Alignment
and Uniformity on the Hypersphere", 2020; hard negatives after J. Robinson et al., "Contrastive
Learning with Hard Negative Samples", 2021.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from course_utils.selfsup import contrastive

Generator = torch.Generator | None
LONGEST_MOVE = 0.15  # of one step, in lengths of the radius: a cold loss must not fling points


@dataclass(frozen=True)
class Rules:
    """What the points are told.

    Attributes:
        temperature: of the softmax. negatives: N - 1, drawn anew for every point and step.
        hardness: how much rather negatives near the query are drawn, 0 for all alike.
        same_kind: whether others of the same kind may be drawn as negatives (false negatives).
        cosine: whether scores are cosines, and points stay on the sphere; else inner products.
        rate: how far a unit of slope moves a point.
    """

    temperature: float = 0.2
    negatives: int = 16
    hardness: float = 0.0
    same_kind: bool = False
    cosine: bool = True
    rate: float = 0.02


@dataclass(frozen=True)
class Gauges:
    """How things stand: the loss in nats, and what Wang and Isola measure.

    Attributes:
        loss: InfoNCE of the last step. shown: log N - loss. alignment: mean squared distance of
        two views of a kind. uniformity: 0 when all coincide, lower when spread. longest: the
        largest length of a point.
    """

    loss: float
    shown: float
    alignment: float
    uniformity: float
    longest: float


@dataclass(frozen=True)
class Look:
    """One moment of a swarm, ready to be drawn.

    Attributes:
        points: (n, 2) or (n, 3). kind: number of each point's kind. gauges: how things stand.
        steps: how many steps had been made.
    """

    points: Float[Tensor, "points dimensions"]
    kind: Int[Tensor, " points"]
    gauges: Gauges
    steps: int


def seen_from(
    points: Float[Tensor, "points dimensions"], turn: float = 0.5, tilt: float = 0.35
) -> tuple[Float[Tensor, "points 2"], Float[Tensor, " points"]]:
    """Returns where points are seen, and how near they are: 1 in front, -1 behind (0 on a circle).

    An orthographic view (Wang and Isola, 2020, draw theirs so) of the sphere, turned about its
    upright axis and tilted, in radians.
    """
    if points.shape[1] == 2:
        return points, points.new_zeros(len(points))
    x, y, z = points.unbind(dim=1)
    across = math.cos(turn) * x + math.sin(turn) * z
    ahead = -math.sin(turn) * x + math.cos(turn) * z
    up = math.cos(tilt) * y - math.sin(tilt) * ahead
    return torch.stack([across, up], dim=1), math.sin(tilt) * y + math.cos(tilt) * ahead


def draw_negatives(
    scores: Float[Tensor, "queries keys"],
    allowed: Bool[Tensor, "queries keys"],
    count: int,
    hardness: float = 0.0,
    generator: Generator = None,
) -> Int[Tensor, "queries negatives"]:
    """Returns for each query ``count`` different keys among the allowed, drawn by exp(hardness s).

    Where fewer are allowed, all of those that every query has.

    Source: Robinson et al. (2021), section 3.1: negatives from q(x-) ~ exp(hardness s) p(x-).

    Raises:
        ValueError: when a query has no allowed key, or the hardness is negative.
    """
    most = int(allowed.sum(dim=1).min())
    if most < 1 or count < 1:
        raise ValueError(f"{count} negatives cannot be drawn from {most} keys")
    if hardness < 0:
        raise ValueError(f"the hardness must be 0 or more, got {hardness}")
    # The k largest of log-weights plus Gumbel noise are a draw of k without replacement.
    noise = torch.rand(scores.shape, generator=generator, device=scores.device)
    gumbel = -torch.log(-torch.log(noise.clamp(1e-6, 1 - 1e-6)))
    keys = (hardness * scores.detach() + gumbel).masked_fill(~allowed, -math.inf)
    return keys.topk(min(count, most), dim=1).indices


def best_uniformity(dimensions: int) -> float:
    """Returns the uniformity of evenly spread points: the mean over the whole circle or sphere.

    ``log E exp(-2 (2 - 2 u))`` with u the cosine of two random directions: a Bessel function
    on the circle, ``log(exp(-4) sinh(4) / 4)`` on the sphere. A finite set can be a little below.

    Source: Wang and Isola (2020), proposition 1.

    Raises:
        ValueError: for other dimensions than 2 and 3.
    """
    if dimensions == 2:
        return -4 + math.log(float(torch.special.i0(torch.tensor(4.0, dtype=torch.float64))))
    if dimensions == 3:
        return math.log(math.exp(-4) * math.sinh(4) / 4)
    raise ValueError(f"a circle has 2 dimensions and a sphere 3, got {dimensions}")


class Swarm:
    """Points of several kinds, a few views of each, and the rules by which they move.

    Args:
        kinds, views: how many kinds there are, and how many views of each.
        dimensions: 2 for a circle, 3 for a sphere.
        generator: draws the start, the positives and the negatives.

    Raises:
        ValueError: for fewer than two kinds or views.
    """

    def __init__(
        self,
        kinds: int = 8,
        views: int = 4,
        dimensions: int = 2,
        rules: Rules | None = None,
        generator: Generator = None,
    ) -> None:
        if kinds < 2 or views < 2:
            raise ValueError(f"need two kinds and two views of each, got {kinds} and {views}")
        self.kinds, self.views, self.rules = kinds, views, rules or Rules()
        self.generator = generator if generator is not None else torch.Generator()
        device = self.generator.device
        start = torch.randn(kinds * views, dimensions, generator=self.generator, device=device)
        self.points = F.normalize(start, dim=1)
        self.kind = torch.arange(kinds, device=device).repeat_interleave(views)
        self.steps, self.loss, self.candidates = 0, math.nan, 2

    def set(self, **changes: float | bool) -> None:
        """Changes rules while it goes on. Raises: TypeError for a rule that there is not."""
        self.rules = replace(self.rules, **changes)
        if self.rules.cosine:
            self.points = F.normalize(self.points, dim=1)

    def step(self, count: int = 1) -> None:
        """Moves every point ``count`` times down the slope of its loss."""
        for _ in range(count):
            slope = self.slopes()
            move = -self.rules.rate * slope
            length = move.norm(dim=1, keepdim=True)
            move = move * (LONGEST_MOVE / length.clamp_min(LONGEST_MOVE))
            self.points = self.points + move
            if self.rules.cosine:
                self.points = F.normalize(self.points, dim=1)
            self.steps += 1

    def slopes(self) -> Float[Tensor, "points dimensions"]:
        """Slope of the loss by every point, times the number of points: minus the force on it.

        Draws a positive and negatives for each point, and remembers the loss.
        """
        points = self.points.clone().requires_grad_(True)
        scores = self.scores(points)
        partners, others = self._positives(), self._negatives(scores)
        positive = scores.gather(1, partners[:, None])[:, 0]
        loss = contrastive.info_nce_from_pairs(
            positive, scores.gather(1, others), self.rules.temperature
        )
        (slope,) = torch.autograd.grad(loss, points)
        self.loss, self.candidates = float(loss.detach()), 1 + others.shape[1]
        return slope * len(points)

    def scores(self, points: Float[Tensor, "points dimensions"]) -> Float[Tensor, "points points"]:
        """Scores of all pairs, by the rules: cosines or inner products."""
        return contrastive.cosine_scores(points, points) if self.rules.cosine else points @ points.T

    def gauges(self) -> Gauges:
        """How things stand. Before the first step the loss is measured on a draw."""
        if math.isnan(self.loss):
            self.slopes()
        unit = F.normalize(self.points, dim=1)
        first, second = self._pairs()
        return Gauges(
            loss=self.loss,
            shown=math.log(self.candidates) - self.loss,
            alignment=float(contrastive.alignment(unit[first], unit[second])),
            uniformity=float(contrastive.uniformity(unit)),
            longest=float(self.points.norm(dim=1).max()),
        )

    def look(self) -> Look:
        """The moment as a picture; later steps do not change it."""
        return Look(self.points.clone(), self.kind, self.gauges(), self.steps)

    def pushes(self, query: int) -> Float[Tensor, " points"]:
        """Who is pushed how hard by one query: slope of its loss by every score, nobody left out.

        Negative for its positive (the next view of its kind), 0 for itself and for what the
        rules do not allow. In closed form (Wang and Liu, 2021).

        Raises:
            ValueError: when there is no such point.
        """
        if not 0 <= query < len(self.points):
            raise ValueError(f"there are points 0 to {len(self.points) - 1}, not {query}")
        row = self.scores(self.points)[query]
        partner = self.partner(query)
        kept = self._allowed()[query].clone()
        kept[partner] = True
        row = row.masked_fill(~kept, -math.inf)[None]
        label = torch.tensor([partner], device=row.device)
        return contrastive.temperature_gradient(row, label, self.rules.temperature)[0]

    def partner(self, query: int) -> int:
        """The next view of the same kind."""
        kind = query // self.views
        return kind * self.views + (query + 1) % self.views

    def _positives(self) -> Int[Tensor, " points"]:
        """Another view of the same kind for each point, drawn at random."""
        place = torch.arange(len(self.points), device=self.points.device)
        away = torch.randint(
            1, self.views, place.shape, generator=self.generator, device=place.device
        )
        return self.kind * self.views + (place + away) % self.views

    def _negatives(self, scores: Float[Tensor, "points points"]) -> Int[Tensor, "points chosen"]:
        rules = self.rules
        return draw_negatives(
            scores, self._allowed(), rules.negatives, rules.hardness, self.generator
        )

    def _allowed(self) -> Bool[Tensor, "points points"]:
        """Which keys may be negatives of which query: never itself."""
        if self.rules.same_kind:
            return ~torch.eye(len(self.points), dtype=torch.bool, device=self.points.device)
        return self.kind[:, None] != self.kind[None]

    def _pairs(self) -> tuple[Int[Tensor, " pairs"], Int[Tensor, " pairs"]]:
        """All pairs of different views of one kind, each once."""
        same = self.kind[:, None] == self.kind[None]
        first, second = same.triu(diagonal=1).nonzero().unbind(dim=1)
        return first, second
