"""Lesson 11: voxels."""
