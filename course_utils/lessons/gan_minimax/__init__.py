"""Lesson 01: GANs as a game."""
