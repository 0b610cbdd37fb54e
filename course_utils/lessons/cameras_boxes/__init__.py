"""Lesson 10: cameras and boxes."""
