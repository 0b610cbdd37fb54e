"""Wrong answers to assignment 5: `WRONG[exercise][misconception]` is a list of variants."""

from .a5_keys import ENQUEUE_DEQUEUE, MOCO_LOGITS, MOMENTUM_UPDATE
from .a5_views import LINEAR_PROBE_STEP, NT_XENT, TWO_VIEWS_INDEX

WRONG = {
    "two_views_index": TWO_VIEWS_INDEX,
    "nt_xent": NT_XENT,
    "momentum_update": MOMENTUM_UPDATE,
    "enqueue_dequeue": ENQUEUE_DEQUEUE,
    "moco_logits": MOCO_LOGITS,
    "linear_probe_step": LINEAR_PROBE_STEP,
}
