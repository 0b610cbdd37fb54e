"""Answers to assignment 7, and its questions with their answers."""
