"""Answers to assignment 0, and its questions with their answers."""
