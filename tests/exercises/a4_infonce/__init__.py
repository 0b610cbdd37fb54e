"""Answers to assignment 4, and its questions with their answers."""
