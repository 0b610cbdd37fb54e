"""Lesson 16: Gaussian splatting."""
