"""Lesson 14: volume rendering along a ray."""
