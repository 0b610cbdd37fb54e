"""The kinds of the toy world: parts of each, put together at random; for `toy` alone."""

__all__ = ()
