"""Assignment 4: the InfoNCE loss, its bound and its gradient."""
