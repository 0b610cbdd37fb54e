"""Notebook sources in, notebooks out: build them, execute them, check them.

The text of a notebook is edited in `sources/` only (percent format of jupytext); what stands
in `notebooks/`, `solutions/` and `assignments/` is generated and byte for byte reproducible.

Outputs: only `notebooks/` stores any. `execute` writes them together with a digest of the
code that made them; `build` keeps them for exactly as long as that digest still holds.
"""
