"""Answers to assignment 3, and its questions with their answers."""
