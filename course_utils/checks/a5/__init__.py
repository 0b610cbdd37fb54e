"""The exercises of assignment 5: SimCLR against MoCo."""

from course_utils.checks.a5.keys import LOGIT_PROPERTIES, MOMENTUM_PROPERTIES, QUEUE_PROPERTIES
from course_utils.checks.a5.observe import (
    observe_logits,
    observe_momentum,
    observe_nt_xent,
    observe_probe_step,
    observe_queue,
)
from course_utils.checks.a5.probing import PROBE_PROPERTIES
from course_utils.checks.a5.views import INDEX_PROPERTIES, NT_XENT_PROPERTIES
from course_utils.checks.exercise import declaring
from course_utils.checks.observe import observe_outputs
from course_utils.selfsup import moco, simclr

_exercise = declaring("a5", None)

EXERCISES = (
    _exercise(
        "two_views_index",
        "The other view of each view",
        2,
        arguments=("pictures",),
        reference=simclr.two_views_index,
        lesson=simclr,
        observe=observe_outputs(("pictures",)),
        properties=INDEX_PROPERTIES,
    ),
    _exercise(
        "nt_xent",
        "SimCLR's loss",
        4,
        arguments=("projections", "temperature"),
        reference=simclr.nt_xent,
        lesson=simclr,
        observe=observe_nt_xent,
        properties=NT_XENT_PROPERTIES,
    ),
    _exercise(
        "momentum_update",
        "The key encoder follows",
        3,
        arguments=("key_encoder", "query_encoder", "momentum"),
        reference=moco.momentum_update,
        lesson=moco,
        observe=observe_momentum,
        properties=MOMENTUM_PROPERTIES,
    ),
    _exercise(
        "enqueue_dequeue",
        "A queue of keys",
        4,
        arguments=("queue", "place", "keys"),
        reference=moco.enqueue_dequeue,
        lesson=moco,
        observe=observe_queue,
        properties=QUEUE_PROPERTIES,
    ),
    _exercise(
        "moco_logits",
        "Own key against queue",
        3,
        arguments=("queries", "keys", "queue", "temperature"),
        reference=moco.moco_logits,
        lesson=moco,
        observe=observe_logits,
        properties=LOGIT_PROPERTIES,
    ),
    _exercise(
        "linear_probe_step",
        "Linear evaluation",
        3,
        arguments=("encoder", "linear", "optimiser", "images", "labels"),
        reference=simclr.linear_probe_step,
        lesson=simclr,
        observe=observe_probe_step,
        properties=PROBE_PROPERTIES,
    ),
)
