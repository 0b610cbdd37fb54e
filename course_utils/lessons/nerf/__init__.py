"""Lesson 15: NeRF."""
