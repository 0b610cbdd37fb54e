"""Answers to assignment 8, and its questions with their answers."""
