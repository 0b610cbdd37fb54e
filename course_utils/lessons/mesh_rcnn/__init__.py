"""Lesson 12: Mesh R-CNN."""
