"""Lesson 05: colorization."""
