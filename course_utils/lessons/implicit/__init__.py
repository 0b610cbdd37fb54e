"""Lesson 13: implicit functions."""
