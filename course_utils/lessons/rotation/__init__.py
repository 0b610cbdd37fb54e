"""Lesson 03: predicting rotations."""
