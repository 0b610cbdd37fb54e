"""The exercises of every assignment, a room each: a module an exercise, and what it says in TOML.

`course_utils.checks` is the engine, and finds an exercise by its name. CONTRIBUTING says how one is
added.
"""
