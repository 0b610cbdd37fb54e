"""Late penalties, as a plugin of nbgrader's.

c.AssignLatePenalties.plugin_class = "course_admin.grading.late.DailyPenalty"
c.DailyPenalty.percent_per_day = 10
"""

from __future__ import annotations

import math

from nbgrader.plugins import LateSubmissionPlugin
from traitlets import Float

DAY = 24 * 3600.0


def penalty(
    score: float,
    seconds_late: float,
    percent_per_day: float,
    grace_hours: float,
    most_percent: float,
) -> float:
    """Points to take off: a share of the score for every day begun after the hours of grace."""
    late = seconds_late - grace_hours * 3600
    if late <= 0 or percent_per_day <= 0:
        return 0.0
    share = min(math.ceil(late / DAY) * percent_per_day, most_percent) / 100
    return score * min(max(share, 0.0), 1.0)


class DailyPenalty(LateSubmissionPlugin):
    """Takes a percentage of the score for every day begun after the deadline."""

    percent_per_day = Float(0.0, help="Percent of the score per day begun; 0 for none.").tag(
        config=True
    )
    grace_hours = Float(1.0, help="Hours after the deadline that cost nothing.").tag(config=True)
    most_percent = Float(100.0, help="The penalty never exceeds this share.").tag(config=True)

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float:
        """nbgrader's hook; see `penalty`."""
        return penalty(
            score,
            total_seconds_late,
            self.percent_per_day,
            self.grace_hours,
            self.most_percent,
        )
