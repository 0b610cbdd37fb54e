"""A room for each lesson: its figures and its instrument."""
