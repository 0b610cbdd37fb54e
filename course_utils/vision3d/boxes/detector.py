"""A monocular 3D detector: proposals on the ground, features from their pictures, class and box.

The lecture: "Same idea as Faster RCNN, but proposals are in 3D: 3D bounding box proposal, regress
3D box parameters + class score" (Chen et al. 2016, Mono3D, figure 1). One convolutional encoder
looks at the picture once. Each proposal of ``proposals`` is projected by the known camera; in the
rectangle around it features are sampled from the encoder's maps (He et al. 2017, RoIAlign), and a
small network turns them into a score for every class and eight numbers that move the box.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.core.encoders import ConvEncoder
from course_utils.vision3d.boxes.boxes import full_boxes
from course_utils.vision3d.boxes.frustums import project_boxes
from course_utils.vision3d.boxes.proposals import (
    BETWEEN,
    CODE,
    NOTHING,
    assign_boxes,
    decode_boxes,
    encode_boxes,
    suppress_doubles,
)
from course_utils.vision3d.cameras import Camera

CELLS = 4  # samples along each side of a rectangle
TURNS = 2  # proposals at each place
RARE = 0.02  # what an untrained detector says of any class: most proposals are nothing


class Answers(NamedTuple):
    """What a detector says of each proposal: a logit per class, and a code as in ``proposals``."""

    logits: Float[Tensor, "pictures places turns classes"]
    code: Float[Tensor, "pictures places turns 8"]


class Targets(NamedTuple):
    """What it should say. kind: class, NOTHING or BETWEEN; code: zero where there is no box."""

    kind: Int[Tensor, "pictures places turns"]
    code: Float[Tensor, "pictures places turns 8"]


class Detections(NamedTuple):
    """Boxes of one picture by falling score, with their class."""

    boxes: Float[Tensor, "found 7"]
    scores: Float[Tensor, "found"]
    kind: Int[Tensor, "found"]


def place_rectangles(
    cameras: Camera, proposals: Float[Tensor, "places turns 7"]
) -> Float[Tensor, "pictures places 4"]:
    """Where each place's first proposal is seen: (left, top, right, bottom) as shares of the image.

    Raises: ValueError if a proposal is behind a camera.
    """
    boxes = full_boxes(proposals[:, 0])
    rectangles, in_front = project_boxes(cameras, boxes.expand(*cameras.batch_shape, -1, 9))
    if not bool(in_front.all()):
        raise ValueError("a proposal lies behind the camera")
    size = rectangles.new_tensor([cameras.width, cameras.height]).repeat(2)
    return rectangles / size


def pool_features(
    maps: Float[Tensor, "pictures channels height width"],
    rectangles: Float[Tensor, "pictures places 4"],
    cells: int = CELLS,
) -> Float[Tensor, "pictures places channels cells cells"]:
    """Features at the middles of cells x cells parts of each rectangle, bilinear; 0 outside.

    rectangles: shares of the image, as in ``place_rectangles``.
    """
    share = (torch.arange(cells, device=maps.device, dtype=maps.dtype) + 0.5) / cells
    low, wide = rectangles[..., None, :2], (rectangles[..., 2:] - rectangles[..., :2])[..., None, :]
    u, v = (low + share[:, None] * wide).unbind(-1)  # (pictures, places, cells)
    u, v = torch.broadcast_tensors(u[..., None, :], v[..., :, None])
    places = 2 * torch.stack([u, v], -1).flatten(2, 3) - 1  # as grid_sample wants them
    found = F.grid_sample(maps, places.to(maps.dtype), align_corners=False)
    return found.transpose(1, 2).unflatten(-1, (cells, cells))


class Detector(nn.Module):
    """Encoder, pooling from two maps, and a head with ``classes`` scores and a code per proposal.

    Raises: ValueError if there is no class.
    """

    def __init__(self, classes: int, width: int = 16, hidden: int = 128, narrow: int = 24) -> None:
        super().__init__()
        if classes < 1:
            raise ValueError(f"a detector needs at least one class, got {classes}")
        self.classes = classes
        self.encoder = ConvEncoder(width)
        # The second map is fine, the third sees far; both are narrowed before they are sampled.
        self.narrow = nn.ModuleList(nn.Conv2d(4 * width, narrow, 1) for _ in range(2))
        self.head = nn.Sequential(
            nn.Linear(2 * narrow * CELLS**2 + 4, hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, TURNS * (classes + CODE)),
        )
        last = self.head[-1]
        nn.init.normal_(last.weight, std=0.01)
        with torch.no_grad():
            bias = last.bias.zero_().view(TURNS, classes + CODE)
            bias[:, :classes] = torch.logit(torch.tensor(RARE))

    def forward(
        self,
        images: Float[Tensor, "pictures 3 height width"],
        rectangles: Float[Tensor, "pictures places 4"],
    ) -> Answers:
        """The answers for places whose pictures are these rectangles."""
        maps = self.encoder.maps(images)
        seen = [
            pool_features(narrow(features), rectangles).flatten(2)
            for narrow, features in zip(self.narrow, (maps.second, maps.third), strict=True)
        ]
        told = self.head(torch.cat([*seen, rectangles], -1)).unflatten(-1, (TURNS, -1))
        return Answers(told[..., : self.classes], told[..., self.classes :])


def make_targets(
    proposals: Float[Tensor, "places turns 7"],
    boxes: Float[Tensor, "pictures slots 7"],
    kind: Int[Tensor, "pictures slots"],
) -> Targets:
    """What a detector should say of each proposal of each picture. kind: -1 for empty slots."""
    flat = proposals.flatten(0, 1)
    kinds = torch.full((len(boxes), len(flat)), NOTHING, device=boxes.device)
    codes = boxes.new_zeros(len(boxes), len(flat), CODE)
    for i in range(len(boxes)):
        here = kind[i] >= 0
        found = assign_boxes(flat, boxes[i, here])
        kinds[i, found == BETWEEN] = BETWEEN
        stands = found >= 0
        kinds[i, stands] = kind[i, here][found[stands]]
        codes[i, stands] = encode_boxes(flat[stands], boxes[i, here][found[stands]])
    return Targets(*(x.unflatten(1, proposals.shape[:2]) for x in (kinds, codes)))


def focal_loss(
    logits: Float[Tensor, "*boxes classes"],
    kind: Int[Tensor, "*boxes"],
    gamma: float | int = 2.0,
    alpha: float | int = 0.25,
) -> Float[Tensor, ""]:
    """Sum of -a (1 - p)^gamma log p over boxes and classes, p being the chance of what is true.

    Lin et al. 2017, "Focal loss", eq. 5; a is alpha where the class is there, else 1 - alpha.
    What is easy counts little: hundreds of empty places do not drown a few objects. Boxes that
    are BETWEEN do not count.
    """
    counts = kind != BETWEEN
    logits, kind = logits[counts], kind[counts]
    there = kind[:, None] == torch.arange(logits.shape[1], device=logits.device)
    right = torch.where(there, logits, -logits)
    weight = torch.where(there, alpha, 1 - alpha) * (-right).sigmoid() ** gamma
    return -(weight * F.logsigmoid(right)).sum()


def detection_losses(
    answers: Answers, targets: Targets, weight: float | int = 1.0
) -> dict[str, Tensor]:
    """Focal loss of the classes + ``weight`` x smooth L1 of the codes, per proposal with a box."""
    stands = targets.kind >= 0
    count = stands.sum().clamp(min=1)
    score = focal_loss(answers.logits, targets.kind) / count
    told, true = answers.code[stands], targets.code[stands]
    box = F.smooth_l1_loss(told, true, reduction="sum", beta=0.1) / count
    return {"loss": score + weight * box, "score": score.detach(), "box": box.detach()}


def detections_from_answers(
    proposals: Float[Tensor, "places turns 7"],
    answers: Answers,
    least: float | int = 0.05,
    most: int = 30,
) -> list[Detections]:
    """Boxes of each picture: decode, keep the ``most`` best above ``least``, suppress doubles."""
    boxes = decode_boxes(proposals, answers.code.float()).flatten(1, 2)
    scores, kinds = answers.logits.float().sigmoid().flatten(1, 2).max(-1)
    found = []
    for box, score, kind in zip(boxes, scores, kinds, strict=True):
        top = score.topk(min(most, len(score))).indices
        top = top[score[top] >= least]
        kept = top[suppress_doubles(box[top], score[top])]
        found.append(Detections(box[kept], score[kept], kind[kept]))
    return found
