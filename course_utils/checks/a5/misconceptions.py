"""Plausible mistakes in assignment 5, exercise by exercise."""

from course_utils.checks.a5.misconceptions_keys import ENQUEUE_DEQUEUE, MOCO_LOGITS, MOMENTUM_UPDATE
from course_utils.checks.a5.misconceptions_views import (
    LINEAR_PROBE_STEP,
    NT_XENT,
    TWO_VIEWS_INDEX,
)

MISCONCEPTIONS = {
    "two_views_index": TWO_VIEWS_INDEX,
    "nt_xent": NT_XENT,
    "momentum_update": MOMENTUM_UPDATE,
    "enqueue_dequeue": ENQUEUE_DEQUEUE,
    "moco_logits": MOCO_LOGITS,
    "linear_probe_step": LINEAR_PROBE_STEP,
}
