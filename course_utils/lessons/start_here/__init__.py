"""Lesson 00: the map of the course, and this machine."""
