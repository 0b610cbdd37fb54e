"""Lesson 04: a zoo of pretext tasks."""
