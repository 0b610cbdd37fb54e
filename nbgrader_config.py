"""nbgrader's settings for this course: `nbgrader ...` and `make grade` both read them."""

c = get_config()

c.CourseDirectory.course_id = "course"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "assignments"
c.CourseDirectory.ignore = [
    ".ipynb_checkpoints", "*.pyc", "__pycache__", ".pytest_cache", ".DS_Store",
]  # fmt: skip

# What students see in place of an answer.
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE\nraise NotImplementedError()"}
c.ClearSolutions.text_stub = "YOUR ANSWER HERE"

# Plain `nbgrader autograde` (without isolation) still works, with limits of its own.
c.Execute.timeout = 60
c.Execute.interrupt_on_timeout = True
c.Execute.shutdown_kernel = "immediate"
c.LimitOutput.max_lines = 1000
c.LimitOutput.max_traceback = 60

# Late submissions: percent of the score for every day begun, after an hour of grace.
c.AssignLatePenalties.plugin_class = "course_admin.grading.late.DailyPenalty"
c.DailyPenalty.percent_per_day = 0.0
c.DailyPenalty.grace_hours = 1.0
