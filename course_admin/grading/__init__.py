"""Grade a class on top of nbgrader: isolated, fast and resumable.

Three programs share the work on one submission, and only the first is trusted with files:

supervisor (`judging.examination`)
    rebuilds the notebook from the instructor's copy, hands cells to the two others, and
    writes the verdicts down.
student process (`judging.student`)
    runs the student's code in a sandbox. It never sees a hidden test.
judge process (`judging.judge`)
    runs the hidden tests. Student functions are called through a socket: tensors go in,
    plain tensors come out (`rpc`), so no object of the student's ever enters the process that
    gives the marks.

nbgrader's own `autograde` then reads the executed notebooks and is the only writer of the
gradebook (`gradebook`). `python -m course_admin.grading --help` lists the commands.
"""
