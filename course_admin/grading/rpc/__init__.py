"""A student's functions, called from the judge's process: values travel, objects stay.

The judge's side is `client`, the student's `server`. Between them go messages (`wire`) of plain
data (`codec`): what a call is given (`call_arguments`), what it changed there (`mutations`), what
else was noticed (`replay`); gradients pass as well (`autograd`).
"""
