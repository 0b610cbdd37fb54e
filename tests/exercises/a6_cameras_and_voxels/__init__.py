"""Answers to assignment 6, and its questions with their answers."""
