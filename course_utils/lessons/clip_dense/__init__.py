"""Lesson 09: CLIP and dense object nets."""
