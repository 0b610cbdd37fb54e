"""Lesson 06: colouring videos by pointing."""
