"""Answers to assignment 5, and its questions with their answers."""
