"""From what was handed in to the notebook that is graded, for a course as nbgrader sees it.

`course` says where things lie, `collect` finds who handed in what, `read` opens any file that may
be a notebook, `rebuild` puts its answers into the instructor's copy, with `slicing` to find out
what a cell defines and needs; `clean` takes out of texts and outputs what could act on a page.
"""
