"""Lesson 08: SimCLR and MoCo."""
