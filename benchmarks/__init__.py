"""Measurements: the course against its own budgets, and against named peers.

A benchmark is a module of this folder with a function `main()` that prints its figures.
Run all with `make bench`, one with `python -m benchmarks NAME`.
"""
