"""Answers to assignment 2, and its questions with their answers."""
