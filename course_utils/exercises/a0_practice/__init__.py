"""Assignment 0, practice: an error in decibels, one training step, and what marks are given for."""
