"""Pictures that answer while you drag: the engine of what the lessons' instruments show.

`Stage`, `Traces` and `Canvas` are drawn in the browser from binary buffers; `explore` and `orbit`
redraw a picture as a slider or the mouse moves; `turn_together` links meshes that turn;
`Trainer` runs a training in the background.
Where nobody can see a widget (`is_live()` is False), everything works and nothing is displayed: the
static figure in the cell before stands for it.
"""

from course_utils.live.canvas import Canvas
from course_utils.live.controls import Log
from course_utils.live.explore import explore
from course_utils.live.kernel import is_live
from course_utils.live.orbit import orbit
from course_utils.live.stage import Stage
from course_utils.live.traces import Traces
from course_utils.live.trainer import Trainer
from course_utils.live.turn import turn_together

__all__ = [
    "Canvas",
    "Log",
    "Stage",
    "Traces",
    "Trainer",
    "explore",
    "is_live",
    "orbit",
    "turn_together",
]
