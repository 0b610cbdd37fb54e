"""Answers to assignment 1, and its questions with their answers."""
