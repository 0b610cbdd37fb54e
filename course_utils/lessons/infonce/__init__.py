"""Lesson 07: InfoNCE."""
