"""Generative adversarial networks: the minimax game and what grew out of it."""
