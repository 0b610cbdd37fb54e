"""Lesson 02: GANs that draw pictures."""
