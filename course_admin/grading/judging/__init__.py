"""One submission is judged: its cells run in one process, hidden tests in another.

`examination` leads: it asks the `student` and the `judge`, two kinds of forks of a `fork_server`
(reached by `fork_client`) that run cells in a `shell`, and writes down `verdicts` and what readers
of the notebook see of them (`outcomes`).
"""
