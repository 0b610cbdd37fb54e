"""Assignment 1: the minimax game, its losses, its best discriminator and one step of both."""
